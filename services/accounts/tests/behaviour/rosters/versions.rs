//! Drafts and what is published of them.

use super::*;

#[tokio::test]
async fn presets_offer_the_usual_shifts_to_begin_with() {
    let mut house = House::open().await;
    let presets = house.rosters.list_shift_presets(proto::ListShiftPresetsRequest {}).await.expect("listed");
    let named: Vec<_> =
        presets.into_inner().presets.into_iter().map(|one| (one.name, one.templates.len())).collect();
    let expected = [("day", 1), ("three_shifts", 3), ("morning_afternoon_evening", 3)];
    assert_eq!(named, expected.map(|(name, count)| (name.to_owned(), count)));
}

#[tokio::test]
async fn a_draft_changes_nobodys_duty_until_it_is_published_whole_and_at_once() {
    let mut desk = Desk::open().await;
    let (ann, bob) = (desk.ann.clone(), desk.bob.clone());
    let etag = desk.draft(desk.two_shifts()).await;
    assert_eq!(desk.told(&ann).await.duty, None, "the shop has published nothing");
    let request = desk.publication(&etag);
    let published = desk.house.rosters.publish_roster(request).await.expect("published").into_inner();
    let version = published.version.expect("the version");
    assert_eq!((version.version, version.time_zone.as_str()), (1, "Asia/Shanghai"));
    let told = desk.told(&ann).await;
    assert_eq!(spans(&told, desk.opened), [(0.0, 8.0), (24.0, 32.0), (48.0, 56.0)]);
    let through = told.duty.as_ref().expect("told").through_time;
    assert_eq!(hours(through, desk.opened), 72.0);
    let told = desk.told(&bob).await;
    assert_eq!(spans(&told, desk.opened), [(8.0, 16.0), (32.0, 40.0), (56.0, 64.0)]);
    let owner = proto::SubAccount { agent_id: desk.shop.main_account_id.clone(), ..ann.clone() };
    assert_eq!(spans(&desk.told(&owner).await, desk.opened), [], "whoever is not named has duty of nothing");
    assert_eq!(
        desk.house.done_to(&desk.shop.clone(), &desk.id()).await,
        ["shop.created", "roster.drafted", "roster.published"]
    );
}

#[tokio::test]
async fn publishing_says_whose_duty_changes_in_the_next_fourteen_days() {
    let mut desk = Desk::with_roster().await;
    let mut roster = desk.two_shifts();
    roster.assignments.remove(1);
    let changes = desk.publish(roster.clone()).await;
    assert_eq!(changes.changes.len(), 14, "Bob's fourteen evenings");
    assert!(changes.changes.iter().all(|change| !change.added && change.agent_id == desk.bob.agent_id));
    assert!(!changes.more_changes);
    let same = desk.publish(roster).await;
    assert_eq!(same.changes, []);
    assert_eq!(same.version.expect("the version").version, 3, "numbers are dense");
}

#[tokio::test]
async fn a_roster_that_changes_nothing_leaves_followers_in_peace() {
    let mut desk = Desk::with_roster().await;
    let ann = desk.ann.clone();
    let shop = desk.shop.clone();
    let before = told_at(&mut desk.house, &shop, &ann).await;
    desk.publish(desk.two_shifts()).await;
    assert_eq!(told_at(&mut desk.house, &shop, &ann).await, before);
}

#[tokio::test]
async fn what_is_told_of_duty_and_sanctions_leaves_the_etag_of_a_binding_alone() {
    let mut desk = Desk::open().await;
    let (shop, ann) = (desk.shop.clone(), desk.ann.clone());
    let read = desk.house.binding(&shop, &ann).await;
    let first = told_at(&mut desk.house, &shop, &ann).await;
    desk.publish(desk.two_shifts()).await;
    let with_duty = told_at(&mut desk.house, &shop, &ann).await;
    assert!(with_duty > first, "followers have heard of her duty");
    let mute = proto::MuteAgentRequest {
        shop_id: shop.shop_id.clone(),
        agent_id: ann.agent_id.clone(),
        reason: "rude".into(),
        ..Default::default()
    };
    desk.house.sanctions.mute_agent(mute).await.expect("muted");
    assert!(told_at(&mut desk.house, &shop, &ann).await > with_duty, "and of her mute");
    assert_eq!(desk.house.binding(&shop, &ann).await, read);
    let terms = |weight| proto::BindingTerms { weight: Some(weight), ..Default::default() };
    let update = |weight| proto::UpdateBindingRequest {
        etag: read.etag.clone(),
        ..change_terms(&read, terms(weight), &["weight"])
    };
    desk.house.bindings.update_binding(update(2)).await.expect("what was read is still so");
    refused(desk.house.bindings.update_binding(update(3)).await, Reason::EtagMismatch);
    desk.house.bindings.update_binding(change_terms(&read, terms(1), &["weight"])).await.expect("changed");
    let renamed = proto::SubAccount { display_name: "Anna".into(), ..ann.clone() };
    desk.house.accounts.update_sub_account(change(&renamed, &["display_name"])).await.expect("renamed");
    refused(desk.house.bindings.update_binding(update(3)).await, Reason::EtagMismatch);
}

#[tokio::test]
async fn a_masked_draft_says_only_what_changes() {
    let mut desk = Desk::with_roster().await;
    let whole = desk.two_shifts();
    let update = |roster: proto::Roster, paths: &[&str]| proto::UpdateRosterDraftRequest {
        shop_id: desk.shop.shop_id.clone(),
        roster: Some(roster),
        update_mask: mask(paths),
        ..Default::default()
    };
    let (two, one) = (
        update(proto::Roster { min_on_duty: 2, ..Default::default() }, &["min_on_duty"]),
        update(proto::Roster::default(), &["assignments"]),
    );
    let broken = update(proto::Roster::default(), &["templates"]);
    let unknown = update(proto::Roster::default(), &["colour"]);
    desk.house.rosters.update_roster_draft(two).await.expect("drafted");
    let mut expected = proto::Roster { min_on_duty: 2, ..whole };
    assert_eq!(desk.read_draft().await, expected, "the rest is that of the roster in force");
    desk.house.rosters.update_roster_draft(one).await.expect("drafted");
    expected.assignments.clear();
    assert_eq!(desk.read_draft().await, expected, "the rest is that of the draft");
    let fields = ["roster.rotations[0].days[0].templates[0]", "roster.rotations[1].days[0].templates[0]"];
    let refusal = desk.house.rosters.update_roster_draft(broken).await;
    refused_fields(refusal, Reason::RosterInvalid, &fields);
    let refusal = desk.house.rosters.update_roster_draft(unknown).await;
    refused_fields(refusal, Reason::InvalidRequest, &["update_mask.paths[0]"]);
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let mut desk = Desk::open().await;
    let etag = desk.draft(desk.two_shifts()).await;
    let request =
        proto::PublishRosterRequest { dry_run: true, note: "try".into(), ..desk.publication(&etag) };
    let dry = desk.house.rosters.publish_roster(request).await.expect("rehearsed").into_inner();
    let version = dry.version.expect("what it would be");
    assert_eq!((version.version, version.note.as_str()), (1, "try"));
    assert_eq!(dry.changes.len(), 28);
    let in_force = proto::GetRosterRequest { shop_id: desk.id(), ..Default::default() };
    refused(desk.house.rosters.get_roster(in_force).await, Reason::RosterNotFound);
    let ann = desk.ann.clone();
    assert_eq!(desk.told(&ann).await.duty, None);
    let request = desk.publication(&etag);
    let published = desk.house.rosters.publish_roster(request).await.expect("published").into_inner();
    assert_eq!(published.changes, dry.changes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_publish_one_draft_at_once_exactly_one_wins() {
    let mut desk = Desk::open().await;
    let etag = desk.draft(desk.two_shifts()).await;
    let attempts = (0..10).map(|_| {
        let (mut rosters, request) = (desk.house.rosters.clone(), desk.publication(&etag));
        tokio::spawn(async move { rosters.publish_roster(request).await })
    });
    let mut won = 0;
    for attempt in join_all(attempts.collect::<Vec<_>>()).await {
        match attempt.expect("no call panics") {
            Ok(_) => won += 1,
            Err(status) => drop(refused::<()>(Err(status), Reason::EtagMismatch)),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn versions_are_kept_and_listed_newest_first() {
    let mut desk = Desk::with_roster().await;
    let empty = proto::Roster { assignments: Vec::new(), ..desk.two_shifts() };
    desk.publish(empty.clone()).await;
    let mut request =
        proto::ListRosterVersionsRequest { shop_id: desk.id(), page_size: 1, ..Default::default() };
    let mut listed = Vec::new();
    loop {
        let page =
            desk.house.rosters.list_roster_versions(request.clone()).await.expect("listed").into_inner();
        listed.extend(page.versions.iter().map(|version| version.version));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, [2, 1]);
    for (version, roster) in [(1, desk.two_shifts()), (2, empty.clone()), (0, empty)] {
        let request = proto::GetRosterRequest { shop_id: desk.id(), draft: false, version };
        let read = desk.house.rosters.get_roster(request).await.expect("read").into_inner();
        assert_eq!(read.roster, Some(roster));
    }
    let none = proto::GetRosterRequest { shop_id: desk.id(), draft: false, version: 3 };
    refused(desk.house.rosters.get_roster(none).await, Reason::RosterNotFound);
}

#[tokio::test]
async fn a_draft_is_replaced_only_by_whoever_has_read_it() {
    let mut desk = Desk::open().await;
    let roster = desk.two_shifts();
    refused(desk.try_draft(roster.clone(), "v1").await, Reason::EtagMismatch);
    let first = desk.draft(roster.clone()).await;
    desk.try_draft(roster.clone(), &first).await.expect("it was read");
    refused(desk.try_draft(roster, &first).await, Reason::EtagMismatch);
    let request = desk.publication(&first);
    refused(desk.house.rosters.publish_roster(request).await, Reason::EtagMismatch);
}

#[tokio::test]
async fn every_bad_field_of_a_draft_is_named() {
    let mut desk = Desk::open().await;
    let mut roster = desk.two_shifts();
    roster.templates.push(template("early", "25:00", "26:00"));
    roster.assignments.push(rotating(&desk.ann, "no such rotation"));
    let fields = ["roster.templates[2].shift.start", "roster.templates[2].shift.end"];
    refused_fields(desk.try_draft(roster.clone(), "").await, Reason::RosterInvalid, &fields);
    roster.templates[2].shift = Some(shift("10:00", "11:00"));
    let fields = ["roster.templates[2].name", "roster.assignments[2].rotating.rotation"];
    refused_fields(desk.try_draft(roster, "").await, Reason::RosterInvalid, &fields);
}

#[tokio::test]
async fn whoever_a_roster_names_works_for_the_shop_then_and_when_it_is_published() {
    let mut desk = Desk::open().await;
    let other = desk.house.shop("other owner").await;
    let eve = desk.house.agent(&other, "eve").await;
    let mut roster = desk.two_shifts();
    roster.assignments.push(rotating(&eve, "every late"));
    let fields = ["roster.assignments[2].agent_id"];
    refused_fields(desk.try_draft(roster.clone(), "").await, Reason::RosterInvalid, &fields);
    let shop = desk.shop.clone();
    desk.house.bind(&eve, &shop, proto::BindingTerms::default()).await.expect("bound");
    let etag = desk.draft(roster).await;
    desk.house.unbind(&shop, &eve, true).await.expect("unbound");
    let request = desk.publication(&etag);
    refused_fields(desk.house.rosters.publish_roster(request).await, Reason::RosterInvalid, &fields);
}

#[tokio::test]
async fn without_a_draft_or_a_roster_there_is_none() {
    let mut desk = Desk::open().await;
    let request = desk.publication("");
    refused(desk.house.rosters.publish_roster(request).await, Reason::RosterNotFound);
    let draft = proto::GetRosterRequest { shop_id: desk.id(), draft: true, version: 0 };
    refused(desk.house.rosters.get_roster(draft).await, Reason::RosterNotFound);
    let nowhere = proto::GetRosterRequest { shop_id: format!("shp_{:032x}", 1), ..Default::default() };
    refused(desk.house.rosters.get_roster(nowhere).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn duty_is_told_further_ahead_as_time_passes() {
    let mut desk = Desk::with_roster().await;
    let (shop, ann, opened) = (desk.shop.clone(), desk.ann.clone(), desk.opened);
    desk.house.pass(Span::from_hours(23)).await;
    assert_eq!(
        hours(desk.told(&ann).await.duty.expect("told").through_time, opened),
        72.0,
        "it is far enough"
    );
    for day in 1..=3 {
        desk.house.pass(Span::from_hours(24)).await;
        let needed = (24.0 * f64::from(day)) + 23.0 + 48.0;
        let reaches = |told: &proto::DirectoryAgent| {
            hours(told.duty.as_ref().expect("told").through_time, opened) >= needed
        };
        let told = told_once(&mut desk.house, (&shop, &ann), reaches).await;
        assert!(spans(&told, opened).iter().all(|(start, end)| end - start <= 8.0));
        assert!(spans(&told, opened).len() >= 2);
    }
}

#[tokio::test]
async fn many_are_rolled_on_together() {
    let mut desk = Desk::open().await;
    let mut roster = desk.two_shifts();
    let mut last = desk.ann.clone();
    for index in 0..70 {
        last = desk.house.agent(&desk.shop.clone(), &format!("agent {index}")).await;
        roster.assignments.push(rotating(&last, "every early"));
    }
    desk.publish(roster).await;
    let (shop, opened) = (desk.shop.clone(), desk.opened);
    desk.house.pass(Span::from_hours(25)).await;
    let reaches =
        |told: &proto::DirectoryAgent| hours(told.duty.as_ref().expect("told").through_time, opened) > 90.0;
    let first = desk.ann.clone();
    told_once(&mut desk.house, (&shop, &first), reaches).await;
    told_once(&mut desk.house, (&shop, &last), reaches).await;
}

#[tokio::test]
async fn whoever_joins_a_shop_with_a_roster_is_told_their_duty_at_once() {
    let mut desk = Desk::open().await;
    let cid = desk.house.agent(&desk.shop.clone(), "cid").await;
    assert_eq!(desk.told(&cid).await.duty, None);
    desk.publish(desk.two_shifts()).await;
    let dan = desk.house.agent(&desk.shop.clone(), "dan").await;
    assert_eq!(spans(&desk.told(&dan).await, desk.opened), []);
}

#[tokio::test]
async fn a_shop_that_moves_keeps_its_past_and_goes_on_in_its_new_zone() {
    let mut desk = Desk::with_roster().await;
    let (ann, opened) = (desk.ann.clone(), desk.opened);
    desk.house.pass(Span::from_hours(24)).await;
    let moved = proto::Shop { time_zone: "Asia/Tokyo".into(), ..desk.shop.clone() };
    let request = proto::UpdateShopRequest {
        shop_id: desk.id(),
        shop: Some(moved),
        update_mask: mask(&["time_zone"]),
        ..Default::default()
    };
    desk.house.shops.update_shop(request).await.expect("moved");
    let early = |from, to| (from, to, "early".to_owned());
    // In Tokyo it is 09:00 already, and the early shift of tomorrow begins an hour sooner.
    let expected = [early(0.0, 8.0), early(24.0, 31.0), early(47.0, 55.0)];
    assert_eq!(desk.duty(&ann, 0, 60).await, expected);
    assert_eq!(spans(&desk.told(&ann).await, opened)[..2], [(24.0, 31.0), (47.0, 55.0)]);
    let versions = proto::ListRosterVersionsRequest { shop_id: desk.id(), ..Default::default() };
    let versions =
        desk.house.rosters.list_roster_versions(versions).await.expect("listed").into_inner().versions;
    let zones: Vec<_> =
        versions.iter().map(|version| (version.version, version.time_zone.as_str())).collect();
    assert_eq!(zones, [(2, "Asia/Tokyo"), (1, "Asia/Shanghai")]);
}
