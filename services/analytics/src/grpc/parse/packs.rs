//! Questions about rule packs themselves.

use fenliu_domain::day::Day;
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Draft, RulePack};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::rule_pack;
use fenliu_runtime::page::PageTokens;

use super::within;
use crate::grpc::known::optional_shop;
use crate::grpc::{page_size, render, unreadable_token};
use crate::packs::{Known, Origin, Owned, Packs, Wanted};

/// The pack that GetRulePack is asked for.
///
/// # Errors
/// RULE_PACK_NOT_FOUND; INVALID_REQUEST naming date.
pub(in crate::grpc) fn wanted_pack(
    request: &proto::GetRulePackRequest,
    known: &Known,
    now: Timestamp,
) -> Result<Owned, Problem> {
    let day = match request.date.as_str() {
        "" => None,
        text => Some(text.parse::<Day>().map_err(|malformed| Problem::field("date", malformed.to_string()))?),
    };
    known.find(Wanted { id: &request.rule_pack_id, version: request.rule_pack_version, day, as_of: now })
}

/// The pack that PutRulePack is to keep, and whose it is.
///
/// # Errors
/// RULE_PACK_INVALID naming every field that is wrong or missing, as `rule_pack.…`.
pub(in crate::grpc) fn kept_pack(
    request: proto::PutRulePackRequest,
    packs: &Packs,
) -> Result<(Option<ShopId>, RulePack), Problem> {
    let shop = optional_shop(&request.shop_id)?;
    let given = request.rule_pack.ok_or_else(|| Problem::field("rule_pack", "must be set"))?;
    let checked = rule_pack::draft(given).and_then(Draft::check_for_keeping);
    let own = checked.and_then(|pack| packs.refuse_namesake(&pack).map(|()| pack));
    Ok((shop, own.map_err(|problem| within("rule_pack", problem))?))
}

/// One page of the packs there are.
pub(in crate::grpc) struct PackPage {
    pub(in crate::grpc) shop: Option<ShopId>,
    after: Option<Place>,
    scope: Vec<u8>,
    size: usize,
}

/// Where a pack stands among the others.
type Place = (String, u32, Origin);

impl PackPage {
    pub(in crate::grpc) fn open(
        request: &proto::ListRulePacksRequest,
        tokens: &PageTokens,
    ) -> Result<Self, Problem> {
        let shop = optional_shop(&request.shop_id)?;
        let scope = format!("packs?{}", request.shop_id).into_bytes();
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(read_place(&tokens.open(&scope, token)?).ok_or_else(unreadable_token)?),
        };
        Ok(Self { shop, after, scope, size: page_size(request.page_size) })
    }

    /// The page, of all packs there are. They are few: a shop has at most some hundreds.
    pub(in crate::grpc) fn cut(
        &self,
        mut packs: Vec<Owned>,
        tokens: &PageTokens,
    ) -> proto::ListRulePacksResponse {
        packs.sort_by_cached_key(place);
        packs.retain(|owned| self.after.as_ref().is_none_or(|after| place(owned) > *after));
        let more = packs.len() > self.size;
        packs.truncate(self.size);
        let last = packs.last().filter(|_| more).map(place);
        proto::ListRulePacksResponse {
            rule_packs: packs.iter().map(render::owned_pack).collect(),
            next_page_token: last.map_or_else(String::new, |last| tokens.seal(&self.scope, &bytes_of(&last))),
        }
    }
}

fn place(owned: &Owned) -> Place {
    (owned.pack.id.clone(), owned.pack.version, owned.origin)
}

fn bytes_of((id, version, origin): &Place) -> Vec<u8> {
    let origin = match origin {
        Origin::Shipped => 0,
        Origin::AllShops => 1,
        Origin::Shop => 2,
    };
    [version.to_be_bytes().as_slice(), &[origin], id.as_bytes()].concat()
}

fn read_place(bytes: &[u8]) -> Option<Place> {
    let (version, rest) = bytes.split_first_chunk::<4>()?;
    let (origin, id) = rest.split_first()?;
    let origin = match origin {
        0 => Origin::Shipped,
        1 => Origin::AllShops,
        2 => Origin::Shop,
        _ => return None,
    };
    Some((String::from_utf8(id.to_vec()).ok()?, u32::from_be_bytes(*version), origin))
}
