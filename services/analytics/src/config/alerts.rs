//! When something becomes an alert, and who is told.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use fenliu_domain::alert::{Kind, KindRules, Rules, Severity};
use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Span;
use fenliu_runtime::config::bounded;
use serde::Deserialize;

use crate::packs::{PackByShop, Packs};

/// When something becomes an alert.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Milliseconds from one look to the next; 100 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 100, 60_000>")]
    pub every_ms: u32,
    /// The rule pack by which turns are at risk, the budget burns and a standing changes; one that fenliu ships.
    pub rule_pack: String,
    /// The rule packs of shops that go by another one: names of packs that fenliu ships, by the shop, shp_….
    pub rule_packs: BTreeMap<String, String>,
    /// Milliseconds before its limit from which an unanswered turn is at risk; 1,000 to 86,400,000.
    #[serde(deserialize_with = "bounded::<_, _, 1_000, 86_400_000>")]
    pub turn_lead_ms: u32,
    /// How many milliseconds old may be what is known; 1,000 to 3,600,000.
    #[serde(deserialize_with = "bounded::<_, _, 1_000, 3_600_000>")]
    pub lag_ms: u32,
    /// Milliseconds before the end of a shift from which its last agent is about to leave; 0 to 86,400,000.
    #[serde(deserialize_with = "bounded::<_, _, 0, 86_400_000>")]
    pub shift_lead_ms: u32,
    /// Days for which alerts that are over are kept; 1 to 3,650.
    #[serde(deserialize_with = "bounded::<_, _, 1, 3_650>")]
    pub keep_days: u32,
    /// What differs from the defaults, by the name of the kind.
    pub kinds: BTreeMap<String, KindConfig>,
}

/// What differs from the defaults of a kind of alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KindConfig {
    /// Whether there are alerts of this kind.
    pub enabled: Option<bool>,
    /// How much they matter.
    pub severity: Option<SeverityName>,
    /// Milliseconds for which it must be the case.
    pub raise_after_ms: Option<u32>,
    /// Milliseconds for which it must be over.
    pub clear_after_ms: Option<u32>,
    /// Milliseconds for which an open alert stays as it is.
    pub update_every_ms: Option<u32>,
    /// Most that are told within `within_ms`; further ones are recorded only.
    pub at_most: Option<u32>,
    /// See `at_most`.
    pub within_ms: Option<u32>,
}

/// How much an alert matters, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeverityName {
    /// Somebody should look.
    Warning,
    /// Somebody should act.
    Critical,
}

impl AlertsConfig {
    /// The rules it makes.
    ///
    /// # Errors
    /// When there is no kind of a name; the error names the key.
    pub(crate) fn rules(&self) -> anyhow::Result<Rules> {
        let mut rules = Rules::default();
        rules.turn_lead = millis(self.turn_lead_ms);
        rules.lag = millis(self.lag_ms);
        rules.shift_lead = millis(self.shift_lead_ms);
        for (name, config) in &self.kinds {
            let names = Kind::ALL.map(Kind::name).join(", ");
            let kind = Kind::named(name)
                .with_context(|| format!("alerts.kinds.{name} is no kind of alert; there are {names}"))?;
            let known = rules.of_mut(kind);
            *known = config.over(*known);
        }
        Ok(rules)
    }

    /// The packs that alerts go by.
    ///
    /// # Errors
    /// When a pack is none that fenliu ships, or a shop is none; the error names the key.
    pub(crate) fn packs(&self, shipped: &Packs) -> anyhow::Result<PackByShop> {
        let others = shipped.get(&self.rule_pack).context("alerts.rule_pack")?.clone();
        let mut chosen = BTreeMap::new();
        for (shop, name) in &self.rule_packs {
            let key = || format!("alerts.rule_packs.{shop}");
            let id = shop.parse::<ShopId>().map_err(|malformed| anyhow!("the shop {malformed}"));
            let pack = shipped.get(name).with_context(key)?.clone();
            chosen.insert(id.with_context(key)?, pack);
        }
        Ok(PackByShop::new(others, chosen))
    }

    pub(crate) fn every(&self) -> Span {
        millis(self.every_ms)
    }

    pub(crate) fn lag(&self) -> Span {
        millis(self.lag_ms)
    }

    pub(crate) fn keep(&self) -> Span {
        Span::from_hours(i64::from(self.keep_days) * 24)
    }
}

impl KindConfig {
    fn over(self, known: KindRules) -> KindRules {
        let span = |given: Option<u32>, known| given.map_or(known, millis);
        KindRules {
            enabled: self.enabled.unwrap_or(known.enabled),
            severity: self.severity.map_or(known.severity, SeverityName::severity),
            raise_after: span(self.raise_after_ms, known.raise_after),
            clear_after: span(self.clear_after_ms, known.clear_after),
            update_every: span(self.update_every_ms, known.update_every),
            at_most: self.at_most.unwrap_or(known.at_most),
            within: span(self.within_ms, known.within),
        }
    }
}

impl SeverityName {
    const fn severity(self) -> Severity {
        match self {
            Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

fn millis(millis: u32) -> Span {
    Span::from_millis(millis.into())
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            every_ms: 5_000,
            rule_pack: "pinduoduo-3min-human".to_owned(),
            rule_packs: BTreeMap::new(),
            turn_lead_ms: 60_000,
            lag_ms: 30_000,
            shift_lead_ms: 600_000,
            keep_days: 90,
            kinds: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_changed_in_what_is_said_of_it_only() {
        let config = "kinds.last_agent = { enabled = false, severity = \"critical\", raise_after_ms = 1 }";
        let config: AlertsConfig = toml::from_str(config).expect("it reads");
        let (rules, known) = (config.rules().expect("rules"), Rules::default());
        let expected = KindRules {
            enabled: false,
            severity: Severity::Critical,
            raise_after: Span::from_millis(1),
            ..*known.of(Kind::LastAgent)
        };
        assert_eq!(*rules.of(Kind::LastAgent), expected);
        assert_eq!(rules.of(Kind::Saturated), known.of(Kind::Saturated));
        assert_eq!(AlertsConfig::default().rules().expect("rules"), known);
    }

    #[test]
    fn a_shop_that_is_none_and_a_pack_that_is_none_are_named() {
        let shipped = Packs::shipped().expect("in order");
        let shop = "shp_00000000000000000000000000000001";
        for (config, key) in [
            ("rule_pack = \"nobody's\"".to_owned(), "alerts.rule_pack".to_owned()),
            (format!("rule_packs.{shop} = \"nobody's\""), format!("alerts.rule_packs.{shop}")),
            ("rule_packs.tea-house = \"taobao-3min\"".to_owned(), "alerts.rule_packs.tea-house".to_owned()),
        ] {
            let config: AlertsConfig = toml::from_str(&config).expect("it reads");
            let refused = format!("{:#}", config.packs(&shipped).expect_err("it makes no sense"));
            assert!(refused.starts_with(&key), "{refused}");
        }
        let config = format!("rule_packs.{shop} = \"taobao-3min\"");
        let config: AlertsConfig = toml::from_str(&config).expect("it reads");
        let packs = config.packs(&shipped).expect("both are shipped");
        let of = |shop: &str| packs.of(shop.parse().expect("an id")).id.as_str();
        assert_eq!(of(shop), "taobao-3min");
        assert_eq!(of("shp_00000000000000000000000000000002"), "pinduoduo-3min-human");
    }

    #[test]
    fn a_kind_that_is_none_is_named() {
        let config: AlertsConfig = toml::from_str("kinds.boredom = {}").expect("it reads");
        let refused = config.rules().expect_err("no such kind").to_string();
        assert!(refused.contains("alerts.kinds.boredom"), "{refused}");
    }
}
