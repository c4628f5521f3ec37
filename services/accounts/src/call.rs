//! One attempt to change something, as idempotency and the audit log see it.

use fenliu_domain::access::{Caller, Permissions};
use fenliu_proto::accounts::v1 as proto;
use fenliu_runtime::ids::IdSource;
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Request;

/// Who asks for what under which request id.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) request_id: String,
    pub(crate) rpc: &'static str,
    /// SHA-256 over the RPC and the request without its request id.
    pub(crate) body_hash: [u8; 32],
}

/// Who sent a request, as the layer that authenticates found out. A request that never passed it comes from somebody
/// who may do nothing.
pub(crate) fn caller_of<T>(request: &Request<T>) -> Caller {
    let known = request.extensions().get::<Caller>().cloned();
    known.unwrap_or(Caller { permissions: Permissions::NONE, ..Caller::ANYBODY })
}

/// A request that changes something.
pub(crate) trait Mutation: Message {
    /// The RPC it belongs to.
    const RPC: &'static str;

    /// Its request id.
    fn request_id(&mut self) -> &mut String;

    /// Its bytes, save what must not be remembered even as a hash: a fast hash of a password is a gift to whoever
    /// reads the table. So a repetition with another password is still a repetition.
    fn without_secret(&self) -> Vec<u8>
    where
        Self: Sized,
    {
        self.encode_to_vec()
    }
}

/// Who asks for what is not remembered, under which request id: its answer holds secrets, so that a repetition is a
/// request of its own.
#[derive(Clone, Debug)]
pub(crate) struct Occasion {
    /// `None` = fenliu itself, since nobody knows who asks.
    pub(crate) caller: Option<Caller>,
    pub(crate) request_id: String,
}

/// A request that changes something and is not remembered.
pub(crate) trait Unremembered {
    /// Its request id.
    fn request_id(&mut self) -> &mut String;
}

impl Occasion {
    /// Takes the request id out of a request, or makes one when the caller sent none.
    pub(crate) fn of<T: Unremembered>(request: &mut Request<T>, ids: &IdSource) -> Self {
        let caller = Some(caller_of(request));
        let request_id = taken(request.get_mut().request_id(), ids);
        Self { caller, request_id }
    }

    /// The same, done by fenliu itself: what was shown may be in anybody's hands.
    pub(crate) fn by_nobody(self) -> Self {
        Self { caller: None, ..self }
    }
}

/// The request id that a caller sent, or a new one.
fn taken(request_id: &mut String, ids: &IdSource) -> String {
    let sent = std::mem::take(request_id);
    if sent.is_empty() { ids.next_request_id() } else { sent }
}

impl Call {
    /// Takes the request id out of a request, or makes one when the caller sent none.
    pub(crate) fn of<T: Mutation>(request: &mut Request<T>, ids: &IdSource) -> Self {
        let caller = caller_of(request);
        let body = request.get_mut();
        let request_id = taken(body.request_id(), ids);
        // The RPC's name ends with a byte that no name holds, so no body can pretend to be another RPC's.
        let hash = Sha256::new().chain_update(T::RPC).chain_update([0]).chain_update(body.without_secret());
        Self { caller, request_id, rpc: T::RPC, body_hash: hash.finalize().into() }
    }
}

/// Names the RPCs of requests that have a request id.
macro_rules! mutations {
    ($($request:ident: $rpc:literal,)+) => {
        $(impl Mutation for proto::$request {
            const RPC: &'static str = concat!("fenliu.accounts.v1.", $rpc);
            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
        })+
    };
}

mutations! {
    UpdateShopRequest: "ShopService/UpdateShop",
    UpdateSubAccountRequest: "AccountService/UpdateSubAccount",
    DisableSubAccountRequest: "AccountService/DisableSubAccount",
    EnableSubAccountRequest: "AccountService/EnableSubAccount",
    DeleteSubAccountRequest: "AccountService/DeleteSubAccount",
    BindAgentRequest: "BindingService/BindAgent",
    UpdateBindingRequest: "BindingService/UpdateBinding",
    UnbindAgentRequest: "BindingService/UnbindAgent",
    CreateRoleRequest: "RoleService/CreateRole",
    UpdateRoleRequest: "RoleService/UpdateRole",
    DeleteRoleRequest: "RoleService/DeleteRole",
    IssueServiceTokenRequest: "AuthService/IssueServiceToken",
    RevokeServiceTokenRequest: "AuthService/RevokeServiceToken",
    MuteAgentRequest: "SanctionService/MuteAgent",
    BanAgentRequest: "SanctionService/BanAgent",
    LiftSanctionRequest: "SanctionService/LiftSanction",
    UpdateSanctionLadderRequest: "SanctionService/UpdateSanctionLadder",
    UpdateRosterDraftRequest: "RosterService/UpdateRosterDraft",
    PublishRosterRequest: "RosterService/PublishRoster",
    ImportRosterRequest: "RosterService/ImportRoster",
    CreateRosterExceptionRequest: "RosterService/CreateRosterException",
    AnswerRosterExceptionRequest: "RosterService/AnswerRosterException",
    CancelRosterExceptionRequest: "RosterService/CancelRosterException",
}

/// Names the RPCs of requests that bring a password along, which no hash may remember.
macro_rules! secret_mutations {
    ($($request:ident.$secret:ident: $rpc:literal,)+) => {
        $(impl Mutation for proto::$request {
            const RPC: &'static str = concat!("fenliu.accounts.v1.", $rpc);
            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
            fn without_secret(&self) -> Vec<u8> {
                Self { $secret: String::new(), ..self.clone() }.encode_to_vec()
            }
        })+
    };
}

secret_mutations! {
    CreateShopRequest.main_account_password: "ShopService/CreateShop",
    CreateSubAccountRequest.password: "AccountService/CreateSubAccount",
    ResetPasswordRequest.new_password: "AccountService/ResetPassword",
}

/// Requests that have a request id for the audit log alone.
macro_rules! unremembered {
    ($($request:ident,)+) => {
        $(impl Unremembered for proto::$request {
            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
        })+
    };
}

unremembered! {
    LoginRequest,
    RefreshRequest,
    LogoutRequest,
    ChangePasswordRequest,
    CreateBindingCodeRequest,
}
