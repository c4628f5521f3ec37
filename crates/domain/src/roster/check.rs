//! What is wrong with a plan: every bad field at once, each by its path.

use std::collections::BTreeSet;

use crate::problem::{Problem, Violation};
use crate::roster::plan::{
    Assignment, MAX_ASSIGNMENTS, MAX_CYCLE_DAYS, MAX_MIN_ON_DUTY, MAX_ROTATIONS, MAX_TEMPLATES,
    MAX_WORK_PER_DAY, Plan, Rotation, Work,
};
use crate::roster::shift::{Shift, name_fault};

/// Most fields a refusal names, so that it fits into an answer; what is wrong beyond them comes to light with the
/// next try.
pub const MAX_VIOLATIONS: usize = 100;

/// Violations as they are found, up to [`MAX_VIOLATIONS`].
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Violation>);

impl Findings {
    pub(super) fn add(&mut self, field: impl Into<String>, expected: impl Into<String>) {
        if self.0.len() < MAX_VIOLATIONS {
            self.0.push(Violation { field: field.into(), expected: expected.into() });
        }
    }

    pub(super) fn shift(&mut self, path: &str, shift: &Shift) {
        for (field, expected) in shift.faults() {
            self.add(format!("{path}.{field}"), expected);
        }
    }

    pub(super) fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }

    fn limit(&mut self, field: impl Into<String>, length: usize, limit: usize) {
        if length > limit {
            self.add(field, format!("must have at most {limit} entries"));
        }
    }
}

impl Plan {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming every field that does not, up to [`MAX_VIOLATIONS`] of them, by paths such as
    /// `assignments[3].rotation`.
    pub fn validate(&self) -> Result<(), Problem> {
        let mut findings = Findings::default();
        let templates = self.check_templates(&mut findings);
        let rotations = self.check_rotations(&templates, &mut findings);
        self.check_assignments(&templates, &rotations, &mut findings);
        if !(1..=MAX_MIN_ON_DUTY).contains(&self.min_on_duty) {
            findings.add("min_on_duty", format!("must be 1 to {MAX_MIN_ON_DUTY}"));
        }
        findings.into_result()
    }

    fn check_templates(&self, findings: &mut Findings) -> BTreeSet<&str> {
        findings.limit("templates", self.templates.len(), MAX_TEMPLATES);
        let mut names = BTreeSet::new();
        for (index, template) in self.templates.iter().take(MAX_TEMPLATES).enumerate() {
            check_name(&format!("templates[{index}].name"), &template.name, &mut names, findings);
            findings.shift(&format!("templates[{index}].shift"), &template.shift);
        }
        names
    }

    fn check_rotations(&self, templates: &BTreeSet<&str>, findings: &mut Findings) -> BTreeSet<&str> {
        findings.limit("rotations", self.rotations.len(), MAX_ROTATIONS);
        let mut names = BTreeSet::new();
        for (index, rotation) in self.rotations.iter().take(MAX_ROTATIONS).enumerate() {
            let path = format!("rotations[{index}]");
            check_name(&format!("{path}.name"), &rotation.name, &mut names, findings);
            check_days(&format!("{path}.days"), rotation, templates, findings);
        }
        names
    }

    fn check_assignments(
        &self,
        templates: &BTreeSet<&str>,
        rotations: &BTreeSet<&str>,
        findings: &mut Findings,
    ) {
        findings.limit("assignments", self.assignments.len(), MAX_ASSIGNMENTS);
        let mut dated = BTreeSet::new();
        for (index, assignment) in self.assignments.iter().take(MAX_ASSIGNMENTS).enumerate() {
            let path = format!("assignments[{index}]");
            match assignment {
                Assignment::Rotating { rotation, first, last, .. } => {
                    if !rotations.contains(rotation.as_str()) {
                        findings
                            .add(format!("{path}.rotation"), "must be the name of a rotation of this plan");
                    }
                    if last.is_some_and(|last| last < *first) {
                        findings.add(format!("{path}.last"), "must not be before first");
                    }
                }
                Assignment::Dated { agent, day, work } => {
                    if !dated.insert((*agent, *day)) {
                        let twice = "must not have a second entry for the same agent; join them into one";
                        findings.add(format!("{path}.day"), twice);
                    }
                    check_work(&format!("{path}.work"), work, templates, findings);
                }
            }
        }
    }
}

fn check_name<'a>(path: &str, name: &'a str, taken: &mut BTreeSet<&'a str>, findings: &mut Findings) {
    if let Some(expected) = name_fault(name) {
        findings.add(path, expected);
    }
    if !taken.insert(name) {
        findings.add(path, "must be unique; an earlier entry has it");
    }
}

fn check_days(path: &str, rotation: &Rotation, templates: &BTreeSet<&str>, findings: &mut Findings) {
    if !(1..=MAX_CYCLE_DAYS).contains(&rotation.days.len()) {
        findings.add(path, format!("must have 1 to {MAX_CYCLE_DAYS} days"));
    }
    for (day, names) in rotation.days.iter().take(MAX_CYCLE_DAYS).enumerate() {
        let path = format!("{path}[{day}]");
        findings.limit(path.as_str(), names.len(), MAX_WORK_PER_DAY);
        for (index, name) in names.iter().take(MAX_WORK_PER_DAY).enumerate() {
            check_template(&format!("{path}[{index}]"), name, templates, findings);
            if names[..index].contains(name) {
                findings.add(format!("{path}[{index}]"), "must not name a template twice on one day");
            }
        }
    }
}

fn check_work(path: &str, work: &[Work], templates: &BTreeSet<&str>, findings: &mut Findings) {
    findings.limit(path, work.len(), MAX_WORK_PER_DAY);
    for (index, one) in work.iter().take(MAX_WORK_PER_DAY).enumerate() {
        match one {
            Work::Template(name) => {
                check_template(&format!("{path}[{index}].template"), name, templates, findings);
            }
            Work::Shift(shift) => findings.shift(&format!("{path}[{index}].shift"), shift),
        }
        if work[..index].contains(one) {
            findings.add(format!("{path}[{index}]"), "must not say the same twice");
        }
    }
}

fn check_template(path: &str, name: &str, templates: &BTreeSet<&str>, findings: &mut Findings) {
    if !templates.contains(name) {
        findings.add(path, "must be the name of a template of this plan");
    }
}
