//! What every engine does, whatever it is made of.

mod shared;
mod ways;

use fenliu_domain::desk::agent::{AgentEntry, Presence};
use std::sync::Arc;

use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Ordered};
use fenliu_domain::desk::event::{Seq, Text};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::{AgentId, CommandId, EventId, ShopId};
use fenliu_domain::message::MessageKind;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::event::attempt::{from_proto, to_proto};

use prost::Message;

use crate::embedded::EmbeddedDesks;
use crate::port::{
    Announcement, ConfirmError, Epoch, Known, LiveDesk, LookError, News, Outcome, Proposal, ProposeError,
};
use crate::redis::{AttemptCodec, RedisConfig, RedisDesks, ScratchRedis};

const SHOP: ShopId = ShopId::from_bits(1);
const ANN: AgentId = AgentId::from_bits(2);
const FIRST: Epoch = Epoch(1);
/// How often a store is asked to begin the first life.
const FIRST_TRIES: usize = 10;
/// How long something that must come may take by the wall.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// Each behaviour is a test of each engine.
macro_rules! on_every_engine {
    ($($behaviour:ident,)*) => {
        mod embedded {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(super::House::embedded().await).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(super::House::redis().await).await;
            })*

            /// One Cluster for all of them, since it takes seconds to come up. A behaviour's desks end with its runtime, so
            /// that they tell nothing to those that come after it, whose lives have the same epochs.
            #[test]
            fn a_cluster_behaves_as_one_server_does() {
                let cluster_runtime = super::runtime();
                let cluster = cluster_runtime.block_on(crate::redis::ScratchCluster::start());
                $(
                    cluster_runtime.block_on(cluster.flush());
                    super::runtime().block_on(async {
                        super::$behaviour(super::House::at(&cluster.url()).await).await;
                    });
                )*
            }
        }
    };
}

on_every_engine! {
    a_tail_is_returned_whole_until_it_is_confirmed,
    a_confirmation_that_does_not_fit_shows_a_fork,
    a_desk_behind_what_was_seen_is_stale,
    a_restored_desk_goes_on_with_fresh_heartbeats,
    an_agent_is_alive_while_any_of_her_devices_beats,
    a_shop_is_due_for_its_timers_and_for_a_tail_nobody_stored,
    the_queue_is_shown_line_by_line,
    an_agent_who_beat_again_meanwhile_does_not_lapse,
    all_who_lapsed_are_counted_however_few_are_asked_for,
    whoever_will_lapse_soon_unless_they_beat_is_counted_too,
    a_forgetful_desk_decides_nothing_before_the_history_was_asked,
    a_desk_that_is_loaded_stays_whatever_is_restored_over_it,
    a_desk_whose_tail_nobody_stores_takes_no_more_until_somebody_does,
    of_too_many_devices_the_most_silent_is_forgotten,
    what_is_announced_is_heard_by_all_who_listen,
}

/// Attempts as dispatch writes them.
pub(crate) struct Proto;

impl AttemptCodec for Proto {
    fn encode(&self, attempt: &Ordered, bytes: &mut Vec<u8>) {
        to_proto(attempt).encode(bytes).expect("a vector grows");
    }

    fn decode(&self, bytes: &[u8]) -> Result<Ordered, Problem> {
        let attempt = fenliu_proto::history::v1::Attempt::decode(bytes);
        from_proto(&attempt.map_err(|_| Problem::field("attempt", "must be one"))?)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A shop with Ann in it, and a counter for command ids.
struct House {
    desks: Arc<dyn LiveDesk>,
    now: Timestamp,
    commands: u128,
    redis: Option<ScratchRedis>,
}

impl House {
    async fn embedded() -> Self {
        Self::of(Arc::new(EmbeddedDesks::new()), None).await
    }

    async fn redis() -> Self {
        let server = ScratchRedis::start(&[]).await;
        let desks = RedisDesks::connect(server.config(), Arc::new(Proto), 1).await.expect("Redis is there");
        Self::of(Arc::new(desks), Some(server)).await
    }

    async fn at(url: &str) -> Self {
        let config = RedisConfig { max_skew: None, ..RedisConfig::at(url) };
        let desks = RedisDesks::connect(config, Arc::new(Proto), 1).await.expect("Redis is there");
        Self::of(Arc::new(desks), None).await
    }

    async fn of(desks: Arc<dyn LiveDesk>, redis: Option<ScratchRedis>) -> Self {
        Self::at_time(desks, redis, Timestamp::default()).await
    }

    async fn at_time(desks: Arc<dyn LiveDesk>, redis: Option<ScratchRedis>, now: Timestamp) -> Self {
        let mut house = Self { desks, now, commands: 0, redis };
        // A store that has just begun may be late with its first answer.
        for _ in 0..FIRST_TRIES {
            if house.desks.begin(FIRST, SHOP).await.is_some() {
                break;
            }
        }
        let hours =
            ShopHours { time_zone: "UTC".into(), service_start: "08:00".into(), service_end: "23:00".into() };
        house.propose(Command::SyncShop(hours)).await;
        house.propose(Command::SyncAgent { agent: ANN, entry: Box::new(entry("Ann")) }).await;
        house
    }

    fn next(&mut self, command: Command) -> Attempt {
        self.commands += 1;
        Attempt { id: CommandId::from_bits(self.commands << 12), request: None, traceparent: None, command }
    }

    async fn attempt(&mut self, seen: Seq, command: Command) -> Result<Proposal, ProposeError> {
        let attempt = self.next(command);
        self.desks.propose(SHOP, self.now, Known { seq: seen, is_new: false }, attempt).await
    }

    async fn propose(&mut self, command: Command) -> Proposal {
        self.attempt(Seq(0), command).await.expect("allowed")
    }
}

fn entry(name: &str) -> AgentEntry {
    AgentEntry::plain(name.into(), 5)
}

fn message(buyer: &str) -> Command {
    said(buyer, None)
}

/// A message that the channel calls so.
fn delivered(external: &str) -> Command {
    said("a", Some(external.into()))
}

fn said(buyer: &str, external: Option<Text>) -> Command {
    Command::ReceiveMessage(BuyerMessage {
        buyer: buyer.into(),
        channel: "test".into(),
        external,
        occurred: None,
        kind: MessageKind::Text,
        length: 1,
        group: None,
        origin: None,
        priority: 100,
    })
}

fn head(proposal: &Proposal) -> Head {
    let last = proposal.tail.last().expect("something is pending");
    Head { seq: last.seq, event: last.id }
}

async fn a_tail_is_returned_whole_until_it_is_confirmed(mut house: House) {
    let first = house.propose(message("a")).await;
    let Outcome::Done(events) = &first.outcome else { panic!("it is new") };
    assert!(first.tail.len() > events.len(), "what came before is pending too");
    house.desks.confirm(SHOP, FIRST, head(&first)).await.expect("it fits");
    let second = house.propose(message("b")).await;
    let Outcome::Done(events) = &second.outcome else { panic!("it is new") };
    assert_eq!(&second.tail, events);
}

async fn a_confirmation_that_does_not_fit_shows_a_fork(mut house: House) {
    let proposal = house.propose(message("a")).await;
    let fits = head(&proposal);
    let other = Head { event: EventId::from_bits(99), ..fits };
    assert_eq!(house.desks.confirm(SHOP, FIRST, other).await, Err(ConfirmError::Forked));
    let ahead = Head { seq: Seq(fits.seq.0 + 1), ..fits };
    assert_eq!(house.desks.confirm(SHOP, FIRST, ahead).await, Err(ConfirmError::Forked));
    assert_eq!(house.desks.confirm(SHOP, Epoch(2), fits).await, Err(ConfirmError::OtherEpoch));
}

async fn a_desk_behind_what_was_seen_is_stale(mut house: House) {
    let ahead = Seq(1_000);
    assert_eq!(house.attempt(ahead, message("a")).await.expect_err("stale"), ProposeError::Stale(FIRST));
    house.desks.invalidate(SHOP, Epoch(2)).await;
    assert!(house.desks.info(SHOP).await.is_ok(), "another epoch's end is not this one's");
    house.desks.invalidate(SHOP, FIRST).await;
    assert_eq!(house.desks.info(SHOP).await, Err(LookError::NotLoaded));
    assert_eq!(house.attempt(Seq(0), message("a")).await.expect_err("gone"), ProposeError::NotLoaded);
}

async fn a_restored_desk_goes_on_with_fresh_heartbeats(mut house: House) {
    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;
    let proposal = house.propose(message("a")).await;
    let mut desk = Desk::new(SHOP);
    for event in &proposal.tail {
        desk.replay(event).expect("in order");
    }
    house.desks.invalidate(SHOP, FIRST).await;
    house.now = house.now + Span::from_hours(1);
    house.desks.restore(Epoch(2), desk.snapshot().expect("a desk"), house.now).await;
    assert!(house.desks.lapsed(house.now, 10).await.agents.is_empty());
    let next = house.propose(message("a")).await;
    assert_eq!(next.tail[0].seq, head(&proposal).seq.next());
}

async fn an_agent_is_alive_while_any_of_her_devices_beats(mut house: House) {
    let silent = |house: &House| house.now + Span::from_secs(46);
    assert_eq!(house.desks.beat(SHOP, ANN, "phone", house.now).await.map(|beat| beat.is_some()), Ok(true));
    assert_eq!(house.desks.lapsed(silent(&house), 10).await.watched, 0, "who is offline needs no heartbeat");

    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;
    house.desks.beat(SHOP, ANN, "phone", house.now).await.expect("loaded").expect("known");
    house
        .desks
        .beat(SHOP, ANN, "desk", house.now + Span::from_secs(20))
        .await
        .expect("loaded")
        .expect("known");
    assert!(house.desks.lapsed(silent(&house), 10).await.agents.is_empty());
    let later = silent(&house) + Span::from_secs(20);
    assert_eq!(house.desks.lapsed(later, 10).await.agents, vec![(SHOP, ANN)]);
    house.now = later;
    house.propose(Command::Lapse { agent: ANN }).await;
    assert_eq!(house.desks.lapsed(later, 10).await.agents, Vec::new());
    let unknown = AgentId::from_bits(77);
    assert_eq!(house.desks.beat(SHOP, unknown, "phone", house.now).await, Ok(None));
}

async fn a_shop_is_due_for_its_timers_and_for_a_tail_nobody_stored(mut house: House) {
    let soon = house.now + Span::from_secs(1);
    assert_eq!(house.desks.due(house.now, 10).await, Vec::new());
    assert_eq!(house.desks.due(soon, 10).await, vec![SHOP], "the tail waits");
    let proposal = house.propose(message("a")).await;
    house.desks.confirm(SHOP, FIRST, head(&proposal)).await.expect("fits");
    assert_eq!(house.desks.due(soon, 10).await, Vec::new());
    let reply_due = house.now + Span::from_secs(100);
    assert_eq!(house.desks.due(reply_due, 10).await, vec![SHOP]);
}

async fn the_queue_is_shown_line_by_line(mut house: House) {
    for buyer in ["a", "b", "c"] {
        house.propose(message(buyer)).await;
    }
    let queue = house.desks.queue(SHOP, 2).await.expect("loaded");
    assert_eq!(queue.length, 3);
    assert_eq!(queue.first.iter().map(|entry| entry.position).collect::<Vec<_>>(), [1, 2]);
}

async fn an_agent_who_beat_again_meanwhile_does_not_lapse(mut house: House) {
    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;
    house.now = house.now + Span::from_mins(1);
    assert_eq!(house.desks.lapsed(house.now, 10).await.agents, vec![(SHOP, ANN)]);
    house.desks.beat(SHOP, ANN, "phone", house.now).await.expect("loaded").expect("known");
    let lapse = house.propose(Command::Lapse { agent: ANN }).await;
    let Outcome::Done(events) = lapse.outcome else { panic!("it is new") };
    assert_eq!(events, Vec::new());
    let ann = house.desks.agent(SHOP, ANN).await.expect("loaded").expect("known");
    assert_eq!(ann.presence, Presence::Online);
}

async fn all_who_lapsed_are_counted_however_few_are_asked_for(mut house: House) {
    for agent in 10_u128..30 {
        let agent = AgentId::from_bits(agent);
        house.propose(Command::SyncAgent { agent, entry: Box::new(entry("Bob")) }).await;
        house.propose(Command::SetPresence { agent, presence: Presence::Online, force: true }).await;
    }
    let lapsed = house.desks.lapsed(house.now + Span::from_mins(1), 5).await;
    assert_eq!((lapsed.agents.len(), lapsed.silent, lapsed.watched), (5, 20, 20));
}

async fn whoever_will_lapse_soon_unless_they_beat_is_counted_too(mut house: House) {
    let come = house.now;
    let agents: Vec<_> = (10_u128..13).map(AgentId::from_bits).collect();
    for (agent, after) in agents.iter().zip([0, 4, 9]) {
        house.now = come + Span::from_secs(after);
        house.propose(Command::SyncAgent { agent: *agent, entry: Box::new(entry("Bob")) }).await;
        house.propose(Command::SetPresence { agent: *agent, presence: Presence::Online, force: true }).await;
    }
    let grace = Span::from_secs(45);
    let first = house.desks.lapsed(come + grace + Span::from_micros(1), 10).await;
    assert_eq!((first.agents, first.silent), (vec![(SHOP, agents[0])], 3), "they fell silent at once");
    house
        .desks
        .beat(SHOP, agents[2], "phone", come + Span::from_secs(15))
        .await
        .expect("loaded")
        .expect("known");
    let first = house.desks.lapsed(come + grace + Span::from_micros(1), 10).await;
    assert_eq!((first.agents.len(), first.silent), (1, 2), "one of them beats");
}

async fn a_forgetful_desk_decides_nothing_before_the_history_was_asked(mut house: House) {
    house.propose(delivered("old")).await;
    house.now = house.now + Span::from_hours(25);
    house.propose(delivered("new")).await;
    let redelivered = house.attempt(Seq(0), delivered("old")).await;
    assert_eq!(redelivered.expect_err("it was forgotten"), ProposeError::MayBeKnown);
    let known = house.attempt(Seq(0), delivered("new")).await.expect("it is remembered");
    assert!(matches!(known.outcome, Outcome::Repeated { redelivered: true, .. }));
    house.attempt(Seq(0), message("b")).await.expect("it has no id to be recognised by");

    let attempt = house.next(delivered("old"));
    let asked = Known { seq: Seq(0), is_new: true };
    let proposal = house.desks.propose(SHOP, house.now, asked, attempt).await.expect("allowed");
    assert!(matches!(proposal.outcome, Outcome::Done(_)));
}

async fn a_desk_that_is_loaded_stays_whatever_is_restored_over_it(mut house: House) {
    let before = house.propose(message("a")).await;
    let mut desk = Desk::new(SHOP);
    desk.replay(&before.tail[0]).expect("the first event");
    house.desks.restore(Epoch(2), desk.snapshot().expect("a desk"), house.now).await;
    house.desks.begin(Epoch(3), SHOP).await;
    let after = house.propose(message("b")).await;
    assert_eq!((after.epoch, after.tail[0].id), (FIRST, before.tail[0].id));
    assert!(after.tail.len() > before.tail.len());
}

async fn a_desk_whose_tail_nobody_stores_takes_no_more_until_somebody_does(mut house: House) {
    let mut last = house.propose(message("a")).await;
    let backlogged = loop {
        match house.attempt(Seq(0), message("a")).await {
            Ok(proposal) => last = proposal,
            Err(error) => break error,
        }
    };
    assert_eq!(backlogged, ProposeError::Backlogged);
    house.desks.confirm(SHOP, FIRST, head(&last)).await.expect("it fits");
    let next = house.propose(message("a")).await;
    assert_eq!(next.tail[0].seq, head(&last).seq.next(), "nothing was lost meanwhile");
}

async fn of_too_many_devices_the_most_silent_is_forgotten(mut house: House) {
    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;
    for second in 0..100 {
        let now = house.now + Span::from_secs(second);
        let device = format!("device-{second}");
        house.desks.beat(SHOP, ANN, &device, now).await.expect("loaded").expect("known");
    }
    let alive = house.now + Span::from_secs(99 + 45);
    assert!(house.desks.lapsed(alive, 10).await.agents.is_empty(), "the last device still counts");
    assert_eq!(house.desks.lapsed(alive + Span::from_secs(1), 10).await.agents, vec![(SHOP, ANN)]);
}

async fn what_is_announced_is_heard_by_all_who_listen(house: House) {
    let (mut first, mut second) = (house.desks.announcements(), house.desks.announcements());
    let announcement = Announcement { shop: SHOP, seq: Seq(7), position: 9 };
    house.desks.announce(announcement).await;
    for heard in [&mut first, &mut second] {
        // An engine that has just begun to listen may have missed something before.
        let until = async { while heard.recv().await != Ok(News::Stored(announcement)) {} };
        tokio::time::timeout(PATIENCE, until).await.expect("it is heard");
    }
}
