//! Setting a shop up with `fenliu`, command by command, as the engineer of a merchant types them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use fenliu_tests::program::{Server, binary};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The owner's password.
const OWNERS: &str = "a kettle of green tea";

/// A running fenliu with one shop, whose owner is signed in.
struct Office {
    server: Server,
    place: TempDir,
}

impl Office {
    fn open() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let server = Server::start(&place.path().join("data")).expect("fenliu is up");
        let office = Self { server, place };
        let (address, token) = (office.address(), office.server.token_file().to_owned());
        let token = token.to_str().expect("UTF-8");
        let platform: [&str; 4] = ["--connect", &address, "--token-file", token];
        let create = ["shop", "create", "--name", "Cloud Tea", "--owner", "owner", "--password-stdin"];
        office.says_given(&[&create[..], &platform].concat(), OWNERS);
        office.signs_in("owner", OWNERS);
        office
    }

    fn address(&self) -> String {
        self.server.address().to_string()
    }

    fn session(&self) -> PathBuf {
        self.place.path().join("session.json")
    }

    fn runs(&self, words: &[&str], input: &str) -> Output {
        let mut process = Command::new(binary().expect("it is built"))
            .arg("--json")
            .args(words)
            .current_dir(self.place.path())
            .env("FENLIU_SESSION", self.session())
            .env_remove("FENLIU_TOKEN_FILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut stdin = process.stdin.take().expect("it is piped");
        // A command that reads nothing may have ended by now.
        stdin.write_all(input.as_bytes()).ok();
        drop(stdin);
        process.wait_with_output().expect("it ends")
    }

    /// What a command answers that succeeds.
    fn says(&self, words: &[&str]) -> Value {
        self.says_given(words, "")
    }

    fn says_given(&self, words: &[&str], input: &str) -> Value {
        let output = self.runs(words, input);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{words:?} says no JSON: {said}"))
    }

    /// The reason why a command fails.
    fn refuses(&self, words: &[&str]) -> String {
        self.refuses_given(words, "")
    }

    fn refuses_given(&self, words: &[&str], input: &str) -> String {
        let output = self.runs(words, input);
        assert!(!output.status.success(), "{words:?} succeeds");
        let said: Value = serde_json::from_slice(&output.stdout).expect("a failure in JSON");
        said["error"]["reason"].as_str().expect("a reason").to_owned()
    }

    fn signs_in(&self, name: &str, password: &str) -> Value {
        let address = self.address();
        self.says_given(&["login", "--connect", &address, "--name", name, "--password-stdin"], password)
    }

    /// Creates an agent, and returns the id.
    fn hires(&self, login: &str) -> String {
        let hired = self.says(&["agent", "create", login, "--no-password"]);
        hired["agent_id"].as_str().expect("an id").to_owned()
    }

    /// Writes a spreadsheet, and returns its name.
    fn spreadsheet(&self, lines: &[&str]) -> String {
        let file = self.place.path().join("roster.csv");
        std::fs::write(&file, lines.join("\n")).expect("written");
        file.to_str().expect("UTF-8").to_owned()
    }
}

#[test]
fn somebody_changes_their_own_password_and_stays_signed_in() {
    let office = Office::open();
    let before = std::fs::read_to_string(office.session()).expect("the session");
    let both = format!("{OWNERS}\na pot of black tea\n");
    let changed = office.says_given(&["password", "--password-stdin"], &both);
    assert_eq!(changed, json!({ "login_name": "owner", "signed_in": true }));
    office.says(&["agent", "list"]);
    // The session that was open elsewhere, with the tokens of that time, is over.
    let after = std::fs::read_to_string(office.session()).expect("the session");
    std::fs::write(office.session(), before).expect("written");
    // The guard hears of it a moment later.
    let heard = (0..100).any(|_| !office.runs(&["agent", "list"], "").status.success());
    assert!(heard, "its tokens are void");
    assert_eq!(office.refuses(&["agent", "list"]), "TOKEN_REVOKED");
    std::fs::write(office.session(), after).expect("written");
    // What was typed wrong changes nothing.
    assert_eq!(office.refuses_given(&["password", "--password-stdin"], &both), "SIGN_IN_REFUSED");
    let weak = "a pot of black tea\npassword123\n";
    assert_eq!(office.refuses_given(&["password", "--password-stdin"], weak), "PASSWORD_WEAK");
    assert_eq!(office.refuses_given(&["password", "--password-stdin"], "one line\n"), "COMMAND_FAILED");
    office.signs_in("owner", "a pot of black tea");
    office.says(&["logout"]);
    assert_eq!(office.refuses_given(&["password", "--password-stdin"], &both), "COMMAND_FAILED");
}

#[test]
fn a_shop_is_changed_field_by_field() {
    let office = Office::open();
    let named = office.says(&["shop", "update", "--name", "云雾茶铺"]);
    assert_eq!((&named["display_name"], &named["time_zone"]), (&json!("云雾茶铺"), &json!("Asia/Shanghai")));
    office.says(&["shop", "update", "--zone", "Asia/Tokyo", "--service", "09:00-24:00"]);
    let shown = office.says(&["shop", "show"]);
    assert_eq!(shown["display_name"], "云雾茶铺");
    assert_eq!(shown["time_zone"], "Asia/Tokyo");
    assert_eq!((&shown["service_start"], &shown["service_end"]), (&json!("09:00"), &json!("24:00")));
    assert_eq!(office.refuses(&["shop", "update", "--zone", "Mars/Olympus"]), "TIME_ZONE_INVALID");
    assert_eq!(office.refuses(&["shop", "update"]), "USAGE_INVALID");
}

#[test]
fn an_agent_is_renamed_and_works_under_other_terms() {
    let office = Office::open();
    office.hires("hong");
    office.says(&["agent", "update", "hong", "--unlimited", "--external", "pinduoduo:8812"]);
    let renamed = office.says(&["agent", "update", "hong", "--name", "小红"]);
    assert_eq!((&renamed["display_name"], &renamed["unlimited"]), (&json!("小红"), &json!(true)));
    let shown = office.says(&["agent", "show", "hong"]);
    assert_eq!(
        (&shown["external_account"], &shown["has_password"]),
        (&json!("pinduoduo:8812"), &json!(false))
    );
    let bounded =
        ["agent", "update", "hong", "--limited", "--no-external", "--capacity", "30", "--name", "红"];
    let bounded = office.says(&bounded);
    assert_eq!((&bounded["unlimited"], &bounded["capacity"]), (&json!(false), &json!(30)));
    assert_eq!((&bounded["external_account"], &bounded["display_name"]), (&Value::Null, &json!("红")));
    assert_eq!(office.refuses(&["agent", "update", "hong"]), "COMMAND_FAILED");
    assert_eq!(office.refuses(&["agent", "show", "nobody"]), "AGENT_NOT_FOUND");
}

#[test]
fn a_role_of_the_shops_own_is_made_given_changed_and_deleted() {
    let office = Office::open();
    office.hires("hong");
    let permissions = office.says(&["role", "permissions"]);
    assert!(
        permissions["permissions"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|one| one["name"] == "history.read")
    );
    let made = office.says(&["role", "create", "质检", "--permission", "history.read"]);
    assert_eq!(made["permissions"], json!(["history.read"]));
    let given = office.says(&["role", "grant", "质检", "hong"]);
    assert_eq!(given["agents"][0]["roles"], json!(["agent", "质检"]));
    assert_eq!(office.says(&["role", "grant", "质检", "hong"]), given, "she has it already");
    let more = office.says(&["role", "update", "质检", "--add", "reports.read", "--remove", "history.read"]);
    assert_eq!(more["permissions"], json!(["reports.read"]));
    let whole = office.says(&["role", "update", "质检", "--permission", "desk.read"]);
    assert_eq!(whole["permissions"], json!(["desk.read"]));
    assert_eq!(office.refuses(&["role", "update", "质检", "--remove", "desk.read"]), "COMMAND_FAILED");
    assert_eq!(office.refuses(&["role", "update", "nobody's", "--add", "desk.read"]), "ROLE_NOT_FOUND");
    assert_eq!(office.refuses(&["role", "update", "agent", "--add", "policy.update"]), "ROLE_BUILT_IN");
    assert_eq!(office.refuses(&["role", "create", "x", "--permission", "tea.drink"]), "USAGE_INVALID");
    assert_eq!(office.refuses(&["role", "delete", "质检"]), "ROLE_IN_USE");
    let taken = office.says(&["role", "withdraw", "质检", "hong"]);
    assert_eq!(taken["agents"][0]["roles"], json!(["agent"]));
    office.says(&["role", "delete", "质检"]);
    let listed = office.says(&["role", "list"]);
    assert_eq!(listed["roles"].as_array().map(Vec::len), Some(4), "those that every shop has: {listed}");
}

#[test]
fn the_ladder_is_shown_and_set() {
    let office = Office::open();
    let first = office.says(&["sanction", "ladder"]);
    assert_eq!(first["rungs"].as_array().map(Vec::len), Some(3), "every shop begins with one: {first}");
    let set = office.says(&["sanction", "ladder", "--rungs", "2=mute:12h", "4=ban", "--window", "7"]);
    let rungs = json!([
        { "violations": 2, "kind": "mute", "duration_seconds": 43_200 },
        { "violations": 4, "kind": "ban", "duration_seconds": null },
    ]);
    assert_eq!(set, json!({ "window_days": 7, "rungs": rungs }));
    let longer = office.says(&["sanction", "ladder", "--window", "30"]);
    assert_eq!(longer, json!({ "window_days": 30, "rungs": rungs }));
    assert_eq!(office.says(&["sanction", "ladder", "--no-rungs"])["rungs"], json!([]));
    assert_eq!(office.refuses(&["sanction", "ladder", "--rungs", "4=ban", "2=mute"]), "INVALID_REQUEST");
    assert_eq!(office.refuses(&["sanction", "ladder", "--rungs", "4=kick"]), "USAGE_INVALID");
}

#[test]
fn agents_work_a_cycle_of_days_and_a_spreadsheet_overrides_a_day_of_it() {
    // Days lie far ahead: what is past follows the rosters that were in force then.
    let office = Office::open();
    let (hong, li) = (office.hires("hong"), office.hires("li"));
    let presets = office.says(&["roster", "presets"]);
    assert_eq!(presets["presets"][1]["name"], "three_shifts");
    let begun =
        office.says(&["roster", "draft", "--preset", "three_shifts", "--templates", "late=15:00-23:00"]);
    assert_eq!(begun["templates"][2], json!({ "name": "late", "hours": "15:00-23:00" }));
    let cycle = ["roster", "rotate", "2-2", "--cycle", "early,late,off,off"];
    let laid = office.says(&[&cycle[..], &["hong", "--from", "2099-11-30"]].concat());
    assert_eq!(laid["rotations"][0]["days"], json!([["early"], ["late"], [], []]));
    assert_eq!(laid["assignments"][0]["agent_id"], json!(hong));
    assert_eq!(laid["assignments"][0]["last_day"], Value::Null);
    let third = ["roster", "rotate", "2-2", "li", "--from", "2099-11-30", "--start-at", "3"];
    let laid = office.says(&third);
    assert_eq!(laid["assignments"][1]["agent_id"], json!(li));
    assert_eq!(laid["assignments"][1]["anchor_day"], "2099-11-28");
    let file = office.spreadsheet(&["agent,2099-12-01", "hong,off"]);
    office.says(&["roster", "import", &file, "--publish", "--note", "two crews"]);
    // Who works when is resolved by accounts: on the 2nd day hong would have the late shift.
    let week = office.says(&["roster", "show", "--week", "2099-11-30"]);
    let duty = week["duty"].as_array().expect("a list");
    let of = |agent: &str| -> Vec<String> {
        let theirs = duty.iter().filter(|duty| duty["agent_id"] == agent);
        theirs.filter_map(|duty| Some(duty["shift"].as_str()?.to_owned())).collect()
    };
    assert_eq!(of(&hong), ["early", "early", "late"]);
    // She begins with the two days off, and Sunday is the first day of her second cycle.
    assert_eq!(of(&li), ["early", "late", "early"]);
    let ended = office.says(&["roster", "rotate", "off", "hong", "--from", "2099-12-04"]);
    assert_eq!(ended["dated_days_kept"], 0);
    let ended = ended["assignments"].as_array().expect("a list").iter();
    let last: Vec<_> =
        ended.filter(|work| work["rotation"] == "2-2" && work["agent_id"] == json!(hong)).collect();
    assert_eq!(last[0]["last_day"], "2099-12-03");
    assert_eq!(
        office.refuses(&["roster", "rotate", "3-1", "hong", "--from", "2099-12-04"]),
        "COMMAND_FAILED"
    );
    let unknown = ["roster", "rotate", "3-1", "--cycle", "dusk,off", "hong", "--from", "2099-12-04"];
    assert_eq!(office.refuses(&unknown), "ROSTER_INVALID");
    assert_eq!(office.refuses(&["roster", "rotate", "2-2", "hong"]), "USAGE_INVALID");
    assert_eq!(office.refuses(&["roster", "draft", "--preset", "four_shifts"]), "COMMAND_FAILED");
}

#[test]
fn rosters_are_listed_compared_and_begun_again() {
    let office = Office::open();
    office.hires("hong");
    assert_eq!(office.says(&["roster", "versions"])["versions"], json!([]));
    assert_eq!(office.refuses(&["roster", "plan"]), "ROSTER_NOT_FOUND");
    assert_eq!(office.refuses(&["roster", "plan", "current"]), "ROSTER_NOT_FOUND");
    let file = office.spreadsheet(&["agent,2099-12-01,2099-12-02", "hong,day,day"]);
    office.says(&["roster", "import", &file, "--preset", "day", "--publish", "--note", "the first"]);
    assert_eq!(office.says(&["roster", "diff"])["differences"], json!([]), "the draft is what was published");
    let file = office.spreadsheet(&["agent,2099-12-02", "hong,09:00-12:00"]);
    office.says(&["roster", "import", &file]);
    office.says(&["roster", "draft", "--at-least", "2"]);
    let differ = office.says(&["roster", "diff"]);
    let said =
        |index: usize| (&differ["differences"][index]["before"], &differ["differences"][index]["after"]);
    assert_eq!(said(0), (&json!("1"), &json!("2")));
    assert_eq!(said(1), (&json!("day"), &json!("09:00-12:00")));
    office.says(&["roster", "publish", "--note", "a short day"]);
    let versions = office.says(&["roster", "versions"]);
    let notes: Vec<_> =
        versions["versions"].as_array().expect("a list").iter().map(|one| &one["note"]).collect();
    assert_eq!(notes, ["a short day", "the first"]);
    assert_eq!(office.says(&["roster", "diff", "1", "2"])["differences"], differ["differences"]);
    // Back to the first: the draft begins again, and nothing is in force before it is published.
    office.says(&["roster", "draft", "--restore", "1"]);
    assert_eq!(office.says(&["roster", "diff", "1"])["differences"], json!([]));
    assert_eq!(office.says(&["roster", "plan", "current"])["min_on_duty"], 2);
    assert_eq!(office.refuses(&["roster", "draft", "--drop", "day"]), "ROSTER_INVALID");
    assert_eq!(office.refuses(&["roster", "draft", "--drop", "dusk"]), "COMMAND_FAILED");
    assert_eq!(office.refuses(&["roster", "plan", "7"]), "ROSTER_NOT_FOUND");
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_in_json_when_that_is_asked_for() {
    let misused =
        |words: &[&str]| Command::new(binary().expect("it is built")).args(words).output().expect("it runs");
    let output = misused(&["--json", "shop", "create", "--name", "Tea"]);
    assert_eq!(output.status.code(), Some(2));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["error"]["reason"], "USAGE_INVALID");
    assert!(said["error"]["message"].as_str().is_some_and(|message| message.contains("--owner")), "{said}");
    assert!(output.stderr.is_empty());
    let output = misused(&["shop", "create", "--name", "Tea"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--owner"));
    let help = misused(&["--json", "shop", "--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8_lossy(&help.stdout).contains("Usage: fenliu shop"));
}
