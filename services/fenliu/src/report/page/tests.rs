use crate::report::samples::report;
use crate::words::Lang;

#[test]
fn the_page_says_what_it_says_in_each_language() {
    for lang in Lang::ALL {
        let page = report().page(lang.words()).expect("a page");
        insta::assert_snapshot!(format!("page_{}", lang.words().language), page);
    }
}

#[test]
fn names_are_escaped_wherever_they_stand() {
    let page = report().page(Lang::En.words()).expect("a page");
    assert!(!page.contains("<script") && !page.contains("<b>"), "what somebody is called is no markup");
    assert!(page.matches("alert(1)").count() >= 2, "in the title and above the page");
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = report().page(Lang::Zh.words()).expect("a page");
    for elsewhere in ["http", "//", "url(", "@import", "src=", "<link", "<iframe", "<img", "javascript"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(page.starts_with("<!DOCTYPE html>"));
    let opened = |tag: &str| page.matches(&format!("<{tag}")).count();
    let closed = |tag: &str| page.matches(&format!("</{tag}>")).count();
    for tag in ["table", "svg", "section", "details", "figure", "ol", "ul", "dl"] {
        assert!(opened(tag) > 0 && opened(tag) == closed(tag), "{tag}: {} and {}", opened(tag), closed(tag));
    }
}

#[test]
fn more_days_and_misses_than_a_page_holds_are_counted() {
    let mut report = report();
    let (_, parts) = report.packs[0].sheet.days[0].clone();
    report.packs[0].sheet.days = (0..100).map(|day| (format!("day {day}"), parts)).collect();
    let page = report.page(Lang::En.words()).expect("a page");
    assert!(page.contains("and 38 earlier days") && page.contains("and 8 more misses"));
    assert!(
        !page.contains("day 37<") && page.contains("day 38<") && page.contains("day 99<"),
        "the latest are shown"
    );
}
