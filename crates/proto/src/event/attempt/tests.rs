use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Ordered, Reply};
use fenliu_domain::desk::event::{
    CloseActor, HandOverReason, ReportReason, RequestMark, Seq, TransferTarget,
};
use fenliu_domain::desk::policy::rule::Origin;
use fenliu_domain::desk::policy::{Policy, ShopHours};
use fenliu_domain::desk::strategy::Score;
use fenliu_domain::ids::{AgentId, CommandId, ConversationId};
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::time::{Span, Timestamp};

use super::{from_proto, to_proto};
use crate::history::v1;

fn attempts() -> Vec<Command> {
    let (agent, conversation) = (AgentId::from_bits(7), ConversationId::from_bits(8));
    let policy = Policy::for_hours(ShopHours {
        time_zone: "Asia/Shanghai".into(),
        service_start: "08:00".into(),
        service_end: "24:00".into(),
    });
    let said = BuyerMessage {
        buyer: "b".into(),
        channel: "app".into(),
        external: Some("m-1".into()),
        occurred: Some(Timestamp::default() + Span::from_micros(1)),
        kind: MessageKind::OrderCard,
        length: 9,
        group: Some("vip".into()),
        origin: Some(Box::new(Origin {
            entry_point: Some("order_page".into()),
            order_status: Some("shipped".into()),
            language: Some("zh".into()),
            tags: vec!["vip".into(), "new".into()],
            keywords: vec!["退款".into()],
        })),
        priority: 3,
    };
    let bare = BuyerMessage { external: None, occurred: None, group: None, origin: None, ..said.clone() };
    let reply = Reply {
        conversation,
        actor: Actor::Human,
        agent: Some(agent),
        kind: MessageKind::Image,
        length: 0,
        occurred: Some(Timestamp::default()),
        small_talk: true,
        language: vec!["rude".into()],
    };
    let to_group = TransferTarget::Group("after-sale".into());
    vec![
        Command::SyncShop(policy.hours.clone()),
        Command::ReplacePolicy { policy: Box::new(policy), if_policy: Some(Seq(4)) },
        Command::SyncAgent { agent, entry: Box::new(AgentEntry::plain("小红".into(), 5)) },
        Command::ScoreAgent { agent, scores: vec![("vip".into(), Score::default())] },
        Command::SetPresence { agent, presence: Presence::OnBreak, force: true },
        Command::WindDown { agent, next: Some(Presence::Offline), force: false },
        Command::WindDown { agent, next: None, force: true },
        Command::TakeNext { agent },
        Command::Assign { conversation, agent, force: true },
        Command::DeclineTransfer { conversation, agent },
        Command::Report { conversation, agent, reason: ReportReason::Fraud },
        Command::Rate { conversation, agent: None, stars: 5 },
        Command::SetCapacity { agent, capacity: 0 },
        Command::Lapse { agent },
        Command::EnterChat { buyer: "b".into(), channel: "app".into() },
        Command::ReceiveMessage(said),
        Command::ReceiveMessage(bare),
        Command::RequestHuman { conversation, reason: HandOverReason::LowConfidence },
        Command::LeaveQueue { conversation },
        Command::Reply(reply.clone()),
        Command::Reply(Reply { agent: None, occurred: None, language: Vec::new(), ..reply }),
        Command::Close { conversation, by: CloseActor::Supervisor, agent: None, force: true },
        Command::Transfer { conversation, from: Some(agent), target: TransferTarget::Agent(agent) },
        Command::Transfer { conversation, from: None, target: to_group },
        Command::Tick,
    ]
}

/// Replicas that read something else than was written would decide something else.
#[test]
fn an_attempt_is_read_as_it_was_written() {
    for (number, command) in (1_u128..).zip(attempts()) {
        let mark = RequestMark { caller: "c".into(), request_id: "r".into(), body_hash: [9; 32] };
        let attempt = Attempt {
            id: CommandId::from_bits(number << 12),
            request: (number % 2 == 0).then_some(mark),
            traceparent: (number % 3 == 0).then(|| "00-1-2-01".into()),
            command,
        };
        let now = Timestamp::default() + Span::from_micros(7);
        let ordered = Ordered { attempt, now, is_new: number % 5 == 0 };
        assert_eq!(from_proto(&to_proto(&ordered)), Ok(ordered));
    }
}

#[test]
fn an_attempt_of_a_kind_that_is_not_known_is_refused() {
    let unknown = v1::Attempt { command_id: vec![0; 16], ..Default::default() };
    assert!(from_proto(&unknown).is_err());
    let damaged = v1::Attempt {
        command_id: vec![0; 3],
        command: Some(v1::attempt::Command::Tick(v1::Tick {})),
        ..unknown
    };
    assert!(from_proto(&damaged).is_err());
}
