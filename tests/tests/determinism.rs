//! The same seed tells the same story: `fenliu demo --fast`, twice.

use fenliu_tests::program::run;

/// What the demo prints, its process and its port aside: it serves on a free one.
fn demo(arguments: &[&str]) -> String {
    let output = run(&[&["demo", "--fast"], arguments].concat()).expect("the demo runs to its end");
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn the_demo_of_one_seed_is_always_the_same_and_another_seed_tells_another() {
    let first = demo(&["--seed", "7"]);
    assert!(first.lines().count() > 20, "that is no story: {first}");
    assert_eq!(first, demo(&["--seed", "7"]));
    assert_ne!(first, demo(&["--seed", "8"]));
}
