//! Many at once.

use std::collections::BTreeMap;

use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::Stage;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::status::reason_of;
use futures::future::join_all;
use tokio::task::JoinHandle;

use super::house::{House, within};
use super::words::{close, count, message, reply, went};

const SENDERS: usize = 96;
const AGENTS: u32 = 3;
const CAPACITY: u32 = 7;

/// Highest load each agent ever had, and how often each conversation was assigned, by the events alone.
pub(super) fn tally(events: &[proto::StoredEvent]) -> (BTreeMap<String, u32>, BTreeMap<String, u32>) {
    let (mut holders, mut highest, mut assigned) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for event in events.iter().filter_map(|stored| stored.event.as_ref()) {
        let conversation = event.conversation_id.clone();
        match event.payload.as_ref() {
            Some(Payload::Assigned(it)) => {
                *assigned.entry(conversation.clone()).or_default() += 1;
                holders.insert(conversation, it.agent_id.clone());
                let load = holders.values().filter(|holder| **holder == it.agent_id).count();
                let load = u32::try_from(load).expect("few");
                let most: &mut u32 = highest.entry(it.agent_id.clone()).or_default();
                *most = (*most).max(load);
            }
            Some(Payload::Closed(_)) => {
                holders.remove(&conversation);
            }
            _ => {}
        }
    }
    (highest, assigned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_fills_every_slot_and_overfills_none() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    for number in 1..=AGENTS {
        house.online(&shop, number.into(), CAPACITY).await;
    }
    let sent = (0..SENDERS).map(|number| {
        let (mut to, request) = (house.to.clone(), message(&shop, &format!("buyer-{number}"), "hello"));
        tokio::spawn(async move { to.reception.receive_message(request).await })
    });
    let mut stages = BTreeMap::<_, usize>::new();
    let mut places = Vec::new();
    for answer in join_all(sent).await {
        let answer = answer.expect("no call panics").expect("every message is taken").into_inner();
        let (stage, _, place) = went(answer.disposition);
        *stages.entry(stage as i32).or_default() += 1;
        places.extend((place > 0).then_some(place));
    }
    let slots = (AGENTS * CAPACITY) as usize;
    assert_eq!(stages[&(Stage::Assigned as i32)], slots, "assigned = min(offered, slots)");
    assert_eq!(stages[&(Stage::Queued as i32)], SENDERS - slots);
    places.sort_unstable();
    assert_eq!(places, (1..=(SENDERS - slots) as u32).collect::<Vec<_>>(), "each has a place of their own");
    let (highest, assigned) = tally(&house.events(&shop).await);
    assert!(highest.values().all(|load| *load == CAPACITY), "{highest:?}");
    assert!(assigned.values().all(|times| *times == 1), "each conversation is assigned once");
    assert_eq!(house.queue(&shop).await.length as usize, SENDERS - slots);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_and_agents_at_once_leave_a_desk_that_its_history_tells() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    for number in 1..=AGENTS {
        house.online(&shop, number.into(), CAPACITY).await;
    }
    let visits = (0..SENDERS).map(|number| {
        let (mut to, shop) = (house.to.clone(), shop.clone());
        tokio::spawn(async move {
            let said =
                to.reception.receive_message(message(&shop, &format!("buyer-{number}"), "hello")).await;
            let said = said.expect("taken").into_inner();
            let id = said.conversation_id.clone();
            if let (Stage::Assigned, agent, _) = went(said.disposition) {
                to.conversations.reply(reply(&shop, &agent, &id, "hi")).await.expect("sent");
            }
            let end = close(&shop, &id, fenliu_proto::history::v1::CloseActor::Buyer);
            if number % 2 == 0 {
                to.conversations.close_conversation(end).await.expect("ended");
            }
        })
    });
    for visit in join_all(visits).await {
        visit.expect("no visit fails");
    }
    let before = house.everything(&shop).await;
    let open = before.conversations.iter().filter(|it| it.stage() != Stage::Closed).count();
    assert_eq!(open, SENDERS / 2);
    let load: u32 = before.agents.iter().map(|agent| agent.load).sum();
    let slots = (AGENTS * CAPACITY) as usize;
    assert_eq!(load as usize, open.min(slots), "every slot that could be filled is");
    let (highest, _) = tally(&before.events);
    assert!(highest.values().all(|load| *load <= CAPACITY), "{highest:?}");
    let mut house = house.restart().await;
    assert_eq!(house.everything(&shop).await, before);
}

/// Asks until fenliu answers. A connection on which too many hang up at once is ended by the server, whoever else calls on
/// it (the guard against CVE-2023-44487); they ask again on another one. A refusal of fenliu's own is no such end.
async fn ask_again(
    house: &mut House,
    request: &proto::ReceiveMessageRequest,
) -> proto::ReceiveMessageResponse {
    loop {
        match house.to.reception.receive_message(request.clone()).await {
            Ok(answer) => return answer.into_inner(),
            Err(status) => assert_eq!(reason_of(&status), None, "taken: {status}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_hang_up_and_ask_again_have_one_effect_each() {
    let mut house = House::open().await;
    let shop = house.shop(1).await;
    house.online(&shop, 1, CAPACITY).await;
    let request = |number: usize| proto::ReceiveMessageRequest {
        request_id: format!("r-{number}"),
        ..message(&shop, &format!("buyer-{number}"), &format!("message {number}"))
    };
    let mut calls = Vec::new();
    for number in 0..SENDERS {
        let (mut to, request) = (house.to.clone(), request(number));
        let call = tokio::spawn(async move { to.reception.receive_message(request).await });
        calls.push(call);
        // Each has got a little further than the next when its caller hangs up.
        for _ in 0..number % 7 {
            tokio::task::yield_now().await;
        }
        if number % 3 == 0 {
            calls[number / 2].abort();
        }
    }
    calls.iter().for_each(JoinHandle::abort);
    let finished = join_all(calls).await.into_iter().filter(Result::is_ok).count();
    assert!(finished < SENDERS, "somebody hung up before the answer");
    for number in 0..SENDERS {
        let answer = within(ask_again(&mut house, &request(number))).await;
        let texts = house.texts(&shop, &answer.conversation_id).await;
        assert_eq!(texts, [format!("message {number}")], "one effect, with its content");
    }
    let events = house.events(&shop).await;
    assert_eq!(count(&events, "message_received"), SENDERS);
    assert!(tally(&events).0.values().all(|load| *load == CAPACITY));
}
