//! Random histories: happenings that crowd around the edges, seconds apart near a window's end, or anywhere in a week.

use proptest::prelude::*;

use super::DAY_SECONDS;
use crate::exchange::{Conversation, Happening, Mark, What};
use crate::message::Actor;
use crate::time::Timestamp;

/// Friday, 1 May 2026, 00:00 in Shanghai, in microseconds: where every story begins.
pub const FRIDAY: i64 = 1_777_564_800_000_000;

/// Anything that can happen in a conversation.
pub fn any_what() -> impl Strategy<Value = What> {
    let agent = || prop::sample::select(vec!["lan", "mei", ""]).prop_map(str::to_owned);
    let assigned = |agent: &str| What::Assigned { agent: agent.to_owned() };
    prop_oneof![
        6 => Just(What::Asked { message: "m".to_owned() }),
        4 => (prop::sample::select(Actor::ALL.to_vec()), agent(), any::<bool>()).prop_map(
            |(actor, agent, small_talk)| What::Replied { message: "r".to_owned(), actor, agent, small_talk }
        ),
        1 => prop::sample::select(vec!["lan", "mei"]).prop_map(assigned),
        1 => any::<bool>().prop_map(|nobody_on_duty| What::Queued { nobody_on_duty }),
        1 => Just(What::WithRobot),
        1 => Just(What::HandedToHuman),
        1 => Just(What::Transferred),
        1 => any::<bool>().prop_map(|abandoned| What::LeftQueue { abandoned }),
        1 => any::<bool>().prop_map(|abandoned| What::Closed { abandoned }),
        1 => Just(opened("b")),
        1 => prop::sample::select(Mark::ALL.to_vec()).prop_map(What::Marked),
        1 => (1_u8..=5).prop_map(|stars| What::Rated { stars }),
    ]
}

/// Some conversations, two in three of the same buyer, each from its opening on; and a moment to judge them as of, in
/// microseconds.
pub fn any_stories() -> impl Strategy<Value = (Vec<Vec<Happening>>, i64)> {
    let stories = prop::collection::vec(any_story(), 1..5);
    (stories, -400_i64..(6 * DAY_SECONDS)).prop_map(|(stories, as_of)| {
        let stories = stories.into_iter().enumerate().map(|(index, lines)| with_opening(index, lines));
        (stories.collect(), FRIDAY + as_of * 1_000_000)
    })
}

/// The facts of some stories, each by its place.
#[must_use]
pub fn conversations(stories: &[Vec<Happening>]) -> Vec<Conversation> {
    let numbered = stories.iter().enumerate();
    numbered.map(|(index, story)| Conversation::fold(index.to_string(), story.iter().cloned())).collect()
}

fn opened(buyer: &str) -> What {
    What::Opened { buyer: buyer.to_owned(), group: String::new(), vip: false }
}

/// Moments in microseconds since Friday, and what happened.
fn any_story() -> impl Strategy<Value = Vec<(i64, What)>> {
    let edges = [8 * 3_600, 23 * 3_600, 9 * 3_600 + 60, DAY_SECONDS, 2 * DAY_SECONDS, 84 * 3_600];
    // Some are close to the limits of the shipped packs after an edge, to the second.
    let offsets = prop_oneof![
        -400_i64..400,
        prop::sample::select(vec![
            0, 30, 31, 180, 181, 300, 301, 600, 601, 900, 901, 3_600, 3_601, 43_200, 86_400
        ]),
    ];
    let micros = prop_oneof![
        (prop::sample::select(edges.to_vec()), offsets)
            .prop_map(|(edge, offset)| (edge + offset) * 1_000_000),
        (0_i64..5 * DAY_SECONDS).prop_map(|second| second * 1_000_000 + 1),
    ];
    prop::collection::vec((micros, any_what()), 0..40)
}

fn with_opening(index: usize, mut lines: Vec<(i64, What)>) -> Vec<Happening> {
    lines.retain(|(_, what)| !matches!(what, What::Opened { .. }));
    lines.sort_by_key(|(at, _)| *at);
    let start = lines.first().map_or(0, |(at, _)| *at);
    let moment = |micros: i64| Timestamp::from_micros_clamped(FRIDAY + micros);
    let buyer = if index.is_multiple_of(3) { "anna" } else { "bo" };
    let opening = Happening { at: moment(start), what: opened(buyer) };
    let rest = lines.into_iter().map(|(at, what)| Happening { at: moment(at), what });
    std::iter::once(opening).chain(rest).collect()
}
