//! Leave, swaps and extra duty: who asks, who agrees, and what comes of it.

use super::*;

impl Desk {
    /// Enters an exception as an agent, or as a supervisor when there is none.
    async fn enter(
        &mut self,
        by: Option<&proto::SubAccount>,
        kind: Kind,
    ) -> Result<proto::RosterException, tonic::Status> {
        let request = proto::CreateRosterExceptionRequest {
            shop_id: self.id(),
            agent_id: by.map(|agent| agent.agent_id.clone()).unwrap_or_default(),
            kind: Some(kind),
            reason: "because".into(),
            ..Default::default()
        };
        let entered = self.house.rosters.create_roster_exception(request).await?;
        Ok(entered.into_inner().exception.expect("the answer holds it"))
    }

    async fn answer(
        &mut self,
        by: Option<&proto::SubAccount>,
        exception: &proto::RosterException,
        accept: bool,
    ) -> Result<tonic::Response<proto::AnswerRosterExceptionResponse>, tonic::Status> {
        let request = proto::AnswerRosterExceptionRequest {
            shop_id: self.id(),
            exception_id: exception.exception_id.clone(),
            agent_id: by.map(|agent| agent.agent_id.clone()).unwrap_or_default(),
            accept,
            ..Default::default()
        };
        self.house.rosters.answer_roster_exception(request).await
    }

    async fn cancel(
        &mut self,
        by: Option<&proto::SubAccount>,
        exception: &proto::RosterException,
    ) -> Result<tonic::Response<proto::CancelRosterExceptionResponse>, tonic::Status> {
        let request = proto::CancelRosterExceptionRequest {
            shop_id: self.id(),
            exception_id: exception.exception_id.clone(),
            agent_id: by.map(|agent| agent.agent_id.clone()).unwrap_or_default(),
            ..Default::default()
        };
        self.house.rosters.cancel_roster_exception(request).await
    }

    fn leave(&self, agent: &proto::SubAccount, from: i64, to: i64) -> Kind {
        let at = |hours| Some(to_timestamp(self.opened + Span::from_hours(hours)));
        Kind::Leave(proto::Leave { agent_id: agent.agent_id.clone(), start_time: at(from), end_time: at(to) })
    }

    fn swap(&self, day: &str, other_day: &str) -> Kind {
        Kind::Swap(proto::Swap {
            agent_id: self.ann.agent_id.clone(),
            day: day.into(),
            other_agent_id: self.bob.agent_id.clone(),
            other_day: other_day.into(),
        })
    }

    async fn listed(&mut self, agent: &str, state: proto::ExceptionState) -> Vec<String> {
        let request = proto::ListRosterExceptionsRequest {
            shop_id: self.id(),
            agent_id: agent.into(),
            state: state.into(),
            ..Default::default()
        };
        let listed = self.house.rosters.list_roster_exceptions(request).await.expect("listed").into_inner();
        listed.exceptions.into_iter().map(|exception| exception.exception_id).collect()
    }
}

const REQUESTED: i32 = proto::ExceptionState::Requested as i32;
const ACTIVE: i32 = proto::ExceptionState::Active as i32;

#[tokio::test]
async fn a_supervisors_leave_counts_at_once() {
    let mut desk = Desk::with_roster().await;
    let ann = desk.ann.clone();
    let leave = desk.enter(None, desk.leave(&ann, 26, 28)).await.expect("entered");
    assert_eq!((leave.state, leave.waits_for.len()), (ACTIVE, 0));
    assert_eq!(spans(&desk.told(&ann).await, desk.opened)[..3], [(0.0, 8.0), (24.0, 26.0), (28.0, 32.0)]);
    let parts = [(24.0, 26.0, "early".to_owned()), (28.0, 32.0, "early".to_owned())];
    assert_eq!(desk.duty(&ann, 24, 48).await, parts);
}

#[tokio::test]
async fn an_agents_own_leave_waits_for_a_supervisor_and_counts_when_one_agrees() {
    let mut desk = Desk::with_roster().await;
    let (ann, bob) = (desk.ann.clone(), desk.bob.clone());
    let leave = desk.enter(Some(&ann), desk.leave(&ann, 24, 48)).await.expect("asked");
    assert_eq!((leave.state, leave.waits_for.clone()), (REQUESTED, vec!["supervisor".to_owned()]));
    assert_eq!(desk.duty(&ann, 24, 48).await.len(), 1, "nothing is taken yet");
    for nobody_asked in [&ann, &bob] {
        refused(desk.answer(Some(nobody_asked), &leave, true).await, Reason::PermissionDenied);
    }
    desk.answer(None, &leave, true).await.expect("agreed");
    assert_eq!(desk.duty(&ann, 24, 48).await, []);
    assert_eq!(spans(&desk.told(&ann).await, desk.opened), [(0.0, 8.0), (48.0, 56.0)]);
    refused(desk.answer(None, &leave, false).await, Reason::ExceptionDecided);
    let done = ["roster.exception_entered", "roster.exception_answered"];
    assert_eq!(desk.house.done_to(&desk.shop.clone(), &leave.exception_id).await, done);
}

#[tokio::test]
async fn a_swap_needs_both_and_one_no_is_enough() {
    let mut desk = Desk::with_roster().await;
    let (ann, bob) = (desk.ann.clone(), desk.bob.clone());
    let swap = desk.enter(Some(&ann), desk.swap("2026-03-02", "2026-03-02")).await.expect("asked");
    assert_eq!(swap.waits_for, [bob.agent_id.clone()]);
    refused(desk.answer(None, &swap, true).await, Reason::PermissionDenied);
    assert_eq!(desk.duty(&ann, 24, 48).await[0].2, "early");
    desk.answer(Some(&bob), &swap, true).await.expect("agreed");
    assert_eq!(desk.duty(&ann, 24, 48).await, [(32.0, 40.0, "late".to_owned())]);
    assert_eq!(desk.duty(&bob, 24, 48).await, [(24.0, 32.0, "early".to_owned())]);
    assert_eq!(spans(&desk.told(&bob).await, desk.opened)[1], (24.0, 32.0));
    let by_supervisor = desk.enter(None, desk.swap("2026-03-03", "2026-03-03")).await.expect("entered");
    assert_eq!(by_supervisor.waits_for.len(), 2, "it waits for both");
    desk.answer(Some(&ann), &by_supervisor, true).await.expect("Ann agrees");
    assert_eq!(desk.duty(&ann, 48, 72).await[0].2, "early", "Bob has not");
    desk.answer(Some(&bob), &by_supervisor, false).await.expect("Bob does not");
    assert_eq!(desk.duty(&ann, 48, 72).await[0].2, "early");
    refused(desk.answer(Some(&ann), &by_supervisor, true).await, Reason::ExceptionDecided);
}

#[tokio::test]
async fn a_planned_day_is_swapped_once() {
    let mut desk = Desk::with_roster().await;
    desk.enter(None, desk.swap("2026-03-02", "2026-03-03")).await.expect("entered");
    let again = desk.enter(None, desk.swap("2026-03-02", "2026-03-04")).await.map(tonic::Response::new);
    refused_fields(again, Reason::InvalidRequest, &["swap"]);
    desk.enter(None, desk.swap("2026-03-03", "2026-03-02")).await.expect("other days of the same two");
}

#[tokio::test]
async fn extra_duty_is_added() {
    let mut desk = Desk::with_roster().await;
    let ann = desk.ann.clone();
    let extra = Kind::ExtraDuty(proto::ExtraDuty {
        agent_id: ann.agent_id.clone(),
        day: "2026-03-02".into(),
        shift: Some(shift("18:00", "20:00")),
    });
    desk.enter(None, extra.clone()).await.expect("entered");
    let expected = [(24.0, 32.0, "early".to_owned()), (34.0, 36.0, "18:00-20:00".to_owned())];
    assert_eq!(desk.duty(&ann, 24, 48).await, expected);
    let offered = desk.enter(Some(&ann), extra).await.expect("offered");
    assert_eq!(offered.waits_for, ["supervisor"]);
}

#[tokio::test]
async fn what_was_asked_for_is_taken_back_by_its_author_or_a_supervisor() {
    let mut desk = Desk::with_roster().await;
    let (ann, bob) = (desk.ann.clone(), desk.bob.clone());
    let leave = desk.enter(Some(&ann), desk.leave(&ann, 24, 32)).await.expect("asked");
    refused(desk.cancel(Some(&bob), &leave).await, Reason::PermissionDenied);
    desk.cancel(Some(&ann), &leave).await.expect("taken back");
    refused(desk.cancel(None, &leave).await, Reason::ExceptionDecided);
    let swap = desk.enter(Some(&ann), desk.swap("2026-03-02", "2026-03-02")).await.expect("asked");
    refused(desk.cancel(Some(&bob), &swap).await, Reason::PermissionDenied);
    let leave = desk.enter(None, desk.leave(&ann, 24, 32)).await.expect("entered");
    assert_eq!(desk.duty(&ann, 24, 48).await, []);
    refused(desk.cancel(Some(&ann), &leave).await, Reason::PermissionDenied);
    desk.cancel(None, &leave).await.expect("taken back");
    assert_eq!(desk.duty(&ann, 24, 48).await.len(), 1);
    assert_eq!(spans(&desk.told(&ann).await, desk.opened).len(), 3, "followers know");
}

#[tokio::test]
async fn nobody_asks_for_what_is_about_others_or_lies_in_the_past() {
    let mut desk = Desk::with_roster().await;
    let (ann, bob) = (desk.ann.clone(), desk.bob.clone());
    let others = desk.enter(Some(&bob), desk.leave(&ann, 24, 32)).await.map(tonic::Response::new);
    refused(others, Reason::PermissionDenied);
    let stranger = proto::SubAccount { agent_id: format!("agt_{:032x}", 1), ..ann.clone() };
    let strange = desk.enter(None, desk.leave(&stranger, 24, 32)).await.map(tonic::Response::new);
    refused(strange, Reason::BindingNotFound);
    let backwards = desk.enter(None, desk.leave(&ann, 32, 24)).await.map(tonic::Response::new);
    refused_fields(backwards, Reason::InvalidRequest, &["leave.end_time"]);
    let past = desk.enter(None, desk.leave(&ann, -8, 0)).await.map(tonic::Response::new);
    refused_fields(past, Reason::InvalidRequest, &["leave.end_time"]);
    let past = desk.enter(None, desk.swap("2026-03-02", "2026-02-28")).await.map(tonic::Response::new);
    refused_fields(past, Reason::InvalidRequest, &["swap.other_day"]);
}

#[tokio::test]
async fn exceptions_are_listed_newest_first_by_agent_and_state() {
    let mut desk = Desk::with_roster().await;
    let (ann, bob) = (desk.ann.clone(), desk.bob.clone());
    let leave = desk.enter(None, desk.leave(&ann, 24, 32)).await.expect("entered").exception_id;
    let swap =
        desk.enter(Some(&bob), desk.swap("2026-03-02", "2026-03-02")).await.expect("asked").exception_id;
    let all = proto::ExceptionState::Unspecified;
    assert_eq!(desk.listed("", all).await, [swap.clone(), leave.clone()]);
    assert_eq!(desk.listed(&ann.agent_id, all).await, [swap.clone(), leave.clone()]);
    assert_eq!(desk.listed(&bob.agent_id, all).await, [swap.clone()]);
    assert_eq!(desk.listed("", proto::ExceptionState::Active).await, [leave]);
    assert_eq!(desk.listed("", proto::ExceptionState::Requested).await, [swap]);
    assert_eq!(desk.listed("", proto::ExceptionState::Declined).await, [""; 0]);
}

#[tokio::test]
async fn another_shops_exception_is_not_found() {
    let mut desk = Desk::with_roster().await;
    let ann = desk.ann.clone();
    let leave = desk.enter(Some(&ann), desk.leave(&ann, 24, 32)).await.expect("asked");
    let other = desk.house.shop("other owner").await;
    let mut elsewhere = Desk { shop: other, ..desk };
    refused(elsewhere.answer(None, &leave, true).await, Reason::ExceptionNotFound);
    refused(elsewhere.cancel(None, &leave).await, Reason::ExceptionNotFound);
}

#[tokio::test]
async fn a_thousand_exceptions_lie_ahead_at_most() {
    let mut desk = Desk::open().await;
    let ann = desk.ann.clone();
    for _ in 0..1_000 {
        desk.enter(None, desk.leave(&ann, 24, 32)).await.expect("there is room");
    }
    let one_more = desk.enter(None, desk.leave(&ann, 24, 32)).await.map(tonic::Response::new);
    refused(one_more, Reason::ExceptionLimit);
    desk.house.pass(Span::from_hours(32)).await;
    desk.enter(None, desk.leave(&ann, 48, 56)).await.expect("those lie behind");
}
