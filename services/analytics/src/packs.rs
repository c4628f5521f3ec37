//! The rule packs fenliu ships: data files beside this crate, read and checked when the service starts.
//!
//! Invariants: a file with an unknown key, a bad value or a name that is taken is refused, so that a service that runs
//! has whole packs; the list is in order of names.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{Confidence, Draft, RulePack, Treatment, Unit};
use fenliu_domain::problem::{Problem, Reason, Violation};
use fenliu_domain::time::Span;
use serde::Deserialize;

/// The files, each with its name for error messages.
const FILES: [(&str, &str); 3] = [
    ("packs/pinduoduo-3min-human.toml", include_str!("../packs/pinduoduo-3min-human.toml")),
    ("packs/taobao-3min.toml", include_str!("../packs/taobao-3min.toml")),
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
        if !self.0.contains_key(&pack.id) {
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

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &RulePack> {
        self.0.values()
    }
}

fn read(text: &str) -> anyhow::Result<RulePack> {
    let file: File = toml::from_str(text)?;
    Ok(file.into_draft().check()?)
}

/// A pack as it lies in a file. See `packs/pinduoduo-3min-human.toml` for what each key means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule_pack_id: String,
    version: u32,
    description: String,
    unit: UnitName,
    limit_seconds: u32,
    #[serde(default)]
    window_start: String,
    #[serde(default)]
    window_end: String,
    countable_actors: Vec<ActorName>,
    #[serde(default)]
    min_content: bool,
    robot_only: TreatmentName,
    unassigned: TreatmentName,
    target_basis_points: u32,
    #[serde(default)]
    weekend_pause: bool,
    #[serde(default)]
    weekend_answer_by: String,
    #[serde(default)]
    valid_from: String,
    source: String,
    confidence: ConfidenceName,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnitName {
    BuyerDay,
    Session,
    Turn,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActorName {
    Human,
    AssistRobot,
    FullRobot,
    AutoReply,
    FaqCard,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TreatmentName {
    Judge,
    Exclude,
    Answered,
    Miss,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConfidenceName {
    Unknown,
    Official,
    Several,
    Single,
}

impl File {
    fn into_draft(self) -> Draft {
        Draft {
            rule_pack_id: self.rule_pack_id,
            version: self.version,
            description: self.description,
            unit: Some(self.unit.into()),
            limit: Span::from_secs(self.limit_seconds.into()),
            window_start: self.window_start,
            window_end: self.window_end,
            countable_actors: self.countable_actors.into_iter().map(Actor::from).collect(),
            min_content: self.min_content,
            robot_only: self.robot_only.into(),
            unassigned: self.unassigned.into(),
            target_basis_points: self.target_basis_points,
            source: self.source,
            confidence: self.confidence.into(),
            weekend_pause: self.weekend_pause,
            weekend_answer_by: self.weekend_answer_by,
            valid_from: self.valid_from,
        }
    }
}

impl From<UnitName> for Unit {
    fn from(name: UnitName) -> Self {
        match name {
            UnitName::BuyerDay => Self::BuyerDay,
            UnitName::Session => Self::Session,
            UnitName::Turn => Self::Turn,
        }
    }
}

impl From<ActorName> for Actor {
    fn from(name: ActorName) -> Self {
        match name {
            ActorName::Human => Self::Human,
            ActorName::AssistRobot => Self::AssistRobot,
            ActorName::FullRobot => Self::FullRobot,
            ActorName::AutoReply => Self::AutoReply,
            ActorName::FaqCard => Self::FaqCard,
        }
    }
}

impl From<TreatmentName> for Treatment {
    fn from(name: TreatmentName) -> Self {
        match name {
            TreatmentName::Judge => Self::Judge,
            TreatmentName::Exclude => Self::Exclude,
            TreatmentName::Answered => Self::Answered,
            TreatmentName::Miss => Self::Miss,
        }
    }
}

impl From<ConfidenceName> for Confidence {
    fn from(name: ConfidenceName) -> Self {
        match name {
            ConfidenceName::Unknown => Self::Unknown,
            ConfidenceName::Official => Self::Official,
            ConfidenceName::Several => Self::Several,
            ConfidenceName::Single => Self::Single,
        }
    }
}

#[cfg(test)]
mod tests {
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
        let text = format!("{}\nlimit_minutes = 3\n", FILES[1].1);
        assert!(read(&text).expect_err("unknown key").to_string().contains("limit_minutes"));
    }
}
