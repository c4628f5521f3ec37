//! No more calls at once than this server can serve well; the rest hear so at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::{Answer, Inner, Limits, Methods, Refuse, Request, Response, body};

/// What a refused caller is told to wait before it tries again.
const RETRY_AFTER: Span = Span::from_secs(1);

/// Places for calls: unary ones and streams apart, so that watchers cannot keep out those who work. A unary call
/// holds its place until it is answered, a stream until it has ended.
#[derive(Clone)]
pub(super) struct Slots {
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Slots {
    pub(super) fn new(limits: &Limits) -> Self {
        let places = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self { requests: places(limits.requests), streams: places(limits.streams) }
    }
}

#[derive(Clone)]
pub(super) struct Limit<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
    pub(super) methods: Methods,
    pub(super) slots: Slots,
}

impl<S: Inner> Service<Request> for Limit<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let method = self.methods.find(request.uri().path());
        if method.is_some_and(|method| method.vital) {
            return Box::pin(self.inner.call(request));
        }
        let streams = method.is_some_and(super::Method::streams);
        let (slots, kind) =
            if streams { (&self.slots.streams, "streams") } else { (&self.slots.requests, "requests") };
        let Ok(slot) = Arc::clone(slots).try_acquire_owned() else {
            let refused = (self.refuse)(overloaded(kind));
            return Box::pin(std::future::ready(Ok(refused.into_http())));
        };
        let call = self.inner.call(request);
        Box::pin(async move {
            let response = call.await?;
            Ok(if streams { holding(response, slot) } else { response })
        })
    }
}

fn overloaded(kind: &str) -> Problem {
    Problem::new(Reason::Overloaded, "the server has all the calls it takes at once; try again in a second")
        .with("limit", kind)
        .retry_after(RETRY_AFTER)
}

/// Keeps the slot until the body is dropped.
fn holding(response: Response, slot: OwnedSemaphorePermit) -> Response {
    if response.headers().contains_key(Status::GRPC_STATUS) {
        return response;
    }
    response.map(|inner| {
        let on_trailers = move |_: &mut http::HeaderMap| {
            let _held = &slot;
        };
        Body::new(body::OnTrailers { inner, on_trailers })
    })
}
