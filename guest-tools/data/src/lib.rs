//! Works with data: statements on a granted database, CSV and JSON in and out, charts as SVG.

use lean as _; // the allocator

wit_bindgen::generate!({ path: ["../../wit", "wit"], world: "stockade:data/tool", generate_all });

mod axis;
mod chart;
mod csv;
mod database;
mod json;
mod table;

use exports::stockade::data::data::{Answer, Format, Guest, Kind, Table as Described};
use table::{Cell, Table};

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn schema(connection: String) -> Result<Vec<Described>, String> {
        let tables = database::schema(&connection)?;
        Ok(tables.into_iter().map(|(name, definition)| Described { name, definition }).collect())
    }

    fn query(
        connection: String,
        statement: String,
        parameters: Option<String>,
        format: Option<Format>,
    ) -> Result<Answer, String> {
        let table = database::query(&connection, &statement, bound(parameters)?)?;
        Ok(Answer { rows: table.rows.len() as u32, text: written(&table, format.unwrap_or(Format::Csv)) })
    }

    fn execute(connection: String, statement: String, parameters: Option<String>) -> Result<u64, String> {
        database::execute(&connection, &statement, bound(parameters)?)
    }

    fn insert(connection: String, table: String, text: String, format: Format) -> Result<u64, String> {
        database::insert(&connection, &table, read(&text, format)?)
    }

    fn convert(text: String, from_format: Format, to_format: Format) -> Result<String, String> {
        Ok(written(&guessed(read(&text, from_format)?), to_format))
    }

    fn chart(
        kind: Kind,
        text: String,
        format: Option<Format>,
        title: Option<String>,
        x_title: Option<String>,
        y_title: Option<String>,
    ) -> Result<String, String> {
        let kind = match kind {
            Kind::Bar => chart::Kind::Bar,
            Kind::Line => chart::Kind::Line,
            Kind::Scatter => chart::Kind::Scatter,
        };
        let table = guessed(read(&text, format.unwrap_or(Format::Csv))?);
        let titles = [title, x_title, y_title].map(Option::unwrap_or_default);
        chart::svg(kind, &table, titles.each_ref().map(String::as_str))
    }
}

fn bound(parameters: Option<String>) -> Result<Vec<Cell>, String> {
    parameters.map_or(Ok(Vec::new()), |parameters| json::parameters(&parameters))
}

fn read(text: &str, format: Format) -> Result<Table, String> {
    match format {
        Format::Csv => csv::read(text),
        Format::Json => json::read(text),
    }
}

fn written(table: &Table, format: Format) -> String {
    match format {
        Format::Csv => csv::write(table),
        Format::Json => json::write(table),
    }
}

/// Takes texts for numbers that look like them.
fn guessed(table: Table) -> Table {
    let guess = |cell| match cell {
        Cell::Text(text) => Cell::guessed(text),
        other => other,
    };
    let rows = table.rows.into_iter().map(|row| row.into_iter().map(guess).collect()).collect();
    Table { rows, ..table }
}
