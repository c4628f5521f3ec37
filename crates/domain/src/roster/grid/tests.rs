use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::day::ClockTime;
use crate::roster::Template;

const ANN: AgentId = AgentId::from_bits(1);
const BOB: AgentId = AgentId::from_bits(2);

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(250);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn name(text: &str) -> LoginName {
    LoginName::parse(text).expect("a login name")
}

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn grid(text: &str) -> Grid {
    Grid::parse(text).expect("a grid")
}

/// The places of all that is wrong.
fn places(text: &str) -> Vec<(usize, usize)> {
    Grid::parse(text).expect_err("no grid").iter().map(|error| (error.line, error.column)).collect()
}

fn templates(names: &[&str]) -> Plan {
    let shift = Shift::new(ClockTime::MIDNIGHT, ClockTime::DAY_END);
    let template = |name: &&str| Template { name: (*name).to_owned(), shift: shift.clone() };
    Plan { templates: names.iter().map(template).collect(), ..Plan::default() }
}

fn agent_of(name: &LoginName) -> Option<AgentId> {
    [("ann", ANN), ("bob", BOB), ("bobby", BOB)]
        .into_iter()
        .find(|(known, _)| *known == name.key())
        .map(|(_, id)| id)
}

#[test]
fn a_grid_reads_as_it_looks() {
    let read = grid("agent,2026-11-23,2026-11-24\nann,day, off \n小明,\"08:00-12:00 + night\",\n");
    assert_eq!(read.days, [day("2026-11-23"), day("2026-11-24")]);
    let hours = Work::Shift("08:00-12:00".parse().expect("a shift"));
    let expected = [
        (2, "ann", vec![Cell::Work(vec![Work::Template("day".into())]), Cell::Work(vec![])]),
        (3, "小明", vec![Cell::Work(vec![hours, Work::Template("night".into())]), Cell::AsRotation]),
    ];
    for (row, (line, agent, cells)) in read.rows.iter().zip(expected) {
        assert_eq!((row.line, row.agent.given(), &row.cells), (line, agent, &cells));
    }
}

#[test]
fn what_spreadsheets_do_to_a_file_is_tolerated() {
    let plain = grid("agent,2026-01-03\nann,day\n\"bob\"\"s, 2\",off\n");
    let saved = grid("\u{feff}Agent,2026/1/3\r\nann,day\r\n\"bob\"\"s, 2\",\"OFF\"\r\n,\r\n\r\n");
    assert_eq!(saved, plain);
    assert_eq!(grid("agent,2026-01-03\nann,day").rows.len(), 1, "the last line need not end");
}

#[test]
fn every_cell_that_cannot_be_read_is_named_at_once() {
    let text = "name,2026-02-30,2026-01-01,2026-01-01\n,day,day,day\nann,25:00-26:00,a+a,=1+1\nANN,off,day\nbob,1,2,3,4\n";
    assert_eq!(
        places(text),
        [(1, 1), (1, 2), (1, 4), (2, 1), (3, 2), (3, 3), (3, 4), (4, 3), (4, 1), (5, 4)]
    );
    let said = Grid::parse("agent,2026-01-01\nann,8:00-9:00\n").expect_err("no hours");
    assert_eq!(
        said[0].to_string(),
        "line 2, column 2: must be hours such as 08:30-20:30, with breaks as 08:30-20:30/12:00-13:00"
    );
}

#[test]
fn text_that_is_no_csv_is_named_where_it_breaks() {
    for (text, place) in [
        ("", (1, 1)),
        ("agent\n", (1, 2)),
        ("agent,2026-01-01\n\"ann,day\nbob,day\n", (2, 1)),
        ("agent,2026-01-01\nann,\"day\"x\n", (2, 2)),
        ("agent,2026-01-01\n\"a\nb\",off\nann,d\"ay\n", (2, 1)),
    ] {
        assert_eq!(places(text)[0], place, "{text}");
    }
    assert_eq!(
        places("agent,2026-01-01\n\"a\nb\",off\nann,d\"ay\n"),
        [(2, 1), (4, 2)],
        "lines inside a cell count"
    );
}

#[test]
fn everything_has_its_limit() {
    assert_eq!(places(&"x".repeat(MAX_GRID_BYTES + 1)), [(1, 1)]);
    let rows: String = (0..=MAX_GRID_ROWS + 5).map(|n| format!("a{n},\n")).collect();
    assert_eq!(places(&format!("agent,2026-01-01\n{rows}")), [(MAX_GRID_ROWS + 2, 1)]);
    let bad: String = (0..MAX_GRID_ERRORS * 2).map(|n| format!("a{n},1:1\n")).collect();
    assert_eq!(places(&format!("agent,2026-01-01\n{bad}")).len(), MAX_GRID_ERRORS);
    let days: String = (0..=366).map(|n| format!(",{}", day("2026-01-01").plus(n))).collect();
    assert_eq!(places(&format!("agent{days}\n")), [(1, 2)]);
    assert_eq!(places("agent,2026-01-01\nann,a+b+c+d+e\n"), [(2, 2)]);
}

#[test]
fn a_name_that_looks_like_a_formula_is_written_as_a_name() {
    let formulas = ["=1+1", "+1", "-1", "@a", "'=1", "''@a", "'a"];
    let rows = formulas.map(|text| Row { line: 2, agent: name(text), cells: vec![Cell::Work(vec![])] });
    let grid = Grid { days: vec![day("2026-01-01")], rows: rows.into() };
    let text = grid.write();
    assert!(text.lines().all(|line| !line.starts_with(['=', '+', '-', '@'])), "{text}");
    let read: Vec<String> = self::grid(&text).rows.iter().map(|row| row.agent.given().to_owned()).collect();
    assert_eq!(read, formulas);
}

#[test]
fn a_grid_replaces_the_entries_of_its_agents_on_its_days_only() {
    let entry = |agent, date: &str, names: &[&str]| Assignment::Dated {
        agent,
        day: day(date),
        work: names.iter().map(|name| Work::Template((*name).into())).collect(),
    };
    let mut plan = templates(&["day", "night"]);
    plan.assignments = vec![
        entry(ANN, "2026-01-01", &["day"]),
        entry(ANN, "2026-01-03", &["day"]),
        entry(BOB, "2026-01-01", &["day"]),
    ];
    let changed =
        grid("agent,2026-01-01,2026-01-02\nAnn,,night\n").apply(&plan, agent_of).expect("all is known");
    assert_eq!(
        changed.assignments,
        [
            entry(ANN, "2026-01-03", &["day"]),
            entry(BOB, "2026-01-01", &["day"]),
            entry(ANN, "2026-01-02", &["night"])
        ]
    );
    assert_eq!(changed.templates, plan.templates);
}

#[test]
fn a_grid_that_names_what_there_is_not_changes_nothing() {
    let errors = grid("agent,2026-01-01,2026-01-02\nann,day,lost\nzoe,day,day\nbob,,\nbobby,,\n")
        .apply(&templates(&["day"]), agent_of)
        .expect_err("not all is known");
    let places: Vec<_> = errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(places, [(2, 3), (3, 1), (5, 1)]);
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let hours = prop::sample::select(vec![
        "08:30-20:30",
        "22:00-06:00/23:30-00:30/02:00-02:10",
        "00:00-24:00",
        "09:00-09:00",
    ]);
    let named = "[a-zA-Z早晚,\"/:;()'. -]{1,12}".prop_filter("a name", |name| name_fault(name).is_none());
    let work = prop_oneof![
        hours.prop_map(|text| Work::Shift(text.parse().expect("a shift"))),
        named.prop_map(Work::Template),
    ];
    let unique = |mut work: Vec<Work>| {
        let mut seen = Vec::new();
        work.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        Cell::Work(work)
    };
    prop_oneof![Just(Cell::AsRotation), prop::collection::vec(work, 0..4).prop_map(unique)]
}

fn any_grid() -> impl Strategy<Value = Grid> {
    (1_usize..5, 0_usize..5).prop_flat_map(|(days, rows)| {
        let days = prop::collection::btree_set(0_u32..400, days);
        let agents = prop::collection::btree_set("[=+'@,\"a-z小-]{1,8}", rows);
        (days, agents).prop_flat_map(|(days, agents)| {
            let cells = prop::collection::vec(prop::collection::vec(any_cell(), days.len()), agents.len());
            cells.prop_map(move |cells| Grid {
                days: days.iter().map(|offset| day("2026-01-01").plus(*offset)).collect(),
                rows: agents
                    .iter()
                    .zip(cells)
                    .enumerate()
                    .map(|(index, (agent, cells))| Row { line: index + 2, agent: name(agent), cells })
                    .collect(),
            })
        })
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_written_is_read_as_the_same_grid(grid in any_grid()) {
        let text = grid.write();
        let read = Grid::parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&grid), "{}", text);
        let names = |grid: &Grid| -> Vec<String> { grid.rows.iter().map(|row| row.agent.given().to_owned()).collect() };
        prop_assert_eq!(names(&read.expect("it was read")), names(&grid), "also letter by letter");
        let saved = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        prop_assert_eq!(Grid::parse(&saved), Ok(grid));
    }

    #[test]
    fn a_plan_goes_through_its_grid_unchanged(grid in any_grid()) {
        let ids: BTreeMap<String, AgentId> = grid
            .rows
            .iter()
            .zip(1_u128..)
            .map(|(row, bits)| (row.agent.key().to_owned(), AgentId::from_bits(bits)))
            .collect();
        let find = |name: &LoginName| ids.get(name.key()).copied();
        let named = grid.rows.iter().flat_map(|row| &row.cells).flat_map(|cell| match cell {
            Cell::Work(work) => work.as_slice(),
            Cell::AsRotation => &[],
        });
        let names: BTreeSet<&str> =
            named.filter_map(|work| if let Work::Template(name) = work { Some(name.as_str()) } else { None }).collect();
        let plan = templates(&names.into_iter().collect::<Vec<_>>());
        let filled = grid.apply(&plan, find).expect("all is known");
        let agents: Vec<_> =
            grid.rows.iter().map(|row| (find(&row.agent).expect("known"), row.agent.clone())).collect();
        prop_assert_eq!(&Grid::of(&filled, &agents, &grid.days), &grid);
        prop_assert_eq!(grid.apply(&filled, find), Ok(filled.clone()), "twice is once");
    }

    #[test]
    fn no_text_makes_the_reader_stumble(text in "[agent,\"\r\n2016+/: off'-]{0,200}|\\PC{0,200}") {
        if let Err(errors) = Grid::parse(&text) {
            prop_assert!((1..=MAX_GRID_ERRORS).contains(&errors.len()));
            prop_assert!(errors.iter().all(|error| error.line >= 1 && error.column >= 1));
        }
        let _ = Grid::parse(&format!("agent,2026-01-02\n{text}"));
    }
}
