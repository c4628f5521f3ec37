//! The JSON in which agents, and what comes and goes of alerts, are kept.

use std::collections::BTreeMap;

use fenliu_domain::alert::{Agent, Kind, Memory, Topic};
use fenliu_domain::desk::agent::{Presence, Sanction, SanctionKind};
use fenliu_domain::time::Timestamp;
use fenliu_proto::words::Word;
use serde::{Deserialize, Serialize};

use super::Place;
use crate::storage::Fault;

/// An agent.
#[derive(Debug, Serialize, Deserialize)]
struct KeptAgent {
    /// As on the wire.
    presence: i32,
    leaving: bool,
    on_duty: bool,
    duty_until_us: Option<i64>,
    capacity: u32,
    ceiling: u32,
    unlimited: bool,
    enabled: bool,
    main_account: bool,
    /// Which kind, as on the wire, and until when.
    sanction: Option<(i32, Option<i64>)>,
}

/// What comes and goes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct KeptMemory {
    ticked_us: i64,
    /// Kind and subject of open alerts that are over, and since when.
    over: Vec<(String, String, i64)>,
    /// The same of what is no alert yet.
    coming: Vec<(String, String, i64)>,
    told: BTreeMap<String, Vec<i64>>,
}

/// Writes an agent.
pub(crate) fn agent(agent: &Agent) -> String {
    let kept = KeptAgent {
        presence: agent.presence.number(),
        leaving: agent.leaving,
        on_duty: agent.on_duty,
        duty_until_us: agent.duty_until.map(Timestamp::micros),
        capacity: agent.capacity,
        ceiling: agent.ceiling,
        unlimited: agent.unlimited,
        enabled: agent.enabled,
        main_account: agent.main_account,
        sanction: agent
            .sanction
            .map(|sanction| (sanction.kind.number(), sanction.until.map(Timestamp::micros))),
    };
    serde_json::to_string(&kept).unwrap_or_default()
}

/// Reads an agent of this name.
pub(crate) fn read_agent(name: &str, state: &str) -> Result<Agent, Fault> {
    let place = Place { table: "alert_agent", column: "state", row: name };
    let kept: KeptAgent = serde_json::from_str(state).map_err(|why| place.corrupt(why))?;
    let time = |micros: Option<i64>| micros.map(|micros| place.time(micros)).transpose();
    let presence = Presence::parse(kept.presence, "presence").map_err(|why| place.corrupt(why))?;
    let sanction = |(kind, until): (i32, Option<i64>)| {
        let kind = SanctionKind::parse(kind, "sanction").map_err(|why| place.corrupt(why))?;
        Ok::<_, Fault>(Sanction { kind, until: time(until)? })
    };
    Ok(Agent {
        presence,
        leaving: kept.leaving,
        on_duty: kept.on_duty,
        duty_until: time(kept.duty_until_us)?,
        capacity: kept.capacity,
        ceiling: kept.ceiling,
        unlimited: kept.unlimited,
        enabled: kept.enabled,
        main_account: kept.main_account,
        sanction: kept.sanction.map(sanction).transpose()?,
    })
}

/// Writes what comes and goes.
pub(crate) fn memory(memory: &Memory) -> String {
    let entry =
        |topic: &Topic, at: Timestamp| (topic.kind.name().to_owned(), topic.subject.clone(), at.micros());
    let over = memory.open.iter().filter_map(|(topic, open)| Some(entry(topic, open.over_since?)));
    let told = memory
        .told
        .iter()
        .map(|(kind, told)| (kind.name().to_owned(), told.iter().copied().map(Timestamp::micros).collect()));
    let kept = KeptMemory {
        ticked_us: memory.ticked_at.micros(),
        over: over.collect(),
        coming: memory.coming.iter().map(|(topic, since)| entry(topic, *since)).collect(),
        told: told.collect(),
    };
    serde_json::to_string(&kept).unwrap_or_default()
}

/// Reads it into the memory of a shop that has its open alerts and its position.
pub(crate) fn read_memory(shop: &str, state: &str, memory: &mut Memory) -> Result<(), Fault> {
    let place = Place { table: "alert_memory", column: "state", row: shop };
    let kept: KeptMemory = serde_json::from_str(state).map_err(|why| place.corrupt(why))?;
    let kind = |name: &str| Kind::named(name).ok_or_else(|| place.corrupt(format!("no kind {name:?}")));
    memory.ticked_at = place.time(kept.ticked_us)?;
    for (name, subject, since) in kept.over {
        if let Some(open) = memory.open.get_mut(&Topic::new(kind(&name)?, subject)) {
            open.over_since = Some(place.time(since)?);
        }
    }
    for (name, subject, since) in kept.coming {
        memory.coming.insert(Topic::new(kind(&name)?, subject), place.time(since)?);
    }
    for (name, told) in kept.told {
        let told = told.into_iter().map(|micros| place.time(micros)).collect::<Result<_, _>>()?;
        memory.told.insert(kind(&name)?, told);
    }
    Ok(())
}
