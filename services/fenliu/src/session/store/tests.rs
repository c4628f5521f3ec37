use super::*;

fn session(name: &str) -> Session {
    Session {
        address: "127.0.0.1:50050".into(),
        login_name: name.into(),
        subject: "agt_00000000000000000000000000000001".into(),
        shop_id: "shp_00000000000000000000000000000002".into(),
        access_token: "sesame-1".into(),
        access_expire_micros: 1,
        refresh_token: "sesame-2".into(),
        refresh_expire_micros: 2,
    }
}

fn scratch() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::at(directory.path().join("deep").join("session.json"));
    (directory, store)
}

#[test]
fn a_session_is_kept_replaced_and_taken_away() {
    let (_directory, store) = scratch();
    assert_eq!(store.read().expect("nothing there"), None);
    let locked = store.lock().expect("locked");
    locked.remove().expect("nothing to remove");
    for name in ["ann", "bob"] {
        locked.replace(&session(name)).expect("written");
        assert_eq!(store.read().expect("read"), Some(session(name)));
    }
    locked.remove().expect("removed");
    assert_eq!(locked.read().expect("nothing there"), None);
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_a_session() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, store) = scratch();
    store.lock().expect("locked").replace(&session("ann")).expect("written");
    let mode = std::fs::metadata(store.path()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_session_is_refused_without_quoting_it() {
    let (directory, _) = scratch();
    let store = Store::at(directory.path().join("session.json"));
    std::fs::write(store.path(), r#"{"access_token": "open-sesame"}"#).expect("written");
    let refused = store.read().expect_err("no session").to_string();
    assert!(refused.contains("run fenliu login") && !refused.contains("sesame"), "{refused}");
}

#[test]
fn two_who_trade_tokens_at_once_do_so_one_after_the_other() {
    const ROUNDS: i64 = 50;
    let (_directory, store) = scratch();
    store.lock().expect("locked").replace(&session("ann")).expect("written");
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                for _ in 0..ROUNDS {
                    let locked = store.lock().expect("locked");
                    let mut read = locked.read().expect("whole").expect("there");
                    read.access_expire_micros += 1;
                    locked.replace(&read).expect("written");
                }
            });
        }
    });
    let read = store.read().expect("whole").expect("there");
    assert_eq!(read.access_expire_micros, 1 + 2 * ROUNDS);
}

#[test]
fn the_variable_comes_before_the_configuration_and_that_before_home() {
    let path = |text: &str| Some(PathBuf::from(text));
    assert_eq!(place(path("s.json"), path("/c"), path("/h")), path("s.json"));
    assert_eq!(place(path(""), path("/c"), path("/h")), path("/c/fenliu/session.json"));
    assert_eq!(place(None, path("relative"), path("/h")), path("/h/.config/fenliu/session.json"));
    assert_eq!(place(None, None, None), None);
}

#[test]
fn nobody_prints_a_token() {
    let told = format!("{:?}", session("ann"));
    assert!(!told.contains("sesame"), "{told}");
}
