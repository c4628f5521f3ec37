use super::*;

#[tokio::test]
async fn a_token_file_needs_an_address_and_a_token() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("admin.token");
    let alone = ClientArgs { token_file: Some(file.clone()), ..ClientArgs::default() };
    let refused = Client::open(&alone).await.expect_err("no address").to_string();
    assert!(refused.contains("--token-file needs --connect"), "{refused}");
    let named = |file: &Path| Client::at("127.0.0.1:1", Some(file.to_owned()));
    let refused = named(&file).await.expect_err("no file").to_string();
    assert!(refused.contains("cannot read the token file"), "{refused}");
    std::fs::write(&file, "two words\n").expect("written");
    let refused = format!("{:#}", named(&file).await.expect_err("no token"));
    assert!(refused.contains("holds no token") && !refused.contains("two words"), "{refused}");
    std::fs::write(&file, "sesame\n").expect("written");
    let client = named(&file).await.expect("a client");
    assert_eq!((client.address(), client.subject()), ("127.0.0.1:1", None));
    let refused = client.shop().expect_err("no shop is named").to_string();
    assert!(refused.contains("--shop"), "{refused}");
}
