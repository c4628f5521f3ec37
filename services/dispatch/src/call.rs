//! Who calls, and under which request id: what makes a repetition recognisable.

use fenliu_domain::desk::event::{RequestMark, Text};
use fenliu_runtime::ids::IdSource;
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Request;

/// Callers until they sign in; the layer that authenticates will leave the account in the request's extensions,
/// and this module is the one place that reads it.
const ANONYMOUS: &str = "anonymous";

/// The W3C header that names the call's trace.
const TRACEPARENT: &str = "traceparent";

/// A request that changes something.
pub(crate) trait Mutation: Message {
    /// The RPC it belongs to.
    const RPC: &'static str;

    /// Its request id.
    fn request_id(&mut self) -> &mut String;
}

/// A request with what identifies it taken out.
#[derive(Debug)]
pub(crate) struct Identified<T> {
    /// The request, without its id.
    pub(crate) body: T,
    /// Its id, made when the caller sent none.
    pub(crate) request_id: String,
    /// Its mark, when the caller sent an id to repeat it by.
    pub(crate) mark: Option<RequestMark>,
    /// The trace it belongs to.
    pub(crate) traceparent: Option<Text>,
}

impl<T: Mutation> Identified<T> {
    /// Takes the request id out of a request, or makes one when the caller sent none.
    pub(crate) fn of(request: Request<T>, ids: &IdSource) -> Self {
        let traceparent =
            request.metadata().get(TRACEPARENT).and_then(|value| value.to_str().ok()).map(Text::from);
        let mut body = request.into_inner();
        let given = std::mem::take(body.request_id());
        let mark = (!given.is_empty()).then(|| RequestMark {
            caller: Text::from(ANONYMOUS),
            request_id: Text::from(given.as_str()),
            body_hash: hash(&body),
        });
        let request_id = if given.is_empty() { ids.next_request_id() } else { given };
        Self { body, request_id, mark, traceparent }
    }
}

/// SHA-256 over the RPC and the request. The RPC's name ends with a byte that no name holds, so no body can
/// pretend to be another RPC's.
fn hash<T: Mutation>(body: &T) -> [u8; 32] {
    Sha256::new().chain_update(T::RPC).chain_update([0]).chain_update(body.encode_to_vec()).finalize().into()
}
