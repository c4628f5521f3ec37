//! One row per published roster; never changed.

use fenliu_domain::ids::ShopId;
use prost::Message;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::{Place, plan_of_bytes};
use crate::planning::{Edition, Published, wire};
use crate::storage::Fault;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roster_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Dense within the shop, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// Microseconds since 1970.
    pub publish_time: i64,
    pub published_by: String,
    pub note: String,
    /// The IANA zone it is read in.
    pub time_zone: String,
    /// Bytes of `fenliu.accounts.v1.Roster`.
    pub contents: Vec<u8>,
}

/// A row without its contents: version, publish time, author, note and zone.
pub(crate) type Head = (i64, i64, String, String, String);

/// The columns of a [`Head`], in its order.
pub(crate) const HEAD: [Column; 5] =
    [Column::Version, Column::PublishTime, Column::PublishedBy, Column::Note, Column::TimeZone];

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a published roster.
pub(crate) fn row(shop: ShopId, published: &Published) -> ActiveModel {
    let Published { edition, plan } = published;
    ActiveModel {
        shop_id: Set(shop.to_string()),
        version: Set(edition.version),
        publish_time: Set(edition.published.micros()),
        published_by: Set(edition.by.clone()),
        note: Set(edition.note.clone()),
        time_zone: Set(edition.zone.name().to_owned()),
        contents: Set(wire::roster(plan).encode_to_vec()),
    }
}

/// What is known of a published roster beside its contents.
pub(crate) fn edition(head: Head) -> Result<Edition, Fault> {
    let (version, published, by, note, zone) = head;
    let row = version.to_string();
    let place = Place { table: "roster_version", row: &row };
    let zone =
        fenliu_domain::day::Zone::parse(&zone).map_err(|problem| place.corrupt("time_zone", problem))?;
    Ok(Edition { version, published: place.time("publish_time", published)?, by, note, zone })
}

impl TryFrom<Model> for Published {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let name = format!("{} of {}", row.version, row.shop_id);
        let plan = plan_of_bytes(Place { table: "roster_version", row: &name }, &row.contents)?;
        let head = (row.version, row.publish_time, row.published_by, row.note, row.time_zone);
        Ok(Self { edition: edition(head)?, plan })
    }
}
