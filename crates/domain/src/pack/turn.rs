//! From exchanges to turns, and from turns to verdicts.

use super::{RulePack, Treatment, Unit};
use crate::day::{Day, Zone};
use crate::exchange::{Ask, Conversation, Exchange, Holder, Reply};
use crate::message::Actor;
use crate::time::{Span, Timestamp};

/// What became of a turn or a unit. In ascending order of what prevails when a unit has several turns: one miss makes
/// the whole a miss, and nothing is left out as long as something in it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Left out: it was asked outside the window.
    OutsideWindow,
    /// Left out: nobody was ever assigned.
    Unassigned,
    /// Left out: a robot that answers by itself dealt with it alone.
    RobotOnly,
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

/// Who judges: a pack, in a zone, as of a moment.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) pack: RulePack,
    pub(super) zone: Zone,
    pub(super) as_of: Timestamp,
}

/// One turn and what became of it.
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
    /// Whether it belongs to the conversation's first turn.
    pub(super) first: bool,
    exchanges: &'a [Exchange],
}

/// The exchanges one turn is made of.
struct Turn<'a> {
    exchanges: &'a [Exchange],
    reply: Option<&'a Reply>,
    /// The next question, where a robot settled this one without a reply that counts.
    next_asked: Option<Timestamp>,
    first: bool,
}

/// Who has dealt with a turn so far.
#[derive(Default)]
struct Dealt {
    robot: bool,
    others: bool,
}

impl Dealt {
    /// A robot that answers by itself did, and neither people nor what the pack counts beside it.
    const fn by_robot_alone(&self) -> bool {
        self.robot && !self.others
    }
}

impl Judge {
    /// Judges every turn of a conversation, in order. Under buyer-days a run of questions that goes over midnight is
    /// judged once for each day it was asked on, from that day's first question inside the window.
    pub(super) fn turns<'a>(&self, conversation: &'a Conversation) -> Vec<Judged<'a>> {
        let mut judged = Vec::with_capacity(conversation.exchanges.len());
        let mut rest = conversation.exchanges.as_slice();
        let mut first = true;
        while let Some(turn) = self.next_turn(&mut rest, first) {
            self.judge_turn(conversation, &turn, &mut judged);
            first = false;
        }
        judged
    }

    fn next_turn<'a>(&self, rest: &mut &'a [Exchange], first: bool) -> Option<Turn<'a>> {
        let all = *rest;
        let (mut exchanges, mut reply, mut dealt) = (&all[..0], None, Dealt::default());
        for (i, exchange) in all.iter().enumerate().take_while(|(_, exchange)| self.sees(exchange.asked_at()))
        {
            (exchanges, *rest) = all.split_at(i + 1);
            reply = self.reply_to(exchange);
            self.take_in(&mut dealt, exchange);
            if reply.is_some() || (self.robot_settles() && dealt.by_robot_alone()) {
                break;
            }
        }
        let next_asked = rest.first().map(Exchange::asked_at).filter(|_| reply.is_none());
        let next_asked = next_asked.filter(|at| self.sees(*at));
        (!exchanges.is_empty()).then_some(Turn { exchanges, reply, next_asked, first })
    }

    /// Whether what a robot settled alone ends there, to be treated as the pack says, instead of running on into the
    /// buyer's next question. A conversation is treated so as a whole.
    fn robot_settles(&self) -> bool {
        self.pack.robot_only != Treatment::Judge && self.pack.unit != Unit::Session
    }

    fn reply_to<'a>(&self, exchange: &'a Exchange) -> Option<&'a Reply> {
        exchange.replies.iter().find(|reply| self.sees(reply.at) && self.counts(reply))
    }

    fn counts(&self, reply: &Reply) -> bool {
        self.pack.countable.contains(&reply.actor) && self.says_enough(reply)
    }

    const fn says_enough(&self, reply: &Reply) -> bool {
        !(self.pack.min_content && reply.small_talk)
    }

    /// A robot that assists works for somebody, so that its words are not those of a robot alone. Canned replies and
    /// FAQ cards settle nothing unless the pack counts them: where they are all a buyer got, nobody has dealt with it.
    fn take_in(&self, dealt: &mut Dealt, exchange: &Exchange) {
        for reply in exchange.replies.iter().filter(|reply| self.sees(reply.at)) {
            match reply.actor {
                Actor::FullRobot => dealt.robot |= self.says_enough(reply),
                Actor::Human | Actor::AssistRobot => dealt.others = true,
                Actor::AutoReply | Actor::FaqCard => dealt.others |= self.counts(reply),
            }
        }
        dealt.others |= holders(std::slice::from_ref(exchange), self.as_of).any(Holder::is_people);
    }

    fn dealt(&self, exchanges: &[Exchange]) -> Dealt {
        let mut dealt = Dealt::default();
        exchanges.iter().for_each(|exchange| self.take_in(&mut dealt, exchange));
        dealt
    }

    fn sees(&self, at: Timestamp) -> bool {
        at <= self.as_of
    }

    fn judge_turn<'a>(&self, conversation: &'a Conversation, turn: &Turn<'a>, judged: &mut Vec<Judged<'a>>) {
        let asks = turn.exchanges.iter().flat_map(|exchange| &exchange.asks).filter(|ask| self.sees(ask.at));
        let mut starts: Vec<Start<'a>> = Vec::new();
        for ask in asks {
            let local = self.zone.local(ask.at);
            let start = Start { day: local.day, ask, inside: self.pack.window.contains(local) };
            let same = |known: &&mut Start<'a>| self.pack.unit != Unit::BuyerDay || known.day == start.day;
            match starts.iter_mut().rev().find(same) {
                Some(known) if start.precedes(known) => *known = start,
                Some(_) => {}
                None => starts.push(start),
            }
        }
        judged.extend(starts.into_iter().map(|start| self.judge_start(conversation, turn, &start)));
    }

    fn judge_start<'a>(
        &self,
        conversation: &'a Conversation,
        turn: &Turn<'a>,
        start: &Start<'a>,
    ) -> Judged<'a> {
        let due = self.pack.due(self.zone, start.ask.at);
        let verdict =
            if start.inside { self.verdict(conversation, turn, due) } else { Verdict::OutsideWindow };
        let day = match self.pack.unit {
            Unit::Session => self.zone.day_of(conversation.session.opened_at.unwrap_or(start.ask.at)),
            Unit::BuyerDay | Unit::Turn => start.day,
        };
        let waited = self.end_of_wait(conversation, turn, start.ask.at).since(start.ask.at);
        Judged {
            day,
            ask: start.ask,
            due,
            reply: turn.reply,
            verdict,
            waited,
            agent_asked: turn.agent_asked(self.as_of),
            first: turn.first,
            exchanges: turn.exchanges,
        }
    }

    fn verdict(&self, conversation: &Conversation, turn: &Turn<'_>, due: Timestamp) -> Verdict {
        let by_time = match turn.reply {
            Some(reply) if reply.at <= due => Verdict::Met,
            Some(_) => Verdict::MissedLate,
            None if self.as_of <= due => Verdict::Pending,
            None => Verdict::MissedUnanswered,
        };
        let whole_session = self.pack.unit == Unit::Session;
        if self.pack.robot_only != Treatment::Judge {
            let robot_only = if whole_session {
                self.robot_only_session(conversation)
            } else {
                self.dealt(turn.exchanges).by_robot_alone()
            };
            if robot_only {
                return treat(self.pack.robot_only, Verdict::RobotOnly, by_time);
            }
        }
        if self.pack.unassigned != Treatment::Judge && turn.reply.is_none() {
            let nobody =
                if whole_session { self.unassigned_session(conversation) } else { self.unassigned(turn) };
            if nobody {
                return treat(self.pack.unassigned, Verdict::Unassigned, by_time);
            }
        }
        by_time
    }

    fn robot_only_session(&self, conversation: &Conversation) -> bool {
        let session = &conversation.session;
        let seen = |at: Option<Timestamp>| at.is_some_and(|at| self.sees(at));
        seen(session.robot_at) && !seen(session.people_at) && !self.dealt(&conversation.exchanges).others
    }

    fn unassigned_session(&self, conversation: &Conversation) -> bool {
        let session = &conversation.session;
        let seen = |at: Option<Timestamp>| at.is_some_and(|at| self.sees(at));
        !seen(session.agent_at) && !seen(session.human_at)
    }

    fn unassigned(&self, turn: &Turn<'_>) -> bool {
        turn.agent_asked(self.as_of).is_none()
            && !turn.replies(self.as_of).any(|reply| reply.actor == Actor::Human)
    }

    /// A wait ends with the answer; without one with the question after what a robot settled, or when the
    /// conversation ends, or it goes on until now.
    fn end_of_wait(&self, conversation: &Conversation, turn: &Turn<'_>, asked: Timestamp) -> Timestamp {
        let closed = conversation.session.closed_at.filter(|closed| self.sees(*closed));
        let end = turn.reply.map(|reply| reply.at).or(turn.next_asked).or(closed).unwrap_or(self.as_of);
        end.max(asked)
    }
}

fn treat(treatment: Treatment, left_out: Verdict, by_time: Verdict) -> Verdict {
    match treatment {
        Treatment::Judge => by_time,
        Treatment::Exclude => left_out,
        Treatment::Answered => Verdict::Met,
        Treatment::Miss => Verdict::MissedUnanswered,
    }
}

fn holders(exchanges: &[Exchange], as_of: Timestamp) -> impl Iterator<Item = &Holder> {
    let holdings = exchanges.iter().flat_map(|exchange| &exchange.holdings);
    holdings.filter(move |holding| holding.from <= as_of).map(|holding| &holding.holder)
}

/// The question a turn may be judged from.
struct Start<'a> {
    day: Day,
    ask: &'a Ask,
    inside: bool,
}

impl Start<'_> {
    /// A question inside the window goes before one outside, and then the earlier one.
    fn precedes(&self, other: &Self) -> bool {
        (!self.inside, self.ask.at) < (!other.inside, other.ask.at)
    }
}

impl<'a> Turn<'a> {
    fn replies(&self, as_of: Timestamp) -> impl Iterator<Item = &'a Reply> + use<'a> {
        self.exchanges.iter().flat_map(|exchange| &exchange.replies).filter(move |reply| reply.at <= as_of)
    }

    fn agent_asked(&self, as_of: Timestamp) -> Option<&'a str> {
        holders(self.exchanges, as_of).find_map(Holder::agent)
    }
}

impl Judged<'_> {
    /// The agent it is counted under: who answered, or else who was asked; empty when nobody is known.
    pub(super) fn agent(&self) -> &str {
        match self.reply {
            Some(reply) => &reply.agent,
            None => self.agent_asked.unwrap_or_default(),
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
