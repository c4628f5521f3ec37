//! Request ids that were used in another shop, by the same person even: she works for both.

use fenliu_domain::access::BuiltInRole;
use fenliu_domain::ids::AgentId;
use fenliu_tests::guarded::furnish::Furnished;

use super::{Answer, BTreeSet, Cover, MethodDescriptor, Sample, Thing, World, ids, in_order};

/// Somebody who owns every shop.
struct Everywhere {
    agent: AgentId,
}

impl Everywhere {
    async fn ask(
        &self,
        world: &World,
        (shop, method): (&Furnished, &MethodDescriptor),
        (request_id, serial): (&str, u32),
    ) -> Vec<(Answer, String)> {
        let caller = world.guarded.with_role(shop.tenant.shop, self.agent, BuiltInRole::Owner);
        let token = world.guarded.token(&caller);
        let sample = Sample { serial, ..Sample::of(shop.things.clone(), world.guarded.now) };
        // Ids of the foreign shop are left uncovered; all others are the shop's own, and stand for one another.
        let mut cover = Cover::knowing(world.secrets.clone())
            .hiding(request_id, "{request id}")
            .hiding(&shop.name, "{shop}")
            .hiding(&serial.to_string(), "{serial}");
        for (thing, name) in shop.things.iter() {
            cover = cover.hiding(name, format!("{{{thing:?}}}"));
        }
        for (thing, new) in sample.new_names(method) {
            cover = cover.hiding(&new, format!("{{new {thing:?}}}"));
        }
        let mut told = Vec::new();
        for (choice, request) in sample.requests(method).into_iter().enumerate() {
            let mut request = request;
            let id = format!("{request_id} {choice}");
            request.set_field_by_name("request_id", prost_reflect::Value::String(id));
            let answer = world.guarded.ask(&token, method, &request).await;
            let text = answer.text(&cover);
            told.push((answer, text));
        }
        told
    }
}

fn ids_of(answer: &Answer) -> BTreeSet<String> {
    ids(&answer.bare()).into_iter().map(str::to_owned).collect()
}

/// The first shop and a third one are furnished alike. What the first answers under a request id that the same person
/// has used in the second before is what the third one answers under an id that nobody has used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_id_used_in_another_shop_is_as_good_as_new() {
    let mut world = World::open().await;
    let mut twin = world.guarded.furnish("daisy", 2).await.expect("a third shop");
    let everywhere = Everywhere { agent: world.hire_for(&[&world.own, &twin]).await };
    for shop in [&mut world.own, &mut world.foreign, &mut twin] {
        let other = world.guarded.tenant(&format!("neighbour of {}", shop.name)).await.expect("a shop");
        let code = world.guarded.binding_code(other.shop, other.agent).await.expect("a code");
        shop.things = shop.things.clone().with(Thing::BindingCode, &code);
    }
    let repeated = |method: &MethodDescriptor| {
        method.input().get_field_by_name("request_id").is_some()
            && method.input().get_field_by_name("shop_id").is_some()
    };
    let mut done = Vec::new();
    for method in in_order().into_iter().filter(repeated) {
        let (used, new) = (format!("id of {}", method.name()), format!("new of {}", method.name()));
        let first = everywhere.ask(&world, (&world.foreign, &method), (&used, 2001)).await;
        done.push((
            method.name().to_owned(),
            first.iter().map(|(answer, _)| answer.outcome()).collect::<Vec<_>>(),
        ));
        let here = everywhere.ask(&world, (&world.own, &method), (&used, 2002)).await;
        let there = everywhere.ask(&world, (&twin, &method), (&new, 2003)).await;
        for ((_, here), (_, there)) in here.iter().zip(&there) {
            assert_eq!(here, there, "{}", method.full_name());
            world.tells_nothing(here, method.full_name());
        }
        let made = first
            .iter()
            .flat_map(|(answer, _)| ids_of(answer))
            .filter(|id| *id != everywhere.agent.to_string());
        let made: BTreeSet<String> = made.collect();
        let given_out = here.iter().flat_map(|(answer, _)| ids_of(answer)).filter(|id| made.contains(id));
        assert_eq!(given_out.collect::<Vec<_>>(), [""; 0], "{}", method.full_name());
    }
    insta::assert_debug_snapshot!(done);
}
