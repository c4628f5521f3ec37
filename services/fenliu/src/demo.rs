//! `fenliu demo`: a shop through an evening peak.
//!
//! [`cast`] says who plays and what befalls them, [`arrivals`] when buyers come, [`story`] what people do; [`stage`]
//! does it at a real fenliu over gRPC, on a clock that the demo moves, with everybody's own token, which `passes`
//! sees to, after `rota` has published the day's roster there; [`narrator`] tells it as it goes by, and
//! [`finale`] what came of it, checked by [`recount`].
//!
//! Invariants: one call at a time, time and ids from the seed, so the same seed tells the same evening; nothing is
//! counted here but what the history says.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_domain::desk::event::{Event, Payload};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Lifecycle, shutdown_on_signals};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::ServerConfig;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub mod arrivals;
pub mod cast;
pub mod finale;
pub mod narrator;
mod passes;
pub mod recount;
mod rota;
pub mod stage;
pub mod story;

use self::cast::{END, SHOP, STAFF, START, ZONE};
use self::finale::Finale;
use self::narrator::Narrator;
use self::stage::Stage;
use self::story::{Act, News, Story};
use crate::cli::DemoArgs;
use crate::embedded::{Embedded, Options, Stores};
use crate::output::{Answer, say};

/// How long before the evening the shop is set up: before it serves that day, since a roster counts from its
/// publication on.
pub(crate) const SET_UP: Span = Span::from_hours(11);
/// How often the demo's clock is moved along once it follows the wall.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// Runs `fenliu demo`.
///
/// # Errors
/// When fenliu cannot start, refuses what the story does, or is interrupted before it ends.
pub async fn demo(args: &DemoArgs, json: bool) -> anyhow::Result<()> {
    // The keys that sign its tokens follow from the seed, so others who know that could make tokens of their own.
    anyhow::ensure!(
        args.listen.ip().is_loopback(),
        "--listen {} is not a loopback address, and the demo is for this machine only; use fenliu up for others",
        args.listen
    );
    let lifecycle = Lifecycle::new();
    shutdown_on_signals(&lifecycle).context("cannot watch for signals")?;
    let scratch = tempfile::tempdir().context("cannot make a directory for the embedded stores")?;
    let clock = VirtualClock::new(START - SET_UP);
    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
    let embedded = Embedded::start(Options {
        data_dir: scratch.path().join("data"),
        stores: Stores::unscored(),
        listener,
        platform: Platform::simulated(&clock, args.seed, lifecycle.clone()),
        server: ServerConfig::default(),
    })
    .await?;
    let mut tell = |text: &str| if json { Ok(()) } else { say(text) };
    let played = tokio::select! {
        played = play(&embedded, &clock, args.seed, START + END, &mut tell) => played,
        () = lifecycle.soft().cancelled_owned() => Err(anyhow::anyhow!("interrupted")),
    };
    let played = match played {
        Ok((finale, shop)) => finish(args, json, &embedded, &clock, &finale, &shop, lifecycle.soft()).await,
        Err(error) => Err(error),
    };
    embedded.stop().await?;
    played
}

/// Whoever is told the story as it goes by.
pub(crate) type Tell<'a> = dyn FnMut(&str) -> anyhow::Result<()> + Send + 'a;

/// Plays the evening up to a moment. Returns how it ended, and the shop.
pub(crate) async fn play(
    embedded: &Embedded,
    clock: &VirtualClock,
    seed: u64,
    end: Timestamp,
    tell: &mut Tell<'_>,
) -> anyhow::Result<(Finale, String)> {
    let mut story = Story::new(seed, end);
    let buyers = story.buyers();
    tell(&format!(
        "{SHOP}, 11 November, from 18:00: two shifts, eight agents, {buyers} buyers to come; seed {seed}\n\n"
    ))?;
    let mut stage = Stage::set_up(embedded, clock).await?;
    // The early shift's leader: whoever leads a shift may publish rosters.
    let leader = stage.leader_of(0).await?;
    let (draft, chart) = rota::draft(&leader, stage.shop()).await?;
    tell(&format!(
        "{} leads the early shift: she signs in and publishes the day's roster\n\n{chart}\n",
        STAFF[0].name
    ))?;
    rota::publish(&leader, stage.shop(), draft).await?;
    stage.wait_for_duty().await?;
    let mut narrator = Narrator::new(Zone::parse(ZONE)?);
    while let Some(due) = story.due() {
        stage.advance(due).await;
        if story.misses_somebody() {
            hear(&mut story, &mut stage, &mut narrator, tell).await?;
        }
        let Some((_, act)) = story.step() else { continue };
        let conversation = stage.perform(act).await.with_context(|| format!("{act:?} at {}", stage.now()))?;
        if let (Act::Ask { buyer }, Some(conversation)) = (act, conversation) {
            story.opened(buyer, conversation);
        }
        match act {
            Act::Beat { .. } => {}
            Act::ShowBoard => tell(&narrator.board(&stage.view().await?, stage.now())?)?,
            _ => hear(&mut story, &mut stage, &mut narrator, tell).await?,
        }
    }
    stage.advance(end).await;
    hear(&mut story, &mut stage, &mut narrator, tell).await?;
    let finale = Finale::of(&embedded.channel(), &stage, narrator.counts(), seed).await?;
    Ok((finale, stage.shop().to_owned()))
}

/// Lets people and the narrator hear what the desk recorded.
async fn hear(
    story: &mut Story,
    stage: &mut Stage,
    narrator: &mut Narrator,
    tell: &mut Tell<'_>,
) -> anyhow::Result<()> {
    let events = stage.news().await?;
    for event in &events {
        if let Some(news) = news_of(event, stage) {
            story.hear(event.recorded, news);
        }
    }
    let told = narrator.tell(&events, |agent| stage.agent_of(agent));
    if told.is_empty() { Ok(()) } else { tell(&told) }
}

/// What people notice of an event.
fn news_of(event: &Event, stage: &Stage) -> Option<News> {
    let conversation = event.conversation;
    Some(match &event.payload {
        Payload::MessageReceived { .. } => News::Asked { conversation: conversation? },
        Payload::ReplySent { .. } => News::Replied { conversation: conversation? },
        Payload::Assigned { agent, .. } => {
            News::Assigned { conversation: conversation?, agent: stage.agent_of(*agent) }
        }
        Payload::Queued { .. } => News::Queued { conversation: conversation? },
        Payload::Closed { .. } => News::Closed { conversation: conversation? },
        Payload::PresenceChanged { agent, presence, .. } => {
            News::Presence { agent: stage.agent_of(*agent)?, presence: *presence }
        }
        Payload::AgentSynced { agent, entry } => {
            News::Muted { agent: stage.agent_of(*agent)?, muted: entry.sanction.is_some() }
        }
        _ => return None,
    })
}

/// Tells the end; then, unless it is to be fast, serves on until a signal comes.
async fn finish(
    args: &DemoArgs,
    json: bool,
    embedded: &Embedded,
    clock: &VirtualClock,
    finale: &Finale,
    shop: &str,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    Answer::new(finale, finale.to_string())?.print(json)?;
    anyhow::ensure!(finale.recount_agrees, "a recount from the history gave other rates than analytics");
    if args.fast {
        return Ok(());
    }
    if !json {
        say(&look_around(embedded.address(), embedded.admin_token_file(), shop))?;
    }
    follow_the_wall(clock, clock.now(), stop).await;
    Ok(())
}

/// Calls to look around with, to be pasted into a shell as they are. They show the token in this file.
fn look_around(address: SocketAddr, token_file: &Path, shop: &str) -> String {
    let token_file = token_file.display().to_string().replace('\'', r"'\''");
    let body = serde_json::json!({ "shop_id": shop });
    let rate = serde_json::json!({ "shop_id": shop, "rule_pack_id": "taobao-3min" });
    format!(
        "\nstill serving at {address}; look around, and end it with Ctrl-C:\n\
         export FENLIU_TOKEN_FILE='{token_file}'\n\
         fenliu agent list --connect {address} --shop {shop}\n\
         fenliu sanction list --connect {address} --shop {shop}\n\
         fenliu audit --connect {address} --shop {shop}\n\
         call() {{ TOKEN=$(cat \"$FENLIU_TOKEN_FILE\") grpcurl -plaintext -expand-headers -H 'authorization: Bearer \
         ${{TOKEN}}' \"$@\"; }}\n\
         call -d '{body}' {address} fenliu.dispatch.v1.PresenceService/ListAgents\n\
         call -d '{body}' {address} fenliu.dispatch.v1.HistoryService/ListEvents\n\
         call -d '{rate}' {address} fenliu.analytics.v1.ReplyRateService/GetReplyRate\n"
    )
}

/// From now on the evening's clock goes at the pace of the wall's.
async fn follow_the_wall(clock: &VirtualClock, from: Timestamp, stop: CancellationToken) {
    let begun = tokio::time::Instant::now();
    let mut ticks = tokio::time::interval(FOLLOW_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let passed = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        clock.advance_to(from + Span::from_micros(passed)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::clock;

    /// The evening up to 19:05, which sees heartbeats, boards, questions, answers and closings.
    async fn evening(seed: u64) -> (String, Finale) {
        let directory = tempfile::tempdir().expect("a directory");
        let virtual_clock = VirtualClock::new(START - SET_UP);
        let embedded = Embedded::start(Options {
            data_dir: directory.path().to_owned(),
            stores: Stores::unscored(),
            listener: TcpListener::bind("127.0.0.1:0").await.expect("a port"),
            platform: Platform::simulated(&virtual_clock, seed, Lifecycle::new()),
            server: ServerConfig::default(),
        })
        .await
        .expect("starts");
        let mut told = String::new();
        let mut tell = |text: &str| {
            told.push_str(text);
            Ok(())
        };
        let played = play(&embedded, &virtual_clock, seed, START + clock(19, 5), &mut tell).await;
        embedded.stop().await.expect("stops");
        (told, played.expect("plays").0)
    }

    #[tokio::test]
    async fn the_demo_is_for_this_machine_only() {
        let args = DemoArgs { fast: true, seed: 1, listen: SocketAddr::from(([0, 0, 0, 0], 0)) };
        let error = demo(&args, false).await.expect_err("everybody could reach it").to_string();
        assert!(error.contains("--listen 0.0.0.0:0 is not a loopback address"), "{error}");
    }

    #[test]
    fn the_ways_to_look_around_can_be_pasted() {
        let address = SocketAddr::from(([127, 0, 0, 1], 50_050));
        insta::assert_snapshot!(look_around(address, Path::new("/tmp/the demo's/admin.token"), "shp_1"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_seed_tells_the_same_evening_and_a_recount_agrees() {
        let (told, finale) = evening(3).await;
        let (again, the_same) = evening(3).await;
        assert_eq!(told, again);
        assert_eq!(finale.to_string(), the_same.to_string());
        assert!(finale.recount_agrees);
        insta::assert_snapshot!(format!("{told}\n{finale}"));
    }
}
