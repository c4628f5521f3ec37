//! What the history says of agents, as far as alerts want to know.

use fenliu_domain::alert::Word as Said;
use fenliu_domain::desk::agent::{Presence, Sanction, SanctionKind};
use fenliu_proto::convert::timestamp;
use fenliu_proto::history::v1 as proto;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::words::Word;

/// Of whom an event says what. An event that no version of dispatch writes says nothing.
pub(crate) fn word(payload: &Payload) -> Option<(&str, Said)> {
    match payload {
        Payload::AgentSynced(entry) => Some((&entry.agent_id, synced(entry))),
        Payload::PresenceChanged(changed) => {
            let presence = Presence::parse(changed.presence, "presence").ok()?;
            Some((&changed.agent_id, Said::Presence(presence)))
        }
        Payload::CapacityChanged(changed) => Some((&changed.agent_id, Said::Capacity(changed.capacity))),
        Payload::WindingDown(winding) => Some((&winding.agent_id, Said::Leaving(winding.next != 0))),
        Payload::DutyChanged(changed) => {
            let until = changed.until_time.as_ref().and_then(|time| timestamp(time, "until_time").ok());
            Some((&changed.agent_id, Said::Duty { on_duty: changed.on_duty, until }))
        }
        Payload::SanctionEnded(ended) => Some((&ended.agent_id, Said::SanctionEnded)),
        _ => None,
    }
}

fn synced(entry: &proto::AgentSynced) -> Said {
    Said::Synced {
        capacity: entry.capacity_default,
        ceiling: entry.capacity_ceiling,
        unlimited: entry.unlimited,
        enabled: entry.enabled,
        main_account: entry.main_account,
        sanction: entry.sanction.as_ref().and_then(sanction),
    }
}

fn sanction(sanction: &proto::Sanction) -> Option<Sanction> {
    let kind = SanctionKind::parse(sanction.kind, "sanction.kind").ok()?;
    let until = sanction.until_time.as_ref().and_then(|time| timestamp(time, "sanction.until_time").ok());
    Some(Sanction { kind, until })
}
