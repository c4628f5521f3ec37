//! Who calls, and under which request id: what makes a repetition recognisable.

use fenliu_domain::access::{Caller, Permission, Permissions};
use fenliu_domain::desk::event::{RequestMark, Text};
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_runtime::ids::IdSource;
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Request;

use crate::without::{Part, is_off};

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
    /// Who calls.
    pub(crate) caller: Caller,
}

impl<T: Mutation> Identified<T> {
    /// Takes the request id out of a request, or makes one when the caller sent none.
    pub(crate) fn of(request: Request<T>, ids: &IdSource) -> Self {
        let traceparent = request.metadata().get(TRACEPARENT).and_then(|value| value.to_str().ok());
        let traceparent = traceparent.filter(|value| is_traceparent(value)).map(Text::from);
        // What the layer that authenticates has left there.
        let caller = request.extensions().get::<Caller>().cloned();
        let caller = caller.unwrap_or(Caller { permissions: Permissions::NONE, ..Caller::ANYBODY });
        let mut body = request.into_inner();
        let given = std::mem::take(body.request_id());
        let mark = (!given.is_empty()).then(|| RequestMark {
            caller: Text::from(known_as(&caller, ids).as_str()),
            request_id: Text::from(given.as_str()),
            body_hash: hash(&body),
        });
        let request_id = if given.is_empty() { ids.next_request_id() } else { given };
        Self { body, request_id, mark, traceparent, caller }
    }

    /// Makes sure that whoever calls may act for others than themselves: the gate looks at who is named, and some
    /// requests ask for more than their agent's name shows.
    ///
    /// # Errors
    /// PERMISSION_DENIED; `what` says what was asked for.
    pub(crate) fn expect_supervisor(&self, what: &str) -> Result<(), Problem> {
        let needed = Permission::DeskSupervise;
        if self.caller.permissions.holds(needed) {
            return Ok(());
        }
        let words = format!("{what} needs the permission {}", needed.name());
        Err(Problem::new(Reason::PermissionDenied, words).with("permission", needed.name()))
    }

    /// The account that calls, when it speaks under the name of another one.
    pub(crate) fn speaks_for(&self, named: &str) -> Option<AgentId> {
        self.caller.agent().filter(|own| own.to_string() != named)
    }
}

/// The name by which a caller's requests are recognised.
fn known_as(caller: &Caller, ids: &IdSource) -> String {
    if is_off(Part::Memory) { ids.next_request_id() } else { caller.subject.to_string() }
}

/// Whether a text names a trace as W3C writes it: version, trace, span and flags, in lower-case hexadecimal.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.iter().all(|part| hex(part))
}

/// SHA-256 over the RPC and the request. The RPC's name ends with a byte that no name holds, so no body can
/// pretend to be another RPC's.
fn hash<T: Mutation>(body: &T) -> [u8; 32] {
    Sha256::new().chain_update(T::RPC).chain_update([0]).chain_update(body.encode_to_vec()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_w3c_writes_names_a_trace() {
        assert!(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for text in
            ["", "g", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00--b7ad6b7169203331-01"]
        {
            assert!(!is_traceparent(text), "{text}");
        }
        assert!(!is_traceparent(&"0".repeat(3_000)));
    }
}
