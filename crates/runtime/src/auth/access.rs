//! What the contract declares of each RPC, read from its `fenliu.common.v1.access` option.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::access::Permission;
use prost_reflect::{
    Cardinality, DescriptorError, DescriptorPool, DynamicMessage, ExtensionDescriptor, Kind,
    MethodDescriptor, ReflectMessage, Value,
};

/// The option's full name.
const OPTION: &str = "fenliu.common.v1.access";

/// What the names of the contract's permissions begin with.
const PERMISSION_PREFIX: &str = "PERMISSION_";

/// The value that stands for none.
const NO_PERMISSION: &str = "PERMISSION_UNSPECIFIED";

/// What a caller of an RPC needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// No token at all.
    Anyone,
    /// Any valid token.
    SignedIn,
    /// A token with this permission.
    Permission(Permission),
}

/// A text field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its number on the wire.
    pub number: u32,
}

/// Who may call an RPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What the caller needs.
    pub need: Need,
    /// The field that names the shop, which must be the token's own.
    pub shop: Option<Field>,
    /// Tokens of the platform may leave that field empty.
    pub shop_optional: bool,
    /// The field that names the agent who acts, and what a caller needs instead who is not that agent.
    pub agent: Option<(Field, Permission)>,
}

/// The rules of a whole contract. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<BTreeMap<String, Arc<Rule>>>);

/// Why the contract's rules cannot be enforced.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The descriptor set is not one.
    #[error("the descriptor set cannot be read")]
    DescriptorSet(#[from] DescriptorError),
    /// A declaration contradicts itself or its request.
    #[error("the access option of {method} {why}")]
    Declaration {
        /// Its full name.
        method: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Rules {
    /// The rules of an encoded `FileDescriptorSet`, imports included. RPCs without the option have no rule.
    ///
    /// # Errors
    /// When the set cannot be read; when a declaration names a permission nobody knows, a field that is no single
    /// text of its request, or a permission of a shop without the field that names the shop.
    pub fn from_descriptor_set(encoded: &[u8]) -> Result<Self, RulesError> {
        let pool = DescriptorPool::decode(encoded)?;
        let Some(option) = pool.get_extension_by_name(OPTION) else { return Ok(Self::default()) };
        let mut rules = BTreeMap::new();
        for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
            let declared = declared(&method, &option).map_err(|why| {
                let method = method.full_name().to_owned();
                RulesError::Declaration { method, why }
            })?;
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            rules.extend(declared.map(|rule| (path, Arc::new(rule))));
        }
        Ok(Self(Arc::new(rules)))
    }

    /// The rule of the RPC at this path, such as `/fenliu.accounts.v1.ShopService/GetShop`; `None` when none is
    /// declared, and so nobody may call it.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Arc<Rule>> {
        self.0.get(path)
    }

    /// Every path that has a rule, with it, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.0.iter().map(|(path, rule)| (path.as_str(), &**rule))
    }
}

fn declared(method: &MethodDescriptor, option: &ExtensionDescriptor) -> Result<Option<Rule>, String> {
    let options = method.options();
    if !options.has_extension(option) {
        return Ok(None);
    }
    let value = options.get_extension(option);
    let Value::Message(access) = value.as_ref() else { return Err("is no message".to_owned()) };
    let need = need(access)?;
    let shop = field(access, "shop_field", method)?;
    let agent = match (field(access, "agent_field", method)?, permission(access, "for_others")?) {
        (None, None) => None,
        (Some(field), Some(for_others)) => Some((field, for_others)),
        (Some(_), None) => {
            return Err("has an agent_field and does not say what for_others is needed".to_owned());
        }
        (None, Some(_)) => return Err("has for_others and no agent_field".to_owned()),
    };
    let shop_optional =
        access.get_field_by_name("shop_optional").is_some_and(|value| value.as_bool() == Some(true));
    let rule = Rule { need, shop, shop_optional, agent };
    rule.consistent()?;
    Ok(Some(rule))
}

impl Rule {
    fn consistent(&self) -> Result<(), String> {
        let of_a_shop = |permission: &Permission| !permission.is_of_the_platform();
        let named = match self.need {
            Need::Permission(permission) => Some(permission),
            Need::Anyone | Need::SignedIn => None,
        };
        let for_others = self.agent.as_ref().map(|(_, for_others)| *for_others);
        if self.shop.is_none() && named.iter().chain(&for_others).any(of_a_shop) {
            return Err("needs a permission that is held in a shop and has no shop_field".to_owned());
        }
        if self.agent.is_some() && named.is_none() {
            return Err("has an agent_field and no permission for the agent".to_owned());
        }
        if self.shop_optional && self.shop.is_none() {
            return Err("makes the shop optional and has no shop_field".to_owned());
        }
        if self.need == Need::Anyone && self.shop.is_some() {
            return Err("lets anyone in and has a shop_field, which nobody would check".to_owned());
        }
        Ok(())
    }
}

fn need(access: &DynamicMessage) -> Result<Need, String> {
    let set = |name: &str| {
        access.has_field_by_name(name)
            && access.get_field_by_name(name).is_some_and(|value| value.as_bool() == Some(true))
    };
    if set("anyone") {
        Ok(Need::Anyone)
    } else if set("signed_in") {
        Ok(Need::SignedIn)
    } else {
        let missing = || "does not say what a caller needs".to_owned();
        permission(access, "permission")?.map(Need::Permission).ok_or_else(missing)
    }
}

/// The permission in this field; `None` when it holds none.
fn permission(access: &DynamicMessage, name: &str) -> Result<Option<Permission>, String> {
    let declared = access.get_field_by_name(name).ok_or_else(|| format!("has no {name}"))?;
    let field = access.descriptor().get_field_by_name(name).map(|field| field.kind());
    let Some(Kind::Enum(permissions)) = field else {
        return Err(format!("has a {name} that is no permission"));
    };
    let number = declared.as_enum_number().unwrap_or_default();
    let unknown = || format!("names a {name} that is not known here: {number}");
    let value = permissions.get_value(number).ok_or_else(unknown)?;
    if value.name() == NO_PERMISSION {
        return Ok(None);
    }
    let known = value.name().strip_prefix(PERMISSION_PREFIX).and_then(|name| {
        // PERMISSION_DESK_WORK is desk.work: the first word is what it is about.
        Permission::parse(&name.to_lowercase().replacen('_', ".", 1))
    });
    known.map(Some).ok_or_else(|| format!("names a {name} that is not known here: {}", value.name()))
}

/// The request's field of the name that this field holds; `None` when it holds none.
fn field(access: &DynamicMessage, name: &str, method: &MethodDescriptor) -> Result<Option<Field>, String> {
    let declared = access.get_field_by_name(name);
    let wanted = declared.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
    if wanted.is_empty() {
        return Ok(None);
    }
    let request = method.input();
    let found = request.get_field_by_name(wanted).filter(|field| {
        // A real oneof would let another field win over this one.
        let alone = field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic());
        field.kind() == Kind::String && field.cardinality() != Cardinality::Repeated && alone
    });
    let number = found.map(|field| field.number());
    let none = || format!("has a {name} {wanted:?}, which is no single text of {}", request.full_name());
    number.map(|number| Some(Field { name: wanted.to_owned(), number })).ok_or_else(none)
}

#[cfg(test)]
mod tests;
