//! What a token of one shop learns of another, and does to it: nothing, whatever its requests name.
//!
//! Two shops have something of everything. Every RPC is asked with a token of the first: once naming what the second
//! shop really has, once naming what exists nowhere; the two answers must be the same to the last byte that is not
//! covered, and [`answers`](fenliu_tests::guarded::answers) says which are and why. Afterwards the second shop is as it
//! was.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_tests::guarded::Guarded;
use fenliu_tests::guarded::answers::{Answer, Cover, ids};
use fenliu_tests::guarded::furnish::Furnished;
use fenliu_tests::guarded::reads::reads_a_shop;
use fenliu_tests::guarded::samples::{Place, Sample, methods, places};
use fenliu_tests::guarded::things::{ALL, Thing, Things};
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};

mod fields;
mod pages;
mod reach;
mod repetition;
mod sharing;

/// Called last, in this order, by tests that let RPCs succeed: they end what others need.
const LAST: [&str; 17] = [
    "TakeNext",
    "LeaveQueue",
    "TransferConversation",
    "CloseConversation",
    "RateConversation",
    "CreateRosterException",
    "AnswerRosterException",
    "CancelRosterException",
    "LiftSanction",
    "RevokeServiceToken",
    "MuteAgent",
    "BanAgent",
    "UnbindAgent",
    "DisableSubAccount",
    "EnableSubAccount",
    "DeleteSubAccount",
    "DeleteRole",
];

/// What is unique on the whole platform by contract, so that a name which is taken cannot be taken twice: where it is
/// named, and what is said then, without a word about whose it is.
const UNIQUE: [(&str, &str, &str); 4] = [
    ("CreateSubAccount", "login_name", "LOGIN_NAME_TAKEN"),
    ("CreateSubAccount", "terms.external_account.account_id", "EXTERNAL_ACCOUNT_TAKEN"),
    ("BindAgent", "terms.external_account.account_id", "EXTERNAL_ACCOUNT_TAKEN"),
    ("UpdateBinding", "terms.external_account.account_id", "EXTERNAL_ACCOUNT_TAKEN"),
];

/// What says how far the log of the platform has been counted.
const COUNTING: [&str; 10] = [
    "GetReplyRate",
    "GetErrorBudget",
    "GetStanding",
    "GetHourlyProfile",
    "GetPeaks",
    "GetScorecard",
    "ListScorecards",
    "GetSatisfaction",
    "ComparePeriods",
    "EvaluateRulePack",
];

/// What is not asked for, and why.
const NOT_ASKED: [(Thing, &str); 1] =
    [(Thing::BindingCode, "a secret by which a home lets go of an account: whoever holds it may use it")];

/// Two shops, of which the second must stay unknown to the first.
struct World {
    guarded: Guarded,
    own: Furnished,
    foreign: Furnished,
    nowhere: Things,
    /// Every id that is anywhere.
    known: BTreeSet<String>,
    /// What must not be in any answer: every id of the foreign shop, and what everything there is called after.
    secrets: BTreeSet<String>,
    /// What the foreign shop's owner reads there.
    before: BTreeMap<String, String>,
}

impl World {
    async fn open() -> Self {
        let guarded = Guarded::start_still().await.expect("the services start");
        let mut own = guarded.furnish("aster", 2).await.expect("a shop");
        let foreign = guarded.furnish("birch", 3).await.expect("another shop");
        let third = guarded.tenant("cedar").await.expect("a third shop");
        let code = guarded.binding_code(third.shop, third.agent).await.expect("a code");
        own.things = own.things.with(Thing::BindingCode, &code);
        let nowhere = Things::nowhere("nowhere", &format!("{:032x}", 0xabc));
        let before = photograph(&guarded, &foreign).await;
        let all_ids = |photograph: &BTreeMap<String, String>| -> BTreeSet<String> {
            photograph.values().flat_map(|text| ids(text)).map(str::to_owned).collect()
        };
        let mut secrets = all_ids(&before);
        let mut known = all_ids(&photograph(&guarded, &own).await);
        known.extend(secrets.iter().cloned());
        known.extend([third.agent.to_string(), third.shop.to_string()]);
        secrets.insert(foreign.name.clone());
        Self { guarded, own, foreign, nowhere, known, secrets, before }
    }

    fn cover(&self) -> Cover {
        Cover::knowing(self.known.clone())
    }

    /// Asks with the token of the first shop, naming this at a place.
    async fn ask(
        &self,
        method: &MethodDescriptor,
        (place, name): (&Place, &Things),
        (sample, request): (&Sample, &DynamicMessage),
    ) -> (Answer, String) {
        let named = name.get(place.thing);
        let answer = self.guarded.ask(&self.own.token, method, &place.naming(request, named)).await;
        self.undo(method, &answer).await;
        let mut cover = self.cover().hiding(named, "{named}");
        if place.thing == Thing::Sheet {
            cover = cover.hiding(name.get(Thing::LoginName), "{login name}");
            cover = cover.hiding(name.get(Thing::Template), "{template}");
        }
        for (thing, new) in sample.new_names(method) {
            cover = cover.hiding(&new, format!("{{new {thing:?}}}"));
        }
        let text = answer.text(&cover);
        (answer, text)
    }

    /// An account is bound once: what one question has bound, the next one finds unbound.
    async fn undo(&self, method: &MethodDescriptor, answer: &Answer) {
        if method.name() == "TransferConversation" && answer.is_ok() {
            self.give_back().await;
        }
        if method.name() != "BindAgent" || !answer.is_ok() {
            return;
        }
        let bound = answer.bare();
        let agent = ids(&bound).into_iter().find(|id| id.starts_with("agt_")).expect("the answer names it");
        let unbind = method_named("UnbindAgent");
        let things = self.own.things.clone().with(Thing::Agent, &agent);
        let mut request = Sample::of(things, self.guarded.now).request(&unbind);
        request.set_field_by_name("hand_over", Value::Bool(true));
        let unbound = self.guarded.ask(&self.own.token, &unbind, &request).await;
        assert!(unbound.is_ok(), "{}", unbound.bare());
    }

    /// What was handed on is the agent's again.
    async fn give_back(&self) {
        let assign = method_named("AssignConversation");
        let conversation = self.own.things.get(Thing::Conversation).to_owned();
        let things = self.own.things.clone().with(Thing::Waiting, &conversation);
        let mut request = Sample::of(things, self.guarded.now).request(&assign);
        request.set_field_by_name("force", Value::Bool(true));
        let assigned = self.guarded.ask(&self.own.token, &assign, &request).await;
        assert!(assigned.is_ok(), "{}", assigned.bare());
    }

    #[track_caller]
    fn tells_nothing(&self, text: &str, about: &str) {
        let told: Vec<_> = self.secrets.iter().filter(|secret| text.contains(secret.as_str())).collect();
        assert_eq!(told, [""; 0], "{about} tells of the foreign shop:\n{text}");
    }

    async fn expect_unchanged(&self) {
        let after = photograph(&self.guarded, &self.foreign).await;
        for (read, before) in &self.before {
            assert_eq!(after.get(read), Some(before), "{read} of the foreign shop");
        }
    }
}

/// What is said of a name there that is taken, where names are unique on the whole platform.
fn unique(method: &MethodDescriptor, place: &Place) -> Option<&'static str> {
    let here = UNIQUE.iter().find(|(name, path, _)| *name == method.name() && *path == place.path());
    here.map(|(_, _, taken)| *taken)
}

/// What the owner of a shop reads there.
async fn photograph(guarded: &Guarded, shop: &Furnished) -> BTreeMap<String, String> {
    let sample = Sample::of(shop.things.clone(), guarded.now);
    let read = guarded.photograph(&shop.token, &sample).await;
    let text = |(name, answer): (String, Answer)| {
        // Any shop moves the log of the platform on.
        let counted = COUNTING.iter().any(|counting| name.starts_with(counting));
        let text: Vec<_> = answer
            .bare()
            .lines()
            .filter(|line| !(counted && line.starts_with("position:")))
            .map(str::to_owned)
            .collect();
        (name, text.join("\n"))
    };
    read.into_iter().map(text).collect()
}

fn method_named(name: &str) -> MethodDescriptor {
    methods().into_iter().find(|method| method.name() == name).expect("the contract has it")
}

/// Every RPC: those that only read first, for they show what others leave behind; those that end something last.
fn in_order() -> Vec<MethodDescriptor> {
    let rank = |method: &MethodDescriptor| {
        let last = LAST.iter().position(|last| *last == method.name()).map(|at| at + 2);
        last.unwrap_or(usize::from(!reads_a_shop(method)))
    };
    let mut methods = methods();
    methods.sort_by_key(rank);
    methods
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_shop_looks_like_one_that_does_not_exist_to_every_rpc() {
    let world = World::open().await;
    let sample = Sample::of(world.foreign.things.clone(), world.guarded.now);
    let nowhere = world.nowhere.get(Thing::Shop);
    let mut cover = world.cover().hiding(nowhere, "{Shop}");
    for (thing, name) in world.foreign.things.iter() {
        cover = cover.hiding(name, format!("{{{thing:?}}}"));
    }
    for method in in_order() {
        for there in sample.requests(&method) {
            let shops = places(&there).into_iter().filter(|place| place.thing == Thing::Shop);
            let elsewhere = shops.fold(there.clone(), |request, place| place.naming(&request, nowhere));
            let there = world.guarded.ask(&world.own.token, &method, &there).await.text(&cover);
            let elsewhere = world.guarded.ask(&world.own.token, &method, &elsewhere).await.text(&cover);
            assert_eq!(there, elsewhere, "{}", method.full_name());
            world.tells_nothing(&there, method.full_name());
        }
    }
    world.expect_unchanged().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_shop_has_looks_like_what_does_not_exist_in_every_field() {
    let world = World::open().await;
    let mut sample = Sample::of(world.own.things.clone(), world.guarded.now);
    let mut asked: BTreeSet<Thing> = NOT_ASKED.iter().map(|(thing, _)| *thing).collect();
    for method in in_order() {
        let mut paths = BTreeSet::new();
        for choice in 0..sample.requests(&method).len() {
            for place in places(&sample.requests(&method)[choice]) {
                if NOT_ASKED.iter().any(|(thing, _)| *thing == place.thing) || !paths.insert(place.path()) {
                    continue;
                }
                asked.insert(place.thing);
                let mut told = Vec::new();
                // What is unique is taken by the first who asks for it, so each question has its own.
                let name = format!("{} {}", world.nowhere.get(place.thing), sample.serial);
                let free = world.nowhere.clone().with(place.thing, &name);
                let nowhere = if unique(&method, &place).is_some() { &free } else { &world.nowhere };
                for things in [&world.foreign.things, nowhere] {
                    sample.serial += 1;
                    let request = &sample.requests(&method)[choice];
                    told.push(world.ask(&method, (&place, things), (&sample, request)).await);
                }
                world.compare(&method, &place, &told);
            }
        }
    }
    assert_eq!(asked, ALL.into_iter().collect(), "something of everything was named");
    world.expect_unchanged().await;
}

impl World {
    /// What was told about the foreign shop's thing is what was told about nothing.
    #[track_caller]
    fn compare(&self, method: &MethodDescriptor, place: &Place, told: &[(Answer, String)]) {
        let [(there, there_text), (nowhere, nowhere_text)] = told else { panic!("both were asked") };
        let about = format!("{} with {} of another shop", method.full_name(), place.path());
        self.tells_nothing(there_text, &about);
        match unique(method, place) {
            Some(taken) => assert_eq!((there.outcome(), nowhere.outcome()), (taken, "OK"), "{about}"),
            None => assert_eq!(there_text, nowhere_text, "{about}"),
        }
    }
}
