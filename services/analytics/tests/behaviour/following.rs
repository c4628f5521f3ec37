//! The history, through whatever happens to dispatch.

use fenliu_domain::ids::EventId;
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1 as proto;
use fenliu_proto::history::v1::event::Payload;

use crate::house::{House, SHOP, batch, before_start, conversation};

/// The shop's policy, in Shanghai.
pub(crate) fn policy() -> proto::Event {
    let policy = proto::Policy { time_zone: "Asia/Shanghai".into(), ..Default::default() };
    event("policy", "", 7_200, Payload::PolicyChanged(proto::PolicyChanged { policy: Some(policy) }))
}

/// The id of the event a test calls so: the bytes of its name, of which 16 tell it from all others.
pub(crate) fn event_id(name: &str) -> String {
    let bits = name.bytes().fold(0_u128, |bits, byte| (bits << 8) | u128::from(byte));
    EventId::from_bits(bits).to_string()
}

pub(crate) fn event(id: &str, conversation: &str, before: i64, payload: Payload) -> proto::Event {
    let at = Some(to_timestamp(before_start(before)));
    proto::Event {
        shop_id: SHOP.into(),
        event_id: event_id(id),
        conversation_id: conversation.into(),
        occurred_time: at,
        recorded_time: at,
        payload: Some(payload),
        ..Default::default()
    }
}

/// A conversation that is opened, assigned and answered after so many seconds.
fn talk(number: i64, answered_after: i64) -> Vec<proto::Event> {
    let (key, asked) = (format!("cnv {number}"), 3_600 - number);
    let opened =
        proto::ConversationOpened { buyer_id: format!("b{number}"), priority: 100, ..Default::default() };
    let message_id = format!("msg {number}");
    let message = proto::MessageReceived { message_id: message_id.clone(), ..Default::default() };
    let assigned = proto::Assigned { agent_id: "agt lan".into(), ..Default::default() };
    let agent_id = "agt lan".into();
    let reply = proto::ReplySent { message_id, actor: Actor::Human.into(), agent_id, ..Default::default() };
    [
        (asked, Payload::ConversationOpened(opened)),
        (asked, Payload::MessageReceived(message)),
        (asked, Payload::Assigned(assigned)),
        (asked - answered_after, Payload::ReplySent(reply)),
    ]
    .into_iter()
    .enumerate()
    .map(|(step, (before, payload))| event(&format!("evt {number}/{step}"), &key, before, payload))
    .collect()
}

async fn counted(house: &mut House) -> (u64, u64) {
    let total = house.rate("taobao-3min").await.total.expect("a total");
    (total.within_limit, total.counted)
}

#[tokio::test]
async fn the_history_becomes_rates() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    house.dispatch.record(talk(1, 10));
    let last = house.dispatch.record(talk(2, 181));
    house.caught_up(last).await;
    let answer = house.rate("taobao-3min").await;
    assert_eq!(answer.position, last);
    let total = answer.total.expect("a total");
    assert_eq!((total.within_limit, total.counted), (1, 2));
    assert_eq!(answer.agents[0].agent, "agt lan");
    assert_eq!(
        answer.agents[0].wait_sum_duration,
        Some(fenliu_proto::convert::to_span(Span::from_secs(191)))
    );
}

#[tokio::test]
async fn while_dispatch_is_away_rates_are_answered_and_nothing_is_counted_twice() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    let last = house.dispatch.record(talk(1, 10));
    house.caught_up(last).await;
    for round in 2..5 {
        house.dispatch.lose();
        let missing = house.dispatch.record(talk(round, 10));
        assert_eq!(counted(&mut house).await.1, u64::try_from(round - 1).expect("positive"));
        house.dispatch.come_back().await;
        house.caught_up(missing).await;
    }
    assert_eq!(counted(&mut house).await, (4, 4));
}

#[tokio::test]
async fn another_process_goes_on_where_the_last_one_stopped() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    let half = &talk(1, 10)[..2];
    let last = house.dispatch.record(half.to_vec());
    house.caught_up(last).await;
    let mut house = house.restart().await;
    let last = house.dispatch.record(talk(1, 10)[2..].to_vec());
    house.caught_up(last).await;
    assert_eq!(counted(&mut house).await, (1, 1));
}

#[tokio::test]
async fn a_history_restored_from_a_backup_is_worked_in_anew_and_imports_stay() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    house.dispatch.record(talk(1, 10));
    let last = house.dispatch.record(talk(2, 200));
    house.caught_up(last).await;
    house.import(vec![batch(conversation("imported", 900, Some(5)))]).await.expect("imported");
    assert_eq!(counted(&mut house).await, (2, 3));
    house.dispatch.lose();
    house.dispatch.restore();
    let mut restored = policy();
    restored.event_id = event_id("another policy");
    house.dispatch.record([restored]);
    let shorter = house.dispatch.record(talk(9, 200));
    house.dispatch.come_back().await;
    while house.rate("taobao-3min").await.position != shorter {
        house.clock.advance_to(fenliu_runtime::clock::Clock::now(&house.clock) + Span::from_secs(1)).await;
    }
    assert_eq!(counted(&mut house).await, (1, 2));
}

/// Misses of the conversation "cnv 1": each by its agent, and how long that agent and further ones had it.
async fn blamed(house: &mut House) -> Vec<(String, i64, i64)> {
    let pack = Some(fenliu_proto::analytics::v1::list_misses_request::Pack::RulePackId("taobao-3min".into()));
    let request =
        fenliu_proto::analytics::v1::ListMissesRequest { shop_id: SHOP.into(), pack, ..Default::default() };
    let misses = house.rates.list_misses(request).await.expect("misses").into_inner().misses;
    let seconds = |span: Option<prost_types::Duration>| span.map_or(0, |span| span.seconds);
    let blamed = |miss: fenliu_proto::analytics::v1::Miss| {
        let blame = miss.blame.unwrap_or_default();
        (miss.agent, seconds(blame.with_agent_duration), seconds(blame.after_transfer_duration))
    };
    misses.into_iter().map(blamed).collect()
}

fn handed(id: &str, before: i64, agent: &str, previous: &str) -> proto::Event {
    let (agent_id, previous_agent_id) = (agent.into(), previous.into());
    let assigned = proto::Assigned { agent_id, previous_agent_id, ..Default::default() };
    event(id, "cnv 1", before, Payload::Assigned(assigned))
}

fn said(id: &str, before: i64, agent: Option<&str>) -> proto::Event {
    let message_id = id.to_owned();
    let payload = match agent {
        None => Payload::MessageReceived(proto::MessageReceived { message_id, ..Default::default() }),
        Some(agent) => Payload::ReplySent(proto::ReplySent {
            message_id,
            actor: Actor::Human.into(),
            agent_id: agent.into(),
            ..Default::default()
        }),
    };
    event(id, "cnv 1", before, payload)
}

#[tokio::test]
async fn a_miss_is_not_blamed_on_an_agent_who_had_gone() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    house.dispatch.record(talk(1, 10));
    // The channel says it was asked three seconds before it came; lan had gone, so that mei got it at once.
    let mut asked = said("msg 2", 2_003, None);
    asked.recorded_time = Some(to_timestamp(before_start(2_000)));
    let moved = handed("evt moved", 2_000, "agt mei", "agt lan");
    let last = house.dispatch.record([asked, moved, said("msg 3", 1_800, Some("agt mei"))]);
    house.caught_up(last).await;
    assert_eq!(blamed(&mut house).await, [("agt mei".to_owned(), 203, 0)]);
}

#[tokio::test]
async fn a_question_given_away_stays_the_miss_of_who_gave_it() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    house.dispatch.record(talk(1, 10));
    let given = event("evt given", "cnv 1", 2_000, Payload::Transferred(proto::Transferred::default()));
    let asked = said("msg 2", 2_000, None);
    let moved = handed("evt moved", 2_000, "agt mei", "agt lan");
    let last = house.dispatch.record([asked, given, moved, said("msg 3", 1_800, Some("agt mei"))]);
    house.caught_up(last).await;
    assert_eq!(blamed(&mut house).await, [("agt lan".to_owned(), 0, 200)]);
}

#[tokio::test]
async fn who_closed_a_conversation_does_not_bear_what_is_asked_after() {
    let mut house = House::open().await;
    house.dispatch.record([policy()]);
    house.dispatch.record(talk(1, 10));
    let closed = event("evt closed", "cnv 1", 3_000, Payload::Closed(proto::Closed::default()));
    let opened = Payload::ConversationOpened(proto::ConversationOpened {
        buyer_id: "b1".into(),
        priority: 100,
        ..Default::default()
    });
    let opened = event("evt again", "cnv 1", 2_900, opened);
    let moved = handed("evt moved", 2_900, "agt mei", "");
    let answer = said("msg 3", 2_700, Some("agt mei"));
    let last = house.dispatch.record([closed, opened, said("msg 2", 2_900, None), moved, answer]);
    house.caught_up(last).await;
    assert_eq!(blamed(&mut house).await, [("agt mei".to_owned(), 200, 0)]);
}
