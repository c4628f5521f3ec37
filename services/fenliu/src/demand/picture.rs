//! The heat map of a week as a picture: SVG, or PNG for what takes no SVG.
//!
//! Six shades of one blue stand for sixths of the busiest half hour of the week, and white for nobody. Each is darker than
//! the one before it, so that the order is seen in a black and white print and whatever colours somebody can tell apart;
//! the legend says what each is worth. A PNG is drawn with a font that fenliu brings along, twice as large as the SVG.
//!
//! Invariants: the picture is a function of its data, the same on every machine; no font and no other file is looked
//! for.

use anyhow::Context;
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingAreaErrorKind, DrawingBackend, FontStyle, IntoDrawingArea, IntoFont,
    RGBColor, Rectangle, SVGBackend, ShapeStyle, Text, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{TextStyle, register_font};

use super::heat::{HeatMap, Row, level};
use super::sheet::Sheet;
use crate::words::Lang;

/// How many shades there are beside white.
pub const SHADES: usize = 6;
/// The shades, lightest first.
const BLUES: [RGBColor; SHADES] = [
    RGBColor(224, 236, 248),
    RGBColor(185, 213, 237),
    RGBColor(137, 184, 222),
    RGBColor(84, 150, 200),
    RGBColor(37, 110, 166),
    RGBColor(9, 66, 113),
];
const INK: RGBColor = RGBColor(34, 40, 49);
const FAINT: RGBColor = RGBColor(96, 106, 120);
const GRID: RGBColor = RGBColor(222, 226, 232);
/// The name under which the font is known while a picture is drawn, and the family an SVG asks for.
const FONT: &str = "sans-serif";
/// How much larger a PNG is.
const PNG_SCALE: i32 = 2;

const WIDTH: i32 = 1_000;
const HEIGHT: i32 = 330;
/// Where the first column begins, and the first row.
const LEFT: i32 = 64;
const TOP: i32 = 104;
const CELL_WIDTH: i32 = 18;
const ROW_HEIGHT: i32 = 24;
const HALF_HOURS: i32 = 48;
/// The width of a cell, the height of a row and the width of the legend's entries, as steps from one to the next.
const CELL_STEP: usize = 18;
const ROW_STEP: usize = 24;
const LEGEND_STEP: usize = 108;
/// Minutes of one column.
const COLUMN_MINUTES: i32 = 30;

/// What a picture says.
#[derive(Clone, Debug, PartialEq)]
struct Picture {
    title: String,
    range: String,
    map: HeatMap,
    busiest: f64,
    /// Start and end of service hours, in minutes of the day.
    service: Option<(i32, i32)>,
    service_words: String,
}

impl Picture {
    /// What a sheet has to show. `all_letters` = whoever looks at it has a font for any script.
    fn of(sheet: &Sheet, all_letters: bool) -> anyhow::Result<Self> {
        let map = sheet.heat_map(Lang::En.words());
        let busiest =
            map.busiest().context("no conversation is known of these days: there is nothing to draw")?;
        let name = Some(sheet.display_name.as_str()).filter(|name| all_letters || is_latin(name));
        let (first, last) =
            (sheet.first_day.as_deref().unwrap_or("–"), sheet.last_day.as_deref().unwrap_or("–"));
        Ok(Self {
            title: format!("When buyers come to {}", name.unwrap_or(&sheet.shop_id)),
            range: format!(
                "{} conversations that began from {first} to {last}, by the clock of {}",
                sheet.conversations, sheet.time_zone
            ),
            map,
            busiest,
            service: minutes(&sheet.service_start).zip(minutes(&sheet.service_end)),
            service_words: format!("service hours {}–{}", sheet.service_start, sheet.service_end),
        })
    }
}

/// Whether the font that fenliu brings along has every letter of a text.
fn is_latin(text: &str) -> bool {
    text.chars().all(|letter| letter < '\u{250}')
}

/// Minutes since midnight of a time of the clock.
fn minutes(clock: &str) -> Option<i32> {
    let (hours, minutes) = clock.split_once(':')?;
    Some(hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?)
}

/// The picture as SVG.
///
/// # Errors
/// When there is nothing to draw.
pub fn svg(sheet: &Sheet) -> anyhow::Result<String> {
    let picture = Picture::of(sheet, true)?;
    let mut text = String::new();
    let size = (WIDTH.unsigned_abs(), HEIGHT.unsigned_abs());
    draw(&SVGBackend::with_string(&mut text, size).into_drawing_area(), &picture, 1)?;
    Ok(text)
}

/// The picture as PNG.
///
/// # Errors
/// When there is nothing to draw.
pub fn png(sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
    let picture = Picture::of(sheet, false)?;
    let (width, height) = ((WIDTH * PNG_SCALE).unsigned_abs(), (HEIGHT * PNG_SCALE).unsigned_abs());
    let mut pixels = vec![0; width as usize * height as usize * 3];
    draw(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area(), &picture, PNG_SCALE)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}

type Area<B> = DrawingArea<B, Shift>;
type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// A pencil that draws in the SVG's measure on an area of any.
struct Pencil<'a, B: DrawingBackend> {
    area: &'a Area<B>,
    scale: i32,
}

impl<B: DrawingBackend> Pencil<'_, B> {
    fn fill(
        &self,
        (x, y): (i32, i32),
        (width, height): (i32, i32),
        style: impl Into<ShapeStyle>,
    ) -> Drawn<B> {
        let corner = |x: i32, y: i32| (x * self.scale, y * self.scale);
        self.area.draw(&Rectangle::new([corner(x, y), corner(x + width, y + height)], style.into().filled()))
    }

    fn write(&self, text: &str, (x, y): (i32, i32), size: i32, colour: RGBColor, at: HPos) -> Drawn<B> {
        let style = TextStyle::from((FONT, size * self.scale).into_font());
        let style = style.color(&colour).pos(Pos::new(at, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), (x * self.scale, y * self.scale), style))
    }
}

fn draw<B: DrawingBackend>(area: &Area<B>, picture: &Picture, scale: i32) -> anyhow::Result<()>
where
    B::ErrorType: 'static,
{
    let known = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    anyhow::ensure!(known.is_ok(), "the font that fenliu brings along is damaged");
    area.fill(&WHITE)?;
    let pencil = Pencil { area, scale };
    pencil.write(&picture.title, (LEFT, 24), 18, INK, HPos::Left)?;
    pencil.write(&picture.range, (LEFT, 48), 12, FAINT, HPos::Left)?;
    hours(&pencil, picture)?;
    for (row, y) in picture.map.rows.iter().zip((TOP..).step_by(ROW_STEP)) {
        weekday(&pencil, row, y, picture.busiest)?;
    }
    legend(&pencil, picture)?;
    area.present()?;
    Ok(())
}

/// The clock above the columns, and a bar over those of service hours.
fn hours<B: DrawingBackend>(pencil: &Pencil<'_, B>, picture: &Picture) -> Drawn<B> {
    for hour in (0..24).step_by(2) {
        let x = LEFT + hour * 2 * CELL_WIDTH;
        pencil.write(&format!("{hour:02}"), (x, TOP - 12), 12, FAINT, HPos::Left)?;
    }
    pencil.write("a day", (LEFT + HALF_HOURS * CELL_WIDTH + 60, TOP - 12), 12, FAINT, HPos::Right)?;
    let Some((start, end)) = picture.service else { return Ok(()) };
    let day = 24 * 60;
    // Over midnight they are two bars.
    let parts = if start < end { vec![(start, end)] } else { vec![(start, day), (0, end)] };
    let x = |minute: i32| LEFT + minute * CELL_WIDTH / COLUMN_MINUTES;
    for (start, end) in parts {
        pencil.fill((x(start), TOP - 26), (x(end) - x(start) - 1, 2), FAINT)?;
    }
    pencil.write(&picture.service_words, (x(start), TOP - 36), 11, FAINT, HPos::Left)
}

fn weekday<B: DrawingBackend>(pencil: &Pencil<'_, B>, row: &Row, y: i32, busiest: f64) -> Drawn<B> {
    let middle = y + ROW_HEIGHT / 2 - 1;
    pencil.write(row.name, (LEFT - 10, middle), 12, INK, HPos::Right)?;
    if row.means.is_empty() {
        return pencil.write("no such day", (LEFT, middle), 12, FAINT, HPos::Left);
    }
    for (mean, x) in row.means.iter().zip((LEFT..).step_by(CELL_STEP)) {
        cell(pencil, (x, y), (CELL_WIDTH - 2, ROW_HEIGHT - 2), level(*mean, busiest, SHADES))?;
    }
    let sum = format!("{:.1}", row.means.iter().sum::<f64>());
    pencil.write(&sum, (LEFT + HALF_HOURS * CELL_WIDTH + 60, middle), 12, INK, HPos::Right)
}

/// A cell of some level; nobody is white with an edge, so that a quiet hour differs from no hour.
fn cell<B: DrawingBackend>(
    pencil: &Pencil<'_, B>,
    at: (i32, i32),
    size: (i32, i32),
    level: usize,
) -> Drawn<B> {
    match level.checked_sub(1).and_then(|shade| BLUES.get(shade)) {
        Some(colour) => pencil.fill(at, size, colour),
        None => {
            pencil.fill(at, size, GRID)?;
            pencil.fill((at.0 + 1, at.1 + 1), (size.0 - 2, size.1 - 2), WHITE)
        }
    }
}

fn legend<B: DrawingBackend>(pencil: &Pencil<'_, B>, picture: &Picture) -> Drawn<B> {
    let y = TOP + 7 * ROW_HEIGHT + 16;
    pencil.write(
        "Conversations that begin in a half hour of one such day, on average:",
        (LEFT, y + 8),
        12,
        FAINT,
        HPos::Left,
    )?;
    let y = y + 20;
    let words = |level: usize| match level {
        0 => "nobody".to_owned(),
        level => format!("up to {:.1}", worth(level, SHADES, picture.busiest)),
    };
    for (level, x) in (0..=SHADES).zip((LEFT..).step_by(LEGEND_STEP)) {
        cell(pencil, (x, y), (CELL_WIDTH - 2, CELL_WIDTH - 2), level)?;
        pencil.write(&words(level), (x + CELL_WIDTH + 4, y + CELL_WIDTH / 2 - 1), 12, INK, HPos::Left)?;
    }
    Ok(())
}

/// The most that a level stands for.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a handful of levels")]
pub fn worth(level: usize, levels: usize, busiest: f64) -> f64 {
    busiest * level as f64 / levels as f64
}

#[cfg(test)]
mod tests;
