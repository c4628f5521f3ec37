//! The ladder: how many violations suggest which sanction.

use anyhow::Context;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::{
    GetSanctionLadderRequest, LadderRung, SanctionKind, SanctionLadder, UpdateSanctionLadderRequest,
};
use fenliu_proto::convert::to_span;
use serde_json::json;

use super::Place;
use super::told::{rung_to_json, rung_told};
use crate::cli::sanction::{LadderArgs, Rung};
use crate::client::Client;
use crate::output::Answer;
use crate::table::Table;
use crate::target::{asking, refused};

/// Shows the ladder, or sets it.
pub(super) async fn ladder(client: &Client, place: &Place, args: &LadderArgs) -> anyhow::Result<Answer> {
    let mut sanctions = SanctionServiceClient::new(client.channel());
    let request = GetSanctionLadderRequest { shop_id: place.shop.clone() };
    let answer = sanctions.get_sanction_ladder(asking(request)).await.map_err(refused)?.into_inner();
    let now = answer.ladder.context("accounts left out the ladder")?;
    let wanted = changed(&now, args);
    if wanted == now {
        return told(&now);
    }
    let request = UpdateSanctionLadderRequest {
        request_id: String::new(),
        shop_id: place.shop.clone(),
        ladder: Some(wanted),
        etag: answer.etag,
        ..Default::default()
    };
    let answer = sanctions.update_sanction_ladder(asking(request)).await.map_err(refused)?.into_inner();
    told(&answer.ladder.context("accounts left out the ladder")?)
}

/// The ladder when this is done to it.
fn changed(now: &SanctionLadder, args: &LadderArgs) -> SanctionLadder {
    let rungs = if args.no_rungs {
        Vec::new()
    } else if args.rungs.is_empty() {
        now.rungs.clone()
    } else {
        args.rungs.iter().map(rung).collect()
    };
    SanctionLadder { window_days: args.window.unwrap_or(now.window_days), rungs }
}

fn rung(rung: &Rung) -> LadderRung {
    let kind = if rung.ban { SanctionKind::Ban } else { SanctionKind::Mute };
    LadderRung { violations: rung.violations, kind: kind.into(), duration: rung.length.map(to_span) }
}

fn told(ladder: &SanctionLadder) -> anyhow::Result<Answer> {
    let mut table = Table::new(&[">violations", "suggest to"]);
    for rung in &ladder.rungs {
        table.row([rung.violations.to_string(), rung_told(rung)?]);
    }
    let table = if table.is_empty() { "nothing is ever suggested\n".to_owned() } else { table.to_string() };
    let days =
        if ladder.window_days == 1 { "day".to_owned() } else { format!("{} days", ladder.window_days) };
    let rungs = ladder.rungs.iter().map(rung_to_json).collect::<anyhow::Result<Vec<_>>>()?;
    let json = json!({ "window_days": ladder.window_days, "rungs": rungs });
    Answer::new(&json, format!("violations of the last {days} count\n\n{table}"))
}

#[cfg(test)]
mod tests {
    use fenliu_domain::time::Span;

    use super::*;

    fn ladder() -> SanctionLadder {
        let mute = Rung { violations: 3, ban: false, length: Some(Span::from_hours(12)) };
        let ban = Rung { violations: 10, ban: true, length: None };
        SanctionLadder { window_days: 30, rungs: vec![rung(&mute), rung(&ban)] }
    }

    #[test]
    fn what_is_not_named_stays() {
        let week = LadderArgs { window: Some(7), ..LadderArgs::default() };
        assert_eq!(changed(&ladder(), &week), SanctionLadder { window_days: 7, ..ladder() });
        let none = LadderArgs { no_rungs: true, ..LadderArgs::default() };
        assert_eq!(changed(&ladder(), &none), SanctionLadder { window_days: 30, rungs: Vec::new() });
        assert_eq!(changed(&ladder(), &LadderArgs::default()), ladder());
    }

    #[test]
    fn a_ladder_is_told_rung_by_rung() {
        insta::assert_snapshot!(told(&ladder()).expect("told").text());
        let empty = SanctionLadder { window_days: 1, rungs: Vec::new() };
        let expected = "violations of the last day count\n\nnothing is ever suggested\n";
        assert_eq!(told(&empty).expect("told").text(), expected);
    }
}
