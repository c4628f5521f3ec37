use fenliu_domain::ids::ShopId;
use fenliu_domain::roster::{Template, resolve};
use fenliu_domain::time::Timestamp;

use super::*;
use crate::account::Account;
use crate::binding::{Binding, Terms};
use crate::storage::Stored;

const SHOP: ShopId = ShopId::from_bits(1);

fn member(bits: u128, name: &str) -> Member {
    let (agent, now) = (AgentId::from_bits(bits), Timestamp::default());
    let name = LoginName::parse(name).expect("a name");
    let account = Account { main_account: false, ..Account::main(agent, SHOP, &name, None, now) };
    let binding = Binding::new(SHOP, agent, Terms::default(), now);
    Member { binding: Stored { value: binding, number: 1, version: 1 }, account }
}

/// The sheet of 28 and 29 March 2026 in Berlin, where the clock skips from 02:00 to 03:00 on the 29th.
fn of_that_weekend(plan: &Plan, members: &[Member]) -> String {
    let zone = Zone::parse("Europe/Berlin").expect("a zone");
    let day = |text: &str| text.parse::<Day>().expect("a day");
    let days = Days::new(day("2026-03-28"), day("2026-03-29")).expect("two days");
    let duty = resolve(zone, plan, &[], zone.start_of(day("2026-03-28")), zone.start_of(day("2026-04-01")));
    sheet(zone, plan, &duty.expect("resolved"), &days, members).expect("it is small")
}

fn dated(bits: u128, day: &str, work: &[&str]) -> Assignment {
    let work = work.iter().map(|text| match text.parse() {
        Ok(shift) => Work::Shift(shift),
        Err(_) => Work::Template((*text).to_owned()),
    });
    let day = day.parse().expect("a day");
    Assignment::Dated { agent: AgentId::from_bits(bits), day, work: work.collect() }
}

#[test]
fn a_sheet_names_templates_where_they_match_and_hours_where_they_do_not() {
    let template =
        |name: &str, hours: &str| Template { name: name.to_owned(), shift: hours.parse().expect("hours") };
    let plan = Plan {
        templates: vec![template("night", "22:00-06:00"), template("late", "16:00-24:00")],
        assignments: vec![
            dated(2, "2026-03-28", &["night"]),
            dated(2, "2026-03-29", &["late", "08:00-12:00/10:00-10:15"]),
            dated(1, "2026-03-29", &["02:30-04:00"]),
        ],
        ..Plan::default()
    };
    let members = [member(2, "bob"), member(1, "Ann"), member(3, "cid")];
    let expected =
        "agent,2026-03-28,2026-03-29\nAnn,off,03:00-04:00\nbob,night,08:00-12:00/10:00-10:15+late\n";
    assert_eq!(of_that_weekend(&plan, &members), expected);
}

#[test]
fn a_shift_of_the_day_before_is_not_of_the_first_day() {
    let plan = Plan { assignments: vec![dated(1, "2026-03-27", &["22:00-06:00"])], ..Plan::default() };
    assert_eq!(of_that_weekend(&plan, &[member(1, "ann")]), "agent,2026-03-28,2026-03-29\nann,off,off\n");
}
