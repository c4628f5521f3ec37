//! `fenliu up` is killed again and again while many callers write to it, and nothing it acknowledged is lost.
//!
//! Ten times: callers keep at least 64 requests under way; after at least 2,000 more acknowledgements, at a moment
//! that nobody chose, the process is killed (SIGKILL) and started again on the same directory. Then:
//!
//! - every acknowledged message is there, with its words; what was refused left nothing behind;
//! - what was left open is asked again with its request id, and a part of what was acknowledged too: the same answers,
//!   one effect for each request;
//! - the history is dense and chained in every shop, and goes on where a follower left it;
//! - the desks show exactly what the history says, replayed through the domain;
//! - analytics says exactly what a second analytics says that starts from nothing.
//!
//! `FENLIU_SEED` chooses what callers do; the moments of the kills are chance.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use fenliu_domain::ids::{ConversationId, MessageId, ShopId};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_tests::chance::{self, Chance};
use fenliu_tests::clients::Clients;
use fenliu_tests::fold::Fold;
use fenliu_tests::load::request::{Answer, Request, Verdict};
use fenliu_tests::load::{House, Load, Plan, Record};
use fenliu_tests::program::Server;
use fenliu_tests::{boards, recount};

/// How often it is killed.
const ROUNDS: usize = 10;
/// Acknowledgements between two kills, at least.
const ACKNOWLEDGED: usize = 2_000;
/// Up to so many more, so that the kill comes at a moment nobody chose.
const FURTHER: usize = 1_000;
/// Callers, each with one request under way.
const CALLERS: usize = 96;
/// Requests under way when it is killed, at least.
const IN_FLIGHT: usize = 64;
/// Acknowledged requests that are sent again after a kill.
const REPEATED: usize = 200;
/// As of how long after the last event analytics judges: every limit of minutes has passed then.
const JUDGED_AFTER: Span = Span::from_mins(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_ten_times() {
    chance::tell(story).await;
}

async fn story(seed: u64) -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let data = place.path().join("data");
    let mut server = Server::start(&data)?;
    let house = Arc::new(House::furnish(&mut Clients::new(&server.connect()?)).await?);
    let mut ledger = Ledger::default();
    for round in 0..ROUNDS {
        server = kill_under_load(&house, server, &data, seed, round, &mut ledger).await?;
        let mut clients = Clients::new(&server.connect()?);
        ledger.check(&mut clients, Chance::new(seed, 1_000_000 + round as u64)).await?;
        boards::agree(&mut clients, &mut ledger.fold).await.context("desks and history")?;
    }
    let mut clients = Clients::new(&server.connect()?);
    ledger.check_against_a_reading_from_the_start(&mut clients).await?;
    let fresh = recount::Recount::start(server.connect()?).await?;
    let as_of = ledger.fold.recorded().context("no event")? + JUDGED_AFTER;
    let shops: Vec<_> = house.shops.iter().map(|shop| shop.id.clone()).collect();
    let mut recounting = fresh.clients.clone();
    let exchanges =
        recount::agree(&mut clients, &mut recounting, &shops, ledger.fold.position(), as_of).await?;
    fresh.stop().await?;
    ensure!(exchanges > 0, "analytics has seen no exchange");
    println!("{ROUNDS} kills; {ledger}; {exchanges} exchanges");
    Ok(())
}

async fn kill_under_load(
    house: &Arc<House>,
    server: Server,
    data: &Path,
    seed: u64,
    round: usize,
    ledger: &mut Ledger,
) -> anyhow::Result<Server> {
    let further = Chance::new(seed, 2_000_000 + round as u64).below(FURTHER);
    let load = Load::start(house, &server, Plan { seed, round, callers: CALLERS })?;
    load.acknowledged(ACKNOWLEDGED + further).await.with_context(|| format!("in round {round}"))?;
    let in_flight = load.in_flight();
    server.kill()?;
    ensure!(in_flight >= IN_FLIGHT, "only {in_flight} requests were under way when it was killed");
    ledger.round = load.stop().await?;
    Server::start(data)
}

/// All that callers were told, and what the history says.
#[derive(Debug, Default)]
struct Ledger {
    fold: Fold,
    /// Records of the round that was just cut off.
    round: Vec<Record>,
    acknowledged: usize,
    refused: usize,
    unknown: usize,
    kept: usize,
}

impl Ledger {
    async fn check(&mut self, clients: &mut Clients, mut chance: Chance) -> anyhow::Result<()> {
        self.fold.catch_up(clients).await?;
        let round = std::mem::take(&mut self.round);
        for record in &round {
            self.check_record(record).with_context(|| format!("{record:?}"))?;
        }
        let settled = self.ask_again(clients, &round).await?;
        repeat_some(clients, &round, &mut chance).await?;
        deliver_some_again(clients, &round, &mut chance).await?;
        // Whatever had a second effect is found here: the fold refuses it.
        self.fold.catch_up(clients).await?;
        for record in &settled {
            self.check_record(record).with_context(|| format!("asked again: {record:?}"))?;
        }
        words_are_kept(clients, round.iter().chain(&settled)).await
    }

    /// What a caller was told must be what the history says.
    fn check_record(&mut self, Record { request, verdict }: &Record) -> anyhow::Result<()> {
        let happened = self.fold.has_request(request.shop().parse()?, request.id());
        match verdict {
            Verdict::Acknowledged(answer) => {
                self.acknowledged += 1;
                ensure!(happened || request.may_change_nothing(), "it was acknowledged and is lost");
                self.check_message(request, answer)
            }
            Verdict::Refused(reason) => {
                self.refused += 1;
                ensure!(*reason != Reason::Internal, "a defect");
                ensure!(!happened, "it was refused and has an effect");
                Ok(())
            }
            Verdict::Unknown(_) => {
                self.unknown += 1;
                self.kept += usize::from(happened);
                Ok(())
            }
        }
    }

    fn check_message(&self, request: &Request, answer: &Answer) -> anyhow::Result<()> {
        let Some((_, message, _)) = message_of(request, answer) else { return Ok(()) };
        let (shop, conversation) = self.fold.place_of(message).context("the message is lost")?;
        ensure!(shop.to_string() == request.shop(), "the message is in another shop");
        if let Answer::Message { conversation: told, .. } = answer {
            ensure!(*told == conversation.to_string(), "the message is in another conversation");
        }
        Ok(())
    }

    /// Asks again what was left open. Nothing may be left open this time, since nothing ends the process.
    async fn ask_again(&self, clients: &mut Clients, round: &[Record]) -> anyhow::Result<Vec<Record>> {
        let mut settled = Vec::new();
        for record in round.iter().filter(|record| matches!(record.verdict, Verdict::Unknown(_))) {
            let request = record.request.clone();
            let verdict = request.send(clients).await;
            ensure!(!matches!(verdict, Verdict::Unknown(_)), "{request:?} is left open again: {verdict:?}");
            let happened = self.fold.has_request(request.shop().parse()?, request.id());
            let refused = matches!(verdict, Verdict::Refused(_));
            ensure!(!(happened && refused), "{request:?} has had its effect, and its repetition {verdict:?}");
            settled.push(Record { request, verdict });
        }
        Ok(settled)
    }

    /// Another follower, who begins at the beginning, sees the same.
    async fn check_against_a_reading_from_the_start(&mut self, clients: &mut Clients) -> anyhow::Result<()> {
        let mut whole = Fold::default();
        whole.catch_up(clients).await?;
        self.fold.catch_up(clients).await?;
        // What happened between the two readings is in the second only.
        whole.catch_up(clients).await?;
        ensure!(whole.desks.len() == self.fold.desks.len(), "another number of shops");
        for (shop, desk) in &whole.desks {
            let followed = self.fold.desk(*shop)?;
            if followed.head() == desk.head() {
                ensure!(followed.snapshot() == desk.snapshot(), "the desk of {shop} differs");
            } else {
                ensure!(followed.seq() < desk.seq(), "the history of {shop} has shrunk");
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { acknowledged, refused, unknown, kept, fold, .. } = self;
        let (events, shops) = (fold.events, fold.desks.len());
        write!(
            f,
            "{acknowledged} acknowledged, {refused} refused, {unknown} left open ({kept} of them kept); "
        )?;
        write!(f, "{events} events of {shops} shops")
    }
}

/// The conversation, the id and the words of the message a request sent.
fn message_of<'a>(request: &'a Request, answer: &Answer) -> Option<(Option<&'a str>, MessageId, &'a str)> {
    match (request, answer) {
        (Request::Receive(asked), Answer::Message { message, .. }) => {
            Some((None, message.parse().ok()?, &asked.content.as_ref()?.text))
        }
        (Request::Reply(said), Answer::Reply { message }) => {
            Some((Some(&said.conversation_id), message.parse().ok()?, &said.content.as_ref()?.text))
        }
        _ => None,
    }
}

fn acknowledged(round: &[Record]) -> Vec<(&Request, &Answer)> {
    let told = |record: &'_ Record| matches!(record.verdict, Verdict::Acknowledged(_));
    round
        .iter()
        .filter(|record| told(record))
        .filter_map(|record| match &record.verdict {
            Verdict::Acknowledged(answer) => Some((&record.request, answer)),
            _ => None,
        })
        .collect()
}

/// A repetition, even after the crash, gets the first answer.
async fn repeat_some(clients: &mut Clients, round: &[Record], chance: &mut Chance) -> anyhow::Result<()> {
    let known = acknowledged(round);
    for _ in 0..REPEATED {
        let Some((request, first)) = chance.of(&known) else { break };
        let again = request.send(clients).await;
        ensure!(
            again == Verdict::Acknowledged((*first).clone()),
            "{request:?} was answered {first:?} and now {again:?}"
        );
    }
    Ok(())
}

/// A channel that delivers a message again, under another request id, gets the first answer too.
async fn deliver_some_again(
    clients: &mut Clients,
    round: &[Record],
    chance: &mut Chance,
) -> anyhow::Result<()> {
    let known = acknowledged(round);
    for number in 0..REPEATED / 4 {
        let Some((Request::Receive(first), Answer::Message { message, .. })) = chance.of(&known) else {
            continue;
        };
        let request_id = format!("again {number} {}", first.request_id);
        let again = Request::Receive(proto::ReceiveMessageRequest { request_id, ..first.clone() });
        let verdict = again.send(clients).await;
        let same = matches!(&verdict, Verdict::Acknowledged(Answer::Message { message: told, redelivered: true, .. })
            if told == message);
        ensure!(same, "{first:?} was delivered again and became {verdict:?}");
    }
    Ok(())
}

/// Every acknowledged message is there once, with its words.
async fn words_are_kept(clients: &mut Clients, records: impl Iterator<Item = &Record>) -> anyhow::Result<()> {
    let mut expected: BTreeMap<(String, String), Vec<(MessageId, &str)>> = BTreeMap::new();
    for record in records {
        let Verdict::Acknowledged(answer) = &record.verdict else { continue };
        let Some((conversation, message, words)) = message_of(&record.request, answer) else { continue };
        let conversation = match answer {
            Answer::Message { conversation, .. } => conversation,
            _ => conversation.context("a reply without a conversation")?,
        };
        let key = (record.request.shop().to_owned(), conversation.to_owned());
        expected.entry(key).or_default().push((message, words));
    }
    for ((shop, conversation), messages) in expected {
        let kept = messages_of(clients, &shop, &conversation).await?;
        for (message, words) in messages {
            let found = kept.get(&message).map(String::as_str);
            ensure!(found == Some(words), "{message} of {conversation} said {words:?}, and now {found:?}");
            let copies = kept.values().filter(|kept| *kept == words).count();
            ensure!(copies == 1, "{words:?} was said once and is there {copies} times");
        }
    }
    Ok(())
}

async fn messages_of(
    clients: &mut Clients,
    shop: &str,
    conversation: &str,
) -> anyhow::Result<BTreeMap<MessageId, String>> {
    let (_, _): (ShopId, ConversationId) = (shop.parse()?, conversation.parse()?);
    let (mut all, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let request = proto::ListMessagesRequest {
            shop_id: shop.to_owned(),
            conversation_id: conversation.to_owned(),
            page_size: 500,
            page_token,
        };
        let page = clients.conversations.list_messages(request).await?.into_inner();
        for message in page.messages {
            let words = message.content.context("a message without content")?.text;
            all.insert(message.message_id.parse()?, words);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}
