//! What agents, and the directory, decide about agents.

use super::Session;
use crate::desk::agent::{
    AgentEntry, DEFAULT_GROUP, MAX_CAPACITY, MAX_GROUPS, Presence, Sanction, SanctionKind, score_among,
};
use crate::desk::duty::DutyState;
use crate::desk::event::{Payload, PresenceCause, Text};
use crate::desk::policy::LeavePolicy;
use crate::desk::refusal::{agent_disabled, sanctioned};
use crate::desk::strategy::Score;
use crate::ids::AgentId;
use crate::problem::{Problem, Reason};
use crate::time::Timestamp;

impl Session<'_> {
    /// Takes over the directory's entry. A changed default, or a lower ceiling, sets the capacity too; a
    /// disabled or banned account goes offline.
    pub(super) fn sync_agent(&mut self, id: AgentId, mut entry: AgentEntry) -> Result<(), Problem> {
        normalise(&mut entry, self.now)?;
        self.catch_up(id);
        let known = self.desk.agents.get(&id);
        if known.is_some_and(|agent| agent.entry == entry) {
            return Ok(());
        }
        let default_changed =
            known.is_some_and(|agent| agent.entry.capacity_default != entry.capacity_default);
        let (ceiling, default) = (entry.capacity_ceiling, entry.capacity_default);
        let barred = barred(&entry);
        self.record(None, Payload::AgentSynced { agent: id, entry: Box::new(entry) });

        let agent = self.agent(id)?;
        let wanted = if default_changed { default.min(ceiling) } else { agent.capacity.min(ceiling) };
        let (previous, presence) = (agent.capacity, agent.presence);
        if wanted != previous {
            self.record(None, Payload::CapacityChanged { agent: id, previous, capacity: wanted });
        }
        self.catch_up(id);
        if let (Some(cause), true) = (barred, presence != Presence::Offline) {
            self.change_presence(id, Presence::Offline, cause);
        }
        Ok(())
    }

    /// Records what time has brought an agent: a sanction that ended, a shift that began or ended, a break that takes too
    /// long, a ramp's next step.
    pub(super) fn catch_up(&mut self, id: AgentId) {
        let Some(agent) = self.desk.agents.get(&id) else { return };
        let ended = agent.entry.sanction.filter(|sanction| sanction.is_over(self.now));
        let duty = agent.entry.duty.as_ref().map_or_else(DutyState::default, |duty| duty.at(self.now));
        let known = agent.duty;
        if let Some(Sanction { kind, .. }) = ended {
            self.record(None, Payload::SanctionEnded { agent: id, kind });
        }
        if duty != known {
            self.record(None, Payload::DutyChanged { agent: id, duty });
        }
        let Some(agent) = self.desk.agents.get(&id) else { return };
        let passed = |at: Option<Timestamp>| at.is_some_and(|at| at <= self.now);
        let (overrun, rested) =
            (passed(agent.break_ends), passed(agent.ramping.and_then(|ramping| ramping.rests)));
        if overrun {
            self.record(None, Payload::BreakOverrun { agent: id });
        }
        if rested {
            self.record(None, Payload::RampStepped { agent: id });
        }
    }

    /// Takes over how an agent has been answering, within what counts, unless it is all but the same as what is known:
    /// several replicas may tell of it, each a little differently.
    pub(super) fn score_agent(&mut self, id: AgentId, mut scores: Vec<(Text, Score)>) -> Result<(), Problem> {
        if scores.len() > MAX_GROUPS {
            return Err(Problem::field("scores", format!("must be at most {MAX_GROUPS}")));
        }
        for (_, score) in &mut scores {
            let (speed, quality) = (Score::SPEED_PERMILLE, Score::QUALITY_PERMILLE);
            score.speed_permille = score.speed_permille.clamp(*speed.start(), *speed.end());
            score.quality_permille = score.quality_permille.clamp(*quality.start(), *quality.end());
        }
        scores.sort_by(|(one, _), (other, _)| one.cmp(other));
        scores.dedup_by(|(later, _), (earlier, _)| later == earlier);
        if !is_like(&self.agent(id)?.scores, &scores) {
            self.record(None, Payload::AgentScored { agent: id, scores });
        }
        Ok(())
    }

    /// Sets an agent's presence, unless the shop needs her to stay as she is.
    pub(super) fn set_presence(
        &mut self,
        id: AgentId,
        presence: Presence,
        force: bool,
    ) -> Result<(), Problem> {
        let agent = self.agent(id)?;
        if presence != Presence::Offline {
            match agent.entry.sanction {
                _ if !agent.entry.enabled => return Err(agent_disabled(id)),
                Some(ban) if ban.kind == SanctionKind::Banned => return Err(sanctioned(id, ban)),
                _ => {}
            }
        }
        if presence != Presence::Online && !force {
            self.desk.expect_others_stay(id, self.now)?;
        }
        let held = agent.load();
        if presence == Presence::Offline
            && !force
            && held > 0
            && self.desk.policy.on_leave == LeavePolicy::Refuse
        {
            let words =
                format!("the agent still holds {held} conversations; end them or hand them over first");
            return Err(Problem::new(Reason::OpenConversations, words)
                .with("agent_id", id)
                .with("load", held));
        }
        self.change_presence(id, presence, PresenceCause::Asked);
        Ok(())
    }

    /// Lets an agent finish whom she has, and then change; at once when she has nobody.
    pub(super) fn wind_down(
        &mut self,
        id: AgentId,
        next: Option<Presence>,
        force: bool,
    ) -> Result<(), Problem> {
        let agent = self.agent(id)?;
        if next == Some(Presence::Online) {
            return Err(Problem::field("next_presence", "must be busy, on break or offline"));
        }
        if next.is_some() && agent.presence != Presence::Online {
            return Err(Problem::new(
                Reason::AgentUnavailable,
                "only who is online can wind down; set the presence itself",
            )
            .with("agent_id", id));
        }
        if agent.next == next {
            return Ok(());
        }
        if next.is_some() && !force {
            self.desk.expect_others_stay(id, self.now)?;
        }
        self.record(None, Payload::WindingDown { agent: id, next });
        self.finish_winding_down(id);
        Ok(())
    }

    /// Changes whoever winds down and holds nobody any more.
    pub(super) fn finish_winding_down(&mut self, id: AgentId) {
        let Some(agent) = self.desk.agents.get(&id) else { return };
        if let Some(next) = agent.next.filter(|_| agent.load() == 0) {
            self.change_presence(id, next, PresenceCause::WoundDown);
        }
    }

    pub(super) fn lapse(&mut self, id: AgentId) -> Result<(), Problem> {
        self.agent(id)?;
        self.change_presence(id, Presence::Offline, PresenceCause::Lapsed);
        Ok(())
    }

    fn change_presence(&mut self, id: AgentId, presence: Presence, cause: PresenceCause) {
        let Some(previous) = self.desk.agents.get(&id).map(|agent| agent.presence) else { return };
        if previous != presence {
            self.record(None, Payload::PresenceChanged { agent: id, previous, presence, cause });
        }
    }

    /// Sets how many conversations an agent may hold; those they hold beyond it stay.
    pub(super) fn set_capacity(&mut self, id: AgentId, capacity: u32) -> Result<(), Problem> {
        let agent = self.agent(id)?;
        let ceiling = agent.entry.capacity_ceiling;
        if capacity > ceiling {
            return Err(Problem::new(
                Reason::CapacityAboveCeiling,
                format!(
                    "the agent may hold at most {ceiling} conversations; raise the ceiling in accounts first"
                ),
            )
            .with("agent_id", id)
            .with("capacity", capacity)
            .with("ceiling", ceiling));
        }
        let previous = agent.capacity;
        if capacity != previous {
            self.record(None, Payload::CapacityChanged { agent: id, previous, capacity });
        }
        Ok(())
    }
}

/// Why an account with this entry goes offline, if it does.
fn barred(entry: &AgentEntry) -> Option<PresenceCause> {
    let banned = entry.sanction.is_some_and(|sanction| sanction.kind == SanctionKind::Banned);
    let causes = [(!entry.enabled, PresenceCause::Disabled), (banned, PresenceCause::Banned)];
    causes.into_iter().find(|(holds, _)| *holds).map(|(_, cause)| cause)
}

/// Whether scores say nothing new of any group.
fn is_like(known: &[(Text, Score)], told: &[(Text, Score)]) -> bool {
    let mut groups = known.iter().chain(told).map(|(group, _)| group);
    groups.all(|group| score_among(told, group).is_like(score_among(known, group)))
}

/// Brings an entry into the one form that compares equal: groups sorted, each once, never none; the roster likewise;
/// no sanction that has ended.
fn normalise(entry: &mut AgentEntry, now: Timestamp) -> Result<(), Problem> {
    if entry.groups.len() > MAX_GROUPS {
        return Err(Problem::field("groups", format!("must be at most {MAX_GROUPS}")));
    }
    if entry.capacity_ceiling > MAX_CAPACITY || entry.capacity_default > entry.capacity_ceiling {
        let expected = format!("must be at most its ceiling, which is at most {MAX_CAPACITY}");
        return Err(Problem::field("capacity", expected));
    }
    if let Some(duty) = &mut entry.duty {
        duty.normalise()?;
    }
    entry.sanction = entry.sanction.filter(|sanction| !sanction.is_over(now));
    entry.groups.sort();
    entry.groups.dedup();
    if entry.groups.is_empty() {
        entry.groups.push(Text::from(DEFAULT_GROUP));
    }
    Ok(())
}
