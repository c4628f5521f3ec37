//! Scores that analytics tells: what becomes of them, and what does not.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::history::v1::{GroupScore, Stage};

use super::analytics::Analytics;
use super::house::House;
use super::words::went;

/// A score in every group.
fn anywhere(speed_permille: u32, quality_permille: u32) -> Vec<GroupScore> {
    vec![GroupScore { group: String::new(), speed_permille, quality_permille }]
}

/// Waits until an agent has these scores.
async fn until_scored(house: &House, shop: &str, agent: &str, scores: &[GroupScore]) {
    let request = proto::GetAgentRequest { shop_id: shop.into(), agent_id: agent.into() };
    let mut presence = house.to.presence.clone();
    let is_known = async || {
        let read = presence.get_agent(request.clone()).await.ok();
        read.and_then(|read| read.into_inner().agent).is_some_and(|agent| agent.scores == scores)
    };
    house.until_told(is_known).await;
}

/// Waits until the history has so many scores, and checks that it has no more. What a desk shows may not be stored yet.
async fn until_recorded(house: &House, shop: &str, expected: usize) {
    let request = proto::ListEventsRequest { shop_id: shop.into(), page_size: 500, ..Default::default() };
    let mut history = house.to.history.clone();
    let is_score = |stored: &proto::StoredEvent| {
        let payload = stored.event.as_ref().and_then(|event| event.payload.as_ref());
        matches!(payload, Some(Payload::AgentScored(_)))
    };
    let mut recorded = 0;
    let is_enough = async || {
        let events = history.list_events(request.clone()).await.expect("listed").into_inner().events;
        recorded = events.iter().filter(|stored| is_score(stored)).count();
        recorded >= expected
    };
    house.until_told(is_enough).await;
    assert_eq!(recorded, expected);
}

#[tokio::test]
async fn a_score_is_recorded_once_by_however_many_replicas_and_noise_never() {
    let analytics = Analytics::open().await;
    let mut house = House::sharing().await.restart_following(analytics.address).await;
    let shop = house.shop(1).await;
    let (ann, ben) = (house.agent(&shop, 1, 3).await, house.agent(&shop, 2, 3).await);
    analytics.tell(&shop, &[(&ann, 2_000, 1_100)]);
    until_scored(&house, &shop, &ann, &anywhere(2_000, 1_100)).await;
    // The other replica begins with everything.
    house.another().await;
    analytics.tell(&shop, &[(&ben, 500, 900)]);
    until_scored(&house, &shop, &ben, &anywhere(500, 900)).await;
    until_recorded(&house, &shop, 2).await;
    analytics.tell(&shop, &[(&ann, 2_050, 1_120), (&ben, 1_000, 1_000)]);
    until_scored(&house, &shop, &ben, &[]).await;
    // A neutral score is none, and a fortieth is noise.
    until_recorded(&house, &shop, 3).await;
    assert_eq!(house.read_agent(&shop, &ann).await.scores, anywhere(2_000, 1_100));
}

#[tokio::test]
async fn nobody_who_is_unknown_keeps_the_others_from_their_scores() {
    let analytics = Analytics::open().await;
    let mut house = House::open().await.restart_following(analytics.address).await;
    let shop = house.shop(1).await;
    let ann = house.agent(&shop, 1, 3).await;
    let nobody = AgentId::from_bits(99).to_string();
    analytics.tell(&ShopId::from_bits(77).to_string(), &[(&nobody, 500, 1_000)]);
    analytics.tell(&shop, &[(&nobody, 500, 1_000), ("nobody", 500, 1_000), (&ann, 9_999, 1)]);
    until_scored(&house, &shop, &ann, &anywhere(4_000, 800)).await;
    until_recorded(&house, &shop, 1).await;
}

#[tokio::test]
async fn scores_hold_while_analytics_is_away_and_nobody_waits_for_it() {
    let analytics = Analytics::open().await;
    let mut house = House::open().await.restart_following(analytics.address).await;
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let ben = house.online(&shop, 2, 3).await;
    house.change_policy(&shop, |policy| policy.strategy = "least_unanswered".into()).await;
    analytics.tell(&shop, &[(&ben, 3_000, 1_000)]);
    until_scored(&house, &shop, &ben, &anywhere(3_000, 1_000)).await;
    analytics.lose();
    let mut house = house.restart().await;
    house.beat(&shop, &ann).await;
    house.beat(&shop, &ben).await;
    for (buyer, agent) in [("a", &ben), ("b", &ben), ("c", &ann)] {
        let (stage, holder, _) = went(house.says(&shop, buyer).await.disposition);
        assert_eq!(
            (stage, &holder),
            (Stage::Assigned, agent),
            "{buyer}: 1/3 and 2.1/3 before 1, and 1 before 3.2/3"
        );
    }
    analytics.tell(&shop, &[(&ann, 1_500, 1_000)]);
    analytics.find();
    until_scored(&house, &shop, &ann, &anywhere(1_500, 1_000)).await;
    until_recorded(&house, &shop, 2).await;
}
