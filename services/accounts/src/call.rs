//! One attempt to change something, as idempotency sees it.

use fenliu_proto::accounts::v1 as proto;
use fenliu_runtime::ids::IdSource;
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Request;

use crate::caller::Caller;

/// Who asks for what under which request id.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
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

impl Call {
    /// Takes the request id out of a request, or makes one when the caller sent none.
    pub(crate) fn of<T: Mutation>(request: &mut Request<T>, ids: &IdSource) -> Self {
        let caller = Caller::of(request);
        let body = request.get_mut();
        let mut request_id = std::mem::take(body.request_id());
        if request_id.is_empty() {
            request_id = ids.next_request_id();
        }
        // The RPC's name ends with a byte that no name holds, so no body can pretend to be another RPC's.
        let hash = Sha256::new().chain_update(T::RPC).chain_update([0]).chain_update(body.encode_to_vec());
        Self { caller, request_id, rpc: T::RPC, body_hash: hash.finalize().into() }
    }
}

impl Mutation for proto::CreateShopRequest {
    const RPC: &'static str = "fenliu.accounts.v1.ShopService/CreateShop";
    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}

impl Mutation for proto::UpdateShopRequest {
    const RPC: &'static str = "fenliu.accounts.v1.ShopService/UpdateShop";
    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}

impl Mutation for proto::CreateSubAccountRequest {
    const RPC: &'static str = "fenliu.accounts.v1.AccountService/CreateSubAccount";
    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}

impl Mutation for proto::UpdateSubAccountRequest {
    const RPC: &'static str = "fenliu.accounts.v1.AccountService/UpdateSubAccount";
    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}
