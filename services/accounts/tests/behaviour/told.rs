//! What the directory tells of somebody, as a follower hears it.

use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::convert;

use super::house::House;

/// The entry of an agent in a shop, as it is now.
pub(crate) async fn told(
    house: &mut House,
    shop: &proto::Shop,
    agent: &proto::SubAccount,
) -> proto::DirectoryAgent {
    told_once(house, (shop, agent), |_| true).await
}

/// The entry of an agent in a shop, as soon as something holds of it.
pub(crate) async fn told_once(
    house: &mut House,
    (shop, agent): (&proto::Shop, &proto::SubAccount),
    holds: impl Fn(&proto::DirectoryAgent) -> bool,
) -> proto::DirectoryAgent {
    entry_once(house, (shop, agent), holds).await.0
}

/// The version that brought the entry of an agent in a shop.
pub(crate) async fn told_at(house: &mut House, shop: &proto::Shop, agent: &proto::SubAccount) -> i64 {
    entry_once(house, (shop, agent), |_| true).await.1
}

async fn entry_once(
    house: &mut House,
    (shop, agent): (&proto::Shop, &proto::SubAccount),
    holds: impl Fn(&proto::DirectoryAgent) -> bool,
) -> (proto::DirectoryAgent, i64) {
    let watch = house.directory.watch_directory(proto::WatchDirectoryRequest::default()).await;
    let mut stream = watch.expect("followed").into_inner();
    let mut latest = None;
    loop {
        let page = stream.message().await.expect("the stream goes on").expect("the stream has no end");
        for entry in page.entries {
            match entry.entry {
                Some(Entry::Agent(told))
                    if told.agent_id == agent.agent_id && told.shop_id == shop.shop_id =>
                {
                    latest = Some((told, entry.version));
                }
                _ => {}
            }
        }
        if let Some(found) = latest.as_ref().filter(|(told, _)| page.caught_up && holds(told)) {
            return found.clone();
        }
    }
}

/// The spans of a duty, as hours after a moment.
pub(crate) fn spans(told: &proto::DirectoryAgent, since: Timestamp) -> Vec<(f64, f64)> {
    let hours = |time: Option<prost_types::Timestamp>| hours(time, since);
    let duty = told.duty.as_ref().expect("the duty is told");
    duty.spans.iter().map(|span| (hours(span.start_time), hours(span.end_time))).collect()
}

/// A moment, as hours after another.
pub(crate) fn hours(time: Option<prost_types::Timestamp>, since: Timestamp) -> f64 {
    let time = convert::timestamp(&time.expect("a time"), "time").expect("a time");
    time.since(since).seconds() / Span::from_hours(1).seconds()
}
