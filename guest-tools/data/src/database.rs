//! Statements on a granted database.

use crate::stockade::host::sql::{self, Error, Value};
use crate::table::{Cell, Table};

/// SQLite takes 32766 parameters in one statement.
const VALUES_MAX: usize = 30_000;

/// The tables of SQLite, each with the statement that made it.
const TABLES: &str = "SELECT name, coalesce(sql, '') FROM sqlite_master \
                      WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

/// The columns of PostgreSQL, table by table.
const COLUMNS: &str = "SELECT (table_schema || '.' || table_name)::text, column_name::text, data_type::text, is_nullable::text \
                       FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema') \
                       ORDER BY 1, ordinal_position";

/// Returns the tables, with what they are made of.
pub fn schema(connection: &str) -> Result<Vec<(String, String)>, String> {
    match sql::query(connection, TABLES, &[]) {
        Ok(rows) => Ok(rows.rows.into_iter().filter_map(|row| pair(&row)).collect()),
        // It has no such table: it is the other database.
        Err(Error::Invalid(_) | Error::Failed(_)) => {
            let columns = sql::query(connection, COLUMNS, &[]).map_err(text)?;
            Ok(tables(columns.rows))
        }
        Err(error) => Err(text(error)),
    }
}

fn pair(row: &[Value]) -> Option<(String, String)> {
    match row {
        [Value::Text(name), Value::Text(definition)] => Some((name.clone(), definition.clone())),
        _ => None,
    }
}

fn tables(columns: Vec<Vec<Value>>) -> Vec<(String, String)> {
    let mut tables: Vec<(String, String)> = Vec::new();
    for row in columns {
        let [Value::Text(table), Value::Text(column), Value::Text(kind), Value::Text(nullable)] = row.as_slice() else {
            continue;
        };
        let column = format!("{column} {kind}{}", if nullable == "NO" { " NOT NULL" } else { "" });
        match tables.last_mut().filter(|(last, _)| last == table) {
            Some((_, definition)) => definition.push_str(&format!(", {column}")),
            None => tables.push((table.clone(), column)),
        }
    }
    tables
}

pub fn query(connection: &str, statement: &str, parameters: Vec<Cell>) -> Result<Table, String> {
    let found = sql::query(connection, statement, &values(parameters)).map_err(text)?;
    let rows = found.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    Ok(Table { columns: found.columns, rows })
}

pub fn execute(connection: &str, statement: &str, parameters: Vec<Cell>) -> Result<u64, String> {
    sql::execute(connection, statement, &values(parameters)).map_err(text)
}

/// Puts rows into a table by one statement, which is done wholly or not at all.
pub fn insert(connection: &str, table: &str, rows: Table) -> Result<u64, String> {
    if rows.rows.is_empty() {
        return Ok(0);
    }
    let statement = insertion(table, &rows.columns, rows.rows.len())?;
    execute(connection, &statement, rows.rows.into_iter().flatten().collect())
}

/// SQLite takes the placeholders of PostgreSQL too, as names; each is there once, so that their order is their number.
fn insertion(table: &str, columns: &[String], rows: usize) -> Result<String, String> {
    let count = columns.len().saturating_mul(rows);
    if count > VALUES_MAX {
        return Err(format!("there are \"{count}\" values, and {VALUES_MAX} may be inserted at once"));
    }
    let table = table.split('.').map(quoted).collect::<Result<Vec<_>, _>>()?.join(".");
    let names = columns.iter().map(|name| quoted(name)).collect::<Result<Vec<_>, _>>()?.join(", ");
    let mut statement = format!("INSERT INTO {table} ({names}) VALUES ");
    for row in 0..rows {
        statement.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            let comma = if column == 0 { "" } else { ", " };
            statement.push_str(&format!("{comma}${}", row * columns.len() + column + 1));
        }
        statement.push(')');
    }
    Ok(statement)
}

/// A name, spelled so that it can be nothing else.
fn quoted(name: &str) -> Result<String, String> {
    if name.is_empty() || name.contains('\0') {
        return Err(format!("\"{}\" is not the name of a table or a column", name.escape_debug()));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

fn values(cells: Vec<Cell>) -> Vec<Value> {
    let value = |cell| match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => Value::Integer(number),
        Cell::Real(number) => Value::Real(number),
        Cell::Text(text) => Value::Text(text),
    };
    cells.into_iter().map(value).collect()
}

/// Bytes are shown as their digits.
fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(number),
        Value::Real(number) => Cell::Real(number),
        Value::Text(text) => Cell::Text(text),
        Value::Blob(bytes) => {
            let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or_default();
            Cell::Text(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
        }
    }
}

/// Returns a refusal as the host worded it, for it says what would allow the call; other errors say their kind.
fn text(error: Error) -> String {
    match error {
        Error::Denied(text) => text,
        Error::Invalid(text) => format!("invalid statement: {text}"),
        Error::Constraint(text) => format!("constraint violated: {text}"),
        Error::Limit(text) => format!("limit reached: {text}"),
        Error::Failed(text) => format!("database failed: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_their_quotes() {
        let statement = insertion("public.a\"b", &["x; DROP TABLE y".to_owned(), "z".to_owned()], 2).unwrap();
        assert_eq!(
            statement,
            "INSERT INTO \"public\".\"a\"\"b\" (\"x; DROP TABLE y\", \"z\") VALUES ($1, $2), ($3, $4)"
        );
        assert!(insertion("", &["a".to_owned()], 1).unwrap_err().contains("is not the name"));
        assert!(insertion("a", &["b\0".to_owned()], 1).unwrap_err().contains("is not the name"));
        assert!(insertion("a", &["b".to_owned()], 30_001).unwrap_err().contains("\"30001\" values"));
    }

    #[test]
    fn columns_become_tables() {
        let row = |texts: [&str; 4]| texts.map(|text| Value::Text(text.into())).to_vec();
        let rows =
            vec![row(["s.a", "id", "bigint", "NO"]), row(["s.a", "x", "text", "YES"]), row(["s.b", "y", "uuid", "NO"])];
        let expected = [("s.a", "id bigint NOT NULL, x text"), ("s.b", "y uuid NOT NULL")];
        assert_eq!(tables(rows), expected.map(|(name, definition)| (name.to_owned(), definition.to_owned())));
    }

    #[test]
    fn bytes_are_shown_as_digits() {
        assert_eq!(cell(Value::Blob(vec![0, 0xaf])), Cell::Text("00af".into()));
    }
}
