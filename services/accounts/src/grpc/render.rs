//! Stored things as messages.

use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::to_timestamp;

use crate::account::Account;
use crate::registry::{ChangedAccount, ChangedShop, Opened};
use crate::shop::Shop;
use crate::storage::{DirectoryEntry, DirectoryPage, Stored};

pub(super) fn shop(shop: &Stored<Shop>) -> proto::Shop {
    let value = &shop.value;
    proto::Shop {
        shop_id: value.id.to_string(),
        display_name: value.display_name.clone(),
        time_zone: value.zone.name().to_owned(),
        service_start: value.hours.start().to_string(),
        service_end: value.hours.end().to_string(),
        main_account_id: value.main_account.to_string(),
        create_time: Some(to_timestamp(value.created)),
        etag: shop.etag(),
    }
}

pub(super) fn account(account: &Stored<Account>) -> proto::SubAccount {
    let value = &account.value;
    proto::SubAccount {
        agent_id: value.id.to_string(),
        shop_id: value.shop.to_string(),
        login_name: value.login_name.clone(),
        display_name: value.display_name.clone(),
        main_account: value.main_account,
        groups: value.groups.clone(),
        capacity: value.room.capacity,
        unlimited: value.room.unlimited,
        enabled: value.enabled,
        create_time: Some(to_timestamp(value.created)),
        etag: account.etag(),
    }
}

pub(super) fn opened(opened: Opened) -> proto::CreateShopResponse {
    proto::CreateShopResponse {
        shop: Some(shop(&opened.shop)),
        main_account: Some(account(&opened.main_account)),
        request_id: opened.request_id,
    }
}

pub(super) fn changed_shop(changed: ChangedShop) -> proto::UpdateShopResponse {
    proto::UpdateShopResponse { shop: Some(shop(&changed.shop)), request_id: changed.request_id }
}

pub(super) fn created_account(created: ChangedAccount) -> proto::CreateSubAccountResponse {
    proto::CreateSubAccountResponse {
        sub_account: Some(account(&created.account)),
        request_id: created.request_id,
        warnings: created.warnings,
    }
}

pub(super) fn changed_account(changed: ChangedAccount) -> proto::UpdateSubAccountResponse {
    proto::UpdateSubAccountResponse {
        sub_account: Some(account(&changed.account)),
        request_id: changed.request_id,
        warnings: changed.warnings,
    }
}

pub(super) fn directory_page(page: &DirectoryPage) -> proto::WatchDirectoryResponse {
    proto::WatchDirectoryResponse {
        entries: page.entries.iter().map(directory_entry).collect(),
        caught_up: page.caught_up,
    }
}

fn directory_entry(entry: &DirectoryEntry) -> proto::DirectoryEntry {
    use proto::directory_entry::Entry;

    let version = entry.version();
    let entry = match entry {
        DirectoryEntry::Shop(changed) => Entry::Shop(shop(changed)),
        DirectoryEntry::Account(changed) => Entry::SubAccount(account(changed)),
    };
    proto::DirectoryEntry { version, entry: Some(entry) }
}
