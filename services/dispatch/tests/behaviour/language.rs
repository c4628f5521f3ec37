//! What follows when an agent says words of the shop's list.

use fenliu_domain::problem::Reason;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::history::v1::{LanguageAction, LanguageFlagged, LanguagePolicy};

use super::house::House;
use super::words::{count, refused, reply};

/// A shop that does this about idiots, with a buyer who waits for Ann: shop, agent and conversation.
async fn shop_that(house: &mut House, action: LanguageAction) -> (String, String, String) {
    let shop = house.shop(1).await;
    let ann = house.online(&shop, 1, 3).await;
    let language = LanguagePolicy { words: vec!["IDIOT".into(), "滚蛋".into()], action: action.into() };
    house.change_policy(&shop, |policy| policy.language = Some(language)).await;
    let conversation = house.says(&shop, "a").await.conversation_id;
    (shop, ann, conversation)
}

async fn flagged(house: &mut House, shop: &str) -> Vec<LanguageFlagged> {
    let events = house.events(shop).await.into_iter();
    let payloads = events.filter_map(|stored| stored.event?.payload);
    payloads
        .filter_map(|payload| if let Payload::LanguageFlagged(it) = payload { Some(it) } else { None })
        .collect()
}

#[tokio::test]
async fn a_warned_agent_is_told_and_her_reply_is_sent() {
    let mut house = House::open().await;
    let (shop, ann, conversation) = shop_that(&mut house, LanguageAction::Warn).await;
    let rude = reply(&shop, &ann, &conversation, "you Idiot, 滚蛋!");
    let answer = house.to.conversations.reply(rude).await.expect("sent").into_inner();
    assert_eq!(answer.warnings, ["the shop asks its agents not to say: idiot, 滚蛋"]);
    let civil = reply(&shop, &ann, &conversation, "good day");
    let civil = house.to.conversations.reply(civil).await.expect("sent").into_inner();
    assert!(civil.warnings.is_empty());
    let told = flagged(&mut house, &shop).await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].agent_id, &told[0].message_id), (&ann, &answer.message_id));
    assert_eq!(told[0].words, ["idiot", "滚蛋"]);
}

#[tokio::test]
async fn a_refused_reply_is_not_sent_is_kept_as_a_hit_and_refused_again_when_repeated() {
    let mut house = House::open().await;
    let (shop, ann, conversation) = shop_that(&mut house, LanguageAction::Refuse).await;
    let mut rude = reply(&shop, &ann, &conversation, "滚蛋");
    rude.request_id = "rude".into();
    for _ in 0..2 {
        let status = refused(house.to.conversations.reply(rude.clone()).await, Reason::LanguageRefused);
        assert!(status.message().contains("滚蛋"), "{status:?}");
    }
    assert_eq!(flagged(&mut house, &shop).await.len(), 1, "one hit, however often it is repeated");
    let events = house.events(&shop).await;
    assert_eq!(count(&events, "reply_sent"), 0);
    assert_eq!(house.texts(&shop, &conversation).await.len(), 1, "what was refused is not kept");
    assert!(house.conversation(&shop, &conversation).await.owed_since_time.is_some());
}

#[tokio::test]
async fn a_recorded_hit_is_told_to_nobody_but_the_history() {
    let mut house = House::open().await;
    let (shop, ann, conversation) = shop_that(&mut house, LanguageAction::Record).await;
    let rude = reply(&shop, &ann, &conversation, "idiot");
    let answer = house.to.conversations.reply(rude).await.expect("sent").into_inner();
    assert!(answer.warnings.is_empty());
    assert_eq!(flagged(&mut house, &shop).await.len(), 1);
}
