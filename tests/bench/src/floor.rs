//! The floor: servers that do what must be done and nothing else.

mod rows;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use clap::ValueEnum;
use redis::Script;
use redis::aio::MultiplexedConnection;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use self::rows::Rows;
use crate::generated::floor_server::{Floor, FloorServer};
use crate::generated::{CallRequest, CallResponse};

/// Shops, and agents in each, of the decisions in Redis and in memory.
const AGENTS: usize = 200;

/// How much a floor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    /// Says back what it was told.
    A,
    /// And runs a script of thirteen calls in Redis.
    B,
    /// And writes two events and a conversation into PostgreSQL, in batches, before it answers.
    C,
    /// Decides in memory, and writes the same rows into SQLite.
    D,
}

/// Where a floor's stores are.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Stores {
    #[arg(long, default_value = "")]
    pub(crate) redis: String,
    /// Of PostgreSQL or SQLite.
    #[arg(long, default_value = "")]
    pub(crate) database: String,
}

struct Handler {
    redis: Option<(MultiplexedConnection, Script)>,
    /// The loads of the agents of every shop, in memory.
    memory: Option<Mutex<Vec<[u32; AGENTS]>>>,
    rows: Option<Rows>,
    calls: AtomicU64,
}

/// Serves a floor until it is killed.
pub(crate) async fn serve(variant: Variant, stores: &Stores, listen: SocketAddr) -> anyhow::Result<()> {
    let redis = matches!(variant, Variant::B | Variant::C);
    let redis = if redis { Some((connect(&stores.redis).await?, script())) } else { None };
    let rows = matches!(variant, Variant::C | Variant::D);
    let rows = if rows { Some(Rows::open(&stores.database).await?) } else { None };
    let memory = (variant == Variant::D).then(|| Mutex::new(vec![[0; AGENTS]; 1_000]));
    let handler = Handler { redis, memory, rows, calls: AtomicU64::new(0) };
    Server::builder().add_service(FloorServer::new(handler)).serve(listen).await.context("the floor ended")
}

async fn connect(url: &str) -> anyhow::Result<MultiplexedConnection> {
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection().await?)
}

fn script() -> Script {
    Script::new(include_str!("route.lua"))
}

/// Puts agents into Redis for the floor's script to choose from.
pub(crate) async fn seed(url: &str, shops: usize, agents: usize) -> anyhow::Result<()> {
    let mut connection = connect(url).await?;
    for shop in 0..shops {
        let mut pipe = redis::pipe();
        for agent in 0..agents {
            let name = format!("agent-{agent:05}");
            pipe.zadd(format!("{{{shop}}}:ready"), &name, 0).ignore();
            pipe.hset(format!("{{{shop}}}:agents"), &name, "x".repeat(100)).ignore();
        }
        pipe.query_async::<()>(&mut connection).await?;
    }
    Ok(())
}

#[tonic::async_trait]
impl Floor for Handler {
    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let request = request.into_inner();
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut agent_id = String::new();
        if let Some((connection, script)) = &self.redis {
            let mut call = script.prepare_invoke();
            call.key(format!("{{{}}}", request.shop_id)).arg(&request.request_id).arg(&request.buyer_id);
            call.arg(format!("{number:0>200}"));
            let chosen = call.invoke_async(&mut connection.clone()).await;
            agent_id = chosen.map_err(|error| Status::unavailable(error.to_string()))?;
        }
        if let Some(memory) = &self.memory {
            let mut shops = memory.lock().unwrap_or_else(PoisonError::into_inner);
            let shop: usize = request.shop_id.parse().unwrap_or_default();
            let loads = &mut shops[shop % 1_000];
            let (best, load) = loads
                .iter_mut()
                .enumerate()
                .min_by_key(|(_, load)| **load)
                .unwrap_or_else(|| unreachable!("there are agents"));
            *load += 1;
            agent_id = best.to_string();
        }
        if let Some(rows) = &self.rows {
            let stored = rows.store(Arc::from(request.shop_id.as_str())).await;
            stored.map_err(|error| Status::unavailable(error.to_string()))?;
        }
        Ok(Response::new(CallResponse { request_id: request.request_id, agent_id }))
    }
}
