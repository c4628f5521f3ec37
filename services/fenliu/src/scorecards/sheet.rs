//! The cards of a shop, as programs read them.

use anyhow::Context;
use fenliu_proto::accounts::v1::Shop;
use fenliu_proto::analytics::v1::{ListScorecardsResponse, Scorecard};
use fenliu_proto::convert::timestamp;
use serde::Serialize;

use super::lines::CardLine;
use crate::moments::rfc3339;
use crate::people::People;

/// The cards of one shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// The IANA zone of the days and shifts.
    pub time_zone: String,
    /// The first day.
    pub first_day: String,
    /// The last.
    pub last_day: String,
    /// The moment everything is seen as of, RFC 3339; `null` when analytics does not say.
    pub as_of: Option<String>,
    /// Whether it is known who was scheduled when.
    pub schedule_known: bool,
    /// The agents' cards, those with most turns first.
    pub agents: Vec<CardLine>,
    /// The shop's.
    pub shop: CardLine,
    /// Position in the history up to which it was seen.
    pub position: i64,
    /// The rule packs whose misses are shown to people.
    #[serde(skip)]
    pub(super) packs: Vec<String>,
}

impl Sheet {
    /// Puts together what analytics says, with the names accounts knows. Misses are shown under those of `packs` that cards
    /// know of.
    ///
    /// # Errors
    /// When analytics left something out.
    pub fn new(
        shop: &Shop,
        people: &People,
        packs: &[String],
        answer: ListScorecardsResponse,
    ) -> anyhow::Result<Self> {
        let card = |card: Scorecard| CardLine::new(people.name(&card.agent), card);
        let of_shop = answer.shop.context("analytics left out the shop's card")?;
        let mut agents: Vec<_> = answer.scorecards.into_iter().map(card).collect::<Result<_, _>>()?;
        // They come in the order of their ids, which stays among those of equally many turns.
        agents.sort_by_key(|card| std::cmp::Reverse(card.all_day.turns));
        let shop_card = CardLine::new("the shop".to_owned(), of_shop)?;
        // A pack that cards do not know of, such as one of a shop's own, has no misses here.
        let packs =
            packs.iter().filter(|pack| shop_card.all_day.misses.contains_key(*pack)).cloned().collect();
        let as_of = answer.as_of_time.as_ref().map(|time| timestamp(time, "as_of_time")).transpose()?;
        Ok(Self {
            shop_id: shop.shop_id.clone(),
            display_name: shop.display_name.clone(),
            time_zone: answer.time_zone,
            first_day: answer.start_date,
            last_day: answer.end_date,
            as_of: as_of.map(rfc3339),
            schedule_known: answer.schedule_known,
            agents,
            shop: shop_card,
            position: answer.position,
            packs,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
