//! Conversations between customers and brands on Twitter (IBM, 2018 to 2020), one object each.
//!
//! The last reply of the brand stands apart (`agentURL`) and without a time; its id tells the time, since such ids
//! count milliseconds in their upper bits.

use fenliu_domain::time::Timestamp;
use serde::Deserialize;

use super::{Conversation, Happening, Repairs, What, name};

/// Milliseconds from 1970 to the moment Twitter's ids count from.
const ID_EPOCH_MILLIS: u64 = 1_288_834_974_657;
/// Lower bits of an id that say where it was made, not when.
const ID_PLACE_BITS: u32 = 22;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dialogue {
    #[serde(rename = "agentURL")]
    last_reply: LastReply,
    dialog_content: Vec<Tweet>,
    dialog_header: Header,
}

#[derive(Deserialize)]
struct LastReply {
    #[serde(rename = "tweet_ID")]
    id: String,
}

#[derive(Deserialize)]
struct Header {
    company: String,
    #[serde(rename = "sessionID")]
    session: String,
}

#[derive(Deserialize)]
struct Tweet {
    client: Option<String>,
    /// A bystander who joined in; wants an answer like any other.
    client1: Option<String>,
    agent: Option<String>,
    datetime: String,
}

/// Reads one dialogue.
pub(super) fn conversation(text: &str) -> Result<Conversation, String> {
    let dialogue: Dialogue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let shop = name(&dialogue.dialog_header.company, "dialogHeader.company")?;
    let mut happenings = Vec::with_capacity(dialogue.dialog_content.len() + 1);
    let mut buyer = None;
    for tweet in &dialogue.dialog_content {
        let at = moment(&tweet.datetime)?;
        let what = match (&tweet.client, &tweet.client1, &tweet.agent) {
            (None, None, Some(agent)) => What::Answered(Some(name(agent, "agent")?)),
            (Some(client), None, None) | (None, Some(client), None) => {
                buyer.get_or_insert(name(client, "client")?);
                What::Asked
            }
            _ => return Err("a message must have exactly one of client, client1 and agent".to_owned()),
        };
        happenings.push(Happening { at, what });
    }
    let at = moment_of_id(&dialogue.last_reply.id)?;
    happenings.push(Happening { at, what: What::Answered(Some(shop.clone())) });
    happenings.sort_by_key(|happening| happening.at);
    Ok(Conversation {
        key: name(&dialogue.dialog_header.session, "dialogHeader.sessionID")?,
        buyer: buyer.ok_or("nobody asked anything")?,
        group: String::new(),
        vip: false,
        opened: happenings.first().map_or(at, |first| first.at),
        happenings,
        shop,
        repairs: Repairs::default(),
    })
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let time = chrono::DateTime::parse_from_rfc3339(text)
        .map_err(|error| format!("datetime {text:?} is no RFC 3339 time: {error}"))?;
    Timestamp::from_micros(time.timestamp_micros())
        .ok_or_else(|| format!("datetime {text:?} is out of range"))
}

fn moment_of_id(text: &str) -> Result<Timestamp, String> {
    let id: u64 = text.parse().map_err(|_| format!("agentURL.tweet_ID {text:?} is no number"))?;
    let millis = (id >> ID_PLACE_BITS) + ID_EPOCH_MILLIS;
    i64::try_from(millis)
        .ok()
        .and_then(|millis| millis.checked_mul(1_000))
        .and_then(Timestamp::from_micros)
        .ok_or_else(|| format!("agentURL.tweet_ID {text:?} is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{Format, Row, open, samples};

    #[test]
    fn the_time_of_the_last_reply_is_in_its_id() {
        assert_eq!(
            moment_of_id("1245425308704149506").map(|time| time.to_string()),
            Ok("2020-04-01T18:58:27.135Z".to_owned())
        );
        assert!(moment_of_id("-1").is_err());
        assert!(moment_of_id(&u64::MAX.to_string()).is_ok());
    }

    #[test]
    fn a_dialogue_without_a_question_or_with_two_speakers_at_once_is_malformed() {
        let dialogue = |content: &str| {
            format!(
                r#"{{"agentURL":{{"tweet_ID":"1245425308704149506"}},"dialogContent":[{content}],
                    "dialogHeader":{{"company":"Shop","sessionID":"s"}}}}"#
            )
        };
        let asked = r#"{"client":"b","datetime":"2020-04-01T17:31:32.000Z"}"#;
        assert!(conversation(&dialogue(asked)).is_ok());
        for bad in [
            "",
            r#"{"client":"b","agent":"a","datetime":"2020-04-01T17:31:32.000Z"}"#,
            r#"{"client":"b","datetime":"yesterday"}"#,
            r#"{"client":"b\u0000","datetime":"2020-04-01T17:31:32.000Z"}"#,
        ] {
            assert!(conversation(&dialogue(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    #[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
    fn the_published_turns_come_out_of_the_real_log() {
        let path = samples::path("twitter-care/dev.json");
        let rows: Vec<_> =
            open(Format::TwitterCare, &path, Box::new(|_| {})).expect("opens").map(Result::unwrap).collect();
        let mut turns = Vec::new();
        let mut first = Vec::new();
        for row in &rows {
            let Row::Conversation(conversation) = row else { panic!("every dialogue is sound: {row:?}") };
            let waits = samples::turns(conversation);
            first.extend(waits.first().copied());
            turns.extend(waits);
        }
        assert_eq!((rows.len(), turns.len(), first.len()), (525, 586, 525));
        let within =
            |waits: &[i64], limit: i64| waits.iter().filter(|wait| **wait <= limit * 1_000_000).count();
        assert_eq!([180, 3_600, 86_400].map(|limit| within(&turns, limit)), [59, 276, 488]);
        assert_eq!(within(&first, 180), 53);
    }
}
