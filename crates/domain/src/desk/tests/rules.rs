//! One test per rule, named after it.

use super::properties::{agent_id, hours};
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::command::{Applied, Attempt, BuyerMessage, Command, Reply};
use crate::desk::conversation::Stage;
use crate::desk::event::{
    AssignReason, CloseActor, Event, HandOverReason, Payload, RequestMark, TransferTarget,
};
use crate::desk::policy::{LastAgentWindow, Policy};
use crate::desk::trace::RouteStep;
use crate::desk::{Desk, WORK_LIMIT};
use crate::ids::{AgentId, CommandId, ConversationId, ShopId};
use crate::message::{Actor, MessageKind};
use crate::problem::{Problem, Reason};
use crate::time::{Span, Timestamp};

const ANN: u8 = 1;
const BEN: u8 = 2;
const MAIN: u8 = 0;

/// A shop in the morning, with whoever a test needs.
struct Shop {
    desk: Desk,
    now: Timestamp,
    commands: u128,
}

impl Shop {
    fn new() -> Self {
        let mut shop = Self { desk: Desk::new(ShopId::from_bits(1)), now: Timestamp::default(), commands: 0 };
        shop.ok(Command::SyncShop(hours()));
        shop
    }

    /// A shop with these agents online, each with this capacity.
    fn with(agents: &[(u8, u32)]) -> Self {
        let mut shop = Self::new();
        for (agent, capacity) in agents {
            shop.sync(*agent, *capacity);
            shop.presence(*agent, Presence::Online);
        }
        shop
    }

    fn sync(&mut self, agent: u8, capacity: u32) {
        self.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry(agent, capacity)) });
    }

    fn attempt(&mut self, command: Command, request: Option<RequestMark>) -> Result<Applied, Problem> {
        self.commands += 1;
        let id = CommandId::from_bits(self.commands << 12);
        self.desk.apply(self.now, Attempt { id, request, traceparent: None, command })
    }

    fn ok(&mut self, command: Command) -> Vec<Event> {
        self.attempt(command, None).expect("allowed").into_events()
    }

    fn refused(&mut self, command: Command) -> Reason {
        let before = self.desk.snapshot();
        let reason = self.attempt(command, None).expect_err("refused").reason;
        assert_eq!(self.desk.snapshot(), before);
        reason
    }

    fn presence(&mut self, agent: u8, presence: Presence) -> Vec<Event> {
        self.ok(Command::SetPresence { agent: agent_id(agent), presence })
    }

    fn later(&mut self, span: Span) {
        self.now = self.now + span;
    }

    fn says(&mut self, buyer: &str) -> ConversationId {
        let events = self.ok(Command::ReceiveMessage(message(buyer)));
        events[0].conversation.expect("a message belongs to a conversation")
    }

    fn answers(&mut self, agent: u8, conversation: ConversationId) -> Vec<Event> {
        self.ok(Command::Reply(reply(agent, conversation)))
    }

    fn closes(&mut self, agent: u8, conversation: ConversationId) -> Vec<Event> {
        let agent = Some(agent_id(agent));
        self.ok(Command::Close { conversation, by: CloseActor::Agent, agent, force: false })
    }

    /// Answered and closed.
    fn serves(&mut self, agent: u8, conversation: ConversationId) {
        self.answers(agent, conversation);
        self.closes(agent, conversation);
    }

    fn stage(&self, conversation: ConversationId) -> Stage {
        self.desk.conversation(conversation).expect("open").stage
    }

    fn holder(&self, conversation: ConversationId) -> Option<AgentId> {
        self.desk.conversation(conversation).expect("open").agent()
    }

    fn policy(&mut self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.desk.policy().0.clone();
        change(&mut policy);
        self.ok(Command::ReplacePolicy { policy: Box::new(policy), if_policy: None });
    }
}

fn entry(agent: u8, capacity: u32) -> AgentEntry {
    AgentEntry {
        display_name: format!("agent {agent}").into(),
        main_account: agent == MAIN,
        groups: Vec::new(),
        capacity_ceiling: 1_000,
        capacity_default: capacity,
        unlimited: agent == MAIN,
        enabled: true,
        weight: 1,
    }
}

fn message(buyer: &str) -> BuyerMessage {
    BuyerMessage {
        buyer: buyer.into(),
        channel: "test".into(),
        external: None,
        occurred: None,
        kind: MessageKind::Text,
        length: 5,
        group: None,
        priority: 100,
    }
}

fn reply(agent: u8, conversation: ConversationId) -> Reply {
    Reply {
        conversation,
        actor: Actor::Human,
        agent: Some(agent_id(agent)),
        kind: MessageKind::Text,
        length: 5,
        occurred: None,
        small_talk: false,
    }
}

#[test]
fn the_least_saturated_agent_gets_the_next_buyer_and_ties_go_to_who_waited_longest() {
    let mut shop = Shop::with(&[(ANN, 2), (BEN, 4)]);
    let holders: Vec<_> = ["a", "b", "c", "d", "e", "f"]
        .map(|buyer| {
            let conversation = shop.says(buyer);
            shop.holder(conversation)
        })
        .to_vec();
    let order = [ANN, BEN, BEN, ANN, BEN, BEN].map(|agent| Some(agent_id(agent)));
    assert_eq!(holders, order, "0/2=0/4, 0/4, 1/4<1/2, 1/2=2/4 longest ago, 2/4, 3/4");
}

#[test]
fn a_busy_agent_keeps_her_buyers_and_gets_no_new_ones() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let kept = shop.says("old");
    shop.presence(ANN, Presence::Busy);
    let queued = shop.says("new");
    shop.says("old");
    assert_eq!(shop.holder(kept), Some(agent_id(ANN)));
    assert!(matches!(shop.stage(queued), Stage::Queued(_)));
}

#[test]
fn an_offline_agents_buyer_is_rerouted_on_his_next_message() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    shop.presence(ANN, Presence::Offline);
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "nothing is owed, so nothing moves yet");
    shop.says("a");
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn a_buyer_owed_a_reply_is_moved_at_once_when_her_agent_goes_offline_or_lapses() {
    for leave in [
        Command::SetPresence { agent: agent_id(ANN), presence: Presence::Offline },
        Command::Lapse { agent: agent_id(ANN) },
    ] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        let conversation = shop.says("a");
        assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
        shop.ok(leave);
        assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
    }
}

#[test]
fn a_disabled_account_goes_offline_and_may_not_come_back() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let disabled = AgentEntry { enabled: false, ..entry(ANN, 5) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(disabled) });
    let back = Command::SetPresence { agent: agent_id(ANN), presence: Presence::Online };
    assert_eq!(shop.refused(back), Reason::AgentDisabled);
}

#[test]
fn with_nobody_else_the_main_account_gets_it_and_hands_it_out() {
    let mut shop = Shop::with(&[(MAIN, 0), (ANN, 1)]);
    let first = shop.says("a");
    let second = shop.says("b");
    assert_eq!((shop.holder(first), shop.holder(second)), (Some(agent_id(ANN)), Some(agent_id(MAIN))));
    let hand_out =
        Command::Transfer { conversation: second, from: None, target: TransferTarget::Agent(agent_id(ANN)) };
    shop.ok(hand_out);
    assert_eq!(shop.holder(second), Some(agent_id(ANN)), "a transfer may go beyond capacity");
}

#[test]
fn at_saturation_buyers_queue_and_every_way_of_freeing_room_admits_them() {
    let frees: [fn(&mut Shop, ConversationId); 4] = [
        |shop, held| shop.serves(ANN, held),
        |shop, _| {
            shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 2 });
        },
        |shop, _| {
            shop.presence(BEN, Presence::Online);
        },
        |shop, held| {
            let target = TransferTarget::Agent(agent_id(3));
            shop.ok(Command::Transfer { conversation: held, from: Some(agent_id(ANN)), target });
        },
    ];
    for free in frees {
        let mut shop = Shop::with(&[(ANN, 1)]);
        shop.sync(BEN, 1);
        shop.sync(3, 0);
        shop.presence(3, Presence::Online);
        let held = shop.says("a");
        let waiting = shop.says("b");
        assert!(matches!(shop.stage(waiting), Stage::Queued(_)));
        free(&mut shop, held);
        assert_eq!(shop.desk.queue_len(), 0);
        assert!(shop.holder(waiting).is_some());
    }
}

#[test]
fn capacity_zero_is_for_transfers_only() {
    let mut shop = Shop::with(&[(ANN, 0)]);
    let conversation = shop.says("a");
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)));
    let target = TransferTarget::Agent(agent_id(ANN));
    shop.ok(Command::Transfer { conversation, from: None, target });
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
}

#[test]
fn lowering_capacity_evicts_nobody() {
    let mut shop = Shop::with(&[(ANN, 3)]);
    let held = ["a", "b", "c"].map(|buyer| shop.says(buyer));
    shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 1 });
    for conversation in held {
        assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    }
    let raise = Command::SetCapacity { agent: agent_id(ANN), capacity: 1_001 };
    assert_eq!(shop.refused(raise), Reason::CapacityAboveCeiling);
}

#[test]
fn the_queue_is_ordered_by_priority_and_then_age() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let held = shop.says("first");
    let plain = shop.says("plain");
    let mut vip = message("vip");
    vip.priority = 1;
    shop.later(Span::from_secs(1));
    let vip = shop.ok(Command::ReceiveMessage(vip))[0].conversation.expect("conversation");
    shop.serves(ANN, held);
    assert_eq!(shop.holder(vip), Some(agent_id(ANN)));
    assert!(matches!(shop.stage(plain), Stage::Queued(_)));
}

#[test]
fn past_the_limit_a_message_is_kept_and_its_buyer_tried_again_next_time() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.queue_limit = 0);
    let held = shop.says("a");
    let turned_away = shop.says("b");
    assert_eq!(shop.stage(turned_away), Stage::Open);
    shop.serves(ANN, held);
    shop.says("b");
    assert_eq!(shop.holder(turned_away), Some(agent_id(ANN)));
}

#[test]
fn a_buyer_who_gives_up_leaves_the_queue_and_ends_the_conversation() {
    let mut shop = Shop::new();
    let conversation = shop.says("a");
    let events = shop.ok(Command::LeaveQueue { conversation });
    let names: Vec<_> = events.iter().map(|event| event.payload.name()).collect();
    assert_eq!(names, ["queue_left", "closed"]);
    assert_eq!(shop.desk.queue_len(), 0);
    assert_eq!(shop.refused(Command::LeaveQueue { conversation }), Reason::ConversationNotFound);
}

#[test]
fn the_last_agent_is_preferred_within_her_window_even_when_busy_but_never_when_away() {
    for (presence, age, expected) in [
        (Presence::Online, 1, ANN),
        (Presence::Busy, 24, ANN),
        (Presence::Busy, 25, BEN),
        (Presence::Online, 72, ANN),
        (Presence::Online, 73, BEN),
        (Presence::OnBreak, 1, BEN),
        (Presence::Offline, 1, BEN),
    ] {
        let mut shop = Shop::with(&[(ANN, 2), (BEN, 200)]);
        let first = shop.says("a");
        shop.serves(ANN, first);
        // Ann holds somebody else, so the strategy alone would choose Ben.
        let other = shop.says("z");
        shop.ok(Command::Transfer {
            conversation: other,
            from: None,
            target: TransferTarget::Agent(agent_id(ANN)),
        });
        shop.answers(ANN, other);
        shop.presence(ANN, presence);
        shop.later(Span::from_hours(age));
        let again = shop.says("a");
        assert_eq!(shop.holder(again), Some(agent_id(expected)), "{presence:?} after {age} h");
    }
}

#[test]
fn a_window_may_ignore_capacity() {
    for ignore_capacity in [false, true] {
        let mut shop = Shop::with(&[(ANN, 1), (BEN, 5)]);
        let window =
            LastAgentWindow { max_age: Span::from_hours(24), even_when_busy: false, ignore_capacity };
        shop.policy(|policy| {
            policy.last_agent_windows = vec![window];
            policy.reopen_window = Span::ZERO;
        });
        let first = shop.says("a");
        shop.serves(ANN, first);
        let other = shop.says("z");
        shop.ok(Command::Transfer {
            conversation: other,
            from: None,
            target: TransferTarget::Agent(agent_id(ANN)),
        });
        shop.later(Span::from_mins(1));
        let again = shop.says("a");
        let expected = if ignore_capacity { ANN } else { BEN };
        assert_eq!(shop.holder(again), Some(agent_id(expected)));
    }
}

#[test]
fn asking_again_within_the_window_takes_the_same_conversation_up_with_its_agent() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let first = shop.says("a");
    shop.serves(ANN, first);
    shop.later(Span::from_mins(10));
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    assert!(matches!(events[0].payload, Payload::ConversationOpened { reopened: true, .. }));
    assert_eq!(events[0].conversation, Some(first));
    let assigned = events.iter().find_map(|event| match event.payload {
        Payload::Assigned { agent, reason, .. } => Some((agent, reason)),
        _ => None,
    });
    assert_eq!(assigned, Some((agent_id(ANN), AssignReason::Reopened)));

    shop.serves(ANN, first);
    shop.later(Span::from_mins(10) + Span::from_micros(1));
    assert_ne!(shop.says("a"), first);
}

#[test]
fn entering_says_nothing_and_expires_but_the_first_word_begins() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let enter = |buyer: &str| Command::EnterChat { buyer: buyer.into(), channel: "test".into() };
    let entered = shop.ok(enter("a"))[0].conversation.expect("conversation");
    assert_eq!(shop.stage(entered), Stage::Entered);
    assert_eq!(shop.says("a"), entered);
    assert_eq!(shop.holder(entered), Some(agent_id(ANN)));

    let silent = shop.ok(enter("b"))[0].conversation.expect("conversation");
    shop.later(Span::from_hours(1));
    shop.ok(Command::Tick);
    assert!(shop.desk.conversation(silent).is_none());
}

#[test]
fn the_robot_holds_until_it_hands_over() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.robot_first = true);
    let conversation = shop.says("a");
    assert_eq!(shop.stage(conversation), Stage::WithRobot);
    shop.ok(Command::Reply(Reply { actor: Actor::FullRobot, agent: None, ..reply(ANN, conversation) }));
    assert_eq!(shop.desk.conversation(conversation).expect("open").owed, None);
    shop.says("a");
    let human = Command::RequestHuman { conversation, reason: HandOverReason::BuyerAsked };
    shop.ok(human.clone());
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    assert_eq!(shop.refused(human), Reason::NotWithRobot);
    let robot = Command::Reply(Reply { actor: Actor::FullRobot, agent: None, ..reply(ANN, conversation) });
    assert_eq!(shop.refused(robot), Reason::NotWithRobot);
}

#[test]
fn a_reply_due_alert_comes_once_a_step_and_not_after_the_answer() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.reply_due = vec![Span::from_secs(100), Span::from_secs(150)]);
    let conversation = shop.says("a");
    assert_eq!(shop.desk.next_due(), Some(shop.now + Span::from_secs(100)));
    shop.later(Span::from_secs(99));
    assert!(shop.ok(Command::Tick).is_empty());
    shop.later(Span::from_secs(1));
    let due = shop.ok(Command::Tick);
    assert!(matches!(due[0].payload, Payload::ReplyDue { step: 1, agent: Some(_), .. }));
    assert!(shop.ok(Command::Tick).is_empty());
    shop.answers(ANN, conversation);
    assert_eq!(shop.desk.next_due(), None);
}

#[test]
fn an_auto_reply_is_never_an_answer() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    shop.ok(Command::Reply(Reply { actor: Actor::AutoReply, agent: None, ..reply(ANN, conversation) }));
    assert!(shop.desk.conversation(conversation).expect("open").owed.is_some());
}

#[test]
fn closing_with_a_reply_owed_is_refused_unless_forced_by_a_supervisor() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    let close = |by, force| Command::Close { conversation, by, agent: Some(agent_id(ANN)), force };
    assert_eq!(shop.refused(close(CloseActor::Agent, false)), Reason::ReplyOwed);
    assert_eq!(shop.refused(close(CloseActor::Agent, true)), Reason::ReplyOwed);
    assert_eq!(shop.refused(close(CloseActor::Supervisor, false)), Reason::ReplyOwed);
    shop.ok(close(CloseActor::Supervisor, true));
    assert!(shop.desk.conversation(conversation).is_none());
}

#[test]
fn only_who_holds_a_conversation_may_answer_and_nobody_sends_video() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    assert_eq!(shop.refused(Command::Reply(reply(BEN, conversation))), Reason::NotAssignee);
    assert_eq!(shop.refused(Command::Reply(reply(9, conversation))), Reason::AgentNotFound);
    let unknown = ConversationId::from_bits(9);
    assert_eq!(shop.refused(Command::Reply(reply(ANN, unknown))), Reason::ConversationNotFound);
    let video = Reply { kind: MessageKind::Video, ..reply(ANN, conversation) };
    assert_eq!(shop.refused(Command::Reply(video)), Reason::VideoNotAllowed);
}

#[test]
fn transfers_go_only_to_who_takes_them() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    let to = |agent| Command::Transfer {
        conversation,
        from: Some(agent_id(ANN)),
        target: TransferTarget::Agent(agent_id(agent)),
    };
    assert_eq!(shop.refused(to(ANN)), Reason::AlreadyAssigned);
    shop.presence(BEN, Presence::OnBreak);
    assert_eq!(shop.refused(to(BEN)), Reason::AgentUnavailable);
    let group = TransferTarget::Group("nobody's".into());
    let to_group = Command::Transfer { conversation, from: Some(agent_id(ANN)), target: group };
    assert_eq!(shop.refused(to_group), Reason::GroupNotFound);
    shop.presence(BEN, Presence::Busy);
    shop.ok(to(BEN));
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)), "a busy agent takes transfers");
}

#[test]
fn a_conversation_handed_to_a_group_does_not_come_back_to_who_handed_it() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    let target = TransferTarget::Group("default".into());
    shop.ok(Command::Transfer { conversation, from: Some(agent_id(ANN)), target });
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn the_same_request_has_one_effect_and_another_body_is_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let mark =
        |hash| Some(RequestMark { caller: "gateway".into(), request_id: "r1".into(), body_hash: [hash; 32] });
    let command = Command::ReceiveMessage(message("a"));
    let first = shop.attempt(command.clone(), mark(1)).expect("new").into_events()[0].seq;
    let again = shop.attempt(command.clone(), mark(1)).expect("known");
    assert_eq!(again, Applied::Repeated { first, redelivered: false });
    let other = shop.attempt(command, mark(2)).expect_err("another body");
    assert_eq!(other.reason, Reason::RequestIdReused);
}

#[test]
fn a_redelivered_message_is_recognised_whatever_its_request_id() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let mut delivered = message("a");
    delivered.external = Some("m1".into());
    let first = shop.ok(Command::ReceiveMessage(delivered.clone()))[0].seq;
    let again = shop.attempt(Command::ReceiveMessage(delivered.clone()), None).expect("known");
    assert_eq!(again, Applied::Repeated { first, redelivered: true });
    delivered.channel = "another".into();
    assert!(!shop.ok(Command::ReceiveMessage(delivered)).is_empty());
}

#[test]
fn a_command_admits_at_most_its_share_and_the_rest_is_due_at_once() {
    let mut shop = Shop::new();
    shop.sync(ANN, 200);
    for n in 0..WORK_LIMIT + 5 {
        shop.says(&format!("buyer {n}"));
    }
    shop.presence(ANN, Presence::Online);
    assert_eq!(shop.desk.queue_len(), 5);
    assert_eq!(shop.desk.next_due(), Some(shop.desk.now()));
    let late = shop.says("latecomer");
    assert_eq!(shop.desk.queue_len(), 0);
    assert_eq!(shop.holder(late), Some(agent_id(ANN)));
}

#[test]
fn a_slightly_earlier_now_is_taken_as_the_latest_and_a_much_earlier_one_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.later(Span::from_hours(10));
    shop.says("a");
    shop.later(Span::from_secs(-5));
    let events = shop.ok(Command::ReceiveMessage(message("b")));
    assert_eq!(events[0].recorded, shop.now + Span::from_secs(5));
    shop.later(Span::from_hours(-3));
    assert_eq!(shop.refused(Command::Tick), Reason::ClockSkew);
}

#[test]
fn a_message_dated_far_ahead_is_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let ahead = |span| {
        Command::ReceiveMessage(BuyerMessage { occurred: Some(Timestamp::default() + span), ..message("a") })
    };
    assert_eq!(shop.refused(ahead(Span::from_mins(5) + Span::from_micros(1))), Reason::ClockSkew);
    shop.ok(ahead(Span::from_mins(5)));
}

#[test]
fn a_shop_nothing_is_known_of_refuses_everything() {
    let mut shop = Shop { desk: Desk::new(ShopId::from_bits(2)), now: Timestamp::default(), commands: 0 };
    assert_eq!(shop.refused(Command::ReceiveMessage(message("a"))), Reason::ShopNotFound);
}

#[test]
fn the_trace_names_who_was_dropped_and_why() {
    let mut shop = Shop::with(&[(ANN, 0), (BEN, 5)]);
    shop.presence(BEN, Presence::OnBreak);
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    let lines: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Queued { trace, .. } => {
                Some(trace.steps.iter().map(RouteStep::line).collect::<Vec<_>>())
            }
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(
        lines,
        [
            "it is for group default",
            "nobody in group default has room; not: 1 on break, 1 for transfers only",
            "the main account cannot take it",
            "it waits for group default",
        ]
    );
}
