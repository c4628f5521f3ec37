//! Page tokens of another shop.

use fenliu_tests::guarded::furnish::Furnished;
use fenliu_tests::guarded::reads::broad;
use fenliu_tests::guarded::samples::methods;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};

use super::{Sample, World};

/// Lists over all shops, which no token of a shop may read.
const OF_THE_PLATFORM: [&str; 1] = ["ListShops"];
/// Lists of what comes with time, which stands still here. The suite of their service tries tokens of other shops.
const OF_TIME: [&str; 1] = ["ListAlerts"];

impl World {
    /// The first page of a list of this shop, of one entry.
    fn page(&self, shop: &Furnished, method: &MethodDescriptor, page_token: &str) -> DynamicMessage {
        let mut request = broad(&Sample::of(shop.things.clone(), self.guarded.now), method, false);
        request.set_field_by_name("page_size", Value::I32(1));
        request.set_field_by_name("page_token", Value::String(page_token.to_owned()));
        request
    }

    async fn next_page(&self, shop: &Furnished, method: &MethodDescriptor) -> String {
        let answer = self.guarded.ask(&shop.token, method, &self.page(shop, method, "")).await;
        let next = answer.field("next_page_token");
        assert_ne!(next, "", "{} has no second page: {}", method.full_name(), answer.bare());
        next
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_token_of_another_shop_is_refused_by_every_list() {
    let world = World::open().await;
    let paged = |method: &&MethodDescriptor| method.input().get_field_by_name("page_token").is_some();
    for method in methods().iter().filter(paged).filter(|method| !OF_TIME.contains(&method.name())) {
        if OF_THE_PLATFORM.contains(&method.name()) {
            assert!(method.input().get_field_by_name("shop_id").is_none(), "{}", method.full_name());
            continue;
        }
        let theirs = world.next_page(&world.foreign, method).await;
        let request = world.page(&world.own, method, &theirs);
        let refused = world.guarded.ask(&world.own.token, method, &request).await;
        assert_eq!(refused.outcome(), "PAGE_TOKEN_INVALID", "{}", method.full_name());
        world.tells_nothing(&refused.bare(), method.full_name());
        let ours = world.next_page(&world.own, method).await;
        let page = world.guarded.ask(&world.own.token, method, &world.page(&world.own, method, &ours)).await;
        assert!(page.is_ok(), "{} takes its own token: {}", method.full_name(), page.bare());
    }
}
