//! From exchanges to turns, and from turns to verdicts.

use super::verdict::{Judged, Verdict};
use super::{JudgeTime, RulePack, Treatment, Unit};
use crate::day::{Day, Zone};
use crate::exchange::{Ask, Conversation, Exchange, Holder, Mark, Reply, Session};
use crate::message::Actor;
use crate::time::Timestamp;

/// Who judges: a pack, in a zone, as of a moment.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) pack: RulePack,
    pub(super) zone: Zone,
    pub(super) as_of: Timestamp,
}

/// The exchanges one turn is made of.
struct Turn<'a> {
    exchanges: &'a [Exchange],
    reply: Option<&'a Reply>,
    /// The next question, where a robot settled this one without a reply that counts.
    next_asked: Option<Timestamp>,
}

/// The question a turn may be judged from.
struct Start<'a> {
    day: Day,
    ask: &'a Ask,
    /// Why it is not judged.
    left_out: Option<Verdict>,
}

/// What became of a turn that is judged from some question.
struct Outcome<'a> {
    verdict: Verdict,
    reply: Option<&'a Reply>,
    separate: bool,
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
    /// judged once for each day it was asked on, from that day's first question inside the window; under messages it is
    /// judged once for each.
    pub(super) fn turns<'a>(&self, conversation: &'a Conversation) -> Vec<Judged<'a>> {
        let mut judged = Vec::with_capacity(conversation.exchanges.len());
        let mut rest = conversation.exchanges.as_slice();
        let mut first = true;
        while let Some(turn) = self.next_turn(&mut rest) {
            let starts = self.starts(&conversation.session, &turn);
            judged.extend(starts.into_iter().map(|start| self.judge(conversation, &turn, &start, first)));
            first = judged.last().is_none_or(|last| first && last.verdict == Verdict::BeforeHandover);
        }
        judged
    }

    fn next_turn<'a>(&self, rest: &mut &'a [Exchange]) -> Option<Turn<'a>> {
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
        (!exchanges.is_empty()).then_some(Turn { exchanges, reply, next_asked })
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

    fn seen(&self, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| self.sees(at))
    }

    /// The questions a turn is judged from: one of each day or each message, or else one. The first question of each
    /// minute is enough where nothing cuts a minute in two.
    fn starts<'a>(&self, session: &Session, turn: &Turn<'a>) -> Vec<Start<'a>> {
        let mut starts: Vec<Start<'a>> = Vec::new();
        for exchange in turn.exchanges {
            let mut note = |ask: &'a Ask| self.note(&mut starts, self.start(session, exchange, ask));
            if self.pack.unit == Unit::Message || self.pack.after_handover {
                exchange.every_ask().into_iter().for_each(&mut note);
            } else {
                exchange.asks.iter().for_each(&mut note);
            }
        }
        starts
    }

    fn note<'a>(&self, starts: &mut Vec<Start<'a>>, start: Start<'a>) {
        if !self.sees(start.ask.at) {
            return;
        }
        let same = |known: &&mut Start<'a>| match self.pack.unit {
            Unit::Message => false,
            Unit::BuyerDay => known.day == start.day,
            Unit::Session | Unit::Turn => true,
        };
        match starts.iter_mut().rev().find(same) {
            Some(known) if start.precedes(known) => *known = start,
            Some(_) => {}
            None => starts.push(start),
        }
    }

    fn start<'a>(&self, session: &Session, exchange: &Exchange, ask: &'a Ask) -> Start<'a> {
        let began = session.opened_at.unwrap_or(ask.at);
        let by_session = self.pack.judge_time == JudgeTime::SessionStart;
        let local = self.zone.local(if by_session { began } else { ask.at });
        let inside =
            self.pack.window.contains(local) && self.pack.holidays.binary_search(&local.day).is_err();
        let to_robot = self.pack.after_handover && *exchange.holder_before(ask.at) == Holder::Robot;
        let left_out = if !inside {
            Some(Verdict::OutsideWindow)
        } else if to_robot {
            Some(Verdict::BeforeHandover)
        } else {
            None
        };
        let day = if self.pack.unit == Unit::Session { self.zone.day_of(began) } else { local.day };
        Start { day, ask, left_out }
    }

    fn judge<'a>(
        &self,
        conversation: &'a Conversation,
        turn: &Turn<'a>,
        start: &Start<'a>,
        first: bool,
    ) -> Judged<'a> {
        let due = self.pack.due(self.zone, start.ask.at);
        let left_out = start.left_out.or_else(|| self.marked(&conversation.session));
        let outcome = match left_out {
            Some(verdict) => Outcome { verdict, reply: turn.reply, separate: false },
            None => self.outcome(conversation, turn, due),
        };
        let end = self.end_of_wait(conversation, turn, outcome.reply).max(start.ask.at);
        Judged {
            day: start.day,
            ask: start.ask,
            due,
            reply: outcome.reply,
            verdict: outcome.verdict,
            waited: end.since(start.ask.at),
            agent_asked: turn.agent_asked(self.as_of),
            first,
            separate: outcome.separate,
            exchanges: turn.exchanges,
        }
    }

    fn marked(&self, session: &Session) -> Option<Verdict> {
        let bears = |mark: &&Mark| self.seen(session.marks.at(**mark));
        self.pack.exclusions.iter().find(bears).copied().map(Verdict::Marked)
    }

    fn outcome<'a>(&self, conversation: &Conversation, turn: &Turn<'a>, due: Timestamp) -> Outcome<'a> {
        let by_time = self.by_time(turn.reply, due);
        let settled_by = self.self_service(turn).filter(|_| by_time != Verdict::Met);
        match (self.pack.self_service, settled_by) {
            (Treatment::Exclude, Some(_)) => {
                return Outcome { verdict: Verdict::SelfServed, reply: turn.reply, separate: false };
            }
            (Treatment::Answered, Some(reply)) if reply.at <= due => {
                return Outcome { verdict: Verdict::Met, reply: Some(reply), separate: false };
            }
            _ => {}
        }
        let judged = |verdict| Outcome { verdict, reply: turn.reply, separate: false };
        if self.pack.robot_only != Treatment::Judge && self.by_robot_alone(conversation, turn) {
            return judged(treat(self.pack.robot_only, Verdict::RobotOnly, by_time));
        }
        let left_alone = turn.reply.is_none() && self.unassigned(conversation, turn);
        match self.pack.unassigned {
            Treatment::Judge => judged(by_time),
            Treatment::Separate => {
                Outcome { separate: left_alone || turn.left_message(self.as_of), ..judged(by_time) }
            }
            treatment if left_alone => judged(treat(treatment, Verdict::Unassigned, by_time)),
            Treatment::Exclude | Treatment::Answered | Treatment::Miss => judged(by_time),
        }
    }

    fn by_time(&self, reply: Option<&Reply>, due: Timestamp) -> Verdict {
        match reply {
            Some(reply) if reply.at <= due => Verdict::Met,
            Some(_) => Verdict::MissedLate,
            None if self.as_of <= due => Verdict::Pending,
            None => Verdict::MissedUnanswered,
        }
    }

    /// What a canned reply or a card said to the question, where the buyer asked nothing more until an answer that
    /// counts. A greeting settles nothing, whatever the pack takes for an answer.
    fn self_service<'a>(&self, turn: &Turn<'a>) -> Option<&'a Reply> {
        let [only] = turn.exchanges else { return None };
        let settles =
            |reply: &&Reply| self.pack.self_service_actors.contains(&reply.actor) && !reply.small_talk;
        let before = only.replies.iter().take_while(|reply| self.sees(reply.at) && !self.counts(reply));
        before.into_iter().find(settles)
    }

    fn by_robot_alone(&self, conversation: &Conversation, turn: &Turn<'_>) -> bool {
        if self.pack.unit != Unit::Session {
            return self.dealt(turn.exchanges).by_robot_alone();
        }
        let Session { robot_at, people_at, .. } = conversation.session;
        self.seen(robot_at) && !self.seen(people_at) && !self.dealt(&conversation.exchanges).others
    }

    fn unassigned(&self, conversation: &Conversation, turn: &Turn<'_>) -> bool {
        if self.pack.unit == Unit::Session {
            let Session { agent_at, human_at, .. } = conversation.session;
            return !self.seen(agent_at) && !self.seen(human_at);
        }
        turn.agent_asked(self.as_of).is_none()
            && !turn.replies(self.as_of).any(|reply| reply.actor == Actor::Human)
    }

    /// A wait ends with the answer; without one with the question after what a robot settled, or when the
    /// conversation ends, or it goes on until now.
    fn end_of_wait(&self, conversation: &Conversation, turn: &Turn<'_>, reply: Option<&Reply>) -> Timestamp {
        let closed = conversation.session.closed_at.filter(|closed| self.sees(*closed));
        reply.map(|reply| reply.at).or(turn.next_asked).or(closed).unwrap_or(self.as_of)
    }
}

/// What is still open is no miss, however it is treated.
fn treat(treatment: Treatment, left_out: Verdict, by_time: Verdict) -> Verdict {
    match treatment {
        Treatment::Judge | Treatment::Separate => by_time,
        Treatment::Exclude => left_out,
        Treatment::Answered => Verdict::Met,
        Treatment::Miss if by_time == Verdict::Pending => Verdict::Pending,
        Treatment::Miss => Verdict::MissedUnanswered,
    }
}

fn holders(exchanges: &[Exchange], as_of: Timestamp) -> impl Iterator<Item = &Holder> {
    let holdings = exchanges.iter().flat_map(|exchange| &exchange.holdings);
    holdings.filter(move |holding| holding.from <= as_of).map(|holding| &holding.holder)
}

impl Start<'_> {
    /// A question that is judged goes before one that is not, and then the earlier one.
    fn precedes(&self, other: &Self) -> bool {
        (self.left_out.is_some(), self.ask.at) < (other.left_out.is_some(), other.ask.at)
    }
}

impl<'a> Turn<'a> {
    fn replies(&self, as_of: Timestamp) -> impl Iterator<Item = &'a Reply> + use<'a> {
        self.exchanges.iter().flat_map(|exchange| &exchange.replies).filter(move |reply| reply.at <= as_of)
    }

    fn agent_asked(&self, as_of: Timestamp) -> Option<&'a str> {
        holders(self.exchanges, as_of).find_map(Holder::agent)
    }

    /// Nobody was on duty when people were first asked to take part, as long as it was not answered.
    fn left_message(&self, as_of: Timestamp) -> bool {
        let until = self.reply.map_or(as_of, |reply| reply.at.min(as_of));
        holders(self.exchanges, until).find(|holder| holder.is_people()) == Some(&Holder::NobodyOnDuty)
    }
}
