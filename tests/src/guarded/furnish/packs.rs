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
        for name in [self.of("spare pack"), things.get(Thing::RulePack).to_owned()] {
            let pack = analytics::RulePack {
                rule_pack_id: name,
                version: 1,
                unit: analytics::Unit::Turn.into(),
                limit_duration: Some(to_span(Span::from_mins(3))),
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
