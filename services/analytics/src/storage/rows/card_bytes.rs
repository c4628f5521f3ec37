//! What a day came to for agents as bytes, on the terms of [`super::book_bytes`].

use std::cmp::Reverse;
use std::collections::BTreeMap;

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::ids::{AgentId, ConversationId};
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{Counts, DaySheet, Entry, Figures, Rating, Rule, Shown, Stray};
use fenliu_domain::sketch::Sketch;
use fenliu_domain::spans;
use fenliu_domain::time::{Span, Timestamp};
use prost::Message;

use super::Place;
use crate::storage::Fault;

/// A day but for the figures of its agents.
#[derive(Clone, PartialEq, Message)]
struct DayOfShop {
    #[prost(message, optional, tag = "1")]
    shop: Option<Whole>,
    #[prost(message, optional, tag = "2")]
    shop_shifts: Option<Shifts>,
    #[prost(message, repeated, tag = "3")]
    agents: Vec<There>,
    #[prost(message, repeated, tag = "4")]
    ratings: Vec<Rated>,
    #[prost(message, repeated, tag = "5")]
    strays: Vec<StrayMiss>,
    /// Of each pack; the end of time where misses did not hold when they were counted.
    #[prost(int64, repeated, tag = "6")]
    misses_hold_from_us: Vec<i64>,
}

/// An agent of whom there is anything, and when they were there.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct There {
    #[prost(string, tag = "1")]
    pub(crate) agent: String,
    /// By turns, in microseconds: how long after the one before each stretch begins, of the first since 1970; and how
    /// long it is.
    #[prost(sint64, repeated, tag = "2")]
    steps: Vec<i64>,
    /// Of each stretch, whether they were busy rather than online.
    #[prost(bool, repeated, tag = "3")]
    busy: Vec<bool>,
    #[prost(uint32, repeated, tag = "4")]
    only_missed: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct Rated {
    #[prost(bytes = "vec", tag = "1")]
    conversation: Vec<u8>,
    #[prost(int64, tag = "2")]
    at_us: i64,
    #[prost(uint32, tag = "3")]
    stars: u32,
    /// Empty = nobody.
    #[prost(bytes = "vec", tag = "4")]
    agent: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct StrayMiss {
    #[prost(uint32, tag = "1")]
    pack: u32,
    #[prost(string, tag = "2")]
    agent: String,
    #[prost(int64, tag = "3")]
    asked_us: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Whole {
    #[prost(message, optional, tag = "1")]
    figures: Option<SlotFigures>,
    #[prost(message, repeated, tag = "2")]
    again: Vec<Again>,
    #[prost(message, repeated, tag = "3")]
    shown: Vec<ShownTalk>,
}

#[derive(Clone, PartialEq, Message)]
struct Shifts {
    #[prost(message, repeated, tag = "1")]
    figures: Vec<SlotFigures>,
}

#[derive(Clone, PartialEq, Message)]
struct Again {
    #[prost(uint32, tag = "1")]
    days_ago: u32,
    #[prost(uint32, tag = "2")]
    slot: u32,
    #[prost(uint64, tag = "3")]
    sessions: u64,
}

#[derive(Clone, PartialEq, Message)]
struct ShownTalk {
    /// The place of the rule among all.
    #[prost(uint32, tag = "1")]
    rule: u32,
    #[prost(sint64, tag = "2")]
    weight: i64,
    #[prost(int64, tag = "3")]
    at_us: i64,
    /// The bytes of an id of ours; else empty.
    #[prost(bytes = "vec", tag = "4")]
    id: Vec<u8>,
    /// The name of any other.
    #[prost(string, tag = "5")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct SlotFigures {
    #[prost(uint64, tag = "1")]
    sessions: u64,
    #[prost(uint64, tag = "2")]
    turns: u64,
    #[prost(uint64, tag = "3")]
    answered: u64,
    #[prost(uint64, tag = "4")]
    slow: u64,
    #[prost(uint64, tag = "5")]
    answers: u64,
    #[prost(uint64, tag = "6")]
    empty_answers: u64,
    #[prost(uint64, tag = "7")]
    transfers_out: u64,
    #[prost(uint64, tag = "8")]
    transfers_in: u64,
    #[prost(uint64, tag = "9")]
    declined: u64,
    #[prost(uint64, tag = "10")]
    closes: u64,
    #[prost(uint64, tag = "11")]
    short_closes: u64,
    /// Empty where there is nothing, as the next two.
    #[prost(bytes = "vec", tag = "12")]
    first_response: Vec<u8>,
    #[prost(bytes = "vec", tag = "13")]
    next_response: Vec<u8>,
    #[prost(bytes = "vec", tag = "14")]
    own_response: Vec<u8>,
    #[prost(uint64, repeated, tag = "15")]
    misses: Vec<u64>,
    #[prost(message, optional, tag = "16")]
    time: Option<Time>,
}

#[derive(Clone, PartialEq, Message)]
struct Time {
    #[prost(int64, tag = "1")]
    online_us: i64,
    #[prost(int64, tag = "2")]
    busy_us: i64,
    #[prost(int64, tag = "3")]
    on_break_us: i64,
    #[prost(int64, tag = "4")]
    occupied_us: i64,
    /// Halves, the lower first; as the next two.
    #[prost(uint64, repeated, tag = "5")]
    open: Vec<u64>,
    #[prost(uint64, repeated, tag = "6")]
    open_of_room: Vec<u64>,
    #[prost(uint64, repeated, tag = "7")]
    room: Vec<u64>,
}

/// A day but for the figures of its agents. Misses that do not hold at the moment they were counted as of never will.
pub(crate) fn day(sheet: &DaySheet, as_of: Timestamp) -> Vec<u8> {
    let lasting = |holds_from: &Timestamp| if *holds_from <= as_of { *holds_from } else { Timestamp::MAX };
    let stray = |stray: &Stray| StrayMiss {
        pack: stray.pack as u32,
        agent: stray.agent.clone(),
        asked_us: stray.asked_at.micros(),
    };
    let day = DayOfShop {
        shop: Some(Whole::of(&sheet.shop)),
        shop_shifts: Some(Shifts::of(&sheet.shop)),
        agents: sheet.agents.iter().map(|(name, entry)| There::of(name, entry)).collect(),
        ratings: sheet.ratings.iter().map(Rated::of).collect(),
        strays: sheet.strays.iter().map(stray).collect(),
        misses_hold_from_us: sheet.misses_hold_from.iter().map(|from| lasting(from).micros()).collect(),
    };
    day.encode_to_vec()
}

/// The same, read: the sheet, which is without agents, and who they are, in order of names.
pub(crate) fn read_day(
    place: Place<'_>,
    holds_from: Timestamp,
    bytes: &[u8],
) -> Result<(DaySheet, Vec<There>), Fault> {
    let day = DayOfShop::decode(bytes).map_err(|why| place.corrupt(why))?;
    let shop = day.shop.ok_or_else(|| place.corrupt("the figures of the shop are missing"))?;
    let holds = day.misses_hold_from_us.into_iter();
    let sheet = DaySheet {
        shop: shop.read(place, day.shop_shifts.unwrap_or_default())?,
        agents: BTreeMap::new(),
        ratings: day.ratings.iter().map(|rated| rated.read(place)).collect::<Result<_, _>>()?,
        strays: day.strays.into_iter().map(|stray| stray.read(place)).collect::<Result<_, _>>()?,
        holds_from,
        misses_hold_from: holds.map(|micros| place.time(micros)).collect::<Result<_, _>>()?,
    };
    Ok((sheet, day.agents))
}

/// What a whole day came to for an agent.
pub(crate) fn whole(entry: &Entry) -> Vec<u8> {
    Whole::of(entry).encode_to_vec()
}

/// What the shifts of a day came to for an agent.
pub(crate) fn shifts(entry: &Entry) -> Vec<u8> {
    Shifts::of(entry).encode_to_vec()
}

/// What a day came to for an agent, without when they were there; without `shifts` they are left out.
pub(crate) fn read_entry(place: Place<'_>, whole: &[u8], shifts: Option<&[u8]>) -> Result<Entry, Fault> {
    let whole = Whole::decode(whole).map_err(|why| place.corrupt(why))?;
    let shifts = shifts.map(|bytes| Shifts::decode(bytes).map_err(|why| place.corrupt(why))).transpose()?;
    whole.read(place, shifts.unwrap_or_default())
}

impl Whole {
    fn of(entry: &Entry) -> Self {
        let again = |((days_ago, slot), sessions): (&(u32, usize), &u64)| Again {
            days_ago: *days_ago,
            slot: *slot as u32,
            sessions: *sessions,
        };
        Self {
            figures: entry.slots.first().map(SlotFigures::of),
            again: entry.again.iter().map(again).collect(),
            shown: entry.shown.noted().map(ShownTalk::of).collect(),
        }
    }

    fn read(self, place: Place<'_>, shifts: Shifts) -> Result<Entry, Fault> {
        let figures = self.figures.into_iter().chain(shifts.figures);
        let again = self.again.iter().map(|again| ((again.days_ago, again.slot as usize), again.sessions));
        let mut shown = Shown::default();
        for talk in self.shown {
            talk.read(place, &mut shown)?;
        }
        Ok(Entry {
            slots: figures.map(|figures| figures.read(place)).collect::<Result<_, _>>()?,
            again: again.collect(),
            shown,
            ..Entry::default()
        })
    }
}

impl Shifts {
    fn of(entry: &Entry) -> Self {
        Self { figures: entry.slots.iter().skip(1).map(SlotFigures::of).collect() }
    }
}

impl ShownTalk {
    fn of((rule, weight, at, conversation): (Rule, i64, Timestamp, &str)) -> Self {
        let id = conversation.parse::<ConversationId>().ok();
        Self {
            rule: rule as u32,
            weight,
            at_us: at.micros(),
            id: id.map(|id| id.bits().to_be_bytes().to_vec()).unwrap_or_default(),
            name: if id.is_some() { String::new() } else { conversation.to_owned() },
        }
    }

    fn read(self, place: Place<'_>, shown: &mut Shown) -> Result<(), Fault> {
        let rule = Rule::ALL.get(self.rule as usize).ok_or_else(|| place.corrupt("a rule is not known"))?;
        let named = match bits(&self.id) {
            Some(bits) => ConversationId::from_bits(bits).to_string(),
            None => self.name,
        };
        shown.note(*rule, self.weight, place.time(self.at_us)?, &named);
        Ok(())
    }
}

impl There {
    fn of(agent: &str, entry: &Entry) -> Self {
        let mut before = 0;
        let mut steps = Vec::with_capacity(2 * entry.there.len());
        for (_, stretch) in &entry.there {
            steps.extend([stretch.start.micros() - before, stretch.length().micros()]);
            before = stretch.end.micros();
        }
        let busy = entry.there.iter().map(|(presence, _)| *presence == Presence::Busy).collect();
        let only_missed = entry.only_missed.iter().map(|pack| *pack as u32).collect();
        Self { agent: agent.to_owned(), steps, busy, only_missed }
    }

    /// Whether there is anything for a question by the packs at these places.
    pub(crate) fn is_of(&self, packs: &[usize]) -> bool {
        self.only_missed.is_empty() || self.only_missed.iter().any(|pack| packs.contains(&(*pack as usize)))
    }

    /// When they were online or busy.
    pub(crate) fn read(&self, place: Place<'_>) -> Result<Vec<(Presence, Stretch)>, Fault> {
        let mut before = 0_i64;
        let mut there = Vec::with_capacity(self.busy.len());
        for (step, busy) in self.steps.chunks_exact(2).zip(&self.busy) {
            let [pause, length] = step else { continue };
            let start = before.saturating_add(*pause);
            before = start.saturating_add(*length);
            let stretch = Stretch { start: place.time(start)?, end: place.time(before)? };
            there.push((if *busy { Presence::Busy } else { Presence::Online }, stretch));
        }
        Ok(there)
    }
}

impl Rated {
    fn of((conversation, rating): &(ConversationId, Rating)) -> Self {
        Self {
            conversation: conversation.bits().to_be_bytes().to_vec(),
            at_us: rating.at.micros(),
            stars: rating.stars.0.into(),
            agent: rating.agent.map(|agent| agent.bits().to_be_bytes().to_vec()).unwrap_or_default(),
        }
    }

    fn read(&self, place: Place<'_>) -> Result<(ConversationId, Rating), Fault> {
        let conversation = bits(&self.conversation).map(ConversationId::from_bits);
        let stars = u8::try_from(self.stars).map_err(|why| place.corrupt(why))?;
        let agent = bits(&self.agent).map(AgentId::from_bits);
        let rating = Rating { at: place.time(self.at_us)?, stars: Reverse(stars), agent };
        Ok((conversation.ok_or_else(|| place.corrupt("a rating is of no conversation"))?, rating))
    }
}

impl StrayMiss {
    fn read(self, place: Place<'_>) -> Result<Stray, Fault> {
        Ok(Stray { pack: self.pack as usize, agent: self.agent, asked_at: place.time(self.asked_us)? })
    }
}

impl SlotFigures {
    fn of(Figures { time, counts }: &Figures) -> Self {
        Self {
            sessions: counts.sessions,
            turns: counts.turns,
            answered: counts.answered,
            slow: counts.slow,
            answers: counts.answers,
            empty_answers: counts.empty_answers,
            transfers_out: counts.transfers_out,
            transfers_in: counts.transfers_in,
            declined: counts.declined,
            closes: counts.closes,
            short_closes: counts.short_closes,
            first_response: sketch(&counts.first_response),
            next_response: sketch(&counts.next_response),
            own_response: sketch(&counts.own_response),
            misses: counts.misses.clone(),
            time: (*time != spans::Figures::default()).then(|| Time::of(time)),
        }
    }

    fn read(self, place: Place<'_>) -> Result<Figures, Fault> {
        let sketch = |bytes: &[u8]| match bytes {
            [] => Ok(Sketch::default()),
            bytes => Sketch::decode(bytes).map_err(|why| place.corrupt(format!("a sketch {why}"))),
        };
        let counts = Counts {
            sessions: self.sessions,
            turns: self.turns,
            answered: self.answered,
            slow: self.slow,
            first_response: sketch(&self.first_response)?,
            next_response: sketch(&self.next_response)?,
            own_response: sketch(&self.own_response)?,
            answers: self.answers,
            empty_answers: self.empty_answers,
            transfers_out: self.transfers_out,
            transfers_in: self.transfers_in,
            declined: self.declined,
            closes: self.closes,
            short_closes: self.short_closes,
            stars: [0; 5],
            misses: self.misses,
        };
        Ok(Figures { time: self.time.map(|time| time.read()).unwrap_or_default(), counts })
    }
}

impl Time {
    fn of(time: &spans::Figures) -> Self {
        Self {
            online_us: time.online.micros(),
            busy_us: time.busy.micros(),
            on_break_us: time.on_break.micros(),
            occupied_us: time.occupied.micros(),
            open: halves(time.open),
            open_of_room: halves(time.open_of_room),
            room: halves(time.room),
        }
    }

    fn read(&self) -> spans::Figures {
        spans::Figures {
            online: Span::from_micros(self.online_us),
            busy: Span::from_micros(self.busy_us),
            on_break: Span::from_micros(self.on_break_us),
            occupied: Span::from_micros(self.occupied_us),
            open: joined(&self.open),
            open_of_room: joined(&self.open_of_room),
            room: joined(&self.room),
            ..spans::Figures::default()
        }
    }
}

fn sketch(sketch: &Sketch) -> Vec<u8> {
    if sketch.is_empty() { Vec::new() } else { sketch.encode() }
}

/// The bits of an id; `None` where there is none.
fn bits(bytes: &[u8]) -> Option<u128> {
    Some(u128::from_be_bytes(bytes.try_into().ok()?))
}

/// The halves of a number that is seldom as long as two, without those that are nothing.
fn halves(number: u128) -> Vec<u64> {
    match (number as u64, (number >> 64) as u64) {
        (0, 0) => Vec::new(),
        (low, 0) => vec![low],
        (low, high) => vec![low, high],
    }
}

fn joined(halves: &[u64]) -> u128 {
    let half = |place: usize| u128::from(halves.get(place).copied().unwrap_or_default());
    half(1) << 64 | half(0)
}
