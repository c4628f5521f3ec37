use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

/// Every text of a language by its name.
fn texts(lang: Lang) -> BTreeMap<String, String> {
    fn collect(name: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::String(text) => drop(into.insert(name.to_owned(), text.clone())),
            Value::Object(fields) => {
                fields.iter().for_each(|(field, value)| collect(&format!("{name}.{field}"), value, into));
            }
            Value::Array(items) => {
                items.iter().zip(0..).for_each(|(value, at)| collect(&format!("{name}.{at}"), value, into));
            }
            other => panic!("{name} is no text: {other}"),
        }
    }
    let mut texts = BTreeMap::new();
    collect("", &serde_json::to_value(lang.words()).expect("JSON"), &mut texts);
    texts
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|after| Some(after.split_once('}')?.0)).collect()
}

#[test]
fn each_language_has_every_text_with_the_same_places() {
    let [english, chinese] = Lang::ALL.map(texts);
    assert!(english.len() > 120, "the texts are not found: {}", english.len());
    assert_eq!(english.keys().collect::<Vec<_>>(), chinese.keys().collect::<Vec<_>>());
    for (name, english) in &english {
        let chinese = &chinese[name];
        assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{name} is empty");
        assert_eq!(places(english), places(chinese), "{name}");
    }
}

#[test]
fn no_text_was_left_in_the_other_language() {
    let is_chinese = |letter: char| ('\u{4e00}'..'\u{a000}').contains(&letter);
    for (name, text) in texts(Lang::En) {
        assert!(!text.contains(is_chinese), "{name}: {text}");
    }
    // What is nothing but places and signs is the same anywhere.
    let plain = [".language"];
    for (name, text) in texts(Lang::Zh) {
        let bare =
            places(&text).iter().fold(text.clone(), |text, place| text.replace(&format!("{{{place}}}"), ""));
        let says_something = bare.chars().any(char::is_alphanumeric);
        assert!(
            text.contains(is_chinese) || plain.contains(&name.as_str()) || !says_something,
            "{name}: {text}"
        );
    }
}

#[test]
fn places_are_filled_by_name_and_unknown_ones_stay() {
    assert_eq!(fill("{b} of {a}{", &[("a", &3), ("b", &"1")]), "1 of 3{");
    assert_eq!(fill("{c}", &[("a", &1)]), "{c}");
    assert_eq!(fill("{a}", &[("a", &"{a}")]), "{a}", "what is filled in is not looked at again");
}

#[test]
fn lengths_are_told_as_people_say_them() {
    let told = |lang: Lang| {
        [0, 1_500_000, 95_000_000, 180_000_000, 250_000_000, 7_500_000_000]
            .map(|micros| lang.words().length(Span::from_micros(micros)))
    };
    assert_eq!(told(Lang::En), ["0 s", "1.5 s", "95 s", "3 min", "4 min 10 s", "2 h 5 min"]);
    assert_eq!(told(Lang::Zh), ["0 秒", "1.5 秒", "95 秒", "3 分钟", "4 分 10 秒", "2 小时 5 分"]);
    for micros in [0, 1, 999_999, 10_000_001, 119_999_999, 7_199_999_999, 7_200_000_000] {
        let span = Span::from_micros(micros);
        assert_eq!(Lang::En.words().length(span), span.to_string(), "as everywhere else in English");
    }
}

#[test]
fn each_pack_that_fenliu_ships_is_told_in_chinese() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../analytics/packs");
    let mut shipped = 0;
    for file in std::fs::read_dir(folder).expect("the packs") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("reads");
        let pack: toml::Table = text.parse().expect("TOML");
        let name = pack["rule_pack_id"].as_str().expect("a name");
        let version = u32::try_from(pack["version"].as_integer().expect("a version")).expect("small");
        let description = pack["description"].as_str().expect("a description");
        let said = |lang: Lang| lang.words().pack(name, version, description);
        assert_eq!(said(Lang::En), description);
        assert_ne!(said(Lang::Zh), description, "{name} v{version} has no Chinese text");
        shipped += 1;
    }
    assert_eq!(shipped, packs::CHINESE.len(), "and none that there is not");
    assert_eq!(Lang::Zh.words().pack("taobao-3min", 99, "as it is"), "as it is");
}
