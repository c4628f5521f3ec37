//! What a conversation still owes its buyer.

use super::turn::Judge;
use super::verdict::Verdict;
use super::{RulePack, Score, Unit};
use crate::day::Zone;
use crate::exchange::Conversation;
use crate::time::Timestamp;

/// A turn that will be a miss, or is one, unless it was answered by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owed {
    /// The last moment an answer is in time.
    pub due: Timestamp,
    /// The question it is judged from.
    pub asked_at: Timestamp,
}

impl RulePack {
    /// The turns of a conversation that have no answer which counts and are misses without one, the most urgent first, each
    /// moment once. The last exchanges of a conversation will do, as long as none is left out between them; but where its
    /// first answer decides, only its first exchange owes one.
    #[must_use]
    pub fn owed(&self, zone: Zone, conversation: &Conversation) -> Vec<Owed> {
        let first_only = self.unit == Unit::Session && self.score() == Score::FirstAnswer;
        let from_first = conversation.exchanges.first().is_some_and(|exchange| exchange.number == 1);
        if first_only && !from_first {
            return Vec::new();
        }
        // At the end of time whatever has no answer is a miss.
        let judge = Judge { pack: self.clone(), zone, as_of: Timestamp::MAX };
        let turns = judge.turns(conversation);
        let missing = turns.iter().filter(|turn| turn.verdict == Verdict::MissedUnanswered);
        let decides = missing.filter(|turn| turn.first || !first_only);
        let mut owed: Vec<_> = decides.map(|turn| Owed { due: turn.due, asked_at: turn.ask.at }).collect();
        owed.sort_unstable();
        owed.dedup();
        owed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Happening, What};
    use crate::message::Actor;
    use crate::pack::Draft;
    use crate::pack::samples::{douyin, jd, pinduoduo_human};
    use crate::time::Span;

    /// So many seconds after 08:00 in Shanghai on some Monday.
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros_clamped(1_777_852_800_000_000) + Span::from_secs(seconds)
    }

    fn asked(seconds: i64) -> Happening {
        Happening { at: at(seconds), what: What::Asked { message: format!("m{seconds}") } }
    }

    fn replied(seconds: i64, actor: Actor) -> Happening {
        let (message, agent) = (format!("m{seconds}"), String::new());
        Happening { at: at(seconds), what: What::Replied { message, actor, agent, small_talk: false } }
    }

    fn owed(draft: Draft, story: impl IntoIterator<Item = Happening>) -> Vec<(i64, i64)> {
        let pack = draft.check().expect("a pack that makes sense");
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let owed = pack.owed(zone, &Conversation::fold("c", story));
        let second = |moment: Timestamp| moment.since(at(0)).micros() / 1_000_000;
        owed.iter().map(|owed| (second(owed.asked_at), second(owed.due))).collect()
    }

    #[test]
    fn an_answer_is_owed_from_the_first_question_until_one_that_counts() {
        let story = [asked(60), replied(70, Actor::FullRobot), asked(90)];
        assert_eq!(owed(pinduoduo_human(), story.clone()), [(60, 240)]);
        let answered = story.into_iter().chain([replied(100, Actor::Human)]);
        assert_eq!(owed(pinduoduo_human(), answered.clone()), []);
        assert_eq!(owed(pinduoduo_human(), answered.chain([asked(500)])), [(500, 680)]);
    }

    #[test]
    fn before_the_window_nothing_is_owed_unless_it_is_asked_again() {
        assert_eq!(owed(pinduoduo_human(), [asked(-1)]), []);
        assert_eq!(owed(pinduoduo_human(), [asked(-1), asked(5)]), [(5, 185)]);
    }

    #[test]
    fn where_the_first_answer_decides_later_questions_owe_none() {
        let first = [asked(7_200), replied(7_210, Actor::Human)];
        assert_eq!(owed(jd(), [asked(7_200)]), [(7_200, 7_230)]);
        assert_eq!(owed(jd(), first.into_iter().chain([asked(7_500)])), []);
    }

    #[test]
    fn what_was_said_to_the_robot_is_not_owed_where_only_people_are_judged() {
        let to_robot = Happening { at: at(0), what: What::WithRobot };
        assert_eq!(owed(douyin(), [to_robot, asked(10)]), []);
    }
}
