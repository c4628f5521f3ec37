//! The gRPC services: parse, one call, render.

mod board_service;
mod conversation_service;
mod history_service;
mod inbox_service;
mod news;
mod paging;
mod parse;
mod policy_service;
mod presence_service;
mod queue_service;
mod reception_service;
mod render;
mod requests;
mod routing_service;

use std::pin::Pin;

use fenliu_proto::dispatch::v1::board_service_server::BoardServiceServer;
use fenliu_proto::dispatch::v1::conversation_service_server::ConversationServiceServer;
use fenliu_proto::dispatch::v1::history_service_server::HistoryServiceServer;
use fenliu_proto::dispatch::v1::inbox_service_server::InboxServiceServer;
use fenliu_proto::dispatch::v1::policy_service_server::PolicyServiceServer;
use fenliu_proto::dispatch::v1::presence_service_server::PresenceServiceServer;
use fenliu_proto::dispatch::v1::queue_service_server::QueueServiceServer;
use fenliu_proto::dispatch::v1::reception_service_server::ReceptionServiceServer;
use fenliu_proto::dispatch::v1::routing_service_server::RoutingServiceServer;
use fenliu_runtime::server::Service;
use futures::Stream;
use tonic::Status;
use tonic::service::Routes;

use crate::desks::Desks;

/// Names of the services for health checks.
const NAMES: &[&str] = &[
    "fenliu.dispatch.v1.PresenceService",
    "fenliu.dispatch.v1.ReceptionService",
    "fenliu.dispatch.v1.ConversationService",
    "fenliu.dispatch.v1.QueueService",
    "fenliu.dispatch.v1.BoardService",
    "fenliu.dispatch.v1.InboxService",
    "fenliu.dispatch.v1.HistoryService",
    "fenliu.dispatch.v1.PolicyService",
    "fenliu.dispatch.v1.RoutingService",
];

/// A server's stream of messages.
type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The services, ready to be served.
pub(crate) fn service(desks: Desks) -> Service {
    let mut routes = Routes::builder();
    routes
        .add_service(PresenceServiceServer::new(presence_service::Handler(desks.clone())))
        .add_service(ReceptionServiceServer::new(reception_service::Handler(desks.clone())))
        .add_service(ConversationServiceServer::new(conversation_service::Handler(desks.clone())))
        .add_service(QueueServiceServer::new(queue_service::Handler(desks.clone())))
        .add_service(BoardServiceServer::new(board_service::Handler(desks.clone())))
        .add_service(InboxServiceServer::new(inbox_service::Handler(desks.clone())))
        .add_service(HistoryServiceServer::new(history_service::Handler(desks.clone())))
        .add_service(PolicyServiceServer::new(policy_service::Handler(desks.clone())))
        .add_service(RoutingServiceServer::new(routing_service::Handler(desks)));
    Service { routes: routes.routes(), names: NAMES }
}
