//! `fenliu.analytics.v1.AlertService`.

use std::pin::Pin;

use fenliu_domain::access::{Caller, Permissions};
use fenliu_domain::alert::Kind;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::alert::to_silence;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::alert_service_server::AlertService;
use fenliu_proto::convert::id;
use fenliu_proto::status::refusal;
use fenliu_proto::words::Word;
use futures::Stream;
use futures::stream::try_unfold;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

use super::Desk;
use super::parse::{AlertPage, silence};
use crate::alerts::Floors;
use crate::storage::{Fault, Store};

/// Most changes of one message.
const PAGE: u64 = 500;

/// Handles the service's calls.
pub(super) struct Handler {
    pub(super) desk: Desk,
    pub(super) floors: Floors,
}

/// Somebody who watches the alerts of a shop. Nothing is queued for them: they read on when they are ready.
struct Watcher {
    store: Store,
    shop: ShopId,
    /// Position of the last change seen; `None` = nothing was sent yet, and what is open comes first.
    after: Option<i64>,
    /// Nothing was sent yet, so even an empty message is news.
    fresh: bool,
    include_quiet: bool,
    news: watch::Receiver<u64>,
    soft: CancellationToken,
}

impl Watcher {
    async fn next(mut self) -> Result<Option<(proto::WatchAlertsResponse, Self)>, Problem> {
        let Some(mut after) = self.after else { return self.open().await.map(Some) };
        loop {
            self.news.borrow_and_update();
            let last = self.store.alert_position(self.shop).await.map_err(Fault::into_problem)?;
            let changes = self.store.alert_changes(self.shop, after, self.include_quiet, PAGE).await;
            let changes = changes.map_err(Fault::into_problem)?;
            let full = changes.len() as u64 >= PAGE;
            // Everything up to what was stored before the read has been looked through, unless a page was full.
            after = match changes.last() {
                Some(change) if full => change.position,
                Some(change) => change.position.max(last),
                None => after.max(last),
            };
            if std::mem::take(&mut self.fresh) || !changes.is_empty() {
                self.after = Some(after);
                let response = proto::WatchAlertsResponse {
                    changes,
                    caught_up: !full,
                    position: after,
                    ..Default::default()
                };
                return Ok(Some((response, self)));
            }
            let Some(news) = self.soft.run_until_cancelled(self.news.changed()).await else {
                return Err(draining());
            };
            news.map_err(|_| draining())?;
        }
    }

    /// What is open now.
    async fn open(mut self) -> Result<(proto::WatchAlertsResponse, Self), Problem> {
        let (mut open, position) = self.store.open_alerts(self.shop).await.map_err(Fault::into_problem)?;
        if !self.include_quiet {
            open.retain(|alert| alert.quiet == 0);
        }
        (self.after, self.fresh) = (Some(position), false);
        let response = proto::WatchAlertsResponse { open, caught_up: true, position, ..Default::default() };
        Ok((response, self))
    }
}

/// The end of every stream when the server shuts down.
fn draining() -> Problem {
    Problem::new(Reason::Draining, "the server is shutting down; go on from the last position at another one")
}

impl Handler {
    async fn watcher(&self, request: &proto::WatchAlertsRequest) -> Result<Watcher, Problem> {
        let shop = id(&request.shop_id, "shop_id")?;
        // Listening begins before the first read, so that nothing falls between them.
        let news = self.floors.news();
        let store = self.desk.store.clone();
        if let Some(after) = request.after_position {
            store.check_alert_place(shop, after).await.map_err(Fault::into_problem)?;
        } else {
            store.open_alerts(shop).await.map_err(Fault::into_problem)?;
        }
        let soft = self.desk.platform.lifecycle.soft();
        let (after, include_quiet) = (request.after_position, request.include_quiet);
        Ok(Watcher { store, shop, after, fresh: true, include_quiet, news, soft })
    }

    async fn list(&self, request: proto::ListAlertsRequest) -> Result<proto::ListAlertsResponse, Problem> {
        let tokens = &self.desk.platform.page_tokens;
        let page = AlertPage::open(request, tokens)?;
        let alerts = self.desk.store.alerts(page.shop, page.listing.clone()).await;
        Ok(page.cut(alerts.map_err(Fault::into_problem)?, tokens))
    }

    async fn silence(
        &self,
        request: proto::SilenceAlertsRequest,
        by: String,
    ) -> Result<proto::SilenceAlertsResponse, Problem> {
        let (shop, kind, wanted) = silence(request, by, self.desk.platform.clock.now())?;
        let silenced = self.desk.store.silence(shop, kind, wanted.clone()).await;
        silenced.map_err(Fault::into_problem)?;
        Ok(proto::SilenceAlertsResponse { silence: Some(to_silence(kind, &wanted)) })
    }

    async fn silences(&self, shop: &str) -> Result<proto::ListSilencesResponse, Problem> {
        let shop = id(shop, "shop_id")?;
        let silences = self.desk.store.silences(shop, self.desk.platform.clock.now()).await;
        let silences = silences.map_err(Fault::into_problem)?;
        let silences = silences.iter().map(|(kind, silence)| to_silence(*kind, silence)).collect();
        Ok(proto::ListSilencesResponse { silences })
    }

    async fn lift(&self, request: &proto::LiftSilenceRequest) -> Result<proto::LiftSilenceResponse, Problem> {
        let (shop, kind) = (id(&request.shop_id, "shop_id")?, Kind::parse(request.kind, "kind")?);
        let lifted = self.desk.store.lift(shop, kind, self.desk.platform.clock.now()).await;
        let lifted = lifted.map_err(Fault::into_problem)?;
        Ok(proto::LiftSilenceResponse { silence: lifted.map(|silence| to_silence(kind, &silence)) })
    }
}

/// Who calls, as the layer that authenticates found out.
fn caller_of<T>(request: &Request<T>) -> String {
    let known = request.extensions().get::<Caller>().cloned();
    known.unwrap_or(Caller { permissions: Permissions::NONE, ..Caller::ANYBODY }).subject.to_string()
}

#[async_trait]
impl AlertService for Handler {
    type WatchAlertsStream = Pin<Box<dyn Stream<Item = Result<proto::WatchAlertsResponse, Status>> + Send>>;

    async fn watch_alerts(
        &self,
        request: Request<proto::WatchAlertsRequest>,
    ) -> Result<Response<Self::WatchAlertsStream>, Status> {
        let watcher = self.watcher(request.get_ref()).await.map_err(refusal)?;
        let next = |watcher: Watcher| async { watcher.next().await.map_err(refusal) };
        Ok(Response::new(Box::pin(try_unfold(watcher, next))))
    }

    async fn list_alerts(
        &self,
        request: Request<proto::ListAlertsRequest>,
    ) -> Result<Response<proto::ListAlertsResponse>, Status> {
        self.list(request.into_inner()).await.map(Response::new).map_err(refusal)
    }

    async fn silence_alerts(
        &self,
        request: Request<proto::SilenceAlertsRequest>,
    ) -> Result<Response<proto::SilenceAlertsResponse>, Status> {
        let by = caller_of(&request);
        self.silence(request.into_inner(), by).await.map(Response::new).map_err(refusal)
    }

    async fn list_silences(
        &self,
        request: Request<proto::ListSilencesRequest>,
    ) -> Result<Response<proto::ListSilencesResponse>, Status> {
        self.silences(&request.get_ref().shop_id).await.map(Response::new).map_err(refusal)
    }

    async fn lift_silence(
        &self,
        request: Request<proto::LiftSilenceRequest>,
    ) -> Result<Response<proto::LiftSilenceResponse>, Status> {
        self.lift(request.get_ref()).await.map(Response::new).map_err(refusal)
    }
}
