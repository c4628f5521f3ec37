//! A shop in which there is one of everything that a request can name, and two of everything that is listed.

use anyhow::Context;
use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::role_service_client::RoleServiceClient;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::{self as accounts, create_roster_exception_request, roster_assignment};
use fenliu_proto::common::v1::Permission;
use fenliu_proto::convert::to_timestamp;
use fenliu_runtime::channel::Outgoing;
use prost_types::FieldMask;

use super::things::{Thing, Things, sheet};
use super::{Guarded, Tenant, Timestamp};

mod desk;
mod packs;

/// A shop with everything in it.
#[derive(Clone, Debug)]
pub struct Furnished {
    /// What it is called, and what everything in it is called after.
    pub name: String,
    /// Its people.
    pub tenant: Tenant,
    /// What is there.
    pub things: Things,
    /// A valid token of its owner.
    pub token: String,
}

/// Whoever brings the furniture.
struct Furnisher<'a> {
    guarded: &'a Guarded,
    name: &'a str,
    tenant: Tenant,
    owner: Outgoing,
    agent: Outgoing,
    now: Timestamp,
}

impl Guarded {
    /// Opens a shop and puts something of everything into it, and so many rosters. Everything there is called after
    /// `name`.
    ///
    /// # Errors
    /// When a service refuses.
    pub async fn furnish(&self, name: &str, rosters: usize) -> anyhow::Result<Furnished> {
        let tenant = self.tenant(name).await?;
        let token = |agent: AgentId, role| self.token(&self.with_role(tenant.shop, agent, role));
        let owner = token(tenant.owner, BuiltInRole::Owner);
        let furnisher = Furnisher {
            guarded: self,
            name,
            tenant,
            owner: self.outgoing(&owner)?,
            agent: self.outgoing(&token(tenant.agent, BuiltInRole::Agent))?,
            now: self.now,
        };
        let things = furnisher.everything(rosters).await?;
        Ok(Furnished { name: name.to_owned(), tenant, things, token: owner })
    }

    /// A code with which another shop may bind this agent.
    ///
    /// # Errors
    /// When accounts refuses.
    pub async fn binding_code(&self, home: ShopId, agent: AgentId) -> anyhow::Result<String> {
        let platform = self.outgoing(&self.token(&self.platform(Permissions::all())))?;
        let request = accounts::CreateBindingCodeRequest {
            shop_id: home.to_string(),
            agent_id: agent.to_string(),
            ..Default::default()
        };
        let code = BindingServiceClient::new(platform).create_binding_code(request).await?;
        Ok(code.into_inner().binding_code)
    }
}

impl Furnisher<'_> {
    async fn everything(&self, rosters: usize) -> anyhow::Result<Things> {
        // The names come first: everything else is called by them.
        let things = Things::nowhere(self.name, "")
            .with(Thing::Shop, &self.tenant.shop)
            .with(Thing::Owner, &self.tenant.owner)
            .with(Thing::Agent, &self.tenant.agent)
            .with(Thing::Colleague, &self.tenant.colleague);
        let things = things.with(Thing::Sheet, &sheet(&self.of("agent"), &self.of("shift")));
        self.terms(&things).await?;
        let things = things.with(Thing::ServiceToken, &self.service_tokens().await?);
        let things = things.with(Thing::RosterVersion, &self.rosters(rosters).await?);
        let things = things.with(Thing::Exception, &self.exceptions().await?);
        let things = things.with(Thing::Sanction, &self.sanctions().await?);
        let things = self.desk(things).await?;
        self.settle(&things).await?;
        self.rule_packs(&things).await?;
        Ok(things)
    }

    fn shop(&self) -> String {
        self.tenant.shop.to_string()
    }

    /// What something of this shop is called.
    fn of(&self, what: &str) -> String {
        format!("{what} of {}", self.name)
    }

    /// A role, and who works in which group under which name of a marketplace.
    async fn terms(&self, things: &Things) -> anyhow::Result<()> {
        let role = accounts::CreateRoleRequest {
            shop_id: self.shop(),
            name: things.get(Thing::Role).to_owned(),
            permissions: vec![Permission::ShopRead.into()],
            ..Default::default()
        };
        RoleServiceClient::new(self.owner.clone()).create_role(role).await?;
        let account = accounts::ExternalAccount {
            platform: "pinduoduo".to_owned(),
            account_id: things.get(Thing::ExternalAccount).to_owned(),
        };
        self.bound(self.tenant.agent, things.get(Thing::Group), Some(account)).await?;
        self.bound(self.tenant.colleague, things.get(Thing::IdleGroup), None).await
    }

    async fn bound(
        &self,
        agent: AgentId,
        group: &str,
        external_account: Option<accounts::ExternalAccount>,
    ) -> anyhow::Result<()> {
        let paths = ["groups", "external_account"].map(str::to_owned).to_vec();
        let request = accounts::UpdateBindingRequest {
            shop_id: self.shop(),
            agent_id: agent.to_string(),
            terms: Some(accounts::BindingTerms {
                groups: vec![group.to_owned()],
                external_account,
                ..Default::default()
            }),
            update_mask: Some(FieldMask { paths }),
            ..Default::default()
        };
        BindingServiceClient::new(self.owner.clone()).update_binding(request).await?;
        Ok(())
    }

    async fn service_tokens(&self) -> anyhow::Result<String> {
        let mut auth = AuthServiceClient::new(self.owner.clone());
        let mut issue = async |what: &str| {
            let request = accounts::IssueServiceTokenRequest {
                shop_id: self.shop(),
                display_name: self.of(what),
                permissions: vec![Permission::ReceptionServe.into()],
                ..Default::default()
            };
            let issued = auth.issue_service_token(request).await?.into_inner();
            anyhow::Ok(issued.service_token.context("no token")?.service_id)
        };
        issue("spare program").await?;
        issue("program").await
    }

    /// The number of the last of so many rosters.
    async fn rosters(&self, count: usize) -> anyhow::Result<i64> {
        let mut rosters = RosterServiceClient::new(self.owner.clone());
        let mut version = 0;
        for _ in 0..count {
            let draft = accounts::UpdateRosterDraftRequest {
                shop_id: self.shop(),
                roster: Some(self.roster()),
                ..Default::default()
            };
            rosters.update_roster_draft(draft).await?;
            let publish = accounts::PublishRosterRequest {
                shop_id: self.shop(),
                note: self.of("note"),
                ..Default::default()
            };
            let published = rosters.publish_roster(publish).await?.into_inner();
            version = published.version.context("no version")?.version;
        }
        Ok(version)
    }

    /// Both agents work every day.
    fn roster(&self) -> accounts::Roster {
        let shift = accounts::Shift { start: "09:00".into(), end: "18:00".into(), breaks: Vec::new() };
        let assigned = |agent: AgentId| accounts::RosterAssignment {
            agent_id: agent.to_string(),
            work: Some(roster_assignment::Work::Rotating(accounts::RotatingWork {
                rotation: self.of("rotation"),
                anchor_day: "2026-03-02".into(),
                first_day: "2026-03-02".into(),
                last_day: String::new(),
            })),
        };
        accounts::Roster {
            templates: vec![accounts::ShiftTemplate { name: self.of("shift"), shift: Some(shift) }],
            rotations: vec![accounts::Rotation {
                name: self.of("rotation"),
                days: vec![accounts::RotationDay { templates: vec![self.of("shift")] }],
            }],
            assignments: vec![assigned(self.tenant.agent), assigned(self.tenant.colleague)],
            min_on_duty: 1,
        }
    }

    /// A leave that counts, and a swap that waits for the colleague's word, whose id is returned.
    async fn exceptions(&self) -> anyhow::Result<String> {
        use create_roster_exception_request::Kind;
        let (agent, colleague) = (self.tenant.agent.to_string(), self.tenant.colleague.to_string());
        let far = self.now + Span::from_hours(24 * 40);
        let leave = Kind::Leave(accounts::Leave {
            agent_id: colleague.clone(),
            start_time: Some(to_timestamp(far)),
            end_time: Some(to_timestamp(far + Span::from_hours(1))),
        });
        let swap = Kind::Swap(accounts::Swap {
            agent_id: agent.clone(),
            day: "2026-03-20".into(),
            other_agent_id: colleague,
            other_day: "2026-03-21".into(),
        });
        let enter = async |by: &Outgoing, agent_id: String, kind| {
            let request = accounts::CreateRosterExceptionRequest {
                shop_id: self.shop(),
                agent_id,
                kind: Some(kind),
                reason: self.of("reason"),
                ..Default::default()
            };
            let entered = RosterServiceClient::new(by.clone()).create_roster_exception(request).await?;
            anyhow::Ok(entered.into_inner().exception.context("no exception")?.exception_id)
        };
        enter(&self.owner, String::new(), leave).await?;
        enter(&self.agent, agent, swap).await
    }

    /// Two agents who may not work, and the sanction of the second.
    async fn sanctions(&self) -> anyhow::Result<String> {
        let mut last = String::new();
        for what in ["loud agent", "rude agent"] {
            let hire = accounts::CreateSubAccountRequest {
                shop_id: self.shop(),
                login_name: self.of(what),
                ..Default::default()
            };
            let hired = AccountServiceClient::new(self.owner.clone()).create_sub_account(hire).await?;
            let request = accounts::MuteAgentRequest {
                shop_id: self.shop(),
                agent_id: hired.into_inner().sub_account.context("no account")?.agent_id,
                reason: self.of("reason"),
                evidence: self.of("evidence"),
                ..Default::default()
            };
            let muted = SanctionServiceClient::new(self.owner.clone()).mute_agent(request).await?;
            last = muted.into_inner().sanction.context("no sanction")?.sanction_id;
        }
        Ok(last)
    }
}
