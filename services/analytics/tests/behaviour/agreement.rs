//! The service agrees with a judge of the tests that has no line in common with it: one loop over what happened, no facts, no
//! store. Random conversations reach the service both ways, as imports and as the history of dispatch.

use fenliu_domain::exchange::{Happening, Mark, What};
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{Parts, RulePack, naive, naive::stories};
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload as Imported;
use fenliu_proto::common::v1::Actor as ProtoActor;
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::history::v1 as history;
use fenliu_proto::history::v1::event::Payload;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::following::{event_id, policy};
use crate::house::House;

/// Random histories for each way in.
const CASES: u32 = 40;
/// Most misses of a page.
const PAGE: i32 = 3;

/// A random history, and the moment it is judged as of.
struct Case {
    shop: String,
    number: u32,
    stories: Vec<Vec<Happening>>,
    as_of: i64,
}

fn cases(first: u32) -> Vec<Case> {
    // A new seed each time; a case that fails is printed whole.
    let mut runner = TestRunner::default();
    let case = |number| {
        let tree = stories::any_stories().new_tree(&mut runner).expect("a history");
        let (stories, as_of) = tree.current();
        Case { shop: format!("shp_{number:032x}"), number, stories, as_of }
    };
    (first..first + CASES).map(case).collect()
}

const fn spoken(actor: Actor) -> ProtoActor {
    match actor {
        Actor::Human => ProtoActor::Human,
        Actor::AssistRobot => ProtoActor::AssistRobot,
        Actor::FullRobot => ProtoActor::FullRobot,
        Actor::AutoReply => ProtoActor::AutoReply,
        Actor::FaqCard => ProtoActor::FaqCard,
    }
}

/// What another system can report of it; `None` when there is no record for it.
fn imported(what: &What) -> Option<Imported> {
    Some(match what.clone() {
        What::Opened { buyer, group, vip } => {
            Imported::Opened(proto::ImportedOpening { buyer_id: buyer, group, vip, with_robot: false })
        }
        What::Asked { .. } => Imported::Message(proto::ImportedMessage::default()),
        What::Replied { actor, agent, small_talk, .. } => {
            Imported::Reply(proto::ImportedReply { actor: spoken(actor).into(), agent, small_talk })
        }
        What::Assigned { agent } => {
            Imported::Assigned(proto::ImportedAssignment { agent, nobody_on_duty: false })
        }
        What::Closed { abandoned } => Imported::Closed(proto::ImportedClosing { abandoned }),
        What::Marked(mark) => {
            let mark = match mark {
                Mark::Blocked => proto::Mark::Blocked,
                Mark::Reported => proto::Mark::Reported,
                Mark::ShopInitiated => proto::Mark::ShopInitiated,
                Mark::HolidayMode => proto::Mark::HolidayMode,
            };
            Imported::Marked(proto::ImportedMark { mark: mark.into() })
        }
        _ => return None,
    })
}

/// What dispatch records of it; `None` when it records no such thing.
fn recorded(what: &What) -> Option<Payload> {
    Some(match what.clone() {
        What::Opened { buyer, group, .. } => Payload::ConversationOpened(history::ConversationOpened {
            buyer_id: buyer,
            group,
            priority: 100,
            ..Default::default()
        }),
        What::Asked { message } => {
            Payload::MessageReceived(history::MessageReceived { message_id: message, ..Default::default() })
        }
        What::Replied { message, actor, agent, small_talk } => Payload::ReplySent(history::ReplySent {
            message_id: message,
            actor: spoken(actor).into(),
            agent_id: agent,
            small_talk,
            ..Default::default()
        }),
        What::Assigned { agent } => {
            Payload::Assigned(history::Assigned { agent_id: agent, ..Default::default() })
        }
        What::Queued { nobody_on_duty } => {
            let reason = if nobody_on_duty {
                history::QueueReason::NobodyOnDuty
            } else {
                history::QueueReason::AllSaturated
            };
            Payload::Queued(history::Queued { reason: reason.into(), ..Default::default() })
        }
        What::HandedToHuman => Payload::HandedToHuman(history::HandedToHuman::default()),
        What::Transferred => Payload::Transferred(history::Transferred::default()),
        What::LeftQueue { abandoned } => {
            let reason = if abandoned {
                history::QueueLeaveReason::Abandoned
            } else {
                history::QueueLeaveReason::Closed
            };
            Payload::QueueLeft(history::QueueLeft { reason: reason.into(), ..Default::default() })
        }
        What::Closed { abandoned } => Payload::Closed(history::Closed {
            by: history::CloseActor::Buyer.into(),
            reply_owed: abandoned,
            ..Default::default()
        }),
        What::Marked(Mark::Reported) => Payload::Reported(history::Reported::default()),
        What::Rated { stars } => {
            Payload::Rated(history::Rated { agent_id: String::new(), stars: stars.into() })
        }
        _ => return None,
    })
}

impl Case {
    /// The same without what does not come through.
    fn keeping(mut self, comes_through: impl Fn(&What) -> bool) -> Self {
        self.stories.iter_mut().for_each(|story| story.retain(|happening| comes_through(&happening.what)));
        self
    }

    fn to_import(&self) -> proto::ImportEventsRequest {
        let mut events = Vec::new();
        for (conversation, story) in self.stories.iter().enumerate() {
            for (order, happening) in (0_u32..).zip(story) {
                events.push(proto::ImportedEvent {
                    record_id: format!("{conversation}/{order}"),
                    conversation: conversation.to_string(),
                    occurred_time: Some(to_timestamp(happening.at)),
                    order,
                    payload: imported(&happening.what),
                    recorded_time: None,
                });
            }
        }
        proto::ImportEventsRequest {
            shop_id: self.shop.clone(),
            source: "stories".into(),
            time_zone: naive::ZONE.into(),
            events,
            orders: Vec::new(),
        }
    }

    fn to_record(&self) -> Vec<history::Event> {
        let event = |id: String, conversation_id: String, at: Timestamp, payload| history::Event {
            shop_id: self.shop.clone(),
            event_id: event_id(&format!("{}/{id}", self.number)),
            conversation_id,
            occurred_time: Some(to_timestamp(at)),
            recorded_time: Some(to_timestamp(at)),
            payload: Some(payload),
            ..Default::default()
        };
        let zone = history::Policy { time_zone: naive::ZONE.into(), ..Default::default() };
        let zone = Payload::PolicyChanged(history::PolicyChanged { policy: Some(zone) });
        let start = Timestamp::from_micros_clamped(stories::FRIDAY);
        let mut events = vec![event("policy".into(), String::new(), start, zone)];
        for (conversation, story) in self.stories.iter().enumerate() {
            for (order, happening) in story.iter().enumerate() {
                let Some(payload) = recorded(&happening.what) else { continue };
                let id = format!("{conversation}/{order}");
                let key = format!("{} {conversation}", self.number);
                events.push(event(id, key, happening.at, payload));
            }
        }
        events
    }

    /// What the service makes of it is what the naive judge does, under this pack.
    async fn check(&self, house: &mut House, pack: &RulePack) {
        let expected = naive::count(pack, self.as_of, &self.stories);
        let as_of_time = Some(to_timestamp(Timestamp::from_micros_clamped(self.as_of)));
        let request = proto::GetReplyRateRequest {
            shop_id: self.shop.clone(),
            pack: Some(proto::get_reply_rate_request::Pack::RulePackId(pack.id.clone())),
            as_of_time,
            ..Default::default()
        };
        let answer = house.rates.get_reply_rate(request).await.expect("a rate").into_inner();
        let about = format!("{} as of {}: {:#?}", pack.id, self.as_of, self.stories);
        let days = |days: &[proto::DayRate]| -> Vec<_> {
            let parts = |day: &proto::DayRate| told(day.parts.as_ref().expect("its counts"));
            days.iter().map(|day| (day.date.clone(), parts(day))).collect()
        };
        let counted = |parts: &Parts| (counts(parts), pack.mean(parts).map(to_span));
        let judged: Vec<_> =
            expected.days.iter().map(|(day, parts)| (day.to_string(), counted(parts))).collect();
        assert_eq!(days(&answer.days), judged, "{about}");
        let of_their_own: Vec<_> =
            expected.separate_days.iter().map(|(day, parts)| (day.to_string(), counts(parts))).collect();
        let separate: Vec<_> =
            days(&answer.separate_days).into_iter().map(|(day, (counts, _))| (day, counts)).collect();
        assert_eq!(separate, of_their_own, "{about}");
        let missed: u64 = expected.days.values().map(Parts::missed).sum();
        assert_eq!(self.misses(house, pack).await, missed, "{about}");
    }

    /// How many misses the list holds, after checking that each page says so.
    async fn misses(&self, house: &mut House, pack: &RulePack) -> u64 {
        let mut request = proto::ListMissesRequest {
            shop_id: self.shop.clone(),
            pack: Some(proto::list_misses_request::Pack::RulePackId(pack.id.clone())),
            as_of_time: Some(to_timestamp(Timestamp::from_micros_clamped(self.as_of))),
            page_size: PAGE,
            ..Default::default()
        };
        let mut listed = 0;
        loop {
            let page = house.rates.list_misses(request.clone()).await.expect("a page").into_inner();
            listed += page.misses.len() as u64;
            if page.next_page_token.is_empty() {
                assert_eq!(page.total_size, listed);
                return listed;
            }
            request.page_token = page.next_page_token;
        }
    }
}

fn counts(parts: &Parts) -> [u64; 13] {
    [
        parts.counted,
        parts.answered,
        parts.within_limit,
        parts.missed_late,
        parts.missed_unanswered,
        parts.pending,
        parts.excluded_robot_only,
        parts.excluded_unassigned,
        parts.excluded_outside_window,
        parts.excluded_before_handover,
        parts.excluded_self_served,
        parts.excluded_blocked + parts.excluded_reported,
        parts.excluded_shop_initiated + parts.excluded_holiday_mode,
    ]
}

fn told(parts: &proto::RateParts) -> ([u64; 13], Option<prost_types::Duration>) {
    let counts = [
        parts.counted,
        parts.answered,
        parts.within_limit,
        parts.missed_late,
        parts.missed_unanswered,
        parts.pending,
        parts.excluded_robot_only,
        parts.excluded_unassigned,
        parts.excluded_outside_window,
        parts.excluded_before_handover,
        parts.excluded_self_served,
        parts.excluded_blocked + parts.excluded_reported,
        parts.excluded_shop_initiated + parts.excluded_holiday_mode,
    ];
    (counts, parts.mean_wait_duration)
}

#[tokio::test]
async fn the_service_agrees_with_a_naive_judge_on_random_imports_under_every_pack() {
    let mut house = House::open().await;
    let packs = fenliu_analytics::shipped_packs().expect("in order");
    for case in cases(1_000) {
        let case = case.keeping(|what| imported(what).is_some());
        house.import(vec![case.to_import()]).await.expect("imported");
        for pack in &packs {
            case.check(&mut house, pack).await;
        }
    }
}

#[tokio::test]
async fn the_service_agrees_with_a_naive_judge_on_random_histories_under_every_pack() {
    let mut house = House::open().await;
    let packs = fenliu_analytics::shipped_packs().expect("in order");
    let cases: Vec<_> =
        cases(2_000).into_iter().map(|case| case.keeping(|what| recorded(what).is_some())).collect();
    let mut last = 0;
    for case in &cases {
        last = house.dispatch.record(case.to_record());
    }
    // The house's own shop is asked how far the history has been worked in.
    last = last.max(house.dispatch.record([policy()]));
    house.caught_up(last).await;
    for case in &cases {
        for pack in &packs {
            case.check(&mut house, pack).await;
        }
    }
}
