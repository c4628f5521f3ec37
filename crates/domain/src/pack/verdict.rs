//! What became of a turn or a unit, and the proof of it.

use crate::day::Day;
use crate::exchange::{Ask, Conversation, Exchange, Holder, Mark, Reply};
use crate::time::{Span, Timestamp};

/// What became of a turn or a unit. In ascending order of what prevails when a unit has several turns: one miss makes
/// the whole a miss, and nothing is left out as long as something in it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Left out: it was asked outside the window or on a holiday.
    OutsideWindow,
    /// Left out: it was said to the robot, before people were asked to take part.
    BeforeHandover,
    /// Left out: the conversation bears this mark.
    Marked(Mark),
    /// Left out: nobody was ever assigned.
    Unassigned,
    /// Left out: a robot that answers by itself dealt with it alone.
    RobotOnly,
    /// Left out: a canned reply or an FAQ card settled it.
    SelfServed,
    /// Answered within the limit.
    Met,
    /// Not answered, and the limit has not passed.
    Pending,
    /// Answered, too late.
    MissedLate,
    /// Not answered within the limit, nor since.
    MissedUnanswered,
}

/// Where the time of a wait went; the parts add up to the wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blame {
    /// In the queue while somebody was on duty, or in nobody's hands as far as the source says.
    pub queued: Span,
    /// With the agent asked.
    pub with_agent: Span,
    /// With the robot.
    pub with_robot: Span,
    /// In the queue while nobody was on duty.
    pub nobody_on_duty: Span,
    /// With any further agent.
    pub after_transfer: Span,
}

/// One miss and its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The local day it counts for.
    pub day: Day,
    /// The conversation.
    pub conversation: String,
    /// The buyer.
    pub buyer: String,
    /// The question that waited.
    pub ask: Ask,
    /// The last moment an answer was in time.
    pub due: Timestamp,
    /// The answer, when there was one.
    pub reply: Option<Reply>,
    /// The agent asked, who bears it; `None` when nobody was assigned.
    pub agent: Option<String>,
    /// How long it took: to the answer, or without one until the conversation ended or the moment judged as of.
    pub waited: Span,
    /// Where that time went.
    pub blame: Blame,
}

/// One unit, what became of it, and by which question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedUnit {
    /// The local day it counts for.
    pub day: Day,
    /// The conversation with the turn it is judged by.
    pub conversation: String,
    /// The buyer.
    pub buyer: String,
    /// The first question of that turn.
    pub begins: Ask,
    /// The question it is judged from.
    pub ask: Ask,
    /// The last moment an answer is in time.
    pub due: Timestamp,
    /// The answer, when there is one.
    pub reply: Option<Reply>,
    /// How long that turn waited.
    pub waited: Span,
    /// What became of the unit.
    pub verdict: Verdict,
    /// Whether it belongs to a rate of its own.
    pub separate: bool,
}

impl Verdict {
    /// Whether it counts against the shop.
    #[must_use]
    pub const fn is_miss(self) -> bool {
        matches!(self, Self::MissedLate | Self::MissedUnanswered)
    }

    /// Whether the turn itself was looked at: not left out.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Met | Self::Pending | Self::MissedLate | Self::MissedUnanswered)
    }
}

/// One turn, or a part of it, and what became of it.
pub(super) struct Judged<'a> {
    /// The local day it counts for.
    pub(super) day: Day,
    /// The question it is judged from.
    pub(super) ask: &'a Ask,
    /// The last moment an answer is in time.
    pub(super) due: Timestamp,
    /// The first reply that counts.
    pub(super) reply: Option<&'a Reply>,
    /// What became of it.
    pub(super) verdict: Verdict,
    /// How long it waited; never negative.
    pub(super) waited: Span,
    /// The agent asked.
    pub(super) agent_asked: Option<&'a str>,
    /// Whether it belongs to the conversation's first turn, or to one before it that was said to the robot.
    pub(super) first: bool,
    /// Whether it belongs to a rate of its own: the buyer left a message.
    pub(super) separate: bool,
    pub(super) exchanges: &'a [Exchange],
}

impl Judged<'_> {
    /// The agent it is counted under: who answered, or else who was asked; empty when nobody is known.
    pub(super) fn agent(&self) -> &str {
        match self.reply {
            Some(reply) => &reply.agent,
            None => self.agent_asked.unwrap_or_default(),
        }
    }

    /// Whether it was settled after a moment, or at all when none is given.
    pub(super) fn is_settled_after(&self, moment: Option<Timestamp>) -> bool {
        moment.is_none_or(|moment| self.verdict != Verdict::Pending && self.settled_at() > moment)
    }

    /// When it was settled: with the answer in time, or when the limit passed without one. What is left out, or only
    /// taken for answered in time, was settled when it was asked.
    fn settled_at(&self) -> Timestamp {
        let in_time = self.reply.map(|reply| reply.at).filter(|at| *at <= self.due);
        if self.verdict.is_miss() { self.due } else { in_time.unwrap_or(self.ask.at) }
    }

    /// The unit that this turn is, or decides.
    pub(super) fn unit(&self, conversation: &Conversation) -> JudgedUnit {
        let begins = self.exchanges.first().and_then(|exchange| exchange.asks.first());
        JudgedUnit {
            day: self.day,
            conversation: conversation.key.clone(),
            buyer: conversation.session.buyer.clone(),
            begins: begins.unwrap_or(self.ask).clone(),
            ask: self.ask.clone(),
            due: self.due,
            reply: self.reply.cloned(),
            waited: self.waited,
            verdict: self.verdict,
            separate: self.separate,
        }
    }

    /// The proof of a miss.
    pub(super) fn miss(&self, conversation: &Conversation) -> Miss {
        Miss {
            day: self.day,
            conversation: conversation.key.clone(),
            buyer: conversation.session.buyer.clone(),
            ask: self.ask.clone(),
            due: self.due,
            reply: self.reply.cloned(),
            agent: self.agent_asked.map(str::to_owned),
            waited: self.waited,
            blame: self.blame(),
        }
    }

    /// Cuts the wait at every change of hands. Time never runs backwards here, so the parts add up to the wait
    /// whatever order the source's times were in.
    fn blame(&self) -> Blame {
        let mut blame = Blame::default();
        let end = self.ask.at + self.waited;
        let mut cursor = self.ask.at;
        let mut holdings = self.exchanges.iter().flat_map(|exchange| &exchange.holdings).peekable();
        let mut holder = holdings.peek().map_or(&Holder::Nobody, |first| &first.holder);
        for holding in holdings {
            let until = holding.from.max(cursor).min(end);
            *self.part(&mut blame, holder) = *self.part(&mut blame, holder) + until.since(cursor);
            (cursor, holder) = (until, &holding.holder);
        }
        *self.part(&mut blame, holder) = *self.part(&mut blame, holder) + end.since(cursor);
        blame
    }

    fn part<'b>(&self, blame: &'b mut Blame, holder: &Holder) -> &'b mut Span {
        match holder {
            Holder::Nobody | Holder::Queue => &mut blame.queued,
            Holder::NobodyOnDuty => &mut blame.nobody_on_duty,
            Holder::Robot => &mut blame.with_robot,
            Holder::Agent(agent) if self.agent_asked == Some(agent) => &mut blame.with_agent,
            Holder::Agent(_) => &mut blame.after_transfer,
        }
    }
}
