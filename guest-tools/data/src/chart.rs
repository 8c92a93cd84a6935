//! Charts as SVG. Every text in one is escaped, and every number in one is finite.

use std::fmt::Write as _;

use crate::axis::{Axis, shown};
use crate::table::{Cell, Table};

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bar,
    Line,
    Scatter,
}

/// More values are no chart that a person can read; and each costs some thousand units of fuel.
const VALUES_MAX: usize = 5_000;
const BARS_MAX: usize = 200;
const SERIES_MAX: usize = 8;

/// How many letters of a text are shown.
const TITLE_CHARS_MAX: usize = 100;
const LABEL_CHARS_MAX: usize = 14;

/// How many labels stand below bars.
const LABELS_MAX: usize = 20;

/// The picture, and in it the place of what is drawn.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const TOP: f64 = 50.0;
const INNER_WIDTH: f64 = 610.0;
const INNER_HEIGHT: f64 = 290.0;

/// Colours that can be told apart by most people (Okabe and Ito).
const COLOURS: [&str; SERIES_MAX] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b8a900", "#000000"];

/// What is drawn.
struct Chart {
    kind: Kind,
    /// What stands below each place, where those are no numbers.
    labels: Option<Vec<String>>,
    places: Vec<f64>,
    series: Vec<Series>,
}

struct Series {
    name: String,
    /// A value for each place; none where the cell was empty.
    values: Vec<Option<f64>>,
}

/// Draws a chart; the titles are the chart's, that below and that at the left.
pub fn svg(kind: Kind, table: &Table, titles: [&str; 3]) -> Result<String, String> {
    let chart = Chart::read(kind, table)?;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>"
    );
    let x = chart.x();
    let y = chart.y();
    axes(&mut svg, &chart, x, y);
    for (at, series) in chart.series.iter().enumerate() {
        chart.draw(&mut svg, at, series, x, y);
    }
    named(&mut svg, titles);
    legend(&mut svg, &chart.series);
    svg.push_str("</svg>");
    Ok(svg)
}

impl Chart {
    fn read(kind: Kind, table: &Table) -> Result<Self, String> {
        let [_, values @ ..] = table.columns.as_slice() else { return Err("there is no column".into()) };
        let (rows, count) = (table.rows.len(), table.rows.len().saturating_mul(values.len()));
        if values.is_empty() || values.len() > SERIES_MAX {
            return Err(format!("there are \"{}\" columns of values, and 1 to {SERIES_MAX} may be", values.len()));
        }
        if rows == 0 {
            return Err("there is no row".into());
        }
        if count > VALUES_MAX {
            return Err(format!("there are \"{count}\" values, and {VALUES_MAX} may be"));
        }
        if kind == Kind::Bar && rows > BARS_MAX {
            return Err(format!("there are \"{rows}\" bars of a column, and {BARS_MAX} may be"));
        }
        let series = (1..).zip(values).map(|(at, name)| Series::read(table, at, name)).collect::<Result<_, _>>()?;
        let numbers: Option<Vec<f64>> = table.rows.iter().map(|row| row.first().and_then(number)).collect();
        let (labels, places) = match numbers {
            Some(places) if kind != Kind::Bar => (None, places),
            _ if kind == Kind::Scatter => {
                return Err(format!(
                    "the column \"{}\" has what is not a number, and dots need one",
                    beginning(&table.columns[0])
                ));
            }
            _ => (
                Some(table.rows.iter().map(|row| text(row.first())).collect()),
                (0..rows).map(|at| at as f64).collect(),
            ),
        };
        Ok(Self { kind, labels, places, series })
    }

    /// From left to right. Bars have room beside them.
    fn x(&self) -> Axis {
        let beside = if self.kind == Kind::Bar { 0.5 } else { 0.0 };
        Axis::of(self.places.iter().flat_map(|place| [place - beside, place + beside]))
    }

    /// From below to above. Bars stand on zero.
    fn y(&self) -> Axis {
        let zero = (self.kind == Kind::Bar).then_some(0.0);
        Axis::of(self.series.iter().flat_map(|series| series.values.iter().copied().flatten()).chain(zero))
    }

    fn draw(&self, svg: &mut String, at: usize, series: &Series, x: Axis, y: Axis) {
        let colour = COLOURS[at % COLOURS.len()];
        let points = self.places.iter().zip(&series.values).filter_map(|(place, value)| Some((*place, (*value)?)));
        match self.kind {
            Kind::Bar => {
                let room = INNER_WIDTH / self.places.len() as f64;
                let width = room * 0.8 / self.series.len() as f64;
                for (place, value) in points {
                    let left = across(x, place) - room * 0.4 + width * at as f64;
                    let (above, below) = (down(y, value.max(0.0)), down(y, value.min(0.0)));
                    let height = below - above;
                    let _ = write!(
                        svg,
                        "<rect x=\"{left:.1}\" y=\"{above:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
                    );
                }
            }
            Kind::Line => {
                let _ = write!(svg, "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"");
                for (place, value) in points {
                    let _ = write!(svg, "{:.1},{:.1} ", across(x, place), down(y, value));
                }
                svg.push_str("\"/>");
            }
            Kind::Scatter => {
                for (place, value) in points {
                    let (right, below) = (across(x, place), down(y, value));
                    let _ = write!(svg, "<circle cx=\"{right:.1}\" cy=\"{below:.1}\" r=\"3\" fill=\"{colour}\"/>");
                }
            }
        }
    }
}

impl Series {
    fn read(table: &Table, at: usize, name: &str) -> Result<Self, String> {
        let value = |row: &Vec<Cell>| match row.get(at) {
            None | Some(Cell::Null) => Ok(None),
            Some(cell) => number(cell).map(Some).ok_or_else(|| {
                format!("\"{}\" in the column \"{}\" is not a number", beginning(&text(Some(cell))), beginning(name))
            }),
        };
        Ok(Self { name: name.to_owned(), values: table.rows.iter().map(value).collect::<Result<_, _>>()? })
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Real(number) => Some(*number).filter(|number| number.is_finite()),
        Cell::Null | Cell::Text(_) => None,
    }
}

fn text(cell: Option<&Cell>) -> String {
    match cell {
        None | Some(Cell::Null) => String::new(),
        Some(Cell::Integer(number)) => number.to_string(),
        Some(Cell::Real(number)) => shown(*number),
        Some(Cell::Text(text)) => text.clone(),
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(TITLE_CHARS_MAX).collect()
}

fn across(x: Axis, place: f64) -> f64 {
    LEFT + x.place(place) * INNER_WIDTH
}

fn down(y: Axis, value: f64) -> f64 {
    TOP + (1.0 - y.place(value)) * INNER_HEIGHT
}

fn axes(svg: &mut String, chart: &Chart, x: Axis, y: Axis) {
    let (right, bottom) = (LEFT + INNER_WIDTH, TOP + INNER_HEIGHT);
    for tick in y.ticks() {
        let at = down(y, tick);
        let _ = write!(svg, "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>");
        label(svg, (LEFT - 8.0, at + 4.0), "end", &shown(tick), LABEL_CHARS_MAX);
    }
    let _ = write!(svg, "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#333\"/>");
    match &chart.labels {
        Some(labels) => {
            let every = labels.len().div_ceil(LABELS_MAX);
            for (place, text) in chart.places.iter().zip(labels).step_by(every) {
                label(svg, (across(x, *place), bottom + 18.0), "middle", text, LABEL_CHARS_MAX);
            }
        }
        None => {
            for tick in x.ticks() {
                label(svg, (across(x, tick), bottom + 18.0), "middle", &shown(tick), LABEL_CHARS_MAX);
            }
        }
    }
}

fn named(svg: &mut String, [title, below, left]: [&str; 3]) {
    let middle = TOP + INNER_HEIGHT / 2.0;
    if !title.is_empty() {
        svg.push_str("<g font-size=\"16\" font-weight=\"bold\">");
        label(svg, (WIDTH / 2.0, 24.0), "middle", title, TITLE_CHARS_MAX);
        svg.push_str("</g>");
    }
    if !below.is_empty() {
        label(svg, (LEFT + INNER_WIDTH / 2.0, TOP + INNER_HEIGHT + 38.0), "middle", below, TITLE_CHARS_MAX);
    }
    if !left.is_empty() {
        let _ = write!(svg, "<g transform=\"rotate(-90 16 {middle})\">");
        label(svg, (16.0, middle), "middle", left, TITLE_CHARS_MAX);
        svg.push_str("</g>");
    }
}

/// Says which colour is which, where there is more than one.
fn legend(svg: &mut String, series: &[Series]) {
    if series.len() < 2 {
        return;
    }
    let (room, top) = (INNER_WIDTH / series.len() as f64, HEIGHT - 18.0);
    for (at, (series, colour)) in series.iter().zip(COLOURS).enumerate() {
        let left = LEFT + room * at as f64;
        let _ = write!(svg, "<rect x=\"{left:.1}\" y=\"{top}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>");
        label(svg, (left + 14.0, top + 9.0), "start", &series.name, LABEL_CHARS_MAX);
    }
}

fn label(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str, chars_max: usize) {
    let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">");
    escape(svg, text, chars_max);
    svg.push_str("</text>");
}

/// Writes a text that can be nothing but text. XML has no way to write most controls.
fn escape(svg: &mut String, text: &str, chars_max: usize) {
    for (at, letter) in text.chars().enumerate() {
        match letter {
            _ if at == chars_max => return svg.push('…'),
            '&' => svg.push_str("&amp;"),
            '<' => svg.push_str("&lt;"),
            '>' => svg.push_str("&gt;"),
            '"' => svg.push_str("&quot;"),
            '\'' => svg.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => svg.push('\u{fffd}'),
            letter if letter.is_control() => svg.push(' '),
            letter => svg.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: Vec<Vec<Cell>>) -> Table {
        Table { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
    }

    fn word(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn every_kind_is_drawn() {
        let rows = (0..4).map(|at| vec![Cell::Integer(at), Cell::Real(at as f64 * 1.5), Cell::Null]).collect();
        let table = table(&["x", "y", "z"], rows);
        for (kind, drawn, times) in
            [(Kind::Bar, "<rect", 4 + 1 + 2), (Kind::Line, "<polyline", 2), (Kind::Scatter, "<circle", 4)]
        {
            let svg = svg(kind, &table, ["Title", "below", "left"]).unwrap();
            assert_eq!(svg.matches(drawn).count(), times, "{kind:?}: {svg}");
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>") && svg.contains(">Title<"), "{svg}");
        }
    }

    #[test]
    fn no_text_is_markup() {
        let evil = "</text><script>alert('1')</script>\" onload=\"x&\u{0}";
        let rows = vec![vec![word(evil), Cell::Integer(1), Cell::Integer(2)]];
        let svg = svg(Kind::Bar, &table(&["x", evil, evil], rows), [evil, evil, evil]).unwrap();
        assert!(!svg.contains("<script") && !svg.contains("\" onload") && !svg.contains('\u{0}'), "{svg}");
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn the_largest_numbers_are_drawn() {
        for values in [[1e308, -1e308], [f64::MAX, f64::MIN], [5e-324, 0.0]] {
            let rows = values.iter().map(|value| vec![Cell::Real(*value), Cell::Real(*value)]).collect();
            let svg = svg(Kind::Line, &table(&["x", "y"], rows), ["", "", ""]).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn what_is_no_chart_is_refused() {
        let one = |cell| table(&["x", "y"], vec![vec![Cell::Integer(1), cell]]);
        let many = |rows: usize| table(&["x", "y"], vec![vec![Cell::Integer(1), Cell::Integer(1)]; rows]);
        for (kind, table, why) in [
            (Kind::Line, one(word("nan")), "\"nan\" in the column \"y\" is not a number"),
            (Kind::Line, one(Cell::Real(f64::NAN)), "is not a number"),
            (Kind::Line, one(Cell::Real(f64::INFINITY)), "is not a number"),
            (Kind::Line, many(0), "no row"),
            (Kind::Line, many(100_000), "\"100000\" values"),
            (Kind::Bar, many(201), "\"201\" bars"),
            (Kind::Scatter, table(&["x", "y"], vec![vec![word("a"), Cell::Integer(1)]]), "dots need one"),
            (Kind::Line, table(&["x"], vec![vec![word("a")]]), "\"0\" columns of values"),
            (Kind::Line, Table::default(), "no column"),
        ] {
            let error = svg(kind, &table, ["", "", ""]).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
