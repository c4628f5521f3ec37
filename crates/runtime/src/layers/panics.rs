//! A handler that panics costs its caller an answer, and nobody else anything.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fenliu_domain::problem::{Problem, Reason};
use futures::FutureExt;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::{Answer, Inner, Refuse, Request, Response, body};

#[derive(Clone)]
pub(super) struct Panics<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
}

impl<S: Inner> Service<Request> for Panics<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let refuse = self.refuse;
        let call = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            Ok(match call.await {
                Ok(Ok(response)) => {
                    response.map(|inner| Body::new(CatchPanic { inner: Some(inner), refuse }))
                }
                Ok(Err(never)) => match never {},
                Err(_) => refuse(panicked()).into_http(),
            })
        })
    }
}

fn panicked() -> Problem {
    tracing::error!("a handler panicked; the panic's own message is on standard error");
    Problem::new(Reason::Internal, "a defect of the server; please report it with the time of this call")
}

/// A stream whose source panics ends with INTERNAL.
struct CatchPanic {
    inner: Option<Body>,
    refuse: Refuse,
}

impl http_body::Body for CatchPanic {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if let Ok(frame) = catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(context))) {
            return frame;
        }
        this.inner = None;
        let status = (this.refuse)(panicked());
        Poll::Ready(Some(Ok(Frame::trailers(body::trailers(&status)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}
