//! The README's tours, typed as they are printed.
//!
//! The lines of their shell blocks are taken out of `README.md` and run in one bash against a fresh `fenliu up`; only the
//! lines that set `address` and `token_file` are replaced, by a free port and its data, and the one that says where
//! fenliu is. Where there is no grpcurl, the tour that needs it is reported as ignored.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use fenliu_tests::program::{Server, binary, root};

/// The heading under which the tour with grpcurl stands.
const TOUR: &str = "## A tour with grpcurl";
/// The heading under which a shop is set up.
const SETTING_UP: &str = "## Setting a shop up";
/// The line that says where fenliu is.
const PATH: &str = r#"export PATH="$PWD/target/release:$PATH""#;
/// The line that a reader may change, and this test does.
const ADDRESS: &str = "address=127.0.0.1:50050";
/// The line that says where the token lies.
const TOKEN_FILE: &str = "token_file=fenliu-data/admin.token";
/// Printed between the answers of two blocks.
const BETWEEN: &str = "=== the next block ===";
/// Analytics follows the history, a moment behind: a reader is slower than that, this test may not be.
const CAUGHT_UP: &str = r#"until call -d '{"shop_id":"'$shop'"}' $address fenliu.analytics.v1.ReplyRateService/ListExchanges 2>&1 | grep --quiet replyTime; do :; done"#;
/// Dispatch hears of a new agent from the directory, a moment later.
const HEARD_OF: &str = r#"until call -d '{"shop_id":"'$shop'","agent_id":"'$agent'"}' $address fenliu.dispatch.v1.PresenceService/GetAgent > /dev/null 2>&1; do :; done"#;
/// How long the tour may take, in seconds, as `timeout` of coreutils takes it.
const LIMIT_SECONDS: &str = "120";

/// The shell blocks below a heading, as printed.
fn blocks(heading: &str) -> anyhow::Result<Vec<String>> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let (_, tour) = readme.split_once(heading).context("the README has no such tour")?;
    let tour = tour.split_once("\n## ").map_or(tour, |(tour, _)| tour);
    let blocks = tour.split("```sh\n").skip(1);
    blocks
        .map(|block| Ok(block.split_once("```").context("a block does not end")?.0.to_owned()))
        // The first block starts the server, which this test has done already.
        .filter(|block| !block.as_ref().is_ok_and(|block| block.starts_with("cargo ")))
        .collect()
}

/// What each block of the tour prints.
fn tour(server: &Server) -> anyhow::Result<Vec<String>> {
    let blocks = blocks(TOUR)?;
    ensure!(
        blocks.iter().any(|block| block.lines().any(|line| line == ADDRESS)),
        "no block sets the address"
    );
    ensure!(
        blocks.iter().any(|block| block.lines().any(|line| line == TOKEN_FILE)),
        "no block says where the token lies"
    );
    let address = format!("address={}", server.address());
    let token_file = format!("token_file='{}'", server.token_file().display());
    let script: String = blocks
        .iter()
        .map(|block| {
            let wait = match block {
                block if block.contains("GetReplyRate") => CAUGHT_UP,
                block if block.contains("SetPresence") => HEARD_OF,
                _ => "",
            };
            format!(
                "{wait}\n{}echo '{BETWEEN}'\n",
                block.replace(ADDRESS, &address).replace(TOKEN_FILE, &token_file)
            )
        })
        .collect();
    said(&script, &root())
}

/// What each block of a script prints, run in a directory of which its session is a file.
fn said(script: &str, place: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("timeout")
        .args([LIMIT_SECONDS, "bash", "-e", "-u", "-o", "pipefail", "-c", script])
        .current_dir(place)
        .env("FENLIU_SESSION", place.join("session.json"))
        .env_remove("FENLIU_TOKEN_FILE")
        .stdin(Stdio::null())
        .output()?;
    let (said, complained) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "the tour ends with {}: {complained}\n{said}", output.status);
    Ok(said.split(BETWEEN).map(str::to_owned).collect())
}

/// What each block prints that sets a shop up. `place` is the directory in which fenliu keeps `fenliu-data`.
fn setting_up(server: &Server, place: &Path) -> anyhow::Result<Vec<String>> {
    let blocks = blocks(SETTING_UP)?;
    for line in [ADDRESS, PATH] {
        ensure!(
            blocks.iter().any(|block| block.lines().any(|printed| printed == line)),
            "nobody says {line}"
        );
    }
    let beside = binary()?.parent().context("the binary is in no directory")?.display();
    let address = format!("address={}", server.address());
    let path = format!("export PATH=\"{beside}:$PATH\"");
    let replaced = blocks.iter().map(|block| block.replace(ADDRESS, &address).replace(PATH, &path));
    said(&replaced.map(|block| format!("{block}echo '{BETWEEN}'\n")).collect::<String>(), place)
}

#[test]
fn the_shop_of_the_readme_is_set_up_as_printed() {
    let place = tempfile::tempdir().expect("a directory");
    let server = Server::start(&place.path().join("fenliu-data")).expect("fenliu is up");
    let said = setting_up(&server, place.path()).expect("every line succeeds");
    let expected: [&[&str]; 8] = [
        &["created shp_", "fenliu login --connect"],
        &["signed in as cloud-tea", "agents.manage"],
        &["created agt_", "小红", "supervisor"],
        &["56 days of 8 agents", "1 gap from", "13:00–14:00: 0 of 1 on duty"],
        &["GAP", "!!", "gap 13:00–14:00: 0 of 1 on duty", "1 gap: Wed"],
        &["no gap from", "is in force as roster 1", "+ on duty", "no gap: the service window is covered"],
        &["changed the draft", "rotation 2-2-2", "rotations of sun", "rotations of zhao"],
        &[
            "signed in as hong",
            "changed the password of hong",
            "he is muted until",
            "muted until",
            "no longer muted",
            "signed out hong",
        ],
    ];
    assert_eq!(said.len(), expected.len() + 1, "it has another number of blocks: {said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        for words in expected {
            assert!(said.contains(words), "{words:?} is not in: {said}");
        }
    }
    assert!(!said[5].contains("GAP"), "it was mended: {}", said[5]);
}

#[test]
#[cfg_attr(not(grpcurl), ignore = "grpcurl is not installed: `go install` it as tests/run does")]
fn the_tour_of_the_readme_works_as_printed() {
    let place = tempfile::tempdir().expect("a directory");
    let server = Server::start(&place.path().join("data")).expect("fenliu is up");
    let said = tour(&server).expect("every line succeeds");
    let expected: [&[&str]; 6] = [
        &["fenliu.dispatch.v1.ReceptionService", "grpc.health.v1.Health", "rpc ReceiveMessage", "SERVING"],
        &["\"shop_id\":\"shp_", "\"agent_id\":\"agt_"],
        &["PRESENCE_ONLINE"],
        &["STAGE_ASSIGNED", "ranks first in group default"],
        &["\"messageId\": \"msg_", "Yes, it is."],
        &["\"counted\": \"1\"", "\"withinLimit\": \"1\"", "\"rateBasisPoints\": 10000"],
    ];
    assert_eq!(said.len(), expected.len() + 1, "the tour has another number of blocks: {said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        for words in expected {
            assert!(said.contains(words), "{words:?} is not in: {said}");
        }
    }
}

#[test]
#[cfg_attr(not(grpcurl), ignore = "grpcurl is not installed: `go install` it as tests/run does")]
fn the_tour_can_be_taken_twice() {
    let place = tempfile::tempdir().expect("a directory");
    let server = Server::start(&place.path().join("data")).expect("fenliu is up");
    tour(&server).expect("the first time");
    tour(&server).expect("the second time: the same request ids, the same answers");
}
