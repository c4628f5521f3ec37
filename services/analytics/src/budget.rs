//! Today's error budget: what a target leaves of the day so far, where the day is heading, and how fast the budget goes.
//!
//! One pass over the facts of today, and of the days before on which something was asked that is due today, feeds the day's
//! units and those settled in each window of the burn alarms ([`Books`]). When conversations came on the 28 local days
//! before makes the shop's usual day; that is kept by day.
//!
//! Invariants: what is counted is of one state of the store; what was not counted has no budget, no projection and no burn.

use fenliu_domain::budget::{Alarm, Budget, FAST, Outlook, Projection, SLOW, State, Units, project};
use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::demand::{Counts, DayProfile};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Parts, RulePack, Tally};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};

use crate::arrivals::Arrivals;
use crate::storage::{Fault, Fold, Folded, Store};

#[cfg(test)]
mod tests;

/// Local days before today that make the usual day.
const USUAL_DAYS: u32 = 28;
/// How much longer than its limit a question may have where weekends leave the clock.
const WEEKEND: Span = Span::from_hours(4 * 24);
/// Fewest days of today's weekday that make a usual day of their own.
const ENOUGH_DAYS: u32 = 3;
/// Fewest conversations that such days must have had together.
const ENOUGH_ARRIVALS: u64 = 100;

/// Whose budget is asked for, by which pack and target, as of when.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) shop: ShopId,
    pub(crate) pack: RulePack,
    /// In basis points, at least 1.
    pub(crate) target: u32,
    pub(crate) as_of: Timestamp,
}

/// What is left of a day, and where it is heading.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) question: Question,
    pub(crate) today: Day,
    pub(crate) parts: Parts,
    pub(crate) budget: Option<Budget>,
    pub(crate) projection: Option<Projection>,
    /// How many days the usual day is the mean of.
    pub(crate) usual_days: u32,
    pub(crate) fast: Watched,
    pub(crate) slow: Watched,
    pub(crate) position: i64,
    pub(crate) zone: Zone,
}

/// An alarm and what its windows hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) alarm: Alarm,
    pub(crate) short: Units,
    pub(crate) long: Units,
    pub(crate) state: State,
}

/// What the windows of both alarms hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Burning {
    pub(crate) fast: Watched,
    pub(crate) slow: Watched,
    pub(crate) zone: Zone,
}

impl Watched {
    /// Whether its alarm is on.
    pub(crate) fn is_burning(&self) -> bool {
        self.state == State::Burning
    }
}

/// The windows of both alarms, as conversations come in.
struct Alarms {
    fast: Windows,
    slow: Windows,
}

impl Fold for Alarms {
    fn add(&mut self, conversation: &Conversation) {
        self.fast.add(conversation);
        self.slow.add(conversation);
    }
}

/// Everything a budget is made of, as conversations come in.
struct Books {
    pack: RulePack,
    zone: Zone,
    /// What was settled before this moment is in no tally.
    since: Timestamp,
    today: Tally,
    fast: Windows,
    slow: Windows,
}

/// The tallies of an alarm's windows.
struct Windows {
    alarm: Alarm,
    short: Tally,
    long: Tally,
}

impl Question {
    /// What is left.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn answer(self, store: &Store) -> Result<Outcome, Problem> {
        let (asked, as_of) = (self.clone(), self.as_of);
        let begin = move |zone: Zone| {
            let books = Books::open(asked, zone);
            Ok((DayRange { first: Some(books.first_day()), last: Some(zone.day_of(as_of)) }, books))
        };
        let folded = store.fold(self.shop, begin).await.map_err(Fault::into_problem)?;
        let days_before = move |zone: Zone| {
            let today = zone.day_of(as_of);
            DayRange { first: Some(today.minus(USUAL_DAYS)), last: Some(today.minus(1)) }
        };
        let arrivals = store.arrivals(self.shop, days_before).await.map_err(Fault::into_problem)?;
        let Folded { fold, position, zone } = folded;
        self.made_of(fold, &arrivals.fold, position, zone)
    }

    /// How fast the budget goes, without all else: only what bears on the last hours is read.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn burning(self, store: &Store) -> Result<Burning, Problem> {
        let Self { shop, pack, target, as_of } = self;
        let begin = move |zone: Zone| {
            // What is settled in a window was asked no longer before it than an answer may take, weekends left out.
            let first = zone.day_of(as_of - SLOW.long - pack.limit);
            let range = DayRange { first: Some(first.minus(3)), last: Some(zone.day_of(as_of)) };
            let windows = |alarm| Windows::open(alarm, &pack, zone, as_of);
            Ok((range, Alarms { fast: windows(FAST), slow: windows(SLOW) }))
        };
        let folded = store.fold(shop, begin).await.map_err(Fault::into_problem)?;
        let Folded { fold: Alarms { fast, slow }, zone, .. } = folded;
        Ok(Burning { fast: fast.close(target), slow: slow.close(target), zone })
    }

    fn made_of(
        self,
        books: Books,
        arrivals: &Arrivals,
        position: i64,
        zone: Zone,
    ) -> Result<Outcome, Problem> {
        let Books { today: tally, fast, slow, .. } = books;
        let local = zone.local(self.as_of);
        let mut counts = Counts::new(zone, &(local.day.minus(USUAL_DAYS)..=local.day.minus(1)))?;
        // Only who comes inside the window can become a unit.
        for (minute, count) in arrivals.minutes().filter(|(at, _)| self.pack.window.contains(zone.local(*at)))
        {
            counts.add(minute, count);
        }
        let (parts, fast, slow) = (tally.finish().total, fast.close(self.target), slow.close(self.target));
        let usual = usual_day(&counts, zone, local.day)?;
        let so_far = Units::of(&parts);
        let outlook = Outlook { so_far, recent: fast.long, profile: &usual, now: local.clock() };
        Ok(Outcome {
            today: local.day,
            parts,
            budget: Budget::of(so_far, self.target),
            projection: project(&outlook),
            usual_days: usual.days,
            fast,
            slow,
            position,
            zone,
            question: self,
        })
    }
}

impl Books {
    fn open(asked: Question, zone: Zone) -> Self {
        let Question { pack, as_of, .. } = asked;
        let today = zone.day_of(as_of);
        let tally = Tally::new(pack.clone(), zone, as_of, DayRange::only(today));
        let windows = |alarm| Windows::open(alarm, &pack, zone, as_of);
        Self {
            since: zone.start_of(today).min(as_of - SLOW.long),
            today: tally,
            fast: windows(FAST),
            slow: windows(SLOW),
            pack,
            zone,
        }
    }

    /// The first day on which something can have been asked that is of today or of a window.
    fn first_day(&self) -> Day {
        let weekend = if self.pack.weekend_answer_by.is_some() { WEEKEND } else { Span::ZERO };
        self.zone.day_of(self.since - self.pack.limit - weekend)
    }

    /// Whether it can have something to do with today or with a window. What was asked is settled when it is due at the
    /// latest, and what was asked earlier is due earlier. A session that is taken up again may have ended whenever.
    fn bears_on_today(&self, conversation: &Conversation) -> bool {
        let due = conversation.session.last_asked_at.map(|asked| self.pack.due(self.zone, asked));
        self.pack.rejoin_within.is_some() || due.is_some_and(|due| due >= self.since)
    }
}

impl Fold for Books {
    fn add(&mut self, conversation: &Conversation) {
        if self.bears_on_today(conversation) {
            self.today.add(conversation);
            self.fast.add(conversation);
            self.slow.add(conversation);
        }
    }

    fn bears_for(&self) -> Span {
        self.today.bears_for()
    }
}

impl Windows {
    fn open(alarm: Alarm, pack: &RulePack, zone: Zone, as_of: Timestamp) -> Self {
        // A window may begin yesterday, and what is settled in it may have been asked on any day.
        let tally = |length: Span| {
            Tally::new(pack.clone(), zone, as_of, DayRange::default()).settled_after(as_of - length)
        };
        Self { alarm, short: tally(alarm.short), long: tally(alarm.long) }
    }

    fn add(&mut self, conversation: &Conversation) {
        self.short.add(conversation);
        self.long.add(conversation);
    }

    fn close(self, target: u32) -> Watched {
        let Self { alarm, short, long } = self;
        let units = |tally: Tally| Units::of(&tally.finish().total);
        let (short, long) = (units(short), units(long));
        Watched { alarm, short, long, state: alarm.state(short, long, target) }
    }
}

/// The shop's usual day: the mean of the days of the same weekday, or of all where those are too few to tell. Days before
/// the first conversation are none of the shop's.
fn usual_day(arrivals: &Counts, zone: Zone, today: Day) -> Result<DayProfile, Problem> {
    let Some(first) = arrivals.cells().iter().find(|counted| counted.count > 0) else {
        return Ok(DayProfile::default());
    };
    let mut known = Counts::new(zone, &(first.cell.day..=today.minus(1)))?;
    for counted in arrivals.cells() {
        known.add(counted.cell.stretch.start, counted.count);
    }
    let week = known.week();
    let like_today = week.like(today);
    let enough = like_today.days >= ENOUGH_DAYS && like_today.total() >= ENOUGH_ARRIVALS;
    Ok(if enough { like_today } else { week.any_day() })
}
