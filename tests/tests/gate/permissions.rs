//! The table of permissions, every RPC in it: reviewed as a snapshot, so that no change of it goes unseen.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fenliu_domain::access::{BuiltInRole, Caller, Permission, Permissions};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::status::reason_of;
use fenliu_runtime::auth::Rules;
use fenliu_runtime::auth::token::{Claims, SigningKey};
use fenliu_tests::guarded::samples::{Sample, methods, path};
use fenliu_tests::guarded::things::{Thing, Things};
use fenliu_tests::guarded::{Guarded, Tenant};
use prost::Message;

/// What a caller was told at the gate, as the table shows it.
fn verdict(end: Result<(), tonic::Status>) -> &'static str {
    let Err(status) = end else { return LET_IN };
    let Some(reason) = reason_of(&status) else { return "UNEXPLAINED" };
    let told = REFUSALS.iter().find(|(refusal, _)| *refusal == reason);
    // Whatever else is refused was refused behind the gate.
    told.map_or(LET_IN, |(_, sign)| sign)
}

/// How the table shows that somebody was let in.
const LET_IN: &str = "+";
/// How it shows what the gate refuses with.
const REFUSALS: [(Reason, &str); 5] = [
    (Reason::TokenMissing, "m"),
    (Reason::TokenInvalid, "i"),
    (Reason::TokenExpired, "e"),
    (Reason::PermissionDenied, "-"),
    (Reason::ShopNotFound, "s"),
];

/// What the signs and the columns mean.
fn legend(columns: &[Column]) -> String {
    let signs = REFUSALS.iter().map(|(reason, sign)| format!("{sign} {}", reason.name()));
    let mut text = format!("{LET_IN} let in\n");
    signs.for_each(|sign| text.push_str(&format!("{sign}\n")));
    for (index, column) in columns.iter().enumerate() {
        text.push_str(&format!("{:>width$} {}\n", "|", column.name, width = 56 + 2 * index));
    }
    text
}

/// Somebody who calls everything.
struct Column {
    name: &'static str,
    token: Option<String>,
    /// Acts for another agent than themselves.
    for_another: bool,
}

fn columns(guarded: &Guarded, tenant: &Tenant, stranger: &Tenant) -> Vec<Column> {
    let signed =
        |name, caller: &Caller| Column { name, token: Some(guarded.token(caller)), for_another: false };
    let role = |role| guarded.with_role(tenant.shop, tenant.agent, role);
    let owner = role(BuiltInRole::Owner);
    let channel = guarded.program(tenant.shop, Permissions::of(&[Permission::ReceptionServe]));
    let dispatch = guarded.platform(fenliu_dispatch::OWN_PERMISSIONS);
    let raw = |name, token| Column { name, token, for_another: false };
    vec![
        raw("nobody", None),
        raw("expired", Some(expired(guarded, &owner))),
        raw("forged", Some(forged(guarded, &owner))),
        raw("alg none", Some(unsigned(guarded, &owner))),
        signed("stranger", &guarded.with_role(stranger.shop, stranger.owner, BuiltInRole::Owner)),
        signed("agent", &role(BuiltInRole::Agent)),
        Column { for_another: true, ..signed("agent for another", &role(BuiltInRole::Agent)) },
        signed("supervisor", &role(BuiltInRole::Supervisor)),
        Column { for_another: true, ..signed("supervisor for another", &role(BuiltInRole::Supervisor)) },
        signed("manager", &role(BuiltInRole::Manager)),
        signed("owner", &owner),
        signed("channel", &channel),
        signed("dispatch", &dispatch),
        signed("platform", &guarded.platform(Permissions::all())),
    ]
}

fn expired(guarded: &Guarded, caller: &Caller) -> String {
    guarded.token(&Caller { expires: guarded.now - Span::from_secs(1), ..caller.clone() })
}

/// Signed by somebody else under the name of the right key.
fn forged(guarded: &Guarded, caller: &Caller) -> String {
    let key = SigningKey { kid: guarded.key.kid.clone(), seed: [1; 32] };
    key.sign(&Claims { caller: caller.clone(), issued: guarded.now })
}

/// The right claims under a header that asks for no signature.
fn unsigned(guarded: &Guarded, caller: &Caller) -> String {
    let header =
        URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"JWT","alg":"none","kid":"{}"}}"#, guarded.key.kid));
    let token = guarded.token(caller);
    let claims = token.split('.').nth(1).expect("a token has three parts");
    format!("{header}.{claims}.")
}

async fn ask(
    guarded: &Guarded,
    tenant: &Tenant,
    method: &prost_reflect::MethodDescriptor,
    column: &Column,
) -> &'static str {
    let agent = if column.for_another { tenant.colleague } else { tenant.agent };
    let things = Things::nowhere("nobody", &format!("{:032x}", 7));
    let things = things.with(Thing::Shop, &tenant.shop).with(Thing::Agent, &agent);
    let request = Sample::of(things, guarded.now).request(method).encode_to_vec();
    let end = guarded.call(&path(method), column.token.as_deref(), request).await;
    verdict(end.map(|_| ()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_lets_in_exactly_whom_the_reviewed_table_says() {
    let guarded = Guarded::start().await.expect("the services start");
    let tenant = guarded.tenant("owner").await.expect("a shop");
    let stranger = guarded.tenant("stranger").await.expect("another shop");
    wait_until_known(&guarded, &tenant).await;
    let columns = columns(&guarded, &tenant, &stranger);
    let mut table = legend(&columns);
    for method in methods() {
        let mut row = format!("{:<54}", method.full_name().trim_start_matches("fenliu."));
        for column in &columns {
            row.push(' ');
            row.push_str(ask(&guarded, &tenant, &method, column).await);
        }
        table.push_str(&row);
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

/// Waits until dispatch and analytics have heard of the shop: until then they do not know it either.
async fn wait_until_known(guarded: &Guarded, tenant: &Tenant) {
    let owner = Column {
        name: "owner",
        token: Some(guarded.token(&guarded.with_role(tenant.shop, tenant.owner, BuiltInRole::Owner))),
        for_another: false,
    };
    let known = async {
        for asked in ["PresenceService.ListAgents", "ReplyRateService.ListExchanges"] {
            let method = methods().into_iter().find(|method| method.full_name().ends_with(asked));
            let method = method.expect("the contract has it");
            while ask(guarded, tenant, &method, &owner).await != LET_IN {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), known).await.expect("they hear of the shop");
}

#[test]
fn every_rpc_declares_who_may_call_it() {
    let rules = Rules::from_descriptor_set(fenliu_proto::DESCRIPTOR_SET).expect("the rules are read");
    let undeclared: Vec<_> = methods().iter().map(path).filter(|path| rules.find(path).is_none()).collect();
    assert_eq!(undeclared, [""; 0], "an RPC without an access option is closed to everybody");
    assert_eq!(rules.iter().count(), methods().len(), "and nothing else is declared");
}

/// The gate lets malformed and missing shop ids pass, since the codec refuses them; so it must.
#[test]
fn every_shop_field_is_checked_by_the_codec() {
    let rules = Rules::from_descriptor_set(fenliu_proto::DESCRIPTOR_SET).expect("the rules are read");
    let pool = prost_reflect::DescriptorPool::decode(fenliu_proto::DESCRIPTOR_SET).expect("the contract");
    let extension = pool.get_extension_by_name("buf.validate.field").expect("the rules of fields");
    for method in methods() {
        let rule = rules.find(&path(&method)).expect("declared");
        let Some(shop) = &rule.shop else { continue };
        let input = pool.get_message_by_name(method.input().full_name()).expect("its request");
        let field = input.get_field_by_name(&shop.name).expect("its field");
        let options = field.options();
        let checks = options.get_extension(&extension);
        let strings = checks.as_message().expect("rules").get_field_by_name("string").expect("of a text");
        let pattern = strings.as_message().expect("rules").get_field_by_name("pattern").expect("a pattern");
        let expected = if rule.shop_optional { "^$|^shp_[0-9a-f]{32}$" } else { "^shp_[0-9a-f]{32}$" };
        assert_eq!(pattern.as_str(), Some(expected), "{}", field.full_name());
    }
}
