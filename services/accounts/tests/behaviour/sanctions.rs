//! Mutes and bans: what followers hear of them, how they end, and what stays.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::to_span;
use tonic::{Response, Status};

use super::house::{House, mask, refused, refused_fields};
use super::told::{hours, told, told_once};

const MUTE: i32 = proto::SanctionKind::Mute as i32;
const BAN: i32 = proto::SanctionKind::Ban as i32;

fn mute(agent: &proto::SubAccount, length: Option<Span>) -> proto::MuteAgentRequest {
    proto::MuteAgentRequest {
        shop_id: agent.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        reason: "swore at a buyer".into(),
        evidence: "cnv_1".into(),
        duration: length.map(to_span),
        ..Default::default()
    }
}

async fn muted(house: &mut House, agent: &proto::SubAccount, length: Option<Span>) -> proto::Sanction {
    let answer = house.sanctions.mute_agent(mute(agent, length)).await.expect("muted");
    answer.into_inner().sanction.expect("the answer holds it")
}

async fn ban(
    house: &mut House,
    shop: &proto::Shop,
    agent: &proto::SubAccount,
    length: Option<Span>,
) -> Result<Response<proto::BanAgentResponse>, Status> {
    let request = proto::BanAgentRequest {
        shop_id: shop.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        reason: "again".into(),
        duration: length.map(to_span),
        ..Default::default()
    };
    house.sanctions.ban_agent(request).await
}

async fn lift(
    house: &mut House,
    shop: &proto::Shop,
    sanction: &proto::Sanction,
) -> Result<Response<proto::LiftSanctionResponse>, Status> {
    let request = proto::LiftSanctionRequest {
        shop_id: shop.shop_id.clone(),
        sanction_id: sanction.sanction_id.clone(),
        reason: "apologised".into(),
        ..Default::default()
    };
    house.sanctions.lift_sanction(request).await
}

async fn listed(house: &mut House, agent: &proto::SubAccount, in_force: bool) -> Vec<proto::Sanction> {
    let request = proto::ListSanctionsRequest {
        shop_id: agent.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        in_force,
        ..Default::default()
    };
    house.sanctions.list_sanctions(request).await.expect("listed").into_inner().sanctions
}

fn kind(told: &proto::DirectoryAgent) -> Option<i32> {
    told.sanction.as_ref().map(|sanction| sanction.kind)
}

#[tokio::test]
async fn a_mute_is_told_at_once_and_says_who_why_and_until_when() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let opened = house.now();
    let sanction = muted(&mut house, &ann, Some(Span::from_hours(2))).await;
    assert_eq!(
        (sanction.kind, sanction.in_force, sanction.reason.as_str()),
        (MUTE, true, "swore at a buyer")
    );
    assert_eq!((sanction.evidence.as_str(), hours(sanction.end_time, opened)), ("cnv_1", 2.0));
    assert!(!sanction.author.is_empty());
    let told = told(&mut house, &shop, &ann).await;
    let in_force = told.sanction.expect("it is told");
    assert_eq!((in_force.kind, hours(in_force.end_time, opened)), (MUTE, 2.0));
    assert_eq!(listed(&mut house, &ann, true).await, [sanction]);
    assert_eq!(house.done_to(&shop, &ann.agent_id).await.last().map(String::as_str), Some("agent.muted"));
}

#[tokio::test]
async fn a_sanction_ends_by_itself_on_time_and_its_history_stays() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    muted(&mut house, &ann, Some(Span::from_mins(10))).await;
    house.pass(Span::from_secs(599)).await;
    assert_eq!(kind(&told(&mut house, &shop, &ann).await), Some(MUTE));
    house.pass(Span::from_secs(1)).await;
    told_once(&mut house, (&shop, &ann), |told| told.sanction.is_none()).await;
    assert_eq!(listed(&mut house, &ann, true).await, []);
    let history = listed(&mut house, &ann, false).await;
    assert_eq!((history.len(), history[0].in_force, history[0].lift_time), (1, false, None));
    let refusal = lift(&mut house, &shop, &history[0]).await;
    refused(refusal, Reason::SanctionEnded);
    assert_eq!(
        house.done_to(&shop, &ann.agent_id).await.last().map(String::as_str),
        Some("agent.sanction_ended")
    );
}

#[tokio::test]
async fn what_ended_while_the_service_was_away_is_ended_when_it_is_back() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    muted(&mut house, &ann, Some(Span::from_mins(10))).await;
    house.pass(Span::from_mins(9)).await;
    let mut house = house.restart().await;
    house.pass(Span::from_mins(2)).await;
    told_once(&mut house, (&shop, &ann), |told| told.sanction.is_none()).await;
}

#[tokio::test]
async fn a_ban_beats_a_mute_and_the_weaker_one_comes_back_when_it_ends() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let opened = house.now();
    ban(&mut house, &shop, &ann, Some(Span::from_hours(1))).await.expect("banned");
    muted(&mut house, &ann, Some(Span::from_hours(5))).await;
    muted(&mut house, &ann, Some(Span::from_hours(3))).await;
    assert_eq!(kind(&told(&mut house, &shop, &ann).await), Some(BAN));
    house.pass(Span::from_hours(1)).await;
    let weaker = told_once(&mut house, (&shop, &ann), |told| kind(told) == Some(MUTE)).await;
    assert_eq!(hours(weaker.sanction.expect("the mute").end_time, opened), 5.0, "the one that ends last");
    house.pass(Span::from_hours(4)).await;
    told_once(&mut house, (&shop, &ann), |told| told.sanction.is_none()).await;
}

#[tokio::test]
async fn a_lifted_sanction_is_over_and_says_who_lifted_it_and_why() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let weaker = muted(&mut house, &ann, Some(Span::from_hours(5))).await;
    let answer = ban(&mut house, &shop, &ann, None).await.expect("banned");
    let stricter = answer.into_inner().sanction.expect("the ban");
    assert_eq!(stricter.end_time, None);
    let lifted = lift(&mut house, &shop, &stricter).await.expect("lifted").into_inner().sanction.expect("it");
    assert_eq!((lifted.in_force, lifted.lift_reason.as_str()), (false, "apologised"));
    assert!(lifted.lift_time.is_some() && !lifted.lifted_by.is_empty());
    assert_eq!(kind(&told(&mut house, &shop, &ann).await), Some(MUTE));
    lift(&mut house, &shop, &weaker).await.expect("lifted");
    assert_eq!(kind(&told(&mut house, &shop, &ann).await), None);
    let again = lift(&mut house, &shop, &weaker).await;
    refused(again, Reason::SanctionEnded);
    assert_eq!(listed(&mut house, &ann, false).await.len(), 2);
}

#[tokio::test]
async fn the_main_account_is_never_sanctioned_in_its_own_shop() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let owner = proto::SubAccount { agent_id: shop.main_account_id.clone(), ..ann };
    refused(house.sanctions.mute_agent(mute(&owner, None)).await, Reason::MainAccountProtected);
    let refusal = ban(&mut house, &shop, &owner, None).await;
    refused(refusal, Reason::MainAccountProtected);
}

#[tokio::test]
async fn a_ban_holds_in_its_shop_and_for_whoever_is_bound_again() {
    let mut house = House::open().await;
    let (home, shop) = (house.shop("owner").await, house.shop("other owner").await);
    let ann = house.agent(&home, "ann").await;
    house.bind(&ann, &shop, proto::BindingTerms::default()).await.expect("bound");
    ban(&mut house, &shop, &ann, None).await.expect("banned");
    assert_eq!(kind(&told(&mut house, &shop, &ann).await), Some(BAN));
    assert_eq!(kind(&told(&mut house, &home, &ann).await), None, "at home she works on");
    house.unbind(&shop, &ann, true).await.expect("unbound");
    house.bind(&ann, &shop, proto::BindingTerms::default()).await.expect("bound again");
    assert_eq!(kind(&told(&mut house, &shop, &ann).await), Some(BAN));
}

#[tokio::test]
async fn sanctions_are_bounded_and_of_their_shop() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    let ann = house.agent(&shop, "ann").await;
    for length in [Span::from_secs(59), Span::from_hours(366 * 24 + 1), Span::from_secs(-60)] {
        let refusal = house.sanctions.mute_agent(mute(&ann, Some(length))).await;
        refused_fields(refusal, Reason::InvalidRequest, &["duration"]);
    }
    let elsewhere = proto::SubAccount { shop_id: other.shop_id.clone(), ..ann.clone() };
    refused(house.sanctions.mute_agent(mute(&elsewhere, None)).await, Reason::BindingNotFound);
    let sanction = muted(&mut house, &ann, None).await;
    let refusal = lift(&mut house, &other, &sanction).await;
    refused(refusal, Reason::SanctionNotFound);
    assert_eq!(listed(&mut house, &elsewhere, false).await, []);
}

#[tokio::test]
async fn sanctions_are_listed_newest_first_in_pages() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let mut given = Vec::new();
    for _ in 0..3 {
        given.insert(0, muted(&mut house, &ann, None).await);
    }
    let mut request =
        proto::ListSanctionsRequest { shop_id: shop.shop_id.clone(), page_size: 2, ..Default::default() };
    let first = house.sanctions.list_sanctions(request.clone()).await.expect("listed").into_inner();
    assert_eq!(first.sanctions, given[..2]);
    request.page_token = first.next_page_token;
    let second = house.sanctions.list_sanctions(request).await.expect("listed").into_inner();
    assert_eq!((second.sanctions.as_slice(), second.next_page_token.as_str()), (&given[2..], ""));
}

#[tokio::test]
async fn a_shop_has_the_usual_ladder_until_it_has_its_own() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let get = || proto::GetSanctionLadderRequest { shop_id: shop.shop_id.clone() };
    let usual = house.sanctions.get_sanction_ladder(get()).await.expect("read").into_inner();
    let ladder = usual.ladder.expect("the ladder");
    let rungs: Vec<_> = ladder.rungs.iter().map(|rung| (rung.violations, rung.kind)).collect();
    assert_eq!((ladder.window_days, rungs), (30, vec![(3, MUTE), (5, MUTE), (8, BAN)]));
    let rung = |violations| proto::LadderRung { violations, kind: BAN, duration: None };
    let update = |rungs: &[i32], etag: &str| proto::UpdateSanctionLadderRequest {
        shop_id: shop.shop_id.clone(),
        ladder: Some(proto::SanctionLadder {
            window_days: 7,
            rungs: rungs.iter().copied().map(rung).collect(),
        }),
        etag: etag.into(),
        ..Default::default()
    };
    let changed =
        house.sanctions.update_sanction_ladder(update(&[1, 2], &usual.etag)).await.expect("changed");
    let changed = changed.into_inner();
    let read = house.sanctions.get_sanction_ladder(get()).await.expect("read").into_inner();
    assert_eq!((read.ladder, read.etag), (changed.ladder, changed.etag));
    let late = house.sanctions.update_sanction_ladder(update(&[1], &usual.etag)).await;
    refused(late, Reason::EtagMismatch);
    let sideways = house.sanctions.update_sanction_ladder(update(&[2, 2], "")).await;
    refused_fields(sideways, Reason::InvalidRequest, &["ladder.rungs[1].violations"]);
    let part = |window_days, path| proto::UpdateSanctionLadderRequest {
        shop_id: shop.shop_id.clone(),
        ladder: Some(proto::SanctionLadder { window_days, rungs: Vec::new() }),
        update_mask: mask(&[path]),
        ..Default::default()
    };
    let wider = house.sanctions.update_sanction_ladder(part(9, "window_days")).await.expect("changed");
    let wider = wider.into_inner().ladder.expect("the ladder");
    assert_eq!((wider.window_days, wider.rungs.len()), (9, 2));
    let bare = house.sanctions.update_sanction_ladder(part(0, "rungs")).await.expect("changed");
    let bare = bare.into_inner().ladder.expect("the ladder");
    assert_eq!((bare.window_days, bare.rungs.len()), (9, 0));
    let none = house.sanctions.update_sanction_ladder(part(0, "window_days")).await;
    refused_fields(none, Reason::InvalidRequest, &["ladder.window_days"]);
}

#[tokio::test]
async fn nothing_is_suggested_for_somebody_without_violations() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let request = |agent_id: &str| proto::SuggestSanctionRequest {
        shop_id: shop.shop_id.clone(),
        agent_id: agent_id.into(),
    };
    let suggestion =
        house.sanctions.suggest_sanction(request(&ann.agent_id)).await.expect("asked").into_inner();
    assert_eq!(suggestion, proto::SuggestSanctionResponse::default());
    let nobody = house.sanctions.suggest_sanction(request(&format!("agt_{:032x}", 1))).await;
    refused(nobody, Reason::BindingNotFound);
}
