//! The gRPC services: parse, one call, render.

mod alert_service;
mod compliance_service;
mod demand_service;
mod feedback_service;
mod import_service;
mod known;
mod parse;
mod render;
mod reply_rate_service;
mod rule_pack_service;
mod scorecard_service;

use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::analytics::v1::alert_service_server::AlertServiceServer;
use fenliu_proto::analytics::v1::compliance_service_server::ComplianceServiceServer;
use fenliu_proto::analytics::v1::demand_service_server::DemandServiceServer;
use fenliu_proto::analytics::v1::feedback_service_server::FeedbackServiceServer;
use fenliu_proto::analytics::v1::import_service_server::ImportServiceServer;
use fenliu_proto::analytics::v1::reply_rate_service_server::ReplyRateServiceServer;
use fenliu_proto::analytics::v1::rule_pack_service_server::RulePackServiceServer;
use fenliu_proto::analytics::v1::scorecard_service_server::ScorecardServiceServer;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::Service;
use tonic::service::Routes;

use crate::alerts::Floors;
use crate::duty::Rosters;
use crate::packs::Packs;
use crate::scores::Scores;
use crate::storage::Store;

/// Entries of a page when the caller does not say.
const DEFAULT_PAGE: usize = 50;
/// Most entries of a page.
const MAX_PAGE: usize = 500;

/// Names of the services for health checks.
const NAMES: &[&str] = &[
    "fenliu.analytics.v1.ReplyRateService",
    "fenliu.analytics.v1.ComplianceService",
    "fenliu.analytics.v1.RulePackService",
    "fenliu.analytics.v1.ImportService",
    "fenliu.analytics.v1.DemandService",
    "fenliu.analytics.v1.AlertService",
    "fenliu.analytics.v1.ScorecardService",
    "fenliu.analytics.v1.FeedbackService",
];

/// What every handler works with.
#[derive(Clone, Debug)]
struct Desk {
    store: Store,
    packs: Packs,
    rosters: Rosters,
    platform: Platform,
}

/// The services, ready to be served.
pub(crate) fn service(
    store: Store,
    packs: Packs,
    rosters: Rosters,
    (floors, scores): (Floors, Scores),
    platform: Platform,
) -> Service {
    let desk = Desk { store, packs, rosters, platform };
    let mut routes = Routes::builder();
    let alerts = alert_service::Handler { desk: desk.clone(), floors };
    routes
        .add_service(AlertServiceServer::new(alerts))
        .add_service(ReplyRateServiceServer::new(reply_rate_service::Handler(desk.clone())))
        .add_service(ComplianceServiceServer::new(compliance_service::Handler(desk.clone())))
        .add_service(RulePackServiceServer::new(rule_pack_service::Handler(desk.clone())))
        .add_service(FeedbackServiceServer::new(feedback_service::Handler(desk.clone())))
        .add_service(ImportServiceServer::new(import_service::Handler(desk.store.clone())))
        .add_service(DemandServiceServer::new(demand_service::Handler(desk.store.clone())))
        .add_service(ScorecardServiceServer::new(scorecard_service::Handler { desk, scores }));
    Service { routes: routes.routes(), names: NAMES }
}

/// How many entries a page has when so many were asked for.
fn page_size(asked: i32) -> usize {
    match usize::try_from(asked) {
        Ok(size @ 1..) => size.min(MAX_PAGE),
        _ => DEFAULT_PAGE,
    }
}

/// Only we make tokens, so one that authenticates but does not read is of another version of fenliu.
fn unreadable_token() -> Problem {
    Problem::new(
        Reason::PageTokenInvalid,
        "the page token is not one of this list; start again without a page token",
    )
}
