//! Scenarios and receptions the tests are made of.

use crate::desk::agent::AgentEntry;
use crate::desk::policy::{Policy, ShopHours};
use crate::ids::AgentId;
use crate::simulation::{
    Arrival, Arrivals, Demand, Distribution, Message, Profile, Reception, SLOT, Scenario, Staff, Visit,
};
use crate::time::{Span, Timestamp};

/// When every scenario begins.
pub(super) const START: Timestamp = Timestamp::from_micros_clamped(1_767_225_600_000_000);

pub(super) const fn seconds(seconds: i64) -> Span {
    Span::from_secs(seconds)
}

/// The moment so many seconds after the start.
pub(super) fn at(after: i64) -> Timestamp {
    START + seconds(after)
}

/// A policy with nothing in it but the strategy: nobody is remembered, nobody is turned away.
pub(super) fn plain_policy() -> Policy {
    let hours =
        ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
    Policy {
        last_agent_windows: Vec::new(),
        queue_limit: 10_000,
        reopen_window: Span::ZERO,
        reply_due: Vec::new(),
        ..Policy::for_hours(hours)
    }
}

/// An agent of speed 1 who is always there.
pub(super) fn staff(number: u32, capacity: u32) -> Staff {
    Staff {
        id: AgentId::from_bits(u128::from(number)),
        entry: AgentEntry::plain(format!("agent {number}").into(), capacity),
        speed: 1.0,
        online: Vec::new(),
        breaks: Vec::new(),
    }
}

/// So many equal agents under the plain policy.
pub(super) fn reception(agents: u32, capacity: u32) -> Reception {
    Reception {
        name: "plain".into(),
        policy: plain_policy(),
        staff: (1..=agents).map(|number| staff(number, capacity)).collect(),
    }
}

/// About so many buyers of `per_second`, with one message each, handled in this time on average.
pub(super) fn steady(per_second: f64, chats: u32, handling: Span) -> Scenario {
    let per_slot = per_second * SLOT.seconds();
    let slots = (f64::from(chats) / per_slot).ceil() as usize;
    Scenario {
        demand: Demand {
            arrivals: Arrivals::Profile(Profile {
                start: START,
                per_slot: vec![per_slot; slots],
                kinds: Vec::new(),
            }),
            messages: 1.0,
            handling: Distribution::Exponential(handling),
            think: Distribution::Exponential(seconds(60)),
            patience: None,
        },
        warm_up: seconds(3_600),
        until: None,
    }
}

/// A buyer who comes so many seconds after the start, with messages of so many seconds' handling, ten seconds apart.
pub(super) fn visit(after: i64, handling: &[i64]) -> Visit {
    let message = |handling: &i64| Message { handling: seconds(*handling), think: seconds(10) };
    Visit {
        arrival: Arrival { at: at(after), group: None, origin: None, priority: 100 },
        patience: None,
        messages: handling.iter().map(message).collect(),
    }
}

/// A scenario of which everything is measured.
pub(super) fn whole() -> Scenario {
    Scenario { warm_up: Span::ZERO, ..steady(1.0, 1, seconds(1)) }
}
