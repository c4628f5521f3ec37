//! What one conversation says of turns and answers.

use crate::exchange::{Conversation, Exchange, Holder, Reply};
use crate::message::Actor;
use crate::time::{Span, Timestamp};

/// A run of questions that wanted an answer of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn<'a> {
    /// When the first of them was asked.
    pub(super) asked_at: Timestamp,
    /// Whether it is the conversation's first.
    pub(super) first: bool,
    /// The reply and how long it took; `None` as long as there is none.
    pub(super) reply: Option<Answer>,
    /// Whose it is: who answered, or else was asked first; empty = nobody known.
    pub(super) agent: &'a str,
}

/// How long a reply took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// From the question on.
    pub(super) waited: Span,
    /// From when the agent who answered had it.
    pub(super) own: Span,
}

/// The turns of a conversation as seen at a moment, in order.
pub(super) fn turns(conversation: &Conversation, as_of: Timestamp) -> Vec<Turn<'_>> {
    let seen = conversation.exchanges.iter().take_while(|exchange| exchange.asked_at() <= as_of);
    let mut turns: Vec<Turn<'_>> = Vec::new();
    let mut run: Vec<&Exchange> = Vec::new();
    for exchange in seen {
        run.push(exchange);
        let by_people = of_people(exchange, as_of).next();
        if by_people.is_some() || settled_by_robot(&run, as_of) {
            turns.extend(turn(&run, by_people, as_of, turns.is_empty()));
            run.clear();
        }
    }
    turns.extend(turn(&run, None, as_of, turns.is_empty()));
    turns
}

/// Replies to an exchange by a person, or by a robot that works for one.
fn of_people(exchange: &Exchange, as_of: Timestamp) -> impl Iterator<Item = &Reply> {
    let counts = |reply: &&Reply| matches!(reply.actor, Actor::Human | Actor::AssistRobot);
    exchange.replies.iter().filter(counts).filter(move |reply| reply.at <= as_of)
}

/// Whose hands a run of questions was in.
fn holders<'a>(run: &[&'a Exchange], as_of: Timestamp) -> impl Iterator<Item = (Timestamp, &'a Holder)> {
    let holdings = run.iter().flat_map(|exchange| &exchange.holdings);
    holdings.filter(move |holding| holding.from <= as_of).map(|holding| (holding.from, &holding.holder))
}

fn settled_by_robot(run: &[&Exchange], as_of: Timestamp) -> bool {
    let by_robot = |reply: &Reply| reply.actor == Actor::FullRobot && reply.at <= as_of;
    let answered = run.iter().any(|exchange| exchange.replies.iter().any(by_robot));
    answered && !holders(run, as_of).any(|(_, holder)| holder.is_people())
}

fn turn<'a>(
    run: &[&'a Exchange],
    reply: Option<&'a Reply>,
    as_of: Timestamp,
    first: bool,
) -> Option<Turn<'a>> {
    let asked_at = run.first()?.asked_at();
    if reply.is_none() && settled_by_robot(run, as_of) {
        return None;
    }
    let asked = holders(run, as_of).find_map(|(_, holder)| holder.agent()).unwrap_or_default();
    let Some(reply) = reply else { return Some(Turn { asked_at, first, reply: None, agent: asked }) };
    let agent = if reply.agent.is_empty() { asked } else { reply.agent.as_str() };
    let had = holders(run, as_of).find(|(_, holder)| holder.agent() == Some(agent)).map(|(from, _)| from);
    let had = had.map_or(asked_at, |from| from.max(asked_at).min(reply.at));
    let answer = Answer { waited: reply.at.since(asked_at), own: reply.at.since(had) };
    Some(Turn { asked_at, first, reply: Some(answer), agent })
}

/// An exchange a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered<'a> {
    /// When it was asked.
    pub(super) asked_at: Timestamp,
    /// Who answered first.
    pub(super) agent: &'a str,
    /// Whether people only greeted or stalled.
    pub(super) empty: bool,
}

/// The exchanges of a conversation that a person answered, as seen at a moment.
pub(super) fn answers(
    conversation: &Conversation,
    as_of: Timestamp,
) -> impl Iterator<Item = Answered<'_>> + '_ {
    conversation.exchanges.iter().filter_map(move |exchange| {
        let human = || of_people(exchange, as_of).filter(|reply| reply.actor == Actor::Human);
        let first = human().next()?;
        let empty = human().all(|reply| reply.small_talk);
        Some(Answered { asked_at: exchange.asked_at(), agent: &first.agent, empty })
    })
}

/// Who took part in each exchange, being asked or answering, and when it was asked; empty = nobody known.
pub(super) fn parts(
    conversation: &Conversation,
    as_of: Timestamp,
) -> impl Iterator<Item = (Timestamp, &str)> + '_ {
    let seen = conversation.exchanges.iter().filter(move |exchange| exchange.asked_at() <= as_of);
    seen.flat_map(move |exchange| {
        let asked = holders(&[exchange], as_of).find_map(|(_, holder)| holder.agent());
        let answered = of_people(exchange, as_of).map(|reply| reply.agent.as_str());
        let all: Vec<_> = std::iter::once(asked.unwrap_or_default()).chain(answered).collect();
        all.into_iter().map(|agent| (exchange.asked_at(), agent))
    })
}
