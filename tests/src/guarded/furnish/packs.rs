//! Two rule packs of a shop's own.

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as analytics;
use fenliu_proto::analytics::v1::rule_pack_service_client::RulePackServiceClient;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_span;

use super::{Furnisher, Thing, Things};

impl Furnisher<'_> {
    pub(super) async fn rule_packs(&self, things: &Things) -> anyhow::Result<()> {
        let mut packs = RulePackServiceClient::new(self.owner.clone());
        // What one of them calls late is not due yet for the other.
        for (thing, limit) in
            [(Thing::SparePack, Span::from_hours(24)), (Thing::RulePack, Span::from_mins(3))]
        {
            let pack = analytics::RulePack {
                rule_pack_id: things.get(thing).to_owned(),
                version: 1,
                unit: analytics::Unit::Turn.into(),
                limit_duration: Some(to_span(limit)),
                countable_actors: vec![Actor::Human.into()],
                target_basis_points: 9_000,
                source: self.of("promise"),
                confidence: analytics::Confidence::Single.into(),
                valid_from: "2026-01-01".to_owned(),
                ..Default::default()
            };
            let request = analytics::PutRulePackRequest {
                shop_id: self.shop(),
                rule_pack: Some(pack),
                ..Default::default()
            };
            packs.put_rule_pack(request).await?;
        }
        Ok(())
    }
}
