//! Leave, swaps and extra duty, and who has to agree.

use super::{ANN, BOB, CAT, always, at, dated, day, fields, lines, plan, shift, zone};
use crate::day::ClockTime;
use crate::ids::AgentId;
use crate::roster::{Exception, Party, Plan, PlannedDay, Refusal, Shift, Status, resolve};

const TEMPLATES: &[(&str, &str)] = &[("early", "08:00-12:00"), ("late", "16:00-20:00")];

fn leave(agent: AgentId, from: &str, to: &str) -> Exception {
    Exception::Leave { agent, from: at(from), to: at(to) }
}

fn swap(first: (AgentId, &str), second: (AgentId, &str)) -> Exception {
    let planned = |(agent, date): (AgentId, &str)| PlannedDay { agent, day: day(date) };
    Exception::Swap { first: planned(first), second: planned(second) }
}

fn extra(agent: AgentId, date: &str, hours: &str) -> Exception {
    Exception::ExtraDuty { agent, day: day(date), shift: shift(hours) }
}

/// Ann works early and Bob late.
fn two() -> Plan {
    plan(TEMPLATES, vec![always(ANN, "early"), always(BOB, "late")])
}

#[track_caller]
fn check(plan: &Plan, exceptions: &[Exception], expected: &[&str]) {
    let (from, to) = (at("2026-05-01T00:00:00Z"), at("2026-05-03T00:00:00Z"));
    let duty = resolve(zone("UTC"), plan, exceptions, from, to).expect("two days");
    // The days are all in one month; the lines are easier to read without it.
    let short: Vec<String> =
        lines(&duty).iter().map(|line| line.replace("2026-05-", "").replace(":00Z", "")).collect();
    assert_eq!(short, expected);
}

#[test]
fn leave_takes_its_stretch_out_of_duty() {
    check(
        &two(),
        &[
            leave(ANN, "2026-05-01T09:00:00Z", "2026-05-01T10:00:00Z"),
            leave(BOB, "2026-05-01T00:00:00Z", "2026-05-02T18:00:00Z"),
        ],
        &[
            "1 01T08:00/01T09:00 early Planned",
            "1 01T10:00/01T12:00 early Planned",
            "1 02T08:00/02T12:00 early Planned",
            "2 02T18:00/02T20:00 late Planned",
        ],
    );
}

#[test]
fn leave_takes_from_swapped_and_extra_duty_too() {
    check(
        &plan(TEMPLATES, vec![dated(ANN, "2026-05-01", &["early"])]),
        &[
            leave(BOB, "2026-05-01T00:00:00Z", "2026-05-01T11:00:00Z"),
            swap((ANN, "2026-05-01"), (BOB, "2026-05-01")),
            extra(BOB, "2026-05-01", "10:00-14:00"),
        ],
        &["2 01T11:00/01T12:00 early Swapped", "2 01T11:00/01T14:00 10:00-14:00 Extra"],
    );
}

#[test]
fn a_swap_exchanges_what_the_plan_lets_begin_on_the_two_days() {
    check(
        &two(),
        &[swap((ANN, "2026-05-01"), (BOB, "2026-05-02"))],
        &[
            "2 01T08:00/01T12:00 early Swapped",
            "2 01T16:00/01T20:00 late Planned",
            "1 02T08:00/02T12:00 early Planned",
            "1 02T16:00/02T20:00 late Swapped",
        ],
    );
}

#[test]
fn a_night_swapped_goes_on_after_midnight() {
    check(
        &plan(&[("night", "22:00-06:00")], vec![dated(ANN, "2026-05-01", &["night"])]),
        &[swap((ANN, "2026-05-01"), (BOB, "2026-05-01"))],
        &["2 01T22:00/02T06:00 night Swapped"],
    );
}

#[test]
fn a_day_off_can_be_swapped_too_and_extra_duty_stays() {
    check(
        &plan(TEMPLATES, vec![dated(ANN, "2026-05-01", &["early"])]),
        &[extra(ANN, "2026-05-01", "13:00-14:00"), swap((CAT, "2026-05-01"), (ANN, "2026-05-01"))],
        &["3 01T08:00/01T12:00 early Swapped", "1 01T13:00/01T14:00 13:00-14:00 Extra"],
    );
}

#[test]
fn of_two_swaps_of_one_planned_day_the_first_holds() {
    let (first, second) =
        (swap((ANN, "2026-05-01"), (BOB, "2026-05-02")), swap((CAT, "2026-05-01"), (ANN, "2026-05-01")));
    assert!(first.collides(&second) && second.collides(&first));
    assert!(!first.collides(&swap((ANN, "2026-05-02"), (BOB, "2026-05-01"))));
    assert!(!first.collides(&leave(ANN, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")));
    let alone = resolve(
        zone("UTC"),
        &two(),
        std::slice::from_ref(&first),
        at("2026-05-01T00:00:00Z"),
        at("2026-05-03T00:00:00Z"),
    );
    let both = resolve(
        zone("UTC"),
        &two(),
        &[first, second],
        at("2026-05-01T00:00:00Z"),
        at("2026-05-03T00:00:00Z"),
    );
    assert_eq!(both, alone);
}

#[test]
fn an_exception_names_what_makes_no_sense() {
    let odd = Shift::new(ClockTime::DAY_END, ClockTime::MIDNIGHT);
    for (exception, expected) in [
        (leave(ANN, "2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z"), "to"),
        (leave(ANN, "2026-05-01T00:00:00Z", "2027-05-03T00:00:00Z"), "to"),
        (swap((ANN, "2026-05-01"), (ANN, "2026-05-02")), "second.agent"),
        (Exception::ExtraDuty { agent: ANN, day: day("2026-05-01"), shift: odd }, "shift.start"),
    ] {
        assert_eq!(fields(&exception.validate().expect_err("makes no sense")), [expected]);
    }
    assert_eq!(leave(ANN, "2026-05-01T00:00:00Z", "2027-05-02T00:00:00Z").validate(), Ok(()));
}

fn waits_for(parties: &[Party]) -> Result<Status, Refusal> {
    Ok(Status::Requested { waits_for: parties.to_vec() })
}

#[test]
fn what_a_supervisor_enters_holds_at_once() {
    for exception in
        [leave(ANN, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"), extra(ANN, "2026-05-01", "08:00-09:00")]
    {
        assert_eq!(exception.request(Party::Supervisor), Ok(Status::Active));
    }
}

#[test]
fn what_an_agent_asks_for_waits_for_a_supervisor() {
    for exception in
        [leave(ANN, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"), extra(ANN, "2026-05-01", "08:00-09:00")]
    {
        assert_eq!(exception.request(Party::Agent(ANN)), waits_for(&[Party::Supervisor]));
        assert_eq!(exception.request(Party::Agent(BOB)), Err(Refusal::NotTheirs));
    }
}

#[test]
fn a_swap_waits_for_each_of_its_agents_who_did_not_ask() {
    let swap = swap((BOB, "2026-05-01"), (ANN, "2026-05-02"));
    assert_eq!(swap.request(Party::Agent(ANN)), waits_for(&[Party::Agent(BOB)]));
    assert_eq!(swap.request(Party::Agent(BOB)), waits_for(&[Party::Agent(ANN)]));
    assert_eq!(swap.request(Party::Supervisor), waits_for(&[Party::Agent(ANN), Party::Agent(BOB)]));
    assert_eq!(swap.request(Party::Agent(CAT)), Err(Refusal::NotTheirs));
}

#[test]
fn a_swap_holds_after_the_last_yes_and_falls_with_the_first_no() {
    let swap = swap((BOB, "2026-05-01"), (ANN, "2026-05-02"));
    let asked = swap.request(Party::Supervisor).expect("a supervisor may");
    assert_eq!(
        asked.clone().answer(Party::Supervisor, true),
        Err(Refusal::NotAsked),
        "nobody consents for others"
    );
    let half = asked.clone().answer(Party::Agent(BOB), true).expect("she was asked");
    assert_eq!(Ok(half.clone()), waits_for(&[Party::Agent(ANN)]));
    assert_eq!(half.clone().answer(Party::Agent(BOB), true), Err(Refusal::NotAsked), "one yes each");
    assert_eq!(half.clone().answer(Party::Agent(ANN), true), Ok(Status::Active));
    assert_eq!(half.answer(Party::Agent(ANN), false), Ok(Status::Declined));
    assert_eq!(asked.answer(Party::Agent(BOB), false), Ok(Status::Declined));
}

#[test]
fn what_waits_for_nobody_takes_no_answer() {
    for status in [Status::Active, Status::Declined, Status::Cancelled] {
        assert_eq!(status.answer(Party::Supervisor, true), Err(Refusal::Closed));
    }
}

#[test]
fn a_request_can_be_taken_back_by_whom_it_is_about_and_what_holds_by_a_supervisor_only() {
    let swap = swap((BOB, "2026-05-01"), (ANN, "2026-05-02"));
    let asked = swap.request(Party::Agent(ANN)).expect("it is hers");
    for (status, by, expected) in [
        (asked.clone(), Party::Agent(ANN), Ok(Status::Cancelled)),
        (asked.clone(), Party::Supervisor, Ok(Status::Cancelled)),
        (asked, Party::Agent(CAT), Err(Refusal::NotTheirs)),
        (Status::Active, Party::Agent(ANN), Err(Refusal::InForce)),
        (Status::Active, Party::Agent(CAT), Err(Refusal::NotTheirs)),
        (Status::Active, Party::Supervisor, Ok(Status::Cancelled)),
        (Status::Declined, Party::Supervisor, Err(Refusal::Closed)),
        (Status::Cancelled, Party::Supervisor, Err(Refusal::Closed)),
    ] {
        assert_eq!(status.cancel(&swap, by), expected);
    }
}
