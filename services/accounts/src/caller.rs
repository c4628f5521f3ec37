//! Who calls.

use tonic::Request;

/// Who a request comes from, as far as request ids are concerned: each caller has request ids of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller(String);

impl Caller {
    /// Who sent this request. Until callers sign in there is only one, `anonymous`; the layer that authenticates
    /// will leave the account in the request's extensions, and this is the one place that reads it.
    pub(crate) fn of<T>(_request: &Request<T>) -> Self {
        Self("anonymous".to_owned())
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}
