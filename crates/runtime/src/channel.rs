//! How services call each other: a lazy channel that passes on deadline and trace.

use std::task::{Context, Poll};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::Service;

pub use http::Uri;

pub use self::token_source::{SharedToken, TokenSource, TokenSourceError};
use crate::layers::{self, deadline};

mod token_source;

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// A silent connection is asked for a sign of life after this long, even when no call is open.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// It is given up, and made anew for the next call, when none has come after this long more.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A channel to another service. It connects when first used, and again whenever the connection is lost.
///
/// A call made while handling another (in its handler's own task) gets what is left of that one's deadline as
/// its own, unless it brings a shorter one, and continues its trace. A call made elsewhere gets only what its
/// caller sets; the server's default then bounds it.
#[derive(Clone, Debug)]
pub struct Outgoing {
    channel: Channel,
    token: Option<TokenSource>,
}

impl Outgoing {
    /// The same channel, whose calls carry the token that this source has at that moment. A call that brings an
    /// `authorization` of its own keeps it.
    #[must_use]
    pub fn with_token(mut self, token: TokenSource) -> Self {
        self.token = Some(token);
        self
    }
}

/// A channel to `uri`, such as `http://127.0.0.1:50051`. Nothing is connected yet; call it within a tokio
/// runtime.
#[must_use]
pub fn connect_lazy(uri: Uri) -> Outgoing {
    let channel = Endpoint::from(uri)
        .connect_timeout(CONNECT_LIMIT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .connect_lazy();
    Outgoing { channel, token: None }
}

impl Service<Request<Body>> for Outgoing {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = tonic::transport::channel::ResponseFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers_mut();
        if let Some(left) = deadline::remaining() {
            let left = deadline::timeout_of(headers).ok().flatten().map_or(left, |own| own.min(left));
            headers.insert(deadline::TIMEOUT_HEADER, deadline::timeout_value(left));
        }
        if let Some(token) = self.token.as_ref().filter(|_| !headers.contains_key(AUTHORIZATION)) {
            headers.extend(token.header().map(|value| (AUTHORIZATION, value)));
        }
        layers::inject(headers);
        self.channel.call(request)
    }
}
