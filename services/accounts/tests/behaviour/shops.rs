//! Shops: opened with their main account, listed, changed.

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;

use super::house::{House, mask, new_shop, refused, refused_fields};

fn get(shop_id: &str) -> proto::GetShopRequest {
    proto::GetShopRequest { shop_id: shop_id.into() }
}

fn change(shop: &proto::Shop, paths: &[&str]) -> proto::UpdateShopRequest {
    proto::UpdateShopRequest {
        shop_id: shop.shop_id.clone(),
        shop: Some(shop.clone()),
        update_mask: mask(paths),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_shop_is_opened_with_a_main_account_that_is_never_full() {
    let mut house = House::open().await;
    let opened = house.shops.create_shop(new_shop("Owner")).await.expect("opened").into_inner();
    let (shop, main) = (opened.shop.expect("a shop"), opened.main_account.expect("a main account"));
    assert_eq!(
        (shop.time_zone.as_str(), shop.service_start.as_str(), shop.service_end.as_str()),
        ("Asia/Shanghai", "08:00", "23:00")
    );
    assert_eq!(shop.main_account_id, main.agent_id);
    assert_eq!(main.shop_id, shop.shop_id);
    assert_eq!((main.login_name.as_str(), main.display_name.as_str()), ("Owner", "Owner"));
    assert!(main.main_account && main.enabled);
    assert!(opened.request_id.starts_with("req_"));
    let read = house.shops.get_shop(get(&shop.shop_id)).await.expect("read").into_inner();
    assert_eq!(read.shop, Some(shop));
    assert_eq!(house.read(&main).await, main);
}

#[tokio::test]
async fn a_shop_nobody_opened_is_not_found() {
    let mut house = House::open().await;
    let status = refused(
        house.shops.get_shop(get("shp_00000000000000000000000000000001")).await,
        Reason::ShopNotFound,
    );
    assert_eq!(status.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn every_wrong_field_of_a_new_shop_is_named_at_once() {
    let mut house = House::open().await;
    let wrong = proto::CreateShopRequest {
        display_name: " ".into(),
        time_zone: "Mars/Olympus".into(),
        service_start: "8:00".into(),
        main_account_login_name: " owner".into(),
        ..new_shop("owner")
    };
    let fields = ["display_name", "time_zone", "service_start", "main_account_login_name"];
    refused_fields(house.shops.create_shop(wrong).await, Reason::InvalidRequest, &fields);
}

#[tokio::test]
async fn a_zone_that_does_not_exist_has_its_own_reason() {
    let mut house = House::open().await;
    for zone in ["Mars/Olympus", "asia/shanghai", "{}", "+08:00", "Asia/Shanghai "] {
        let wrong = proto::CreateShopRequest { time_zone: zone.into(), ..new_shop("owner") };
        refused_fields(house.shops.create_shop(wrong).await, Reason::TimeZoneInvalid, &["time_zone"]);
    }
}

#[tokio::test]
async fn service_starts_before_it_ends_and_may_last_till_midnight() {
    let mut house = House::open().await;
    for (start, end) in [("09:00", "09:00"), ("10:00", "09:00"), ("24:00", "24:00"), ("20:00", "04:00")] {
        let hours = proto::CreateShopRequest {
            service_start: start.into(),
            service_end: end.into(),
            ..new_shop("owner")
        };
        refused_fields(house.shops.create_shop(hours).await, Reason::InvalidRequest, &["service_end"]);
    }
    let hours = proto::CreateShopRequest {
        service_start: "00:00".into(),
        service_end: "24:00".into(),
        ..new_shop("owner")
    };
    let opened = house.shops.create_shop(hours).await.expect("opened").into_inner();
    assert_eq!(opened.shop.expect("a shop").service_end, "24:00");
}

#[tokio::test]
async fn a_refused_shop_leaves_nothing_behind() {
    let mut house = House::open().await;
    house.shop("owner").await;
    refused(house.shops.create_shop(new_shop("OWNER")).await, Reason::LoginNameTaken);
    let list = house.shops.list_shops(proto::ListShopsRequest::default()).await.expect("listed");
    assert_eq!(list.into_inner().shops.len(), 1);
}

#[tokio::test]
async fn shops_are_listed_oldest_first_page_by_page() {
    let mut house = House::open().await;
    let mut shops = Vec::new();
    for index in 0..5 {
        shops.push(house.shop(&format!("owner {index}")).await);
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListShopsRequest { page_size: 2, page_token };
        let page = house.shops.list_shops(request).await.expect("a page").into_inner();
        assert!(page.shops.len() <= 2);
        listed.extend(page.shops);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, shops);
}

#[tokio::test]
async fn only_the_fields_in_the_mask_change() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let wanted = proto::Shop {
        display_name: "New name".into(),
        time_zone: "Europe/Berlin".into(),
        service_start: "nonsense".into(),
        ..shop.clone()
    };
    let changed =
        house.shops.update_shop(change(&wanted, &["time_zone"])).await.expect("changed").into_inner();
    let changed = changed.shop.expect("the shop");
    assert_ne!(changed.etag, shop.etag);
    let expected =
        proto::Shop { time_zone: "Europe/Berlin".into(), etag: changed.etag.clone(), ..shop.clone() };
    assert_eq!(changed, expected);
    let read = house.shops.get_shop(get(&shop.shop_id)).await.expect("read").into_inner();
    assert_eq!(read.shop, Some(changed));
}

#[tokio::test]
async fn one_end_of_the_service_window_is_checked_against_the_other() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let late = proto::Shop { service_start: "23:30".into(), ..shop.clone() };
    let update = house.shops.update_shop(change(&late, &["service_start"])).await;
    refused_fields(update, Reason::InvalidRequest, &["shop.service_start"]);
    let night = proto::Shop { service_end: "24:00".into(), ..late };
    let update = house.shops.update_shop(change(&night, &["service_start", "service_end"])).await;
    assert_eq!(update.expect("changed").into_inner().shop.expect("the shop").service_start, "23:30");
}

#[tokio::test]
async fn wrong_values_in_an_update_are_named_by_their_path() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let wrong = proto::Shop {
        display_name: "a\u{7}b".into(),
        time_zone: "Nowhere".into(),
        service_start: "25:00".into(),
        ..shop.clone()
    };
    let paths = ["display_name", "time_zone", "service_start", "etag"];
    let fields = ["update_mask.paths[3]", "shop.display_name", "shop.time_zone", "shop.service_start"];
    let update = house.shops.update_shop(change(&wrong, &paths)).await;
    refused_fields(update, Reason::InvalidRequest, &fields);
    let update = house.shops.update_shop(change(&shop, &[])).await;
    refused_fields(update, Reason::InvalidRequest, &["update_mask"]);
}

#[tokio::test]
async fn nul_is_refused_wherever_it_hides() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let hidden = proto::Shop { main_account_id: "a\0b".into(), ..shop.clone() };
    let update = house.shops.update_shop(change(&hidden, &["display_name"])).await;
    refused_fields(update, Reason::InvalidRequest, &["shop.main_account_id"]);
    let request = proto::CreateShopRequest { request_id: "a\0b".into(), ..new_shop("other owner") };
    refused_fields(house.shops.create_shop(request).await, Reason::InvalidRequest, &["request_id"]);
}

#[tokio::test]
async fn a_shop_that_changed_since_it_was_read_is_not_overwritten() {
    let mut house = House::open().await;
    let read = house.shop("owner").await;
    let with_etag = |name: &str| proto::UpdateShopRequest {
        etag: read.etag.clone(),
        ..change(&proto::Shop { display_name: name.into(), ..read.clone() }, &["display_name"])
    };
    house.shops.update_shop(with_etag("first")).await.expect("the etag still fits");
    refused(house.shops.update_shop(with_etag("second")).await, Reason::EtagMismatch);
    let now = house.shops.get_shop(get(&read.shop_id)).await.expect("read").into_inner();
    assert_eq!(now.shop.expect("the shop").display_name, "first");
}
