//! The rule packs fenliu ships: data files beside this crate, read and checked when the service starts. `known` puts packs
//! of one's own beside them, and `by_shop` says which one the alerts of a shop go by.
//!
//! Invariants: a file with an unknown key, a bad value or a name that is taken is refused, so that a service that runs
//! has whole packs; the list is in order of names.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::{Problem, Reason, Violation};

pub(crate) use self::by_shop::PackByShop;
pub(crate) use self::file::read;
pub(crate) use self::known::{Known, Origin, Own, Owned, Wanted};

mod by_shop;
mod file;
mod known;

/// The files, each with its name for error messages.
const FILES: [(&str, &str); 11] = [
    ("packs/douyin-3min.toml", include_str!("../packs/douyin-3min.toml")),
    ("packs/jd-first-30s.toml", include_str!("../packs/jd-first-30s.toml")),
    ("packs/pinduoduo-3min-human.toml", include_str!("../packs/pinduoduo-3min-human.toml")),
    ("packs/pinduoduo-reply-rate.toml", include_str!("../packs/pinduoduo-reply-rate.toml")),
    ("packs/pinduoduo-reply-rate-15min.toml", include_str!("../packs/pinduoduo-reply-rate-15min.toml")),
    ("packs/pinduoduo-reply-rate-5min.toml", include_str!("../packs/pinduoduo-reply-rate-5min.toml")),
    ("packs/taobao-3min.toml", include_str!("../packs/taobao-3min.toml")),
    ("packs/taobao-mean-response.toml", include_str!("../packs/taobao-mean-response.toml")),
    ("packs/tiktok-24h-faq.toml", include_str!("../packs/tiktok-24h-faq.toml")),
    ("packs/tiktok-sea-12h.toml", include_str!("../packs/tiktok-sea-12h.toml")),
    ("packs/tiktok-us-24h.toml", include_str!("../packs/tiktok-us-24h.toml")),
];

/// The packs there are, by name. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Packs(Arc<BTreeMap<String, RulePack>>);

impl Packs {
    /// Reads the packs fenliu ships.
    ///
    /// # Errors
    /// When a file is not what it should be; the error names the file and the key.
    pub(crate) fn shipped() -> anyhow::Result<Self> {
        let mut packs = BTreeMap::new();
        for (name, text) in FILES {
            let pack = read(text).with_context(|| format!("the rule pack {name} cannot be used"))?;
            let id = pack.id.clone();
            ensure!(packs.insert(id, pack).is_none(), "the rule pack {name} has the name of another");
        }
        Ok(Self(Arc::new(packs)))
    }

    /// The pack of this name.
    ///
    /// # Errors
    /// RULE_PACK_NOT_FOUND, with the names there are.
    pub(crate) fn get(&self, id: &str) -> Result<&RulePack, Problem> {
        self.0.get(id).ok_or_else(|| {
            let names: Vec<_> = self.0.keys().map(String::as_str).collect();
            let message = format!("there is no rule pack {id:?}; there are {}", names.join(", "));
            Problem::new(Reason::RulePackNotFound, message).with("rule_pack_id", id)
        })
    }

    /// Refuses a pack of the caller's own that would pass for one that is shipped.
    ///
    /// # Errors
    /// RULE_PACK_INVALID naming rule_pack_id.
    pub(crate) fn refuse_namesake(&self, pack: &RulePack) -> Result<(), Problem> {
        if !self.has(&pack.id) {
            return Ok(());
        }
        let message = format!(
            "rule_pack_id {:?} is the name of a pack fenliu ships; give your own pack a name of its own",
            pack.id
        );
        let expected = "must not be the name of a pack fenliu ships".to_owned();
        let violation = Violation { field: "rule_pack_id".into(), expected };
        let problem = Problem::new(Reason::RulePackInvalid, message).with("rule_pack_id", &pack.id);
        Err(Problem { violations: vec![violation], ..problem })
    }

    /// Whether fenliu ships a pack of this name.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &RulePack> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::day::{DayRange, Zone};
    use fenliu_domain::message::Actor;
    use fenliu_domain::pack::naive::{self, stories};
    use fenliu_domain::pack::{Confidence, Tally, Treatment, Unit, samples};
    use fenliu_domain::time::{Span, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn pack(id: &str) -> RulePack {
        let packs = Packs::shipped().expect("every file is in order");
        packs.get(id).expect("it is shipped").clone()
    }

    #[test]
    fn pinduoduo_counts_buyers_who_waited_for_a_human() {
        let pack = pack("pinduoduo-3min-human");
        assert_eq!((pack.unit, pack.limit), (Unit::BuyerDay, Span::from_secs(180)));
        assert_eq!(pack.countable, [Actor::Human]);
        assert_eq!(
            (pack.window.start().to_string(), pack.window.end().to_string()),
            ("08:00".into(), "23:00".into())
        );
        assert_eq!((pack.robot_only, pack.unassigned), (Treatment::Judge, Treatment::Judge));
        assert_eq!((pack.target_basis_points, pack.confidence), (8_500, Confidence::Single));
    }

    #[test]
    fn taobao_counts_turns_and_leaves_out_what_robots_did_alone() {
        let pack = pack("taobao-3min");
        assert_eq!((pack.unit, pack.limit), (Unit::Turn, Span::from_secs(180)));
        assert_eq!(pack.countable, [Actor::Human, Actor::AssistRobot]);
        assert_eq!((pack.robot_only, pack.confidence), (Treatment::Exclude, Confidence::Several));
    }

    #[test]
    fn tiktok_counts_conversations_and_rests_at_weekends() {
        let pack = pack("tiktok-us-24h");
        assert_eq!((pack.unit, pack.limit), (Unit::Session, Span::from_hours(24)));
        assert_eq!(pack.weekend_answer_by.map(|clock| clock.to_string()), Some("12:00".into()));
        assert!(pack.min_content);
        assert_eq!((pack.target_basis_points, pack.confidence), (9_000, Confidence::Official));
    }

    #[test]
    fn every_file_says_what_the_timelines_by_hand_prove() {
        let packs = Packs::shipped().expect("every file is in order");
        let told =
            |pack: &RulePack| RulePack { description: String::new(), source: String::new(), ..pack.clone() };
        let shipped: Vec<_> = packs.all().map(told).collect();
        assert_eq!(shipped, samples::all().expect("sound"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_naive_judge_agrees_under_every_file((stories, as_of) in stories::any_stories()) {
            let zone = Zone::parse(naive::ZONE).expect("a zone");
            for pack in Packs::shipped().expect("every file is in order").all() {
                let moment = Timestamp::from_micros(as_of).expect("this century");
                let mut tally = Tally::new(pack.clone(), zone, moment, DayRange::default());
                stories::conversations(&stories).iter().for_each(|conversation| tally.add(conversation));
                let report = tally.finish();
                let counts = naive::count(pack, as_of, &stories);
                prop_assert_eq!(&report.days, &counts.days, "{}", pack.id);
                prop_assert_eq!(&report.separate_days, &counts.separate_days, "{}", pack.id);
            }
        }
    }

    #[test]
    fn every_pack_says_where_it_was_read() {
        let packs = Packs::shipped().expect("every file is in order");
        assert!(packs.all().all(|pack| !pack.source.is_empty() && !pack.description.is_empty()));
    }

    #[test]
    fn a_pack_nobody_ships_is_refused_with_the_names_there_are() {
        let problem = Packs::shipped().expect("in order").get("nope").expect_err("not shipped").clone();
        assert_eq!(problem.reason, Reason::RulePackNotFound);
        assert!(problem.message.contains("taobao-3min"), "{problem}");
    }

    #[test]
    fn a_file_with_an_unknown_key_is_refused() {
        let text = format!("limit_minutes = 3\n{}", FILES[1].1);
        assert!(read(&text).expect_err("unknown key").to_string().contains("limit_minutes"));
    }

    #[test]
    fn a_name_nobody_knows_is_refused_with_the_names_there_are() {
        let (_, text) = FILES.into_iter().find(|(name, _)| name.contains("human")).expect("shipped");
        for (from, to, names) in [
            ("\"buyer_day\"", "\"buyer\"", "buyer_day, session, turn, message"),
            ("lookback = \"day\"", "lookback = \"2d\"", "day, 3d, 7d, 30d, 90d"),
            ("\"black_room\"", "\"fine_due\"", "resource_slot or black_room with days"),
        ] {
            let error = read(&text.replacen(from, to, 2)).expect_err("not known").to_string();
            assert!(error.contains(names), "{error}");
        }
    }
}
