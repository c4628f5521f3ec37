//! The same seed tells the same story: `fenliu demo --fast`, twice.

use fenliu_tests::program::run;

/// What the demo prints, its process and its port aside: it serves on a free one.
fn demo(arguments: &[&str]) -> String {
    let output = run(&[&["demo", "--fast"], arguments].concat()).expect("the demo runs to its end");
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn the_demo_of_one_seed_is_always_the_same_and_another_seed_tells_another() {
    let tell = |seed: &'static str| std::thread::spawn(move || demo(&["--seed", seed]));
    let stories = [tell("7"), tell("7"), tell("8")];
    let [first, again, other] = stories.map(|story| story.join().expect("it is told"));
    assert!(first.lines().count() > 20, "that is no story: {first}");
    assert_eq!(first, again);
    assert_ne!(first, other);
}
