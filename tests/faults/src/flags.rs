//! What can be said to it.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Parser;

use crate::faults::Fault;
use crate::schedule::Plan;
use crate::stage::Needs;
use crate::stage::postgres::Postgres;

/// Minutes of random windows in a long run, unless another number is said.
const LONG_MINUTES: u64 = 20;

/// Has two replicas of dispatch meet faults, and checks what is left.
#[derive(Parser)]
pub(crate) struct Flags {
    /// Longer windows: each fault alone, then random ones.
    #[arg(long)]
    long: bool,
    /// The seed of everything that is drawn.
    #[arg(long, env = "FENLIU_SEED", default_value_t = 1)]
    seed: u64,
    /// How long random windows go on.
    #[arg(long)]
    minutes: Option<u64>,
    /// Only this fault, alone; may be said several times.
    #[arg(long)]
    only: Vec<String>,
    /// Tells of the end in JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Switches something off in a product that was built for it; then the run must find something.
    #[arg(long)]
    pub(crate) without: Option<String>,
    /// The dispatch to run.
    #[arg(long, env = "FENLIU_FAULTS_DISPATCH")]
    dispatch: Option<PathBuf>,
    /// The dispatch that takes its place in an upgrade, and is replaced by it in the next.
    #[arg(long, env = "FENLIU_FAULTS_NEXT")]
    next: Option<PathBuf>,
    /// What stands between a replica and its clock.
    #[arg(long, env = "FENLIU_FAULTS_CLOCK")]
    clock: Option<PathBuf>,
    /// Where the programs of PostgreSQL are.
    #[arg(long, env = "FENLIU_FAULTS_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
    /// The data of a PostgreSQL to break.
    #[arg(long, env = "FENLIU_FAULTS_POSTGRES_DATA")]
    postgres_data: Option<PathBuf>,
    /// Its port.
    #[arg(long, env = "FENLIU_FAULTS_POSTGRES_PORT", default_value_t = 0)]
    postgres_port: u16,
    /// Whom it runs as, if not us.
    #[arg(long, env = "FENLIU_FAULTS_POSTGRES_USER", default_value = "")]
    postgres_user: String,
    /// Where what shows a violation is kept.
    #[arg(long, env = "FENLIU_FAULTS_PLACE")]
    place: Option<PathBuf>,
}

impl Flags {
    /// What is to be run, and how.
    pub(crate) fn plan(&self) -> anyhow::Result<Plan> {
        let named = |name: &String| {
            let all = || Fault::ALL.map(Fault::name).join(", ");
            Fault::named(name).with_context(|| format!("--only {name}: there are {}", all()))
        };
        let only = self.only.iter().map(named).collect::<Result<_, _>>()?;
        let minutes = self.minutes.unwrap_or(if self.long { LONG_MINUTES } else { 0 });
        Ok(Plan { only, long: self.long, minutes })
    }

    /// On what.
    pub(crate) fn needs(&self) -> anyhow::Result<Needs> {
        let told = "tests/faults/run starts what this needs";
        let programs = self.postgres_bin.clone().context(told)?;
        let data = self.postgres_data.clone().context(told)?;
        ensure!(self.postgres_port > 0, told);
        let place = self.place.clone().context(told)?.join(format!("seed-{}", self.seed));
        std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
        let user = Some(self.postgres_user.clone()).filter(|user| !user.is_empty());
        Ok(Needs {
            versions: [self.dispatch.clone().context(told)?, self.next.clone().context(told)?],
            clock: self.clock.clone().context(told)?,
            postgres: Postgres { programs, data, user, port: self.postgres_port },
            place,
            seed: self.seed,
            without: self.without.clone(),
        })
    }
}
