//! Who was on duty when, as accounts says.
//!
//! Invariant: an answer that needs it does without where accounts does not answer, and says so.

use std::time::Duration;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::Stretch;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::convert::{id, timestamp, to_timestamp};
use fenliu_runtime::channel::Outgoing;
use tonic::{Request, Status};

/// Days of one question: accounts answers with 20,000 windows at most, which so is enough for 600 agents.
const DAYS_AT_ONCE: i64 = 31;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to the rosters.
#[derive(Clone, Debug)]
pub(crate) struct Rosters(pub(crate) RosterServiceClient<Outgoing>);

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    /// Accounts does not answer, or says no.
    #[error("{0}")]
    Refused(#[from] Box<Status>),
    /// What it says makes no sense.
    #[error("{0}")]
    Nonsense(#[from] Problem),
}

impl Rosters {
    /// When each agent of a shop is on duty in a stretch of time; `None` when accounts does not say.
    pub(crate) async fn duty(&self, shop: ShopId, stretch: Stretch) -> Option<Vec<(AgentId, Stretch)>> {
        match self.ask(shop, stretch).await {
            Ok(duty) => Some(duty),
            Err(unknown) => {
                tracing::warn!(%shop, error = %unknown, "accounts does not say who was on duty; scorecards do without");
                None
            }
        }
    }

    async fn ask(&self, shop: ShopId, stretch: Stretch) -> Result<Vec<(AgentId, Stretch)>, Unknown> {
        let mut duty = Vec::new();
        let mut start = stretch.start;
        while let Some(part) =
            Stretch::new(start, stretch.end.min(start + Span::from_hours(24 * DAYS_AT_ONCE)))
        {
            let mut request = Request::new(proto::ListDutyRequest {
                shop_id: shop.to_string(),
                start_time: Some(to_timestamp(part.start)),
                end_time: Some(to_timestamp(part.end)),
                ..Default::default()
            });
            request.set_timeout(PATIENCE);
            let answer = self.0.clone().list_duty(request).await.map_err(Box::new)?.into_inner();
            for window in answer.windows {
                // A window may reach beyond what was asked for, and so come twice; overlapping duty counts once.
                duty.extend(read(&window)?);
            }
            start = part.end;
        }
        Ok(duty)
    }
}

fn read(window: &proto::DutyWindow) -> Result<Option<(AgentId, Stretch)>, Problem> {
    let agent: AgentId = id(&window.agent_id, "windows.agent_id")?;
    let time = |time: &Option<prost_types::Timestamp>, field: &str| {
        timestamp(time.as_ref().ok_or_else(|| Problem::field(field, "must be set"))?, field)
    };
    let start = time(&window.start_time, "windows.start_time")?;
    let end = time(&window.end_time, "windows.end_time")?;
    Ok(Stretch::new(start, end).map(|stretch| (agent, stretch)))
}
