//! Nobody gets in where they don't belong: who calls, and whether the contract lets them.
//!
//! In this order: an RPC that is not in the contract is unimplemented, one without a declaration is refused to
//! everybody, one that anyone may call goes through. All others need a token that verifies, then the permission, then
//! the shop to be the token's own. What a request says of shop and agent is read from the bytes of its message, before
//! the codec sees them (see [`messages`]). A stream ends when its caller's token does.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use fenliu_domain::access::Caller;
use fenliu_domain::problem::{Problem, Reason};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use self::check::Check;
use self::messages::Checked;
use super::{Answer, Inner, Method, Methods, Refuse, Request, Response, body};
use crate::auth::{Authenticator, Guard, Need, Rule, Rules, token_invalid, token_missing};

mod check;
mod fields;
mod messages;

/// How long the message of a call whose answer is a stream may take to come: such a call may have no deadline.
const FIRST_MESSAGE_LIMIT: Duration = Duration::from_secs(10);

/// What stands before the token, in any case (RFC 6750).
const SCHEME: &str = "Bearer ";

#[derive(Clone)]
pub(super) struct Authorise<S> {
    pub(super) inner: S,
    pub(super) refuse: Refuse,
    pub(super) methods: Methods,
    pub(super) rules: Rules,
    pub(super) guard: Guard,
}

impl<S: Inner> Service<Request> for Authorise<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        let Guard::On(auth) = &self.guard else {
            request.extensions_mut().insert(Caller::ANYBODY);
            return Box::pin(self.inner.call(request));
        };
        let path = request.uri().path();
        let Some(method) = self.methods.find(path) else { return answer(Status::unimplemented("")) };
        if method.vital {
            return Box::pin(self.inner.call(request));
        }
        let Some(rule) = self.rules.find(path) else { return answer((self.refuse)(undeclared(path))) };
        if rule.need == Need::Anyone {
            return Box::pin(self.inner.call(request));
        }
        let door = Door { auth: auth.clone(), rule: Arc::clone(rule), method, refuse: self.refuse };
        // The one that said it is ready is the one that is called.
        let ready = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move { Ok(door.pass(request, inner).await.unwrap_or_else(Status::into_http)) })
    }
}

fn answer(status: Status) -> Answer {
    Box::pin(std::future::ready(Ok(status.into_http())))
}

/// What one call has to pass.
struct Door {
    auth: Authenticator,
    rule: Arc<Rule>,
    method: Method,
    refuse: Refuse,
}

impl Door {
    async fn pass<S: Inner>(self, mut request: Request, inner: S) -> Result<Response, Status> {
        let caller = self.caller(request.headers()).await.map_err(self.refuse)?;
        // Nobody needs it any more, and so nobody can print it.
        request.headers_mut().remove(AUTHORIZATION);
        request.extensions_mut().insert(caller.clone());
        let check = Check::new(Arc::clone(&self.rule), caller.clone());
        check.before_reading().map_err(self.refuse)?;
        let request = if check.reads() { self.checked(request, check).await? } else { request };
        self.called(request, inner, caller).await
    }

    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.auth.verify(bearer(headers)?).await
    }

    /// The request with every message checked before it is handed on; where there is to be one, it already is.
    async fn checked(&self, request: Request, check: Check) -> Result<Request, Status> {
        let (parts, body) = request.into_parts();
        let mut body = Checked::new(body, check, &parts.headers, self.refuse);
        if self.method.server_streaming && !self.method.client_streaming {
            let first = tokio::time::timeout(FIRST_MESSAGE_LIMIT, body.read_first()).await;
            first.map_err(|_| (self.refuse)(no_message()))??;
        } else if !self.method.client_streaming {
            body.read_first().await?;
        }
        Ok(Request::from_parts(parts, Body::new(body)))
    }

    /// Calls the handler. Where either side streams, the end of the caller's token is the end of the call.
    async fn called<S: Inner>(
        self,
        request: Request,
        mut inner: S,
        caller: Caller,
    ) -> Result<Response, Status> {
        let call = inner.call(request);
        if !self.method.streams() {
            let Ok(response) = call.await;
            return Ok(response);
        }
        let Self { auth, refuse, method, .. } = self;
        let mut end = Box::pin(async move { refuse(auth.ended(&caller).await) });
        let response = tokio::select! {
            biased;
            status = &mut end => return Err(status),
            Ok(response) = call => response,
        };
        if !method.server_streaming || response.headers().contains_key(Status::GRPC_STATUS) {
            return Ok(response);
        }
        Ok(response.map(|inner| Body::new(body::EndedBy::at_once(inner, end))))
    }
}

/// The token in the one `authorization` header.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, others) = (values.next().ok_or_else(token_missing)?, values.next());
    let text = value.to_str().ok().filter(|_| others.is_none()).ok_or_else(malformed)?;
    let (scheme, token) = text.split_at_checked(SCHEME.len()).ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case(SCHEME) { Ok(token) } else { Err(malformed()) }
}

/// The refusal of headers that hold no token, though they try.
fn malformed() -> Problem {
    Problem { message: "send one token, as authorization: Bearer <token>".to_owned(), ..token_invalid() }
}

fn undeclared(path: &str) -> Problem {
    let method = path.trim_start_matches('/');
    let message = format!("nobody may call {method}: the contract does not say who may");
    Problem::new(Reason::PermissionDenied, message).with("method", method)
}

fn no_message() -> Problem {
    let millis = FIRST_MESSAGE_LIMIT.as_millis();
    let message = format!("the request's message did not come within {millis} ms");
    Problem::new(Reason::DeadlineExceeded, message).with("deadline_ms", millis)
}

#[cfg(test)]
mod tests;
