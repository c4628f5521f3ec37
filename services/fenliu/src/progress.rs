//! Progress of long work, for people who sit at a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar on standard error, or nothing where that is no terminal.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for work of so many bytes.
    #[must_use]
    pub fn bytes(total: u64, what: &str) -> Self {
        Self::with(total, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}", what)
    }

    /// A bar for work of so many steps.
    #[must_use]
    pub fn steps(total: u64, what: &str) -> Self {
        Self::with(total, "{msg} {wide_bar} {pos}/{len} {eta}", what)
    }

    /// A count of steps of work that ends nobody knows where.
    #[must_use]
    pub fn count(what: &str) -> Self {
        Self::with(0, "{msg} {pos}", what)
    }

    fn with(total: u64, template: &str, what: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style);
        Self(bar.with_message(what.to_owned()))
    }

    /// So much more is done.
    pub fn advance(&self, by: u64) {
        self.0.inc(by);
    }

    /// All is done; the bar goes away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
