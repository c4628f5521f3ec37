//! Questions about alerts, and silences.

use fenliu_domain::alert::{Kind, Silence};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::{id, timestamp};
use fenliu_proto::words::Word;
use fenliu_runtime::page::PageTokens;
use prost::Message;

use crate::grpc::{page_size, unreadable_token};
use crate::storage::Listing;

/// Longest silence.
const MAX_SILENCE: Span = Span::from_hours(31 * 24);

/// One page of the alerts of a shop.
pub(in crate::grpc) struct AlertPage {
    pub(in crate::grpc) shop: ShopId,
    pub(in crate::grpc) listing: Listing,
    scope: Vec<u8>,
    size: usize,
}

impl AlertPage {
    pub(in crate::grpc) fn open(
        mut request: proto::ListAlertsRequest,
        tokens: &PageTokens,
    ) -> Result<Self, Problem> {
        let size = page_size(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = [b"alerts?".as_slice(), &request.encode_to_vec()].concat();
        let before = match token.as_str() {
            "" => None,
            token => {
                let number = tokens.open(&scope, token)?.try_into().map_err(|_| unreadable_token())?;
                Some(u64::from_be_bytes(number))
            }
        };
        let kinds = request.kinds.iter().map(|kind| Kind::parse(*kind, "kinds")).collect::<Result<_, _>>()?;
        // One more than the page has tells whether there is another page.
        let limit = size as u64 + 1;
        let listing = Listing { kinds, open_only: request.open_only, before, limit };
        Ok(Self { shop: id(&request.shop_id, "shop_id")?, listing, scope, size })
    }

    pub(in crate::grpc) fn cut(
        &self,
        mut alerts: Vec<proto::Alert>,
        tokens: &PageTokens,
    ) -> proto::ListAlertsResponse {
        let more = alerts.len() > self.size;
        alerts.truncate(self.size);
        let last = alerts.last().filter(|_| more);
        let token = |last: &proto::Alert| tokens.seal(&self.scope, &last.number.to_be_bytes());
        proto::ListAlertsResponse { next_page_token: last.map_or_else(String::new, token), alerts }
    }
}

/// The silence of a kind that somebody wants.
///
/// # Errors
/// INVALID_REQUEST naming the field that makes no sense.
pub(in crate::grpc) fn silence(
    request: proto::SilenceAlertsRequest,
    by: String,
    now: Timestamp,
) -> Result<(ShopId, Kind, Silence), Problem> {
    let shop = id(&request.shop_id, "shop_id")?;
    let kind = Kind::parse(request.kind, "kind")?;
    let until = timestamp(&request.end_time.unwrap_or_default(), "end_time")?;
    if until <= now || until.since(now) > MAX_SILENCE {
        return Err(Problem::field("end_time", "must be later than now, and at most 31 days from now"));
    }
    Ok((shop, kind, Silence { until, since: now, by, reason: request.reason }))
}
