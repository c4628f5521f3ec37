//! Where a field of a plan or an exception stands in its message.

use fenliu_domain::problem::Violation;
use fenliu_domain::roster::Exception;

/// What is wrong with a plan, by the paths of the message it came in.
pub(crate) fn in_roster(violations: Vec<Violation>) -> Vec<Violation> {
    let moved = violations.into_iter().map(|violation| {
        let field = format!("roster.{}", roster_path(&violation.field));
        Violation { field, ..violation }
    });
    moved.collect()
}

/// What is wrong with an exception, by the paths of the message it came in.
pub(crate) fn in_exception(exception: &Exception, violations: Vec<Violation>) -> Vec<Violation> {
    let path = |field: &str| match exception {
        Exception::Leave { .. } => "leave.end_time".to_owned(),
        Exception::Swap { .. } => "swap.other_agent_id".to_owned(),
        Exception::ExtraDuty { .. } => format!("extra_duty.{field}"),
    };
    let moved = violations.into_iter().map(|one| Violation { field: path(&one.field), ..one });
    moved.collect()
}

/// An assignment's fields lie one level deeper in the message, and so do the templates of a rotation's day.
fn roster_path(field: &str) -> String {
    let Some((entry, rest)) = field.split_once('.') else { return field.to_owned() };
    if entry.starts_with("assignments[") {
        return match rest {
            "rotation" => format!("{entry}.rotating.rotation"),
            "last" => format!("{entry}.rotating.last_day"),
            dated => format!("{entry}.dated.{dated}"),
        };
    }
    match rest.strip_prefix("days[").and_then(|day| day.split_once(']')) {
        Some((day, template)) if entry.starts_with("rotations[") => {
            format!("{entry}.days[{day}].templates{template}")
        }
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_a_plan_is_found_in_its_message() {
        for (plan, message) in [
            ("min_on_duty", "min_on_duty"),
            ("templates", "templates"),
            ("templates[2].shift.breaks[0]", "templates[2].shift.breaks[0]"),
            ("rotations[1].name", "rotations[1].name"),
            ("rotations[1].days", "rotations[1].days"),
            ("rotations[1].days[3]", "rotations[1].days[3].templates"),
            ("rotations[1].days[3][0]", "rotations[1].days[3].templates[0]"),
            ("assignments[4].rotation", "assignments[4].rotating.rotation"),
            ("assignments[4].last", "assignments[4].rotating.last_day"),
            ("assignments[4].day", "assignments[4].dated.day"),
            ("assignments[4].work[1].template", "assignments[4].dated.work[1].template"),
        ] {
            assert_eq!(roster_path(plan), message);
        }
    }
}
