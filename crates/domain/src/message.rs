//! What is said and by whom: the words every part of the domain shares.

/// The kinds of message a conversation is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Plain text.
    Text,
    /// A picture, by reference.
    Image,
    /// A single emoji or sticker.
    Emoji,
    /// A card that shows a product.
    ProductCard,
    /// A card that shows an order.
    OrderCard,
    /// A video; agents may not send one.
    Video,
    /// A buyer's message of a kind fenliu does not know; it wants an answer like any other.
    Unsupported,
}

/// Who speaks for the shop. Rule packs differ in whose words count as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A person: a sub-account or the main account.
    Human,
    /// A robot that works beside a human.
    AssistRobot,
    /// A robot that holds the conversation alone.
    FullRobot,
    /// A canned reply sent without reading; never an answer.
    AutoReply,
    /// A click on an FAQ card and the entry it showed.
    FaqCard,
}

impl Actor {
    /// Every kind of actor there is.
    pub const ALL: [Self; 5] =
        [Self::Human, Self::AssistRobot, Self::FullRobot, Self::AutoReply, Self::FaqCard];
}
