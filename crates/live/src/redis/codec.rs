//! How attempts are written down; whoever wires the engine brings the format.

use fenliu_domain::desk::command::Ordered;
use fenliu_domain::problem::Problem;

/// The format of attempts in Redis.
pub trait AttemptCodec: Send + Sync + 'static {
    /// Appends an attempt's bytes.
    fn encode(&self, attempt: &Ordered, bytes: &mut Vec<u8>);

    /// Reads them back: exactly what was written, or replicas would decide different things.
    ///
    /// # Errors
    /// INVALID_REQUEST when they were damaged, or written by a version that knows more.
    fn decode(&self, bytes: &[u8]) -> Result<Ordered, Problem>;
}
