//! Something of what Redis holds is lost, or is not what it was; again and again.

use super::{AGAIN_INTERVAL, ask, command, info, keys};
use crate::faults::{Fault, Hit, Scene};

/// Ways to damage an order by hand: fields, and what becomes of them.
const FIELDS: [(&str, &str); 6] = [
    ("number", "not a number"),
    ("number", "123456789"),
    ("command", "sixteen bytes of"),
    ("stored", "987654321"),
    ("first", "-7"),
    ("event", "another event..."),
];

pub(super) async fn again_and_again(fault: Fault, scene: Scene<'_>) -> anyhow::Result<Hit> {
    let servers = scene.stage.redis.lock().await;
    let port = servers.first.port();
    let (began, mut count) = (scene.now(), 0);
    while !scene.is_over() {
        count += match fault {
            Fault::RedisFlushed => flush(port).await?,
            Fault::RedisEpochDeleted => delete_epochs(port).await?,
            Fault::RedisScriptsFlushed => flush_scripts(port).await?,
            Fault::RedisWrongType => change_types(port).await?,
            Fault::RedisClientsKilled => {
                ask::<u64>(port, &command("CLIENT KILL TYPE normal SKIPME yes")).await?
            }
            _ => change_values(scene, port).await?,
        };
        scene.pass(AGAIN_INTERVAL).await;
    }
    let done = match fault {
        Fault::RedisFlushed => "orders lost",
        Fault::RedisEpochDeleted => "epochs deleted",
        Fault::RedisScriptsFlushed => "scripts forgotten",
        Fault::RedisWrongType => "orders replaced by texts",
        Fault::RedisClientsKilled => "connections closed",
        _ => "values changed by hand",
    };
    Ok(Hit { count, evidence: done.to_owned(), held: (began, scene.now()) })
}

async fn orders(port: u16) -> anyhow::Result<Vec<String>> {
    keys(port, "fl:*:order").await
}

async fn flush(port: u16) -> anyhow::Result<u64> {
    let lost = orders(port).await?.len() as u64;
    ask::<String>(port, &command("FLUSHALL SYNC")).await?;
    Ok(lost)
}

async fn delete_epochs(port: u16) -> anyhow::Result<u64> {
    let mut deleted = 0;
    for order in orders(port).await? {
        deleted += ask::<u64>(port, redis::cmd("HDEL").arg(order).arg("epoch")).await?;
    }
    Ok(deleted)
}

async fn flush_scripts(port: u16) -> anyhow::Result<u64> {
    let cached = info(port, "memory", "number_of_cached_scripts").await?;
    ask::<String>(port, &command("SCRIPT FLUSH SYNC")).await?;
    Ok(cached.parse()?)
}

async fn change_types(port: u16) -> anyhow::Result<u64> {
    let orders = orders(port).await?;
    for order in &orders {
        ask::<String>(port, redis::cmd("SET").arg(order).arg("no order")).await?;
    }
    Ok(orders.len() as u64)
}

/// Changes a field of every order, or the last entry of its tail.
async fn change_values(scene: Scene<'_>, port: u16) -> anyhow::Result<u64> {
    let mut changed = 0;
    for order in orders(port).await? {
        let way = scene.stage.below(FIELDS.len() + 1);
        match FIELDS.get(way) {
            Some((field, value)) => {
                ask::<i64>(port, redis::cmd("HSET").arg(&order).arg(field).arg(value)).await?;
                changed += 1;
            }
            None => {
                let tail = order.replace(":order", ":tail");
                // It may be empty at this moment.
                let mut set = redis::cmd("LSET");
                let done = ask::<String>(port, set.arg(&tail).arg(-1).arg("no entry")).await;
                changed += u64::from(done.is_ok());
            }
        }
    }
    Ok(changed)
}
