//! Whether a desk agrees with the naive account of it, after a command.

use super::{Place, World};
use crate::desk::Desk;
use crate::desk::agent::Presence;
use crate::desk::policy::LeavePolicy;
use crate::time::Timestamp;

impl World {
    /// After a tick everybody is on duty, or under a sanction, exactly as the directory's word for this time is.
    pub(in crate::desk::tests) fn check_current(&self, desk: &Desk, now: Timestamp) {
        let now = now.max(desk.now());
        assert!(desk.next_due().is_none_or(|due| due > now || due == Timestamp::MIN), "all is done");
        for (id, agent) in &self.agents {
            assert_eq!(agent.on_duty, agent.roster_says(now), "{id} by the roster");
            let over = agent.entry.sanction.and_then(|sanction| sanction.until).is_some_and(|at| at <= now);
            assert!(!over, "the sanction of {id} has ended");
        }
    }

    /// Properties 4 and 5, and that the desk agrees with this account, after a command.
    pub(in crate::desk::tests) fn check_against(&self, desk: &Desk) {
        assert_eq!(self.began, self.ended + self.open.len(), "conversations in = closed + open");
        assert_eq!(desk.conversations().len(), self.open.len());
        for conversation in desk.conversations() {
            let place = &self.open[&conversation.id];
            let holder = if let Place::Assigned(agent) = place { Some(*agent) } else { None };
            assert_eq!(conversation.agent(), holder);
            let left = holder
                .map(|id| &self.agents[&id])
                .is_some_and(|agent| agent.is_barred() || agent.presence == Presence::Offline);
            let due_now = desk.next_due() == Some(Timestamp::MIN);
            let all = self.policy.as_ref().is_some_and(|policy| policy.on_leave == LeavePolicy::MoveAllNow);
            let message = self.left.contains(&conversation.id)
                && holder.is_some_and(|holder| !self.agents[&holder].is_barred());
            let gone = holder.is_some_and(|holder| !self.agents[&holder].entry.enabled);
            let stays = (conversation.owed.is_none() && !all && !gone) || message;
            assert!(!left || stays || due_now, "who may not stay is moved at once");
        }
        for (id, agent) in &self.agents {
            let there = desk.agent(*id).expect("known agent");
            assert_eq!(
                (there.load(), there.capacity, there.presence, there.next, there.duty.on_duty, &there.entry),
                (self.load(*id), agent.capacity, agent.presence, agent.next, agent.on_duty, &agent.entry)
            );
        }
        let mut waiting = 0;
        for (id, place) in &self.open {
            let Place::Queued { group, ring, .. } = place else { continue };
            waiting += 1;
            let due_now = desk.next_due() == Some(Timestamp::MIN);
            assert!(
                self.taker(*id, group, *ring).is_none() || due_now,
                "somebody could take who waits for {group}"
            );
        }
        assert_eq!(desk.queue_len(), waiting);
    }
}
