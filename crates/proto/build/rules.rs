//! Turns the `buf.validate` rules of the contract into Rust: one `Validate` impl per message.
//!
//! Knows exactly the rules in use; any other rule fails the build, so that none is ever written and not enforced.

use std::error::Error;
use std::fmt::Write;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    OneofDescriptor, ReflectMessage, Value,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Printable text, without control characters.
const PRINTABLE: &str = "^[^\\p{Cc}]*$";

/// What the ids of ours begin with, and the type that parses each; the patterns of ids are made of these.
const IDS: &[(&str, &str)] = &[
    ("shp_", "ShopId"),
    ("agt_", "AgentId"),
    ("cnv_", "ConversationId"),
    ("evt_", "EventId"),
    ("svc_", "ServiceId"),
    ("snc_", "SanctionId"),
    ("exc_", "ExceptionId"),
];

/// The source of the `Validate` impls of all messages of our packages.
pub(crate) fn generate(pool: &DescriptorPool) -> Result<String> {
    let rules = Rules {
        field: extension(pool, "buf.validate.field")?,
        oneof: extension(pool, "buf.validate.oneof")?,
    };
    let mut source = String::new();
    for message in pool.all_messages().filter(|m| m.package_name().starts_with("fenliu.")) {
        rules.message(&message, &mut source)?;
    }
    Ok(source)
}

fn extension(pool: &DescriptorPool, name: &str) -> Result<ExtensionDescriptor> {
    pool.get_extension_by_name(name).ok_or_else(|| format!("no extension {name}").into())
}

struct Rules {
    field: ExtensionDescriptor,
    oneof: ExtensionDescriptor,
}

impl Rules {
    fn message(&self, message: &MessageDescriptor, out: &mut String) -> Result<()> {
        let mut body = String::new();
        // A server trusts what it answers itself; only what comes in is checked.
        if !message.name().ends_with("Response") {
            for field in message.fields().filter(|f| real_oneof(f).is_none()) {
                self.field(&field, &mut body)?;
            }
            for oneof in message.oneofs().filter(|o| !o.is_synthetic()) {
                self.oneof(message, &oneof, &mut body)?;
            }
        }
        let checker = if body.is_empty() { "_checker" } else { "checker" };
        let path = rust_path(message);
        writeln!(
            out,
            "impl crate::validate::Validate for {path} {{\n    \
             fn check(&self, {checker}: &mut crate::validate::Checker) {{\n{body}    }}\n}}"
        )?;
        Ok(())
    }

    fn field(&self, field: &FieldDescriptor, out: &mut String) -> Result<()> {
        let options = field.options();
        let rules = rules_of(&options, &self.field)?;
        let name = field.name();
        if field.is_map() {
            return Err(format!("{}: maps are not in use", field.full_name()).into());
        }
        if field.is_list() {
            let checks = checks(field, items(rules.as_ref())?.as_ref(), "item")?;
            if let Some(list) = kind_rules(rules.as_ref(), "repeated")? {
                if let Some(max) = number(&list, "max_items") {
                    writeln!(out, "        checker.max_items({name:?}, self.{name}.len(), {max});")?;
                }
                if let Some(min) = number(&list, "min_items") {
                    writeln!(out, "        checker.min_items({name:?}, self.{name}.len(), {min});")?;
                }
            }
            if !checks.is_empty() {
                writeln!(
                    out,
                    "        for (index, item) in self.{name}.iter().enumerate() {{\n            \
                     checker.item({name:?}, index, |checker| {{ {checks} }});\n        }}"
                )?;
            }
            return Ok(());
        }
        let optional = matches!(field.kind(), Kind::Message(_)) || field.supports_presence();
        if flag(rules.as_ref(), "required") {
            writeln!(out, "        checker.required({name:?}, self.{name}.is_some());")?;
        }
        let checks = checks(field, rules.as_ref(), "value")?;
        if checks.is_empty() {
            return Ok(());
        }
        if optional {
            writeln!(
                out,
                "        if let Some(value) = &self.{name} {{\n            \
                 checker.field({name:?}, |checker| {{ {checks} }});\n        }}"
            )?;
        } else {
            writeln!(
                out,
                "        checker.field({name:?}, |checker| {{ let value = &self.{name}; {checks} }});"
            )?;
        }
        Ok(())
    }

    fn oneof(&self, message: &MessageDescriptor, oneof: &OneofDescriptor, out: &mut String) -> Result<()> {
        let name = oneof.name();
        if flag(rules_of(&oneof.options(), &self.oneof)?.as_ref(), "required") {
            writeln!(out, "        checker.required({name:?}, self.{name}.is_some());")?;
        }
        let enum_path = format!("{}::{}", module_path(message), upper_camel(name));
        let mut arms = String::new();
        for field in oneof.fields() {
            let options = field.options();
            let checks = checks(&field, rules_of(&options, &self.field)?.as_ref(), "value")?;
            if !checks.is_empty() {
                writeln!(
                    arms,
                    "            Some({enum_path}::{}(value)) => checker.field({:?}, |checker| {{ {checks} }}),",
                    upper_camel(field.name()),
                    field.name()
                )?;
            }
        }
        if !arms.is_empty() {
            writeln!(out, "        match &self.{name} {{\n{arms}            _ => {{}}\n        }}")?;
        }
        Ok(())
    }
}

/// The calls that check one value called `value` or `item`, which is borrowed.
fn checks(field: &FieldDescriptor, rules: Option<&DynamicMessage>, value: &str) -> Result<String> {
    let mut out = String::new();
    match field.kind() {
        Kind::String => {
            out.push_str(&format!("checker.no_nul({value});"));
            if let Some(rules) = kind_rules(rules, "string")? {
                known(&rules, &["min_len", "max_len", "len", "min_bytes", "max_bytes", "pattern"])?;
                for bound in ["min_len", "max_len", "len", "min_bytes", "max_bytes"] {
                    if let Some(n) = number(&rules, bound) {
                        out.push_str(&format!("checker.{bound}({value}, {n});"));
                    }
                }
                if let Some(Value::String(pattern)) = set(&rules, "pattern") {
                    let check = pattern_check(&pattern)
                        .ok_or_else(|| format!("{}: unknown pattern {pattern}", field.full_name()))?;
                    out.push_str(&format!("checker.{check}({value});"));
                }
            }
        }
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => {
            let kind = match field.kind() {
                Kind::Int32 => "int32",
                Kind::Int64 => "int64",
                Kind::Uint32 => "uint32",
                _ => "uint64",
            };
            if let Some(rules) = kind_rules(rules, kind)? {
                known(&rules, &["gte", "lte"])?;
                for bound in ["gte", "lte"] {
                    if let Some(n) = number(&rules, bound) {
                        out.push_str(&format!("checker.{bound}(i128::from(*{value}), {n});"));
                    }
                }
            }
        }
        Kind::Enum(kind) => {
            if let Some(rules) = kind_rules(rules, "enum")? {
                known(&rules, &["defined_only", "not_in"])?;
                if matches!(set(&rules, "defined_only"), Some(Value::Bool(true))) {
                    let path = rust_enum_path(&kind);
                    out.push_str(&format!("checker.defined({path}::is_valid(*{value}));"));
                }
                if let Some(Value::List(numbers)) = set(&rules, "not_in") {
                    for number in numbers {
                        let n = number.as_i32().ok_or("not_in holds numbers")?;
                        let refused = kind.get_value(n).ok_or("not_in names values of the enum")?;
                        out.push_str(&format!("checker.not_in(*{value}, {n}, {:?});", refused.name()));
                    }
                }
            }
        }
        Kind::Message(message) if message.package_name().starts_with("fenliu.") => {
            out.push_str(&format!("crate::validate::Validate::check({value}, checker);"));
        }
        _ => {}
    }
    Ok(out)
}

/// The check that enforces one of the patterns in use; any other is unknown.
fn pattern_check(pattern: &str) -> Option<String> {
    if pattern == PRINTABLE {
        return Some("printable".to_owned());
    }
    IDS.iter().find_map(|(prefix, kind)| {
        let required = format!("^{prefix}[0-9a-f]{{32}}$");
        let check = if pattern == required {
            "id"
        } else if pattern == format!("^$|{required}") {
            "optional_id"
        } else {
            return None;
        };
        Some(format!("{check}::<fenliu_domain::ids::{kind}>"))
    })
}

fn rules_of(options: &DynamicMessage, extension: &ExtensionDescriptor) -> Result<Option<DynamicMessage>> {
    if !options.has_extension(extension) {
        return Ok(None);
    }
    let rules = options.get_extension(extension).as_message().ok_or("rules are a message")?.clone();
    known(&rules, &["required", "string", "int32", "int64", "uint32", "uint64", "enum", "repeated"])?;
    Ok(Some(rules))
}

fn items(rules: Option<&DynamicMessage>) -> Result<Option<DynamicMessage>> {
    let Some(list) = kind_rules(rules, "repeated")? else { return Ok(None) };
    known(&list, &["min_items", "max_items", "items"])?;
    Ok(set(&list, "items").and_then(|v| v.as_message().cloned()))
}

fn kind_rules(rules: Option<&DynamicMessage>, kind: &str) -> Result<Option<DynamicMessage>> {
    let Some(value) = rules.and_then(|r| set(r, kind)) else { return Ok(None) };
    Ok(Some(value.as_message().ok_or("rules are a message")?.clone()))
}

/// Fails the build on a rule this generator does not enforce.
fn known(rules: &DynamicMessage, names: &[&str]) -> Result<()> {
    for (field, _) in rules.fields() {
        if !names.contains(&field.name()) {
            return Err(format!("buf.validate rule {} is not enforced yet", field.full_name()).into());
        }
    }
    Ok(())
}

fn set(message: &DynamicMessage, name: &str) -> Option<Value> {
    let field = message.descriptor().get_field_by_name(name)?;
    message.has_field(&field).then(|| message.get_field(&field).into_owned())
}

fn flag(message: Option<&DynamicMessage>, name: &str) -> bool {
    matches!(message.and_then(|m| set(m, name)), Some(Value::Bool(true)))
}

fn number(message: &DynamicMessage, name: &str) -> Option<i128> {
    match set(message, name)? {
        Value::I32(n) => Some(n.into()),
        Value::I64(n) => Some(n.into()),
        Value::U32(n) => Some(n.into()),
        Value::U64(n) => Some(n.into()),
        _ => None,
    }
}

fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|o| !o.is_synthetic())
}

fn package_path(package: &str) -> String {
    let parts: Vec<_> = package.split('.').skip(1).collect();
    format!("crate::{}", parts.join("::"))
}

fn rust_path(message: &MessageDescriptor) -> String {
    format!("{}::{}", package_path(message.package_name()), message.name())
}

fn module_path(message: &MessageDescriptor) -> String {
    format!("{}::{}", package_path(message.package_name()), snake(message.name()))
}

fn rust_enum_path(kind: &prost_reflect::EnumDescriptor) -> String {
    format!("{}::{}", package_path(kind.package_name()), kind.name())
}

fn snake(camel: &str) -> String {
    let mut out = String::new();
    for (i, c) in camel.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn upper_camel(snake: &str) -> String {
    snake.split('_').map(|part| part[..1].to_ascii_uppercase() + &part[1..]).collect()
}
