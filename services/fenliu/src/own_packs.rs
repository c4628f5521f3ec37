//! `fenliu packs`: the rule packs there are, and keeping packs of one's own.

use std::fmt::Write;

use anyhow::Context;
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{Draft, RulePack, Score, Treatment};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::rule_pack_service_client::RulePackServiceClient;
use fenliu_proto::rule_pack;
use serde_json::{Value, json};

use crate::cli::packs::{AllShopsArgs, PacksCommand, PutPackArgs, ShowPackArgs};
use crate::client::Client;
use crate::contract;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::output::Answer;
use crate::packs::units;
use crate::table::{Table, percent};
use crate::target::{asking, refused};
use crate::text_file;

/// Longest data file that is read, in bytes; no sound pack is near it.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Runs `fenliu packs`.
///
/// # Errors
/// Refusals, and a file that is no pack.
pub async fn run(client: &Client, command: &PacksCommand) -> anyhow::Result<Answer> {
    match command {
        PacksCommand::List(whose) => list(client, *whose).await,
        PacksCommand::Show(args) => show(client, args).await,
        PacksCommand::Put(args) => put(client, args).await,
    }
}

/// The shop that is meant; empty for all.
fn place(client: &Client, whose: AllShopsArgs) -> anyhow::Result<String> {
    if whose.all_shops { Ok(String::new()) } else { client.shop() }
}

async fn list(client: &Client, whose: AllShopsArgs) -> anyhow::Result<Answer> {
    let shop_id = place(client, whose)?;
    let page = async |page_token: String| {
        let request =
            proto::ListRulePacksRequest { shop_id: shop_id.clone(), page_size: PAGE_SIZE, page_token };
        let answer = RulePackServiceClient::new(client.channel()).list_rule_packs(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.rule_packs, answer.next_page_token))
    };
    let packs = listing::all(MAX_LISTED, page).await?;
    let listed = packs.iter().map(to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "rule_packs": listed }), pack_table(&packs)?)
}

async fn show(client: &Client, args: &ShowPackArgs) -> anyhow::Result<Answer> {
    let request = proto::GetRulePackRequest {
        rule_pack_id: args.pack.clone(),
        shop_id: place(client, args.whose)?,
        rule_pack_version: args.version.unwrap_or(0),
        date: args.on.clone().unwrap_or_default(),
    };
    let answer = RulePackServiceClient::new(client.channel()).get_rule_pack(asking(request)).await;
    let pack = answer.map_err(refused)?.into_inner().rule_pack.context("analytics left out the pack")?;
    Answer::new(&to_json(&pack)?, told(&pack)?)
}

async fn put(client: &Client, args: &PutPackArgs) -> anyhow::Result<Answer> {
    let file = args.file.display();
    let text = text_file::read(&args.file, MAX_FILE_BYTES)?;
    let pack = fenliu_analytics::read_pack(&text).with_context(|| format!("{file} is no rule pack"))?;
    let request = proto::PutRulePackRequest {
        request_id: String::new(),
        shop_id: place(client, args.whose)?,
        rule_pack: Some(rule_pack::to_proto(&pack)),
    };
    let answer = RulePackServiceClient::new(client.channel()).put_rule_pack(asking(request)).await;
    let kept = answer.map_err(refused)?.into_inner().rule_pack.context("analytics left out the pack")?;
    let text = format!(
        "{} version {} is kept for {}, in force from {} on\n",
        kept.rule_pack_id,
        kept.version,
        if kept.origin() == proto::RulePackOrigin::AllShops { "all shops" } else { "the shop" },
        kept.valid_from
    );
    Answer::new(&to_json(&kept)?, text)
}

/// The pack in the words of the domain, which every pack that fenliu answers fits.
fn read(pack: &proto::RulePack) -> anyhow::Result<RulePack> {
    let checked = rule_pack::draft(pack.clone()).and_then(Draft::check);
    checked.with_context(|| format!("analytics answered a pack that makes no sense: {}", pack.rule_pack_id))
}

const fn whose(pack: &proto::RulePack) -> &'static str {
    match pack.origin {
        1 => "shipped",
        2 => "all shops",
        3 => "the shop's own",
        _ => "",
    }
}

fn pack_table(packs: &[proto::RulePack]) -> anyhow::Result<String> {
    let mut table = Table::new(&["pack", ">version", "whose", "from", "counts", ">limit", ">target"]);
    for pack in packs {
        let known = read(pack)?;
        table.row([
            known.id.clone(),
            known.version.to_string(),
            whose(pack).to_owned(),
            pack.valid_from.clone(),
            units(pack.unit()).to_owned(),
            known.limit.to_string(),
            target(&known),
        ]);
    }
    Ok(table.to_string())
}

fn target(pack: &RulePack) -> String {
    match pack.target_basis_points {
        0 => String::new(),
        target => percent(target.into(), 10_000),
    }
}

fn told(pack: &proto::RulePack) -> anyhow::Result<String> {
    let known = read(pack)?;
    let mut text = format!("{} version {}, {}\n", known.id, known.version, whose(pack));
    if !known.description.is_empty() {
        writeln!(text, "{}", known.description)?;
    }
    let from = known.valid_from.map_or_else(|| "not known".to_owned(), |day| day.to_string());
    let window = format!("{}–{}", known.window.start(), known.window.end());
    let lines = [
        ("counts", units(pack.unit()).to_owned()),
        ("by", score(&known).to_owned()),
        ("limit", known.limit.to_string()),
        ("asked within", window),
        ("answers by", known.countable.iter().map(|actor| actor_name(*actor)).collect::<Vec<_>>().join(", ")),
        ("robots alone", treatment(known.robot_only).to_owned()),
        ("nobody assigned", treatment(known.unassigned).to_owned()),
        ("target", target(&known)),
        ("in force from", from),
        ("source", known.source.clone()),
        ("confidence", pack.confidence().as_str_name().trim_start_matches("CONFIDENCE_").to_lowercase()),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(text, "  {name:<16} {value}")?;
    }
    Ok(text)
}

fn score(pack: &RulePack) -> &'static str {
    match pack.score() {
        Score::AnyMiss => "any miss makes the whole a miss",
        Score::MeanWait if pack.is_mean() => "the figure is the mean wait",
        Score::MeanWait => "the mean of the waits",
        Score::FirstAnswer => "the first answer decides",
    }
}

const fn actor_name(actor: Actor) -> &'static str {
    match actor {
        Actor::Human => "people",
        Actor::AssistRobot => "assisting robots",
        Actor::FullRobot => "robots",
        Actor::AutoReply => "canned replies",
        Actor::FaqCard => "FAQ cards",
    }
}

const fn treatment(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Judge => "judged like any other",
        Treatment::Exclude => "left out",
        Treatment::Answered => "answered in time",
        Treatment::Miss => "a miss",
        Treatment::Separate => "in a rate of its own",
    }
}

/// The pack as a program reads it: what the contract calls each field, without those that say nothing.
fn to_json(pack: &proto::RulePack) -> anyhow::Result<Value> {
    use prost::Message;
    use prost_reflect::{DynamicMessage, SerializeOptions};

    let kind = contract::kind("fenliu.analytics.v1.RulePack")?;
    let message = DynamicMessage::decode(kind, pack.encode_to_vec().as_slice())?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn human() -> proto::RulePack {
        let shipped = fenliu_analytics::shipped_packs().expect("in order");
        let pack = shipped.iter().find(|pack| pack.id == "pinduoduo-3min-human").expect("shipped");
        proto::RulePack { origin: proto::RulePackOrigin::Shipped.into(), ..rule_pack::to_proto(pack) }
    }

    fn own() -> proto::RulePack {
        proto::RulePack {
            rule_pack_id: "云雾茶铺".into(),
            version: 12,
            target_basis_points: 9_750,
            valid_from: "2026-05-01".into(),
            origin: proto::RulePackOrigin::Shop.into(),
            source: "our own promise".into(),
            description: String::new(),
            targets: Vec::new(),
            ..human()
        }
    }

    #[test]
    fn packs_stand_in_a_table() {
        insta::assert_snapshot!(pack_table(&[human(), own()]).expect("packs"));
    }

    #[test]
    fn people_read_what_a_pack_says() {
        insta::assert_snapshot!(told(&own()).expect("a pack"));
    }

    #[test]
    fn programs_read_the_fields_of_the_contract() {
        let json = to_json(&own()).expect("a pack");
        assert_eq!(json["rule_pack_id"], "云雾茶铺");
        assert_eq!(json["limit_duration"], "180s");
        assert_eq!(
            (&json["unit"], &json["origin"]),
            (&json!("UNIT_BUYER_DAY"), &json!("RULE_PACK_ORIGIN_SHOP"))
        );
        assert_eq!(json["countable_actors"], json!(["ACTOR_HUMAN"]));
    }
}
