//! A recorded conversation as the events ImportEvents takes.

use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::analytics::v1::{
    ImportedAssignment, ImportedClosing, ImportedEvent, ImportedMessage, ImportedOpening, ImportedReply,
};
use fenliu_proto::common::v1::{Actor, MessageKind};
use fenliu_proto::convert::to_timestamp;

use crate::recorded::{Conversation, What};

/// The events of a conversation, in order: its opening and everything that happened in it.
pub(super) fn of(conversation: Conversation) -> Vec<ImportedEvent> {
    let Conversation { key, buyer, group, vip, opened, happenings, .. } = conversation;
    let opening =
        (opened, Payload::Opened(ImportedOpening { buyer_id: buyer, group, vip, with_robot: false }));
    let rest = happenings.into_iter().map(|happening| (happening.at, payload(happening.what)));
    std::iter::once(opening)
        .chain(rest)
        .zip(0u32..)
        .map(|((at, payload), order)| ImportedEvent {
            record_id: format!("{key}/{order}"),
            conversation: key.clone(),
            occurred_time: Some(to_timestamp(at)),
            order,
            recorded_time: None,
            payload: Some(payload),
        })
        .collect()
}

fn payload(what: What) -> Payload {
    match what {
        What::Asked => Payload::Message(ImportedMessage { kind: MessageKind::Text.into() }),
        What::Assigned(agent) => Payload::Assigned(ImportedAssignment { agent, nobody_on_duty: false }),
        What::Answered(agent) => Payload::Reply(ImportedReply {
            actor: Actor::Human.into(),
            agent: agent.unwrap_or_default(),
            small_talk: false,
        }),
        What::Closed { abandoned } => Payload::Closed(ImportedClosing { abandoned }),
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::time::Timestamp;

    use super::*;
    use crate::recorded::{Happening, Repairs};

    #[test]
    fn every_event_has_an_id_of_its_own_and_its_place() {
        let at = Timestamp::default();
        let happening = |what| Happening { at, what };
        let events = of(Conversation {
            shop: String::new(),
            key: "AA0101-1".into(),
            buyer: "b".into(),
            group: "PS".into(),
            vip: true,
            opened: at,
            happenings: vec![happening(What::Asked), happening(What::Answered(None))],
            repairs: Repairs::default(),
        });
        let ids: Vec<_> = events.iter().map(|event| (event.record_id.as_str(), event.order)).collect();
        assert_eq!(ids, [("AA0101-1/0", 0), ("AA0101-1/1", 1), ("AA0101-1/2", 2)]);
        assert!(matches!(&events[0].payload, Some(Payload::Opened(opening)) if opening.vip));
    }
}
