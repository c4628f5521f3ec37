//! What a shop's agents were, had and did: working it in, and reading what bears on a stretch of time.
//!
//! What an event made final is a row that never changes; where agents and the conversations they hold stand is kept beside it,
//! to go on from.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::agent_facts::{self, Fact, Hold};
use fenliu_domain::desk::event::Payload;
use fenliu_domain::ids::{AgentId, ConversationId, ShopId};
use fenliu_domain::roster::Stretch;
use fenliu_domain::time::Timestamp;
use fenliu_runtime::sql::{Rows, filled_up};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::changes::Changes;
use super::recent::Recent;
use super::rows::agent_fact::LASTING;
use super::rows::{agent_fact, agent_hold, agent_state};
use super::{AgentFold, Fault};

/// Shops, or conversations, of one statement.
const AT_ONCE: usize = 1_024;
/// Rows of facts read at a time.
const FACTS_AT_ONCE: u64 = 5_000;

/// What an event says that bears on agents.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The event's position in the history.
    pub(crate) position: i64,
    /// When it happened, by the desk's own clock.
    pub(crate) at: Timestamp,
    /// The conversation it is about.
    pub(crate) conversation: Option<ConversationId>,
    /// What it says.
    pub(crate) payload: Box<Payload>,
}

/// What is to be written of agents.
#[derive(Default)]
pub(super) struct Written {
    facts: Vec<agent_fact::ActiveModel>,
    agents: Vec<agent_state::ActiveModel>,
    holds: Vec<agent_hold::ActiveModel>,
    /// Conversations that are held no longer.
    let_go: BTreeMap<ShopId, Vec<ConversationId>>,
}

/// Works in what events say of agents.
pub(super) async fn fold(
    txn: &DatabaseTransaction,
    recent: &mut Recent,
    changes: &mut Changes,
    told: BTreeMap<ShopId, Vec<Told>>,
) -> Result<Written, Fault> {
    for (shop, told) in &told {
        if let Some(since) = told.iter().map(|told| told.at).min() {
            changes.note_agents(&shop.to_string(), since);
        }
    }
    let remembered: Vec<_> = told.keys().map(|shop| recent.take_agents(*shop)).collect();
    let is_unknown = |(shop, known): (&ShopId, &Option<_>)| known.is_none().then_some(*shop);
    let unknown: Vec<_> = told.keys().zip(&remembered).filter_map(is_unknown).collect();
    let mut read = states_of(txn, &unknown).await?;
    let mut written = Written::default();
    for ((shop, told), known) in told.into_iter().zip(remembered) {
        let mut agents = known.or_else(|| read.remove(&shop)).unwrap_or_default();
        written.add(shop, &mut agents, told);
        recent.keep_agents(shop, agents);
    }
    Ok(written)
}

impl Written {
    fn add(&mut self, shop: ShopId, fold: &mut agent_facts::Fold, told: Vec<Told>) {
        let mut agents: BTreeSet<AgentId> = BTreeSet::new();
        let mut before: BTreeMap<ConversationId, Option<Hold>> = BTreeMap::new();
        for Told { position, at, conversation, payload } in told {
            agents.extend(agent_of(&payload));
            if let Some(id) = conversation {
                before.entry(id).or_insert_with(|| fold.holds.get(&id).copied());
            }
            let mut facts = Vec::new();
            fold.take(at, conversation, &payload, &mut facts);
            if !facts.is_empty() {
                self.facts.push(agent_fact::row(shop, position, at, &facts));
            }
        }
        let row = |agent| Some(agent_state::row(shop, agent, fold.agents.get(&agent)?));
        self.agents.extend(agents.into_iter().filter_map(row));
        for (id, before) in before {
            match fold.holds.get(&id).copied() {
                Some(hold) if before != Some(hold) => self.holds.push(agent_hold::row(shop, id, hold)),
                None if before.is_some() => self.let_go.entry(shop).or_default().push(id),
                _ => {}
            }
        }
    }

    /// Writes it all over what is there.
    pub(super) async fn save(self, txn: &DatabaseTransaction) -> Result<(), Fault> {
        for (shop, conversations) in self.let_go {
            for chunk in conversations.chunks(AT_ONCE) {
                let names = filled_up(chunk.iter().map(ToString::to_string).collect());
                agent_hold::Entity::delete_many()
                    .filter(agent_hold::Column::ShopId.eq(shop.to_string()))
                    .filter(agent_hold::Column::Conversation.is_in(names))
                    .exec(txn)
                    .await?;
            }
        }
        if !self.facts.is_empty() {
            Rows::of(self.facts, "")?.insert(txn).await?;
        }
        if !self.agents.is_empty() {
            Rows::of(self.agents, agent_state::OVERWRITE)?.insert(txn).await?;
        }
        if !self.holds.is_empty() {
            Rows::of(self.holds, agent_hold::OVERWRITE)?.insert(txn).await?;
        }
        Ok(())
    }
}

/// The agent whose own standing an event changes.
const fn agent_of(payload: &Payload) -> Option<AgentId> {
    match payload {
        Payload::AgentSynced { agent, .. }
        | Payload::PresenceChanged { agent, .. }
        | Payload::CapacityChanged { agent, .. } => Some(*agent),
        _ => None,
    }
}

/// Where the agents of these shops stand; shops whose agents nobody has told of are missing.
async fn states_of(
    db: &impl ConnectionTrait,
    shops: &[ShopId],
) -> Result<BTreeMap<ShopId, agent_facts::Fold>, Fault> {
    let mut states: BTreeMap<ShopId, agent_facts::Fold> = BTreeMap::new();
    for chunk in shops.chunks(AT_ONCE) {
        let names = filled_up(chunk.iter().map(ToString::to_string).collect());
        let agents = agent_state::Entity::find().filter(agent_state::Column::ShopId.is_in(names.clone()));
        for row in agents.all(db).await? {
            let (shop, agent, seen) = row.read()?;
            states.entry(shop).or_default().agents.insert(agent, seen);
        }
        let holds = agent_hold::Entity::find().filter(agent_hold::Column::ShopId.is_in(names));
        for row in holds.all(db).await? {
            let (shop, conversation, hold) = row.read()?;
            states.entry(shop).or_default().holds.insert(conversation, hold);
        }
    }
    Ok(states)
}

/// Feeds everything that bears on the stretch a fold asks for, and what has not ended yet.
pub(super) async fn feed(
    txn: &DatabaseTransaction,
    shop: ShopId,
    fold: &mut impl AgentFold,
) -> Result<(), Fault> {
    let Some((stretch, until)) = fold.reach() else { return Ok(()) };
    for found in [Found::ByTime, Found::Lasting] {
        feed_found(txn, shop, stretch, found, fold).await?;
    }
    let state = states_of(txn, &[shop]).await?.remove(&shop).unwrap_or_default();
    for fact in state.unfinished(until) {
        fold.learn(&fact);
    }
    Ok(())
}

/// How the facts of a stretch are found: those that end within it or less than a day later by their time, and the few that
/// last longer by their end.
#[derive(Clone, Copy)]
enum Found {
    ByTime,
    Lasting,
}

impl Found {
    const fn column(self) -> agent_fact::Column {
        match self {
            Self::ByTime => agent_fact::Column::EndsUs,
            Self::Lasting => agent_fact::Column::LastingEndsUs,
        }
    }

    fn within(self, stretch: Stretch) -> Condition {
        let beyond = (stretch.end + LASTING).micros();
        let ends = match self {
            Self::ByTime => agent_fact::Column::EndsUs.between(stretch.start.micros(), beyond),
            Self::Lasting => agent_fact::Column::LastingEndsUs.gt(beyond),
        };
        Condition::all().add(ends).add(agent_fact::Column::BeginsUs.lt(stretch.end.micros()))
    }
}

async fn feed_found(
    txn: &DatabaseTransaction,
    shop: ShopId,
    stretch: Stretch,
    found: Found,
    fold: &mut impl AgentFold,
) -> Result<(), Fault> {
    let mut after: Option<(i64, i64)> = None;
    loop {
        let next = after.map_or_else(Condition::all, |(ends, position)| {
            let place = [found.column(), agent_fact::Column::Position].map(Expr::col);
            let known = [Expr::value(ends), Expr::value(position)];
            // Once more as a plain bound, from which SQLite can start.
            Condition::all().add(found.column().gte(ends)).add(Expr::tuple(place).gt(Expr::tuple(known)))
        });
        let page = agent_fact::Entity::find()
            .filter(agent_fact::Column::ShopId.eq(shop.to_string()))
            .filter(found.within(stretch))
            .filter(next)
            .order_by_asc(found.column())
            .order_by_asc(agent_fact::Column::Position)
            .limit(FACTS_AT_ONCE)
            .all(txn)
            .await?;
        after = page.last().map(|row| (row.ends_us, row.position));
        let full = page.len() as u64 == FACTS_AT_ONCE;
        for row in page {
            row.read()?.iter().for_each(|fact: &Fact| fold.learn(fact));
        }
        if !full {
            return Ok(());
        }
    }
}

/// Forgets everything about agents: all of it is of the history.
pub(super) async fn forget(txn: &DatabaseTransaction) -> Result<(), Fault> {
    agent_fact::Entity::delete_many().exec(txn).await?;
    agent_hold::Entity::delete_many().exec(txn).await?;
    agent_state::Entity::delete_many().exec(txn).await?;
    Ok(())
}
