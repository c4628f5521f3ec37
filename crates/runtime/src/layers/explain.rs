//! Every error says why: a status without details gets an ErrorInfo here.
//!
//! Handlers and layers refuse through `refuse` and have theirs. What is left are tonic's own statuses, known by
//! their code and the beginnings of their messages, and defects.

use std::convert::Infallible;
use std::task::{Context, Poll};

use fenliu_domain::problem::{Problem, Reason};
use http::HeaderMap;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use super::{Answer, Inner, Methods, Refuse, Request, Response, body};

/// How tonic's and prost's messages about bytes that are no message begin.
const UNREADABLE: &[&str] = &[
    "failed to decode Protobuf message",
    "Missing request message",
    "Unexpected EOF decoding stream",
    "protocol error: received message with",
    "Error decompressing",
];

/// How tonic's message about a compression it does not know begins; its name follows.
const COMPRESSED: &str = "Content is compressed with `";

/// Part of tonic's messages about messages beyond a size limit.
const TOO_LARGE: &str = "message length too large";

#[derive(Clone)]
pub(super) struct Explain<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
    pub(super) methods: Methods,
}

impl<S: Inner> Service<Request> for Explain<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let refuse = self.refuse;
        let method = self.methods.name(request.uri().path()).map(str::to_owned);
        let call = self.inner.call(request);
        Box::pin(async move {
            let mut response = call.await?;
            if body::code(response.headers()).is_some() {
                explain(response.headers_mut(), method.as_deref(), refuse);
                return Ok(response);
            }
            let on_trailers = move |trailers: &mut HeaderMap| explain(trailers, method.as_deref(), refuse);
            Ok(response.map(|inner| Body::new(body::OnTrailers { inner, on_trailers })))
        })
    }
}

/// Replaces a bare error status by the refusal it stands for; other headers stay.
fn explain(headers: &mut HeaderMap, method: Option<&str>, refuse: Refuse) {
    if body::code(headers).is_none_or(|code| code == Code::Ok)
        || headers.contains_key(Status::GRPC_STATUS_DETAILS)
    {
        return;
    }
    let Some(status) = Status::from_header_map(headers) else { return };
    let refusal = refuse(problem(&status, method));
    for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
        headers.remove(name);
    }
    body::write(&refusal, headers);
}

fn problem(status: &Status, method: Option<&str>) -> Problem {
    let message = status.message();
    match status.code() {
        _ if message.contains(TOO_LARGE) => Problem::new(Reason::MessageTooLarge, message),
        Code::Unimplemented => unimplemented(message, method),
        Code::InvalidArgument => Problem::new(Reason::InvalidRequest, message),
        Code::Internal if UNREADABLE.iter().any(|known| message.starts_with(known)) => {
            Problem::new(Reason::InvalidRequest, format!("the request cannot be read: {message}"))
        }
        Code::NotFound if method.is_some_and(|name| name.starts_with("grpc.health.")) => {
            Problem::new(Reason::ServiceNotFound, "there is no such service on this server")
        }
        // Reflection's own answer to a symbol nobody has: the client prints it.
        Code::NotFound if method.is_some_and(|name| name.starts_with("grpc.reflection.")) => {
            Problem::new(Reason::ServiceNotFound, message)
        }
        Code::ResourceExhausted => Problem::new(Reason::Overloaded, message),
        Code::Unavailable => Problem::new(Reason::PeerUnavailable, message),
        Code::DeadlineExceeded | Code::Cancelled => {
            let advice = "the call was given up; whether it took effect is unknown";
            Problem::new(Reason::DeadlineExceeded, advice)
        }
        code => {
            tracing::error!(?code, message, method, "a status without a reason; answered as INTERNAL");
            Problem::new(Reason::Internal, "a defect of the server; its log has the details")
        }
    }
}

fn unimplemented(message: &str, method: Option<&str>) -> Problem {
    if let Some(rest) = message.strip_prefix(COMPRESSED) {
        let encoding = rest.split('`').next().unwrap_or_default();
        let advice = format!("messages compressed with {encoding:?} are not read; send them uncompressed");
        return Problem::new(Reason::CompressionUnsupported, advice).with("encoding", encoding);
    }
    match method {
        // The contract has it, and this server does not serve it.
        Some(method) if message.is_empty() => {
            Problem::new(Reason::MethodNotFound, format!("this server does not serve {method}"))
                .with("method", method)
        }
        Some(method) => Problem::new(Reason::MethodNotFound, message).with("method", method),
        None => {
            Problem::new(Reason::MethodNotFound, "there is no such method; reflection lists those there are")
        }
    }
}

#[cfg(test)]
mod tests;
