use super::*;
use crate::demand::sheet::tests::sheet;

/// Where the middle of a cell lies in a PNG.
fn middle(weekday: i32, half_hour: i32) -> (usize, usize) {
    let place = |at: i32| usize::try_from(at * PNG_SCALE).expect("on the picture");
    (
        place(LEFT + half_hour * CELL_WIDTH + CELL_WIDTH / 2),
        place(TOP + weekday * ROW_HEIGHT + ROW_HEIGHT / 2),
    )
}

/// Pixels by row and column.
fn decoded(bytes: &[u8]) -> (u32, u32, impl Fn((usize, usize)) -> RGBColor + use<>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a picture");
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    let width = info.width as usize;
    let pixel = move |(x, y): (usize, usize)| {
        let at = (y * width + x) * 3;
        RGBColor(pixels[at], pixels[at + 1], pixels[at + 2])
    };
    (info.width, info.height, pixel)
}

#[test]
fn the_week_is_drawn_as_svg() {
    insta::assert_snapshot!(svg(&sheet()).expect("drawn"));
}

#[test]
fn the_week_is_drawn_as_png_with_its_cells_and_words() {
    let (width, height, pixel) = decoded(&png(&sheet()).expect("drawn"));
    assert_eq!((width, height), (2_000, 660));
    assert_eq!(pixel((0, 0)), WHITE);
    // Sundays: 6 at 20:00, the most there is; 1 from 08:00 on; nobody at night.
    assert_eq!(pixel(middle(6, 40)), BLUES[SHADES - 1]);
    assert_eq!(pixel(middle(6, 16)), BLUES[0]);
    assert_eq!(pixel(middle(6, 0)), WHITE);
    let inked = |(x, y): (std::ops::Range<usize>, std::ops::Range<usize>)| {
        y.flat_map(|y| x.clone().map(move |x| (x, y))).filter(|at| pixel(*at) != WHITE).count()
    };
    let title = inked((128..1_200, 30..66));
    assert!(title > 1_000, "the title is written, with a font or without one on the machine: {title}");
    assert!(inked((60..110, 500..540)) > 50, "and so are the weekdays");
}

#[test]
fn a_name_that_the_font_lacks_is_left_to_the_id_in_a_png() {
    let chinese = sheet();
    assert_eq!(Picture::of(&chinese, false).expect("data").title, "When buyers come to shp_1");
    assert!(Picture::of(&chinese, true).expect("data").title.ends_with(&chinese.display_name));
    let latin = Sheet { display_name: "Café Müller".into(), ..sheet() };
    assert!(Picture::of(&latin, false).expect("data").title.ends_with("Café Müller"));
}

#[test]
fn a_name_is_no_markup() {
    let named = Sheet { display_name: "<b>&".into(), ..sheet() };
    let drawn = svg(&named).expect("drawn");
    assert!(drawn.contains("&lt;b&gt;&amp;") && !drawn.contains("<b>"));
}

#[test]
fn each_shade_is_clearly_darker_than_the_one_before() {
    // The relative luminance of WCAG 2.
    let luminance = |RGBColor(red, green, blue): RGBColor| {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    };
    let shades: Vec<_> = std::iter::once(WHITE).chain(BLUES).map(luminance).collect();
    for pair in shades.windows(2) {
        let contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
        assert!(contrast > 1.15, "{contrast:.2} between {pair:?}");
    }
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let empty = Sheet { weekdays: Vec::new(), ..sheet() };
    for error in [svg(&empty).map(drop), png(&empty).map(drop)] {
        assert!(error.expect_err("nothing to draw").to_string().contains("nothing to draw"));
    }
}

#[test]
fn service_hours_over_midnight_are_two_bars() {
    let bars = |start: &str, end: &str| {
        let sheet = Sheet { service_start: start.into(), service_end: end.into(), ..sheet() };
        svg(&sheet).expect("drawn").matches(&format!("y=\"{}\"", TOP - 26)).count()
    };
    assert_eq!((bars("08:00", "23:00"), bars("22:00", "06:00")), (1, 2));
}
