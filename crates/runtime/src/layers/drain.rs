//! The end of a server as its callers see it.

use std::convert::Infallible;
use std::task::{Context, Poll};

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::{Answer, Inner, Methods, Refuse, Request, Response, body};

/// What a refused caller is told to wait before it tries again, elsewhere.
const RETRY_AFTER: Span = Span::from_secs(1);

#[derive(Clone)]
pub(super) struct Drain<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
    pub(super) methods: Methods,
    pub(super) draining: CancellationToken,
    pub(super) hard: CancellationToken,
}

impl<S: Inner> Service<Request> for Drain<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let method = self.methods.find(request.uri().path());
        let (refuse, draining, hard) = (self.refuse, self.draining.clone(), self.hard.clone());
        let vital = method.is_some_and(|method| method.vital);
        if draining.is_cancelled() && !vital {
            return Box::pin(std::future::ready(Ok(refuse(not_begun()).into_http())));
        }
        let server_streams = method.is_some_and(|method| method.server_streaming);
        let call = self.inner.call(request);
        Box::pin(async move {
            let Some(response) = hard.run_until_cancelled(call).await else {
                return Ok(refuse(cut_off()).into_http());
            };
            let response = response?;
            Ok(if server_streams { ended_by(response, draining, refuse) } else { response })
        })
    }
}

fn not_begun() -> Problem {
    Problem::new(
        Reason::Draining,
        "the server is shutting down and did not begin this call; repeat it elsewhere",
    )
    .retry_after(RETRY_AFTER)
}

fn cut_off() -> Problem {
    let message = "the server is shutting down; whether this call took effect is unknown, repeat it elsewhere \
                   with the same request_id";
    Problem::new(Reason::Draining, message).retry_after(RETRY_AFTER)
}

/// Ends a stream when the drain begins.
fn ended_by(response: Response, draining: CancellationToken, refuse: Refuse) -> Response {
    if response.headers().contains_key(Status::GRPC_STATUS) {
        return response;
    }
    response.map(|inner| {
        let end = async move {
            draining.cancelled_owned().await;
            let message = "the server is shutting down; go on elsewhere from the last position";
            refuse(Problem::new(Reason::Draining, message).retry_after(RETRY_AFTER))
        };
        Body::new(body::EndedBy::new(inner, Box::pin(end)))
    })
}
