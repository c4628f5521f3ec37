//! First answers again: what the desk or the history knows of a request that comes once more.

use std::sync::Arc;

use fenliu_domain::desk::event::Event;
use fenliu_domain::desk::memory::MEMORY_SPAN;
use fenliu_domain::desk::refusal::{conversation_closed, request_id_reused};
use fenliu_domain::ids::{ConversationId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_live::Epoch;

use super::{Again, Answer, Call, Desks, content};
use crate::history::writer::Disposal;
use crate::history::{Fault, first_of_command};

impl Desks {
    /// The first answer again, by the number of its command's first event. Whoever stored the events for a caller
    /// that had gone did not have their content: this caller brings it.
    pub(super) async fn repeat(&self, call: &Call, first: u64, redelivered: bool) -> Result<Answer, Again> {
        let events = self.history.command(call.shop, first).await.map_err(Fault::into_problem)?;
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        let bodies = content(&events, call);
        let ids: Vec<_> = bodies.iter().map(|content| content.event).collect();
        let kept = self.history.bodies(call.shop, &ids).await.map_err(Fault::into_problem)?;
        if kept.len() < ids.len() {
            // No tail comes with it, so it belongs to no life of the desk.
            self.store(Disposal { shop: call.shop, epoch: Epoch(0), tail: Vec::new(), bodies }).await?;
        }
        Ok(Answer { events, redelivered })
    }

    /// What the desk has forgotten, the history may still know: a request within the day, a delivery for good.
    pub(super) async fn recall(&self, call: &Call) -> Result<Option<Answer>, Again> {
        let known = self.recall_in_history(call).await.map_err(Fault::into_problem)?;
        let Some((event, redelivered)) = known else { return Ok(None) };
        if let (Some(mark), false) = (&call.request, redelivered) {
            let same = event.request.as_ref().is_some_and(|known| known.body_hash == mark.body_hash);
            if !same {
                return Err(Again::Refuse(request_id_reused(&mark.request_id)));
            }
        }
        self.repeat(call, first_of_command(&event), redelivered).await.map(Some)
    }

    async fn recall_in_history(&self, call: &Call) -> Result<Option<(Event, bool)>, Fault> {
        if let Some(mark) = &call.request {
            let known = self.history.request(call.shop, &mark.caller, &mark.request_id).await?;
            let now = self.platform.clock.now();
            if let Some(event) = known.filter(|event| now.since(event.recorded) <= MEMORY_SPAN) {
                return Ok(Some((event, false)));
            }
        }
        let Some(delivery) = call.command.delivery() else { return Ok(None) };
        let known = self.history.delivery(call.shop, &delivery.channel, &delivery.external).await?;
        Ok(known.map(|event| (event, true)))
    }

    /// A conversation that the history knows and the live desk does not hold has ended: then that is the reason.
    pub(super) async fn explain(&self, shop: ShopId, problem: Problem) -> Problem {
        if problem.reason != Reason::ConversationNotFound {
            return problem;
        }
        let id = problem.metadata.iter().find(|(name, _)| *name == "conversation_id");
        let Some(id) = id.and_then(|(_, id)| id.parse::<ConversationId>().ok()) else { return problem };
        match self.history.conversation(shop, id).await {
            Ok(Some(_)) => conversation_closed(id),
            _ => problem,
        }
    }
}
