//! Pages of lists: where one begins, and the token of the next.

use std::cmp::Reverse;

use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Miss, Place};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::{id, timestamp};
use fenliu_runtime::page::PageTokens;
use prost::Message;

use super::{Question, miss_question};
use crate::grpc::{page_size, render, unreadable_token};
use crate::packs::Known;
use crate::storage::{ExchangeCursor, Listed};

/// One page of the misses of a question. Its token holds the moment the first page was judged as of, so that all pages
/// are of one list.
pub(in crate::grpc) struct MissPage {
    pub(in crate::grpc) question: Question,
    scope: Vec<u8>,
    after: Option<After>,
    size: usize,
}

/// The miss a page ends with, and how many of its place the pages so far have shown.
struct After {
    place: Place,
    shown: u32,
}

/// One page of the exchanges of a shop.
pub(in crate::grpc) struct ExchangePage {
    pub(in crate::grpc) shop: ShopId,
    pub(in crate::grpc) after: Option<ExchangeCursor>,
    scope: Vec<u8>,
    size: usize,
}

impl MissPage {
    pub(in crate::grpc) fn open(
        mut request: proto::ListMissesRequest,
        known: &Known,
        tokens: &PageTokens,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let size = page_size(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = [b"misses?".as_slice(), &request.encode_to_vec()].concat();
        let asked = request.as_of_time.map_or(Ok(now), |time| timestamp(&time, "as_of_time"))?;
        let (as_of, after) = match token.as_str() {
            "" => (asked, None),
            token => {
                let (as_of, after) =
                    read_miss_cursor(&tokens.open(&scope, token)?).ok_or_else(unreadable_token)?;
                (as_of, Some(after))
            }
        };
        Ok(Self { question: miss_question(request, known, as_of)?, scope, after, size })
    }

    pub(in crate::grpc) fn cut(&self, misses: Vec<Miss>, tokens: &PageTokens) -> proto::ListMissesResponse {
        let total = misses.len();
        let start = self.after.as_ref().map_or(0, |after| after.passes(&misses));
        let end = start.saturating_add(self.size);
        let last = misses.get(..end).filter(|_| end < total).and_then(After::of);
        let next_page_token = last.map_or_else(String::new, |last| self.token(&last, tokens));
        let page = misses.into_iter().skip(start).take(self.size);
        proto::ListMissesResponse {
            misses: page.map(render::miss).collect(),
            next_page_token,
            total_size: total as u64,
        }
    }

    fn token(&self, After { place, shown }: &After, tokens: &PageTokens) -> String {
        let times = [self.question.as_of.micros(), place.waited.0.micros(), place.asked_at.micros()];
        let fixed = [times.map(i64::to_be_bytes).concat(), shown.to_be_bytes().to_vec()].concat();
        // A conversation has at most 128 bytes, so one byte says how many it has.
        let length = u8::try_from(place.conversation.len()).unwrap_or(u8::MAX);
        let names = [place.conversation.as_bytes(), place.message.as_bytes()].concat();
        tokens.seal(&self.scope, &[fixed, vec![length], names].concat())
    }
}

impl After {
    /// Where the last of the misses shown so far stands.
    fn of(shown: &[Miss]) -> Option<Self> {
        let place = Place::of(shown.last()?);
        let of_place = shown.iter().rev().take_while(|miss| Place::of(miss) == place).count();
        Some(Self { place, shown: u32::try_from(of_place).unwrap_or(u32::MAX) })
    }

    /// How many of the misses, in order, have been shown or stand where the reader has been.
    fn passes(&self, misses: &[Miss]) -> usize {
        let before = misses.partition_point(|miss| Place::of(miss) < self.place);
        let of_place = misses.iter().skip(before).take_while(|miss| Place::of(miss) == self.place).count();
        before + of_place.min(usize::try_from(self.shown).unwrap_or(usize::MAX))
    }
}

fn read_miss_cursor(bytes: &[u8]) -> Option<(Timestamp, After)> {
    let (as_of, rest) = bytes.split_first_chunk::<8>()?;
    let (waited, rest) = rest.split_first_chunk::<8>()?;
    let (asked, rest) = rest.split_first_chunk::<8>()?;
    let (shown, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first()?;
    let (conversation, message) = rest.split_at_checked(usize::from(*length))?;
    let place = Place {
        waited: Reverse(Span::from_micros(i64::from_be_bytes(*waited))),
        asked_at: Timestamp::from_micros(i64::from_be_bytes(*asked))?,
        conversation: String::from_utf8(conversation.to_vec()).ok()?,
        message: String::from_utf8(message.to_vec()).ok()?,
    };
    let as_of = Timestamp::from_micros(i64::from_be_bytes(*as_of))?;
    Some((as_of, After { place, shown: u32::from_be_bytes(*shown) }))
}

impl ExchangePage {
    pub(in crate::grpc) fn open(
        request: &proto::ListExchangesRequest,
        tokens: &PageTokens,
    ) -> Result<Self, Problem> {
        let shop = id(&request.shop_id, "shop_id")?;
        let scope = format!("exchanges?{shop}").into_bytes();
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(read_exchange_cursor(&tokens.open(&scope, token)?).ok_or_else(unreadable_token)?),
        };
        Ok(Self { shop, after, scope, size: page_size(request.page_size) })
    }

    /// One more than the page has, which tells whether there is another page.
    pub(in crate::grpc) const fn limit(&self) -> usize {
        self.size + 1
    }

    pub(in crate::grpc) fn cut(
        &self,
        mut listed: Vec<Listed>,
        tokens: &PageTokens,
    ) -> proto::ListExchangesResponse {
        let more = listed.len() > self.size;
        listed.truncate(self.size);
        let last = listed.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |last| self.token(&last.cursor, tokens));
        proto::ListExchangesResponse {
            exchanges: listed.into_iter().map(render::exchange).collect(),
            next_page_token,
        }
    }

    fn token(&self, cursor: &ExchangeCursor, tokens: &PageTokens) -> String {
        let ExchangeCursor { begins_us, source, conversation, number } = cursor;
        // A source has at most 128 bytes, so one byte says how many it has.
        let length = u8::try_from(source.len()).unwrap_or(u8::MAX);
        let fixed = [begins_us.to_be_bytes(), number.to_be_bytes()].concat();
        tokens.seal(
            &self.scope,
            &[&fixed, [length].as_slice(), source.as_bytes(), conversation.as_bytes()].concat(),
        )
    }
}

fn read_exchange_cursor(bytes: &[u8]) -> Option<ExchangeCursor> {
    let (begins, rest) = bytes.split_first_chunk::<8>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first()?;
    let (source, conversation) = rest.split_at_checked(usize::from(*length))?;
    Some(ExchangeCursor {
        begins_us: i64::from_be_bytes(*begins),
        number: i64::from_be_bytes(*number),
        source: String::from_utf8(source.to_vec()).ok()?,
        conversation: String::from_utf8(conversation.to_vec()).ok()?,
    })
}
