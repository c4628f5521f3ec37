//! Attempts as replicas leave them to each other in Redis.

use fenliu_domain::desk::command::Ordered;
use fenliu_domain::problem::Problem;
use fenliu_live::AttemptCodec;
use fenliu_proto::event::attempt::{from_proto, to_proto};
use fenliu_proto::history::v1 as proto;
use prost::Message;

/// Writes attempts as `fenliu.history.v1.Attempt`.
pub(crate) struct Attempts;

impl AttemptCodec for Attempts {
    fn encode(&self, attempt: &Ordered, bytes: &mut Vec<u8>) {
        bytes.extend(to_proto(attempt).encode_to_vec());
    }

    fn decode(&self, bytes: &[u8]) -> Result<Ordered, Problem> {
        let attempt = proto::Attempt::decode(bytes);
        let damaged = |error| Problem::field("attempt", format!("must be a whole message: {error}"));
        from_proto(&attempt.map_err(damaged)?)
    }
}
