//! `fenliu.dispatch.v1.HistoryService`.

use fenliu_domain::desk::refusal::conversation_not_found;
use fenliu_domain::problem::Problem;
use fenliu_proto::convert::optional_id;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::history_service_server::HistoryService;
use fenliu_proto::status::refusal;
use futures::stream::try_unfold;
use prost::Message;
use tonic::{Request, Response, Status, async_trait};

use super::paging::{Page, fitting};
use super::{Streamed, parse, render};
use crate::desks::Desks;
use crate::history::follow::Place;
use crate::history::{Fault, History};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn list(&self, request: &proto::ListEventsRequest) -> Result<proto::ListEventsResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        self.0.expect(shop).await?;
        let history = self.0.history();
        let conversation = optional_id(&request.conversation_id, "conversation_id")?;
        if let Some(id) = conversation {
            let known = history.conversation(shop, id).await.map_err(Fault::into_problem)?;
            known.ok_or_else(|| conversation_not_found(id))?;
        }
        let scope = format!("ListEvents {shop} {conversation:?} {}", request.after_seq);
        let tokens = &self.0.platform().page_tokens;
        let page: Page<'_, u64> = Page::of(tokens, scope, request.page_size, &request.page_token)?;
        let after = page.after.max(request.after_seq);
        let events = history.events(shop, conversation, after, page.limit_and_one()).await;
        let events = events.map_err(Fault::into_problem)?;
        let mut events: Vec<_> = events.into_iter().map(render::stored).collect();
        let next_page_token =
            page.cut(&mut events, |stored| stored.event.as_ref().map_or(0, |event| event.seq));
        Ok(proto::ListEventsResponse { events, next_page_token })
    }
}

/// Somebody who follows the history.
struct Follower {
    history: History,
    place: Place,
}

impl Follower {
    async fn next(mut self) -> Result<Option<(proto::FollowEventsResponse, Self)>, Status> {
        loop {
            let stored = self.place.stored();
            let events = self.history.after(self.place.after).await;
            let events = events.map_err(|fault| refusal(fault.into_problem()))?;
            let mut events: Vec<_> = events.into_iter().map(render::stored).collect();
            events.truncate(fitting(events.iter().map(Message::encoded_len)));
            if let Some(last) = events.last() {
                self.place.after = last.position;
            }
            let caught_up = self.place.after >= stored;
            if self.place.fresh || !events.is_empty() {
                self.place.fresh = false;
                return Ok(Some((proto::FollowEventsResponse { events, caught_up }, self)));
            }
            self.place.wait(self.place.after).await.map_err(refusal)?;
        }
    }
}

#[async_trait]
impl HistoryService for Handler {
    async fn list_events(
        &self,
        request: Request<proto::ListEventsRequest>,
    ) -> Result<Response<proto::ListEventsResponse>, Status> {
        self.list(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    type FollowEventsStream = Streamed<proto::FollowEventsResponse>;

    async fn follow_events(
        &self,
        request: Request<proto::FollowEventsRequest>,
    ) -> Result<Response<Self::FollowEventsStream>, Status> {
        let request = request.into_inner();
        let last = optional_id(&request.after_event_id, "after_event_id").map_err(refusal)?;
        let position = self.0.writer().position();
        let soft = self.0.platform().lifecycle.soft();
        let place = Place { after: request.after_position, position, soft, fresh: true };
        let history = self.0.history().clone();
        history.check_place(place.after, last, place.stored()).await.map_err(refusal)?;
        let follower = Follower { history, place };
        Ok(Response::new(Box::pin(try_unfold(follower, Follower::next))))
    }
}
