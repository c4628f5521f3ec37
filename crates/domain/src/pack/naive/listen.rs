//! One loop over what happened in a conversation.

use super::splits;
use crate::exchange::{Happening, Holder, What};
use crate::message::Actor;
use crate::pack::RulePack;

/// A turn the naive way: its questions, its answer, and who had to do with it up to the next question.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) asks: Vec<Ask>,
    pub(super) answer: Option<i64>,
    /// When a canned reply or a card that may settle it came, before any answer.
    pub(super) card: Option<i64>,
    /// How often the buyer asked again after a reply of any kind.
    pub(super) followed_up: bool,
    /// Whether nobody was on duty when people were first asked, as long as it was not answered.
    pub(super) nobody: Option<bool>,
    pub(super) robot: bool,
    pub(super) human: bool,
    pub(super) helped: bool,
    pub(super) people: bool,
    pub(super) agent: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) at: i64,
    pub(super) to_robot: bool,
}

struct Listener<'a> {
    pack: &'a RulePack,
    turns: Vec<Turn>,
    holder: Holder,
    opening_seen: bool,
    /// Whether the last turn waits for an answer.
    open: bool,
    /// Whether anybody has replied since the run of questions began.
    replied: bool,
    /// When the run of questions began, as long as it is not known whether the agent it came to is there to be asked.
    standing: Option<i64>,
    /// Who has had the conversation since the run of questions began.
    run: Vec<(i64, Holder)>,
}

/// The turns of a story up to a moment.
pub(super) fn turns(pack: &RulePack, as_of: i64, story: &[Happening]) -> Vec<Turn> {
    let mut listener = Listener {
        pack,
        turns: Vec::new(),
        holder: Holder::Nobody,
        opening_seen: false,
        open: false,
        replied: true,
        standing: None,
        run: Vec::new(),
    };
    for happening in story.iter().filter(|happening| happening.at.micros() <= as_of) {
        listener.hear(happening.at.micros(), &happening.what);
    }
    listener.was_asked();
    listener.turns
}

impl Listener<'_> {
    fn hear(&mut self, at: i64, what: &What) {
        let before = self.holder.clone();
        if self.standing != Some(at) || matches!(what, What::Replied { .. } | What::Transferred) {
            self.was_asked();
        }
        let asked = matches!(what, What::Asked { .. });
        let begins = self.replied && asked;
        match what {
            What::Asked { .. } => self.ask(at, begins),
            What::Replied { actor, agent, small_talk, .. } => self.reply(at, *actor, agent, *small_talk),
            What::Assigned { agent } => self.holder = Holder::Agent(agent.clone()),
            What::Queued { nobody_on_duty: true } => self.holder = Holder::NobodyOnDuty,
            What::Queued { nobody_on_duty: false } | What::HandedToHuman => self.holder = Holder::Queue,
            What::WithRobot => self.holder = Holder::Robot,
            What::Opened { .. } if !std::mem::replace(&mut self.opening_seen, true) => {}
            What::Opened { .. } | What::LeftQueue { .. } | What::Closed { .. } => {
                self.holder = Holder::Nobody;
            }
            What::Transferred | What::Reached | What::Marked(_) | What::Rated { .. } => {}
        }
        let moved = self.holder != before;
        if moved {
            self.run.push((at, self.holder.clone()));
        }
        let agent = matches!(self.holder, Holder::Agent(_));
        if begins || (moved && self.standing.is_some() && is_people(&self.holder)) {
            self.standing = agent.then_some(at);
        } else if moved {
            self.was_asked();
        }
        if self.standing.is_none() && (asked || moved) {
            let nobody = self.holder == Holder::NobodyOnDuty;
            self.take_part(at, agent, is_people(&self.holder), nobody);
        }
    }

    fn take_part(&mut self, at: i64, agent: bool, people: bool, nobody: bool) {
        let Some(turn) = self.turns.last_mut() else { return };
        turn.agent |= agent;
        turn.people |= people;
        if people && turn.answer.is_none_or(|answer| at <= answer) {
            turn.nobody.get_or_insert(nobody);
        }
    }

    /// The agent the question came to has it.
    fn was_asked(&mut self) {
        if let Some(at) = self.standing.take() {
            self.take_part(at, true, true, false);
        }
    }

    fn ask(&mut self, at: i64, begins: bool) {
        if begins {
            self.run = vec![(at, self.holder.clone())];
        }
        let later = self.run.iter().skip(1).take_while(|(since, _)| *since < at).last();
        let to_robot = later.or(self.run.first()).is_some_and(|(_, holder)| *holder == Holder::Robot);
        let alone = |turn: &Turn| turn.robot && !turn.helped && !turn.people;
        let settled = splits(self.pack) && self.turns.last().is_some_and(alone);
        if !self.open || settled {
            self.turns.push(Turn::default());
        } else if let Some(turn) = self.turns.last_mut() {
            turn.followed_up |= begins;
        }
        (self.open, self.replied) = (true, false);
        if let Some(turn) = self.turns.last_mut() {
            turn.asks.push(Ask { at, to_robot });
        }
    }

    fn reply(&mut self, at: i64, actor: Actor, agent: &str, small_talk: bool) {
        self.replied = true;
        let counts = self.pack.countable.contains(&actor) && !(self.pack.min_content && small_talk);
        if let Some(turn) = self.turns.last_mut() {
            turn.robot |= actor == Actor::FullRobot && !(self.pack.min_content && small_talk);
            turn.human |= actor == Actor::Human;
            turn.helped |= helps(actor, counts);
            if self.open && !small_talk && self.pack.self_service_actors.contains(&actor) {
                turn.card.get_or_insert(at);
            }
            if counts && self.open {
                turn.answer = Some(at);
                self.open = false;
            }
        }
        if actor == Actor::Human && !agent.is_empty() && !matches!(self.holder, Holder::Agent(_)) {
            self.holder = Holder::Agent(agent.to_owned());
        }
    }
}

/// Whether a reply means that more than a full robot had to do with it.
const fn helps(actor: Actor, counts: bool) -> bool {
    match actor {
        Actor::Human | Actor::AssistRobot => true,
        Actor::FullRobot => false,
        Actor::AutoReply | Actor::FaqCard => counts,
    }
}

const fn is_people(holder: &Holder) -> bool {
    matches!(holder, Holder::Agent(_) | Holder::Queue | Holder::NobodyOnDuty)
}

/// Who had to do with a whole conversation, in the place of one of its turns.
pub(super) fn whole(pack: &RulePack, story: &[Happening], as_of: i64, of: &Turn) -> Turn {
    let mut turn =
        Turn { robot: false, human: false, helped: false, people: false, agent: false, ..of.clone() };
    let mut asked = false;
    for happening in story.iter().filter(|happening| happening.at.micros() <= as_of) {
        match &happening.what {
            What::Asked { .. } => asked = true,
            What::Replied { actor, agent, small_talk, .. } => {
                let counts = pack.countable.contains(actor) && !(pack.min_content && *small_talk);
                turn.robot |= *actor == Actor::FullRobot;
                turn.human |= *actor == Actor::Human;
                turn.people |= *actor == Actor::Human;
                turn.helped |= asked && helps(*actor, counts);
                turn.agent |= *actor == Actor::Human && !agent.is_empty();
            }
            What::Assigned { .. } => (turn.agent, turn.people) = (true, true),
            What::Queued { .. } | What::HandedToHuman => turn.people = true,
            _ => {}
        }
    }
    turn
}
