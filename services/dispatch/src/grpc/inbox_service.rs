//! `fenliu.dispatch.v1.InboxService`.

use fenliu_domain::ids::{AgentId, EventId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_live::News;
use fenliu_proto::convert::id;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::inbox_service_server::InboxService;
use fenliu_proto::status::refusal;
use futures::stream::try_unfold;
use prost::Message;
use tokio::sync::broadcast::Receiver;
use tonic::{Request, Response, Status, async_trait};

use super::news::heard_of;
use super::paging::fitting;
use super::{Streamed, parse, render};
use crate::desks::Desks;
use crate::history::follow::{PAGE, Place};
use crate::history::{Fault, History, Stored};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

/// Somebody who watches an agent's inbox.
struct Watcher {
    history: History,
    shop: ShopId,
    agent: AgentId,
    place: Place,
    /// Wakes the watcher when something of a shop was stored.
    news: Receiver<News>,
}

impl Watcher {
    async fn next(mut self) -> Result<Option<(proto::WatchInboxResponse, Self)>, Status> {
        loop {
            let stored = self.place.stored();
            let mut items = self.read().await.map_err(|fault| refusal(fault.into_problem()))?;
            let fitting = fitting(items.iter().map(Message::encoded_len));
            let full = u64::try_from(items.len()).unwrap_or(u64::MAX) >= PAGE || fitting < items.len();
            items.truncate(fitting);
            // Everything up to what was stored before the read has been looked through, unless a page was full.
            self.place.after = match items.last() {
                Some(last) if full => last.position,
                Some(last) => last.position.max(stored),
                None => self.place.after.max(stored),
            };
            if self.place.fresh || !items.is_empty() {
                self.place.fresh = false;
                let position = self.place.after;
                return Ok(Some((proto::WatchInboxResponse { items, caught_up: !full, position }, self)));
            }
            heard_of(self.shop, &mut self.news, &self.place.soft).await.map_err(refusal)?;
        }
    }

    async fn read(&self) -> Result<Vec<proto::InboxItem>, Fault> {
        let stored = self.history.inbox(self.shop, self.agent, self.place.after, PAGE).await?;
        let ids: Vec<Option<EventId>> =
            stored.iter().map(|stored| stored.event.event_id.parse().ok()).collect();
        let known: Vec<EventId> = ids.iter().flatten().copied().collect();
        let bodies = self.history.bodies(self.shop, &known).await?;
        let item = |(stored, id): (Stored, Option<EventId>)| proto::InboxItem {
            position: stored.position,
            event: Some(stored.event),
            content: id.and_then(|id| bodies.get(&id)).map(render::content),
        };
        Ok(stored.into_iter().zip(ids).map(item).collect())
    }
}

impl Handler {
    async fn watcher(&self, request: &proto::WatchInboxRequest) -> Result<Watcher, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let agent = id(&request.agent_id, "agent_id")?;
        self.0.agent(shop, agent).await?;
        // Listening begins before the first read, so that nothing falls between them.
        let news = self.0.live().announcements();
        let position = self.0.writer().position();
        let stored = *position.borrow();
        let after = request.after_position.unwrap_or(stored);
        self.0.history().check_place(after, None, stored).await?;
        let place = Place { after, position, soft: self.0.platform().lifecycle.soft(), fresh: true };
        Ok(Watcher { history: self.0.history().clone(), shop, agent, place, news })
    }
}

#[async_trait]
impl InboxService for Handler {
    type WatchInboxStream = Streamed<proto::WatchInboxResponse>;

    async fn watch_inbox(
        &self,
        request: Request<proto::WatchInboxRequest>,
    ) -> Result<Response<Self::WatchInboxStream>, Status> {
        let watcher = self.watcher(request.get_ref()).await.map_err(refusal)?;
        Ok(Response::new(Box::pin(try_unfold(watcher, Watcher::next))))
    }
}
