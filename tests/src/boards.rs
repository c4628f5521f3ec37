//! What the running desks show, beside what the history says they must show.

use anyhow::{Context, ensure};
use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::Agent;
use fenliu_domain::desk::conversation::{Conversation, Stage};
use fenliu_domain::ids::ShopId;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::event::scores_to_proto;
use fenliu_proto::history::v1::Stage as StageWord;
use fenliu_proto::words::Word;

use crate::clients::Clients;
use crate::fold::Fold;

/// Entries asked for at once: the most there may be.
const PAGE: i32 = 500;
/// Entries of the queue that are shown.
const QUEUE_SHOWN: usize = 100;
/// How often the boards are read again because something happened meanwhile.
const ATTEMPTS: usize = 50;

/// Everything a shop's desk shows, at one event.
#[derive(Clone, Debug, PartialEq)]
struct Boards {
    seq: u64,
    agents: Vec<proto::Agent>,
    queue: (u32, Vec<proto::QueuedConversation>),
    open: Vec<proto::Conversation>,
}

/// Checks that what the desk of every shop shows is the fold of its history.
///
/// # Errors
/// When it is not, or when boards and history never stand still together.
pub async fn agree(clients: &mut Clients, fold: &mut Fold) -> anyhow::Result<()> {
    fold.catch_up(clients).await?;
    for shop in fold.desks.keys().copied().collect::<Vec<_>>() {
        agree_on(clients, fold, shop).await.with_context(|| format!("at the desk of {shop}"))?;
    }
    Ok(())
}

async fn agree_on(clients: &mut Clients, fold: &mut Fold, shop: ShopId) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        fold.catch_up(clients).await?;
        let shown = read(clients, shop).await?;
        let folded = folded(fold.desk(shop)?);
        let Some(shown) = shown.filter(|shown| shown.seq == folded.seq) else { continue };
        ensure!(shown.agents == folded.agents, "agents: {:#?}\nfolded: {:#?}", shown.agents, folded.agents);
        ensure!(shown.queue == folded.queue, "queue: {:#?}\nfolded: {:#?}", shown.queue, folded.queue);
        let (here, there) = (shown.open.len(), folded.open.len());
        ensure!(here == there, "{here} open conversations, folded {there}");
        for (shown, folded) in shown.open.iter().zip(&folded.open) {
            ensure!(shown == folded, "conversation: {shown:#?}\nfolded: {folded:#?}");
        }
        return Ok(());
    }
    anyhow::bail!("the desk never stood still long enough to be read")
}

/// Reads all boards; `None` when something happened between them.
async fn read(clients: &mut Clients, shop: ShopId) -> anyhow::Result<Option<Boards>> {
    let shop_id = shop.to_string();
    let request =
        proto::ListAgentsRequest { shop_id: shop_id.clone(), page_size: PAGE, ..Default::default() };
    let agents = clients.presence.list_agents(request).await?.into_inner();
    ensure!(agents.next_page_token.is_empty(), "more agents than a page holds");
    let request = proto::GetQueueRequest { shop_id: shop_id.clone() };
    let queue = clients.queue.get_queue(request).await?.into_inner().queue.context("no queue")?;
    let mut open = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = proto::ListConversationsRequest {
            shop_id: shop_id.clone(),
            page_size: PAGE,
            page_token,
            ..Default::default()
        };
        let page = clients.conversations.list_conversations(request).await?.into_inner();
        if page.seq != agents.seq || queue.seq != agents.seq {
            return Ok(None);
        }
        open.extend(page.conversations);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            ensure!(page.total_size as usize == open.len(), "the list and its count differ");
            break;
        }
    }
    open.sort_by(|a, b| a.conversation_id.cmp(&b.conversation_id));
    // When a message was last said is not the desk's to know.
    open.iter_mut().for_each(|conversation| conversation.last_message_time = None);
    // What is to be expected changes with the clock; it is no part of what must agree.
    let mut queue = queue;
    queue.first.iter_mut().for_each(|waiting| waiting.estimate = None);
    Ok(Some(Boards { seq: agents.seq, agents: agents.agents, queue: (queue.length, queue.first), open }))
}

fn folded(desk: &Desk) -> Boards {
    Boards {
        seq: desk.seq().0,
        agents: desk.agents().into_iter().map(agent).collect(),
        queue: (u32::try_from(desk.queue_len()).unwrap_or(u32::MAX), queue(desk)),
        open: desk.conversations().into_iter().map(|open| conversation(desk, open)).collect(),
    }
}

fn agent(agent: &Agent) -> proto::Agent {
    proto::Agent {
        agent_id: agent.id.to_string(),
        display_name: agent.entry.display_name.to_string(),
        main_account: agent.entry.main_account,
        groups: agent.entry.groups.iter().map(ToString::to_string).collect(),
        presence: agent.presence.number(),
        enabled: agent.entry.enabled,
        capacity: agent.capacity,
        unlimited: agent.entry.unlimited,
        load: agent.load(),
        saturation_percent: agent.saturation_percent(),
        unanswered: agent.unanswered(),
        oldest_unanswered_time: agent.oldest_unanswered().map(to_timestamp),
        availability: agent.availability().number(),
        next_presence: agent.next.map_or(0, Word::number),
        next_change_time: agent.boundary().map(to_timestamp),
        scores: scores_to_proto(&agent.scores),
    }
}

fn queue(desk: &Desk) -> Vec<proto::QueuedConversation> {
    let mut shown: Vec<proto::QueuedConversation> = Vec::new();
    for (group, ticket, conversation) in desk.queue().take(QUEUE_SHOWN) {
        let before = shown.last().filter(|last| last.group == **group).map_or(0, |last| last.position);
        shown.push(proto::QueuedConversation {
            conversation_id: conversation.to_string(),
            group: group.to_string(),
            position: before + 1,
            priority: ticket.priority.into(),
            waiting_since_time: Some(to_timestamp(ticket.waiting_since)),
            estimate: None,
        });
    }
    shown
}

fn conversation(desk: &Desk, open: &Conversation) -> proto::Conversation {
    let stage = match open.stage {
        Stage::Entered | Stage::Kept(_) => StageWord::Entered,
        Stage::Open => StageWord::Open,
        Stage::WithRobot => StageWord::WithRobot,
        Stage::Queued(_) => StageWord::Queued,
        Stage::Assigned(_) => StageWord::Assigned,
    };
    proto::Conversation {
        conversation_id: open.id.to_string(),
        shop_id: desk.shop().to_string(),
        buyer_id: open.buyer.to_string(),
        channel: open.channel.to_string(),
        stage: stage.into(),
        group: open.group.to_string(),
        agent_id: open.agent().map(|agent| agent.to_string()).unwrap_or_default(),
        open_time: Some(to_timestamp(open.opened)),
        last_message_time: None,
        owed_since_time: open.owed().map(|owed| to_timestamp(owed.since)),
        unanswered: open.owed().map_or(0, |owed| owed.count),
        close_time: None,
        seq: open.last_seq.0,
    }
}
