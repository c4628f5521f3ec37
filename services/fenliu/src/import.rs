//! `fenliu import`: a recorded log through the real ImportEvents, and what analytics makes of it.
//!
//! `sending` reads the files on a thread of its own and streams batches while it reads; `shops` creates the shops
//! of a log, or finds them again, so that importing twice changes nothing; [`outcome`] asks analytics and tells. Orders
//! have a way of their own, `orders`: no rate is made of them.

use fenliu_runtime::channel::Outgoing;

use crate::cli::ImportArgs;
use crate::output::Answer;
use crate::packs::{self, Choice};
use crate::rates::{self, Judged, Waits};
use crate::recorded::{self, Format};
use crate::target::{Otherwise, Target};

mod events;
mod orders;
pub mod outcome;
mod retelling;
mod sending;
mod shops;

use self::outcome::{Judgement, Outcome};
use self::sending::Sent;

/// Runs `fenliu import`.
///
/// # Errors
/// When a file cannot be read, holds no conversation, or fenliu refuses what it holds.
pub async fn import(args: &ImportArgs) -> anyhow::Result<Answer> {
    for file in &args.files {
        recorded::check(args.format, file)?;
    }
    if args.format == Format::OrdersJsonl {
        orders::check(args)?;
    }
    if args.shop.is_some() {
        args.target.must_hold_data()?;
    }
    let target = Target::open(&args.target, Otherwise::Scratch).await?;
    if args.format == Format::OrdersJsonl {
        let told = orders::run(args, &target.channel()).await;
        target.close().await?;
        let told = told?;
        return Answer::new(&told, told.to_string());
    }
    let outcome = run(args, &target.channel()).await;
    target.close().await?;
    let outcome = outcome?;
    Answer::new(&outcome, outcome.to_string())
}

pub(crate) async fn run(args: &ImportArgs, channel: &Outgoing) -> anyhow::Result<Outcome> {
    let sent = sending::send(args, channel).await?;
    anyhow::ensure!(
        !sent.shops.is_empty(),
        "there is no conversation to import: {}",
        sent.reading.notes().join("; ")
    );
    let choices = match &args.pack {
        Some(name) => vec![Choice::Shipped(name.clone())],
        None => packs::suiting(args.format),
    };
    let mut judgements = Vec::new();
    for choice in &choices {
        let judged = judge_all(channel, &sent, choice).await?;
        judgements.push(Judgement { name: choice.name().to_owned(), judged });
    }
    let waits = if args.format.has_turns() { Some(waits_of_all(channel, &sent).await?) } else { None };
    let given_up = match (choices.first(), judgements.first()) {
        (Some(choice), Some(first)) if first.has_given_up_on_agents() => {
            outcome::given_up(&all_misses(channel, &sent, choice).await?)?
        }
        _ => Default::default(),
    };
    Ok(Outcome::new(args.format, sent, &judgements, waits.as_ref(), given_up))
}

async fn judge_all(channel: &Outgoing, sent: &Sent, choice: &Choice) -> anyhow::Result<Judged> {
    let mut all: Option<Judged> = None;
    for shop in sent.shops.values() {
        let judged = rates::judge(channel, &shop.id, choice, shop.days).await?;
        all = Some(match all {
            None => judged,
            Some(before) => before.plus(judged),
        });
    }
    Ok(all.unwrap_or_default())
}

async fn waits_of_all(channel: &Outgoing, sent: &Sent) -> anyhow::Result<Waits> {
    let mut waits = Waits::default();
    for shop in sent.shops.values() {
        waits.take(channel, &shop.id).await?;
    }
    Ok(waits)
}

async fn all_misses(
    channel: &Outgoing,
    sent: &Sent,
    choice: &Choice,
) -> anyhow::Result<Vec<fenliu_proto::analytics::v1::Miss>> {
    /// Most misses that are looked at for who gave up on whom.
    const MAX_MISSES: usize = 1_000_000;
    let mut all = Vec::new();
    for shop in sent.shops.values() {
        all.extend(rates::misses(channel, &shop.id, choice, shop.days, MAX_MISSES).await?.0);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
