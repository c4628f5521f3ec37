//! Who is on duty when, where nobody is, and the spreadsheet of it.

use super::*;

impl Desk {
    async fn coverage(
        &mut self,
        first_day: &str,
        last_day: &str,
        draft: bool,
    ) -> proto::CheckCoverageResponse {
        let request = proto::CheckCoverageRequest {
            shop_id: self.id(),
            first_day: first_day.into(),
            last_day: last_day.into(),
            draft,
        };
        self.house.rosters.check_coverage(request).await.expect("checked").into_inner()
    }

    async fn export(&mut self, first_day: &str, last_day: &str) -> String {
        let (first_day, last_day) = (first_day.into(), last_day.into());
        let request = proto::ExportRosterRequest { shop_id: self.id(), first_day, last_day };
        self.house.rosters.export_roster(request).await.expect("exported").into_inner().csv
    }

    async fn import(
        &mut self,
        csv: &str,
        templates: Vec<proto::ShiftTemplate>,
    ) -> Result<tonic::Response<proto::ImportRosterResponse>, tonic::Status> {
        let request = proto::ImportRosterRequest {
            shop_id: self.id(),
            csv: csv.into(),
            templates,
            ..Default::default()
        };
        self.house.rosters.import_roster(request).await
    }

    async fn drafted(&mut self) -> proto::Roster {
        let request = proto::GetRosterRequest { shop_id: self.id(), draft: true, version: 0 };
        let read = self.house.rosters.get_roster(request).await.expect("there is a draft");
        read.into_inner().roster.expect("the roster")
    }
}

#[tokio::test]
async fn coverage_finds_the_gap_put_there_on_purpose() {
    let mut desk = Desk::with_roster().await;
    assert_eq!(desk.coverage("2026-03-01", "2026-03-07", false).await.gaps, []);
    let mut roster = desk.two_shifts();
    roster.templates[1] = template("late", "16:30", "24:00");
    desk.draft(roster.clone()).await;
    assert_eq!(desk.coverage("2026-03-02", "2026-03-03", false).await.gaps, [], "a draft changes nothing");
    let expected = |gaps: &[proto::CoverageGap], opened| {
        let gap = |gap: &proto::CoverageGap| {
            (
                gap.day.clone(),
                hours(gap.start_time, opened),
                hours(gap.end_time, opened),
                gap.on_duty,
                gap.needed,
            )
        };
        let found: Vec<_> = gaps.iter().map(gap).collect();
        let wanted = [("2026-03-02", 32.0, 32.5, 0, 1), ("2026-03-03", 56.0, 56.5, 0, 1)];
        assert_eq!(found, wanted.map(|(day, from, to, on, need)| (day.to_owned(), from, to, on, need)));
    };
    expected(&desk.coverage("2026-03-02", "2026-03-03", true).await.gaps, desk.opened);
    desk.publish(roster).await;
    expected(&desk.coverage("2026-03-02", "2026-03-03", false).await.gaps, desk.opened);
}

#[tokio::test]
async fn coverage_finds_when_everybody_may_be_on_break() {
    let mut desk = Desk::open().await;
    let mut roster = desk.two_shifts();
    let rest = proto::Break { start: "12:00".into(), end: "12:30".into() };
    roster.templates[0].shift.as_mut().expect("a shift").breaks = vec![rest];
    desk.publish(roster).await;
    let risks = desk.coverage("2026-03-02", "2026-03-02", false).await.break_risks;
    assert_eq!(risks.len(), 1);
    assert_eq!(
        (hours(risks[0].start_time, desk.opened), hours(risks[0].end_time, desk.opened)),
        (28.0, 28.5)
    );
    assert_eq!(risks[0].agent_ids, [desk.ann.agent_id.clone()]);
}

#[tokio::test]
async fn whoever_has_gone_covers_nothing_from_then_on() {
    let mut desk = Desk::with_roster().await;
    let bob = desk.bob.clone();
    desk.house.pass(Span::from_hours(24)).await;
    desk.house.disable(&bob).await;
    assert_eq!(desk.coverage("2026-03-01", "2026-03-01", false).await.gaps, [], "he worked then");
    assert_eq!(desk.coverage("2026-03-02", "2026-03-02", false).await.gaps.len(), 1);
    desk.house.enable(&bob).await;
    assert_eq!(desk.coverage("2026-03-02", "2026-03-02", false).await.gaps, []);
}

#[tokio::test]
async fn duty_of_the_past_is_what_the_rosters_then_in_force_said() {
    let mut desk = Desk::with_roster().await;
    let ann = desk.ann.clone();
    desk.house.pass(Span::from_hours(28)).await;
    desk.publish(proto::Roster { assignments: Vec::new(), ..desk.two_shifts() }).await;
    let early = |from, to| (from, to, "early".to_owned());
    assert_eq!(desk.duty(&ann, 0, 72).await, [early(0.0, 8.0), early(24.0, 28.0)]);
}

#[tokio::test]
async fn a_question_is_about_sixty_two_days_at_most() {
    let mut desk = Desk::with_roster().await;
    let list = |days: i64| proto::ListDutyRequest {
        shop_id: desk.id(),
        start_time: Some(to_timestamp(desk.opened)),
        end_time: Some(to_timestamp(desk.opened + Span::from_hours(24 * days))),
        ..Default::default()
    };
    let (longest, too_long, none) = (list(62), list(63), list(0));
    let listed = desk.house.rosters.list_duty(longest).await.expect("listed").into_inner();
    assert_eq!(listed.windows.len(), 124);
    for request in [too_long, none] {
        refused_fields(desk.house.rosters.list_duty(request).await, Reason::InvalidRequest, &["end_time"]);
    }
    let check = proto::CheckCoverageRequest {
        shop_id: desk.id(),
        first_day: "2026-03-01".into(),
        last_day: "2026-05-02".into(),
        draft: false,
    };
    refused_fields(desk.house.rosters.check_coverage(check).await, Reason::InvalidRequest, &["last_day"]);
}

#[tokio::test]
async fn a_spreadsheet_replaces_what_it_names_and_keeps_everything_else() {
    let mut desk = Desk::with_roster().await;
    let csv = "agent,2026-03-02,2026-03-03\nANN,off,late+10:00-11:00\nbob,,training\n";
    let training = template("training", "09:00", "10:00");
    let imported = desk.import(csv, vec![training.clone()]).await.expect("imported").into_inner();
    assert_eq!((imported.days, imported.agents), (3, 2));
    let draft = desk.drafted().await;
    assert_eq!(draft.assignments[..2], desk.two_shifts().assignments[..], "rotations stay");
    assert_eq!(draft.assignments.len(), 5);
    assert_eq!(draft.templates.last(), Some(&training));
    let again = "agent,2026-03-02\nann,early\n";
    desk.import(again, Vec::new()).await.expect("imported");
    assert_eq!(desk.drafted().await.assignments.len(), 5, "her day is replaced, the others stay");
}

#[tokio::test]
async fn every_bad_cell_of_a_spreadsheet_is_named() {
    let mut desk = Desk::with_roster().await;
    let csv = "agent,2026-03-02,2026-03-03\nann,nowhere,25:00-26:00\neve,off,off\n";
    refused_fields(desk.import(csv, Vec::new()).await, Reason::RosterInvalid, &["csv:2:3"]);
    let csv = "agent,2026-03-02,2026-03-03\nann,nowhere,off\neve,off,off\n";
    refused_fields(desk.import(csv, Vec::new()).await, Reason::RosterInvalid, &["csv:2:2", "csv:3:1"]);
}

#[tokio::test]
async fn what_is_exported_is_what_is_worked_and_can_be_imported_again() {
    let mut desk = Desk::with_roster().await;
    let csv = "agent,2026-03-02,2026-03-03\nann,off,10:00-12:00/11:00-11:15\nbob,late,early+20:00-02:00\n";
    desk.import(csv, Vec::new()).await.expect("imported");
    let request = desk.publication("");
    desk.house.rosters.publish_roster(request).await.expect("published");
    assert_eq!(desk.export("2026-03-02", "2026-03-03").await, csv);
    let before = (desk.duty(&desk.ann.clone(), 24, 200).await, desk.duty(&desk.bob.clone(), 24, 200).await);
    let exported = desk.export("2026-03-02", "2026-03-08").await;
    desk.import(&exported, Vec::new()).await.expect("imported again");
    let request = desk.publication("");
    let changes = desk.house.rosters.publish_roster(request).await.expect("published").into_inner().changes;
    assert_eq!(changes, [], "what was worked is what is worked");
    assert_eq!(
        (desk.duty(&desk.ann.clone(), 24, 200).await, desk.duty(&desk.bob.clone(), 24, 200).await),
        before
    );
}

#[tokio::test]
async fn leave_shows_in_what_is_exported() {
    let mut desk = Desk::with_roster().await;
    let at = |hours| Some(to_timestamp(desk.opened + Span::from_hours(hours)));
    let request = proto::CreateRosterExceptionRequest {
        shop_id: desk.id(),
        kind: Some(Kind::Leave(proto::Leave {
            agent_id: desk.ann.agent_id.clone(),
            start_time: at(26),
            end_time: at(48),
        })),
        ..Default::default()
    };
    desk.house.rosters.create_roster_exception(request).await.expect("entered");
    let expected = "agent,2026-03-02\nann,08:00-10:00\nbob,late\n";
    assert_eq!(desk.export("2026-03-02", "2026-03-02").await, expected);
}
