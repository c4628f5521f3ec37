//! Whom a command means, and how people call them: login names and ids of a shop's agents.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::ids::AgentId;
use fenliu_domain::login_name::LoginName;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::{Binding, ListBindingsRequest};
use fenliu_runtime::channel::Outgoing;

use crate::client::Client;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::target::{Refused, asking, refused};

/// Everybody who works for a shop.
#[derive(Clone, Debug, Default)]
pub struct People {
    by_id: BTreeMap<String, Named>,
    /// Names that several people share.
    shared: BTreeSet<String>,
}

/// How somebody is called.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    login: String,
    display: String,
}

impl People {
    /// Asks who works for a shop.
    ///
    /// # Errors
    /// Refusals.
    pub async fn of(channel: &Outgoing, shop: &str) -> anyhow::Result<Self> {
        let request = ListBindingsRequest { shop_id: shop.to_owned(), ..ListBindingsRequest::default() };
        Ok(Self::among(&bindings(channel, &request).await?))
    }

    /// Asks who works for a shop, for their names only: a caller who may not see accounts sees ids instead.
    ///
    /// # Errors
    /// Refusals of another reason.
    pub async fn if_allowed(channel: &Outgoing, shop: &str) -> anyhow::Result<Self> {
        match Self::of(channel, shop).await {
            Err(error) if Refused::is_for(&error, "PERMISSION_DENIED") => Ok(Self::default()),
            people => people,
        }
    }

    /// Those of these bindings.
    #[must_use]
    pub fn among(bindings: &[Binding]) -> Self {
        let named = |binding: &Binding| {
            let named = Named { login: binding.login_name.clone(), display: binding.display_name.clone() };
            (binding.agent_id.clone(), named)
        };
        let by_id: BTreeMap<_, _> = bindings.iter().map(named).collect();
        let mut seen = BTreeSet::new();
        let again = by_id.values().filter(|named| !seen.insert(&named.display));
        let shared = again.map(|named| named.display.clone()).collect();
        Self { by_id, shared }
    }

    /// How somebody is called: by the name people see, with the login name where several have it; whoever is not
    /// known, by the id.
    #[must_use]
    pub fn name(&self, id: &str) -> String {
        match self.by_id.get(id) {
            Some(named) if !self.shared.contains(&named.display) => named.display.clone(),
            _ => self.full_name(id),
        }
    }

    /// How somebody is called without doubt: the name people see, and the login name where that is another.
    #[must_use]
    pub fn full_name(&self, id: &str) -> String {
        match self.by_id.get(id) {
            None => id.to_owned(),
            Some(named) if named.login == named.display => named.login.clone(),
            Some(named) => format!("{} ({})", named.display, named.login),
        }
    }

    /// The id of whoever signs in with this name, in any spelling that folds to it; an id is taken as it is.
    ///
    /// # Errors
    /// When nobody of the shop does.
    pub fn id_of(&self, login: &str) -> anyhow::Result<String> {
        if login.parse::<AgentId>().is_ok() {
            return Ok(login.to_owned());
        }
        let wanted = LoginName::parse(login).map_err(|error| anyhow::anyhow!("the login name {error}"))?;
        let same = |named: &Named| LoginName::parse(&named.login).is_ok_and(|name| name == wanted);
        let found = self.by_id.iter().find(|(_, named)| same(named));
        found.map(|(id, _)| id.clone()).ok_or_else(|| {
            let message =
                format!("nobody signs in as {login} among this shop's agents; see fenliu agent list");
            Refused { reason: "AGENT_NOT_FOUND", message }.into()
        })
    }
}

/// The id of an agent who is named by login name or by id.
///
/// # Errors
/// Refusals, and when nobody of the shop has that name.
pub async fn id_of(client: &Client, shop: &str, agent: &str) -> anyhow::Result<String> {
    if agent.parse::<AgentId>().is_ok() {
        return Ok(agent.to_owned());
    }
    People::of(&client.channel(), shop).await?.id_of(agent)
}

/// All bindings that a request asks for.
///
/// # Errors
/// Refusals.
pub async fn bindings(channel: &Outgoing, request: &ListBindingsRequest) -> anyhow::Result<Vec<Binding>> {
    let page = async |page_token: String| {
        let request = ListBindingsRequest { page_size: PAGE_SIZE, page_token, ..request.clone() };
        let answer = BindingServiceClient::new(channel.clone()).list_bindings(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.bindings, answer.next_page_token))
    };
    listing::all(MAX_LISTED, page).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> People {
        let binding = |id: &str, login: &str, display: &str| Binding {
            agent_id: id.into(),
            login_name: login.into(),
            display_name: display.into(),
            ..Binding::default()
        };
        People::among(&[binding("agt_1", "XiaoHong", "小红"), binding("agt_2", "ann", "ann")])
    }

    #[test]
    fn a_login_name_is_found_in_any_spelling_that_folds_to_it() {
        assert_eq!(people().id_of("xiaohong").expect("found"), "agt_1");
        let error = people().id_of("bob").expect_err("nobody");
        assert!(Refused::is_for(&error, "AGENT_NOT_FOUND"), "{error}");
        assert!(people().id_of("").is_err());
    }

    #[test]
    fn whoever_is_not_known_is_called_by_id() {
        assert_eq!(people().name("agt_1"), "小红");
        assert_eq!(people().full_name("agt_1"), "小红 (XiaoHong)");
        assert_eq!(people().full_name("agt_2"), "ann");
        assert_eq!(people().name("agt_3"), "agt_3");
    }

    #[test]
    fn two_of_one_name_are_told_apart() {
        let binding = |id: &str, login: &str| Binding {
            agent_id: id.into(),
            login_name: login.into(),
            display_name: "小李".into(),
            ..Binding::default()
        };
        let people = People::among(&[binding("agt_1", "li-na"), binding("agt_2", "li-wei")]);
        assert_eq!(
            (people.name("agt_1"), people.name("agt_2")),
            ("小李 (li-na)".into(), "小李 (li-wei)".into())
        );
    }
}
