//! The words of `fenliu scorecards`.

use clap::Args;
use fenliu_proto::analytics::v1::ShiftWindow;

use super::TargetArgs;
use crate::words::Lang;

/// How to run `fenliu scorecards`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "With neither --connect nor --data-dir, the fenliu-data directory here is used.")]
pub struct ScorecardsArgs {
    /// The shop, shp_….
    #[arg(long, value_name = "SHOP")]
    pub shop: String,
    /// First local day, YYYY-MM-DD; without it the last.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last local day, YYYY-MM-DD, included; without it today. At most 91 days after the first.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Rule packs fenliu ships, under which to show misses; may be given several times. Without it misses are in --json only, under all
    /// that fenliu ships.
    #[arg(long, value_name = "PACK")]
    pub pack: Vec<String>,
    /// A part of the day that has a table of its own, such as night=22:00-06:00; may be given several times. Without it
    /// morning, afternoon and evening.
    #[arg(long, value_name = "NAME=HH:MM-HH:MM", value_parser = shift)]
    pub shift: Vec<ShiftWindow>,
    /// The language of what is told; --json has none.
    #[arg(long, value_enum, default_value_t)]
    pub lang: Lang,
    /// Which fenliu to ask.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Reads a shift. Whether its times make one is for analytics to say.
fn shift(text: &str) -> Result<ShiftWindow, String> {
    let parts = text.split_once('=').and_then(|(name, times)| Some((name, times.split_once('-')?)));
    let (name, (start, end)) = parts.ok_or("must be a name and times, such as night=22:00-06:00")?;
    Ok(ShiftWindow { name: name.to_owned(), start: start.to_owned(), end: end.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_a_name_and_its_times() {
        let night = ShiftWindow { name: "夜班".into(), start: "22:00".into(), end: "06:00".into() };
        assert_eq!(shift("夜班=22:00-06:00"), Ok(night));
        for wrong in ["", "night", "night=22:00", "22:00-06:00"] {
            assert!(shift(wrong).is_err(), "{wrong}");
        }
    }
}
