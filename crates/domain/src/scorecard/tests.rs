use proptest::prelude::*;

use super::*;
use crate::agent_facts::{Fact, HoldEnd};
use crate::day::{ClockTime, Day, Window, Zone};
use crate::desk::agent::Presence;
use crate::desk::event::{AssignReason, CloseActor, TransferTarget};
use crate::exchange::tests::{asked, assigned, at, human, opened, replied};
use crate::exchange::{Conversation, Happening, What};
use crate::ids::{AgentId, ConversationId};
use crate::message::Actor;
use crate::pack::RulePack;
use crate::pack::samples;
use crate::roster::Stretch;
use crate::time::{Span, Timestamp};

mod daily;
mod hints;
mod naive;
mod properties;
mod scores;

const ANN: AgentId = AgentId::from_bits(1);
const BEN: AgentId = AgentId::from_bits(2);

/// A day of 1970.
pub(super) fn day(number: u32) -> Day {
    Day::new(1970, 1, 1).expect("a day").plus(number)
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_micros_clamped(seconds * 1_000_000)
}

fn hour(hours: i64) -> Timestamp {
    second(hours * 3_600)
}

pub(super) fn shift(name: &str, start: &str, end: &str) -> Shift {
    let clock = |text: &str| text.parse::<ClockTime>().expect("a clock time");
    Shift { name: name.into(), window: Window::new(clock(start), clock(end)).expect("a window") }
}

/// The first day of 1970 in universal time, seen at its end.
pub(super) fn question() -> Question {
    Question {
        zone: Zone::UTC,
        days: day(0)..=day(0),
        shifts: Vec::new(),
        packs: Vec::new(),
        as_of: hour(24),
    }
}

fn report(question: Question, stories: &[(&str, Vec<Happening>)], facts: &[Fact]) -> Report {
    let mut books = Books::new(question);
    for (key, story) in stories {
        books.add(&Conversation::fold(*key, story.clone()));
    }
    facts.iter().for_each(|fact| books.learn(fact));
    books.finish()
}

/// Turns, those answered, those slow, and the sums of first, next and own times in seconds.
fn responses(card: &Card) -> (u64, u64, u64, [u128; 3]) {
    let counts = &card.whole.counts;
    let sums = [&counts.first_response, &counts.next_response, &counts.own_response];
    let sums = sums.map(|sketch| sketch.sum_micros() / 1_000_000);
    (counts.turns, counts.answered, counts.slow, sums)
}

#[test]
fn a_turn_runs_from_the_first_question_to_the_first_reply_of_people() {
    let story = vec![
        at(0, opened("b")),
        at(0, assigned("lan")),
        at(10, asked("1")),
        at(15, replied(Actor::AutoReply, "", false)),
        at(20, asked("2")),
        at(40, human("lan")),
        at(50, human("lan")),
        at(100, asked("3")),
        at(300, replied(Actor::AssistRobot, "lan", false)),
    ];
    let report = report(question(), &[("c", story)], &[]);
    let lan = &report.agents["lan"];
    assert_eq!(responses(lan), (2, 2, 1, [30, 200, 230]));
    assert_eq!(responses(&report.shop), responses(lan));
    assert_eq!((lan.whole.counts.sessions, report.shop.whole.counts.sessions), (1, 1));
}

#[test]
fn exactly_three_minutes_are_not_slow() {
    for (wait, slow) in [(180, 0), (181, 1)] {
        let story = vec![at(0, assigned("lan")), at(10, asked("1")), at(10 + wait, human("lan"))];
        let report = report(question(), &[("c", story)], &[]);
        assert_eq!(report.agents["lan"].whole.counts.slow, slow, "after {wait} s");
    }
}

#[test]
fn what_waited_in_the_queue_is_none_of_the_agents_own_time() {
    let story = vec![
        at(10, asked("1")),
        at(10, What::Queued { nobody_on_duty: false }),
        at(70, assigned("lan")),
        at(80, human("lan")),
    ];
    let report = report(question(), &[("c", story)], &[]);
    assert_eq!(responses(&report.agents["lan"]), (1, 1, 0, [70, 0, 10]));
}

#[test]
fn who_answers_has_the_turn_and_who_was_asked_only_as_long_as_nobody_does() {
    let story = vec![
        at(0, assigned("lan")),
        at(10, asked("1")),
        at(20, What::Transferred),
        at(20, assigned("mei")),
        at(50, human("mei")),
        at(60, asked("2")),
    ];
    let seen_at = |as_of: i64| {
        let question = Question { as_of: second(as_of), ..question() };
        let report = report(question, &[("c", story.clone())], &[]);
        let turns = |name: &str| {
            report
                .agents
                .get(name)
                .map_or((0, 0), |card| (card.whole.counts.turns, card.whole.counts.unanswered()))
        };
        (turns("lan"), turns("mei"))
    };
    assert_eq!(seen_at(40), ((1, 1), (0, 0)));
    assert_eq!(seen_at(59), ((0, 0), (1, 0)));
    assert_eq!(seen_at(90), ((0, 0), (2, 1)));
}

#[test]
fn what_a_robot_settled_before_people_were_asked_is_no_turn() {
    let robot = |then: Vec<Happening>| {
        let story = [
            vec![at(0, What::WithRobot), at(10, asked("1")), at(11, replied(Actor::FullRobot, "", false))],
            then,
        ];
        let report = report(question(), &[("c", story.concat())], &[]);
        responses(&report.shop)
    };
    assert_eq!(robot(vec![]), (0, 0, 0, [0, 0, 0]));
    assert_eq!(robot(vec![at(20, asked("2"))]), (1, 0, 0, [0, 0, 0]));
    let handed = vec![at(20, What::HandedToHuman), at(30, assigned("lan")), at(40, human("lan"))];
    assert_eq!(robot(handed), (1, 1, 0, [30, 0, 10]));
}

#[test]
fn an_answer_that_only_greets_is_empty_unless_content_follows_in_time_for_the_next_question() {
    let zaide = || replied(Actor::Human, "lan", true);
    let story = vec![
        at(0, assigned("lan")),
        at(10, asked("1")),
        at(20, zaide()),
        at(30, asked("2")),
        at(40, zaide()),
        at(50, human("lan")),
        at(60, asked("3")),
        at(65, replied(Actor::FullRobot, "", true)),
    ];
    let counts = &report(question(), &[("c", story)], &[]).agents["lan"].whole.counts;
    assert_eq!((counts.answers, counts.empty_answers, counts.turns), (2, 1, 3));
}

fn chat(number: u128) -> ConversationId {
    ConversationId::from_bits(number)
}

/// What comes of an agent closing a conversation held for so long.
fn closing(number: u128, by: CloseActor, start: Timestamp, held: Span, reply_owed: bool) -> Vec<Fact> {
    let (agent, conversation, end) = (ANN, chat(number), start + held);
    let stretch = Stretch::new(start, end);
    let held = stretch.map(|stretch| Fact::Held {
        agent,
        conversation,
        reason: AssignReason::Strategy,
        stretch,
        end: Some(HoldEnd::Closed),
    });
    let closed = Fact::Closed { agent: Some(agent), conversation, by, reply_owed, at: end };
    held.into_iter().chain([closed]).collect()
}

#[test]
fn ending_a_conversation_at_once_or_in_debt_is_a_short_close() {
    let tick = Span::from_micros(1);
    let facts = [
        closing(1, CloseActor::Agent, hour(1), SHORT_CLOSE, false),
        closing(2, CloseActor::Agent, hour(2), SHORT_CLOSE - tick, false),
        closing(3, CloseActor::Agent, hour(3), Span::from_hours(1), true),
        closing(4, CloseActor::Buyer, hour(4), tick, true),
    ];
    let counts = &report(question(), &[], &facts.concat()).agents[&ANN.to_string()].whole.counts;
    assert_eq!((counts.closes, counts.short_closes), (3, 2));
}

#[test]
fn transfers_are_counted_for_who_hands_on_and_who_is_named() {
    let (conversation, target) = (chat(1), TransferTarget::Agent(BEN));
    let transferred = |from, at| Fact::Transferred { from, target: target.clone(), conversation, at };
    let given = |reason, at| Fact::Assigned { agent: BEN, previous: Some(ANN), conversation, reason, at };
    let facts = [
        transferred(Some(ANN), hour(1)),
        given(AssignReason::Transfer, hour(1)),
        Fact::Declined { agent: BEN, conversation, at: hour(2) },
        transferred(None, hour(3)),
        given(AssignReason::Strategy, hour(4)),
        transferred(Some(ANN), hour(24)),
    ];
    let report = report(question(), &[], &facts);
    let moved = |card: &Card| {
        let counts = &card.whole.counts;
        (counts.transfers_out, counts.transfers_in, counts.declined)
    };
    assert_eq!(moved(&report.agents[&ANN.to_string()]), (1, 0, 0));
    assert_eq!(moved(&report.agents[&BEN.to_string()]), (0, 1, 1));
    assert_eq!(moved(&report.shop), (1, 1, 1));
}

#[test]
fn four_and_five_stars_satisfy_and_the_last_rating_of_a_conversation_counts() {
    let rated = |number, stars, hours| Fact::Rated {
        agent: Some(ANN),
        conversation: chat(number),
        stars,
        at: hour(hours),
    };
    let facts = [rated(1, 4, 1), rated(2, 3, 2), rated(3, 1, 3), rated(3, 5, 4), rated(4, 5, 24)];
    let counts = &report(question(), &[], &facts).agents[&ANN.to_string()].whole.counts;
    assert_eq!(counts.stars, [0, 0, 1, 1, 1]);
    let (good, bad) = (counts.satisfaction().expect("rated"), counts.dissatisfaction().expect("rated"));
    assert_eq!((good.successes(), bad.successes(), good.trials()), (2, 1, 3));
    let unrated = report(question(), &[], &[]).shop.whole.counts;
    assert_eq!((unrated.satisfaction(), unrated.dissatisfaction()), (None, None));
}

/// Online from eight to twelve, with room for two and one conversation for an hour, then on break until evening.
fn presence_of_a_day() -> Vec<Fact> {
    let of = |presence, start, end| Fact::Presence {
        agent: ANN,
        presence,
        stretch: Stretch { start: hour(start), end: hour(end) },
    };
    vec![
        Fact::Capacity { agent: ANN, capacity: Some(2), stretch: Stretch { start: hour(0), end: hour(24) } },
        of(Presence::Offline, 0, 8),
        of(Presence::Online, 8, 12),
        of(Presence::OnBreak, 12, 18),
        Fact::Held {
            agent: ANN,
            conversation: chat(1),
            reason: AssignReason::Strategy,
            stretch: Stretch { start: hour(9), end: hour(10) },
            end: Some(HoldEnd::Queued),
        },
        of(Presence::Offline, 18, 24),
    ]
}

#[test]
fn time_is_measured_by_shift_against_the_roster() {
    let shifts = vec![shift("morning", "08:00", "13:00"), shift("evening", "18:00", "23:00")];
    let mut books = Books::new(Question { shifts, ..question() });
    presence_of_a_day().iter().for_each(|fact| books.learn(fact));
    books.schedule(ANN, [Stretch { start: hour(8), end: hour(13) }]);
    books.schedule(BEN, [Stretch { start: hour(8), end: hour(9) }]);
    let report = books.finish();
    let ann = &report.agents[&ANN.to_string()];
    let told = |figures: &Figures| {
        let time = &figures.time;
        (
            time.online,
            time.online_rate_basis_points(),
            time.adherence_basis_points(),
            time.occupancy_basis_points(),
            time.concurrency_basis_points(),
        )
    };
    let morning = (Span::from_hours(4), Some(8_000), Some(8_000), Some(2_500), Some(1_250));
    assert_eq!(told(&ann.whole), morning);
    assert_eq!(told(&ann.shifts[0]), morning);
    assert_eq!(told(&ann.shifts[1]), (Span::ZERO, None, None, None, None));
    // Whoever was scheduled and did not come has a card, too, and the shop's time is that of both.
    let ben = &report.agents[&BEN.to_string()];
    assert_eq!(told(&ben.whole), (Span::ZERO, Some(0), Some(0), None, None));
    assert_eq!(report.shop.whole.time.scheduled, Span::from_hours(6));
}

#[test]
fn what_has_not_come_yet_is_seen_by_nobody() {
    let mut books = Books::new(Question { as_of: hour(9), ..question() });
    presence_of_a_day().iter().for_each(|fact| books.learn(fact));
    books.schedule(ANN, [Stretch { start: hour(8), end: hour(13) }]);
    let rated = Fact::Rated { agent: Some(ANN), conversation: chat(1), stars: 5, at: hour(10) };
    books.learn(&rated);
    let whole = &books.finish().agents[&ANN.to_string()].whole;
    assert_eq!((whole.time.online, whole.time.scheduled), (Span::from_hours(1), Span::from_hours(1)));
    assert_eq!((whole.time.online_rate_basis_points(), whole.counts.ratings()), (Some(10_000), 0));
}

#[test]
fn what_happens_at_the_very_moment_is_seen() {
    let story = [at(10, assigned("lan")), at(10, asked("1"))];
    let turns = |as_of: Timestamp| {
        let mut books = Books::new(Question { as_of, ..question() });
        books.add(&Conversation::fold("c", story.clone()));
        books.finish().shop.whole.counts.turns
    };
    assert_eq!((turns(second(10)), turns(second(10) - Span::from_micros(1))), (1, 0));
}

#[test]
fn an_agent_of_whom_there_is_nothing_has_no_card() {
    let offline = Fact::Presence {
        agent: ANN,
        presence: Presence::Offline,
        stretch: Stretch { start: hour(0), end: hour(24) },
    };
    assert!(report(question(), &[], &[offline]).agents.is_empty());
}

fn taobao() -> RulePack {
    samples::all().expect("packs").into_iter().find(|pack| pack.id == "taobao-3min").expect("shipped")
}

#[test]
fn misses_are_blamed_on_who_was_asked() {
    let nine = 9 * 3_600;
    let late = vec![
        at(nine, opened("a")),
        at(nine, assigned("lan")),
        at(nine, asked("1")),
        at(nine + 30, What::Transferred),
        at(nine + 30, assigned("mei")),
        at(nine + 181, human("mei")),
    ];
    let never = vec![at(nine, opened("b")), at(20 * 3_600, asked("1"))];
    let shifts = vec![shift("morning", "08:00", "13:00")];
    let question = Question { shifts, packs: vec![taobao()], ..question() };
    let report = report(question, &[("late", late), ("never", never)], &[]);
    let misses = |card: &Card| (card.whole.counts.misses.clone(), card.shifts[0].counts.misses.clone());
    assert_eq!(misses(&report.agents["lan"]), (vec![1], vec![1]));
    assert_eq!(misses(&report.agents["mei"]), (vec![0], vec![0]));
    assert_eq!(misses(&report.shop), (vec![2], vec![1]));
}

#[test]
fn the_usual_shifts_are_those_of_the_roster() {
    let told: Vec<_> = Shift::usual()
        .into_iter()
        .map(|shift| format!("{} {}-{}", shift.name, shift.window.start(), shift.window.end()))
        .collect();
    assert_eq!(told, ["morning 08:00-13:00", "afternoon 13:00-18:00", "evening 18:00-23:00"]);
}

#[test]
fn a_shift_over_midnight_is_two_parts_of_each_day_and_days_may_have_23_hours() {
    let berlin = Zone::parse("Europe/Berlin").expect("a zone");
    let spring = "2025-03-30".parse::<Day>().expect("a day");
    let (start, end) = (berlin.start_of(spring), berlin.start_of(spring.plus(1)));
    let shifts = [shift("night", "22:00", "06:00"), shift("small hours", "02:00", "03:00")];
    let slots = Slots::new(berlin, &(spring..=spring), &shifts, Timestamp::MAX);
    assert_eq!(slots.whole(), Stretch::new(start, end));
    assert_eq!(end.since(start), Span::from_hours(23));
    let night: Vec<_> = slots.stretches(1).iter().map(|stretch| stretch.length()).collect();
    assert_eq!(night, [Span::from_hours(5), Span::from_hours(2)]);
    assert_eq!(slots.stretches(2), []);
    let tick = Span::from_micros(1);
    let of = |at: Timestamp| slots.of(at).collect::<Vec<_>>();
    assert_eq!(
        (of(start - tick), of(start), of(end - tick), of(end)),
        (vec![], vec![0, 1], vec![0, 1], vec![])
    );
    assert_eq!(
        (of(start + Span::from_hours(5)), of(start + Span::from_hours(5) - tick)),
        (vec![0], vec![0, 1])
    );
    assert!(Slots::new(berlin, &(spring..=spring), &shifts, start).is_empty());
}
