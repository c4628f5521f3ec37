use fenliu_runtime::clock::SystemClock;

use super::*;

fn cheap() -> AuthConfig {
    AuthConfig { password_memory_kib: 8, password_passes: 1, ..AuthConfig::default() }
}

async fn passwords(config: &AuthConfig) -> Passwords {
    Passwords::new(config, IdSource::seeded(SystemClock::shared(), 1)).await.expect("a cost of argon2")
}

fn ann() -> LoginName {
    LoginName::parse("Annabel").expect("a name")
}

#[track_caller]
fn check(password: &str, expected: Option<&str>) {
    let broken = rules::check(password, &ann()).err();
    let said = broken.as_deref().map_or("", |rule| rule);
    match expected {
        Some(part) => assert!(said.contains(part), "{password}: {said:?}"),
        None => assert_eq!(said, "", "{password}"),
    }
}

#[test]
fn a_password_has_ten_to_a_hundred_and_twenty_eight_characters() {
    check("kv8#mq2!z", Some("must have 10 to 128 characters, has 9"));
    check("kv8#mq2!zr", None);
    check(&"kv8#mq2!zr5T&".repeat(10)[..128], None);
    check(&"kv8#mq2!zr5T&".repeat(10)[..129], Some("has 129"));
    check("紫苏叶炒田螺配米饭吧", None);
}

#[test]
fn a_password_does_not_hold_the_login_name() {
    check("xxANNABELyy7", Some("login name"));
    check("annabel2031", Some("login name"));
    let short = LoginName::parse("k8").expect("a name");
    assert_eq!(rules::check("kv8#mk8!zr", &short), Ok(()));
}

#[test]
fn sequences_and_repetitions_are_refused() {
    for repeated in ["aaaaaaaaaaa", "1212121212", "abcabcabcabc", "ab1!ab1!ab1!"] {
        check(repeated, Some("repeat"));
    }
    for sequence in [
        "abcdefghij",
        "jihgfedcba",
        "1234567890",
        "9876543210",
        "qwertyuiop",
        "abcdef12345",
        "asdfghjklqwerty",
    ] {
        check(sequence, Some("sequence"));
    }
}

#[test]
fn common_passwords_are_refused_in_any_disguise() {
    for common in [
        "password123",
        "P@ssw0rd!2024",
        "Pa55word2026",
        "!!letmein!!",
        "1iloveyou1",
        "Welcome12345",
        "passwordpassword",
        "$ecurity2024",
        "Summer2026!!",
        "1122334455",
        "woaini1314520",
        "administrator",
    ] {
        check(common, Some("common"));
    }
    for good in ["correct horse battery", "teapot-over-kettle", "vR7!pond-lamp"] {
        check(good, None);
    }
}

#[tokio::test]
async fn a_password_matches_its_hash_only_and_in_any_composition() {
    let passwords = passwords(&cheap()).await;
    let kept = passwords.hash_new("password", "Cafe\u{301} au lait", &ann()).await.expect("a good one");
    let same = |password| passwords.matches(passwords.place().expect("room"), Some(&kept), password);
    assert_eq!(same("Café au lait").await, Ok(true));
    assert_eq!(same("Cafe au lait").await, Ok(false));
    assert!(kept.text().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", kept.text());
}

#[tokio::test]
async fn every_look_costs_one_evaluation_whether_there_is_a_password_or_not() {
    let passwords = passwords(&cheap()).await;
    let kept = passwords.hash("vR7!pond-lamp").await.expect("a hash");
    let broken = PasswordHash::new("not a hash".into());
    let counted = passwords.evaluations();
    for kept in [Some(&kept), None, Some(&broken)] {
        let before = counted.count();
        let matches = passwords.matches(passwords.place().expect("room"), kept, "wrong one").await;
        assert_eq!((matches, counted.count() - before), (Ok(false), 1));
    }
}

#[tokio::test]
async fn a_hash_of_another_cost_is_outdated() {
    let (old, new) =
        (passwords(&cheap()).await, passwords(&AuthConfig { password_passes: 2, ..cheap() }).await);
    let kept = old.hash("vR7!pond-lamp").await.expect("a hash");
    assert!(!old.is_outdated(&kept) && new.is_outdated(&kept));
    assert_eq!(new.matches(new.place().expect("room"), Some(&kept), "vR7!pond-lamp").await, Ok(true));
}

#[tokio::test]
async fn only_so_many_wait_for_an_evaluation() {
    let passwords = passwords(&cheap()).await;
    let places: Vec<_> = (0..MAX_AT_ONCE).map(|_| passwords.place().expect("room")).collect();
    let refused = passwords.place().err().expect("there is no more room");
    assert_eq!((refused.reason, refused.retry_after), (Reason::Overloaded, Some(RETRY_AFTER)));
    drop(places);
    assert!(passwords.place().is_ok());
}
