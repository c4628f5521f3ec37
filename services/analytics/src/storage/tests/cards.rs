//! Cards of days that are kept: nobody can tell from an answer.

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::day::{Day, Zone};
use fenliu_domain::ids::{AgentId, ConversationId};
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{Books, Question, Report, Shift};
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Presence;
use sea_orm::EntityTrait;

use super::*;
use crate::storage::rows::{agent_fact, conversation, day_book, day_card};

/// One thing that happens: how many minutes after the one before, which conversation, what; and how long before it was
/// recorded it happened, in hours.
type Happened = (i64, u8, u8, i64);

fn happened(most: usize) -> impl Strategy<Value = Vec<Happened>> {
    let later = prop_oneof![0_i64..20, 0_i64..700];
    let earlier = prop_oneof![9 => Just(0_i64), 1 => 0_i64..50];
    prop::collection::vec((later, 0_u8..5, 0_u8..18, earlier), 1..most)
}

fn agent(number: usize) -> String {
    AgentId::from_bits(u128::from(number as u64 % 3) + 1).to_string()
}

fn said(kind: u8, number: usize, conversation: u8) -> Payload {
    let (agent_id, message_id) = (agent(number), format!("m{number}"));
    let even = number.is_multiple_of(2);
    match kind {
        0 => Payload::ConversationOpened(history::ConversationOpened {
            buyer_id: format!("buyer {}", conversation / 2),
            priority: 100,
            ..Default::default()
        }),
        1..=4 => Payload::MessageReceived(history::MessageReceived { message_id, ..Default::default() }),
        5..=7 => Payload::ReplySent(history::ReplySent {
            message_id,
            actor: Actor::Human.into(),
            agent_id,
            small_talk: even,
            ..Default::default()
        }),
        8 | 9 => Payload::Assigned(history::Assigned {
            agent_id,
            reason: if even { history::AssignReason::Transfer } else { history::AssignReason::Strategy }
                .into(),
            ring: 1,
            ..Default::default()
        }),
        10 | 11 => Payload::Closed(history::Closed {
            by: history::CloseActor::Agent.into(),
            agent_id,
            reply_owed: even,
        }),
        12 | 13 => Payload::Rated(history::Rated { agent_id, stars: number as u32 % 5 + 1 }),
        14 => Payload::AgentSynced(history::AgentSynced {
            agent_id,
            display_name: "a".into(),
            capacity_ceiling: 4,
            capacity_default: number as u32 % 4 + 1,
            enabled: true,
            weight: 1,
            ..Default::default()
        }),
        _ => Payload::PresenceChanged(history::PresenceChanged {
            agent_id,
            previous: Presence::Offline.into(),
            presence: [Presence::Online, Presence::Busy, Presence::Offline][usize::from(kind) - 15].into(),
            cause: history::PresenceCause::Asked.into(),
        }),
    }
}

/// A history of shop 0: its policy first.
fn told(lines: &[Happened]) -> Vec<StoredEvent> {
    let policy = history::Policy { time_zone: "Asia/Shanghai".into(), ..Default::default() };
    let policy = Payload::PolicyChanged(history::PolicyChanged { policy: Some(policy) });
    let mut minutes = 0;
    let told = lines.iter().enumerate().map(|(number, (later, conversation, kind, earlier))| {
        minutes += later;
        (minutes, *conversation, *earlier, said(*kind, number, *conversation))
    });
    let event = |((minutes, conversation, earlier, payload), position): ((i64, u8, i64, Payload), i64)| {
        let of_agent = matches!(
            payload,
            Payload::AgentSynced(_) | Payload::PresenceChanged(_) | Payload::PolicyChanged(_)
        );
        let conversation = ConversationId::from_bits(conversation.into()).to_string();
        StoredEvent {
            position,
            event: Some(history::Event {
                shop_id: shop(0).to_string(),
                event_id: fenliu_domain::ids::EventId::from_bits(position.unsigned_abs().into()).to_string(),
                occurred_time: Some(to_timestamp(moment(minutes * 60 - earlier * 3_600))),
                recorded_time: Some(to_timestamp(moment(minutes * 60))),
                conversation_id: if of_agent { String::new() } else { conversation },
                payload: Some(payload),
                ..Default::default()
            }),
        }
    };
    std::iter::once((0, 0, 0, policy)).chain(told).zip(1_i64..).map(event).collect()
}

/// What is asked of cards: from which day on, for how many days, as of how many hours after the start, whether by shift, by
/// which packs, and who is on duty from and for how many hours.
type Card = (u32, u32, i64, bool, Vec<usize>, Option<(i64, i64)>);

/// What is done to a store, and asked of it, in turn.
#[derive(Clone, Debug)]
enum Move {
    Follow(usize),
    Import(usize),
    Zone(&'static str),
    Forget,
    Ask(Card),
}

fn any_card() -> impl Strategy<Value = Card> {
    let packs = prop::sample::subsequence((0..11).collect::<Vec<_>>(), 0..11);
    let duty = prop::option::of((0_i64..100, 1_i64..60));
    (0_u32..5, 0_u32..6, -6_i64..400, any::<bool>(), packs, duty)
}

fn any_move() -> impl Strategy<Value = Move> {
    let zone =
        prop::sample::select(vec!["Asia/Shanghai", "America/Los_Angeles", "UTC", "Pacific/Kiritimati"]);
    prop_oneof![
        4 => (1_usize..30).prop_map(Move::Follow),
        2 => (1_usize..30).prop_map(Move::Import),
        1 => zone.prop_map(Move::Zone),
        1 => Just(Move::Forget),
        8 => any_card().prop_map(Move::Ask),
    ]
}

/// The books of a range, which takes in everything.
struct Whole(Books, Timestamp);

impl Fold for Whole {
    fn add(&mut self, conversation: &Conversation) {
        self.0.add(conversation);
    }
}

impl AgentFold for Whole {
    fn reach(&self) -> Option<(Stretch, Timestamp)> {
        Some((self.0.whole()?, self.1))
    }

    fn learn(&mut self, fact: &Fact) {
        self.0.learn(fact);
    }
}

fn sunday() -> Day {
    "2026-05-03".parse().expect("a date")
}

fn duty_of(duty: Option<(i64, i64)>) -> Vec<(AgentId, Stretch)> {
    let stretch = |(start, hours): (i64, i64)| {
        let start = moment(start * 3_600);
        (AgentId::from_bits(1), Stretch { start, end: start + Span::from_hours(hours) })
    };
    duty.into_iter().map(stretch).collect()
}

async fn read(store: &Store, question: Question, duty: &[(AgentId, Stretch)]) -> (Report, i64) {
    let begin = move |_| {
        let range = DayRange { first: Some(*question.days.start()), last: Some(*question.days.end()) };
        let as_of = question.as_of;
        Ok::<_, Problem>((range, Whole(Books::new(question), as_of)))
    };
    let folded = store.fold_with_agents(shop(0), begin).await.expect("read");
    let mut books = folded.fold.0;
    duty.iter().for_each(|(agent, stretch)| books.schedule(*agent, [*stretch]));
    (books.finish(), folded.position)
}

/// Asks twice, so that the second answer is of what the first kept, and compares with what is read.
async fn ask(store: &Store, packs: &[RulePack], (first, more, hours, by_shift, wanted, duty): Card) {
    let zone = match store.zone(shop(0)).await {
        Err(Fault::Refused(_)) => return,
        zone => zone.expect("a zone"),
    };
    let days = sunday().plus(first)..=sunday().plus(first + more);
    let (as_of, duty) = (moment(hours * 3_600), duty_of(duty));
    let asked = CardsAsked {
        shop: shop(0),
        zone,
        days: days.clone(),
        by_shift,
        shipped: packs.to_vec().into(),
        wanted_packs: wanted.clone(),
        as_of,
        duty: duty.clone(),
        whose: Whose::After(String::new(), 100),
    };
    let shifts = if by_shift { Shift::usual() } else { Vec::new() };
    let chosen = wanted.iter().map(|place| packs[*place].clone()).collect();
    let (report, position) = read(store, Question { zone, days, shifts, packs: chosen, as_of }, &duty).await;
    for _ in 0..2 {
        let cards = store.cards(asked.clone()).await.expect("cards").expect("of this zone");
        assert_eq!(cards.position, position);
        assert_eq!(cards.names.iter().collect::<Vec<_>>(), report.agents.keys().collect::<Vec<_>>());
        assert_eq!(cards.report, report);
    }
    let one = CardsAsked { whose: Whose::One(agent(0)), ..asked };
    let cards = store.cards(one).await.expect("cards").expect("of this zone");
    assert_eq!(cards.report.agents.get(&agent(0)), report.agents.get(&agent(0)));
    assert_eq!((cards.report.shop, cards.names.len()), (report.shop, report.agents.len()));
}

async fn rezone(store: &Store, name: &str) {
    let after = store.cursor().await.expect("a cursor");
    let until = Cursor { position: after.position + 1, event_id: after.event_id.clone() };
    let steps = vec![vec![Step::Shop(shop(0)), Step::Zone(shop(0), Zone::parse(name).expect("a zone"))]];
    store.follow(Batch { after, until, steps, watch: None }).await.expect("followed");
}

fn shipped() -> Vec<RulePack> {
    Packs::shipped().expect("in order").all().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cards_of_what_was_kept_are_those_of_what_would_be_read(
        history in happened(150),
        other in lines(80),
        moves in prop::collection::vec(any_move(), 1..30),
        last in any_card(),
    ) {
        runtime().block_on(async {
            let (store, packs) = (memory().await, shipped());
            let (events, mut records) = (told(&history), reported(&other).into_iter());
            let mut followed = 0;
            for step in moves {
                match step {
                    Move::Follow(count) => {
                        followed = (followed + count).min(events.len());
                        follow(&store, events[..followed].to_vec()).await;
                    }
                    Move::Import(count) => drop(import(&store, records.by_ref().take(count).collect()).await),
                    Move::Zone(name) => rezone(&store, name).await,
                    Move::Forget => {
                        store.forget_history().await.expect("forgotten");
                        followed = 0;
                    }
                    Move::Ask(card) => ask(&store, &packs, card).await,
                }
            }
            ask(&store, &packs, last).await;
        });
    }
}

fn everything() -> Card {
    (0, 6, 400, true, (0..11).collect(), Some((3, 40)))
}

async fn report_of(store: &Store) -> Report {
    let zone = store.zone(shop(0)).await.expect("a zone");
    let asked = CardsAsked {
        shop: shop(0),
        zone,
        days: sunday()..=sunday().plus(6),
        by_shift: true,
        shipped: shipped().into(),
        wanted_packs: vec![0, 1],
        as_of: moment(400 * 3_600),
        duty: duty_of(Some((3, 40))),
        whose: Whose::After(String::new(), 100),
    };
    store.cards(asked).await.expect("cards").expect("of this zone").report
}

/// Two days of one agent: she comes, is asked and answers, and goes on the next day.
fn two_days() -> Vec<StoredEvent> {
    told(&[
        (0, 0, 14, 0),
        (10, 0, 15, 0),
        (10, 1, 0, 0),
        (0, 1, 1, 0),
        (3, 1, 8, 0),
        (9, 1, 6, 0),
        (9, 1, 10, 0),
        (5, 1, 12, 0),
        (900, 2, 17, 0),
        (600, 2, 17, 0),
    ])
}

#[tokio::test]
async fn days_of_cards_that_were_kept_are_not_read_again() {
    let store = memory().await;
    follow(&store, two_days()).await;
    let first = report_of(&store).await;
    assert!(!first.agents.is_empty());
    conversation::Entity::delete_many().exec(store.db.writer()).await.expect("gone behind its back");
    agent_fact::Entity::delete_many().exec(store.db.writer()).await.expect("gone behind its back");
    assert_eq!(report_of(&store).await, first);
    day_book::Entity::delete_many().exec(store.db.writer()).await.expect("gone behind its back");
    assert_ne!(report_of(&store).await, first, "what is not kept is read");
}

#[tokio::test]
async fn whatever_is_told_later_of_agents_makes_every_day_old_that_it_bears_on() {
    for told_before in 1..two_days().len() {
        let store = memory().await;
        follow(&store, two_days()[..told_before].to_vec()).await;
        // By now she seems to be there until whenever it is.
        ask(&store, &shipped(), everything()).await;
        follow(&store, two_days()).await;
        ask(&store, &shipped(), everything()).await;
    }
}

#[tokio::test]
async fn a_row_that_a_book_names_and_is_not_there_is_corruption() {
    let store = memory().await;
    follow(&store, two_days()).await;
    report_of(&store).await;
    day_card::Entity::delete_many().exec(store.db.writer()).await.expect("gone behind its back");
    let zone = store.zone(shop(0)).await.expect("a zone");
    let asked = CardsAsked {
        shop: shop(0),
        zone,
        days: sunday()..=sunday().plus(6),
        by_shift: false,
        shipped: shipped().into(),
        wanted_packs: vec![],
        as_of: moment(400 * 3_600),
        duty: vec![],
        whose: Whose::After(String::new(), 100),
    };
    assert!(matches!(store.cards(asked).await, Err(Fault::Corrupt { table: "day_card", .. })));
}
