//! Pre-sale dialogues between buyers and a shop's people (U-NEED), one object each, in China's local time.

use chrono::{NaiveDateTime, TimeZone};
use fenliu_domain::time::Timestamp;
use serde::Deserialize;

use super::{Conversation, Format, Happening, Repairs, What, name};

/// The buyer's side, in the log's word.
const BUYER: &str = "用户";
/// The shop's side, in the log's word.
const AGENT: &str = "客服";

#[derive(Deserialize)]
struct Dialogue {
    domain: String,
    sid: String,
    #[serde(rename = "sellerid")]
    seller: String,
    #[serde(rename = "userid")]
    user: String,
    dialogue: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    time: String,
    sender_type: String,
}

/// Reads one dialogue.
pub(super) fn conversation(text: &str) -> Result<Conversation, String> {
    let dialogue: Dialogue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let agent = name(&format!("客服-{}", dialogue.seller), "sellerid")?;
    let happenings = dialogue
        .dialogue
        .iter()
        .map(|message| {
            Ok(Happening { at: moment(&message.time)?, what: what(&message.sender_type, &agent)? })
        })
        .collect::<Result<Vec<_>, String>>()?;
    if !happenings.iter().any(|happening| happening.what == What::Asked) {
        return Err("nobody asked anything".to_owned());
    }
    Ok(Conversation {
        shop: String::new(),
        key: name(&dialogue.sid, "sid")?,
        buyer: name(&dialogue.user, "userid")?,
        group: name(&dialogue.domain, "domain")?,
        vip: false,
        opened: happenings.iter().map(|happening| happening.at).min().unwrap_or_default(),
        happenings,
        repairs: Repairs::default(),
    })
}

fn what(sender: &str, agent: &str) -> Result<What, String> {
    match sender {
        BUYER => Ok(What::Asked),
        AGENT => Ok(What::Answered(Some(agent.to_owned()))),
        other => Err(format!("sender_type is {other:?}, expected {BUYER} or {AGENT}")),
    }
}

/// A local time with as many fractional digits as it has: cutting them off would be wrong by up to a second.
fn moment(text: &str) -> Result<Timestamp, String> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .map_err(|error| format!("time {text:?} is no local time: {error}"))?;
    Format::Uneed
        .zone()
        .from_local_datetime(&local)
        .earliest()
        .and_then(|time| Timestamp::from_micros(time.timestamp_micros()))
        .ok_or_else(|| format!("time {text:?} does not exist in China"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{Row, open, samples};

    #[test]
    fn fractions_of_a_second_are_kept() {
        assert_eq!(
            moment("2018-10-11 11:35:07.999996").map(|time| time.to_string()),
            Ok("2018-10-11T03:35:07.999996Z".to_owned())
        );
        assert!(moment("2018-10-11 25:35:07").is_err());
    }

    #[test]
    #[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
    fn the_published_gaps_come_out_of_the_real_log() {
        let path = samples::path("uneed/uneed_5_dialogues.json");
        let gaps: Vec<Vec<i64>> = open(Format::Uneed, &path, Box::new(|_| {}))
            .expect("opens")
            .map(|row| match row.expect("reads") {
                Row::Conversation(conversation) => samples::turns(&conversation)
                    .into_iter()
                    .map(|micros| (micros + 500_000).div_euclid(1_000_000))
                    .collect(),
                other => panic!("every dialogue is sound: {other:?}"),
            })
            .collect();
        assert_eq!(
            gaps,
            [
                vec![14, 13, 10, 17, 83, 14],
                vec![26, 46, 161, 49],
                vec![82, 77, 68, 272],
                vec![99, 43, 23, 45, 48],
                vec![25, 68, 24, 18, 69, 22],
            ]
        );
    }
}
