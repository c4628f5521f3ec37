//! The second account: walks every minute, and knows of a zone only what its clock shows at each.
//!
//! It keeps the latest local date and time the clock has shown so far. A shift is on from the minute that account
//! reaches the shift's start up to the one at which it reaches the end.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use crate::day::{Day, Window, Zone};
use crate::ids::AgentId;
use crate::roster::{Assignment, BreakWindow, Cause, DutyWindow, Exception, Plan, Shift, Work};
use crate::time::Timestamp;

/// Who is on which shift, and why.
pub(super) type On = BTreeSet<(AgentId, String, Cause)>;

/// What holds in one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Minute {
    pub(super) on: On,
    pub(super) resting: BTreeSet<AgentId>,
}

impl Minute {
    pub(super) fn agents(&self) -> BTreeSet<AgentId> {
        self.on.iter().map(|(agent, ..)| *agent).collect()
    }
}

/// The latest local time shown up to and in each minute of a range.
pub(super) struct Walk {
    pub(super) first: i64,
    pub(super) reached: Vec<NaiveDateTime>,
}

/// A shift of one day in local time.
struct Job {
    agent: AgentId,
    cause: Cause,
    label: String,
    start: NaiveDateTime,
    end: NaiveDateTime,
    breaks: Vec<(NaiveDateTime, NaiveDateTime)>,
}

pub(super) fn minute_of(at: Timestamp) -> i64 {
    assert_eq!(at.micros() % 60_000_000, 0, "{at} is no whole minute");
    at.micros() / 60_000_000
}

pub(super) fn date(day: Day) -> NaiveDate {
    day.to_string().parse().expect("a date")
}

fn clock(date: NaiveDate, minutes: u16) -> NaiveDateTime {
    date.and_hms_opt(0, 0, 0).expect("midnight") + TimeDelta::minutes(minutes.into())
}

/// Start and end on the clock, the end being the first of its kind after the start.
pub(super) fn clock_span(date: NaiveDate, start: u16, end: u16) -> (NaiveDateTime, NaiveDateTime) {
    let begins = clock(date, start);
    let ends = clock(date, end);
    (begins, if ends > begins { ends } else { ends + TimeDelta::days(1) })
}

impl Walk {
    pub(super) fn new(zone: Zone, from: Timestamp, to: Timestamp) -> Self {
        let tz: Tz = zone.name().parse().expect("a zone");
        let (first, end) = (minute_of(from), minute_of(to));
        let mut latest = NaiveDateTime::MIN;
        let mut reached = Vec::new();
        // Four days before, whatever was reached earlier has been passed again.
        for minute in first - 4 * 1_440..end {
            let shown = DateTime::from_timestamp(minute * 60, 0).expect("in range").with_timezone(&tz);
            latest = latest.max(shown.naive_local());
            if minute >= first {
                reached.push(latest);
            }
        }
        Self { first, reached }
    }

    /// What holds in each minute.
    pub(super) fn duty(&self, plan: &Plan, exceptions: &[Exception]) -> Vec<Minute> {
        let from = self.reached.first().expect("not empty").date() - TimeDelta::days(3);
        let to = self.reached.last().expect("not empty").date() + TimeDelta::days(2);
        let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
        let jobs = jobs(plan, exceptions, &days);
        (self.first..)
            .zip(&self.reached)
            .map(|(minute, reached)| look(&jobs, exceptions, minute, *reached))
            .collect()
    }

    /// The day whose service window each minute is in.
    pub(super) fn service(&self, service: Window, days: &[Day]) -> Vec<Option<Day>> {
        let spans: Vec<_> = days
            .iter()
            .map(|day| (*day, clock_span(date(*day), service.start().minutes(), service.end().minutes())))
            .collect();
        let open = |reached: &NaiveDateTime| {
            spans.iter().find(|(_, (start, end))| start <= reached && reached < end).map(|(day, _)| *day)
        };
        self.reached.iter().map(open).collect()
    }
}

fn look(jobs: &[Job], exceptions: &[Exception], minute: i64, reached: NaiveDateTime) -> Minute {
    let mut now = Minute::default();
    for job in jobs.iter().filter(|job| job.start <= reached && reached < job.end) {
        let away = exceptions.iter().any(|exception| match exception {
            Exception::Leave { agent, from, to } => {
                *agent == job.agent && minute_of(*from) <= minute && minute < minute_of(*to)
            }
            _ => false,
        });
        if away {
            continue;
        }
        now.on.insert((job.agent, job.label.clone(), job.cause));
        if job.breaks.iter().any(|(start, end)| *start <= reached && reached < *end) {
            now.resting.insert(job.agent);
        }
    }
    now
}

fn jobs(plan: &Plan, exceptions: &[Exception], days: &[NaiveDate]) -> Vec<Job> {
    let mut jobs = Vec::new();
    let agents: BTreeSet<AgentId> = plan.assignments.iter().map(Assignment::agent).collect();
    for day in days {
        for agent in &agents {
            let (holder, cause) = holder(exceptions, *agent, *day);
            for (label, shift) in planned(plan, *agent, *day) {
                jobs.push(job(holder, cause, label, *day, shift));
            }
        }
        for exception in exceptions {
            if let Exception::ExtraDuty { agent, day: extra, shift } = exception
                && date(*extra) == *day
            {
                jobs.push(job(*agent, Cause::Extra, shift.hours(), *day, shift));
            }
        }
    }
    jobs
}

fn job(agent: AgentId, cause: Cause, label: String, day: NaiveDate, shift: &Shift) -> Job {
    let (start, end) = clock_span(day, shift.start.minutes(), shift.end.minutes());
    let rest = |rest: &Window| {
        let (begins, ends) = clock_span(day, rest.start().minutes(), rest.end().minutes());
        let next = if begins < start { TimeDelta::days(1) } else { TimeDelta::zero() };
        (begins + next, ends + next)
    };
    Job { agent, cause, label, start, end, breaks: shift.breaks.iter().map(rest).collect() }
}

fn holder(exceptions: &[Exception], agent: AgentId, day: NaiveDate) -> (AgentId, Cause) {
    let mut gone = BTreeSet::new();
    for exception in exceptions {
        let Exception::Swap { first, second } = exception else { continue };
        let keys = [(first.agent, date(first.day)), (second.agent, date(second.day))];
        if keys.iter().any(|key| gone.contains(key)) {
            continue;
        }
        gone.extend(keys);
        if keys[0] == (agent, day) {
            return (second.agent, Cause::Swapped);
        }
        if keys[1] == (agent, day) {
            return (first.agent, Cause::Swapped);
        }
    }
    (agent, Cause::Planned)
}

fn planned(plan: &Plan, agent: AgentId, day: NaiveDate) -> Vec<(String, &Shift)> {
    let template = |name: &String| {
        let found = plan.templates.iter().find(|template| template.name == *name).expect("a template");
        (name.clone(), &found.shift)
    };
    for assignment in &plan.assignments {
        if let Assignment::Dated { agent: whose, day: when, work } = assignment
            && *whose == agent
            && date(*when) == day
        {
            return work
                .iter()
                .map(|one| match one {
                    Work::Template(name) => template(name),
                    Work::Shift(shift) => (shift.hours(), shift),
                })
                .collect();
        }
    }
    let mut found = Vec::new();
    for assignment in &plan.assignments {
        if let Assignment::Rotating { agent: whose, rotation, anchor, first, last } = assignment
            && *whose == agent
            && date(*first) <= day
            && last.is_none_or(|last| day <= date(last))
        {
            let cycle =
                &plan.rotations.iter().find(|cycle| cycle.name == *rotation).expect("a rotation").days;
            // Walks to the day, turning the cycle as it goes.
            let mut at = date(*anchor);
            let mut place = 0;
            while at < day {
                at += TimeDelta::days(1);
                place = if place + 1 == cycle.len() { 0 } else { place + 1 };
            }
            while at > day {
                at -= TimeDelta::days(1);
                place = if place == 0 { cycle.len() - 1 } else { place - 1 };
            }
            found.extend(cycle[place].iter().map(template));
        }
    }
    found
}

/// What windows and breaks say of each minute from `first` on.
pub(super) fn spread(
    windows: &[DutyWindow],
    breaks: &[BreakWindow],
    first: i64,
    count: usize,
) -> Vec<Minute> {
    let mut minutes = vec![Minute::default(); count];
    let mut each = |start, end, note: &mut dyn FnMut(&mut Minute)| {
        for minute in minute_of(start)..minute_of(end) {
            let place = usize::try_from(minute - first).expect("not before the range");
            note(&mut minutes[place]);
        }
    };
    for window in windows {
        let entry = (window.agent, window.shift.to_string(), window.cause);
        assert!(window.start < window.end, "no window is empty: {window:?}");
        each(window.start, window.end, &mut |minute| {
            minute.on.insert(entry.clone());
        });
    }
    for rest in breaks {
        each(rest.start, rest.end, &mut |minute| {
            assert!(minute.resting.insert(rest.agent), "breaks of one agent do not overlap");
        });
    }
    minutes
}
