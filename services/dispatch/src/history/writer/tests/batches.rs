//! What one transaction takes.

use tokio::sync::oneshot;

use super::super::Batch;
use super::disposal;
use super::shop::Shop;

#[test]
fn events_that_many_tails_share_fill_a_batch_once() {
    let (mut shop, mut tail) = Shop::opened(1);
    let mut batch = Batch::default();
    for number in 0..100 {
        tail.extend(shop.message(&format!("buyer-{number}")));
        batch.add((disposal(&tail), oneshot::channel().0));
    }
    assert_eq!(batch.disposals.len(), 100);
    assert_eq!(batch.events, shop.desk.seq().0);
    let (_, other) = Shop::opened(2);
    batch.add((disposal(&other), oneshot::channel().0));
    assert_eq!(batch.events, shop.desk.seq().0 + other.len() as u64, "each shop's count for themselves");
}
