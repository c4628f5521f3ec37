//! How an agent is chosen within a group: one test per strategy and rule, named after it.

use super::properties::agent_id;
use super::shop::{ANN, BEN, Shop, entry};
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::command::Command;
use crate::desk::conversation::Stage;
use crate::desk::strategy::{Score, Strategy, Weights};
use crate::ids::ConversationId;
use crate::problem::Reason;
use crate::time::Span;

const CID: u8 = 3;

fn by(strategy: Strategy, agents: &[(u8, u32)]) -> Shop {
    let mut shop = Shop::with(agents);
    shop.policy(|policy| policy.strategy = strategy);
    shop
}

/// Whom so many buyers go to, one after the other.
fn order(shop: &mut Shop, buyers: u32) -> Vec<u8> {
    let agents: Vec<_> = (0..=CID).map(agent_id).collect();
    (0..buyers)
        .filter_map(|_| {
            let conversation = shop.says(&format!("buyer {}", shop.commands));
            let holder = shop.holder(conversation)?;
            agents.iter().position(|agent| *agent == holder).and_then(|place| u8::try_from(place).ok())
        })
        .collect()
}

#[test]
fn round_robin_gives_each_their_turn_whatever_they_hold() {
    let mut shop = by(Strategy::RoundRobin, &[(ANN, 100), (BEN, 10), (CID, 50)]);
    assert_eq!(order(&mut shop, 6), [ANN, BEN, CID, ANN, BEN, CID]);
}

#[test]
fn capacities_of_30_20_20_rotate_2_to_1_to_1() {
    let mut shop = by(Strategy::WeightedRoundRobin(Weights::ByCapacity), &[(ANN, 30), (BEN, 20), (CID, 20)]);
    let turns = order(&mut shop, 16);
    for four in turns.chunks(4) {
        let times = |agent| four.iter().filter(|turn| **turn == agent).count();
        assert_eq!((times(ANN), times(BEN), times(CID)), (2, 1, 1), "{turns:?}");
    }
}

#[test]
fn explicit_weights_share_out_turns_and_absence_earns_none() {
    let mut shop = by(Strategy::WeightedRoundRobin(Weights::Explicit), &[(BEN, 900)]);
    let heavy = AgentEntry { weight: 3, ..entry(ANN, 900) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(heavy) });
    order(&mut shop, 40);
    shop.presence(ANN, Presence::Online);
    let turns = order(&mut shop, 40);
    let times = turns.iter().filter(|turn| **turn == ANN).count();
    assert!((30..=31).contains(&times), "three of four, and no more for the forty she missed: {turns:?}");
}

#[test]
fn the_longest_idle_agent_goes_first_and_then_whoever_holds_fewest() {
    let mut shop = by(Strategy::LongestIdle, &[(ANN, 5), (BEN, 5)]);
    let first = shop.says("a");
    assert_eq!(shop.holder(first), Some(agent_id(ANN)), "she came first");
    let second = shop.says("b");
    shop.serves(BEN, second);
    shop.serves(ANN, first);
    shop.later(Span::from_hours(25));
    assert_eq!(order(&mut shop, 3), [BEN, ANN, BEN]);
}

#[test]
fn fewest_unanswered_counts_what_waits_and_little_of_what_is_open() {
    let mut shop = by(Strategy::LeastUnanswered { open_permille: 100 }, &[(ANN, 50), (BEN, 50)]);
    let open: Vec<ConversationId> = (0..4).map(|n| shop.says(&format!("a{n}"))).collect();
    // Ann has answered both of hers, Ben none.
    for conversation in open {
        if shop.holder(conversation) == Some(agent_id(ANN)) {
            shop.answers(ANN, conversation);
        }
    }
    assert_eq!(order(&mut shop, 2), [ANN, ANN]);
}

#[test]
fn speed_and_bounded_quality_count_in_their_group() {
    let mut shop = by(Strategy::LeastUnanswered { open_permille: 0 }, &[(ANN, 50), (BEN, 50)]);
    let score = |speed_permille, quality_permille| Command::ScoreAgent {
        agent: agent_id(BEN),
        scores: vec![("default".into(), Score { speed_permille, quality_permille })],
    };
    shop.ok(score(3_000, 5_000));
    let known = shop.desk.agent(agent_id(BEN)).expect("known").score("default");
    assert_eq!(known, Score { speed_permille: 3_000, quality_permille: 1_200 }, "quality is bounded");
    assert_eq!(order(&mut shop, 4), [BEN, BEN, BEN, ANN], "1/3.6, 2/3.6 and 3/3.6 before 1");
}

#[test]
fn random_chooses_everybody_equally_often_and_the_same_again_for_the_same_seed() {
    let agents = [(ANN, 900), (BEN, 900), (CID, 900)];
    let mut shop = by(Strategy::Random { seed: 7 }, &agents);
    let turns = order(&mut shop, 1_500);
    for agent in [ANN, BEN, CID] {
        let times = turns.iter().filter(|turn| **turn == agent).count();
        assert!((430..570).contains(&times), "{agent}: {times} of 1500");
    }
    let twice = turns.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!((430..570).contains(&twice), "the last one is as likely as the others: {twice} of 1499");
    assert_eq!(order(&mut by(Strategy::Random { seed: 7 }, &agents), 1_500), turns);
    assert_ne!(order(&mut by(Strategy::Random { seed: 8 }, &agents), 1_500), turns);
}

#[test]
fn by_hand_nothing_is_given_out_and_agents_take_the_next() {
    let mut shop = by(Strategy::Manual, &[(ANN, 1), (BEN, 0)]);
    let (first, second) = (shop.says("a"), shop.says("b"));
    assert!(matches!(shop.stage(first), Stage::Queued(_)));
    shop.ok(Command::TakeNext { agent: agent_id(ANN) });
    assert_eq!(shop.holder(first), Some(agent_id(ANN)));
    assert_eq!(shop.refused(Command::TakeNext { agent: agent_id(ANN) }), Reason::AgentSaturated);
    shop.ok(Command::TakeNext { agent: agent_id(BEN) });
    assert_eq!(shop.holder(second), Some(agent_id(BEN)), "capacity 0 keeps nobody from taking one herself");
    assert!(shop.ok(Command::TakeNext { agent: agent_id(BEN) }).is_empty(), "nobody waits any more");
}
