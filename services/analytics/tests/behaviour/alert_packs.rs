//! By which rule pack the alerts of a shop go.

use fenliu_analytics::config::AlertsConfig;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::AlertKind;
use fenliu_proto::analytics::v1::alert::Detail;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1 as history;
use fenliu_runtime::clock::Clock;

use crate::alerts::{OTHER_SHOP, TRIES, pass, raised};
use crate::floor::{asked, at, payload, policy, talk};
use crate::house::{House, SHOP, batch, conversation};

#[tokio::test]
async fn each_shop_has_alerts_by_the_rule_pack_configured_for_it() {
    // Twelve hours there, three minutes elsewhere.
    let rule_packs = [(SHOP.to_owned(), "tiktok-sea-12h".to_owned())].into();
    let mut house = House::alerting(AlertsConfig { rule_packs, ..AlertsConfig::default() }).await;
    let elsewhere = |event: history::Event| history::Event { shop_id: OTHER_SHOP.into(), ..event };
    house.recorded([policy()]).await;
    let now = house.clock.now().since(at(0)).micros() / 1_000_000;
    house.recorded([asked(1, now), talk(1, now, payload::assigned("lan"))]).await;
    house.recorded([asked(2, now), talk(2, now, payload::assigned("mei"))].map(elsewhere)).await;
    let turns = |shop: &str| proto::ListAlertsRequest {
        shop_id: shop.into(),
        kinds: vec![AlertKind::TurnAtRisk.into()],
        ..Default::default()
    };
    let mut found = Vec::new();
    for _ in 0..TRIES {
        found = house.alerts.list_alerts(turns(OTHER_SHOP)).await.expect("a list").into_inner().alerts;
        if !found.is_empty() {
            break;
        }
        pass(&house, 5).await;
    }
    let due = |alert: &proto::Alert| match &alert.detail {
        Some(Detail::Turn(turn)) => turn.due_time,
        _ => None,
    };
    assert_eq!(found.iter().map(due).collect::<Vec<_>>(), [Some(to_timestamp(at(now + 180)))]);
    let here = house.alerts.list_alerts(turns(SHOP)).await.expect("a list").into_inner().alerts;
    assert!(here.is_empty(), "there is much time left: {here:?}");
    // What was asked twelve hours ago is a miss now, and the budget goes by that pack's target.
    let half_a_day = 12 * 3_600 + 100;
    let missed = (0..6).flat_map(|number| conversation(&format!("late {number}"), half_a_day + number, None));
    house.import(vec![batch(missed.collect())]).await.expect("imported");
    let alert = raised(&mut house, AlertKind::BudgetBurn).await;
    let Some(Detail::Burn(burn)) = alert.detail else { panic!("{alert:?}") };
    assert_eq!((burn.long_missed, burn.target_basis_points), (6, 9_000));
    // After a restart the floors are put together anew, by the same packs.
    let mut house = house.restart().await;
    let hours = house.clock.now().since(at(0)).micros() / 1_000_000;
    house.recorded([asked(3, hours), talk(3, hours, payload::assigned("lan"))]).await;
    pass(&house, 170).await;
    let here = house.alerts.list_alerts(turns(SHOP)).await.expect("a list").into_inner().alerts;
    assert!(here.is_empty(), "{here:?}");
}
