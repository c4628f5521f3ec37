//! Which declarations can be enforced.

use super::{Need, Rules, RulesError};
use fenliu_domain::access::Permission;

/// The rule of one RPC that is declared so, over a request with these fields.
fn declare(option: &str, fields: &str) -> Result<Rules, RulesError> {
    let directory = tempfile::tempdir().unwrap();
    let text = format!(
        "syntax = \"proto3\";\npackage t;\nimport \"fenliu/common/v1/access.proto\";\n\
         service S {{ rpc M(Q) returns (Q) {{ {option} }} }}\nmessage Q {{ {fields} }}\n"
    );
    std::fs::write(directory.path().join("t.proto"), text).unwrap();
    let contract = format!("{}/../../proto", env!("CARGO_MANIFEST_DIR"));
    let mut compiler = protox::Compiler::new([directory.path(), contract.as_ref()]).unwrap();
    compiler.include_imports(true).open_file("t.proto").unwrap();
    Rules::from_descriptor_set(&compiler.encode_file_descriptor_set())
}

fn access(access: &str, fields: &str) -> Result<Rules, RulesError> {
    declare(&format!("option (fenliu.common.v1.access) = {{ {access} }};"), fields)
}

#[test]
fn a_declaration_is_read_with_the_numbers_of_its_fields() {
    let text = "permission: PERMISSION_DESK_WORK shop_field: \"shop\" agent_field: \"agent\" \
                for_others: PERMISSION_DESK_SUPERVISE";
    let rules = access(text, "string agent = 4; string shop = 9;").unwrap();
    let rule = rules.find("/t.S/M").unwrap();
    assert_eq!(rule.need, Need::Permission(Permission::DeskWork));
    assert_eq!(rule.shop.as_ref().map(|shop| shop.number), Some(9));
    let (agent, for_others) = rule.agent.as_ref().unwrap();
    assert_eq!((agent.number, *for_others), (4, Permission::DeskSupervise));
    assert!(!rule.shop_optional);
    assert!(rules.find("/t.S/N").is_none());
}

#[test]
fn what_is_not_declared_has_no_rule() {
    assert!(declare("", "").unwrap().find("/t.S/M").is_none());
    assert!(Rules::from_descriptor_set(&[]).unwrap().iter().next().is_none());
}

#[test]
fn every_permission_of_the_contract_is_known_and_the_other_way_round() {
    for permission in Permission::ALL {
        let name = permission.name().to_uppercase().replace('.', "_");
        let text = format!("permission: PERMISSION_{name} shop_field: \"shop\"");
        let rules = access(&text, "string shop = 1;").unwrap();
        assert_eq!(rules.find("/t.S/M").unwrap().need, Need::Permission(*permission));
    }
}

#[test]
fn a_declaration_that_cannot_be_enforced_is_refused_by_name() {
    let shop = "string shop = 1;";
    for (text, fields, why) in [
        ("", shop, "does not say what a caller needs"),
        ("permission: PERMISSION_UNSPECIFIED", shop, "does not say what a caller needs"),
        ("anyone: false", shop, "does not say what a caller needs"),
        ("permission: PERMISSION_DESK_READ", shop, "no shop_field"),
        ("permission: PERMISSION_DESK_READ shop_field: \"shops\"", shop, "no single text of t.Q"),
        ("permission: PERMISSION_DESK_READ shop_field: \"shop\"", "int32 shop = 1;", "no single text"),
        (
            "permission: PERMISSION_DESK_READ shop_field: \"shop\"",
            "repeated string shop = 1;",
            "no single text",
        ),
        (
            "permission: PERMISSION_DESK_READ shop_field: \"shop\"",
            "oneof x { string shop = 1; }",
            "no single text",
        ),
        ("permission: PERMISSION_DESK_READ shop_field: \"shop\" agent_field: \"shop\"", shop, "for_others"),
        (
            "permission: PERMISSION_DESK_READ shop_field: \"shop\" for_others: PERMISSION_DESK_WORK",
            shop,
            "no agent_field",
        ),
        ("signed_in: true shop_optional: true", shop, "no shop_field"),
        ("anyone: true shop_field: \"shop\"", shop, "nobody would check"),
    ] {
        let error = access(text, fields).expect_err(text).to_string();
        assert!(error.contains("t.S.M") && error.contains(why), "{text}: {error}");
    }
}
