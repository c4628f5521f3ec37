//! What takes a look at the facts of hours and days: how fast the budget burns, and where the shop stands.

use std::collections::BTreeMap;

use fenliu_domain::alert::{Detail, Kind, Seen};
use fenliu_domain::day::Day;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::standing::{Rules as Consequences, What};
use fenliu_domain::time::{Span, Timestamp};

use crate::budget::{self, Watched};
use crate::compliance;
use crate::packs::PackByShop;
use crate::storage::Store;

/// How often the budget of a shop is looked at.
const EVERY: Span = Span::from_mins(1);
/// How often a shop is looked at in which nothing moves.
const AT_LEAST_EVERY: Span = Span::from_hours(1);
/// How long after something moved in a shop its budget can still burn: the longest window, and some time for limits to pass.
const MOVED_WITHIN: Span = Span::from_hours(8);
/// How long after its end a day is judged, so that what was asked last has its time.
const DAY_SETTLES: Span = Span::from_mins(10);
/// Most shops looked at in one tick; the others come with the next ones.
const AT_ONCE: usize = 8;

/// What was seen of each shop when it was looked at last.
#[derive(Debug)]
pub(super) struct Slow {
    packs: PackByShop,
    shops: BTreeMap<ShopId, Looked>,
}

#[derive(Debug, Default)]
struct Looked {
    /// When the budget was looked at.
    at: Option<Timestamp>,
    burns: Option<BTreeMap<String, Detail>>,
    /// The day as of which the standing was looked at.
    day: Option<Day>,
    standing: Option<BTreeMap<String, Detail>>,
}

impl Slow {
    pub(super) const fn new(packs: PackByShop) -> Self {
        Self { packs, shops: BTreeMap::new() }
    }

    /// Looks at those shops whose turn it is.
    pub(super) async fn look(
        &mut self,
        store: &Store,
        shops: impl IntoIterator<Item = (ShopId, Timestamp)>,
        now: Timestamp,
    ) {
        let mut due: Vec<_> = shops
            .into_iter()
            .map(|(shop, moved_at)| (self.shops.get(&shop).and_then(|looked| looked.at), shop, moved_at))
            .filter(|(at, _, moved_at)| at.is_none_or(|at| now.since(at) >= wait(*moved_at, now)))
            .collect();
        due.sort_unstable();
        for (_, shop, _) in due.into_iter().take(AT_ONCE) {
            if let Err(problem) = Box::pin(self.look_at(store, shop, now)).await {
                tracing::warn!(%shop, %problem, "budget and standing cannot be looked at; trying again");
            }
        }
    }

    async fn look_at(&mut self, store: &Store, shop: ShopId, now: Timestamp) -> Result<(), Problem> {
        let pack = self.packs.of(shop);
        let consequences = Consequences::of_pack(pack)?;
        let target = consequences.target_basis_points();
        let known = self.shops.entry(shop).or_default();
        known.at = Some(now);
        if target == 0 || pack.is_mean() {
            (known.burns, known.standing) = (Some(BTreeMap::new()), Some(BTreeMap::new()));
            return Ok(());
        }
        let question = budget::Question { shop, pack: pack.clone(), target, as_of: now };
        let burning = Box::pin(question.burning(store)).await?;
        let burns = [("fast", burning.fast), ("slow", burning.slow)];
        known.burns =
            Some(burns.into_iter().filter_map(|(name, watched)| burn(name, watched, target)).collect());
        let settled = burning.zone.day_of(now - DAY_SETTLES);
        if known.day != Some(settled) {
            let question = compliance::Question {
                shop,
                pack: pack.clone(),
                rules: consequences,
                what_if: None,
                as_of: now - DAY_SETTLES,
            };
            known.standing = Some(in_force(&Box::pin(question.answer(store)).await?));
            known.day = Some(settled);
        }
        Ok(())
    }

    /// Adds what was seen of a shop; of what was never looked at nothing is known. A shop that nothing moves in any more
    /// burns nothing.
    pub(super) fn tell(&self, shop: ShopId, moved_at: Timestamp, now: Timestamp, seen: &mut Seen) {
        let Some(looked) = self.shops.get(&shop) else { return };
        let still = now.since(moved_at) <= MOVED_WITHIN;
        if let Some(burns) = &looked.burns {
            seen.tell(Kind::BudgetBurn, burns.clone().into_iter().filter(|_| still));
        }
        if let Some(standing) = &looked.standing {
            seen.tell(Kind::StandingChanged, standing.clone());
        }
    }
}

/// How long a shop is not looked at again: where nothing moves, days begin and end all the same.
fn wait(moved_at: Timestamp, now: Timestamp) -> Span {
    if now.since(moved_at) <= MOVED_WITHIN { EVERY } else { AT_LEAST_EVERY }
}

fn burn(name: &str, watched: Watched, target: u32) -> Option<(String, Detail)> {
    let Watched { short, long, .. } = watched;
    watched.is_burning().then(|| (name.to_owned(), Detail::Burn { short, long, target }))
}

/// What is in force today, and what fell due yesterday.
fn in_force(answer: &compliance::ShopStanding) -> BTreeMap<String, Detail> {
    let today = answer.today.day;
    let holds = answer.standing.in_force().map(|held| (held.kind, held.first, held.free_from));
    let fell_due = answer.ledger.iter().filter_map(|line| match line.what {
        What::FellDue(cause) if cause.day.plus(1) == today => Some((line.kind, today, today)),
        _ => None,
    });
    let detail = |(consequence, first, free_from): (fenliu_domain::standing::Kind, Day, Day)| {
        (consequence.name().to_owned(), Detail::Standing { consequence, first, free_from })
    };
    holds.chain(fell_due).map(detail).collect()
}
