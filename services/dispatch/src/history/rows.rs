//! The rows as they lie in SQL. Nothing outside `history` sees one.

#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod archived_range;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod conversation;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod desk_snapshot;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod event;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod log_head;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod message_body;
#[expect(unreachable_pub, reason = "sea-orm derives public items, which expose the row")]
pub(super) mod shop_head;
