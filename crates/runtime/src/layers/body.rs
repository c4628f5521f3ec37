//! Response bodies that layers wrap around a handler's.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};

/// Lets a function see, and change, the trailers with which a body ends.
pub(super) struct OnTrailers<F> {
    pub(super) inner: Body,
    pub(super) on_trailers: F,
}

impl<F: FnMut(&mut HeaderMap) + Unpin> http_body::Body for OnTrailers<F> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let mut frame = Pin::new(&mut this.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            (this.on_trailers)(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body that ends with a status of its own when something happens before the handler's body has ended.
pub(super) struct EndedBy {
    inner: Option<Body>,
    end: BoxFuture<'static, Status>,
    at_once: bool,
}

impl EndedBy {
    /// What the handler has ready goes out first.
    pub(super) fn new(inner: Body, end: BoxFuture<'static, Status>) -> Self {
        Self { inner: Some(inner), end, at_once: false }
    }

    /// Nothing goes out any more when it has happened, so that a handler that always has something ready cannot go
    /// on.
    pub(super) fn at_once(inner: Body, end: BoxFuture<'static, Status>) -> Self {
        Self { at_once: true, ..Self::new(inner, end) }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Frame<Bytes>> {
        let status = std::task::ready!(self.end.as_mut().poll(context));
        self.inner = None;
        Poll::Ready(Frame::trailers(trailers(&status)))
    }
}

impl http_body::Body for EndedBy {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.at_once
            && this.inner.is_some()
            && let Poll::Ready(end) = this.poll_end(context)
        {
            return Poll::Ready(Some(Ok(end)));
        }
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        match Pin::new(inner).poll_frame(context) {
            Poll::Pending if !this.at_once => this.poll_end(context).map(|end| Some(Ok(end))),
            frame => frame,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}

/// A status as the trailers that end a stream.
pub(super) fn trailers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    write(status, &mut headers);
    headers
}

/// Writes a status into headers or trailers. One that cannot be written (it never happens with ours: messages
/// are percent-encoded) still leaves its code.
pub(super) fn write(status: &Status, headers: &mut HeaderMap) {
    if status.add_header(headers).is_err() {
        headers.insert(Status::GRPC_STATUS, http::HeaderValue::from(i32::from(status.code())));
    }
}

/// The status code in headers or trailers, if there is one.
pub(super) fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}
