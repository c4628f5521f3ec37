//! The schema and the binary that opens it.

use super::house::House;

#[tokio::test]
async fn a_schema_of_a_newer_binary_is_refused_in_clear_words() {
    let refusal = House::refusal_of_a_newer_schema().await;
    assert!(refusal.contains("newer"), "{refusal}");
    assert!(refusal.contains("m9999_from_the_future"), "{refusal}");
}
