//! From happenings to facts, one at a time.

use super::{
    Ask, Conversation, Exchange, Happening, Holder, Holding, MAX_ASKS_KEPT, MAX_FURTHER_ASKS_KEPT,
    MAX_HOLDINGS_KEPT, Mark, Reply, Session, What,
};
use crate::message::Actor;
use crate::time::Timestamp;

/// Microseconds of one minute, the grain in which questions are kept.
const MINUTE: i64 = 60_000_000;

/// The fold of one conversation, up to some happening: all it takes to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// The conversation so far.
    pub session: Session,
    /// Its last exchange, which may still change.
    pub current: Option<Exchange>,
}

const fn minute(at: Timestamp) -> i64 {
    at.micros().div_euclid(MINUTE)
}

/// Splits the questions of an exchange, earliest first, into the first of each minute and the others, as
/// [`Exchange`] keeps them.
#[must_use]
pub fn by_minute(every_ask: Vec<Ask>) -> (Vec<Ask>, Vec<Ask>) {
    let (mut first, mut further): (Vec<Ask>, Vec<Ask>) = (Vec::new(), Vec::new());
    for ask in every_ask {
        let known = first.last().is_some_and(|known| minute(known.at) == minute(ask.at));
        if known { further.push(ask) } else { first.push(ask) }
    }
    (first, further)
}

fn earlier(known: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(at, |known| known.min(at)))
}

impl Fold {
    /// Takes in what happened next. Returns the exchange before, for good, when a new one begins.
    pub fn apply(&mut self, happening: Happening) -> Option<Exchange> {
        let Happening { at, what } = happening;
        self.session.opened_at.get_or_insert(at);
        match what {
            What::Opened { buyer, group, vip } => self.open(at, buyer, group, vip),
            What::Asked { message } => return self.ask(at, message),
            What::Reached => self.reach(at),
            What::Replied { message, actor, agent, small_talk } => {
                self.reply(Reply { at, message, actor, agent, small_talk });
            }
            What::Assigned { agent } => self.hand(at, Holder::Agent(agent)),
            What::Queued { nobody_on_duty: true } => self.hand(at, Holder::NobodyOnDuty),
            What::Queued { nobody_on_duty: false } | What::HandedToHuman => self.hand(at, Holder::Queue),
            What::WithRobot => self.hand(at, Holder::Robot),
            What::Transferred => self.transfer(at),
            What::Marked(mark) => self.session.marks.set(mark, at),
            What::Rated { stars } => self.session.stars = Some(stars),
            What::LeftQueue { abandoned } => self.let_go(at, abandoned),
            What::Closed { abandoned } => {
                self.session.closed_at = Some(at);
                self.let_go(at, abandoned);
            }
        }
        None
    }

    /// Whoever had it before it was closed does not have it when it is taken up again. The first opening may come
    /// late and says nothing of whose it is.
    fn open(&mut self, at: Timestamp, buyer: String, group: String, vip: bool) {
        if self.session.opening_seen {
            self.hand(at, Holder::Nobody);
        }
        self.session.open(at, buyer, group, vip);
    }

    fn let_go(&mut self, at: Timestamp, abandoned: bool) {
        self.session.abandoned |= abandoned;
        self.hand(at, Holder::Nobody);
    }

    fn reach(&mut self, at: Timestamp) {
        if let Some(current) = &mut self.current {
            current.reach(at);
        }
    }

    /// The agent who gives it away keeps the question: their stretch ends here, but it was theirs.
    fn transfer(&mut self, at: Timestamp) {
        if let Some(current) = &mut self.current {
            current.hold(at, &self.session.holder);
        }
    }

    fn ask(&mut self, at: Timestamp, message: String) -> Option<Exchange> {
        self.session.ask(at);
        match &mut self.current {
            Some(current) if current.replies.is_empty() => {
                current.ask(at, message);
                None
            }
            current => {
                self.session.exchanges = self.session.exchanges.saturating_add(1);
                let holder = self.session.holder.clone();
                current.replace(Exchange::begin(self.session.exchanges, at, message, holder))
            }
        }
    }

    /// A person who speaks before the buyer has said anything began the conversation: canned greetings and cards only
    /// welcome who came. A person who answers what nobody held is taken to hold it from then on: sources that do not tell of
    /// assignments still say who answers, and that person is the one asked next.
    fn reply(&mut self, reply: Reply) {
        let (at, actor, agent) = (reply.at, reply.actor, reply.agent.clone());
        if actor == Actor::FullRobot {
            self.session.robot_at = earlier(self.session.robot_at, at);
        }
        if let Some(current) = &mut self.current {
            current.reply(reply);
        }
        if actor == Actor::Human {
            if self.session.first_asked_at.is_none() {
                self.session.marks.set(Mark::ShopInitiated, at);
            }
            self.session.human_at = earlier(self.session.human_at, at);
            self.session.people_at = earlier(self.session.people_at, at);
            if !agent.is_empty() && self.session.holder.agent().is_none() {
                self.hand(at, Holder::Agent(agent));
            }
        }
    }

    fn hand(&mut self, at: Timestamp, holder: Holder) {
        self.session.involve(at, &holder);
        if self.session.holder == holder {
            return;
        }
        if let Some(current) = &mut self.current {
            current.hand(at, &holder);
        }
        self.session.holder = holder;
    }
}

impl Conversation {
    /// The facts of a whole conversation, from everything that happened in it, in order.
    pub fn fold(key: impl Into<String>, happenings: impl IntoIterator<Item = Happening>) -> Self {
        let mut fold = Fold::default();
        let mut exchanges: Vec<_> =
            happenings.into_iter().filter_map(|happening| fold.apply(happening)).collect();
        exchanges.extend(fold.current);
        Self { key: key.into(), session: fold.session, exchanges }
    }
}

impl Exchange {
    fn begin(number: u32, at: Timestamp, message: String, holder: Holder) -> Self {
        Self {
            number,
            asked: 1,
            asks: vec![Ask { at, message }],
            further_asks: Vec::new(),
            replies: Vec::new(),
            holdings: vec![Holding { from: at, holder }],
        }
    }

    fn ask(&mut self, at: Timestamp, message: String) {
        self.asked = self.asked.saturating_add(1);
        let place = self.asks.partition_point(|kept| minute(kept.at) < minute(at));
        let room = self.asks.len() < MAX_ASKS_KEPT;
        match self.asks.get_mut(place).filter(|kept| minute(kept.at) == minute(at)) {
            Some(kept) if at < kept.at => {
                let later = std::mem::replace(kept, Ask { at, message });
                self.ask_further(later);
            }
            Some(_) => self.ask_further(Ask { at, message }),
            None if room => self.asks.insert(place, Ask { at, message }),
            None => {}
        }
    }

    fn ask_further(&mut self, ask: Ask) {
        if self.further_asks.len() < MAX_FURTHER_ASKS_KEPT {
            let place = self.further_asks.partition_point(|kept| kept.at <= ask.at);
            self.further_asks.insert(place, ask);
        }
    }

    fn reply(&mut self, reply: Reply) {
        let mut of_kind = self.replies.iter().filter(|kept| kept.actor == reply.actor);
        let kept =
            if reply.small_talk { of_kind.next().is_some() } else { of_kind.any(|kept| !kept.small_talk) };
        if !kept {
            self.replies.push(reply);
        }
    }

    /// The question came at `at` for those who had to see to it, whatever the channel says it was asked.
    fn reach(&mut self, at: Timestamp) {
        if let ([standing], 1, true) = (self.holdings.as_mut_slice(), self.asked, self.replies.is_empty()) {
            standing.from = at;
        }
    }

    /// An agent from whom it is taken in the very moment the question comes was never asked: the next takes their
    /// place.
    fn hand(&mut self, at: Timestamp, holder: &Holder) {
        match self.holdings.as_mut_slice() {
            [standing]
                if standing.from == at
                    && standing.holder.agent().is_some()
                    && holder.is_people()
                    && self.replies.is_empty() =>
            {
                standing.holder = holder.clone();
            }
            _ => self.hold(at, holder),
        }
    }

    fn hold(&mut self, at: Timestamp, holder: &Holder) {
        let from = self.holdings.last().map_or(at, |last| last.from.max(at));
        if self.holdings.len() < MAX_HOLDINGS_KEPT {
            self.holdings.push(Holding { from, holder: holder.clone() });
        }
    }
}

impl Session {
    fn open(&mut self, at: Timestamp, buyer: String, group: String, vip: bool) {
        self.closed_at = None;
        if !self.opening_seen {
            *self =
                Self { buyer, group, vip, opened_at: Some(at), opening_seen: true, ..std::mem::take(self) };
        }
    }

    fn ask(&mut self, at: Timestamp) {
        self.first_asked_at = earlier(self.first_asked_at, at);
        self.last_asked_at = self.last_asked_at.max(Some(at));
    }

    fn involve(&mut self, at: Timestamp, holder: &Holder) {
        if holder.is_people() {
            self.people_at = earlier(self.people_at, at);
        }
        if holder.agent().is_some() {
            self.agent_at = earlier(self.agent_at, at);
        }
    }
}
