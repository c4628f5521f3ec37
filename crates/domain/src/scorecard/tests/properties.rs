//! What holds of every report.

use proptest::test_runner::Config;

use super::naive::{self, Counted};
use super::*;
use crate::agent_facts;
use crate::desk::Desk;
use crate::desk::chatter::{Speaker, sequences};
use crate::desk::command::Applied;
use crate::ids::ShopId;
use crate::pack::naive::stories::{FRIDAY, any_stories, conversations};

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// The days of the random stories, or some of them, in shifts that tile the day.
fn any_question() -> impl Strategy<Value = Question> {
    (0_u32..4, 0_u32..4, prop::bool::ANY).prop_map(|(first, more, london)| {
        let zone = Zone::parse(if london { "Europe/London" } else { "Asia/Shanghai" }).expect("a zone");
        let friday = zone.day_of(Timestamp::from_micros_clamped(FRIDAY));
        Question {
            zone,
            days: friday.plus(first)..=friday.plus(first + more),
            shifts: vec![
                shift("day", "08:00", "16:00"),
                shift("late", "16:00", "22:00"),
                shift("night", "22:00", "08:00"),
            ],
            packs: vec![taobao()],
            as_of: Timestamp::MAX,
        }
    })
}

/// The parts of a card added up, but for sessions.
fn sum(parts: &[Figures]) -> Figures {
    let mut sum = Figures { counts: Counts::new(1), ..Figures::default() };
    for Figures { time, counts } in parts {
        sum.time.add(time);
        let all = &mut sum.counts;
        for (mine, more) in [
            (&mut all.turns, counts.turns),
            (&mut all.answered, counts.answered),
            (&mut all.slow, counts.slow),
            (&mut all.answers, counts.answers),
            (&mut all.empty_answers, counts.empty_answers),
            (&mut all.transfers_out, counts.transfers_out),
            (&mut all.transfers_in, counts.transfers_in),
            (&mut all.declined, counts.declined),
            (&mut all.closes, counts.closes),
            (&mut all.short_closes, counts.short_closes),
            (&mut all.misses[0], counts.misses[0]),
        ] {
            *mine += more;
        }
        for (mine, more) in all.stars.iter_mut().zip(counts.stars) {
            *mine += more;
        }
        all.first_response.merge(&counts.first_response);
        all.next_response.merge(&counts.next_response);
        all.own_response.merge(&counts.own_response);
    }
    sum
}

fn without_sessions(figures: &Figures) -> Figures {
    let mut figures = figures.clone();
    figures.counts.sessions = 0;
    figures
}

/// What random commands make of a desk's agents.
fn facts_of(sequence: &crate::desk::chatter::Sequence) -> (Vec<Fact>, Timestamp) {
    let (mut desk, mut speaker) = (Desk::new(ShopId::from_bits(1)), Speaker::default());
    let (mut fold, mut facts) = (agent_facts::Fold::default(), Vec::new());
    let mut ordered = vec![speaker.open()];
    for step in std::iter::once(None).chain(sequence.steps.iter().map(Some)) {
        ordered.extend(step.map(|step| speaker.say(&desk, step)));
        for ordered in ordered.drain(..) {
            let events = desk.apply(ordered.now, ordered.attempt).map(Applied::into_events);
            events.unwrap_or_default().iter().for_each(|event| fold.apply(event, &mut facts));
        }
    }
    let end = desk.now() + Span::from_secs(1);
    facts.extend(fold.unfinished(end));
    (facts, end)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn turns_are_those_that_one_loop_over_the_messages_counts(
        (stories, as_of) in any_stories(), question in any_question(),
    ) {
        let as_of = Timestamp::from_micros_clamped(as_of);
        let mut books = Books::new(Question { as_of, ..question });
        let whole = books.whole();
        conversations(&stories).iter().for_each(|conversation| books.add(conversation));
        let counts = books.finish().shop.whole.counts;
        let mut counted = Counted::default();
        if let Some(whole) = whole {
            stories.iter().for_each(|story| naive::count(story, whole, as_of, &mut counted));
        }
        let ours = Counted {
            turns: counts.turns,
            answered: counts.answered,
            slow: counts.slow,
            first_micros: counts.first_response.sum_micros(),
            next_micros: counts.next_response.sum_micros(),
        };
        prop_assert_eq!(ours, counted);
    }

    #[test]
    fn shifts_that_tile_the_day_add_up_and_the_order_does_not_matter(
        (stories, as_of) in any_stories(), question in any_question(),
    ) {
        let question = Question { as_of: Timestamp::from_micros_clamped(as_of), ..question };
        let (mut books, mut backwards) = (Books::new(question.clone()), Books::new(question));
        let conversations = conversations(&stories);
        conversations.iter().for_each(|conversation| books.add(conversation));
        conversations.iter().rev().for_each(|conversation| backwards.add(conversation));
        let report = books.finish();
        prop_assert_eq!(&report, &backwards.finish());
        for card in report.agents.values().chain([&report.shop]) {
            let mut whole = without_sessions(&card.whole);
            let mut parts = sum(&card.shifts);
            // A miss may have been asked on a day before, as when a session went on.
            prop_assert!(whole.counts.misses[0] >= parts.counts.misses[0]);
            (whole.counts.misses, parts.counts.misses) = (vec![], vec![]);
            prop_assert_eq!(whole, parts);
            prop_assert!(card.shifts.iter().all(|part| part.counts.sessions <= card.whole.counts.sessions));
        }
        let of_agents = report.agents.values().map(|card| card.whole.counts.turns).sum::<u64>();
        prop_assert!(of_agents <= report.shop.whole.counts.turns);
    }

    #[test]
    fn the_shop_is_the_sum_of_its_agents_and_of_its_shifts(sequence in sequences()) {
        let (facts, end) = facts_of(&sequence);
        let (first, last) = (Zone::UTC.day_of(Timestamp::default()), Zone::UTC.day_of(end));
        let shifts = vec![shift("day", "08:00", "16:00"), shift("night", "16:00", "08:00")];
        let mut books =
            Books::new(Question { days: first..=last, shifts, packs: vec![taobao()], as_of: end, ..question() });
        facts.iter().for_each(|fact| books.learn(fact));
        let report = books.finish();
        for card in report.agents.values().chain([&report.shop]) {
            prop_assert_eq!(&without_sessions(&card.whole), &sum(&card.shifts));
        }
        let agents: Vec<_> = report.agents.values().map(|card| card.whole.clone()).collect();
        let (agents, mut shop) = (sum(&agents), report.shop.whole);
        // A rating may be about nobody.
        prop_assert!(agents.counts.ratings() <= shop.counts.ratings());
        shop.counts.stars = agents.counts.stars;
        prop_assert_eq!(agents, shop);
    }
}
