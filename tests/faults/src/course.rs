//! A run: callers and followers at work, window after window of faults, then the drain and the checker.

mod drain;
mod judge;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::future::join_all;
use tokio::signal::unix::{SignalKind, signal};

use crate::callers;
use crate::check::{self, Evidence, Findings, Wrong};
use crate::faults::{Fault, Hit, Scene};
use crate::followers::Follower;
use crate::history::History;
use crate::report::{Report, Row};
use crate::schedule::{Plan, Schedule, Window};
use crate::stage::{Needs, REPLICAS, Stage};

/// How long it may take, after everything was healed, until each replica serves every shop.
const RECOVERY_LIMIT: Duration = Duration::from_secs(20);
/// How long one window may take altogether, whatever hangs.
const WINDOW_LIMIT: Duration = Duration::from_secs(180);
/// Operations that must be acknowledged in each second of windows, on average, in a run of all faults.
const LEAST_A_SECOND: f64 = 8.0;

/// Plays a run to its end.
pub(crate) async fn run(needs: &Needs, plan: Plan) -> anyhow::Result<Report> {
    let stage = Stage::set(needs).await.context("the stage cannot be set")?;
    callers::open(&stage).await?;
    let followers =
        (0..REPLICAS).map(|replica| Follower::start(&stage, replica)).collect::<Result<Vec<_>, _>>()?;
    let mut load = callers::start(&stage)?;
    let mut course = Course { stage, followers, report: Report::new(needs.seed) };
    course.play(plan, needs.without.is_some()).await;
    course.stage.dials.stop.turn(true);
    while let Some(ended) = load.join_next().await {
        ended.context("a caller panicked")?;
    }
    let evidence = drain::drain(&course.stage, &course.followers, &mut course.report).await?;
    course.report.finish(&course.stage, &evidence);
    if !course.report.findings.0.is_empty() {
        course.report.keep(&evidence, &needs.place)?;
    }
    Ok(course.report)
}

/// Waits until somebody ends this process in good order, so that what it started is ended too.
pub(crate) async fn told_to_end() -> anyhow::Result<ExitCode> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told?,
        _ = terminated.recv() => {}
    }
    eprintln!("ended before its time");
    Ok(ExitCode::FAILURE)
}

struct Course {
    stage: Arc<Stage>,
    followers: Vec<Follower>,
    report: Report,
}

impl Course {
    /// Plays window after window; until the product is found out, where it lacks something.
    async fn play(&mut self, plan: Plan, lacks: bool) {
        let everything = plan.only.is_empty();
        let mut schedule = Schedule::new(plan, self.stage.seed);
        let began = self.stage.now();
        while let Some(window) = schedule.next_window(self.stage.now() - began) {
            self.play_window(&window).await;
            if lacks && self.is_found_out().await {
                return;
            }
        }
        // What others were in the way of comes once more, alone.
        for fault in self.report.missed() {
            let window = schedule.once_more(fault);
            self.play_window(&window).await;
        }
        for fault in self.report.missed() {
            self.report.findings.add(Wrong::Idle, format_args!("{} was never hit", fault.name()));
        }
        let lasted = (self.stage.now() - began).as_secs_f64();
        let ok = self.stage.ledger.counts().ok;
        // Some faults, one after the other, let nobody do much.
        if everything && (ok as f64) < lasted * LEAST_A_SECOND {
            self.report.findings.add(Wrong::Idle, format_args!("only {ok} operations in {lasted:.0} s"));
        }
    }

    /// Whether the history shows already that something is wrong. That counts, even if it is put right by and by.
    async fn is_found_out(&mut self) -> bool {
        // What is acknowledged by now is in what is read after that.
        let operations = self.stage.ledger.all();
        let Ok(database) = self.stage.postgres.connect().await else { return false };
        let Ok(history) = History::read(&database).await else { return false };
        let found = check::check(&Evidence { history, operations, sights: Vec::new() });
        let wrong = found.0.into_iter().filter(|violation| violation.wrong.is_final());
        self.report.findings.0.extend(wrong);
        self.report.findings.are_final()
    }

    async fn play_window(&mut self, window: &Window) {
        let began = self.stage.now();
        let scene = Scene { stage: &self.stage, followers: &self.followers, end: began + window.length };
        let acts = join_all(window.faults.iter().map(|fault| fault.act(scene)));
        let hits = tokio::time::timeout(WINDOW_LIMIT, acts).await;
        scene.hold().await;
        self.stage.heal();
        let recovery = self.recover().await;
        let Ok(hits) = hits else {
            return self.report.findings.add(Wrong::Fault, format_args!("{window:?} does not end"));
        };
        let mut rows = Vec::new();
        for (fault, hit) in window.faults.iter().zip(hits) {
            rows.push((*fault, self.judge(window, *fault, hit, &recovery)));
        }
        let ended = self.stage.now();
        self.report.add_window(&self.stage, (began, ended), rows, recovery.ok());
    }

    /// How long it takes until each replica serves every shop.
    async fn recover(&self) -> anyhow::Result<Duration> {
        let probes = (0..REPLICAS).map(|replica| callers::probe(&self.stage, replica, RECOVERY_LIMIT));
        let took = join_all(probes).await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        Ok(took.into_iter().max().unwrap_or_default())
    }

    fn judge(
        &mut self,
        window: &Window,
        fault: Fault,
        hit: anyhow::Result<Hit>,
        recovery: &anyhow::Result<Duration>,
    ) -> Row {
        let before = self.report.findings.0.len();
        if let Err(error) = recovery {
            let what = format_args!("{}: after it was healed: {error:#}", fault.name());
            self.report.findings.add(Wrong::Fault, what);
        }
        let (count, evidence) = match hit {
            Ok(hit) => {
                judge::served(&self.stage, window, fault, &hit, &mut self.report.findings);
                (hit.count, hit.evidence)
            }
            Err(error) => {
                self.report.findings.add(Wrong::Fault, format_args!("{}: {error:#}", fault.name()));
                (0, format!("{error:#}"))
            }
        };
        Row { count, evidence, sound: self.report.findings.0.len() == before }
    }
}

/// What was found by comparing what is shown with what is told.
fn add_drift(findings: &mut Findings, replica: usize, error: &anyhow::Error) {
    findings.add(Wrong::Drift, format_args!("replica {}: {error:#}", replica + 1));
}
