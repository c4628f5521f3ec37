//! Calls that are given up half-way, at every point where they can be: nothing acknowledged is lost, nothing
//! happens twice, and what was said is there in the end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{BuyerMessage, Command};
use fenliu_domain::desk::event::{Payload, RequestMark};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::message::MessageKind;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_live::{EmbeddedDesks, Epoch};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::sql::{Database, ScratchDatabase};

mod cancellation;

use super::drift::{Check, check};
use super::*;
use crate::history::{Body, Migrator};

const SHOP: ShopId = ShopId::from_bits(1);
const ANN: AgentId = AgentId::from_bits(2);
/// A sweep gives calls up after 0 to so many turns.
const TURNS: usize = 8;
/// How often a sweep tries each number of turns.
const ROUNDS: usize = 4;

/// A store, and desks on it.
struct House {
    desks: Desks,
    database: Database,
    clock: VirtualClock,
    seed: u64,
    _place: ScratchDatabase,
}

impl House {
    async fn open() -> Self {
        let place = ScratchDatabase::create("desks").await;
        let database = Database::open(&place.config()).await.expect("the store opens");
        database.migrate::<Migrator>().await.expect("the schema is made");
        let clock = VirtualClock::new(Timestamp::default());
        let desks = desks(&database, &clock, 1).await;
        let house = Self { desks, database, clock, seed: 1, _place: place };
        let hours =
            ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
        house.run(call(Command::SyncShop(hours))).await;
        let entry = AgentEntry::plain("Ann".into(), 1_000);
        house.run(call(Command::SyncAgent { agent: ANN, entry: Box::new(entry) })).await;
        house.run(call(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true })).await;
        house
    }

    /// Forgets all that is live, as a new process would.
    async fn restart(&mut self) {
        self.seed += 1;
        self.desks = desks(&self.database, &self.clock, self.seed).await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn run(&self, call: Call) -> Answer {
        self.desks.run(call).await.expect("it is done")
    }

    /// The content of each message with this text's request, once per message.
    async fn said(&self, buyer: &str) -> Vec<Option<String>> {
        let history = self.desks.history();
        let (mut said, mut after, mut conversations) = (Vec::new(), 0, Vec::new());
        loop {
            let page = history.events(SHOP, None, after, 500).await.expect("read");
            let Some(last) = page.last() else { return said };
            after = last.event.seq;
            for stored in &page {
                let event = crate::history::reader::parse(stored).expect("readable");
                match &event.payload {
                    Payload::ConversationOpened { buyer: of, .. } if &**of == buyer => {
                        conversations.push(event.conversation);
                    }
                    Payload::MessageReceived { .. } if conversations.contains(&event.conversation) => {
                        let bodies = history.bodies(SHOP, &[event.id]).await.expect("read");
                        said.push(bodies.get(&event.id).map(|body| body.text.clone()));
                    }
                    _ => {}
                }
            }
        }
    }
}

async fn desks(database: &Database, clock: &VirtualClock, seed: u64) -> Desks {
    let lifecycle = Lifecycle::new();
    let live: Arc<dyn LiveDesk> = Arc::new(EmbeddedDesks::new());
    let writer = Writer::start(database.clone(), live.clone(), &lifecycle).await.expect("it starts");
    let platform = Platform::simulated(clock, seed, lifecycle);
    Desks::new(live, writer, History::new(database.clone()), platform)
}

fn call(command: Command) -> Call {
    Call { shop: SHOP, request: None, traceparent: None, command, body: None }
}

/// A buyer's message under a request id.
fn message(buyer: &str, request_id: &str, external: Option<&str>) -> Call {
    let mark = RequestMark { caller: "test".into(), request_id: request_id.into(), body_hash: [1; 32] };
    let command = Command::ReceiveMessage(BuyerMessage {
        buyer: buyer.into(),
        channel: "app".into(),
        external: external.map(Text::from),
        occurred: None,
        kind: MessageKind::Text,
        length: 2,
        group: None,
        origin: None,
        priority: 100,
    });
    let body = Body { kind: 1, text: format!("{buyer} says"), reference: String::new() };
    Call { request: Some(mark), body: Some(body), ..call(command) }
}

/// A future that is given up after so many turns.
struct GivenUp<F> {
    work: Pin<Box<F>>,
    turns: usize,
}

impl<F: Future> Future for GivenUp<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.turns == 0 {
            return Poll::Ready(None);
        }
        self.turns -= 1;
        match self.work.as_mut().poll(context) {
            Poll::Ready(end) => Poll::Ready(Some(end)),
            Poll::Pending if self.turns == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn given_up<F: Future>(turns: usize, work: F) -> GivenUp<F> {
    GivenUp { work: Box::pin(work), turns }
}

/// Gives a message up after every number of turns, each time after `before`, and repeats it after `between`;
/// returns how many were given up before they were done.
async fn sweep(
    house: &mut House,
    before: impl AsyncFn(&mut House),
    between: impl AsyncFn(&mut House),
) -> usize {
    let mut unfinished = 0;
    // How many turns a call takes depends on how quick the store is, so each number is tried more than once.
    for (round, turns) in (0..ROUNDS * TURNS).map(|round| (round, round % TURNS)) {
        let buyer = format!("buyer-{round}");
        let request = message(&buyer, &format!("r-{round}"), Some(&format!("m-{round}")));
        before(house).await;
        let first = given_up(turns, house.desks.run(request.clone())).await;
        between(house).await;
        house.desks.store_tail(SHOP).await;
        let stored = house.said(&buyer).await.len();
        assert!(stored <= 1 && (first.is_none() || stored == 1), "after {turns} turns {stored} are stored");
        let again = house.run(request).await;
        assert!(!again.events.is_empty(), "after {turns} turns");
        let said = house.said(&buyer).await;
        assert_eq!(
            said,
            [Some(format!("{buyer} says"))],
            "one effect, with its content, after {turns} turns"
        );
        match first {
            Some(first) => assert_eq!(first.expect("it was done").events, again.events),
            None => unfinished += 1,
        }
    }
    unfinished
}

async fn nothing(_: &mut House) {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_at_any_point_can_be_repeated() {
    let mut house = House::open().await;
    assert!(sweep(&mut house, nothing, nothing).await > ROUNDS, "some were given up after they had begun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_while_its_desk_is_rebuilt_can_be_repeated() {
    let mut house = House::open().await;
    assert!(sweep(&mut house, House::restart, nothing).await > ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_before_the_process_ended_can_be_repeated() {
    let mut house = House::open().await;
    let stored_by_the_sweeper = async |house: &mut House| {
        house.desks.store_tail(SHOP).await;
        house.restart().await;
    };
    sweep(&mut house, nothing, stored_by_the_sweeper).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_to_a_forgetful_desk_can_be_given_up_and_repeated() {
    let mut house = House::open().await;
    house.run(message("old", "old", Some("old"))).await;
    house.clock.advance_to(house.clock.now() + Span::from_hours(25)).await;
    house.run(message("new", "new", Some("new"))).await;
    assert!(sweep(&mut house, nothing, nothing).await > ROUNDS);
    let old = house.run(message("old", "again", Some("old"))).await;
    assert!(old.redelivered);
}

/// Whoever stored a message for a caller that had gone did not know what was said; that must not depend on whether
/// the desk still remembers.
#[tokio::test]
async fn what_was_said_is_attached_when_only_the_history_remembers() {
    let mut house = House::open().await;
    house.run(message("old", "old", Some("old"))).await;
    let database = &house.database;
    let statement = "DELETE FROM message_body";
    sea_orm::ConnectionTrait::execute_unprepared(database.writer(), statement).await.expect("deleted");
    house.clock.advance_to(house.clock.now() + Span::from_hours(25)).await;
    house.run(message("new", "new", Some("new"))).await;
    house.restart().await;
    let again = house.run(message("old", "again", Some("old"))).await;
    assert!(again.redelivered);
    assert_eq!(house.said("old").await, [Some("old says".to_owned())]);
}

#[tokio::test]
async fn a_shop_nobody_told_of_leaves_nothing_behind() {
    let house = House::open().await;
    for number in 100..200 {
        let shop = ShopId::from_bits(number);
        let problem = house.desks.run(Call { shop, ..message("a", "r", None) }).await.expect_err("refused");
        assert_eq!(problem.reason, Reason::ShopNotFound);
        assert!(house.desks.live().info(shop).await.is_err(), "no desk was made");
    }
    assert_eq!(house.desks.lock_seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_many_find_lost_is_rebuilt_once_and_all_are_answered() {
    let mut house = House::open().await;
    house.restart().await;
    let calls = (0..64).map(|number| {
        let desks = house.desks.clone();
        let call = message(&format!("buyer-{number}"), &format!("r-{number}"), None);
        tokio::spawn(async move { desks.run(call).await })
    });
    for answer in futures::future::join_all(calls).await {
        answer.expect("no call panics").expect("every call is answered");
    }
}

#[tokio::test]
async fn a_live_desk_that_forked_from_the_history_is_rebuilt_and_the_call_done() {
    let house = House::open().await;
    // Another process, which knows nothing of this one, stores something first.
    let other = desks(&house.database, &house.clock, 99).await;
    other.run(message("theirs", "r-1", None)).await.expect("done");
    let ours = house.run(message("ours", "r-2", None)).await;
    assert!(!ours.events.is_empty());
    // And so on, back and forth; whoever is behind is found out each time.
    for round in 3..9 {
        let desks = if round % 2 == 0 { &house.desks } else { &other };
        desks.run(message("both", &format!("r-{round}"), None)).await.expect("done");
    }
    assert_eq!(house.said("theirs").await.len() + house.said("ours").await.len(), 2);
    assert_eq!(house.said("both").await.len(), 6);
    let folded = house.desks.history().fold(SHOP).await.expect("read").expect("a desk");
    assert_eq!(folded.conversations().len(), 3);
}

#[tokio::test]
async fn a_desk_that_was_dropped_is_loaded_again_though_its_shop_is_quiet() {
    let mut house = House::open().await;
    house.restart().await;
    assert!(house.desks.live().info(SHOP).await.is_err());
    crate::sweeper::load_all(&house.desks).await;
    assert!(house.desks.live().info(SHOP).await.is_ok());
}

#[tokio::test]
async fn a_desk_that_is_not_what_the_history_says_is_found_named_and_rebuilt() {
    let house = House::open().await;
    for number in 0..20 {
        house.run(message(&format!("buyer-{}", number % 7), &format!("r-{number}"), None)).await;
        assert_eq!(check(&house.desks, SHOP).await.expect("compared"), Check::Same);
    }
    let live = house.desks.live();
    let (epoch, mut tampered) = live.snapshot(SHOP).await.expect("loaded").expect("a desk");
    tampered.conversations.pop();
    live.invalidate(SHOP, epoch).await;
    live.restore(Epoch(99), tampered, house.clock.now()).await;
    assert_eq!(check(&house.desks, SHOP).await.expect("compared"), Check::Differs("conversations"));
    assert!(live.info(SHOP).await.is_err(), "it is dropped");
    house.run(message("buyer-8", "r-20", None)).await;
    assert_eq!(check(&house.desks, SHOP).await.expect("compared"), Check::Same);
    assert_eq!(check(&house.desks, ShopId::from_bits(77)).await.expect("compared"), Check::Passed);
}
