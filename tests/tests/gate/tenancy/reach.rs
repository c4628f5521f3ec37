//! How far the requests get that the questions about tenants are asked with.

use fenliu_domain::access::Permissions;
use fenliu_runtime::auth::{Need, Rules};
use fenliu_tests::guarded::samples::path;
use tonic::Code;

use super::{Sample, World, in_order};

/// Requests that are refused for their form all the same, and why.
const MALFORMED: [(&str, &str); 0] = [];

/// A request that is malformed is refused before anybody looks whose things it names, so it proves nothing. The
/// requests of the own shop show how far each gets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_reaches_what_lies_behind_validation() {
    let world = World::open().await;
    let rules = Rules::from_descriptor_set(fenliu_proto::DESCRIPTOR_SET).expect("the rules are read");
    let platform = world.guarded.token(&world.guarded.platform(Permissions::all()));
    let mut sample = Sample::of(world.own.things.clone(), world.guarded.now);
    let (mut table, mut malformed) = (String::new(), Vec::new());
    for method in in_order() {
        let need = rules.find(&path(&method)).expect("declared").need;
        let of_platform = matches!(need, Need::Permission(needed) if needed.is_of_the_platform());
        let token = if of_platform { &platform } else { &world.own.token };
        let mut outcomes = Vec::new();
        for choice in 0..sample.requests(&method).len() {
            sample.serial += 1;
            let answer = world.guarded.ask(token, &method, &sample.requests(&method)[choice]).await;
            world.undo(&method, &answer).await;
            outcomes.push(answer.outcome());
            if answer.refusal().is_some_and(|status| status.code() == Code::InvalidArgument) {
                malformed.push((method.name().to_owned(), answer.bare()));
            }
        }
        let name = method.full_name().trim_start_matches("fenliu.");
        table.push_str(&format!("{name:<54} {}\n", outcomes.join(", ")));
    }
    malformed.retain(|(name, _)| MALFORMED.iter().all(|(known, _)| known != name));
    assert!(malformed.is_empty(), "{malformed:#?}");
    insta::assert_snapshot!(table);
}
