//! What a run says: as it goes, and at its end.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::check::{Evidence, Findings};
use crate::faults::Fault;
use crate::ledger::Counts;
use crate::stage::Stage;

/// Characters of a violation that are told as soon as it is found.
const MOST_TOLD: usize = 600;

/// What came of one fault in one window.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) count: u64,
    pub(crate) evidence: String,
    pub(crate) sound: bool,
}

/// What came of a fault in all its windows.
#[derive(Clone, Debug, Default)]
struct Sum {
    windows: usize,
    hits: u64,
    evidence: String,
    sound: bool,
    /// The longest time until everybody was served again.
    recovery: Duration,
}

/// The report.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) findings: Findings,
    /// Before what was left open was asked again.
    pub(crate) counts: Counts,
    /// What was left open and has been settled.
    pub(crate) settled: usize,
    sums: BTreeMap<Fault, Sum>,
    windows: usize,
    /// Findings that have been told of.
    told: usize,
    recoveries: Vec<Duration>,
    lasted: Duration,
    events: usize,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            findings: Findings::default(),
            counts: Counts::default(),
            settled: 0,
            sums: BTreeMap::new(),
            windows: 0,
            told: 0,
            recoveries: Vec::new(),
            lasted: Duration::ZERO,
            events: 0,
        }
    }

    /// Faults that have come and were not hit.
    pub(crate) fn missed(&self) -> Vec<Fault> {
        self.sums.iter().filter(|(_, sum)| sum.hits == 0).map(|(fault, _)| *fault).collect()
    }

    /// Takes a window in, and tells of it.
    pub(crate) fn add_window(
        &mut self,
        stage: &Stage,
        (began, ended): (Duration, Duration),
        rows: Vec<(Fault, Row)>,
        recovery: Option<Duration>,
    ) {
        self.windows += 1;
        self.recoveries.extend(recovery);
        let told: Vec<_> =
            rows.iter().map(|(fault, row)| format!("{} ×{}", fault.name(), row.count)).collect();
        let sends = stage.ledger.between(began, ended);
        let ok = sends.iter().filter(|sent| sent.is_ok()).count();
        let refused = sends.iter().filter(|sent| sent.refused().is_some()).count();
        let again =
            recovery.map_or_else(|| "never".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()));
        eprintln!(
            "{:>5.0} s  {:<64} {ok:>5} ok {refused:>4} refused {:>4} unknown  served again in {again}{}",
            ended.as_secs_f64(),
            if told.is_empty() { "quiet".to_owned() } else { told.join(", ") },
            sends.len() - ok - refused,
            if rows.iter().all(|(_, row)| row.sound) { "" } else { "  WRONG" },
        );
        for violation in &self.findings.0[self.told..] {
            let told: String = violation.to_string().chars().take(MOST_TOLD).collect();
            eprintln!("         {told}");
        }
        self.told = self.findings.0.len();
        for (fault, row) in rows {
            let sum = self.sums.entry(fault).or_insert_with(|| Sum { sound: true, ..Sum::default() });
            sum.windows += 1;
            sum.hits += row.count;
            sum.sound &= row.sound;
            sum.recovery = sum.recovery.max(recovery.unwrap_or_default());
            if row.count > 0 || sum.evidence.is_empty() {
                sum.evidence = row.evidence;
            }
        }
    }

    pub(crate) fn finish(&mut self, stage: &Stage, evidence: &Evidence) {
        self.lasted = stage.now();
        self.events = evidence.history.events.len();
        self.recoveries.sort_unstable();
    }

    /// Keeps everything that shows what went wrong.
    pub(crate) fn keep(&self, evidence: &Evidence, place: &Path) -> anyhow::Result<()> {
        let write = |name: &str, text: String| {
            std::fs::write(place.join(name), text).with_context(|| place.join(name).display().to_string())
        };
        let lines = |items: Vec<String>| items.join("\n") + "\n";
        write("history.txt", lines(evidence.history.events.iter().map(|it| format!("{it:?}")).collect()))?;
        write("operations.txt", lines(evidence.operations.iter().map(|it| format!("{it:?}")).collect()))?;
        write("violations.txt", lines(self.findings.0.iter().map(ToString::to_string).collect()))?;
        write("report.json", format!("{:#}\n", self.to_json()))
    }

    fn recovery(&self, permille: usize) -> f64 {
        let last = self.recoveries.len().saturating_sub(1);
        let at = (self.recoveries.len() * permille / 1_000).min(last);
        self.recoveries.get(at).map_or(f64::NAN, Duration::as_secs_f64)
    }

    /// The report for machines.
    pub(crate) fn to_json(&self) -> Value {
        let faults: Vec<_> = self
            .sums
            .iter()
            .map(|(fault, sum)| {
                json!({
                    "fault": fault.name(),
                    "windows": sum.windows,
                    "hits": sum.hits,
                    "evidence": sum.evidence,
                    "expected": fault.expected(),
                    "recovery_s": sum.recovery.as_secs_f64(),
                    "sound": sum.sound,
                })
            })
            .collect();
        let Counts { ok, failed, unknown, sends } = self.counts;
        json!({
            "seed": self.seed,
            "seconds": self.lasted.as_secs_f64(),
            "windows": self.windows,
            "operations": { "ok": ok, "failed": failed, "unknown": unknown, "sends": sends, "settled": self.settled },
            "events": self.events,
            "recovery_s": { "median": self.recovery(500), "worst": self.recovery(1_000) },
            "faults": faults,
            "violations": self.findings.told(),
        })
    }

    /// Tells how the run ended: as it should when nothing was found, or, without something, when that was found out.
    pub(crate) fn tell(&self, json: bool, without: Option<&str>, place: &Path) -> anyhow::Result<ExitCode> {
        if json {
            println!("{:#}", self.to_json());
        } else {
            self.print();
        }
        // How well it fares without something is not what is to be found out, but what it says or stores.
        let found = if without.is_some() { self.findings.are_final() } else { !self.findings.0.is_empty() };
        match without {
            Some(part) if found => eprintln!("that the product runs without {part} was found out"),
            Some(part) => eprintln!("nobody has noticed that the product runs without {part}"),
            None if found => eprintln!("seed {}; what shows it is in {}", self.seed, place.display()),
            None => {}
        }
        if !found || without.is_some() {
            std::fs::remove_dir_all(place).with_context(|| place.display().to_string())?;
        }
        Ok(if found == without.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Prints the table.
    fn print(&self) {
        println!(
            "\n{:<30} {:>7} {:>6} {:>9}  expected, and what shows that it was hit",
            "fault", "windows", "hits", "recovery"
        );
        for (fault, sum) in &self.sums {
            println!(
                "{:<30} {:>7} {:>6} {:>7.1} s  {}; {} {}",
                fault.name(),
                sum.windows,
                sum.hits,
                sum.recovery.as_secs_f64(),
                fault.expected(),
                sum.evidence,
                if sum.sound { "- ok" } else { "- WRONG" },
            );
        }
        let Counts { ok, failed, unknown, sends } = self.counts;
        println!(
            "\nseed {}: {} windows in {:.0} s; {ok} operations ok, {failed} refused, {unknown} unknown ({} settled later), \
             sent {sends} times; {} events; served again after {:.1} s in the middle and {:.1} s at worst",
            self.seed,
            self.windows,
            self.lasted.as_secs_f64(),
            self.settled,
            self.events,
            self.recovery(500),
            self.recovery(1_000),
        );
        let told = self.findings.told();
        println!("{} violations", self.findings.0.len());
        for violation in told {
            println!("  {violation}");
        }
    }
}
