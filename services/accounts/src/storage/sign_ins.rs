//! Sign-ins of accounts.

use fenliu_domain::ids::AgentId;

use super::{Change, Fault};

impl Change<'_> {
    /// Ends everything an account has signed in to: its tokens are void.
    pub(crate) async fn end_sign_ins(&mut self, agent: AgentId) -> Result<(), Fault> {
        self.cut_off_account(agent).await
    }
}
