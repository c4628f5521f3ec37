//! Alerts: raised, told, silenced, resolved, and still there after a restart.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::alert::Detail;
use fenliu_proto::analytics::v1::{AlertEvent, AlertKind, QuietReason, Remedy};
use fenliu_proto::common::v1::{Actor, Presence};
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use fenliu_runtime::clock::Clock;
use tonic::Streaming;

use crate::floor::{
    agent, asked, at, online, payload, policy, present, queued, recorded, replied, talk, waiting,
};
use crate::house::{House, SHOP, batch, conversation, refused, refused_fields};

/// Another shop.
pub(crate) const OTHER_SHOP: &str = "shp_00000000000000000000000000000002";
/// How often a condition is looked for before a test gives up.
pub(crate) const TRIES: usize = 400;

/// Lets time pass, a tick at a time.
pub(crate) async fn pass(house: &House, seconds: i64) {
    house.clock.advance_to(house.clock.now() + Span::from_secs(seconds)).await;
}

pub(crate) async fn list(house: &mut House) -> Vec<proto::Alert> {
    let request = proto::ListAlertsRequest { shop_id: SHOP.into(), ..Default::default() };
    house.alerts.list_alerts(request).await.expect("a list").into_inner().alerts
}

/// Lets time pass until the alerts are as they should be.
pub(crate) async fn until(house: &mut House, are: impl Fn(&[proto::Alert]) -> bool) -> Vec<proto::Alert> {
    for _ in 0..TRIES {
        // Nothing is known of a shop that no event has told of.
        let request = proto::ListAlertsRequest { shop_id: SHOP.into(), ..Default::default() };
        let listed = house.alerts.list_alerts(request).await.map(|list| list.into_inner().alerts);
        match listed {
            Ok(alerts) if are(&alerts) => return alerts,
            _ => pass(house, 5).await,
        }
    }
    panic!("the alerts never were as they should be: {:?}", list(house).await)
}

fn is(kind: AlertKind, open: bool) -> impl Fn(&proto::Alert) -> bool {
    move |alert| alert.kind() == kind && alert.resolved_time.is_none() == open
}

pub(crate) async fn raised(house: &mut House, kind: AlertKind) -> proto::Alert {
    let alerts = until(house, |alerts| alerts.iter().any(is(kind, true))).await;
    alerts.into_iter().find(is(kind, true)).expect("it was there")
}

async fn resolved(house: &mut House, kind: AlertKind) -> proto::Alert {
    let alerts = until(house, |alerts| !alerts.iter().any(is(kind, true))).await;
    alerts.into_iter().find(is(kind, false)).expect("it was raised")
}

async fn watch(house: &mut House, after: Option<i64>) -> Streaming<proto::WatchAlertsResponse> {
    let request =
        proto::WatchAlertsRequest { shop_id: SHOP.into(), after_position: after, include_quiet: false };
    house.alerts.watch_alerts(request).await.expect("a stream").into_inner()
}

/// The next message of a stream, while time passes.
async fn next(
    house: &House,
    stream: &mut Streaming<proto::WatchAlertsResponse>,
) -> proto::WatchAlertsResponse {
    for _ in 0..TRIES {
        tokio::select! {
            biased;
            message = stream.message() => return message.expect("no error").expect("a message"),
            () = pass(house, 5) => {}
        }
    }
    panic!("nothing was told")
}

/// The next change that is told of a kind, while time passes.
async fn told(
    house: &House,
    stream: &mut Streaming<proto::WatchAlertsResponse>,
    kind: AlertKind,
) -> proto::AlertChange {
    let of_kind =
        |change: &proto::AlertChange| change.alert.as_ref().is_some_and(|alert| alert.kind() == kind);
    loop {
        let message = next(house, stream).await;
        if let Some(change) = message.changes.into_iter().find(of_kind) {
            return change;
        }
    }
}

fn story(changes: &[proto::AlertChange]) -> Vec<(i64, AlertEvent, AlertKind)> {
    let told = |change: &proto::AlertChange| {
        (
            change.position,
            change.event(),
            change.alert.as_ref().map_or(AlertKind::Unspecified, proto::Alert::kind),
        )
    };
    changes.iter().map(told).collect()
}

/// A shop that serves from 08:00 to 23:00, with two agents who are there.
async fn open() -> House {
    let mut house = House::open().await;
    house.recorded([vec![policy()], online("lan"), online("mei")].concat()).await;
    house
}

#[tokio::test]
async fn who_waits_is_told_of_once_and_taken_back_when_served() {
    let mut house = open().await;
    let mut stream = watch(&mut house, None).await;
    let first = next(&house, &mut stream).await;
    assert_eq!((first.open.len(), first.changes.len(), first.position, first.caught_up), (0, 0, 0, true));
    house.recorded(waiting(1, 0)).await;
    house.recorded(waiting(2, 10)).await;
    let change = told(&house, &mut stream, AlertKind::QueueWaiting).await;
    assert_eq!(change.event(), AlertEvent::Raised);
    let alert = change.alert.expect("the alert");
    let both = |alert: &proto::Alert| match &alert.detail {
        Some(Detail::Queue(queue)) => queue.waiting == 2 && queue.oldest_time == Some(to_timestamp(at(0))),
        _ => false,
    };
    until(&mut house, |alerts| alerts.iter().any(both)).await;
    house.recorded([talk(1, 20, payload::assigned("lan")), talk(2, 20, payload::assigned("mei"))]).await;
    let over = resolved(&mut house, AlertKind::QueueWaiting).await;
    assert_eq!(over.number, alert.number);
    let queue = list(&mut house).await.into_iter().filter(|alert| alert.kind() == AlertKind::QueueWaiting);
    assert_eq!(queue.count(), 1, "it was raised once");
}

#[tokio::test]
async fn full_hands_are_told_of_with_what_would_help() {
    let mut house = open().await;
    house.recorded([present("mei", Presence::OnBreak, 5)]).await;
    house.recorded([asked(1, 6), talk(1, 6, payload::assigned("lan"))]).await;
    house.recorded([asked(2, 7), talk(2, 7, payload::assigned("lan"))]).await;
    let alert = raised(&mut house, AlertKind::Saturated).await;
    let Some(Detail::Saturation(full)) = alert.detail else { panic!("{alert:?}") };
    assert_eq!((full.load, full.places), (2, 2));
    let proposals: Vec<_> =
        full.proposals.iter().map(|help| (help.agent_id.as_str(), help.remedy(), help.places)).collect();
    assert_eq!(proposals, [("mei", Remedy::EndBreak, Some(2)), ("lan", Remedy::RaiseCapacity, Some(2))]);
    house.recorded([present("mei", Presence::Online, 60)]).await;
    resolved(&mut house, AlertKind::Saturated).await;
}

#[tokio::test]
async fn the_last_one_and_then_nobody_are_told_of() {
    let mut house = open().await;
    house.recorded([present("mei", Presence::Offline, 5)]).await;
    let alert = raised(&mut house, AlertKind::LastAgent).await;
    let Some(Detail::LastAgent(last)) = alert.detail else { panic!("{alert:?}") };
    assert_eq!((last.agent_id.as_str(), last.leaving), ("lan", false));
    house.recorded([agent("lan", 60, payload::winding_down(Presence::OnBreak))]).await;
    let leaving =
        |alert: &proto::Alert| matches!(&alert.detail, Some(Detail::LastAgent(last)) if last.leaving);
    until(&mut house, |alerts| alerts.iter().any(leaving)).await;
    house.recorded([present("lan", Presence::OnBreak, 70)]).await;
    let nobody = raised(&mut house, AlertKind::NobodyOnDuty).await;
    let Some(Detail::Nobody(nobody)) = nobody.detail else { panic!("{nobody:?}") };
    let helps: Vec<_> = nobody.proposals.iter().map(|help| (help.agent_id.as_str(), help.remedy())).collect();
    assert_eq!(helps, [("lan", Remedy::EndBreak), ("mei", Remedy::ComeOnline)]);
    resolved(&mut house, AlertKind::LastAgent).await;
    // The shop closes at 23:00.
    pass(&house, 3 * 3_600).await;
    resolved(&mut house, AlertKind::NobodyOnDuty).await;
}

#[tokio::test]
async fn a_turn_is_at_risk_before_its_limit_and_not_after_the_answer() {
    let mut house = open().await;
    let now = house.clock.now().since(at(0)).micros() / 1_000_000;
    house.recorded([asked(1, now), talk(1, now, payload::assigned("lan"))]).await;
    let alert = raised(&mut house, AlertKind::TurnAtRisk).await;
    assert_eq!(alert.subject, "cnv 1");
    let Some(Detail::Turn(turn)) = alert.detail else { panic!("{alert:?}") };
    assert_eq!(turn.agent_id, "lan");
    assert_eq!(turn.due_time, Some(to_timestamp(at(now + 180))));
    let raised_at = alert.raised_time.expect("it was raised").seconds - to_timestamp(at(now)).seconds;
    assert!(
        (120..=180).contains(&raised_at),
        "a minute before its limit, not {raised_at} s after it was asked"
    );
    house.recorded([replied(1, now + 150, "lan")]).await;
    resolved(&mut house, AlertKind::TurnAtRisk).await;
}

async fn silence(house: &mut House, kind: AlertKind, seconds: i64) -> proto::AlertSilence {
    let end_time = Some(to_timestamp(house.clock.now() + Span::from_secs(seconds)));
    let request = proto::SilenceAlertsRequest {
        shop_id: SHOP.into(),
        kind: kind.into(),
        end_time,
        reason: "a drill".into(),
    };
    let answer = house.alerts.silence_alerts(request).await.expect("silenced").into_inner();
    answer.silence.expect("the silence")
}

async fn silences(house: &mut House) -> Vec<proto::AlertSilence> {
    let request = proto::ListSilencesRequest { shop_id: SHOP.into() };
    house.alerts.list_silences(request).await.expect("a list").into_inner().silences
}

#[tokio::test]
async fn a_silenced_kind_is_recorded_and_told_of_when_the_silence_is_lifted() {
    let mut house = open().await;
    let kind = AlertKind::QueueWaiting;
    let silence = silence(&mut house, kind, 86_400).await;
    assert_eq!((silence.by.as_str(), silence.reason.as_str()), ("anonymous", "a drill"));
    assert_eq!(silences(&mut house).await, std::slice::from_ref(&silence));
    let mut stream = watch(&mut house, None).await;
    next(&house, &mut stream).await;
    house.recorded(waiting(1, 0)).await;
    let alert = raised(&mut house, kind).await;
    assert_eq!(alert.quiet(), QuietReason::Silenced);
    let request = proto::LiftSilenceRequest { shop_id: SHOP.into(), kind: kind.into() };
    let lifted = house.alerts.lift_silence(request.clone()).await.expect("lifted").into_inner();
    assert_eq!(lifted.silence, Some(silence));
    let again = house.alerts.lift_silence(request).await.expect("nothing to lift").into_inner();
    assert_eq!((again.silence, silences(&mut house).await), (None, vec![]));
    let change = told(&house, &mut stream, kind).await;
    assert_eq!(change.event(), AlertEvent::Updated, "the first change was not told");
}

#[tokio::test]
async fn a_silence_ends_by_itself_and_can_be_replaced() {
    let mut house = open().await;
    silence(&mut house, AlertKind::QueueWaiting, 10).await;
    let longer = silence(&mut house, AlertKind::QueueWaiting, 60).await;
    assert_eq!(silences(&mut house).await, [longer]);
    pass(&house, 60).await;
    assert_eq!(silences(&mut house).await, []);
}

#[tokio::test]
async fn after_a_restart_nothing_is_lost_and_nothing_raised_twice() {
    let mut house = open().await;
    house.recorded(waiting(1, 0)).await;
    house.recorded([present("mei", Presence::Offline, 5)]).await;
    raised(&mut house, AlertKind::LastAgent).await;
    let before = raised(&mut house, AlertKind::QueueWaiting).await;
    let mut house = house.restart().await;
    let of_staff = |alert: &&proto::Alert| alert.kind() != AlertKind::TurnAtRisk;
    let mut stream = watch(&mut house, None).await;
    let first = next(&house, &mut stream).await;
    assert_eq!(first.open.iter().filter(of_staff).count(), 2, "they are open still");
    // It has put its floors together anew, and knows the agents it never heard of itself.
    house.recorded(waiting(2, 100)).await;
    let two =
        |alert: &proto::Alert| matches!(&alert.detail, Some(Detail::Queue(queue)) if queue.waiting == 2);
    let alerts = until(&mut house, |alerts| alerts.iter().any(two)).await;
    let staff: Vec<_> = alerts.iter().filter(of_staff).collect();
    let open = staff.iter().filter(|alert| alert.resolved_time.is_none());
    assert_eq!((open.count(), staff.len()), (2, 2));
    assert_eq!(alerts.iter().find(|alert| two(alert)).map(|alert| alert.number), Some(before.number));
    house.recorded([talk(1, 120, payload::assigned("lan")), talk(2, 120, payload::assigned("lan"))]).await;
    resolved(&mut house, AlertKind::QueueWaiting).await;
}

#[tokio::test]
async fn who_was_away_goes_on_from_a_position() {
    let mut house = open().await;
    house.recorded(waiting(1, 0)).await;
    raised(&mut house, AlertKind::QueueWaiting).await;
    house.recorded([present("mei", Presence::Offline, 5)]).await;
    raised(&mut house, AlertKind::LastAgent).await;
    let mut stream = watch(&mut house, Some(0)).await;
    let all = next(&house, &mut stream).await;
    assert!(all.open.is_empty());
    let positions: Vec<_> = story(&all.changes).iter().map(|(position, ..)| *position).collect();
    assert_eq!(positions, (1..=all.position).collect::<Vec<_>>());
    assert!(
        story(&all.changes)
            .iter()
            .any(|(_, event, kind)| (*event, *kind) == (AlertEvent::Raised, AlertKind::LastAgent))
    );
    let mut later = watch(&mut house, Some(1)).await;
    let rest = next(&house, &mut later).await;
    // Time passes while one waits for a message, and may bring more changes.
    let known = all.changes.len() - 1;
    assert_eq!(rest.changes.get(..known), Some(&all.changes[1..]));
    let beyond =
        proto::WatchAlertsRequest { shop_id: SHOP.into(), after_position: Some(99), ..Default::default() };
    refused(house.alerts.watch_alerts(beyond).await, Reason::HistoryRewound);
}

#[tokio::test]
async fn what_is_too_old_is_told_of_and_says_nothing_else() {
    let mut house = open().await;
    house.recorded(waiting(1, 0)).await;
    raised(&mut house, AlertKind::QueueWaiting).await;
    house.dispatch.lose();
    let lag = raised(&mut house, AlertKind::FollowerLag).await;
    let Some(Detail::Lag(lag)) = lag.detail else { panic!("{lag:?}") };
    assert!(lag.behind_duration.expect("how old").seconds > 30);
    pass(&house, 600).await;
    let open = list(&mut house).await.into_iter().filter(|alert| alert.resolved_time.is_none());
    assert_eq!(open.count(), 2, "whoever waits may still wait");
    house.dispatch.come_back().await;
    resolved(&mut house, AlertKind::FollowerLag).await;
}

#[tokio::test]
async fn a_budget_that_burns_is_told_of() {
    let mut house = open().await;
    let missed = (0..6).flat_map(|number| conversation(&format!("late {number}"), 200 + number, None));
    house.import(vec![batch(missed.collect())]).await.expect("imported");
    let alert = raised(&mut house, AlertKind::BudgetBurn).await;
    let Some(Detail::Burn(burn)) = alert.detail else { panic!("{alert:?}") };
    assert_eq!((burn.long_counted, burn.long_missed, burn.target_basis_points), (6, 6, 8_500));
    assert!(["fast", "slow"].contains(&alert.subject.as_str()));
}

#[tokio::test]
async fn what_a_bad_day_brings_is_told_of() {
    let mut house = House::open().await;
    let day = 86_400;
    let missed = (0..6).flat_map(|number| conversation(&format!("late {number}"), day + number, None));
    house.import(vec![batch(missed.collect())]).await.expect("imported");
    house.recorded([policy()]).await;
    let alert = raised(&mut house, AlertKind::StandingChanged).await;
    let Some(Detail::Standing(standing)) = alert.detail else { panic!("{alert:?}") };
    assert_eq!(standing.began_date, "2026-05-04");
    assert!(["restricted", "resource_slot"].contains(&alert.subject.as_str()));
}

#[tokio::test]
async fn alerts_are_listed_page_by_page_the_last_one_first() {
    let mut house = open().await;
    let now = house.clock.now().since(at(0)).micros() / 1_000_000;
    for number in 1..=3 {
        house.recorded([asked(number, now), talk(number, now, payload::assigned("lan"))]).await;
    }
    until(&mut house, |alerts| {
        alerts.iter().filter(|alert| is(AlertKind::TurnAtRisk, true)(alert)).count() == 3
    })
    .await;
    let mut request = proto::ListAlertsRequest {
        shop_id: SHOP.into(),
        kinds: vec![AlertKind::TurnAtRisk.into()],
        page_size: 2,
        ..Default::default()
    };
    let first = house.alerts.list_alerts(request.clone()).await.expect("a page").into_inner();
    request.page_token.clone_from(&first.next_page_token);
    let second = house.alerts.list_alerts(request.clone()).await.expect("a page").into_inner();
    let numbers: Vec<_> = first.alerts.iter().chain(&second.alerts).map(|alert| alert.number).collect();
    assert_eq!((first.alerts.len(), second.alerts.len(), second.next_page_token.as_str()), (2, 1, ""));
    assert!(numbers.is_sorted_by(|one, other| one > other), "{numbers:?}");
    let other_filter = proto::ListAlertsRequest { open_only: true, ..request.clone() };
    let other_shop = proto::ListAlertsRequest { shop_id: OTHER_SHOP.into(), ..request };
    for request in [other_filter, other_shop] {
        refused(house.alerts.list_alerts(request).await, Reason::PageTokenInvalid);
    }
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_by_field() {
    let mut house = open().await;
    let past = proto::SilenceAlertsRequest {
        shop_id: SHOP.into(),
        kind: AlertKind::LastAgent.into(),
        end_time: Some(to_timestamp(house.clock.now())),
        reason: "a drill".into(),
    };
    let too_long = Some(to_timestamp(house.clock.now() + Span::from_hours(31 * 24 + 1)));
    let far = proto::SilenceAlertsRequest { end_time: too_long, ..past.clone() };
    let no_kind = proto::SilenceAlertsRequest { kind: 0, ..past.clone() };
    let no_reason = proto::SilenceAlertsRequest { reason: String::new(), ..past.clone() };
    for (request, field) in [(past, "end_time"), (far, "end_time"), (no_kind, "kind"), (no_reason, "reason")]
    {
        refused_fields(house.alerts.silence_alerts(request).await, Reason::InvalidRequest, &[field]);
    }
    let lift = proto::LiftSilenceRequest { shop_id: SHOP.into(), kind: 99 };
    refused_fields(house.alerts.lift_silence(lift).await, Reason::InvalidRequest, &["kind"]);
}

#[tokio::test]
async fn a_shop_nobody_knows_has_no_alerts() {
    let mut house = House::open().await;
    let list = proto::ListAlertsRequest { shop_id: SHOP.into(), ..Default::default() };
    refused(house.alerts.list_alerts(list).await, Reason::ShopNotFound);
    for after_position in [None, Some(0)] {
        let watch = proto::WatchAlertsRequest { shop_id: SHOP.into(), after_position, ..Default::default() };
        refused(house.alerts.watch_alerts(watch).await, Reason::ShopNotFound);
    }
    let silences = proto::ListSilencesRequest { shop_id: SHOP.into() };
    refused(house.alerts.list_silences(silences).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn what_was_recorded_out_of_service_hours_is_no_alert() {
    let mut house = open().await;
    let reply = history::ReplySent {
        message_id: "hello".into(),
        actor: Actor::AutoReply.into(),
        small_talk: true,
        ..Default::default()
    };
    pass(&house, 4 * 3_600).await;
    let night = 4 * 3_600;
    house.recorded([asked(1, night), queued(1, night), talk(1, night, Payload::ReplySent(reply))]).await;
    house.recorded([recorded("cnv 2", night, payload::opened("night owl"))]).await;
    pass(&house, 600).await;
    assert_eq!(list(&mut house).await, []);
}
