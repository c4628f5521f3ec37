//! How an agent is chosen within a group: one test per strategy and rule, named after it.

use super::shop::{ANN, BEN, Shop, entry};
use crate::desk::agent::{Agent, AgentEntry, Presence, Sanction, SanctionKind};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::conversation::Stage;
use crate::desk::event::TransferTarget;
use crate::desk::strategy::{Score, Strategy, Weights};
use crate::ids::ConversationId;
use crate::problem::Reason;
use crate::time::{Span, Timestamp};

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

/// Gives a buyer to everybody in turn, each of weight 1 but Cid of weight 3, and lets Cid be away while the first of
/// the others is given another one.
fn with_cid_away(away: impl FnOnce(&mut Shop), back: impl FnOnce(&mut Shop)) -> Shop {
    let mut shop = by(Strategy::WeightedRoundRobin(Weights::Explicit), &[(ANN, 900), (BEN, 900)]);
    let heavy = AgentEntry { weight: 3, ..entry(CID, 900) };
    shop.ok(Command::SyncAgent { agent: agent_id(CID), entry: Box::new(heavy) });
    shop.presence(CID, Presence::Online);
    let third = (0..3).map(|n| shop.says(&format!("first {n}"))).last().expect("three");
    assert_eq!(shop.holder(third), Some(agent_id(CID)));
    shop.answers(CID, third);
    away(&mut shop);
    assert_eq!(order(&mut shop, 1), [ANN]);
    back(&mut shop);
    shop
}

#[test]
fn whoever_was_away_begins_behind_those_whose_turn_has_come_however_she_was_away() {
    let told = |shop: &mut Shop, sanction| {
        let heavy = AgentEntry { weight: 3, sanction, ..entry(CID, 900) };
        shop.ok(Command::SyncAgent { agent: agent_id(CID), entry: Box::new(heavy) });
    };
    let muted = Some(Sanction { kind: SanctionKind::Muted, until: None });
    let offline = with_cid_away(
        |shop| drop(shop.presence(CID, Presence::Offline)),
        |shop| drop(shop.presence(CID, Presence::Online)),
    );
    let barred = with_cid_away(|shop| told(shop, muted), |shop| told(shop, None));
    for mut shop in [offline, barred] {
        assert_eq!(order(&mut shop, 2), [BEN, CID], "Ben's turn had come while she was away");
    }
}

#[test]
fn a_turn_that_is_yet_to_come_stays_where_it_is_whoever_goes_and_comes() {
    let mut shop = by(Strategy::WeightedRoundRobin(Weights::Explicit), &[(ANN, 900)]);
    let heavy = AgentEntry { weight: 4, ..entry(BEN, 900) };
    shop.ok(Command::SyncAgent { agent: agent_id(BEN), entry: Box::new(heavy) });
    shop.presence(BEN, Presence::Online);
    assert_eq!(order(&mut shop, 2), [ANN, BEN]);
    shop.presence(ANN, Presence::Busy);
    shop.presence(ANN, Presence::Online);
    assert_eq!(order(&mut shop, 3), [BEN, BEN, BEN], "until a whole lap is over");
}

#[test]
fn turns_begin_anew_with_another_strategy_and_only_then() {
    let heavy = |shop: &mut Shop, weight| {
        let entry = AgentEntry { weight, ..entry(ANN, 900) };
        shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
    };
    let mut shop = by(Strategy::WeightedRoundRobin(Weights::Explicit), &[(ANN, 900), (BEN, 900)]);
    heavy(&mut shop, 3);
    assert_eq!(order(&mut shop, 3), [ANN, BEN, ANN]);
    shop.policy(|policy| policy.queue_limit = 7);
    assert_eq!(order(&mut shop, 1), [ANN], "her third, before Ben's second");
    shop.policy(|policy| policy.strategy = Strategy::WeightedRoundRobin(Weights::ByCapacity));
    // Who comes and goes now stands where everybody stands, at the beginning.
    shop.presence(BEN, Presence::Busy);
    shop.presence(BEN, Presence::Online);
    assert_eq!(order(&mut shop, 2), [BEN, ANN], "whoever was given one least recently");
}

#[test]
fn chance_gives_nobody_more_for_coming_and_going() {
    let mut shop = by(Strategy::Random { seed: 7 }, &[(ANN, 900), (BEN, 900), (CID, 900)]);
    let mut times = 0;
    for _ in 0..600 {
        shop.presence(ANN, Presence::Busy);
        order(&mut shop, 2);
        shop.presence(ANN, Presence::Online);
        times += usize::from(order(&mut shop, 1) == [ANN]);
    }
    assert!((165..235).contains(&times), "one in three: {times} of 600");
}

#[test]
fn weights_by_capacity_leave_out_who_has_none_and_count_unlimited_as_the_largest() {
    let mut shop = by(Strategy::WeightedRoundRobin(Weights::ByCapacity), &[(ANN, 30), (BEN, 20), (4, 0)]);
    let unlimited = AgentEntry { unlimited: true, ..entry(CID, 1) };
    shop.ok(Command::SyncAgent { agent: agent_id(CID), entry: Box::new(unlimited) });
    shop.presence(CID, Presence::Online);
    let turns = order(&mut shop, 10);
    let times = |agent| turns.iter().filter(|turn| **turn == agent).count();
    assert_eq!((times(ANN), times(BEN), times(CID)), (4, 2, 4), "{turns:?}");
}

#[test]
fn whoever_comes_back_begins_to_be_idle_then() {
    let mut shop = by(Strategy::LongestIdle, &[(ANN, 9), (BEN, 9)]);
    shop.presence(ANN, Presence::Busy);
    shop.presence(ANN, Presence::Online);
    assert_eq!(order(&mut shop, 2), [BEN, ANN]);
}

#[test]
fn whoever_is_never_idle_goes_by_fewest_conversations() {
    let mut shop = by(Strategy::LongestIdle, &[(ANN, 9), (BEN, 9)]);
    let held = ["a", "b", "c"].map(|buyer| shop.says(buyer));
    assert_eq!(
        held.map(|conversation| shop.holder(conversation)),
        [ANN, BEN, ANN].map(|it| Some(agent_id(it)))
    );
    let target = TransferTarget::Agent(agent_id(ANN));
    shop.ok(Command::Transfer { conversation: held[1], from: None, target });
    let again = shop.says("d");
    assert_eq!(shop.holder(again), Some(agent_id(BEN)), "she has nobody");
    assert_eq!(order(&mut shop, 2), [BEN, BEN], "Ann has three");
}

/// An agent of weight 2 who holds so many conversations and owes a reply in so many of them.
fn burdened(open: u128, owing: u128, score: Score) -> Agent {
    let mut agent = Agent::new(agent_id(ANN), AgentEntry { weight: 2, ..entry(ANN, 50) });
    for n in 0..open {
        agent.held.insert(ConversationId::from_bits(n), (n < owing).then(Timestamp::default));
    }
    agent.scores = vec![("vip".into(), score)];
    agent
}

#[test]
fn the_burden_of_an_agent_is_what_the_formula_says() {
    let strategy = Strategy::LeastUnanswered { open_permille: 100 };
    let score = Score { speed_permille: 1_500, quality_permille: 800 };
    let rank = |open, owing, group| strategy.rank(&burdened(open, owing, score), group);
    // (owing + 0.1 open + 1) / (speed * quality * weight), in 65,536ths.
    assert_eq!(rank(3, 1, "vip"), (2_300_000 << 16) / (1_500 * 800 * 2));
    assert_eq!(rank(3, 1, "default"), (2_300_000 << 16) / (1_000 * 1_000 * 2));
    assert_eq!(rank(0, 0, "default"), 1 << 15);
}

#[test]
fn no_rank_is_too_large_for_a_double() {
    let mut agent = burdened(0, 0, Score::default());
    agent.turn = u64::MAX;
    let rank = Strategy::WeightedRoundRobin(Weights::Explicit).rank(&agent, "default");
    assert_eq!(rank, (1 << 53) - 1);
    agent.turn = (1 << 53) - 2;
    assert_eq!(Strategy::Random { seed: 1 }.rank(&agent, "default"), (1 << 53) - 2);
}

#[test]
fn strategies_have_these_names() {
    let names: Vec<_> = Strategy::ALL.iter().map(|strategy| strategy.name()).collect();
    let expected = [
        "least_saturated",
        "least_unanswered",
        "longest_idle",
        "round_robin",
        "weighted_round_robin",
        "random",
        "manual",
    ];
    assert_eq!(names, expected);
    for strategy in Strategy::ALL {
        assert_eq!(Strategy::named(strategy.name()), Some(*strategy));
    }
    assert_eq!(Strategy::named("another"), None);
}

#[test]
fn saturation_is_told_in_percent_rounded_down() {
    for (unlimited, capacity, load, percent) in [
        (true, 0, 3, 0),
        (false, 0, 0, 0),
        (false, 0, 2, 100),
        (false, 3, 1, 33),
        (false, 3, 3, 100),
        (false, 2, 3, 150),
        (false, 7, 0, 0),
    ] {
        let mut agent = burdened(load, 0, Score::default());
        (agent.entry.unlimited, agent.capacity) = (unlimited, capacity);
        assert_eq!(agent.saturation_percent(), percent, "{load} of {capacity}");
    }
}
