//! What followers of the directory read: entries in the order of their versions.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::members::members;
use super::rows::{binding, directory_head, shop};
use super::{Fault, Store, Stored};
use crate::binding::Member;
use crate::shop::Shop;

/// Most entries of one page.
pub(crate) const PAGE_ENTRIES: usize = 500;

/// One shop or agent as it is since a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DirectoryEntry {
    /// A shop.
    Shop(Stored<Shop>),
    /// Somebody who works for a shop, or did.
    Agent(Box<Member>),
}

/// Some entries, and where to go on.
#[derive(Debug)]
pub(crate) struct DirectoryPage {
    /// In the order of their versions, at most [`PAGE_ENTRIES`].
    pub(crate) entries: Vec<DirectoryEntry>,
    /// Everything up to this version has been given.
    pub(crate) through: i64,
    /// These were the last that existed when they were read.
    pub(crate) caught_up: bool,
    /// The directory's version when they were read.
    pub(crate) head: i64,
}

impl DirectoryEntry {
    /// The version that brought it.
    pub(crate) const fn version(&self) -> i64 {
        match self {
            Self::Shop(shop) => shop.version,
            Self::Agent(member) => member.binding.version,
        }
    }
}

impl Store {
    /// Version of the latest committed change.
    pub(crate) async fn directory_head(&self) -> Result<i64, Fault> {
        only(directory_head::Entity::find_by_id(directory_head::ONLY).one(self.db.reader()).await?)
    }

    /// The entries after a version, up to a page full.
    ///
    /// The head is read first and bounds what follows: all versions up to it were committed before, so an entry
    /// that is missing here has moved on to a later version and will come with that one. Without the bound, a
    /// commit between the two reads could show its agent now and hide its shop for ever.
    pub(crate) async fn directory_after(&self, version: i64) -> Result<DirectoryPage, Fault> {
        let head = self.directory_head().await?;
        if head <= version {
            return Ok(DirectoryPage { entries: Vec::new(), through: version, caught_up: true, head });
        }
        let mut entries = self.changed_shops(version, head).await?;
        entries.extend(self.changed_agents(version, head).await?);
        entries.sort_unstable_by_key(DirectoryEntry::version);
        let caught_up = entries.len() <= PAGE_ENTRIES;
        entries.truncate(PAGE_ENTRIES);
        let last = entries.last().map_or(head, DirectoryEntry::version);
        Ok(DirectoryPage { entries, through: if caught_up { head } else { last }, caught_up, head })
    }

    async fn changed_shops(&self, after: i64, through: i64) -> Result<Vec<DirectoryEntry>, Fault> {
        let rows = shop::Entity::find()
            .filter(shop::Column::Version.gt(after))
            .filter(shop::Column::Version.lte(through))
            .order_by_asc(shop::Column::Version)
            .limit(ONE_MORE)
            .all(self.db.reader())
            .await?;
        rows.into_iter().map(|row| row.try_into().map(DirectoryEntry::Shop)).collect()
    }

    async fn changed_agents(&self, after: i64, through: i64) -> Result<Vec<DirectoryEntry>, Fault> {
        let rows = binding::Entity::find()
            .filter(binding::Column::Version.gt(after))
            .filter(binding::Column::Version.lte(through))
            .order_by_asc(binding::Column::Version)
            .limit(ONE_MORE)
            .all(self.db.reader())
            .await?;
        let members = members(self.db.reader(), rows).await?;
        Ok(members.into_iter().map(|member| DirectoryEntry::Agent(Box::new(member))).collect())
    }
}

/// One more than a page of either kind, which tells whether the page was the last.
const ONE_MORE: u64 = PAGE_ENTRIES as u64 + 1;

/// The version in the only row there is.
pub(super) fn only(head: Option<directory_head::Model>) -> Result<i64, Fault> {
    head.map(|head| head.version).ok_or_else(|| Fault::Corrupt {
        table: "directory_head",
        column: "id",
        row: directory_head::ONLY.to_string(),
        why: "the row is missing".into(),
    })
}
