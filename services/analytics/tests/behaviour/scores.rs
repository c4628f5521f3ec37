//! Scores: who answered how fast and how well, told to whoever watches.

use std::time::Duration;

use fenliu_domain::ids::{AgentId, ConversationId, EventId, ShopId};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use fenliu_runtime::clock::Clock;
use tonic::Streaming;

use crate::house::{House, SHOP, START, batch, before_start, event, opened, refused, replied};

/// From one round to the next.
const ROUND: Span = Span::from_mins(5);
/// How long a message may take by the wall once its round is over.
const PATIENCE: Duration = Duration::from_millis(500);
/// Days after which scores forget.
const FIRST_DAY: Span = Span::from_hours(13 * 24);

const LAN: AgentId = AgentId::from_bits(1);
const MEI: AgentId = AgentId::from_bits(2);
const NEW: AgentId = AgentId::from_bits(3);

/// Writes a history of one shop.
struct Author {
    shop: ShopId,
    events: Vec<history::Event>,
    number: u128,
}

impl Author {
    fn of(shop: u128) -> Self {
        Self { shop: ShopId::from_bits(shop), events: Vec::new(), number: shop << 64 }
    }

    fn note(&mut self, at: Timestamp, conversation: Option<u128>, payload: Payload) {
        self.number += 1;
        let conversation = conversation.map(|number| ConversationId::from_bits(number).to_string());
        self.events.push(history::Event {
            shop_id: self.shop.to_string(),
            event_id: EventId::from_bits(self.number).to_string(),
            conversation_id: conversation.unwrap_or_default(),
            occurred_time: Some(to_timestamp(at)),
            recorded_time: Some(to_timestamp(at)),
            payload: Some(payload),
            ..Default::default()
        });
    }

    /// The shop and its people.
    fn found(mut self, at: Timestamp, agents: &[AgentId]) -> Self {
        let policy = history::Policy { time_zone: "Asia/Shanghai".into(), ..Default::default() };
        self.note(at, None, Payload::PolicyChanged(history::PolicyChanged { policy: Some(policy) }));
        for agent in agents {
            let entry = history::AgentSynced {
                agent_id: agent.to_string(),
                display_name: "somebody".into(),
                capacity_ceiling: 4,
                capacity_default: 4,
                enabled: true,
                weight: 1,
                ..Default::default()
            };
            self.note(at, None, Payload::AgentSynced(entry));
        }
        self
    }

    /// So many conversations that an agent answers after some seconds, and whose buyers give so many stars.
    fn served(mut self, from: Timestamp, agent: AgentId, (count, seconds): (u128, i64), stars: u32) -> Self {
        for number in 0..count {
            let conversation = Some(self.number);
            let at = from + Span::from_secs(i64::try_from(number).expect("few") * 10);
            let opening = history::ConversationOpened {
                buyer_id: format!("buyer {number} of {agent}"),
                priority: 100,
                ..Default::default()
            };
            self.note(at, conversation, Payload::ConversationOpened(opening));
            let message = history::MessageReceived { message_id: "m".into(), ..Default::default() };
            self.note(at, conversation, Payload::MessageReceived(message));
            let assigned = history::Assigned {
                agent_id: agent.to_string(),
                reason: history::AssignReason::Strategy.into(),
                ring: 1,
                ..Default::default()
            };
            self.note(at, conversation, Payload::Assigned(assigned));
            let later = at + Span::from_secs(seconds);
            let reply = history::ReplySent {
                message_id: "r".into(),
                actor: Actor::Human.into(),
                agent_id: agent.to_string(),
                ..Default::default()
            };
            self.note(later, conversation, Payload::ReplySent(reply));
            let rated = history::Rated { agent_id: agent.to_string(), stars };
            self.note(later, conversation, Payload::Rated(rated));
        }
        self
    }
}

type Watching = Streaming<proto::WatchScoresResponse>;

async fn watch(house: &mut House, shop: &str) -> Watching {
    let request = proto::WatchScoresRequest { shop_id: shop.into() };
    house.scorecards.watch_scores(request).await.expect("a stream").into_inner()
}

async fn message(stream: &mut Watching) -> proto::WatchScoresResponse {
    stream.message().await.expect("no fault").expect("a message")
}

/// The next message, however many rounds it takes.
async fn told(house: &House, stream: &mut Watching) -> proto::WatchScoresResponse {
    for _ in 0..50 {
        house.clock.advance_to(house.clock.now() + ROUND).await;
        if let Ok(message) = tokio::time::timeout(PATIENCE, message(stream)).await {
            return message;
        }
    }
    panic!("nobody is told of any score");
}

/// Whether nothing comes with the next round.
async fn is_quiet(house: &House, stream: &mut Watching) -> bool {
    house.clock.advance_to(house.clock.now() + ROUND).await;
    tokio::time::timeout(PATIENCE, message(stream)).await.is_err()
}

/// Who has which speed and quality.
fn known(message: &proto::WatchScoresResponse) -> Vec<(AgentId, u32, u32)> {
    let agent = |score: &proto::AgentScore| score.agent_id.parse().expect("an id");
    message.scores.iter().map(|score| (agent(score), score.speed_permille, score.quality_permille)).collect()
}

/// Checks speeds to 2 %, which is what response times are kept to, and qualities.
#[track_caller]
fn expect(message: &proto::WatchScoresResponse, expected: &[(AgentId, u32, u32)]) {
    let known = known(message);
    assert_eq!(known.len(), expected.len(), "{known:?}");
    for ((agent, speed, quality), wanted) in known.iter().zip(expected) {
        assert_eq!((*agent, *quality), (wanted.0, wanted.2), "{known:?}");
        assert!(speed.abs_diff(wanted.1) * 50 <= wanted.1, "{known:?} is not {expected:?}");
    }
}

/// Lan answers ten buyers in ten seconds each, Mei ten in ninety, who are content with two stars; nobody asked the new one.
fn two_of_a_kind(from: Timestamp) -> Vec<history::Event> {
    let author = Author::of(1).found(from, &[LAN, MEI, NEW]);
    author.served(from, LAN, (10, 10), 5).served(from, MEI, (10, 90), 2).events
}

/// 10 ÷ (10 + 20) of the way from the shop's thirty seconds to their own, and from its 50 % dissatisfied.
const OF_A_KIND: [(AgentId, u32, u32); 3] = [(LAN, 1_442, 1_167), (MEI, 693, 833), (NEW, 1_000, 1_000)];

#[tokio::test]
async fn watchers_hear_of_everybody_and_then_of_what_is_news() {
    let mut house = House::open().await;
    let mut stream = watch(&mut house, "").await;
    let first = message(&mut stream).await;
    assert_eq!((first.scores.len(), first.caught_up), (0, true));

    house.recorded(two_of_a_kind(before_start(3_600))).await;
    let scores = told(&house, &mut stream).await;
    expect(&scores, &OF_A_KIND);
    assert!(scores.caught_up);
    assert!(scores.scores.iter().all(|score| score.shop_id == SHOP));
    assert!(is_quiet(&house, &mut stream).await, "nothing is new");

    // One more answer moves nobody by a twentieth; twenty good ones do.
    let mut author = Author::of(1);
    author.number += 1_000;
    let author = author.served(house.clock.now(), MEI, (1, 60), 2);
    let (after, number) = (house.clock.now(), author.number);
    house.recorded(author.events).await;
    assert!(is_quiet(&house, &mut stream).await, "that is noise");
    let author = Author { number, ..Author::of(1) };
    house.recorded(author.served(after, MEI, (20, 10), 5).events).await;
    let scores = told(&house, &mut stream).await;
    let changed: Vec<_> = known(&scores).into_iter().map(|(agent, ..)| agent).collect();
    assert_eq!(changed, [LAN, MEI], "the shop is quicker, and so is she");

    let mut again = watch(&mut house, "").await;
    let known_by_then: Vec<_> = known(&message(&mut again).await);
    assert_eq!(known_by_then.len(), 3, "a new stream begins with all of them");
}

#[tokio::test]
async fn one_shop_hears_of_its_own_agents_only() {
    let mut house = House::open().await;
    let (from, other) = (before_start(3_600), ShopId::from_bits(2).to_string());
    let mut events = two_of_a_kind(from);
    events.extend(Author::of(2).found(from, &[NEW]).served(from, NEW, (5, 20), 5).events);
    house.recorded(events).await;
    let mut stream = watch(&mut house, &other).await;
    assert_eq!(message(&mut stream).await.scores, []);
    let scores = told(&house, &mut stream).await;
    assert_eq!(known(&scores), [(NEW, 1_000, 1_000)], "alone in a shop, everybody is as the shop");
    let mut stream = watch(&mut house, SHOP).await;
    expect(&message(&mut stream).await, &OF_A_KIND);
    let nowhere = proto::WatchScoresRequest { shop_id: ShopId::from_bits(9).to_string() };
    refused(house.scorecards.watch_scores(nowhere).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn what_was_imported_or_lies_back_fourteen_days_counts_no_more() {
    let mut house = House::open().await;
    let slow = |number: i64| {
        let (key, at) = (format!("c{number}"), before_start(3_000 + number * 10));
        let later = at + Span::from_mins(10);
        let asked = crate::house::asked();
        [
            event(&key, 0, at, opened("b")),
            event(&key, 1, at, asked),
            event(&key, 2, later, replied(&LAN.to_string())),
        ]
    };
    house.import(vec![batch((0..30).flat_map(slow).collect())]).await.expect("imported");
    // The first of the days scores are made of ends in four hours: it is eight in the evening.
    house.recorded(two_of_a_kind(START - FIRST_DAY)).await;
    let mut stream = watch(&mut house, "").await;
    message(&mut stream).await;
    expect(&told(&house, &mut stream).await, &OF_A_KIND);
    house.clock.advance_to(START + Span::from_hours(3)).await;
    assert!(is_quiet(&house, &mut stream).await, "it is still that day");
    house.clock.advance_to(START + Span::from_hours(4)).await;
    let scores = told(&house, &mut stream).await;
    assert_eq!(known(&scores), [(LAN, 1_000, 1_000), (MEI, 1_000, 1_000)]);
}
