//! What must be true of an assignment at its moment.

use super::{Place, World};
use crate::desk::agent::Presence;
use crate::desk::event::AssignReason;
use crate::desk::policy::QueueOrder;
use crate::desk::tests::property::{Broken, Property};
use crate::ids::{AgentId, ConversationId};
use crate::time::Timestamp;

impl World {
    /// Takes an assignment in, and tells where the conversation is then.
    pub(super) fn assign(&mut self, id: ConversationId, agent: AgentId, reason: AssignReason) -> Place {
        self.handed_by.remove(&id);
        self.kept_by.remove(&id);
        self.left.remove(&id);
        if reason == AssignReason::LeaveMessage {
            self.left.insert(id);
        }
        let ramp = &mut self.agents.get_mut(&agent).expect("known agent").ramp;
        // A place that was kept has been her turn already.
        if let Some((_, rests)) = ramp.as_mut().filter(|_| reason != AssignReason::FirstWord) {
            *rests = self.policy.as_ref().is_some_and(|policy| policy.ramp.is_some());
        }
        match reason {
            AssignReason::PreAssigned => Place::Kept(agent),
            _ => Place::Assigned(agent),
        }
    }

    /// Properties 1, 2, 3 and 6, at the moment of an assignment.
    pub(super) fn check_assignment(
        &self,
        id: ConversationId,
        (to, previous, reason): (AgentId, Option<AgentId>, AssignReason),
        now: Timestamp,
        broken: &mut Broken,
    ) {
        let place = &self.open[&id];
        let holder = place.holder();
        broken.unless(
            previous == holder,
            Property::OneAssignee,
            "an assignment names the one assignee there was",
        );
        let by_name = matches!(
            reason,
            AssignReason::Transfer | AssignReason::Manual | AssignReason::Forced | AssignReason::Declined
        );
        let back = !by_name && self.handed_by.get(&id) == Some(&to);
        broken.unless(!back, Property::Beside, "nobody gets back by itself what they handed over");
        broken.unless(
            self.may_receive(to, reason),
            Property::Presence,
            format_args!("she is there: {reason:?}"),
        );
        broken.unless(
            self.may_hold(to, reason),
            Property::Capacity,
            format_args!("she has room: {reason:?}"),
        );
        let kept = reason != AssignReason::FirstWord || self.kept_by.get(&id) == Some(&to);
        broken.unless(kept, Property::Presence, "the first word goes to who kept the place");
        let in_order = self.policy.as_ref().is_some_and(|policy| policy.order == QueueOrder::FirstCome);
        if reason == AssignReason::Strategy && in_order {
            self.check_first_come(id, place, to, now, broken);
        }
    }

    /// Whether the state an agent is in allows an assignment for this reason.
    fn may_receive(&self, id: AgentId, reason: AssignReason) -> bool {
        let agent = &self.agents[&id];
        let away = matches!(agent.presence, Presence::Offline | Presence::OnBreak);
        match reason {
            AssignReason::Strategy
            | AssignReason::MainAccount
            | AssignReason::Reopened
            | AssignReason::PreAssigned => self.is_available(id),
            AssignReason::LastAgent => !away && !agent.is_barred() && agent.on_duty,
            AssignReason::LeaveMessage | AssignReason::Forced => !agent.is_barred(),
            AssignReason::TakenNext => !agent.is_barred() && agent.presence == Presence::Online,
            AssignReason::Declined | AssignReason::FirstWord => {
                !agent.is_barred() && agent.presence != Presence::Offline
            }
            AssignReason::Transfer | AssignReason::Manual => !away && !agent.is_barred(),
        }
    }

    /// Whether an agent has room enough for an assignment for this reason.
    fn may_hold(&self, id: AgentId, reason: AssignReason) -> bool {
        let room = self.has_room(id);
        match reason {
            AssignReason::Strategy
            | AssignReason::MainAccount
            | AssignReason::Reopened
            | AssignReason::PreAssigned
            | AssignReason::Manual => room,
            AssignReason::LastAgent => {
                let mut windows = self.policy.iter().flat_map(|policy| &policy.last_agent_windows);
                room || windows.any(|window| window.ignore_capacity)
            }
            // Who takes by hand alone has no capacity to exceed.
            AssignReason::TakenNext => room || self.agents[&id].capacity == 0,
            AssignReason::LeaveMessage
            | AssignReason::Forced
            | AssignReason::Declined
            | AssignReason::FirstWord
            | AssignReason::Transfer => true,
        }
    }

    /// Property 6: nobody who waits for a group of the chosen agent's in the same band came before.
    fn check_first_come(
        &self,
        id: ConversationId,
        place: &Place,
        to: AgentId,
        now: Timestamp,
        broken: &mut Broken,
    ) {
        let Place::Queued { group, priority, since, seq, .. } = place else {
            return;
        };
        for (other, waiting) in &self.open {
            let Place::Queued { group: g, priority: p, since: s, seq: q, ring } = waiting else { continue };
            // A helper takes of each band whom she may help already; who is about to be helped comes with the next tick.
            let helpers: Vec<_> = self
                .policy
                .iter()
                .flat_map(|policy| &policy.rings)
                .filter(|known| known.group == *g)
                .collect();
            let opening = helpers.get(usize::from(*ring) - 1).is_some_and(|next| *s + next.after <= now);
            let banded = if helpers.is_empty() { p <= priority } else { p == priority && !opening };
            let before = banded && (p, s, q) < (priority, since, seq);
            let theirs = self.handed_by.get(other) == Some(&to);
            let in_turn = *other == id || g != group || !before || theirs;
            broken.unless(in_turn, Property::FirstCome, format_args!("{other} came before {id} in {group}"));
        }
    }
}
