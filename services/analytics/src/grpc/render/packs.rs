//! Rule packs, with whose they are.

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::rule_pack::to_proto;

use crate::packs::{Origin, Owned};

pub(in crate::grpc) fn owned_pack(owned: &Owned) -> proto::RulePack {
    let origin = match owned.origin {
        Origin::Shipped => proto::RulePackOrigin::Shipped,
        Origin::AllShops => proto::RulePackOrigin::AllShops,
        Origin::Shop => proto::RulePackOrigin::Shop,
    };
    proto::RulePack { origin: origin.into(), ..to_proto(&owned.pack) }
}
