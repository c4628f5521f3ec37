//! `fenliu roster`: what can be asked for.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ClientArgs;

pub mod drafting;

use self::drafting::{DiffArgs, DraftArgs, PlanArgs, RotateArgs};

/// How to run `fenliu roster`.
#[derive(Clone, Debug, Args)]
pub struct RosterArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RosterCommand,
    /// Which fenliu to ask, and as whom.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What can be done with a roster.
#[derive(Clone, Debug, Subcommand)]
pub enum RosterCommand {
    /// Read a spreadsheet into the draft, and show the gaps it would leave.
    Import(ImportRosterArgs),
    /// List ready-made shift templates.
    Presets,
    /// Change the draft's shift templates, or begin again from another roster.
    Draft(DraftArgs),
    /// Let agents work a cycle of days that repeats.
    Rotate(RotateArgs),
    /// Show what a roster is made of: shift templates, rotations, and who works what.
    Plan(PlanArgs),
    /// Show what differs between two rosters: what the draft would change, unless others are named.
    Diff(DiffArgs),
    /// Put the draft into force, and show whose duty changes.
    Publish(PublishArgs),
    /// List the rosters that were published, newest first.
    Versions,
    /// Draw a week: who works when, how many at once, and where there is a gap.
    Show(ShowArgs),
    /// Write the roster in force as a spreadsheet, to standard output.
    Export(ExportArgs),
    /// Enter somebody's leave.
    Leave(LeaveArgs),
    /// Exchange what two agents work on two days.
    Swap(SwapArgs),
    /// Enter an extra duty.
    Extra(ExtraArgs),
    /// Say yes or no to a leave, a swap or an extra duty.
    Answer(AnswerArgs),
    /// Take a leave, a swap or an extra duty back.
    Cancel(CancelArgs),
    /// List leaves, swaps and extra duties.
    Exceptions(ExceptionsArgs),
}

/// How to import a roster.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "The first line is \"agent\" and days, YYYY-MM-DD; then one line per login name. A cell is empty (as \
                  the rotation says), \"off\", a template, HH:MM-HH:MM, or several joined by \"+\"."
)]
pub struct ImportRosterArgs {
    /// The spreadsheet, CSV in UTF-8.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Shift templates the cells may name, such as early=08:00-16:00, with planned breaks after slashes:
    /// late=15:00-23:00/18:00-18:30. They replace those of the same name.
    #[arg(long, value_name = "NAME=HH:MM-HH:MM", num_args = 1..)]
    pub templates: Vec<String>,
    /// Add the templates of a preset; see fenliu roster presets.
    #[arg(long, value_name = "PRESET")]
    pub preset: Option<String>,
    /// Put it into force at once.
    #[arg(long)]
    pub publish: bool,
    /// What to say about it, with --publish.
    #[arg(long, value_name = "TEXT", requires = "publish", default_value = "")]
    pub note: String,
}

/// How to publish.
#[derive(Clone, Debug, Args)]
pub struct PublishArgs {
    /// Only show what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// What to say about it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// Which week to draw.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// A day of the week to draw; without it this week.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub week: Option<String>,
    /// Draw the week as the draft would have it.
    #[arg(long)]
    pub draft: bool,
}

/// Which days to export.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// First local day, YYYY-MM-DD.
    #[arg(long, value_name = "DAY")]
    pub from: String,
    /// Last local day, YYYY-MM-DD, included; at most 62 days in all.
    #[arg(long, value_name = "DAY")]
    pub to: String,
}

/// On whose behalf an exception is entered, answered or taken back.
#[derive(Clone, Debug, Default, Args)]
pub struct OnBehalfArgs {
    /// Do it as the agent you are, instead of as a supervisor; this is how agents without that right ask.
    #[arg(long)]
    pub mine: bool,
}

/// A leave.
#[derive(Clone, Debug, Args)]
pub struct LeaveArgs {
    /// Login name or id, agt_….
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// From then, by the shop's clock: YYYY-MM-DD or YYYY-MM-DDTHH:MM.
    #[arg(long, value_name = "MOMENT")]
    pub from: String,
    /// Up to then, by the shop's clock; a day is included whole.
    #[arg(long, value_name = "MOMENT")]
    pub to: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// On whose behalf.
    #[command(flatten)]
    pub behalf: OnBehalfArgs,
}

/// A swap.
#[derive(Clone, Debug, Args)]
pub struct SwapArgs {
    /// One agent: login name or id, agt_….
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// The local day they give.
    #[arg(value_name = "DAY")]
    pub day: String,
    /// The other agent.
    #[arg(value_name = "OTHER")]
    pub other: String,
    /// The local day the other gives.
    #[arg(value_name = "OTHER_DAY")]
    pub other_day: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// On whose behalf.
    #[command(flatten)]
    pub behalf: OnBehalfArgs,
}

/// An extra duty.
#[derive(Clone, Debug, Args)]
pub struct ExtraArgs {
    /// Login name or id, agt_….
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// The local day.
    #[arg(value_name = "DAY")]
    pub day: String,
    /// When, with planned breaks after slashes: 18:00-23:00/20:00-20:15.
    #[arg(value_name = "HH:MM-HH:MM")]
    pub shift: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// On whose behalf.
    #[command(flatten)]
    pub behalf: OnBehalfArgs,
}

/// A yes or a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Yes {
    /// It shall count.
    Yes,
    /// It shall not.
    No,
}

/// An answer.
#[derive(Clone, Debug, Args)]
pub struct AnswerArgs {
    /// Which, exc_….
    #[arg(value_name = "EXCEPTION")]
    pub exception: String,
    /// Yes or no.
    #[arg(value_name = "YES")]
    pub answer: Yes,
    /// On whose behalf.
    #[command(flatten)]
    pub behalf: OnBehalfArgs,
}

/// What to take back.
#[derive(Clone, Debug, Args)]
pub struct CancelArgs {
    /// Which, exc_….
    #[arg(value_name = "EXCEPTION")]
    pub exception: String,
    /// On whose behalf.
    #[command(flatten)]
    pub behalf: OnBehalfArgs,
}

/// What to list.
#[derive(Clone, Debug, Args)]
pub struct ExceptionsArgs {
    /// Only those that concern this agent: login name or id, agt_….
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Only those that still wait for somebody.
    #[arg(long)]
    pub waiting: bool,
}
