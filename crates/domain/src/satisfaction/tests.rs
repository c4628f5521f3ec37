use proptest::prelude::*;

use super::*;

fn of(stars: &[Option<u8>]) -> Scores {
    let mut scores = Scores::default();
    stars.iter().for_each(|stars| scores.add(*stars));
    scores
}

#[test]
fn three_stars_are_not_content() {
    let scores = of(&[Some(1), Some(3), Some(4), Some(5), Some(5), None]);
    assert_eq!((scores.conversations, scores.ratings()), (6, 5));
    assert_eq!(scores.content(), Proportion::new(3, 5));
    assert_eq!(scores.discontent(), Proportion::new(2, 5));
}

#[test]
fn who_says_nothing_is_in_no_share() {
    assert_eq!(of(&[None, None]).content(), None);
    assert_eq!(of(&[None, Some(0), Some(6), Some(255)]).discontent(), None);
}

proptest! {
    #[test]
    fn both_shares_add_up_to_one(stars in prop::collection::vec(prop::option::of(1_u8..=5), 1..50)) {
        let scores = of(&stars);
        let rated = stars.iter().flatten().count() as u64;
        prop_assert_eq!(scores.ratings(), rated);
        prop_assert_eq!(scores.content().is_some(), rated > 0);
        let Some((content, discontent)) = scores.content().zip(scores.discontent()) else { return Ok(()) };
        prop_assert_eq!(content.successes() + discontent.successes(), rated);
    }
}
