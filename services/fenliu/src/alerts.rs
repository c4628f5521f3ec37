//! `fenliu alerts`: what somebody should hear of now, and what they have heard.

use fenliu_domain::alert::{Alert, Detail, Kind, Proposal, Quiet, Remedy, Severity, What};
use fenliu_domain::day::Zone;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::alert::from_alert;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::alert_service_client::AlertServiceClient;
use fenliu_proto::convert::timestamp;
use fenliu_proto::words::Word;
use serde_json::{Value, json};
use tonic::Request;

use crate::cli::alerts::AlertsArgs;
use crate::client::Client;
use crate::listing::{self, PAGE_SIZE};
use crate::moments::rfc3339;
use crate::output::{Answer, say};
use crate::people::People;
use crate::report::sheet::local;
use crate::shops;
use crate::table::Table;
use crate::target::{asking, refused};

/// Of whom and by which clock alerts are told.
#[derive(Debug)]
struct Teller {
    shop: String,
    people: People,
    zone: Zone,
}

/// Runs `fenliu alerts`: lists, and then follows if that is asked for.
///
/// # Errors
/// Refusals, and the end of what is followed.
pub async fn run(client: &Client, args: &AlertsArgs, json: bool) -> anyhow::Result<Option<Answer>> {
    let shop = client.shop()?;
    let zone = Zone::parse(&shops::get(&client.channel(), &shop).await?.time_zone)?;
    let teller = Teller { people: People::if_allowed(&client.channel(), &shop).await?, shop, zone };
    if args.watch {
        teller.follow(client, args, json).await.map(|()| None)
    } else {
        teller.list(client, args).await.map(Some)
    }
}

impl Teller {
    async fn list(&self, client: &Client, args: &AlertsArgs) -> anyhow::Result<Answer> {
        let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
        let page = async |page_token: String| {
            let request = proto::ListAlertsRequest {
                shop_id: self.shop.clone(),
                kinds: args.kind.iter().map(|kind| kind.number()).collect(),
                open_only: args.open,
                page_size: i32::try_from(most).unwrap_or(PAGE_SIZE).min(PAGE_SIZE),
                page_token,
            };
            let answer = AlertServiceClient::new(client.channel()).list_alerts(asking(request)).await;
            let answer = answer.map_err(refused)?.into_inner();
            anyhow::Ok((answer.alerts, answer.next_page_token))
        };
        let alerts = listing::all(most, page).await?;
        let alerts = alerts.into_iter().map(from_alert).collect::<Result<Vec<_>, _>>()?;
        let listed: Vec<_> = alerts.iter().map(to_json).collect();
        Answer::new(&json!({ "alerts": listed }), self.table(&alerts))
    }

    async fn follow(&self, client: &Client, args: &AlertsArgs, json: bool) -> anyhow::Result<()> {
        let request = proto::WatchAlertsRequest {
            shop_id: self.shop.clone(),
            after_position: None,
            include_quiet: false,
        };
        // A stream lasts as long as it likes.
        let answer = AlertServiceClient::new(client.channel()).watch_alerts(Request::new(request)).await;
        let mut stream = answer.map_err(refused)?.into_inner();
        while let Some(message) = stream.message().await.map_err(refused)? {
            for alert in message.open {
                let alert = from_alert(alert)?;
                self.tell(args, json, "open", alert.updated_at, &alert)?;
            }
            for change in message.changes {
                let (what, at, alert) = read(change)?;
                self.tell(args, json, event(what), at, &alert)?;
            }
        }
        anyhow::bail!("fenliu ended the stream; follow again")
    }

    fn tell(
        &self,
        args: &AlertsArgs,
        json: bool,
        event: &str,
        at: Timestamp,
        alert: &Alert,
    ) -> anyhow::Result<()> {
        if !args.kind.is_empty() && !args.kind.contains(&alert.topic.kind) {
            return Ok(());
        }
        if json {
            let line = json!({ "event": event, "time": rfc3339(at), "alert": to_json(alert) });
            return say(&format!("{line}\n"));
        }
        let (severity, words) = (severity(alert.severity), self.words(alert));
        say(&format!("{}  {event:<8}  {severity:<8}  {words}\n", local(at, self.zone)))
    }

    fn table(&self, alerts: &[Alert]) -> String {
        let mut table = Table::new(&[">number", "raised", "resolved", "severity", "what"]);
        for alert in alerts {
            let resolved = alert.resolved_at.map_or_else(|| "open".to_owned(), |at| local(at, self.zone));
            let quiet = alert.quiet.map_or(String::new(), |quiet| format!(" ({})", self::quiet(quiet)));
            table.row([
                alert.number.to_string(),
                local(alert.raised_at, self.zone),
                resolved,
                severity(alert.severity).to_owned(),
                format!("{}{quiet}", self.words(alert)),
            ]);
        }
        if table.is_empty() { "there are no alerts\n".to_owned() } else { table.to_string() }
    }

    /// What is the case, in a sentence.
    fn words(&self, alert: &Alert) -> String {
        let at = |at: Timestamp| local(at, self.zone);
        match &alert.detail {
            Detail::Queue { waiting, oldest } => format!("{waiting} wait, the first since {}", at(*oldest)),
            Detail::Saturation { load, places, waiting, proposals } => {
                format!("all hands are full: {load} of {places}, {waiting} wait{}", self.helps(proposals))
            }
            Detail::Nobody { waiting, proposals } => {
                format!("nobody is on duty, {waiting} wait{}", self.helps(proposals))
            }
            Detail::LastAgent { agent, leaving, until, proposals } => {
                let end = until.map_or(String::new(), |until| format!(" until {}", at(until)));
                let leaving = if *leaving { ", and is winding down" } else { "" };
                format!("only {} is left{end}{leaving}{}", self.people.name(agent), self.helps(proposals))
            }
            Detail::Turn { agent, due, .. } => {
                let with = if agent.is_empty() { "nobody".to_owned() } else { self.people.name(agent) };
                format!("{} with {with} wants an answer until {}", alert.topic.subject, at(*due))
            }
            Detail::Burn { short, long, .. } => format!(
                "the error budget goes too fast ({}): {} of {} missed in its short window, {} of {} in the long one",
                alert.topic.subject,
                short.misses(),
                short.counted(),
                long.misses(),
                long.counted()
            ),
            Detail::Standing { consequence, first, free_from } => {
                format!("{} since {first}, at least until {free_from}", consequence.name().replace('_', " "))
            }
            Detail::Lag { behind } => format!("what is known is {behind} old"),
        }
    }

    fn helps(&self, proposals: &[Proposal]) -> String {
        let help = |proposal: &Proposal| {
            let name = self.people.name(&proposal.agent);
            let places = proposal.places.map_or(String::new(), |places| format!(" (+{places})"));
            format!("{name} could {}{places}", remedy(proposal.what))
        };
        let helps: Vec<_> = proposals.iter().map(help).collect();
        if helps.is_empty() { String::new() } else { format!("; {}", helps.join(", ")) }
    }
}

fn read(change: proto::AlertChange) -> Result<(What, Timestamp, Alert), Problem> {
    let what = What::parse(change.event, "event")?;
    let at = timestamp(&change.time.unwrap_or_default(), "time")?;
    Ok((what, at, from_alert(change.alert.unwrap_or_default())?))
}

fn to_json(alert: &Alert) -> Value {
    json!({
        "number": alert.number,
        "kind": Kind::name(alert.topic.kind),
        "subject": alert.topic.subject,
        "severity": severity(alert.severity),
        "raised_time": rfc3339(alert.raised_at),
        "updated_time": rfc3339(alert.updated_at),
        "resolved_time": alert.resolved_at.map(rfc3339),
        "quiet": alert.quiet.map(quiet),
        "detail": detail(&alert.detail),
    })
}

fn detail(detail: &Detail) -> Value {
    match detail {
        Detail::Queue { waiting, oldest } => json!({ "waiting": waiting, "oldest_time": rfc3339(*oldest) }),
        Detail::Saturation { load, places, waiting, proposals } => {
            json!({ "load": load, "places": places, "waiting": waiting, "proposals": all(proposals) })
        }
        Detail::Nobody { waiting, proposals } => json!({ "waiting": waiting, "proposals": all(proposals) }),
        Detail::LastAgent { agent, leaving, until, proposals } => json!({
            "agent_id": agent,
            "leaving": leaving,
            "shift_end_time": until.map(rfc3339),
            "proposals": all(proposals),
        }),
        Detail::Turn { agent, asked_at, due } => {
            json!({ "agent_id": agent, "asked_time": rfc3339(*asked_at), "due_time": rfc3339(*due) })
        }
        Detail::Burn { short, long, target } => json!({
            "short_counted": short.counted(),
            "short_missed": short.misses(),
            "long_counted": long.counted(),
            "long_missed": long.misses(),
            "target_basis_points": target,
        }),
        Detail::Standing { consequence, first, free_from } => json!({
            "consequence": consequence.name(),
            "began_date": first.to_string(),
            "recovery_date": free_from.to_string(),
        }),
        Detail::Lag { behind } => json!({ "behind_seconds": behind.micros() / 1_000_000 }),
    }
}

fn all(proposals: &[Proposal]) -> Vec<Value> {
    let one = |proposal: &Proposal| {
        let remedy = remedy(proposal.what).replace(' ', "_");
        json!({ "agent_id": proposal.agent, "remedy": remedy, "places": proposal.places })
    };
    proposals.iter().map(one).collect()
}

const fn event(what: What) -> &'static str {
    match what {
        What::Raised => "raised",
        What::Updated => "updated",
        What::Resolved => "resolved",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

const fn quiet(quiet: Quiet) -> &'static str {
    match quiet {
        Quiet::Silenced => "silenced",
        Quiet::Crowded => "crowded",
    }
}

const fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::EndBreak => "end break",
        Remedy::EndBusy => "end busy",
        Remedy::StayOn => "stay on",
        Remedy::ComeOnline => "come online",
        Remedy::RaiseCapacity => "raise capacity",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenliu_domain::alert::Topic;

    fn alert(kind: Kind, detail: Detail) -> Alert {
        let at = Timestamp::from_micros_clamped(1_777_896_000_000_000);
        Alert {
            number: 7,
            topic: Topic::new(kind, ""),
            severity: Severity::Warning,
            detail,
            raised_at: at,
            updated_at: at,
            resolved_at: None,
            quiet: Some(Quiet::Silenced),
        }
    }

    #[test]
    fn alerts_are_told_in_sentences_by_the_shops_clock() {
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let teller = Teller { shop: "shp_".into(), people: People::default(), zone };
        let help = Proposal { agent: "agt_1".into(), what: Remedy::EndBreak, places: Some(2) };
        let full = Detail::Saturation { load: 4, places: 4, waiting: 1, proposals: vec![help] };
        let told = teller.table(&[alert(Kind::Saturated, full)]);
        assert!(told.contains("2026-05-04 20:00:00"), "{told}");
        assert!(
            told.contains("all hands are full: 4 of 4, 1 wait; agt_1 could end break (+2) (silenced)"),
            "{told}"
        );
        assert_eq!(teller.table(&[]), "there are no alerts\n");
    }
}
