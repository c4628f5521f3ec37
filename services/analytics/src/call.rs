//! One attempt to change something, as idempotency sees it.

use fenliu_domain::access::{Caller, Permissions};
use fenliu_runtime::ids::IdSource;
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Request;

/// Who asks for what under which request id.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Who calls, and in which shop: an id used in one shop says nothing in another.
    pub(crate) caller: String,
    pub(crate) request_id: String,
    pub(crate) rpc: &'static str,
    /// SHA-256 over the RPC and the request without its request id.
    pub(crate) body_hash: [u8; 32],
}

/// A request that changes something.
pub(crate) trait Mutation: Message {
    /// The RPC it belongs to.
    const RPC: &'static str;

    /// Its request id.
    fn request_id(&mut self) -> &mut String;
}

impl Mutation for fenliu_proto::analytics::v1::PutRulePackRequest {
    const RPC: &'static str = "fenliu.analytics.v1.RulePackService/PutRulePack";

    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}

impl Call {
    /// Takes the request id out of a request, or makes one when the caller sent none.
    pub(crate) fn of<T: Mutation>(request: &mut Request<T>, ids: &IdSource) -> Self {
        let caller = caller_of(request);
        let body = request.get_mut();
        let sent = std::mem::take(body.request_id());
        let request_id = if sent.is_empty() { ids.next_request_id() } else { sent };
        // The RPC's name ends with a byte that no name holds, so no body can pretend to be another RPC's.
        let hash = Sha256::new().chain_update(T::RPC).chain_update([0]).chain_update(body.encode_to_vec());
        Self { caller, request_id, rpc: T::RPC, body_hash: hash.finalize().into() }
    }
}

/// Who sent a request, as the layer that authenticates found out.
fn caller_of<T>(request: &Request<T>) -> String {
    let nobody = Caller { permissions: Permissions::NONE, ..Caller::ANYBODY };
    let Caller { subject, shop, .. } = request.extensions().get::<Caller>().cloned().unwrap_or(nobody);
    shop.map_or_else(|| subject.to_string(), |shop| format!("{subject} in {shop}"))
}
