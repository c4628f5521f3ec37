//! Who comes: a steady stream, the hours of a day, or those of a recorded log.

use anyhow::ensure;
use fenliu_domain::day::{Day, Zone};
use fenliu_domain::desk::queue::USUAL_PRIORITY;
use fenliu_domain::simulation::{Arrival, Arrivals, Demand, Distribution, Profile, SLOT, Scenario};
use fenliu_domain::time::{Span, Timestamp};

use crate::cli::simulate::{BuyersArgs, Hourly, SimulateArgs};
use crate::reading::{Reading, progress_over};

/// Left out of what is measured where buyers come all the time: the desk begins empty.
const WARM_UP: Span = Span::from_hours(1);
/// Priority band of buyers a log marks as important.
const VIP_PRIORITY: u8 = 50;
/// Agents of a roster who stay longest have left by then, after the end of its last day.
const AFTER_THE_LAST_DAY: Span = Span::from_hours(28);

/// Who comes, and in words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Buyers {
    /// Who comes, and what of it is measured.
    pub(super) scenario: Scenario,
    /// The same for people.
    pub(super) words: String,
}

/// The buyers that were asked for. Those of a log stay away on days that are not among `days`.
///
/// # Errors
/// When a log cannot be read or nobody in it comes on those days, or when a roster is given and nothing says when
/// buyers come.
pub(super) fn buyers(args: &SimulateArgs, zone: Zone, days: Option<(Day, Day)>) -> anyhow::Result<Buyers> {
    let of = &args.buyers;
    if !of.log.is_empty() {
        return logged(of, zone, days);
    }
    if let Some(hourly) = of.hourly {
        return Ok(by_the_hour(of, hourly, zone, days));
    }
    ensure!(days.is_none(), "a roster needs to know when buyers come; give --hourly or --log as well");
    Ok(steady(args))
}

fn steady(args: &SimulateArgs) -> Buyers {
    let (of, agents) = (&args.buyers, args.staff.agents);
    // So many buyers a second that answering them takes this share of the agents' time.
    let share = f64::from(of.load) / 100.0;
    let per_second = share * f64::from(agents) / f64::from(of.messages * of.handling);
    let per_slot = per_second * SLOT.seconds();
    let slots = (f64::from(of.buyers) / per_slot).ceil().max(1.0) as usize;
    let profile = Profile { start: first_day(Zone::UTC), per_slot: vec![per_slot; slots], kinds: Vec::new() };
    Buyers {
        scenario: scenario(of, Arrivals::Profile(profile), WARM_UP, None),
        words: format!(
            "{} buyers, so many at once that agents are to be busy {} % of the time",
            of.buyers, of.load
        ),
    }
}

fn by_the_hour(of: &BuyersArgs, Hourly(hours): Hourly, zone: Zone, days: Option<(Day, Day)>) -> Buyers {
    let monday = zone.day_of(first_day(zone));
    let (first, last) = days.unwrap_or((monday, monday.plus(of.days - 1)));
    let (start, end) = (zone.start_of(first), zone.start_of(last.plus(1)));
    let slots = usize::try_from(end.since(start).micros() / SLOT.micros()).unwrap_or(0);
    let slot = |at: Timestamp| hours[zone.local(at).hour()] * SLOT.seconds() / 3_600.0;
    let begins = std::iter::successors(Some(start), |at| Some(*at + SLOT));
    let per_slot = begins.take(slots).map(slot).collect();
    let until = days.map(|_| end + AFTER_THE_LAST_DAY);
    let profile = Profile { start, per_slot, kinds: Vec::new() };
    Buyers {
        scenario: scenario(of, Arrivals::Profile(profile), Span::ZERO, until),
        words: format!(
            "{} buyers a day on average, from {first} to {last}",
            hours.iter().sum::<f64>().round()
        ),
    }
}

fn logged(of: &BuyersArgs, zone: Zone, days: Option<(Day, Day)>) -> anyhow::Result<Buyers> {
    let range = days.map(|(first, last)| (zone.start_of(first), zone.start_of(last.plus(1))));
    let (mut reading, mut arrivals) = (Reading::default(), Vec::new());
    let progress = progress_over(&of.log, "reading");
    for file in &of.log {
        reading.each(of.format, file, &progress, |conversation| {
            if range.is_none_or(|(start, end)| (start..end).contains(&conversation.opened)) {
                let priority = if conversation.vip { VIP_PRIORITY } else { USUAL_PRIORITY };
                arrivals.push(Arrival { at: conversation.opened, group: None, origin: None, priority });
            }
            Ok(())
        })?;
    }
    progress.finish();
    let notes = reading.notes();
    ensure!(!arrivals.is_empty(), "nobody in the log comes on the days of the roster: {}", notes.join("; "));
    let count = arrivals.len();
    let until = range.map(|(_, end)| end + AFTER_THE_LAST_DAY);
    Ok(Buyers {
        scenario: scenario(of, Arrivals::Log(arrivals), Span::ZERO, until),
        words: format!("{count} buyers, when those of the log came ({})", notes.join("; ")),
    })
}

/// The first moment of Monday, 5 January 2026: any would do.
fn first_day(zone: Zone) -> Timestamp {
    Day::new(2026, 1, 5).map(|day| zone.start_of(day)).unwrap_or_default()
}

fn scenario(of: &BuyersArgs, arrivals: Arrivals, warm_up: Span, until: Option<Timestamp>) -> Scenario {
    let seconds = |seconds: u32| Distribution::Exponential(Span::from_secs(seconds.into()));
    Scenario {
        demand: Demand {
            arrivals,
            messages: f64::from(of.messages),
            handling: seconds(of.handling),
            think: seconds(of.think),
            patience: of.patience.map(|patience| Span::from_secs(patience.into())),
        },
        warm_up,
        until,
    }
}
