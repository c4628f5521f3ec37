//! Whether a desk agrees with the naive account of it, after a command.

use super::{Place, World};
use crate::desk::Desk;
use crate::desk::agent::Presence;
use crate::desk::conversation::{Conversation, Stage};
use crate::desk::policy::LeavePolicy;
use crate::desk::tests::property::{Broken, Property};
use crate::time::Timestamp;

impl World {
    /// After a tick everybody is on duty, or under a sanction, exactly as the directory's word for this time is.
    pub(in crate::desk::tests) fn check_current(&self, desk: &Desk, now: Timestamp, broken: &mut Broken) {
        let now = now.max(desk.now());
        let all = desk.next_due().is_none_or(|due| due > now || due == Timestamp::MIN);
        broken.unless(all, Property::Beside, "a tick does all that is due");
        for (id, agent) in &self.agents {
            let by_roster = agent.on_duty == agent.roster_says(now);
            broken.unless(by_roster, Property::Beside, format_args!("{id} is on duty by the roster"));
            let over = agent.entry.sanction.and_then(|sanction| sanction.until).is_some_and(|at| at <= now);
            broken.unless(!over, Property::Beside, format_args!("the sanction of {id} has ended"));
        }
    }

    /// Properties 1, 4 and 5, and that the desk agrees with this account, after a command.
    pub(in crate::desk::tests) fn check_against(&self, desk: &Desk, broken: &mut Broken) {
        let conversations = desk.conversations();
        let all = self.began == self.ended + self.open.len() && conversations.len() == self.open.len();
        broken.unless(all, Property::OnePlace, "what began has ended or is open");
        for conversation in conversations {
            self.check_conversation(desk, conversation, broken);
        }
        for (id, agent) in &self.agents {
            let there = desk.agent(*id).expect("known agent");
            let holds = there.load() == self.load(*id);
            broken.unless(holds, Property::OneAssignee, format_args!("{id} holds what was assigned to her"));
            let is = (there.capacity, there.presence, there.next, there.duty.on_duty, &there.entry);
            let was_told = (agent.capacity, agent.presence, agent.next, agent.on_duty, &agent.entry);
            broken.unless(is == was_told, Property::Beside, format_args!("{id} is as the events say"));
        }
        self.check_waiting(desk, broken);
    }

    fn check_conversation(&self, desk: &Desk, conversation: &Conversation, broken: &mut Broken) {
        let Some(place) = self.open.get(&conversation.id) else { return };
        let placed = match place {
            Place::Entered => conversation.stage == Stage::Entered,
            Place::Kept(_) => matches!(conversation.stage, Stage::Kept(_)),
            Place::Open => conversation.stage == Stage::Open,
            Place::WithRobot => conversation.stage == Stage::WithRobot,
            Place::Queued { .. } => matches!(conversation.stage, Stage::Queued(_)),
            Place::Assigned(_) => matches!(conversation.stage, Stage::Assigned(_)),
        };
        broken.unless(placed, Property::OnePlace, format_args!("{} is {place:?}", conversation.id));
        let holder = place.holder();
        broken.unless(conversation.agent() == holder, Property::OneAssignee, "the last assignee holds it");
        let left = holder
            .map(|id| &self.agents[&id])
            .is_some_and(|agent| agent.is_barred() || agent.presence == Presence::Offline);
        let due_now = desk.next_due() == Some(Timestamp::MIN);
        let all = self.policy.as_ref().is_some_and(|policy| policy.on_leave == LeavePolicy::MoveAllNow);
        let message = self.left.contains(&conversation.id)
            && holder.is_some_and(|holder| !self.agents[&holder].is_barred());
        let gone = holder.is_some_and(|holder| !self.agents[&holder].entry.enabled);
        let stays = (conversation.owed().is_none() && !all && !gone) || message;
        broken.unless(!left || stays || due_now, Property::Beside, "who may not stay is moved at once");
    }

    fn check_waiting(&self, desk: &Desk, broken: &mut Broken) {
        let mut waiting = 0;
        for (id, place) in &self.open {
            let Place::Queued { group, ring, .. } = place else { continue };
            waiting += 1;
            let due_now = desk.next_due() == Some(Timestamp::MIN);
            let nobody = self.taker(*id, group, *ring).is_none();
            broken.unless(
                nobody || due_now,
                Property::NobodyHasRoom,
                format_args!("nobody could take who waits for {group}"),
            );
        }
        broken.unless(desk.queue_len() == waiting, Property::OnePlace, "as many wait as were queued");
    }
}
