//! The packs a request can name: those fenliu ships, and those of one's own.
//!
//! Packs of one's own lie in the store and are read for the request that names them; a shipped name needs no look there.
//! Invariants: no pack of one's own has the name of a shipped one; a shop's own hide those for all shops that are called
//! alike.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::pack::{RulePack, in_force};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;

use super::Packs;

/// Most versions that a refusal lists.
const MAX_TOLD: usize = 8;

/// Whose a pack is, in the order in which packs of one name are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Fenliu ships it.
    Shipped,
    /// The platform has put it for all shops.
    AllShops,
    /// It is a shop's own.
    Shop,
}

/// A pack, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) pack: RulePack,
    pub(crate) origin: Origin,
}

/// Every version of some packs of one's own, by name, in a shop or for all shops.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) by_name: BTreeMap<String, Vec<Owned>>,
    /// The zone of the shop's days.
    pub(crate) zone: Zone,
}

/// Which pack is asked for, and for which day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) id: &'a str,
    /// 0 = the one in force.
    pub(crate) version: u32,
    /// The day on which it is in force; `None` = the local day of `as_of`.
    pub(crate) day: Option<Day>,
    pub(crate) as_of: Timestamp,
}

/// The packs that a request can name.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    shipped: Packs,
    own: Own,
}

impl Default for Own {
    fn default() -> Self {
        Self { by_name: BTreeMap::new(), zone: Zone::UTC }
    }
}

impl Known {
    /// The packs fenliu ships and these of one's own.
    pub(crate) const fn new(shipped: Packs, own: Own) -> Self {
        Self { shipped, own }
    }

    /// The packs fenliu ships.
    pub(crate) const fn shipped(&self) -> &Packs {
        &self.shipped
    }

    /// The pack that is wanted.
    ///
    /// # Errors
    /// RULE_PACK_NOT_FOUND, with what there is.
    pub(crate) fn find(&self, wanted: Wanted<'_>) -> Result<Owned, Problem> {
        if let Some(pack) = self.shipped.0.get(wanted.id) {
            let owned = Owned { pack: pack.clone(), origin: Origin::Shipped };
            return if [0, pack.version].contains(&wanted.version) {
                Ok(owned)
            } else {
                Err(no_version(wanted, &[owned]))
            };
        }
        let versions = self.own.by_name.get(wanted.id).map(Vec::as_slice).unwrap_or_default();
        if versions.is_empty() {
            self.shipped.get(wanted.id)?;
        }
        let day = wanted.day.unwrap_or_else(|| self.own.zone.day_of(wanted.as_of));
        let held = match wanted.version {
            0 => in_force(versions.iter().map(|owned| &owned.pack), day).map(|pack| pack.version),
            version => Some(version),
        };
        let found = versions.iter().find(|owned| Some(owned.pack.version) == held);
        found.cloned().ok_or_else(|| match wanted.version {
            0 => none_in_force(wanted, day, versions),
            _ => no_version(wanted, versions),
        })
    }
}

fn no_version(wanted: Wanted<'_>, versions: &[Owned]) -> Problem {
    let Wanted { id, version, .. } = wanted;
    let message = format!("rule pack {id:?} has no version {version}; {}", told(versions));
    Problem::new(Reason::RulePackNotFound, message)
        .with("rule_pack_id", id)
        .with("rule_pack_version", version)
}

fn none_in_force(wanted: Wanted<'_>, day: Day, versions: &[Owned]) -> Problem {
    let id = wanted.id;
    let message = format!(
        "no version of rule pack {id:?} is in force on {day}; {}; ask for one by rule_pack_version",
        told(versions)
    );
    Problem::new(Reason::RulePackNotFound, message).with("rule_pack_id", id).with("date", day)
}

fn told(versions: &[Owned]) -> String {
    let one = |Owned { pack, .. }: &Owned| {
        let from = pack.valid_from.map(|day| format!(" from {day}")).unwrap_or_default();
        format!("version {}{from}", pack.version)
    };
    let named: Vec<_> = versions.iter().take(MAX_TOLD).map(one).collect();
    let more = if versions.len() > MAX_TOLD { " and others" } else { "" };
    format!("there is {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(id: &str, version: u32) -> Wanted<'_> {
        let as_of = Timestamp::from_micros_clamped(1_777_896_000_000_000);
        Wanted { id, version, day: None, as_of }
    }

    /// A pack of a shop's own with a version of May and one of June.
    fn known() -> Known {
        let shipped = Packs::shipped().expect("in order");
        let version = |version, from: &str| {
            let base = shipped.get("taobao-3min").expect("shipped").clone();
            let valid_from = Some(from.parse().expect("a day"));
            let pack = RulePack { id: "ours".into(), version, valid_from, ..base };
            Owned { pack, origin: Origin::Shop }
        };
        let versions = vec![version(1, "2026-05-01"), version(2, "2026-06-01")];
        let by_name = BTreeMap::from([("ours".to_owned(), versions)]);
        Known::new(shipped, Own { by_name, zone: Zone::UTC })
    }

    #[test]
    fn a_shipped_pack_is_found_by_its_own_version_only() {
        let known = known();
        for version in [0, 1] {
            let found = known.find(wanted("taobao-3min", version)).expect("shipped");
            assert_eq!((found.pack.version, found.origin), (1, Origin::Shipped));
        }
        let refused = known.find(wanted("taobao-3min", 2)).expect_err("there is none");
        assert_eq!(refused.reason, Reason::RulePackNotFound);
        assert!(refused.message.contains("version 1"), "{refused}");
    }

    #[test]
    fn of_ones_own_the_version_in_force_is_found_unless_another_is_asked_for() {
        let known = known();
        assert_eq!(known.find(wanted("ours", 0)).expect("in force").pack.version, 1);
        assert_eq!(known.find(wanted("ours", 2)).expect("kept").pack.version, 2);
        let in_april = Wanted { day: "2026-04-30".parse().ok(), ..wanted("ours", 0) };
        let refused = known.find(in_april).expect_err("none in force");
        assert!(
            refused.message.contains("version 1 from 2026-05-01, version 2 from 2026-06-01"),
            "{refused}"
        );
        assert_eq!(known.find(wanted("nobody's", 0)).expect_err("none").reason, Reason::RulePackNotFound);
    }
}
