//! What a roster is made of: what can be asked for.

use clap::{ArgGroup, Args};

/// A roster of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The draft.
    Draft,
    /// The one in force.
    Current,
    /// A published version.
    Version(i64),
}

/// Which roster to show.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// draft, current (the one in force) or the number of a version.
    #[arg(value_name = "ROSTER", default_value = "draft", value_parser = which)]
    pub roster: Which,
}

/// Which rosters to compare.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// The one before: draft, current (the one in force) or the number of a version.
    #[arg(value_name = "BEFORE", default_value = "current", value_parser = which)]
    pub before: Which,
    /// The one after.
    #[arg(value_name = "AFTER", default_value = "draft", value_parser = which)]
    pub after: Which,
}

/// What to change of the draft, in this order. Without a draft, the roster in force is copied.
#[derive(Clone, Debug, Default, Args)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true)
    .args(["restore", "drop", "preset", "templates", "at_least"]))]
pub struct DraftArgs {
    /// Begin again from this roster: current (the one in force) or the number of a version.
    #[arg(long, value_name = "ROSTER", value_parser = which)]
    pub restore: Option<Which>,
    /// Take away the shift template, or else the rotation, of this name; nobody may work it.
    #[arg(long, value_name = "NAME")]
    pub drop: Vec<String>,
    /// Add the templates of a preset; see fenliu roster presets.
    #[arg(long, value_name = "PRESET")]
    pub preset: Option<String>,
    /// Add shift templates such as early=08:00-16:00; they replace those of the same name.
    #[arg(long, value_name = "NAME=HH:MM-HH:MM", num_args = 1..)]
    pub templates: Vec<String>,
    /// How many must be on duty at any time of the service window.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    pub at_least: Option<i32>,
}

/// Who works a cycle of days.
#[derive(Clone, Debug, Args)]
#[command(
    override_usage = "fenliu roster rotate [OPTIONS] <ROTATION> [AGENT]...",
    group = ArgGroup::new("changes").required(true).multiple(true).args(["agents", "cycle"]),
    after_help = "Only the draft changes. From --from on the rotation takes the place of those that the agents work; a \
                  day that a spreadsheet names stays as it says."
)]
pub struct RotateArgs {
    /// The rotation's name; "off" ends the rotations of the agents.
    #[arg(value_name = "ROTATION")]
    pub rotation: String,
    /// Who works it: login names or ids, agt_….
    #[arg(value_name = "AGENT", requires = "from")]
    pub agents: Vec<String>,
    /// The days of the cycle: templates, several joined by +, or off, such as early,early,late+night,off. The rotation
    /// is made, or changed for all who work it.
    #[arg(long, value_name = "DAY,DAY,…")]
    pub cycle: Option<String>,
    /// First local day, YYYY-MM-DD.
    #[arg(long, value_name = "DAY", requires = "agents")]
    pub from: Option<String>,
    /// Last local day, YYYY-MM-DD, included; without it for good.
    #[arg(long, value_name = "DAY", requires = "from")]
    pub to: Option<String>,
    /// Which day of the cycle the first day is.
    #[arg(long, value_name = "N", requires = "from", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=56))]
    pub start_at: u32,
}

fn which(text: &str) -> Result<Which, String> {
    let version = text.parse::<i64>().ok().filter(|version| *version >= 1);
    match (text, version) {
        ("draft", _) => Ok(Which::Draft),
        ("current", _) => Ok(Which::Current),
        (_, Some(version)) => Ok(Which::Version(version)),
        _ => {
            Err("use draft, current or the number of a version, as fenliu roster versions lists them"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_is_named_by_its_place_or_its_number() {
        assert_eq!(which("draft"), Ok(Which::Draft));
        assert_eq!(which("current"), Ok(Which::Current));
        assert_eq!(which("7"), Ok(Which::Version(7)));
        for wrong in ["", "0", "-1", "latest", "1.5"] {
            assert!(which(wrong).is_err(), "{wrong}");
        }
    }
}
