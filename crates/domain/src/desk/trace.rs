//! How a routing decision came about: recorded with the decision, and told in plain words.

use std::fmt::Write;

use super::event::Text;
use crate::ids::AgentId;

/// The steps of one routing decision, in the order they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTrace {
    /// One entry per step of the pipeline that had something to say.
    pub steps: Vec<RouteStep>,
}

/// What one step of the pipeline said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteStep {
    /// Which step.
    pub kind: StepKind,
    /// What it decided.
    pub verdict: Verdict,
    /// The group it looked at.
    pub group: Option<Text>,
    /// The agent it was about: the one kept, remembered or chosen.
    pub agent: Option<AgentId>,
    /// Rank of the agent chosen; lower is better.
    pub rank: Option<u64>,
    /// The agent who would have been next, with their rank.
    pub runner_up: Option<(AgentId, u64)>,
    /// Members of the group who could not be chosen, by why.
    pub dropped: Dropped,
}

/// How many members of a group could not be chosen, by the first reason that held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Away, or their heartbeat lapsed.
    pub offline: u32,
    /// On break.
    pub on_break: u32,
    /// Busy.
    pub busy: u32,
    /// No room left.
    pub saturated: u32,
    /// Capacity 0: transfers only.
    pub transfer_only: u32,
    /// The account is disabled.
    pub disabled: u32,
    /// There, but off duty.
    pub off_duty: u32,
    /// Winding down.
    pub winding_down: u32,
    /// Ramping.
    pub ramping: u32,
    /// Muted.
    pub muted: u32,
    /// Banned.
    pub banned: u32,
}

/// The steps of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// Does the agent who holds the conversation, or kept a place for it, keep it?
    Keep,
    /// Which group is it for?
    TargetGroup,
    /// Does the buyer know somebody who may take it?
    LastAgent,
    /// Are others waiting already?
    Line,
    /// Who ranks first?
    Strategy,
    /// Who can be left a message?
    LeaveMessage,
    /// Can the main account take it?
    MainAccount,
    /// It waits.
    Queue,
}

/// What a step decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing: on to the next step.
    Passed,
    /// It found the agent; the pipeline ends.
    Chose,
    /// The conversation waits; the pipeline ends.
    Queued,
    /// Even the queue had no room; the pipeline ends.
    QueueFull,
}

impl RouteStep {
    /// A step that said this, about nobody yet.
    #[must_use]
    pub const fn new(kind: StepKind, verdict: Verdict) -> Self {
        Self {
            kind,
            verdict,
            group: None,
            agent: None,
            rank: None,
            runner_up: None,
            dropped: Dropped {
                offline: 0,
                on_break: 0,
                busy: 0,
                saturated: 0,
                transfer_only: 0,
                disabled: 0,
                off_duty: 0,
                winding_down: 0,
                ramping: 0,
                muted: 0,
                banned: 0,
            },
        }
    }

    /// The same about an agent.
    #[must_use]
    pub const fn about(mut self, agent: Option<AgentId>) -> Self {
        self.agent = agent;
        self
    }

    /// The same about a group.
    #[must_use]
    pub fn in_group(mut self, group: &Text) -> Self {
        self.group = Some(group.clone());
        self
    }

    /// The step in one plain English line.
    #[must_use]
    pub fn line(&self) -> String {
        let chose = self.verdict == Verdict::Chose;
        let agent = self.agent.map_or_else(|| "nobody".to_owned(), |a| a.to_string());
        let group = self.group.as_deref().unwrap_or("default");
        let mut line = match (self.kind, self.verdict) {
            (StepKind::Keep, _) if chose => format!("{agent} kept a place for it"),
            (StepKind::Keep, _) => format!("{agent} held it and may not keep it"),
            (StepKind::TargetGroup, _) => format!("it is for group {group}"),
            (StepKind::LastAgent, _) if chose => format!("the buyer knows {agent}, who takes it"),
            (StepKind::LastAgent, _) => format!("the buyer knows {agent}, who cannot take it"),
            (StepKind::Line, _) => format!("others are waiting for group {group} already"),
            (StepKind::Strategy, _) if chose => format!("{agent} ranks first in group {group}"),
            (StepKind::Strategy, _) => format!("nobody in group {group} has room"),
            (StepKind::MainAccount, _) if chose => {
                format!("the main account {agent} takes it, to hand it out")
            }
            (StepKind::MainAccount, _) => "the main account cannot take it".to_owned(),
            (StepKind::LeaveMessage, _) if chose => {
                format!("nobody is there; {agent} is left a message")
            }
            (StepKind::LeaveMessage, _) => "there is nobody to leave a message with".to_owned(),
            (StepKind::Queue, Verdict::QueueFull) => "the queue is full".to_owned(),
            (StepKind::Queue, _) => format!("it waits for group {group}"),
        };
        if let Some(rank) = self.rank {
            // Writing to a string cannot fail.
            let _ = write!(line, " (rank {rank}");
            if let Some((next, rank)) = self.runner_up {
                let _ = write!(line, "; next would be {next} with rank {rank}");
            }
            line.push(')');
        }
        line.push_str(&self.dropped.clause());
        line
    }
}

impl Dropped {
    /// `; not: 3 offline, 12 saturated`, or nothing when nobody was dropped.
    fn clause(self) -> String {
        let parts: Vec<_> = [
            (self.offline, "offline"),
            (self.on_break, "on break"),
            (self.busy, "busy"),
            (self.saturated, "saturated"),
            (self.transfer_only, "for transfers only"),
            (self.disabled, "disabled"),
            (self.off_duty, "off duty"),
            (self.winding_down, "winding down"),
            (self.ramping, "ramping"),
            (self.muted, "muted"),
            (self.banned, "banned"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
        if parts.is_empty() { String::new() } else { format!("; not: {}", parts.join(", ")) }
    }
}
