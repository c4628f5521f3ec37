//! Random policies for the properties: every choice a shop has, on and off.

use proptest::prelude::{Strategy, any};

use crate::desk::policy::{Fallback, IdleRule, LeavePolicy, Policy, QueueOrder, Ramp, Ring};
use crate::desk::strategy::Strategy as DeskStrategy;
use crate::time::Span;

/// What else a policy says; numbers choose among a few.
#[derive(Clone, Debug)]
pub struct More {
    strategy: usize,
    fallbacks: usize,
    rings: u8,
    savable: bool,
    leave: u8,
    idle: bool,
    break_limit: bool,
    ramp: bool,
    guard: bool,
    pre_assign: bool,
}

impl More {
    pub(super) fn apply(&self, policy: Policy) -> Policy {
        let ring = |group: &str, helper: &str, minutes| Ring {
            group: group.into(),
            helper: helper.into(),
            after: Span::from_mins(minutes),
        };
        let rings = [ring("vip", "default", 2), ring("default", "after-sale", 0), ring("default", "vip", 5)];
        let chains: [&[Fallback]; 5] = [
            &[Fallback::Queue],
            &[Fallback::MainAccount, Fallback::Queue],
            &[Fallback::MainAccount, Fallback::LeaveMessage],
            &[Fallback::LeaveMessage],
            &[Fallback::LeaveMessage, Fallback::MainAccount, Fallback::Queue],
        ];
        let limit = Span::from_mins(3);
        Policy {
            strategy: DeskStrategy::ALL[self.strategy],
            fallbacks: chains[self.fallbacks].to_vec(),
            rings: rings[..usize::from(self.rings)].to_vec(),
            order: if self.savable {
                QueueOrder::SavableFirst { limit, late_every: 3 }
            } else {
                QueueOrder::FirstCome
            },
            on_leave: [LeavePolicy::MoveOwedNow, LeavePolicy::MoveAllNow, LeavePolicy::Refuse]
                [usize::from(self.leave)],
            idle: self
                .idle
                .then_some(IdleRule { remark_after: Span::from_mins(2), close_after: Span::from_mins(4) }),
            break_limit: self.break_limit.then_some(Span::from_mins(3)),
            ramp: self.ramp.then_some(Ramp {
                every: Span::from_mins(1),
                lasts: Span::from_mins(4),
                queue_over: 1,
            }),
            guard_last_agent: self.guard,
            pre_assign: self.pre_assign.then_some(Span::from_mins(2)),
            ..policy
        }
    }
}

pub(super) fn more() -> impl Strategy<Value = More> {
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (0..DeskStrategy::ALL.len(), 0..5_usize, 0..4_u8, 0..3_u8, switches).prop_map(
        |(strategy, fallbacks, rings, leave, (savable, idle, break_limit, ramp, guard, pre_assign))| More {
            strategy,
            fallbacks,
            rings,
            savable,
            leave,
            idle,
            break_limit,
            ramp,
            guard,
            pre_assign,
        },
    )
}
