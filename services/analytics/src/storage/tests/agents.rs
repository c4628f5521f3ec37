//! What is kept of agents: on histories of real desks that random commands left, and on stretches that last for days.

use fenliu_domain::agent_facts::{self, Fact};
use fenliu_domain::day::Day;
use fenliu_domain::desk::Desk;
use fenliu_domain::desk::chatter::{Sequence, Speaker, sequences};
use fenliu_domain::desk::command::{Applied, Ordered};
use fenliu_domain::desk::event::Event;
use fenliu_domain::ids::{AgentId, EventId};
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{Books, Question, Shift};
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use fenliu_proto::event::to_proto;

use super::*;

/// The history that random commands leave at the desk of shop 0.
fn desk_events(sequence: &Sequence) -> Vec<Event> {
    let (mut desk, mut speaker) = (Desk::new(shop(0)), Speaker::default());
    let mut events = Vec::new();
    let mut say = |desk: &mut Desk, ordered: Ordered| {
        // A refused command says nothing.
        events.extend(desk.apply(ordered.now, ordered.attempt).map(Applied::into_events).unwrap_or_default());
    };
    let opening = speaker.open();
    say(&mut desk, opening);
    for step in &sequence.steps {
        let ordered = speaker.say(&desk, step);
        say(&mut desk, ordered);
    }
    events
}

fn stored(events: &[Event]) -> Vec<StoredEvent> {
    let stored = |(event, position): (&Event, i64)| StoredEvent { position, event: Some(to_proto(event)) };
    events.iter().zip(1..).map(stored).collect()
}

/// Everything that is fed of a stretch.
struct Heard {
    reach: (Stretch, Timestamp),
    facts: Vec<Fact>,
}

impl Fold for Heard {
    fn add(&mut self, _: &Conversation) {}
}

impl AgentFold for Heard {
    fn reach(&self) -> Option<(Stretch, Timestamp)> {
        Some(self.reach)
    }

    fn learn(&mut self, fact: &Fact) {
        self.facts.push(fact.clone());
    }
}

async fn heard(store: &Store, stretch: Stretch, until: Timestamp) -> Vec<Fact> {
    let begin =
        move |_| Ok::<_, Problem>((DayRange::default(), Heard { reach: (stretch, until), facts: vec![] }));
    store.fold_with_agents(shop(0), begin).await.expect("fed").fold.facts
}

/// The facts of a history, with what has not ended by a moment.
fn folded(events: &[Event], until: Timestamp) -> Vec<Fact> {
    let (mut fold, mut facts) = (agent_facts::Fold::default(), Vec::new());
    events.iter().for_each(|event| fold.apply(event, &mut facts));
    facts.extend(fold.unfinished(until));
    facts
}

fn everything() -> Stretch {
    Stretch { start: Timestamp::MIN, end: Timestamp::MAX }
}

fn sorted(mut facts: Vec<Fact>) -> Vec<String> {
    facts.sort_by_key(|fact| format!("{fact:?}"));
    facts.iter().map(|fact| format!("{fact:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_desk_gives_the_same_rows_whatever_the_batches_and_whoever_works_them_in(
        sequence in sequences(),
        sizes in prop::collection::vec(1_usize..20, 1..8),
    ) {
        runtime().block_on(async {
            let events = stored(&desk_events(&sequence));
            let (at_once, one) = (memory().await, memory().await);
            follow(&at_once, events.clone()).await;
            // Another replica remembers other things of the same store.
            let other = Store { db: one.db.clone(), recent: Arc::default() };
            let (mut rest, mut sizes) = (events.as_slice(), sizes.iter().enumerate().cycle());
            while !rest.is_empty() {
                let (turn, size) = sizes.next().expect("endless");
                let (now, later) = rest.split_at((*size).min(rest.len()));
                follow(if turn % 3 == 1 { &other } else { &one }, now.to_vec()).await;
                rest = later;
            }
            assert_eq!(at_once.dump().await, one.dump().await);
        });
    }

    #[test]
    fn what_is_kept_of_agents_is_the_fold_of_the_history(sequence in sequences()) {
        runtime().block_on(async {
            let events = desk_events(&sequence);
            let store = memory().await;
            for part in stored(&events).chunks(5) {
                follow(&store, part.to_vec()).await;
            }
            let until = events.last().expect("a policy").recorded + Span::from_secs(1);
            let all = heard(&store, everything(), until).await;
            assert_eq!(sorted(all), sorted(folded(&events, until)));
        });
    }

    #[test]
    fn a_card_of_some_time_needs_no_more_than_what_is_read_of_it(
        sequence in sequences(), from in 0_u32..100, length in 1_u32..100, as_of in 0_u32..100,
    ) {
        runtime().block_on(async {
            let events = desk_events(&sequence);
            let store = memory().await;
            follow(&store, stored(&events)).await;
            let (first, last) = (events[0].recorded, events.last().expect("a policy").recorded);
            let after = |percent: u32| first + Span::from_micros(last.since(first).micros() / 100 * i64::from(percent));
            let (start, until) = (after(from), after(as_of));
            let stretch = Stretch { start, end: start + Span::from_micros(1) + after(length).since(first) };
            let figures = |facts: &[Fact]| {
                let agents: std::collections::BTreeSet<_> = facts.iter().filter_map(Fact::agent).collect();
                let of_agent = |agent: AgentId| {
                    let record = agent_facts::record(agent, facts, until);
                    (agent, fenliu_domain::spans::Activity::of(record).figures(stretch))
                };
                let all = agents.into_iter().map(of_agent);
                all.filter(|(_, figures)| *figures != fenliu_domain::spans::Figures::default()).collect::<Vec<_>>()
            };
            let read = heard(&store, stretch, until).await;
            assert_eq!(figures(&read), figures(&folded(&events, until)));
        });
    }

    #[test]
    fn a_history_worked_in_anew_leaves_the_same_agents(old in sequences(), new in sequences()) {
        runtime().block_on(async {
            let (rewound, fresh) = (memory().await, memory().await);
            follow(&rewound, stored(&desk_events(&old))).await;
            rewound.forget_history().await.expect("forgotten");
            for store in [&rewound, &fresh] {
                follow(store, stored(&desk_events(&new))).await;
            }
            assert_eq!(rewound.dump().await, fresh.dump().await);
        });
    }
}

/// An agent who is online for ten days and then goes, and what her shop hears of it.
async fn ten_days_online() -> (Store, AgentId) {
    let agent = AgentId::from_bits(7);
    let change = |number: i64, days: i64, previous: Presence, presence: Presence| {
        let at = Some(to_timestamp(moment(days * 86_400)));
        let payload = Payload::PresenceChanged(history::PresenceChanged {
            agent_id: agent.to_string(),
            previous: previous.into(),
            presence: presence.into(),
            cause: history::PresenceCause::Asked.into(),
        });
        let event = history::Event {
            shop_id: shop(0).to_string(),
            event_id: EventId::from_bits(number.unsigned_abs().into()).to_string(),
            occurred_time: at,
            recorded_time: at,
            payload: Some(payload),
            ..Default::default()
        };
        StoredEvent { position: number, event: Some(event) }
    };
    let (offline, online) = (Presence::Offline, Presence::Online);
    let store = memory().await;
    follow(&store, vec![change(1, 0, offline, online), change(2, 10, online, offline)]).await;
    (store, agent)
}

#[tokio::test]
async fn what_lasts_for_days_is_found_on_each_of_them() {
    let (store, agent) = ten_days_online().await;
    let online = async |day: i64| {
        let (start, end) = (moment(day * 86_400), moment((day + 1) * 86_400));
        let facts = heard(&store, Stretch { start, end }, moment(100 * 86_400)).await;
        let record = agent_facts::record(agent, &facts, moment(100 * 86_400));
        fenliu_domain::spans::Activity::of(record).figures(Stretch { start, end }).online
    };
    for day in 0..10 {
        assert_eq!(online(day).await, Span::from_hours(24), "day {day}");
    }
    assert_eq!((online(-1).await, online(10).await), (Span::ZERO, Span::ZERO));
}

#[tokio::test]
async fn a_card_is_made_of_what_is_read_of_its_days() {
    let (store, agent) = ten_days_online().await;
    let day: Day = "2026-05-08".parse().expect("a date");
    let question = Question {
        zone: Zone::UTC,
        days: day..=day,
        shifts: Shift::usual(),
        packs: Vec::new(),
        as_of: moment(100 * 86_400),
    };
    let mut books = Books::new(question);
    let whole = books.whole().expect("past");
    for fact in heard(&store, whole, moment(100 * 86_400)).await {
        books.learn(&fact);
    }
    let card = &books.finish().agents[&agent.to_string()];
    let online = |figures: &fenliu_domain::scorecard::Figures| figures.time.online;
    assert_eq!(online(&card.whole), Span::from_hours(24));
    assert_eq!(card.shifts.iter().map(online).collect::<Vec<_>>(), [Span::from_hours(5); 3]);
}
