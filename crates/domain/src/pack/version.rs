//! Which version of a pack holds on a day.

use super::RulePack;
use crate::day::Day;

/// Of the versions of one pack, the one in force on a local day: the one that holds since the latest day up to it, and of
/// several that hold since the same day the highest. One that does not say since when has always held. `None` when every
/// version begins later.
pub fn in_force<'a>(versions: impl IntoIterator<Item = &'a RulePack>, day: Day) -> Option<&'a RulePack> {
    let begun = versions.into_iter().filter(|pack| pack.valid_from.is_none_or(|from| from <= day));
    begun.max_by_key(|pack| (pack.valid_from, pack.version))
}
