//! Follows the directory of accounts: each entry becomes a command on its shop's desk.
//!
//! Desks keep what they were told in their own history, so the last known copy survives any loss of accounts. At
//! the start everything is read once; an entry a desk already has makes no event.

use std::collections::HashSet;

use fenliu_domain::desk::agent::{AgentEntry, Sanction, SanctionKind};
use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::duty::{Duty, DutyWindow};
use fenliu_domain::desk::event::Text;
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::accounts::v1::directory_service_client::DirectoryServiceClient;
use fenliu_proto::convert::{id, timestamp};
use fenliu_runtime::channel::Outgoing;
use futures::stream::{self, StreamExt, TryStreamExt};
use tonic::Status;

use crate::desks::{Call, Desks};
use crate::tries::{Tries, may_pass};

/// Entries applied side by side.
const AT_ONCE: usize = 64;

/// Follows until the server shuts down; when the directory is lost, tries again, ever less often.
pub(crate) async fn follow(desks: Desks, accounts: Outgoing, pause: Span) {
    let platform = desks.platform().clone();
    let soft = platform.lifecycle.soft();
    let mut version = 0;
    let mut tries = Tries::new(pause);
    loop {
        let before = version;
        let end = tokio::select! {
            () = soft.cancelled() => return,
            end = read(&desks, accounts.clone(), &mut version) => end,
        };
        if tries.ended(version > before) {
            tracing::warn!(%end, version, "the directory is lost; what is known of it holds");
        }
        let wait = platform.clock.now() + tries.pause();
        tokio::select! {
            () = soft.cancelled() => return,
            () = platform.clock.sleep_until(wait) => {}
        }
    }
}

/// Reads entries until the stream ends, and says how it ended.
async fn read(desks: &Desks, accounts: Outgoing, version: &mut i64) -> Status {
    let mut client = DirectoryServiceClient::new(accounts);
    let request = proto::WatchDirectoryRequest { after_version: *version };
    let mut stream = match client.watch_directory(request).await {
        Ok(stream) => stream.into_inner(),
        Err(status) => {
            forget_if_rewound(&status, version);
            return status;
        }
    };
    loop {
        match stream.message().await {
            Ok(Some(page)) => {
                for wave in waves(page.entries) {
                    let read_through = wave.last().map_or(*version, |entry| entry.version);
                    if let Err(problem) = apply_all(desks, wave).await {
                        tracing::warn!(%problem, version, "the directory waits for the store");
                        return Status::aborted("an entry could not be applied yet");
                    }
                    *version = read_through;
                }
            }
            Ok(None) => return Status::unavailable("the stream ended"),
            Err(status) => return status,
        }
    }
}

/// Accounts restored from a backup has fewer versions than were seen: everything is read again.
fn forget_if_rewound(status: &Status, version: &mut i64) {
    if status.code() == tonic::Code::OutOfRange {
        tracing::error!(version, "the directory was restored from a backup; it is read from the beginning");
        *version = 0;
    }
}

/// Splits a page into runs whose entries have nothing to do with each other, so that each can be applied side by
/// side: of one kind (an account needs its shop), and nobody twice.
fn waves(entries: Vec<proto::DirectoryEntry>) -> Vec<Vec<proto::DirectoryEntry>> {
    let mut waves: Vec<Vec<proto::DirectoryEntry>> = Vec::new();
    let mut known = HashSet::new();
    let mut kind = None;
    for entry in entries {
        let (shop, id) = match &entry.entry {
            Some(Entry::Shop(shop)) => (true, shop.shop_id.clone()),
            Some(Entry::Agent(agent)) => (false, format!("{} {}", agent.shop_id, agent.agent_id)),
            None => (false, String::new()),
        };
        let joins = kind == Some(shop) && known.insert(id.clone());
        match waves.last_mut() {
            Some(wave) if joins => wave.push(entry),
            _ => {
                (known, kind) = (HashSet::from([id]), Some(shop));
                waves.push(vec![entry]);
            }
        }
    }
    waves
}

/// Applies entries side by side, so that their commits are shared.
///
/// # Errors
/// A refusal that may pass by itself. One that may not is logged and its entry left out: trying again would not
/// help, and whatever comes after it would wait for good.
async fn apply_all(desks: &Desks, entries: Vec<proto::DirectoryEntry>) -> Result<(), Problem> {
    let applied = entries.into_iter().map(|entry| async move {
        let version = entry.version;
        match apply(desks, entry).await {
            Err(problem) if !may_pass(&problem) => {
                tracing::error!(%problem, version, "an entry of the directory is left out");
                Ok(())
            }
            end => end,
        }
    });
    stream::iter(applied).buffer_unordered(AT_ONCE).try_collect().await
}

async fn apply(desks: &Desks, entry: proto::DirectoryEntry) -> Result<(), Problem> {
    let (shop, command) = match entry.entry {
        Some(Entry::Shop(shop)) => sync_shop(&shop)?,
        Some(Entry::Agent(agent)) => sync_agent(&agent)?,
        // A kind of entry from a newer accounts is not for this dispatch.
        None => return Ok(()),
    };
    desks.run(Call { shop, request: None, traceparent: None, command, body: None }).await.map(|_| ())
}

fn sync_shop(shop: &proto::Shop) -> Result<(ShopId, Command), Problem> {
    let hours = ShopHours {
        time_zone: Text::from(shop.time_zone.as_str()),
        service_start: Text::from(shop.service_start.as_str()),
        service_end: Text::from(shop.service_end.as_str()),
    };
    Ok((id(&shop.shop_id, "shop_id")?, Command::SyncShop(hours)))
}

fn sync_agent(told: &proto::DirectoryAgent) -> Result<(ShopId, Command), Problem> {
    let agent: AgentId = id(&told.agent_id, "agent_id")?;
    let entry = AgentEntry {
        display_name: Text::from(told.display_name.as_str()),
        main_account: told.main_account,
        groups: told.groups.iter().map(|group| Text::from(group.as_str())).collect(),
        capacity_ceiling: told.capacity_ceiling,
        capacity_default: told.capacity,
        unlimited: told.unlimited,
        enabled: told.enabled,
        weight: told.weight,
        duty: told.duty.as_ref().map(duty).transpose()?,
        sanction: told.sanction.as_ref().map(sanction).transpose()?,
    };
    Ok((id(&told.shop_id, "shop_id")?, Command::SyncAgent { agent, entry: Box::new(entry) }))
}

fn duty(told: &proto::Duty) -> Result<Duty, Problem> {
    let windows = told.spans.iter().map(|span| {
        let start = time(span.start_time.as_ref(), "spans.start_time")?;
        Ok(DutyWindow { start, end: time(span.end_time.as_ref(), "spans.end_time")? })
    });
    let windows = windows.collect::<Result<_, Problem>>()?;
    Ok(Duty { windows, through: time(told.through_time.as_ref(), "through_time")? })
}

fn sanction(told: &proto::DirectorySanction) -> Result<Sanction, Problem> {
    let kind = match told.kind() {
        proto::SanctionKind::Mute => SanctionKind::Muted,
        // A kind of a newer accounts is taken for the strictest one known.
        proto::SanctionKind::Ban | proto::SanctionKind::Unspecified => SanctionKind::Banned,
    };
    let until = told.end_time.as_ref().map(|end| timestamp(end, "sanction.end_time")).transpose()?;
    Ok(Sanction { kind, until })
}

fn time(told: Option<&prost_types::Timestamp>, field: &str) -> Result<Timestamp, Problem> {
    timestamp(told.ok_or_else(|| Problem::field(field, "must be set"))?, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_holds_nobody_twice_and_no_account_beside_its_shop() {
        let shop = |id: &str| Entry::Shop(proto::Shop { shop_id: id.into(), ..Default::default() });
        let account =
            |id: &str| Entry::Agent(proto::DirectoryAgent { agent_id: id.into(), ..Default::default() });
        let told = [shop("s"), shop("t"), account("a"), account("b"), account("a"), account("c"), shop("s")];
        let entries = told
            .into_iter()
            .zip(1..)
            .map(|(entry, version)| proto::DirectoryEntry { version, entry: Some(entry) });
        let waves: Vec<Vec<_>> = waves(entries.collect())
            .iter()
            .map(|wave| wave.iter().map(|entry| entry.version).collect())
            .collect();
        assert_eq!(waves, [vec![1, 2], vec![3, 4], vec![5, 6], vec![7]]);
    }
}
