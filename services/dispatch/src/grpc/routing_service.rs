//! `fenliu.dispatch.v1.RoutingService`.

use fenliu_domain::desk::conversation::Standing;
use fenliu_domain::desk::event::{AssignReason, Event, Payload, TransferTarget};
use fenliu_domain::desk::preview::Preview;
use fenliu_domain::desk::refusal::conversation_not_found;
use fenliu_domain::desk::trace::{RouteStep, RouteTrace};
use fenliu_domain::problem::Problem;
use fenliu_proto::convert::{id, to_timestamp};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::routing_service_server::RoutingService;
use fenliu_proto::event::trace::to_proto;
use fenliu_proto::history::v1 as history;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::parse;
use super::reception_service::keywords;
use crate::desks::Desks;
use crate::history::reader::parse as parse_stored;
use crate::history::{Fault, Stored};

/// The kinds of event that are routing decisions.
const DECISIONS: [&str; 7] =
    ["assigned", "queued", "queue_full", "transferred", "transfer_declined", "ring_opened", "turned_late"];
/// Most decisions explained at once.
const LIMIT: u64 = 500;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn explain(
        &self,
        request: &proto::ExplainRouteRequest,
    ) -> Result<proto::ExplainRouteResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let conversation = id(&request.conversation_id, "conversation_id")?;
        let known = self.0.history().conversation(shop, conversation).await.map_err(Fault::into_problem)?;
        known.ok_or_else(|| conversation_not_found(conversation))?;
        let events = self.0.history().last_events(shop, conversation, &DECISIONS, LIMIT).await;
        let events = events.map_err(Fault::into_problem)?;
        let decisions: Result<Vec<_>, Fault> = events.iter().map(decision).collect();
        Ok(proto::ExplainRouteResponse { decisions: decisions.map_err(Fault::into_problem)? })
    }
}

impl Handler {
    async fn dry_run(
        &self,
        request: &proto::DryRunRouteRequest,
    ) -> Result<proto::DryRunRouteResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let message = parse::imagined(request, keywords(&self.0, shop, &request.text).await?);
        let now = self.0.platform().clock.now();
        let Preview { standing, trace } = self.0.preview(shop, now, &message).await?;
        let (outcome, disposition) = outcome(standing);
        let lines = trace.steps.iter().map(RouteStep::line).chain([outcome]).collect();
        let trace = (!trace.steps.is_empty()).then(|| to_proto(&trace));
        Ok(proto::DryRunRouteResponse { disposition: Some(disposition), trace, lines })
    }
}

/// Where a message would go, in plain English and as callers meet it.
fn outcome(standing: Standing) -> (String, proto::Disposition) {
    let mut disposition = proto::Disposition::default();
    let (stage, line) = match standing {
        Standing::Entered => (history::Stage::Entered, "the chat page would be open".to_owned()),
        Standing::Open => (history::Stage::Open, "it would be turned away from the full queue".to_owned()),
        Standing::WithRobot => (history::Stage::WithRobot, "the robot would answer".to_owned()),
        Standing::Queued { position } => {
            disposition.queue_position = position;
            (history::Stage::Queued, format!("it would wait at place {position}"))
        }
        Standing::Assigned { agent } => {
            disposition.agent_id = agent.to_string();
            (history::Stage::Assigned, format!("{agent} would have it"))
        }
    };
    disposition.stage = stage.into();
    (line, disposition)
}

fn decision(stored: &Stored) -> Result<proto::RouteDecision, Fault> {
    let event = parse_stored(stored)?;
    Ok(proto::RouteDecision {
        seq: event.seq.0,
        recorded_time: Some(to_timestamp(event.recorded)),
        trace: recorded_trace(stored),
        lines: lines(&event),
    })
}

fn recorded_trace(stored: &Stored) -> Option<history::RouteTrace> {
    match stored.event.payload.as_ref()? {
        history::event::Payload::Assigned(assigned) => assigned.trace.clone(),
        history::event::Payload::Queued(queued) => queued.trace.clone(),
        history::event::Payload::QueueFull(full) => full.trace.clone(),
        _ => None,
    }
}

/// The decision in plain English: one line a step and one for the outcome.
fn lines(event: &Event) -> Vec<String> {
    let told = |trace: &RouteTrace, outcome: String| {
        trace.steps.iter().map(RouteStep::line).chain([outcome]).collect()
    };
    match &event.payload {
        Payload::Assigned { agent, reason, trace, .. } => {
            let why = match reason {
                AssignReason::Strategy => "by the shop's strategy",
                AssignReason::LastAgent => "because the buyer knows them",
                AssignReason::Reopened => "because the conversation was taken up again",
                AssignReason::Transfer => "because it was handed over to them",
                AssignReason::MainAccount => "because no sub-account could take it",
                AssignReason::LeaveMessage => "as a message, because nobody was there",
                AssignReason::Manual => "by hand",
                AssignReason::Forced => "by hand, although it was too much or she was away",
                AssignReason::TakenNext => "who took it from the queue",
                AssignReason::Declined => "because whom she had handed it to gave it back",
                AssignReason::PreAssigned => "who keeps a place until the buyer says something",
                AssignReason::FirstWord => "who kept a place for the buyer",
            };
            told(trace, format!("assigned to {agent} {why}"))
        }
        Payload::Queued { group, position, trace, .. } => {
            told(trace, format!("queued for group {group} at place {position}"))
        }
        Payload::QueueFull { group, trace } => told(
            trace,
            format!("turned away from the full queue of group {group}, to be taken in when it has room"),
        ),
        Payload::Transferred { from, target } => {
            let from = from.map_or_else(|| "a supervisor".to_owned(), |from| from.to_string());
            let target = match target {
                TransferTarget::Agent(agent) => agent.to_string(),
                TransferTarget::Group(group) => format!("group {group}"),
            };
            vec![format!("handed over by {from} to {target}")]
        }
        Payload::TransferDeclined { agent } => vec![format!("given back by {agent}")],
        Payload::RingOpened { ring } => vec![format!("it has waited so long that ring {ring} may take it")],
        Payload::TurnedLate => {
            vec!["it can no longer be answered in time; those who still can go first".to_owned()]
        }
        _ => Vec::new(),
    }
}

#[async_trait]
impl RoutingService for Handler {
    async fn explain_route(
        &self,
        request: Request<proto::ExplainRouteRequest>,
    ) -> Result<Response<proto::ExplainRouteResponse>, Status> {
        self.explain(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn dry_run_route(
        &self,
        request: Request<proto::DryRunRouteRequest>,
    ) -> Result<Response<proto::DryRunRouteResponse>, Status> {
        self.dry_run(request.get_ref()).await.map(Response::new).map_err(refusal)
    }
}
