//! From turns to units: which turn decides, and the mean of several.

use std::cmp::Reverse;

use super::verdict::{Judged, JudgedUnit, Miss, Verdict};
use super::{RulePack, Score, Unit};
use crate::day::{Day, Zone};
use crate::exchange::Conversation;
use crate::time::{Span, Timestamp};

/// The turn a unit is judged by, as far as the counts need it.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) verdict: Verdict,
    pub(super) separate: bool,
    pub(super) answered: bool,
    pub(super) waited: Span,
    pub(super) day: Day,
    pub(super) hour: usize,
    pub(super) agent: String,
    pub(super) miss: Option<Miss>,
    pub(super) unit: Option<Box<JudgedUnit>>,
    /// What it adds to a mean.
    wait: Option<Span>,
    asked_at: Timestamp,
    conversation: String,
}

/// What is known of a unit so far.
#[derive(Debug)]
pub(super) struct Gathered {
    decides: Decision,
    mean: Mean,
}

/// The waits of the judged turns of a unit.
#[derive(Debug, Default)]
struct Mean {
    turns: i128,
    micros: i128,
    /// Turns that were not answered although their limit has passed.
    unanswered: u64,
    /// Whether one of these waits for ever.
    endless: bool,
    /// Whether a turn may still be answered in time.
    open: bool,
}

/// Makes decisions of turns.
pub(super) struct Decider<'a> {
    pub(super) pack: &'a RulePack,
    pub(super) zone: Zone,
    pub(super) keep_misses: bool,
    pub(super) keep_units: bool,
}

impl Decider<'_> {
    /// The unit of one turn.
    pub(super) fn gather(&self, conversation: &Conversation, turn: &Judged<'_>) -> Gathered {
        let opened_at = conversation.session.opened_at.unwrap_or(turn.ask.at);
        let wants_proof = self.keep_misses && turn.verdict.is_miss();
        let wait = wait_of(turn, self.pack.cap);
        let decides = Decision {
            verdict: turn.verdict,
            separate: turn.separate,
            answered: turn.reply.is_some(),
            waited: turn.waited,
            asked_at: turn.ask.at,
            conversation: conversation.key.clone(),
            day: turn.day,
            hour: self.zone.local(opened_at).hour(),
            agent: turn.agent().to_owned(),
            miss: wants_proof.then(|| turn.miss(conversation)),
            unit: self.keep_units.then(|| Box::new(turn.unit(conversation))),
            wait,
        };
        let mean = if self.pack.judges_means() { Mean::of(turn.verdict, wait) } else { Mean::default() };
        Gathered { decides, mean }
    }

    /// Takes in what comes later of the same unit.
    pub(super) fn join(&self, unit: &mut Gathered, later: Gathered) {
        if self.prevails(&later.decides, &unit.decides) {
            unit.decides = later.decides;
        }
        unit.mean.add(&later.mean);
    }

    fn prevails(&self, later: &Decision, known: &Decision) -> bool {
        match (self.pack.score(), self.pack.unit) {
            (Score::AnyMiss | Score::MeanWait, _) => later.severity() > known.severity(),
            // What was said to the robot alone is not the first turn yet.
            (Score::FirstAnswer, Unit::Session) => known.verdict == Verdict::BeforeHandover,
            (Score::FirstAnswer, _) => later.earliness() > known.earliness(),
        }
    }

    /// What became of the unit.
    pub(super) fn decide(&self, unit: Gathered) -> Decision {
        let Gathered { decides, mean } = unit;
        let verdict = if self.pack.judges_means() {
            mean.verdict(self.pack.limit).unwrap_or(decides.verdict)
        } else {
            decides.verdict
        };
        let miss = decides.miss.filter(|_| verdict.is_miss());
        Decision { verdict, miss, ..decides }
    }

    /// What the wait of a unit adds to the mean that is the figure of the pack.
    pub(super) fn wait_in_mean(&self, decision: &Decision) -> Span {
        decision.wait.filter(|_| self.pack.is_mean()).unwrap_or_default()
    }
}

/// How long a turn waited, as means count it: unanswered, as long as the cap. A turn that is only taken for answered in
/// time waited for nothing, and one that is open or left out has no wait yet.
fn wait_of(turn: &Judged<'_>, cap: Option<Span>) -> Option<Span> {
    let capped = cap.map_or(turn.waited, |cap| turn.waited.min(cap));
    match turn.verdict {
        Verdict::Met => turn.reply.filter(|reply| reply.at <= turn.due).map(|_| capped),
        Verdict::MissedLate => Some(capped),
        Verdict::MissedUnanswered => cap,
        _ => None,
    }
}

impl Decision {
    /// Where one bad turn spoils the whole: what is judged goes before what has a rate of its own, and both before what
    /// is left out; then the worst verdict, the longest wait, the earliest question. Whoever got no answer waits longest,
    /// and all of them alike: who of them waited how long so far may change with nothing but time.
    fn severity(&self) -> (u8, Verdict, bool, Span, Reverse<Timestamp>, Reverse<&str>) {
        let class = match (self.verdict.is_judged(), self.separate) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        };
        let conversation = Reverse(self.conversation.as_str());
        let waited = if self.answered { self.waited } else { Span::ZERO };
        (class, self.verdict, !self.answered, waited, Reverse(self.asked_at), conversation)
    }

    /// Where the first turn decides: the earliest question that is judged, or else that is not.
    fn earliness(&self) -> (bool, Reverse<Timestamp>, Reverse<&str>) {
        (self.verdict.is_judged(), Reverse(self.asked_at), Reverse(self.conversation.as_str()))
    }
}

impl Mean {
    fn of(verdict: Verdict, wait: Option<Span>) -> Self {
        let unanswered = verdict == Verdict::MissedUnanswered;
        Self {
            turns: i128::from(wait.is_some()),
            micros: wait.unwrap_or_default().micros().into(),
            unanswered: u64::from(unanswered),
            endless: unanswered && wait.is_none(),
            open: verdict == Verdict::Pending,
        }
    }

    fn add(&mut self, other: &Self) {
        self.turns += other.turns;
        self.micros += other.micros;
        self.unanswered += other.unanswered;
        self.endless |= other.endless;
        self.open |= other.open;
    }

    /// `None` when no turn has a wait: the unit is what its turns are. A turn that waits for ever cannot be made good;
    /// another that is still open can.
    fn verdict(&self, limit: Span) -> Option<Verdict> {
        let within = self.micros <= i128::from(limit.micros()) * self.turns;
        match (self.endless, self.open) {
            (true, _) => Some(Verdict::MissedUnanswered),
            (false, true) => Some(Verdict::Pending),
            (false, false) if self.turns == 0 => None,
            (false, false) if within => Some(Verdict::Met),
            (false, false) if self.unanswered > 0 => Some(Verdict::MissedUnanswered),
            (false, false) => Some(Verdict::MissedLate),
        }
    }
}
