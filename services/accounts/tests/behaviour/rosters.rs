//! Rosters: drafts, what is published, exceptions, and what followers are told of duty.
//!
//! A house opens at 08:00 of Sunday, 1 March 2026, in the shop's zone, Asia/Shanghai; times below are hours after that.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::create_roster_exception_request::Kind;
use fenliu_proto::accounts::v1::roster_assignment::Work;
use fenliu_proto::convert::to_timestamp;
use futures::future::join_all;

use super::house::{House, change, change_terms, mask, refused, refused_fields};
use super::told::{hours, spans, told, told_at, told_once};

mod exceptions;
mod questions;
mod versions;

/// A shop with Ann and Bob, who work nothing yet.
struct Desk {
    house: House,
    shop: proto::Shop,
    ann: proto::SubAccount,
    bob: proto::SubAccount,
    opened: Timestamp,
}

impl Desk {
    async fn open() -> Self {
        let mut house = House::open().await;
        let opened = house.now();
        let shop = house.shop("owner").await;
        let ann = house.agent(&shop, "ann").await;
        let bob = house.agent(&shop, "bob").await;
        Self { house, shop, ann, bob, opened }
    }

    /// The same, with Ann on from 08:00 to 16:00 and Bob from 16:00 to 24:00, every day from today on.
    async fn with_roster() -> Self {
        let mut desk = Self::open().await;
        let roster = desk.two_shifts();
        desk.publish(roster).await;
        desk
    }

    fn two_shifts(&self) -> proto::Roster {
        let rotation = |name: &str| proto::Rotation {
            name: format!("every {name}"),
            days: vec![proto::RotationDay { templates: vec![name.into()] }],
        };
        proto::Roster {
            templates: vec![template("early", "08:00", "16:00"), template("late", "16:00", "24:00")],
            rotations: vec![rotation("early"), rotation("late")],
            assignments: vec![rotating(&self.ann, "every early"), rotating(&self.bob, "every late")],
            min_on_duty: 1,
        }
    }

    fn id(&self) -> String {
        self.shop.shop_id.clone()
    }

    async fn draft(&mut self, roster: proto::Roster) -> String {
        self.try_draft(roster, "").await.expect("drafted").into_inner().etag
    }

    async fn try_draft(
        &mut self,
        roster: proto::Roster,
        etag: &str,
    ) -> Result<tonic::Response<proto::UpdateRosterDraftResponse>, tonic::Status> {
        let request = proto::UpdateRosterDraftRequest {
            shop_id: self.id(),
            roster: Some(roster),
            etag: etag.into(),
            ..Default::default()
        };
        self.house.rosters.update_roster_draft(request).await
    }

    async fn read_draft(&mut self) -> proto::Roster {
        let request = proto::GetRosterRequest { shop_id: self.id(), draft: true, ..Default::default() };
        let read = self.house.rosters.get_roster(request).await.expect("there is a draft").into_inner();
        read.roster.expect("the answer holds it")
    }

    fn publication(&self, etag: &str) -> proto::PublishRosterRequest {
        proto::PublishRosterRequest { shop_id: self.id(), etag: etag.into(), ..Default::default() }
    }

    async fn publish(&mut self, roster: proto::Roster) -> proto::PublishRosterResponse {
        let etag = self.draft(roster).await;
        let request = self.publication(&etag);
        self.house.rosters.publish_roster(request).await.expect("published").into_inner()
    }

    /// When somebody is on duty in so many hours from the opening, with the shift's name.
    async fn duty(&mut self, agent: &proto::SubAccount, from: i64, to: i64) -> Vec<(f64, f64, String)> {
        let at = |hours| Some(to_timestamp(self.opened + Span::from_hours(hours)));
        let request = proto::ListDutyRequest {
            shop_id: self.id(),
            start_time: at(from),
            end_time: at(to),
            agent_id: agent.agent_id.clone(),
            draft: false,
        };
        let listed = self.house.rosters.list_duty(request).await.expect("listed").into_inner();
        let window = |window: proto::DutyWindow| {
            (hours(window.start_time, self.opened), hours(window.end_time, self.opened), window.shift)
        };
        listed.windows.into_iter().map(window).collect()
    }

    async fn told(&mut self, agent: &proto::SubAccount) -> proto::DirectoryAgent {
        let shop = self.shop.clone();
        told(&mut self.house, &shop, agent).await
    }
}

fn template(name: &str, start: &str, end: &str) -> proto::ShiftTemplate {
    proto::ShiftTemplate { name: name.into(), shift: Some(shift(start, end)) }
}

fn shift(start: &str, end: &str) -> proto::Shift {
    proto::Shift { start: start.into(), end: end.into(), breaks: Vec::new() }
}

fn rotating(agent: &proto::SubAccount, rotation: &str) -> proto::RosterAssignment {
    let work = Work::Rotating(proto::RotatingWork {
        rotation: rotation.into(),
        anchor_day: "2026-03-01".into(),
        first_day: "2026-03-01".into(),
        last_day: String::new(),
    });
    proto::RosterAssignment { agent_id: agent.agent_id.clone(), work: Some(work) }
}
