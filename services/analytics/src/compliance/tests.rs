use std::collections::BTreeMap;

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Lookback, Parts, RecencyWeight, RulePack};
use fenliu_domain::standing::{DayRate, Kind, Rules, What};
use fenliu_domain::time::Span;

use super::{Question, ShopStanding};
use crate::packs::Packs;

fn today() -> Day {
    Day::new(2026, 5, 4).expect("a day")
}

fn shipped(name: &str) -> RulePack {
    Packs::shipped().expect("in order").get(name).expect("shipped").clone()
}

/// Where a shop stands after days of so many units and so many misses, each so many days ago.
fn after(pack: RulePack, days: &[(u32, u64, u64)]) -> ShopStanding {
    let of_day = |(age, counted, missed): &(u32, u64, u64)| {
        let within_limit = counted - missed;
        (
            today().minus(*age),
            Parts { counted: *counted, within_limit, missed_late: *missed, ..Parts::default() },
        )
    };
    let counts: BTreeMap<Day, Parts> = days.iter().map(of_day).collect();
    let shop: ShopId = "shp_00000000000000000000000000000001".parse().expect("an id");
    let as_of = Zone::UTC.start_of(today()) + Span::from_hours(12);
    let rules = Rules::of_pack(&pack).expect("sound");
    Question { shop, pack, rules, what_if: None, as_of }.judged(&counts, Zone::UTC, 1)
}

fn rates(standing: &ShopStanding) -> Vec<Option<u32>> {
    standing.days.iter().map(|day| day.rate.map(DayRate::basis_points)).collect()
}

#[test]
fn a_day_with_too_few_units_has_the_rate_the_pack_shows_then_or_none() {
    let pack = RulePack { min_volume: 10, ..shipped("pinduoduo-3min-human") };
    let none = after(pack.clone(), &[(2, 10, 0), (1, 9, 9)]);
    assert_eq!((rates(&none), none.ledger.len()), (vec![Some(10_000), None], 0));
    let low = RulePack { default_basis_points: Some(8_000), ..pack };
    let shown = after(low, &[(2, 10, 0), (1, 9, 0)]);
    assert_eq!((rates(&shown), shown.standing.in_force().count()), (vec![Some(10_000), Some(8_000)], 2));
}

#[test]
fn recent_days_weigh_as_much_as_the_pack_says() {
    let recency_weights =
        vec![RecencyWeight { newest_days: 1, weight: 3 }, RecencyWeight { newest_days: 3, weight: 1 }];
    let pack = RulePack { lookback: Lookback::Days3, recency_weights, ..shipped("pinduoduo-3min-human") };
    let standing = after(pack, &[(2, 10, 0), (1, 10, 10)]);
    assert_eq!(rates(&standing), [Some(10_000), Some(2_500)]);
    assert_eq!(standing.days[1].rate.map(DayRate::counted), Some(20), "units are not weighed");
}

#[test]
fn what_is_enforced_nobody_says_how_falls_due_every_day_anew() {
    let standing = after(shipped("tiktok-us-24h"), &[(3, 20, 4), (2, 20, 3), (1, 20, 4)]);
    let due =
        |line: &fenliu_domain::standing::Line| matches!(line.what, What::FellDue(_)).then_some(line.kind);
    let due: Vec<_> = standing.ledger.iter().map(due).collect();
    assert_eq!(due, [Some(Kind::Enforced); 2], "85 % is spared");
    assert_eq!(standing.standing.in_force().count(), 0);
    assert_eq!(standing.standing.good_days(), 0, "no day reached the target of 90 %");
}

#[test]
fn a_pack_with_lines_and_no_target_takes_the_highest_line_for_one() {
    let pack = RulePack { target_basis_points: 0, ..shipped("pinduoduo-3min-human") };
    assert_eq!(Rules::of_pack(&pack).expect("sound").target_basis_points(), 8_500);
    assert_eq!(Rules::of_pack(&shipped("taobao-3min")).expect("sound").target_basis_points(), 0);
}
