//! Stored things as messages.

pub(super) mod auth;
pub(super) mod rosters;
pub(super) mod sanctions;

use fenliu_domain::access::Permissions;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::words::Word;

use crate::account::Account;
use crate::binding::{Duty, ExternalAccount, InForce, Member, SanctionKind, Terms};
use crate::registry::{
    ChangedAccount, ChangedBinding, ChangedRole, ChangedShop, CreatedAccount, Done, Opened,
};
use crate::role::Role;
use crate::shop::Shop;
use crate::storage::{AuditEntry, DirectoryEntry, DirectoryPage, Stored};

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
        shop_id: value.home.to_string(),
        login_name: value.login_name.clone(),
        display_name: value.display_name.clone(),
        main_account: value.main_account,
        enabled: value.enabled,
        has_password: value.password.is_some(),
        create_time: Some(to_timestamp(value.created)),
        etag: account.etag(),
    }
}

pub(super) fn binding(member: &Member) -> proto::Binding {
    let Member { binding, account } = member;
    proto::Binding {
        shop_id: binding.value.shop.to_string(),
        agent_id: account.id.to_string(),
        login_name: account.login_name.clone(),
        display_name: account.display_name.clone(),
        home: member.at_home(),
        enabled: account.works(),
        terms: Some(terms(&binding.value.terms)),
        create_time: Some(to_timestamp(binding.value.created)),
        etag: member.etag(),
    }
}

fn terms(terms: &Terms) -> proto::BindingTerms {
    let number = |number: u32| Some(i32::try_from(number).unwrap_or(i32::MAX));
    let external = |account: &ExternalAccount| proto::ExternalAccount {
        platform: account.platform.clone(),
        account_id: account.account_id.clone(),
    };
    proto::BindingTerms {
        roles: terms.roles.clone(),
        groups: terms.groups.clone(),
        capacity: number(terms.capacity),
        capacity_ceiling: number(terms.ceiling),
        unlimited: terms.unlimited,
        weight: number(terms.weight),
        external_account: terms.external.as_ref().map(external),
    }
}

pub(super) fn permissions(permissions: Permissions) -> Vec<i32> {
    permissions.iter().map(Word::number).collect()
}

pub(super) fn role(role: &Stored<Role>) -> proto::Role {
    proto::Role {
        shop_id: role.value.shop.to_string(),
        name: role.value.name.clone(),
        built_in: false,
        permissions: permissions(role.value.permissions),
        etag: role.etag(),
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

pub(super) fn created_account(created: CreatedAccount) -> proto::CreateSubAccountResponse {
    proto::CreateSubAccountResponse {
        sub_account: Some(account(&created.account)),
        binding: Some(binding(&created.member)),
        request_id: created.request_id,
        warnings: created.warnings,
    }
}

pub(super) fn renamed_account(changed: ChangedAccount) -> proto::UpdateSubAccountResponse {
    let sub_account = Some(account(&changed.account));
    proto::UpdateSubAccountResponse { sub_account, request_id: changed.request_id }
}

pub(super) fn disabled_account(changed: ChangedAccount) -> proto::DisableSubAccountResponse {
    let sub_account = Some(account(&changed.account));
    proto::DisableSubAccountResponse { sub_account, request_id: changed.request_id }
}

pub(super) fn enabled_account(changed: ChangedAccount) -> proto::EnableSubAccountResponse {
    let sub_account = Some(account(&changed.account));
    proto::EnableSubAccountResponse { sub_account, request_id: changed.request_id }
}

pub(super) fn deleted_account(done: Done) -> proto::DeleteSubAccountResponse {
    proto::DeleteSubAccountResponse { request_id: done.request_id }
}

pub(super) fn password_reset(done: Done) -> proto::ResetPasswordResponse {
    proto::ResetPasswordResponse { request_id: done.request_id }
}

pub(super) fn bound(changed: ChangedBinding) -> proto::BindAgentResponse {
    proto::BindAgentResponse {
        binding: Some(binding(&changed.member)),
        request_id: changed.request_id,
        warnings: changed.warnings,
    }
}

pub(super) fn changed_binding(changed: ChangedBinding) -> proto::UpdateBindingResponse {
    proto::UpdateBindingResponse {
        binding: Some(binding(&changed.member)),
        request_id: changed.request_id,
        warnings: changed.warnings,
    }
}

pub(super) fn unbound(done: Done) -> proto::UnbindAgentResponse {
    proto::UnbindAgentResponse { request_id: done.request_id }
}

pub(super) fn created_role(changed: ChangedRole) -> proto::CreateRoleResponse {
    proto::CreateRoleResponse { role: Some(role(&changed.role)), request_id: changed.request_id }
}

pub(super) fn changed_role(changed: ChangedRole) -> proto::UpdateRoleResponse {
    proto::UpdateRoleResponse { role: Some(role(&changed.role)), request_id: changed.request_id }
}

pub(super) fn deleted_role(done: Done) -> proto::DeleteRoleResponse {
    proto::DeleteRoleResponse { request_id: done.request_id }
}

pub(super) fn audit_entry(entry: AuditEntry) -> proto::AuditEntry {
    proto::AuditEntry {
        number: entry.number,
        time: Some(to_timestamp(entry.time)),
        shop_id: entry.shop,
        actor: entry.actor,
        action: entry.action,
        target: entry.target,
        before: entry.before,
        after: entry.after,
        request_id: entry.request_id,
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
        DirectoryEntry::Agent(member) => Entry::Agent(directory_agent(member)),
    };
    proto::DirectoryEntry { version, entry: Some(entry) }
}

fn directory_agent(member: &Member) -> proto::DirectoryAgent {
    let Member { binding, account } = member;
    let value = &binding.value;
    proto::DirectoryAgent {
        shop_id: value.shop.to_string(),
        agent_id: value.agent.to_string(),
        display_name: account.display_name.clone(),
        main_account: account.main_account && member.at_home(),
        enabled: member.works(),
        groups: value.terms.groups.clone(),
        capacity: value.terms.capacity,
        capacity_ceiling: value.terms.ceiling,
        unlimited: value.terms.unlimited,
        weight: value.terms.weight,
        sanction: value.sanction.map(directory_sanction),
        duty: value.duty.as_ref().map(duty),
    }
}

fn directory_sanction(sanction: InForce) -> proto::DirectorySanction {
    proto::DirectorySanction {
        kind: sanction_kind(sanction.kind).into(),
        end_time: sanction.end.map(to_timestamp),
    }
}

pub(super) const fn sanction_kind(kind: SanctionKind) -> proto::SanctionKind {
    match kind {
        SanctionKind::Mute => proto::SanctionKind::Mute,
        SanctionKind::Ban => proto::SanctionKind::Ban,
    }
}

fn duty(duty: &Duty) -> proto::Duty {
    let span = |(start, end): &(_, _)| proto::DutySpan {
        start_time: Some(to_timestamp(*start)),
        end_time: Some(to_timestamp(*end)),
    };
    proto::Duty {
        spans: duty.spans.iter().map(span).collect(),
        through_time: Some(to_timestamp(duty.through)),
    }
}
