//! The gRPC services: parse, one call, render.

mod account_service;
mod audit_service;
mod auth_service;
mod binding_service;
mod directory_service;
mod parse;
mod render;
mod role_service;
mod roster_service;
mod sanction_service;
mod shop_service;

use std::fmt::Write;

use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1::account_service_server::AccountServiceServer;
use fenliu_proto::accounts::v1::audit_service_server::AuditServiceServer;
use fenliu_proto::accounts::v1::auth_service_server::AuthServiceServer;
use fenliu_proto::accounts::v1::binding_service_server::BindingServiceServer;
use fenliu_proto::accounts::v1::directory_service_server::DirectoryServiceServer;
use fenliu_proto::accounts::v1::role_service_server::RoleServiceServer;
use fenliu_proto::accounts::v1::roster_service_server::RosterServiceServer;
use fenliu_proto::accounts::v1::sanction_service_server::SanctionServiceServer;
use fenliu_proto::accounts::v1::shop_service_server::ShopServiceServer;
use fenliu_runtime::page::PageTokens;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::Service;
use tonic::service::Routes;

use crate::directory::Directory;
use crate::discipline::Discipline;
use crate::entrance::{Entrance, Passwords, TrustFollowers};
use crate::planning::Planning;
use crate::registry::Registry;
use crate::storage::Store;

/// Entries of a page when the caller does not say.
const DEFAULT_PAGE: u64 = 50;
/// Most entries of a page.
const MAX_PAGE: u64 = 500;

/// Names of the services for health checks.
const NAMES: &[&str] = &[
    "fenliu.accounts.v1.ShopService",
    "fenliu.accounts.v1.AccountService",
    "fenliu.accounts.v1.BindingService",
    "fenliu.accounts.v1.RoleService",
    "fenliu.accounts.v1.RosterService",
    "fenliu.accounts.v1.SanctionService",
    "fenliu.accounts.v1.AuditService",
    "fenliu.accounts.v1.DirectoryService",
    "fenliu.accounts.v1.AuthService",
];

/// What every handler works with.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) registry: Registry,
    pub(crate) planning: Planning,
    pub(crate) discipline: Discipline,
    pub(crate) entrance: Entrance,
    pub(crate) passwords: Passwords,
    pub(crate) store: Store,
    pub(crate) platform: Platform,
}

/// The services, ready to be served.
pub(crate) fn service(context: Context, directory: Directory, trust: TrustFollowers) -> Service {
    let mut routes = Routes::builder();
    routes
        .add_service(ShopServiceServer::new(shop_service::Handler(context.clone())))
        .add_service(AccountServiceServer::new(account_service::Handler(context.clone())))
        .add_service(BindingServiceServer::new(binding_service::Handler(context.clone())))
        .add_service(RoleServiceServer::new(role_service::Handler(context.clone())))
        .add_service(RosterServiceServer::new(roster_service::Handler(context.clone())))
        .add_service(SanctionServiceServer::new(sanction_service::Handler(context.clone())))
        .add_service(AuditServiceServer::new(audit_service::Handler(context.clone())))
        .add_service(AuthServiceServer::new(auth_service::Handler { context, trust }))
        .add_service(DirectoryServiceServer::new(directory_service::Handler(directory)));
    Service { routes: routes.routes(), names: NAMES }
}

/// One list: what makes its page tokens its own, and where this page of it begins and ends.
struct Listing<'a> {
    tokens: &'a PageTokens,
    scope: String,
    /// The number of the entry before the page.
    after: i64,
    size: u64,
}

impl<'a> Listing<'a> {
    /// The page that a request asks for in the list of this name and filter.
    ///
    /// # Errors
    /// PAGE_TOKEN_INVALID.
    fn open(
        tokens: &'a PageTokens,
        list: &str,
        filter: &str,
        (page_size, page_token): (i32, &str),
    ) -> Result<Self, Problem> {
        let mut scope = list.to_owned();
        // Writing to a string cannot fail.
        let _ = write!(scope, "?{filter}");
        let after = if page_token.is_empty() { 0 } else { cursor(tokens, &scope, page_token)? };
        let size = match u64::try_from(page_size) {
            Ok(size @ 1..) => size.min(MAX_PAGE),
            _ => DEFAULT_PAGE,
        };
        Ok(Self { tokens, scope, after, size })
    }

    /// One entry more than the page has, which tells whether there is another page.
    const fn limit(&self) -> u64 {
        self.size + 1
    }

    /// Cuts the entries to the page, and makes the token of the next one; empty when there is none.
    fn cut<T>(&self, entries: &mut Vec<T>, number: fn(&T) -> i64) -> String {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if entries.len() <= size {
            return String::new();
        }
        entries.truncate(size);
        let last = entries.last().map_or(self.after, number);
        self.tokens.seal(self.scope.as_bytes(), &last.to_be_bytes())
    }
}

fn cursor(tokens: &PageTokens, scope: &str, token: &str) -> Result<i64, Problem> {
    let cursor = tokens.open(scope.as_bytes(), token)?;
    let number = <[u8; 8]>::try_from(cursor.as_slice());
    // Only we make tokens, and ours hold eight bytes; one that does not was never a token of this list.
    number.map(i64::from_be_bytes).map_err(|_| {
        let advice = "the page token is not one of this list; start again without a page token";
        Problem::new(fenliu_domain::problem::Reason::PageTokenInvalid, advice)
    })
}
