//! How open conversations know their buyers.

use super::shop::{ANN, Shop};
use crate::desk::opened::OpenConversation;

#[test]
fn a_slot_that_is_not_the_buyers_is_not_believed() {
    let mut shop = Shop::with(&[(ANN, 4)]);
    let (of_a, of_b) = (shop.says("a"), shop.says("b"));
    let held = |id| shop.desk.conversations.get(&id).expect("it is open");
    let right = shop.desk.slot_of_buyer(held(of_a));
    assert_eq!(right, held(of_a).buyer, "a conversation knows its buyer's slot");
    for wrong in [held(of_b).buyer, None] {
        let open = OpenConversation { conversation: held(of_a).conversation.clone(), buyer: wrong };
        assert_eq!(shop.desk.slot_of_buyer(&open), right);
    }
}
