//! What Redis was asked, and what it holds, as it says itself.

use std::collections::BTreeMap;

use anyhow::Context;

/// What a Redis has done until a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct RedisUse {
    /// Calls of each command and microseconds in them, those that scripts make included.
    commands: BTreeMap<String, (u64, u64)>,
}

impl RedisUse {
    pub(crate) async fn of(url: &str) -> anyhow::Result<Self> {
        let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        let mut info = redis::cmd("INFO");
        let told: String = info.arg("everything").query_async(&mut connection).await?;
        let mut now = Self::default();
        for (key, value) in told.lines().filter_map(|line| line.split_once(':')) {
            if let Some(command) = key.strip_prefix("cmdstat_") {
                now.commands.insert(command.to_owned(), calls(value).with_context(|| value.to_owned())?);
            }
        }
        Ok(now)
    }

    /// What was asked since an earlier moment.
    pub(crate) fn since(mut self, before: &Self) -> Self {
        for (command, (calls, micros)) in &mut self.commands {
            let (calls_before, micros_before) = before.commands.get(command).copied().unwrap_or_default();
            *calls -= calls_before.min(*calls);
            *micros -= micros_before.min(*micros);
        }
        self
    }

    /// Scripts that were run, and microseconds in one of them.
    pub(crate) fn scripts(&self) -> (u64, f64) {
        let (calls, micros) = self.commands.get("evalsha").copied().unwrap_or_default();
        (calls, micros as f64 / calls as f64)
    }

    /// Commands that scripts gave: all but those that only a client can give.
    pub(crate) fn inside(&self) -> u64 {
        let outside = ["evalsha", "info", "ping", "publish", "client|setinfo", "script|load"];
        self.commands
            .iter()
            .filter(|(name, _)| !outside.contains(&name.as_str()))
            .map(|(_, (calls, _))| calls)
            .sum()
    }
}

/// Bytes that the keys of a Redis take.
pub(crate) async fn key_bytes(url: &str) -> anyhow::Result<u64> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await?;
    let mut bytes = 0;
    for key in keys {
        let mut usage = redis::cmd("MEMORY");
        let of: Option<u64> =
            usage.arg("USAGE").arg(key).arg("SAMPLES").arg(0).query_async(&mut connection).await?;
        bytes += of.unwrap_or_default();
    }
    Ok(bytes)
}

/// `calls=3,usec=41,…`
fn calls(value: &str) -> Option<(u64, u64)> {
    let field = |name: &str| value.split(',').find_map(|field| field.strip_prefix(name)?.parse().ok());
    Some((field("calls=")?, field("usec=")?))
}
