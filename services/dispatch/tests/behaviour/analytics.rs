//! Scores as analytics tells them, every one of which the test decides.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::scorecard_service_server::{ScorecardService, ScorecardServiceServer};
use futures::Stream;
use futures::stream::try_unfold;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The scores. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Analytics {
    /// In the order in which they were told.
    scores: Arc<Mutex<Vec<proto::AgentScore>>>,
    /// How many were told, and whether anybody can be asked.
    state: watch::Sender<(usize, bool)>,
    pub(crate) address: SocketAddr,
}

impl Analytics {
    /// One that knows no score, on a free port.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let analytics = Self { scores: Arc::default(), state: watch::Sender::new((0, true)), address };
        let service = ScorecardServiceServer::new(analytics.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
        analytics
    }

    /// Tells scores, all in one message: whose of which shop, speed and quality.
    pub(crate) fn tell(&self, shop: &str, scores: &[(&str, u32, u32)]) {
        let score = |(agent, speed, quality): &(&str, u32, u32)| proto::AgentScore {
            shop_id: shop.to_owned(),
            agent_id: (*agent).to_owned(),
            speed_permille: *speed,
            quality_permille: *quality,
        };
        let mut all = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(scores.iter().map(score));
        self.state.send_modify(|(count, _)| *count = all.len());
    }

    /// Ends every stream and refuses new ones, until it is found again.
    pub(crate) fn lose(&self) {
        self.state.send_modify(|(_, reachable)| *reachable = false);
    }

    /// Can be reached again.
    pub(crate) fn find(&self) {
        self.state.send_modify(|(_, reachable)| *reachable = true);
    }
}

type Watching = Pin<Box<dyn Stream<Item = Result<proto::WatchScoresResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ScorecardService for Analytics {
    type WatchScoresStream = Watching;

    async fn watch_scores(
        &self,
        request: Request<proto::WatchScoresRequest>,
    ) -> Result<Response<Watching>, Status> {
        assert_eq!(request.get_ref().shop_id, "", "all shops are asked for");
        let state = (self.clone(), self.state.subscribe(), 0);
        let stream = try_unfold(state, async |(analytics, mut news, after)| {
            let seen = news.wait_for(|(count, reachable)| *count > after || !reachable).await;
            let (count, reachable) = *seen.map_err(|_| Status::unavailable("the test ends"))?;
            if !reachable {
                return Err(Status::unavailable("analytics is lost"));
            }
            let all = analytics.scores.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let scores = all.into_iter().take(count).skip(after).collect();
            let page = proto::WatchScoresResponse { scores, caught_up: true };
            Ok(Some((page, (analytics, news, count))))
        });
        Ok(Response::new(Box::pin(stream)))
    }

    async fn get_scorecard(
        &self,
        _request: Request<proto::GetScorecardRequest>,
    ) -> Result<Response<proto::GetScorecardResponse>, Status> {
        Err(Status::unimplemented("nobody asks for cards here"))
    }

    async fn list_scorecards(
        &self,
        _request: Request<proto::ListScorecardsRequest>,
    ) -> Result<Response<proto::ListScorecardsResponse>, Status> {
        Err(Status::unimplemented("nobody asks for cards here"))
    }
}
