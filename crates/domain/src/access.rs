//! Who may do what: permissions, the sets of them that callers hold, and the roles everybody knows.
//!
//! A caller acts in one shop, or on the platform and so in every shop. A role is a named set of permissions in a
//! shop; the four built-in ones exist in every shop and cannot be changed. Nobody grants what they do not hold.

use std::fmt;

use crate::ids::{AgentId, ServiceId, ShopId};
use crate::time::Timestamp;

#[cfg(test)]
mod tests;

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident, $text:literal;)+) => {
        /// One thing that a caller may be allowed to do. On the wire `fenliu.common.v1.Permission` has the same
        /// names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Permission {
            /// Every permission there is, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name in tokens and on the command line, such as `desk.work`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What it allows, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

permissions! {
    /// See the shop, its roles and the service window.
    ShopRead, "shop.read";
    /// Change the shop's name, zone, service window and sanction ladder, and put rule packs of its own.
    ShopUpdate, "shop.update";
    /// See accounts and their bindings.
    AgentsRead, "agents.read";
    /// Create, change, disable and delete sub-accounts, reset their passwords, bind them.
    AgentsManage, "agents.manage";
    /// Create, change and delete custom roles.
    RolesManage, "roles.manage";
    /// See rosters, duty and coverage.
    RostersRead, "rosters.read";
    /// Draft and publish rosters, decide leave, add extra duty.
    RostersManage, "rosters.manage";
    /// See sanctions and violations.
    SanctionsRead, "sanctions.read";
    /// Mute, ban and lift.
    SanctionsManage, "sanctions.manage";
    /// Read the audit log.
    AuditRead, "audit.read";
    /// Issue, list and revoke service tokens.
    TokensManage, "tokens.manage";
    /// Bring in buyers and their messages, as a channel does.
    ReceptionServe, "reception.serve";
    /// See the board, the queue, conversations and their messages.
    DeskRead, "desk.read";
    /// Work at the desk as oneself: be present, answer, hand over, close; ask for leave and swaps.
    DeskWork, "desk.work";
    /// Act at the desk for others, and for the robot.
    DeskSupervise, "desk.supervise";
    /// See the policy.
    PolicyRead, "policy.read";
    /// Change the policy.
    PolicyUpdate, "policy.update";
    /// Read the shop's history.
    HistoryRead, "history.read";
    /// See reply rates, misses and exchanges.
    ReportsRead, "reports.read";
    /// Import history from another system.
    ReportsImport, "reports.import";
    /// Create and list shops.
    PlatformShops, "platform.shops";
    /// Follow the directory and the trust of all shops, as dispatch and analytics do.
    PlatformDirectory, "platform.directory";
    /// Follow the history of all shops, as analytics does.
    PlatformHistory, "platform.history";
}

impl Permission {
    /// The permission of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.name() == name)
    }

    /// Whether it concerns all shops, so that no role of a shop can hold it.
    #[must_use]
    pub fn is_of_the_platform(self) -> bool {
        self.name().starts_with("platform.")
    }

    const fn bit(self) -> u64 {
        1 << self as u8
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self(0);

    /// Those in this list.
    #[must_use]
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < list.len() {
            bits |= list[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Every permission there is, those of the platform included.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(Permission::ALL)
    }

    /// Every permission that can be held in a shop.
    #[must_use]
    pub fn of_a_shop() -> Self {
        Self::all().iter().filter(|permission| !permission.is_of_the_platform()).collect()
    }

    /// The permissions of these names, or the first name that is none.
    ///
    /// # Errors
    /// The name.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        names.into_iter().map(|name| Permission::parse(name).ok_or(name)).collect()
    }

    /// Whether this one is in it.
    #[must_use]
    pub const fn holds(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether all of those are in it.
    #[must_use]
    pub const fn covers(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// Those in either.
    #[must_use]
    pub const fn union(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those in it that are not in the other.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// One by one, in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.holds(*permission))
    }

    /// Their names, in the order of the contract.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Permission::name)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(list: I) -> Self {
        Self(list.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A role that exists in every shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltInRole {
    /// May do everything in the shop. The main account always has it.
    Owner,
    /// Runs the shop: everything but roles and tokens.
    Manager,
    /// Runs the desk: rosters, sanctions, acting for others, reports.
    Supervisor,
    /// Works at the desk.
    Agent,
}

impl BuiltInRole {
    /// All of them, the most powerful first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Manager, Self::Supervisor, Self::Agent];

    /// Its name, which no custom role can have.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it permits.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        const AGENT: Permissions = Permissions::of(&[
            Permission::ShopRead,
            Permission::AgentsRead,
            Permission::RostersRead,
            Permission::DeskRead,
            Permission::DeskWork,
        ]);
        const SUPERVISOR: Permissions = AGENT.union(Permissions::of(&[
            Permission::RostersManage,
            Permission::SanctionsRead,
            Permission::SanctionsManage,
            Permission::DeskSupervise,
            Permission::PolicyRead,
            Permission::HistoryRead,
            Permission::ReportsRead,
        ]));
        const KEPT_FROM_MANAGERS: Permissions =
            Permissions::of(&[Permission::RolesManage, Permission::TokensManage]);
        match self {
            Self::Owner => Permissions::of_a_shop(),
            Self::Manager => Permissions::of_a_shop().without(KEPT_FROM_MANAGERS),
            Self::Supervisor => SUPERVISOR,
            Self::Agent => AGENT,
        }
    }
}

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Somebody, while nobody is asked who they are.
    Anonymous,
    /// An account.
    Agent(AgentId),
    /// A program.
    Service(ServiceId),
}

impl Subject {
    /// The subject of this text, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let agent = text.parse().map(Self::Agent);
        agent.or_else(|_| text.parse().map(Self::Service)).ok()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Agent(agent) => agent.fmt(f),
            Self::Service(service) => service.fmt(f),
        }
    }
}

/// Who calls, as their token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whom the token speaks for.
    pub subject: Subject,
    /// The shop they act in; `None` = the platform, and so every shop.
    pub shop: Option<ShopId>,
    /// What they may do there.
    pub permissions: Permissions,
    /// The subject's token version when the token was signed; a token of an earlier one than the subject's is void.
    pub version: u64,
    /// The token counts until then, not at it.
    pub expires: Timestamp,
}

impl Caller {
    /// Somebody who may do everything, for a server that asks nobody who they are.
    pub const ANYBODY: Self = Self {
        subject: Subject::Anonymous,
        shop: None,
        permissions: Permissions::all(),
        version: 0,
        expires: Timestamp::MAX,
    };

    /// Whether they may act in this shop at all.
    #[must_use]
    pub fn acts_in(&self, shop: ShopId) -> bool {
        self.shop.is_none_or(|own| own == shop)
    }

    /// The account, when one calls.
    #[must_use]
    pub const fn agent(&self) -> Option<AgentId> {
        match self.subject {
            Subject::Agent(agent) => Some(agent),
            Subject::Anonymous | Subject::Service(_) => None,
        }
    }
}
