//! `fenliu replay`: a recorded log's traffic through our own desk.
//!
//! [`calls`] takes arrivals, handling times and patience from the log ([`survival`] estimates what it hides), [`duty`]
//! who was there, [`office`] runs them through the production desk on a virtual clock, [`comparison`] sets what came
//! of it beside what was recorded.

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_domain::time::Timestamp;

use crate::cli::ReplayArgs;
use crate::output::Answer;
use crate::reading::{Reading, progress_over};
use crate::recorded::{Conversation, Format};

pub mod calls;
pub mod comparison;
pub mod duty;
pub mod office;
pub mod survival;

/// Runs `fenliu replay`.
///
/// # Errors
/// When a file cannot be read, holds no call, or the format says nothing of handling times.
pub fn replay(args: &ReplayArgs) -> anyhow::Result<Answer> {
    anyhow::ensure!(
        args.format == Format::AnonymousBank,
        "{} records no handling times; only anonymous-bank can be replayed",
        args.format.name()
    );
    let mut reading = Reading::default();
    let mut conversations: Vec<Conversation> = Vec::new();
    let progress = progress_over(&args.files, "reading");
    for file in &args.files {
        reading.each(args.format, file, &progress, |conversation| {
            conversations.push(conversation);
            Ok(())
        })?;
    }
    progress.finish();
    anyhow::ensure!(!conversations.is_empty(), "there is no call to replay: {}", reading.notes().join("; "));
    let zone = Zone::parse(args.format.zone().name())?;
    let (calls, patience) = calls::calls(&conversations, args.seed);
    let roster = duty::roster(&conversations, zone);
    let end = end_of(&conversations);
    let setting = office::Setting { calls: &calls, roster: &roster, capacity: args.capacity, end };
    let fates = office::run(&setting).context("the desk refused what the log holds")?;
    let comparison = comparison::Comparison::of(&calls, &fates, zone);
    let answer = comparison::Outcome {
        reading,
        seed: args.seed,
        capacity: args.capacity,
        agents: roster.agents.len(),
        duties: roster.duties.len(),
        median_patience_seconds: patience.median().seconds(),
        comparison,
    };
    Answer::new(&answer, answer.to_string())
}

/// The last thing the log knows of.
fn end_of(conversations: &[Conversation]) -> Timestamp {
    let last =
        |conversation: &Conversation| conversation.happenings.iter().map(|happening| happening.at).max();
    conversations.iter().filter_map(last).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::samples;

    #[test]
    #[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
    fn a_real_month_goes_through_the_desk_and_no_call_gets_lost() {
        let args = ReplayArgs {
            format: Format::AnonymousBank,
            files: vec![samples::path("anonymous-bank-1999/february1999.txt")],
            capacity: 1,
            seed: 1,
        };
        let answer = replay(&args).expect("replays");
        assert_eq!(answer, replay(&args).expect("replays again"));
        let json = answer.json();
        let count = |side: &str, what: &str| json[side][what].as_u64().expect("a count");
        for side in ["recorded", "ours"] {
            let sum = count(side, "answered") + count(side, "abandoned") + count(side, "waiting");
            assert_eq!(sum, 31_094, "{side}");
        }
        assert_eq!((count("recorded", "answered"), count("recorded", "within_limit")), (27_162, 25_667));
        println!("{}", answer.text());
    }
}
