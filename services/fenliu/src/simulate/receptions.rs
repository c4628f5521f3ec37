//! Who receives the buyers: every combination of policy, roster and strategy.

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::desk::agent::AgentEntry;
use fenliu_domain::desk::policy::Policy;
use fenliu_domain::desk::strategy::Strategy;
use fenliu_domain::ids::AgentId;
use fenliu_domain::simulation::{Reception, Staff};
use fenliu_domain::time::Span;

use super::{policies, rosters};
use crate::cli::simulate::SimulateArgs;

/// The strategies compared when nothing is.
const USUAL: [Strategy; 4] = [
    Strategy::Random { seed: 0 },
    Strategy::RoundRobin,
    Strategy::LeastSaturated,
    Strategy::LeastUnanswered { open_permille: 100 },
];

/// Every reception that is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Receptions {
    /// They, the one the others are compared with first.
    pub(super) all: Vec<Reception>,
    /// The days of their rosters, the first and the last; `None` = everybody is there all the time.
    pub(super) days: Option<(Day, Day)>,
}

/// One way to receive: what it is called, where it has to be told apart, and what it is.
struct Way<T> {
    name: Option<String>,
    what: T,
}

/// The receptions that were asked for.
///
/// # Errors
/// When a policy or a roster cannot be read, or the rosters are not of the same days.
pub(super) fn receptions(args: &SimulateArgs, zone: Zone) -> anyhow::Result<Receptions> {
    let policies = ways_of_policy(args, zone)?;
    let (days, rosters) = ways_of_roster(args, zone)?;
    let strategies = ways_of_strategy(args);
    let mut all = Vec::new();
    for policy in &policies {
        for roster in &rosters {
            for strategy in &strategies {
                let names = [&policy.name, &roster.name, &strategy.name];
                let name = names.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
                let mut policy = policy.what.clone();
                policy.strategy = strategy.what.unwrap_or(policy.strategy);
                let name = if name.is_empty() { policy.strategy.name().to_owned() } else { name };
                all.push(Reception { name, policy, staff: roster.what.clone() });
            }
        }
    }
    Ok(Receptions { all, days })
}

fn ways_of_policy(args: &SimulateArgs, zone: Zone) -> anyhow::Result<Vec<Way<Policy>>> {
    if args.compared.policy.is_empty() {
        return Ok(vec![Way { name: None, what: policies::plain(zone) }]);
    }
    let read = args.compared.policy.iter().map(|given| policies::read(given, zone));
    read.map(|read| read.map(|read| Way { name: Some(read.name), what: read.policy })).collect()
}

fn ways_of_strategy(args: &SimulateArgs) -> Vec<Way<Option<Strategy>>> {
    let one = |strategy: &Strategy| Way { name: Some(strategy.name().to_owned()), what: Some(*strategy) };
    match args.compared.strategy.as_slice() {
        [] if args.compared.policy.is_empty() && args.staff.roster.is_empty() => {
            USUAL.iter().map(one).collect()
        }
        // The policy says.
        [] => vec![Way { name: None, what: None }],
        asked => asked.iter().map(one).collect(),
    }
}

type Rosters = (Option<(Day, Day)>, Vec<Way<Vec<Staff>>>);

fn ways_of_roster(args: &SimulateArgs, zone: Zone) -> anyhow::Result<Rosters> {
    if args.staff.roster.is_empty() {
        return Ok((None, vec![Way { name: None, what: everybody(args) }]));
    }
    let terms = rosters::Terms {
        zone,
        capacity: args.staff.capacity,
        stay: Span::from_mins(args.staff.stay.into()),
        templates: &args.staff.templates,
    };
    let read: Vec<_> =
        args.staff.roster.iter().map(|path| rosters::read(path, &terms)).collect::<anyhow::Result<_>>()?;
    let days = read.first().map(|first| first.days);
    anyhow::ensure!(
        read.iter().all(|roster| Some(roster.days) == days),
        "the rosters are of different days; give rosters of the same first and last day"
    );
    Ok((days, read.into_iter().map(|roster| Way { name: Some(roster.name), what: roster.staff }).collect()))
}

fn everybody(args: &SimulateArgs) -> Vec<Staff> {
    (1..=args.staff.agents)
        .map(|number| agent(number, &format!("agent {number}"), args.staff.capacity))
        .collect()
}

/// An agent who may take whatever comes.
pub(super) fn agent(number: u32, name: &str, capacity: u32) -> Staff {
    Staff {
        id: AgentId::from_bits(number.into()),
        entry: AgentEntry::plain(name.into(), capacity),
        speed: 1.0,
        online: Vec::new(),
        breaks: Vec::new(),
    }
}
