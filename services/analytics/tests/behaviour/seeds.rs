//! What the marketplaces' pages say in a sentence each, asked of the service.

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::common::v1::Actor;

use crate::house::{House, SHOP, asked, batch, before_start, event, opened, rate, replied};

const HUMAN_RATE: &str = "pinduoduo-3min-human";
const GENERAL_RATE: &str = "pinduoduo-reply-rate";

/// A buyer who asks so many hours before 20:00, and what follows after so many seconds.
fn buyer(name: &str, hours_before: i64, then: &[(i64, Payload)]) -> Vec<proto::ImportedEvent> {
    let at = before_start(hours_before * 3_600);
    let mut events = vec![event(name, 0, at, opened(name)), event(name, 1, at, asked())];
    let rest = (2..).zip(then);
    events.extend(rest.map(|(n, (after, what))| event(name, n, at + Span::from_secs(*after), what.clone())));
    events
}

fn answered_by(actor: Actor) -> Payload {
    Payload::Reply(proto::ImportedReply { actor: actor.into(), ..Default::default() })
}

/// Of today's buyers: those in time, all that count, those left out for the hour.
async fn today(house: &mut House, pack: &str) -> (u64, u64, u64) {
    let day = "2026-05-04".to_owned();
    let request = proto::GetReplyRateRequest { start_date: day.clone(), end_date: day, ..rate(pack) };
    let total = house.rates.get_reply_rate(request).await.expect("a rate").into_inner().total;
    let total = total.expect("a total");
    (total.within_limit, total.counted, total.excluded_outside_window)
}

async fn with(events: Vec<Vec<proto::ImportedEvent>>) -> House {
    let mut house = House::open().await;
    house.import(vec![batch(events.concat())]).await.expect("imported");
    house
}

#[tokio::test]
async fn only_08_00_to_23_00_counts() {
    // 20:00 less 13 hours is 07:00, less 12 is 08:00.
    let mut house = with(vec![buyer("early", 13, &[]), buyer("first", 12, &[(60, replied("lan"))])]).await;
    for pack in [HUMAN_RATE, GENERAL_RATE] {
        assert_eq!(today(&mut house, pack).await, (1, 1, 1), "{pack}");
    }
}

#[tokio::test]
async fn robot_and_human_count_but_canned_auto_replies_do_not() {
    let mut house = with(vec![
        buyer("by a person", 4, &[(60, replied("lan"))]),
        buyer("by a robot", 4, &[(60, answered_by(Actor::FullRobot))]),
        buyer("by a canned reply", 4, &[(1, answered_by(Actor::AutoReply))]),
    ])
    .await;
    assert_eq!(today(&mut house, GENERAL_RATE).await, (2, 3, 0));
}

#[tokio::test]
async fn only_humans_count_for_the_human_rate() {
    let mut house = with(vec![
        buyer("by a person", 4, &[(60, replied("lan"))]),
        buyer("by a robot", 4, &[(1, answered_by(Actor::FullRobot))]),
        buyer("by an assistant", 4, &[(1, answered_by(Actor::AssistRobot))]),
    ])
    .await;
    assert_eq!(today(&mut house, HUMAN_RATE).await, (1, 3, 0));
}

#[tokio::test]
async fn an_advertisement_unanswered_is_a_miss() {
    let reported = Payload::Marked(proto::ImportedMark { mark: proto::Mark::Reported.into() });
    let mut house = with(vec![
        buyer("answered", 4, &[(20, reported.clone()), (60, replied("lan"))]),
        buyer("unanswered", 4, &[(20, reported)]),
    ])
    .await;
    for pack in [HUMAN_RATE, GENERAL_RATE] {
        assert_eq!(today(&mut house, pack).await, (1, 2, 0), "{pack}");
    }
}

#[tokio::test]
async fn a_buyer_answered_well_once_and_late_later_is_a_miss() {
    let again = [(20, replied("lan")), (3_600, asked()), (3_600 + 181, replied("lan"))];
    let mut house = with(vec![buyer("twice", 4, &again)]).await;
    assert_eq!(today(&mut house, HUMAN_RATE).await, (0, 1, 0));
    // An hour is enough for both answers.
    assert_eq!(today(&mut house, GENERAL_RATE).await, (1, 1, 0));
}

#[tokio::test]
async fn todays_unanswered_number_equals_the_list_behind_it_page_by_page() {
    let silent = (0..7).map(|n| buyer(&format!("silent {n}"), 4, &[]));
    let late = (0..3).map(|n| buyer(&format!("late {n}"), 4, &[(600, replied("lan"))]));
    let quick = (0..5).map(|n| buyer(&format!("quick {n}"), 4, &[(10, replied("lan"))]));
    let mut house = with(silent.chain(late).chain(quick).collect()).await;
    let day = "2026-05-04".to_owned();
    let request =
        proto::GetReplyRateRequest { start_date: day.clone(), end_date: day.clone(), ..rate(HUMAN_RATE) };
    let total = house.rates.get_reply_rate(request).await.expect("a rate").into_inner().total;
    let total = total.expect("a total");
    assert_eq!((total.missed_unanswered, total.missed), (7, 10));
    let mut request = proto::ListMissesRequest {
        shop_id: SHOP.into(),
        pack: Some(proto::list_misses_request::Pack::RulePackId(HUMAN_RATE.into())),
        start_date: day.clone(),
        end_date: day,
        page_size: 3,
        ..Default::default()
    };
    let (mut unanswered, mut listed) = (Vec::new(), 0);
    loop {
        let page = house.rates.list_misses(request.clone()).await.expect("a page").into_inner();
        assert_eq!(page.total_size, total.missed);
        listed += page.misses.len() as u64;
        let open = page.misses.into_iter().filter(|miss| miss.reply_time.is_none());
        unanswered.extend(open.map(|miss| miss.buyer_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    unanswered.sort_unstable();
    unanswered.dedup();
    assert_eq!((unanswered.len() as u64, listed), (total.missed_unanswered, total.missed));
}
