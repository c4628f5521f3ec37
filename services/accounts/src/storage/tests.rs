//! The store by itself: what the gRPC suite in `tests/behaviour` cannot see from outside.

use fenliu_domain::day::Zone;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::{CreateShopRequest, GetShopResponse, Shop as Answer};
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::sql::ScratchDatabase;
use futures::FutureExt;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DatabaseBackend, EntityTrait, PaginatorTrait, QueryFilter};
use sea_orm_migration::MigratorTrait;
use tonic::Request;

use super::rows::{directory_head, request_memory, shop};
use super::{AuditFilter, Fault, Store, memory, migrations};
use crate::call::Call;
use crate::shop::{NewShop, Shop};

struct House {
    store: Store,
    _place: ScratchDatabase,
    clock: VirtualClock,
    platform: Platform,
}

impl House {
    async fn open() -> Self {
        let clock = VirtualClock::new(Timestamp::from_micros_clamped(0));
        let platform = Platform::simulated(&clock, 1, Lifecycle::new());
        let place = ScratchDatabase::create("accounts_store").await;
        let store = Store::open(&place.config(), &platform).await.expect("a store");
        Self { store, _place: place, clock, platform }
    }

    fn call(&self, request_id: &str) -> Call {
        let request = CreateShopRequest { request_id: request_id.into(), ..Default::default() };
        Call::of(&mut Request::new(request), &self.platform.ids)
    }

    /// Opens a shop whose main account has this name.
    async fn open_shop(&self, name: &str) -> Result<ShopId, fenliu_domain::problem::Problem> {
        let (shop_id, agent_id) = self.ids();
        let new = new_shop(name);
        let work = self.store.once(self.call(""), move |mut change| {
            Box::pin(async move {
                let name = new.main_login_name.clone();
                let (shop, main) = new.open(shop_id, agent_id, change.now());
                change.insert_shop(shop).await?;
                change.insert_account(main, &name).await?;
                Ok(GetShopResponse::default())
            })
        });
        work.await.map(|_| shop_id)
    }

    fn ids(&self) -> (ShopId, AgentId) {
        (ShopId::from_bits(self.platform.ids.next_bits()), AgentId::from_bits(self.platform.ids.next_bits()))
    }

    /// Writes to the audit log.
    async fn note(&self, action: &'static str) {
        let work = self.store.by_itself(move |change| {
            Box::pin(async move { change.audit(None, action, "a test", (None, None)).await })
        });
        work.await.expect("noted");
    }

    async fn noted(&self) -> Vec<super::AuditEntry> {
        self.store.audit_before(None, &AuditFilter::default(), 0, 10).await.expect("listed")
    }

    async fn remembered(&self) -> u64 {
        request_memory::Entity::find().count(self.store.db.reader()).await.expect("counted")
    }
}

fn new_shop(name: &str) -> NewShop {
    NewShop {
        display_name: name.into(),
        zone: Zone::UTC,
        hours: Shop::hours("08:00".parse().expect("a time"), "24:00".parse().expect("a time"))
            .expect("hours"),
        main_login_name: LoginName::parse(name).expect("a name"),
        main_password: None,
    }
}

#[tokio::test]
async fn the_schema_goes_down_and_up_again() {
    let house = House::open().await;
    migrations::Migrator::down(house.store.db.writer(), None).await.expect("down");
    migrations::Migrator::up(house.store.db.writer(), None).await.expect("up");
    assert_eq!(house.store.directory_head().await.expect("a head"), 0);
}

#[tokio::test]
async fn nothing_that_the_audit_log_holds_is_changed_or_removed() {
    let house = House::open().await;
    house.note("first").await;
    let noted = house.noted().await;
    let others = match house.store.db.backend() {
        DatabaseBackend::Postgres => ["TRUNCATE audit_entry", "TRUNCATE audit_entry, role"],
        _ => [
            "REPLACE INTO audit_entry SELECT * FROM audit_entry",
            "UPDATE OR IGNORE audit_entry SET actor = ''",
        ],
    };
    let usual = ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry"];
    for statement in usual.into_iter().chain(others) {
        let refused = house.store.db.writer().execute_unprepared(statement).await.expect_err(statement);
        assert!(refused.to_string().contains("audit_entry is append-only"), "{refused}");
    }
    assert_eq!(house.noted().await, noted);
    house.note("second").await;
    assert_eq!(house.noted().await[1..], noted);
}

#[tokio::test]
async fn a_refused_change_uses_up_no_version_and_leaves_no_row() {
    let house = House::open().await;
    house.open_shop("owner").await.expect("opened");
    assert_eq!(house.store.directory_head().await.expect("a head"), 2);
    let refused = house.open_shop("OWNER").await.expect_err("the name is taken");
    assert_eq!(refused.reason, Reason::LoginNameTaken);
    assert_eq!(house.store.directory_head().await.expect("a head"), 2);
    assert_eq!(shop::Entity::find().count(house.store.db.reader()).await.expect("counted"), 1);
    assert_eq!(house.remembered().await, 1);
}

#[tokio::test]
async fn answers_of_yesterday_are_forgotten_a_few_at_a_time() {
    let house = House::open().await;
    for index in 0..40 {
        house.open_shop(&format!("yesterday {index}")).await.expect("opened");
    }
    house.clock.advance_to(house.clock.now() + memory::MEMORY + Span::from_secs(1)).await;
    let mut left = Vec::new();
    for index in 0..4 {
        house.open_shop(&format!("today {index}")).await.expect("opened");
        left.push(house.remembered().await);
    }
    let pruned = memory::PRUNED_AT_ONCE;
    assert_eq!(left, [41 - pruned, 42 - 2 * pruned, 3, 4]);
}

#[tokio::test]
async fn followers_hear_of_a_commit_whose_caller_has_gone() {
    let house = House::open().await;
    let mut commits = house.store.commits();
    commits.borrow_and_update();
    // Polled once, the change is on its way; then its caller goes away.
    assert!(house.open_shop("owner").now_or_never().is_none());
    commits.changed().await.expect("the store lives");
    assert_eq!(house.store.directory_head().await.expect("a head"), 2);
}

#[tokio::test]
async fn a_panic_inside_a_change_rolls_it_back_and_the_next_one_works() {
    let house = House::open().await;
    let (shop_id, agent_id) = house.ids();
    let new = new_shop("owner");
    let work = house.store.once::<Answer, _>(house.call(""), move |mut change| {
        Box::pin(async move {
            let (shop, _) = new.open(shop_id, agent_id, change.now());
            change.insert_shop(shop).await?;
            panic!("on purpose")
        })
    });
    assert_eq!(work.await.expect_err("it panicked").reason, Reason::Internal);
    assert_eq!(house.store.directory_head().await.expect("a head"), 0);
    house.open_shop("owner").await.expect("opened");
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_reported_by_its_place() {
    let house = House::open().await;
    let shop_id = house.open_shop("owner").await.expect("opened");
    let broken = shop::ActiveModel {
        shop_id: Set(shop_id.to_string()),
        time_zone: Set("Mars/Olympus".into()),
        ..Default::default()
    };
    shop::Entity::update(broken).exec(house.store.db.writer()).await.expect("broken");
    let fault = house.store.tenant(shop_id).shop().await.expect_err("the zone is none");
    assert!(
        matches!(&fault, Fault::Corrupt { table: "shop", column: "time_zone", row, .. } if *row == shop_id.to_string()),
        "{fault:?}"
    );
    assert_eq!(fault.into_problem().reason, Reason::Internal);
}

#[tokio::test]
async fn a_head_that_is_missing_stops_every_change() {
    let house = House::open().await;
    directory_head::Entity::delete_many()
        .filter(Expr::value(true))
        .exec(house.store.db.writer())
        .await
        .expect("deleted");
    assert_eq!(house.open_shop("owner").await.expect_err("no head").reason, Reason::Internal);
}
