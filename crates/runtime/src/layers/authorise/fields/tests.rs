//! What the scan reads is what the codec reads.

use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use prost::Message;

use super::texts;

#[derive(Clone, PartialEq, Message)]
struct Known {
    #[prost(string, tag = "1")]
    shop: String,
    #[prost(string, tag = "7")]
    agent: String,
}

fn cases() -> u32 {
    std::env::var("FENLIU_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

/// What the codec makes of the bytes.
fn decoded(bytes: &[u8]) -> Option<[String; 2]> {
    Known::decode(bytes).ok().map(|known| [known.shop, known.agent])
}

fn scanned(bytes: &[u8]) -> Option<[String; 2]> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let [shop, agent] = texts(bytes, [Some(1), Some(7)])?;
    Some([text(shop)?, text(agent)?])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whatever_the_codec_reads_the_scan_reads(
        fields in proptest::collection::vec((1_u32..9, 0_u32..6, any::<Vec<u8>>()), 0..6),
        cut in 0_usize..4,
    ) {
        let mut bytes = Vec::new();
        for (number, wire_type, payload) in fields {
            prost::encoding::encode_varint(u64::from(number << 3 | wire_type), &mut bytes);
            if wire_type == 2 {
                prost::encoding::encode_varint(payload.len() as u64, &mut bytes);
            }
            bytes.extend(payload);
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Some(decoded) = decoded(&bytes) {
            prop_assert_eq!(scanned(&bytes), Some(decoded));
        }
    }

    #[test]
    fn the_last_of_several_counts(shops in proptest::collection::vec("[a-z]{0,9}", 1..5), agent in "[a-z]{0,9}") {
        let bytes: Vec<u8> = shops
            .iter()
            .flat_map(|shop| Known { shop: shop.clone(), agent: agent.clone() }.encode_to_vec())
            .collect();
        prop_assert_eq!(scanned(&bytes), decoded(&bytes));
    }
}

#[test]
fn a_field_that_is_no_text_is_not_read() {
    assert_eq!(texts(&[0x08, 0x01], [Some(1)]), None);
    assert_eq!(texts(&[0x0a, 0x05, b'x'], [Some(1)]), None);
    assert_eq!(texts(&[0x0a, 0x01, b'x'], [None]), Some([&b""[..]]));
}
