//! What happens around every call, once, for all services: a stack of tower layers.
//!
//! A request passes them from top to bottom, its response from bottom to top:
//!
//! 1. [`trace`] opens a span that continues the caller's trace, and notes the status when the call has ended.
//!    It comes first so that it also sees what the others refuse.
//! 2. [`explain`] gives every error that has no details an ErrorInfo. It stands outside of everything that can
//!    produce a bare status: the layers below, tonic's router and codec, and handlers.
//! 3. [`panics`] answers INTERNAL for a handler that panicked.
//! 4. [`drain`] refuses new calls while the server drains, ends streams then, and cuts calls off when the hard
//!    token falls.
//! 5. [`limit`] sheds calls beyond the global limits: OVERLOADED, at once, before any work is done for them.
//! 6. [`deadline`] ends a call whose time is up and lets outgoing calls know what is left.
//! 7. [`message_size`] refuses a message that is too large by its announced length, before it is read.
//! 8. [`authorise`] asks who calls, and whether they may: inside the limit and the deadline, because checking a
//!    signature costs work and a key may be waited for; inside the message size, because it reads messages; outside of
//!    everything else that reads them. It puts the caller into the request's extensions.
//!
//! Then come tonic's router, the codec, which validates, and the handler.
//!
//! Health and reflection pass 4 and 5 freely: a server that is overloaded or draining must still be able to say
//! so.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fenliu_domain::problem::Problem;
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tower::Service;
use tower::layer::{Layer, layer_fn};

use crate::auth::{Guard, Rules};

mod authorise;
mod body;
pub(crate) mod deadline;
mod drain;
mod explain;
mod limit;
mod message_size;
mod panics;
mod trace;

pub(crate) use self::trace::inject;

type Request = http::Request<Body>;
type Response = http::Response<Body>;
type Answer = futures::future::BoxFuture<'static, Result<Response, Infallible>>;
type Refuse = fn(Problem) -> Status;

/// A service that layers can wrap.
pub(crate) trait Inner:
    Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + Clone + Send + 'static
{
}

impl<S> Inner for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static
{
}

/// The limits that the layers enforce.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) requests: usize,
    pub(crate) streams: usize,
    pub(crate) message_bytes: usize,
    pub(crate) default_deadline: Duration,
    pub(crate) max_deadline: Duration,
}

/// Everything the layers need.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) refuse: Refuse,
    pub(crate) methods: Methods,
    pub(crate) rules: Rules,
    pub(crate) guard: Guard,
    pub(crate) limits: Limits,
    pub(crate) draining: CancellationToken,
    pub(crate) hard: CancellationToken,
}

/// All layers, in the order that the module describes.
pub(crate) fn all<S: Inner>(
    context: Context,
) -> impl Layer<S, Service: Inner> + Clone + Send + Sync + 'static {
    let Context { refuse, methods, rules, guard, limits, draining, hard } = context;
    let slots = limit::Slots::new(&limits);
    layer_fn(move |routes: S| {
        let methods = methods.clone();
        let service = authorise::Authorise {
            inner: routes,
            refuse,
            methods: methods.clone(),
            rules: rules.clone(),
            guard: guard.clone(),
        };
        let service = message_size::MessageSize { inner: service, refuse, limit: limits.message_bytes };
        let service = deadline::Deadline { inner: service, refuse, methods: methods.clone(), limits };
        let service = limit::Limit { inner: service, refuse, methods: methods.clone(), slots: slots.clone() };
        let service = drain::Drain {
            inner: service,
            refuse,
            methods: methods.clone(),
            draining: draining.clone(),
            hard: hard.clone(),
        };
        let service = panics::Panics { inner: service, refuse };
        let service = explain::Explain { inner: service, refuse, methods: methods.clone() };
        trace::Trace { inner: service, methods }
    })
}

/// What is known of one method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    /// The caller sends a stream.
    pub(crate) client_streaming: bool,
    /// The server sends a stream.
    pub(crate) server_streaming: bool,
    /// Health and reflection: never refused for load or drain.
    pub(crate) vital: bool,
}

impl Method {
    /// True when either side streams; such a call has no deadline of its own.
    pub(crate) const fn streams(self) -> bool {
        self.client_streaming || self.server_streaming
    }
}

/// Every method of the contract, by its path.
#[derive(Clone, Debug)]
pub(crate) struct Methods(Arc<BTreeMap<String, Method>>);

impl Methods {
    /// The methods of an encoded descriptor set, and those of health and reflection.
    pub(crate) fn from_descriptor_set(encoded: &[u8]) -> Result<Self, prost::DecodeError> {
        let mut methods = BTreeMap::new();
        let sets = [
            (encoded, false),
            (tonic_health::pb::FILE_DESCRIPTOR_SET, true),
            (tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET, true),
            (tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET, true),
        ];
        for (encoded, vital) in sets {
            collect(&FileDescriptorSet::decode(encoded)?, vital, &mut methods);
        }
        Ok(Self(Arc::new(methods)))
    }

    /// What is known of the method at `path`; `None` when there is none.
    pub(crate) fn find(&self, path: &str) -> Option<Method> {
        self.0.get(path).copied()
    }

    /// The method's full name without the leading slash, or `None`: what callers make up never becomes a label.
    pub(crate) fn name<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.0.contains_key(path).then(|| path.trim_start_matches('/'))
    }
}

fn collect(set: &FileDescriptorSet, vital: bool, methods: &mut BTreeMap<String, Method>) {
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let client_streaming = method.client_streaming();
                let server_streaming = method.server_streaming();
                methods.insert(path, Method { client_streaming, server_streaming, vital });
            }
        }
    }
}

#[cfg(test)]
mod tests;
