//! Two packs over past days of a shop, side by side.

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Evaluated, Evaluation, MAX_UNITS_HELD, RulePack, UnitPage};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;

use crate::storage::{Fault, Fold, Folded, Store};

/// Days that are judged when the caller does not say.
const USUAL_DAYS: u32 = 30;
/// Most days from the first to the last.
const MAX_DAYS: i64 = 30;

/// Which packs are asked for, over which days of which shop, and which part of what differs.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) shop: ShopId,
    /// The pack in question, and the one beside it.
    pub(crate) packs: (RulePack, RulePack),
    /// An open end is the local day of `as_of`; an open start so many days before.
    pub(crate) range: DayRange,
    pub(crate) as_of: Timestamp,
    pub(crate) page: UnitPage,
}

/// What both make of these days.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) question: Question,
    pub(crate) days: (Day, Day),
    pub(crate) evaluated: Evaluated,
    pub(crate) position: i64,
    pub(crate) zone: Zone,
}

impl Fold for Evaluation {
    fn add(&mut self, conversation: &Conversation) {
        Self::add(self, conversation);
    }
}

impl Question {
    /// What both make of the days.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; INVALID_REQUEST naming the date that makes too many days, or days with too many units.
    pub(crate) async fn answer(self, store: &Store) -> Result<Outcome, Problem> {
        let asked = self.clone();
        let begin = move |zone: Zone| {
            let (first, last) = asked.days(zone)?;
            let range = DayRange { first: Some(first), last: Some(last) };
            Ok((range, Evaluation::new(asked.packs, zone, asked.as_of, range, asked.page)))
        };
        let folded = store.fold(self.shop, begin).await.map_err(Fault::into_problem)?;
        let Folded { fold, position, zone } = folded;
        let days = self.days(zone)?;
        let evaluated = fold.finish().ok_or_else(too_many_units)?;
        Ok(Outcome { question: self, days, evaluated, position, zone })
    }

    fn days(&self, zone: Zone) -> Result<(Day, Day), Problem> {
        let last = self.range.last.unwrap_or_else(|| zone.day_of(self.as_of));
        let first = self.range.first.unwrap_or_else(|| last.minus(USUAL_DAYS - 1));
        match first.days_until(last) {
            0..=MAX_DAYS => Ok((first, last)),
            ..0 => Err(Problem::field("start_date", format!("must not be after {last}"))),
            _ => {
                let expected = format!("must be at most {MAX_DAYS} days before {last}");
                Err(Problem::field("start_date", expected))
            }
        }
    }
}

fn too_many_units() -> Problem {
    let expected =
        format!("must be later: these days hold more than {MAX_UNITS_HELD} units that are compared at once");
    Problem::field("start_date", expected)
}
