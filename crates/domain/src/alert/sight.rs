//! What is the case at some moment.

use std::collections::{BTreeMap, BTreeSet};

use super::{Agent, Detail, Floor, Kind, MOST_OPEN, Proposal, Remedy, Rules, Topic};
use crate::desk::agent::Presence;
use crate::time::{Span, Timestamp};

/// Most proposals that one alert makes.
pub const MOST_PROPOSALS: usize = 20;

/// What is the case, and of which kinds that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Each with its figures.
    pub topics: BTreeMap<Topic, Detail>,
    /// The kinds of which `topics` names all there is, or as many as are told of at once. Of others nothing is known now.
    pub known: BTreeSet<Kind>,
}

impl Seen {
    /// Of this kind, this is all.
    pub fn tell(&mut self, kind: Kind, all: impl IntoIterator<Item = (String, Detail)>) {
        self.known.insert(kind);
        self.topics.extend(all.into_iter().map(|(subject, detail)| (Topic::new(kind, subject), detail)));
    }

    /// The same where there is at most one.
    fn tell_one(&mut self, kind: Kind, detail: Option<Detail>) {
        self.tell(kind, detail.map(|detail| (String::new(), detail)));
    }
}

/// What a floor shows at a moment, when what is known of it is so old. What is too old says nothing but that.
#[must_use]
pub fn seen(floor: &Floor, behind: Span, now: Timestamp, rules: &Rules) -> Seen {
    let mut seen = Seen::default();
    let late = behind > rules.lag;
    let whole = Span::from_secs(behind.micros() / 1_000_000);
    seen.tell_one(Kind::FollowerLag, late.then_some(Detail::Lag { behind: whole }));
    if late {
        return seen;
    }
    seen.tell(Kind::TurnAtRisk, at_risk(floor, now, rules));
    // Nobody can be missing where nobody is known.
    let known = floor.agents().any(|(_, agent)| !agent.main_account);
    let (Some(hours), true) = (floor.hours(), known) else { return seen };
    let serves = hours.window.contains(hours.zone.local(now));
    let look = Look { floor, now, rules };
    seen.tell_one(Kind::QueueWaiting, look.queue().filter(|_| serves));
    seen.tell_one(Kind::Saturated, look.saturation());
    seen.tell_one(Kind::NobodyOnDuty, look.nobody().filter(|_| serves));
    seen.tell_one(Kind::LastAgent, look.last_agent().filter(|_| serves));
    seen
}

/// The most urgent turns whose limit is near, each conversation once.
fn at_risk(floor: &Floor, now: Timestamp, rules: &Rules) -> BTreeMap<String, Detail> {
    let mut found = BTreeMap::new();
    for (conversation, asked_at, due) in floor.due(now, now + rules.turn_lead) {
        if found.len() == MOST_OPEN {
            break;
        }
        let agent = floor.talk(conversation).and_then(|talk| talk.holder.agent()).unwrap_or_default();
        let turn = || Detail::Turn { agent: agent.to_owned(), asked_at, due };
        found.entry(conversation.to_owned()).or_insert_with(turn);
    }
    found
}

struct Look<'f> {
    floor: &'f Floor,
    now: Timestamp,
    rules: &'f Rules,
}

impl<'f> Look<'f> {
    /// Those who work shifts and may work.
    fn workers(&self) -> impl Iterator<Item = (&'f str, &'f Agent)> {
        let now = self.now;
        self.floor.agents().filter(move |(_, agent)| !agent.main_account && agent.may_work(now))
    }

    fn queue(&self) -> Option<Detail> {
        let (waiting, oldest) = self.floor.queue();
        oldest.map(|oldest| Detail::Queue { waiting, oldest })
    }

    /// Whoever takes part is there and takes new conversations as far as there is room.
    fn saturation(&self) -> Option<Detail> {
        let takes = |agent: &Agent| {
            agent.is_there(self.now) && !agent.leaving && (agent.unlimited || agent.capacity > 0)
        };
        let there: Vec<_> = self.workers().filter(|(_, agent)| takes(agent)).collect();
        let is_full =
            |(name, agent): &(&str, &Agent)| !agent.unlimited && self.floor.load(name) >= agent.capacity;
        if there.is_empty() || !there.iter().all(is_full) {
            return None;
        }
        let load = there.iter().fold(0_u32, |sum, (name, _)| sum.saturating_add(self.floor.load(name)));
        let places = there.iter().fold(0_u32, |sum, (_, agent)| sum.saturating_add(agent.capacity));
        let (waiting, _) = self.floor.queue();
        Some(Detail::Saturation { load, places, waiting, proposals: self.proposals("", true) })
    }

    fn staffed(&self) -> impl Iterator<Item = (&'f str, &'f Agent)> {
        let now = self.now;
        self.workers().filter(move |(_, agent)| agent.is_there(now))
    }

    fn nobody(&self) -> Option<Detail> {
        let nobody = self.staffed().next().is_none();
        let (waiting, _) = self.floor.queue();
        nobody.then(|| Detail::Nobody { waiting, proposals: self.proposals("", false) })
    }

    /// The last one, where there could be others; the only one the shop has, where they are about to leave.
    fn last_agent(&self) -> Option<Detail> {
        let mut staffed = self.staffed();
        let (name, agent) = staffed.next()?;
        if staffed.next().is_some() {
            return None;
        }
        let soon = self.now + self.rules.shift_lead;
        let ends = agent.duty_until.filter(|until| *until <= soon);
        let leaving = agent.leaving;
        let others = self.workers().nth(1).is_some();
        (others || leaving || ends.is_some()).then(|| Detail::LastAgent {
            agent: name.to_owned(),
            leaving,
            until: agent.duty_until,
            proposals: self.proposals(name, false),
        })
    }

    /// What would help beside an agent; room that is there already is none.
    fn proposals(&self, beside: &str, capacity: bool) -> Vec<Proposal> {
        let others = self.workers().filter(|(name, _)| *name != beside);
        let mut proposals: Vec<_> =
            others.filter_map(|(name, agent)| self.proposal(name, agent, capacity)).collect();
        let most_room = |places: Option<u32>| std::cmp::Reverse(places.unwrap_or(u32::MAX));
        proposals.sort_by(|one, other| {
            let key = |of: &Proposal| (of.what, most_room(of.places));
            key(one).cmp(&key(other)).then_with(|| one.agent.cmp(&other.agent))
        });
        proposals.truncate(MOST_PROPOSALS);
        proposals
    }

    fn proposal(&self, name: &str, agent: &Agent, capacity: bool) -> Option<Proposal> {
        let load = self.floor.load(name);
        let what = match agent.presence {
            _ if !agent.on_duty => return None,
            Presence::OnBreak => Remedy::EndBreak,
            Presence::Busy => Remedy::EndBusy,
            Presence::Offline => Remedy::ComeOnline,
            Presence::Online if agent.leaving => Remedy::StayOn,
            Presence::Online if capacity => Remedy::RaiseCapacity,
            Presence::Online => return None,
        };
        let limit = if what == Remedy::RaiseCapacity { agent.ceiling } else { agent.capacity };
        let places = (!agent.unlimited).then(|| limit.saturating_sub(load.max(taken(what, agent))));
        (places != Some(0)).then(|| Proposal { agent: name.to_owned(), what, places })
    }
}

/// Places that are there already.
const fn taken(what: Remedy, agent: &Agent) -> u32 {
    match what {
        Remedy::RaiseCapacity => agent.capacity,
        Remedy::EndBreak | Remedy::EndBusy | Remedy::StayOn | Remedy::ComeOnline => 0,
    }
}
