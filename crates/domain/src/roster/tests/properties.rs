//! The properties of `README.md`, over random worlds.

use proptest::prelude::*;

use super::oracle::{Minute, Walk, minute_of, spread};
use super::worlds::{World, service, shift, strange_day, utc, world};
use super::{ANN, config};
use crate::day::{ClockTime, Day};
use crate::ids::AgentId;
use crate::roster::{
    Assignment, ChangeKind, Coverage, Plan, Reign, Rotation, Shift, Template, Work, coverage, diff, on_duty,
    resolve, resolve_reigns,
};

/// The first minute on which two accounts differ.
fn first_difference(ours: &[Minute], theirs: &[Minute]) -> Option<(usize, Minute, Minute)> {
    assert_eq!(ours.len(), theirs.len());
    let differs = ours.iter().zip(theirs).position(|(a, b)| a != b)?;
    Some((differs, ours[differs].clone(), theirs[differs].clone()))
}

/// A plan in which agent 1 works every day up to the first cut, agent 2 from there to the second, and so on around
/// the clock.
fn relay(cuts: &[u16], strange: Day) -> Plan {
    let clock = |minutes: u16| ClockTime::from_minutes(minutes).expect("of the clock");
    let mut plan = Plan::default();
    for (index, cut) in cuts.iter().enumerate() {
        let name = format!("leg {index}");
        let next = cuts.get(index + 1).unwrap_or(&cuts[0]);
        let shift = Shift::new(clock(*cut), clock(*next));
        plan.templates.push(Template { name: name.clone(), shift });
        plan.rotations.push(Rotation { name: name.clone(), days: vec![vec![name.clone()]] });
        let agent = AgentId::from_bits(1 + index as u128);
        let first = strange.minus(30);
        plan.assignments.push(Assignment::Rotating {
            agent,
            rotation: name,
            anchor: first,
            first,
            last: None,
        });
    }
    plan.validate().expect("a relay makes sense");
    plan
}

/// Checks coverage against a count in every minute.
fn check_coverage(found: &Coverage, minutes: &[Minute], open: &[Option<Day>], first: i64, needed: u32) {
    let count = |minute: &Minute| u32::try_from(minute.agents().len()).expect("few");
    let mut short: Vec<Option<Day>> = vec![None; minutes.len()];
    let mut quiet = short.clone();
    let place = |at| usize::try_from(minute_of(at) - first).expect("in the range");
    for gap in &found.gaps {
        let part = place(gap.start)..place(gap.end);
        assert_eq!(minutes[part.clone()].iter().map(count).min(), Some(gap.on_duty), "{gap:?}");
        assert_eq!(gap.needed, needed);
        short[part].fill(Some(gap.day));
    }
    for rest in &found.everyone_on_break {
        let part = place(rest.start)..place(rest.end);
        assert_eq!(minutes[part.clone()].iter().map(count).max(), Some(rest.on_duty), "{rest:?}");
        quiet[part].fill(Some(rest.day));
    }
    for (index, minute) in minutes.iter().enumerate() {
        let too_few = open[index].filter(|_| count(minute) < needed);
        assert_eq!(short[index], too_few, "minute {index}: {minute:?}");
        let all_rest = open[index].filter(|_| !minute.on.is_empty() && minute.agents() == minute.resting);
        assert_eq!(quiet[index], all_rest, "minute {index}: {minute:?}");
    }
    let longest = |ends: Vec<_>| {
        ends.windows(2).all(|pair: &[(Day, _, _)]| pair[0].0 < pair[1].0 || pair[0].2 < pair[1].1)
    };
    assert!(longest(found.gaps.iter().map(|gap| (gap.day, gap.start, gap.end)).collect()), "{found:?}");
    assert!(
        longest(found.everyone_on_break.iter().map(|rest| (rest.day, rest.start, rest.end)).collect()),
        "{found:?}"
    );
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn duty_is_what_the_clock_says_minute_by_minute(world in world()) {
        let World { zone, plan, exceptions, from, to, .. } = &world;
        prop_assert_eq!(plan.validate(), Ok(()));
        let duty = resolve(*zone, plan, exceptions, *from, *to).expect("within the limits");
        let walk = Walk::new(*zone, *from, *to);
        let ours = spread(&duty.windows, &duty.breaks, walk.first, walk.reached.len());
        prop_assert_eq!(first_difference(&ours, &walk.duty(plan, exceptions)), None);
        prop_assert!(duty.windows.is_sorted_by_key(|window| (window.start, window.agent)));
        prop_assert!(duty.breaks.is_sorted_by_key(|rest| (rest.start, rest.agent)));
    }

    #[test]
    fn shifts_that_follow_each_other_hand_over_without_gap_or_overlap(
        (zone, strange) in strange_day(),
        cuts in prop::collection::btree_set(0_u16..1_440, 1..8),
        start in -3_000_i64..3_000,
    ) {
        let cuts: Vec<u16> = cuts.into_iter().collect();
        let (from, to) = (utc(strange, start), utc(strange, start + 4_000));
        let duty = resolve(zone, &relay(&cuts, strange), &[], from, to).expect("within the limits");
        let mut reached = from;
        for window in &duty.windows {
            prop_assert_eq!(window.start, reached, "{:?}", window);
            reached = window.end;
        }
        prop_assert_eq!(reached, to);
    }

    #[test]
    fn coverage_is_what_counting_each_minute_finds(world in world(), service in service(), needed in 1_u32..4, length in 0_u32..3) {
        let World { zone, strange, plan, exceptions, .. } = &world;
        let (first, last) = (strange.minus(1), strange.minus(1).plus(length));
        // Wide enough for every zone's idea of these days.
        let (from, to) = (utc(first, -1_500), utc(last, 4_500));
        let duty = resolve(*zone, plan, exceptions, from, to).expect("within the limits");
        let found = coverage(*zone, service, needed, &duty, &(first..=last)).expect("few days");
        let walk = Walk::new(*zone, from, to);
        let days: Vec<Day> = (0..=length).map(|offset| first.plus(offset)).collect();
        check_coverage(&found, &walk.duty(plan, exceptions), &walk.service(service, &days), walk.first, needed);
    }

    #[test]
    fn joined_duty_is_disjoint_and_the_same_moments(world in world()) {
        let World { zone, plan, exceptions, from, to, .. } = &world;
        let duty = resolve(*zone, plan, exceptions, *from, *to).expect("within the limits");
        for (agent, stretches) in on_duty(&duty.windows) {
            prop_assert!(stretches.windows(2).all(|pair| pair[0].end < pair[1].start), "{:?}", stretches);
            let inside = |at| stretches.iter().any(|stretch| stretch.start <= at && at < stretch.end);
            for at in duty.windows.iter().flat_map(|window| [window.start, window.end]) {
                let on = duty.windows.iter().any(|w| w.agent == agent && w.start <= at && at < w.end);
                prop_assert_eq!(inside(at), on);
            }
        }
    }

    #[test]
    fn publishing_the_same_roster_again_changes_nothing(world in world(), part in 0.0..1.0_f64) {
        let World { zone, plan, exceptions, from, to, .. } = &world;
        let at = utc(Day::new(1970, 1, 1).expect("a date"), minute_of(*from) + (to.since(*from).seconds() / 60.0 * part) as i64);
        let reigns = [
            Reign { zone: *zone, plan, from: *from, until: Some(at) },
            Reign { zone: *zone, plan, from: at, until: None },
        ];
        let twice = resolve_reigns(&reigns, exceptions, *from, *to);
        prop_assert_eq!(twice, resolve(*zone, plan, exceptions, *from, *to));
    }

    #[test]
    fn each_reign_holds_in_its_own_time_and_zone(
        old in world(),
        new in world(),
        (elsewhere, _) in strange_day(),
        published in -1_000_i64..2_000,
    ) {
        let at = utc(old.strange, published);
        // The new plan is moved to the old one's time by its dated entries only; rotations reach there by themselves.
        let mut plan = new.plan.clone();
        for assignment in &mut plan.assignments {
            if let Assignment::Rotating { first, last, .. } = assignment {
                (*first, *last) = (old.strange.minus(3), None);
            }
        }
        let mut reigns = [
            Reign { zone: old.zone, plan: &old.plan, from: old.from, until: None },
            Reign { zone: elsewhere, plan: &plan, from: at, until: None },
        ];
        if at != old.from {
            // Their order in the list matters only when both begin at once.
            reigns.reverse();
        }
        let duty = resolve_reigns(&reigns, &old.exceptions, old.from, old.to).expect("within the limits");
        let (before, after) = (Walk::new(old.zone, old.from, old.to), Walk::new(elsewhere, old.from, old.to));
        let theirs: Vec<Minute> = before
            .duty(&old.plan, &old.exceptions)
            .into_iter()
            .zip(after.duty(&plan, &old.exceptions))
            .zip(before.first..)
            .map(|((before, after), minute)| if minute < minute_of(at.max(old.from)) { before } else { after })
            .collect();
        let ours = spread(&duty.windows, &duty.breaks, before.first, theirs.len());
        if at >= old.from {
            prop_assert_eq!(first_difference(&ours, &theirs), None);
        }
    }

    #[test]
    fn a_diff_takes_the_old_duty_to_the_new(before in world(), after in world()) {
        let World { zone, plan, exceptions, from, to, .. } = &before;
        let mut other = after.plan.clone();
        other.assignments.extend(plan.assignments.iter().filter(|one| matches!(one, Assignment::Rotating { .. })).cloned());
        let old = resolve(*zone, plan, exceptions, *from, *to).expect("within the limits");
        let new = resolve(*zone, &other, exceptions, *from, *to).expect("within the limits");
        let first = minute_of(*from);
        let count = usize::try_from(minute_of(*to) - first).expect("not empty");
        let mut walked: Vec<_> = spread(&old.windows, &[], first, count).iter().map(Minute::agents).collect();
        for change in diff(&old.windows, &new.windows) {
            for minute in minute_of(change.stretch.start)..minute_of(change.stretch.end) {
                let on = &mut walked[usize::try_from(minute - first).expect("in the range")];
                let changed = match change.kind {
                    ChangeKind::Added => on.insert(change.agent),
                    ChangeKind::Removed => on.remove(&change.agent),
                };
                prop_assert!(changed, "{:?} changes nothing", change);
            }
        }
        let wanted: Vec<_> = spread(&new.windows, &[], first, count).iter().map(Minute::agents).collect();
        prop_assert_eq!(walked, wanted);
    }

    #[test]
    fn a_shift_keeps_its_text(shift in shift()) {
        prop_assert_eq!(shift.to_string().parse(), Ok(shift.clone()));
        let plan = Plan {
            assignments: vec![Assignment::Dated { agent: ANN, day: Day::new(2026, 1, 1).expect("a date"), work: vec![Work::Shift(shift)] }],
            ..Plan::default()
        };
        prop_assert_eq!(plan.validate(), Ok(()));
    }
}
