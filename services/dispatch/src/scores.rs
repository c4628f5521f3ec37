//! Follows the scores of analytics: each becomes a command on its shop's desk.
//!
//! Desks keep what they were told in their own history, so scores survive any loss of analytics, and stay as they are
//! meanwhile. Every replica follows, and each time from the beginning: a score that a desk all but has already makes no
//! event, whoever tells it. No caller waits for any of this.

use fenliu_domain::desk::agent::ANY_GROUP;
use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::event::Text;
use fenliu_domain::desk::strategy::Score;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Kind, Problem};
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::scorecard_service_client::ScorecardServiceClient;
use fenliu_proto::convert::id;
use fenliu_runtime::channel::Outgoing;
use futures::stream::{self, StreamExt, TryStreamExt};
use tonic::Status;

use crate::desks::{Call, Desks};
use crate::tries::{Tries, may_pass};

/// Scores applied side by side: few, since nobody waits for them and callers need the same store.
const AT_ONCE: usize = 16;

/// Follows until the server shuts down; when analytics is lost, tries again, ever less often.
pub(crate) async fn follow(desks: Desks, analytics: Outgoing, pause: Span) {
    let platform = desks.platform().clone();
    let soft = platform.lifecycle.soft();
    let mut tries = Tries::new(pause);
    loop {
        let mut pages = 0_u64;
        let end = tokio::select! {
            () = soft.cancelled() => return,
            end = read(&desks, analytics.clone(), &mut pages) => end,
        };
        if tries.ended(pages > 0) {
            tracing::warn!(%end, pages, "the scores of analytics are lost; those that are known hold");
        }
        let wait = platform.clock.now() + tries.pause();
        tokio::select! {
            () = soft.cancelled() => return,
            () = platform.clock.sleep_until(wait) => {}
        }
    }
}

/// Applies scores until the stream ends, counts their pages, and says how it ended.
async fn read(desks: &Desks, analytics: Outgoing, pages: &mut u64) -> Status {
    let mut client = ScorecardServiceClient::new(analytics);
    // An empty shop is all of them.
    let mut stream = match client.watch_scores(proto::WatchScoresRequest::default()).await {
        Ok(stream) => stream.into_inner(),
        Err(status) => return status,
    };
    loop {
        match stream.message().await {
            Ok(Some(page)) => {
                if let Err(problem) = apply_all(desks, page.scores).await {
                    tracing::warn!(%problem, "scores wait for the store");
                    return Status::aborted("a score could not be applied yet");
                }
                *pages += 1;
            }
            Ok(None) => return Status::unavailable("the stream ended"),
            Err(status) => return status,
        }
    }
}

/// Applies the scores of a page, which names nobody twice, side by side.
///
/// # Errors
/// A refusal that may pass by itself. Whom the desk does not know is passed over, and so is, with a line in the log,
/// whatever else trying again would not help.
async fn apply_all(desks: &Desks, scores: Vec<proto::AgentScore>) -> Result<(), Problem> {
    let applied = scores.into_iter().map(|score| async move {
        match apply(desks, &score).await {
            Err(problem) if problem.reason.kind() == Kind::NotFound => {
                tracing::debug!(shop = score.shop_id, agent = score.agent_id, "a score of nobody who is known");
                Ok(())
            }
            Err(problem) if !may_pass(&problem) => {
                tracing::error!(%problem, shop = score.shop_id, agent = score.agent_id, "a score is left out");
                Ok(())
            }
            end => end,
        }
    });
    stream::iter(applied).buffer_unordered(AT_ONCE).try_collect().await
}

async fn apply(desks: &Desks, told: &proto::AgentScore) -> Result<(), Problem> {
    let shop: ShopId = id(&told.shop_id, "shop_id")?;
    let score = Score { speed_permille: told.speed_permille, quality_permille: told.quality_permille };
    // A neutral score is none.
    let scores = if score == Score::default() { Vec::new() } else { vec![(Text::from(ANY_GROUP), score)] };
    let command = Command::ScoreAgent { agent: id(&told.agent_id, "agent_id")?, scores };
    desks.run(Call { shop, request: None, traceparent: None, command, body: None }).await.map(|_| ())
}
