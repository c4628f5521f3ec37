//! `fenliu.dispatch.v1.BoardService`.

use std::collections::BTreeMap;

use fenliu_domain::desk::agent::{Agent, Availability};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_live::Board;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::board_service_server::BoardService;
use fenliu_proto::status::refusal;
use fenliu_proto::words::Word;
use futures::{FutureExt, TryStreamExt};
use tonic::{Request, Response, Status, async_trait};

use super::news::looks;
use super::{Streamed, parse};
use crate::desks::Desks;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

async fn board(desks: Desks, shop: ShopId) -> Result<proto::Board, Problem> {
    desks.board(shop).await.map(|board| render(&board))
}

fn render(board: &Board) -> proto::Board {
    let of = |count: &dyn Fn(&Agent) -> u32| -> u32 {
        board.agents.iter().map(count).fold(0, u32::saturating_add)
    };
    let limited = |agent: &Agent| takes_part(agent) && !agent.entry.unlimited;
    let places = of(&|agent| if limited(agent) { agent.capacity } else { 0 });
    let taken = of(&|agent| if limited(agent) { agent.load() } else { 0 });
    let percent = (u64::from(taken) * 100).checked_div(u64::from(places));
    proto::Board {
        agents: by_availability(&board.agents),
        load: of(&Agent::load),
        queue_length: u32::try_from(board.queue_length).unwrap_or(u32::MAX),
        unanswered: of(&Agent::unanswered),
        oldest_unanswered_time: board
            .agents
            .iter()
            .filter_map(Agent::oldest_unanswered)
            .min()
            .map(to_timestamp),
        places,
        saturation_percent: percent.map(|percent| u32::try_from(percent).unwrap_or(u32::MAX)),
        seq: board.seq.0,
    }
}

/// Whether somebody is given conversations as far as there is room.
fn takes_part(agent: &Agent) -> bool {
    matches!(agent.availability(), Availability::Ready | Availability::Ramping | Availability::Saturated)
}

fn by_availability(agents: &[Agent]) -> Vec<proto::AvailabilityCount> {
    let mut counts = BTreeMap::new();
    for agent in agents {
        *counts.entry(agent.availability().number()).or_default() += 1;
    }
    counts.into_iter().map(|(availability, count)| proto::AvailabilityCount { availability, count }).collect()
}

/// Whether two boards show the same, whatever events lie between them.
fn same(one: &proto::Board, other: &proto::Board) -> bool {
    proto::Board { seq: other.seq, ..one.clone() } == *other
}

#[async_trait]
impl BoardService for Handler {
    async fn get_board(
        &self,
        request: Request<proto::GetBoardRequest>,
    ) -> Result<Response<proto::GetBoardResponse>, Status> {
        let shop = parse::shop(&request.get_ref().shop_id).map_err(refusal)?;
        let board = board(self.0.clone(), shop).await.map_err(refusal)?;
        Ok(Response::new(proto::GetBoardResponse { board: Some(board) }))
    }

    type WatchBoardStream = Streamed<proto::WatchBoardResponse>;

    async fn watch_board(
        &self,
        request: Request<proto::WatchBoardRequest>,
    ) -> Result<Response<Self::WatchBoardStream>, Status> {
        let shop = parse::shop(&request.get_ref().shop_id).map_err(refusal)?;
        self.0.expect(shop).await.map_err(refusal)?;
        let boards = looks(self.0.clone(), shop, |desks, shop| board(desks, shop).boxed(), same);
        Ok(Response::new(Box::pin(boards.map_ok(|board| proto::WatchBoardResponse { board: Some(board) }))))
    }
}
