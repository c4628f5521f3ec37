//! Texts of a message, read from its bytes without knowing the rest of it.

use bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// The bytes of the fields with these numbers, each by its last occurrence, as protobuf has it; empty for one that
/// does not occur or has no number. `None` when the bytes are no message, or a field is no text: the codec, which reads
/// with the same functions, then refuses the message.
pub(super) fn texts<const N: usize>(mut message: &[u8], numbers: [Option<u32>; N]) -> Option<[&[u8]; N]> {
    let mut found: [&[u8]; N] = [&[]; N];
    while message.has_remaining() {
        let (number, wire_type) = decode_key(&mut message).ok()?;
        match numbers.iter().position(|wanted| *wanted == Some(number)) {
            Some(index) => found[index] = text(&mut message, wire_type)?,
            None => skip_field(wire_type, number, &mut message, DecodeContext::default()).ok()?,
        }
    }
    Some(found)
}

fn text<'a>(message: &mut &'a [u8], wire_type: WireType) -> Option<&'a [u8]> {
    prost::encoding::check_wire_type(WireType::LengthDelimited, wire_type).ok()?;
    let length = usize::try_from(decode_varint(message).ok()?).ok()?;
    let (text, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(text)
}

#[cfg(test)]
mod tests;
