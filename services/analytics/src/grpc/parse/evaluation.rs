//! What is asked of two packs side by side, page by page.

use fenliu_domain::day::Day;
use fenliu_domain::pack::{UnitKey, UnitPage, UnitPlace};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::evaluate_rule_pack_request::Pack;
use fenliu_proto::convert::id;
use fenliu_runtime::page::PageTokens;
use prost::Message;

use super::{Chosen, as_of, chosen_pack, day_range};
use crate::evaluation::{Outcome, Question};
use crate::grpc::{page_size, unreadable_token};
use crate::packs::{Known, Wanted};

/// One page of an evaluation. Its token holds the moment the first page was judged as of, so that all pages are of one
/// list.
pub(in crate::grpc) struct EvaluationPage {
    pub(in crate::grpc) question: Question,
    scope: Vec<u8>,
}

/// What a token says: the moment, and the place that a page ended with.
#[derive(Clone, PartialEq, Message)]
struct Cursor {
    #[prost(int64, tag = "1")]
    as_of_us: i64,
    #[prost(string, tag = "2")]
    day: String,
    #[prost(int64, optional, tag = "3")]
    asked_us: Option<i64>,
    #[prost(string, tag = "4")]
    buyer: String,
    #[prost(string, tag = "5")]
    conversation: String,
    #[prost(string, tag = "6")]
    message: String,
    #[prost(uint32, tag = "7")]
    twin: u32,
}

impl EvaluationPage {
    /// # Errors
    /// RULE_PACK_NOT_FOUND, RULE_PACK_INVALID, PAGE_TOKEN_INVALID; INVALID_REQUEST naming every field that makes no sense.
    pub(in crate::grpc) fn open(
        mut request: proto::EvaluateRulePackRequest,
        known: &Known,
        tokens: &PageTokens,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let size = page_size(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = [b"evaluation?".as_slice(), &request.encode_to_vec()].concat();
        let asked = as_of(request.as_of_time.as_ref(), now)?;
        let (as_of, after) = match token.as_str() {
            "" => (asked, None),
            token => {
                let opened = tokens.open(&scope, token)?;
                let (as_of, place) = Cursor::read(&opened).ok_or_else(unreadable_token)?;
                (as_of, Some(place))
            }
        };
        let range = day_range(&request.start_date, &request.end_date)?;
        let chosen = request.pack.map(|pack| match pack {
            Pack::RulePackId(id) => Chosen::Named(id, request.rule_pack_version),
            Pack::Custom(pack) => Chosen::Custom(Box::new(pack)),
        });
        let draft = chosen_pack(chosen, range.last, as_of, known)?;
        let beside = Wanted {
            id: &request.beside_rule_pack_id,
            version: request.beside_rule_pack_version,
            day: range.last,
            as_of,
        };
        let packs = (draft, known.find(beside)?.pack);
        let shop = id(&request.shop_id, "shop_id")?;
        let question = Question { shop, packs, range, as_of, page: UnitPage { after, size } };
        Ok(Self { question, scope })
    }

    /// The token of the page after what was answered; empty when that was the last.
    pub(in crate::grpc) fn next(&self, outcome: &Outcome, tokens: &PageTokens) -> String {
        let cursor = outcome.evaluated.next.as_ref().map(|place| Cursor::of(self.question.as_of, place));
        cursor.map_or_else(String::new, |cursor| tokens.seal(&self.scope, &cursor.encode_to_vec()))
    }
}

impl Cursor {
    fn of(as_of: Timestamp, place: &UnitPlace) -> Self {
        let UnitPlace { key, twin } = place.clone();
        Self {
            as_of_us: as_of.micros(),
            day: key.day.to_string(),
            asked_us: key.asked_at.map(Timestamp::micros),
            buyer: key.buyer,
            conversation: key.conversation,
            message: key.message,
            twin,
        }
    }

    fn read(bytes: &[u8]) -> Option<(Timestamp, UnitPlace)> {
        let Self { as_of_us, day, asked_us, buyer, conversation, message, twin } =
            Self::decode(bytes).ok()?;
        let asked_at = match asked_us {
            Some(micros) => Some(Timestamp::from_micros(micros)?),
            None => None,
        };
        let key = UnitKey { day: day.parse::<Day>().ok()?, asked_at, buyer, conversation, message };
        Some((Timestamp::from_micros(as_of_us)?, UnitPlace { key, twin }))
    }
}
