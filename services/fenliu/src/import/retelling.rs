//! The history of another fenliu, event by event, as ImportEvents takes it.
//!
//! An event that the service would refuse is a malformed row here, so that it spoils no other of its batch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use fenliu_proto::analytics::v1::ImportedEvent;
use fenliu_proto::history::v1::Event;
use fenliu_proto::retold::retold;
use fenliu_proto::validate::validate;

use super::shops::LogShop;
use crate::progress::Progress;
use crate::reading::Reading;
use crate::recorded::Format;
use crate::recorded::fenliu_jsonl;

/// What the files say of the shops they are of, by shop; nothing of another format.
pub(super) fn shops(format: Format, files: &[PathBuf]) -> anyhow::Result<BTreeMap<String, LogShop>> {
    if format != Format::FenliuJsonl {
        return Ok(BTreeMap::new());
    }
    let of_file = |file: &PathBuf| {
        let header = fenliu_jsonl::open(file, Box::new(|_| {}))?.header().clone();
        let shop = LogShop { display_name: header.display_name, time_zone: header.time_zone };
        Ok((header.shop_id, shop))
    };
    files.iter().map(of_file).collect()
}

/// What an import is called whose records must not clash with others'. The ids of events are unique, but the records of a
/// shop should be told from those of another.
pub(super) fn source(format: Format, shop: &str) -> String {
    match format {
        Format::FenliuJsonl => format!("{}/{shop}", format.name()),
        _ => format.name().to_owned(),
    }
}

/// Reads a file and hands on each event that facts are made of as it comes, with the shop it is of.
///
/// # Errors
/// When the file cannot be opened or read; a malformed line is none.
pub(super) fn each(
    reading: &mut Reading,
    file: &Path,
    progress: &Progress,
    mut take: impl FnMut(&str, ImportedEvent) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let progress = progress.clone();
    let events = fenliu_jsonl::open(file, Box::new(move |bytes| progress.advance(bytes)))?;
    let shop = events.header().shop_id.clone();
    for row in events {
        let (line, event) = row.with_context(|| format!("cannot read {}", file.display()))?;
        let told = event.and_then(|event| taken(&event));
        if let Some(event) = reading.count_any(file, line, told) {
            take(&shop, event)?;
        }
    }
    Ok(())
}

/// The event as the service will take it; the error names the field, and what is wrong with it.
fn taken(event: &Event) -> Result<Option<ImportedEvent>, String> {
    let told = retold(event).map_err(|problem| problem.to_string())?;
    if let Some(event) = &told {
        validate(event).map_err(|problem| problem.to_string())?;
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use fenliu_proto::history::v1::Assigned;
    use fenliu_proto::history::v1::event::Payload;

    use super::*;

    #[test]
    fn what_the_service_would_refuse_is_a_malformed_row() {
        let event = |agent_id: &str| Event {
            event_id: "evt_1".into(),
            conversation_id: "cnv_1".into(),
            occurred_time: Some(prost_types::Timestamp::default()),
            payload: Some(Payload::Assigned(Assigned { agent_id: agent_id.into(), ..Default::default() })),
            ..Default::default()
        };
        assert!(taken(&event("agt_1")).expect("taken").is_some());
        let why = taken(&event("agt\u{0}")).expect_err("no name");
        assert!(why.contains("agent"), "{why}");
        let timeless = Event { occurred_time: None, ..event("agt_1") };
        assert!(taken(&timeless).expect_err("no time").contains("occurred_time"));
    }
}
