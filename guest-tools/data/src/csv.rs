//! CSV as of RFC 4180, read in one pass.

use crate::table::{Cell, Table};

/// The most columns: each row needs a cell for each.
const COLUMNS_MAX: usize = 1000;

/// Reads a text whose first row has the names; the cells of the others are texts, of which an empty one is null.
pub fn read(text: &str) -> Result<Table, String> {
    let mut rows = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let columns = rows.row()?.ok_or("the text has no first row of names")?;
    if columns.len() > COLUMNS_MAX {
        return Err(format!("there are \"{}\" columns, and {COLUMNS_MAX} may be", columns.len()));
    }
    let mut table = Table { columns, rows: Vec::new() };
    loop {
        let line = rows.line;
        let Some(cells) = rows.row()? else { return Ok(table) };
        // An empty line is no row.
        if cells == [""] && table.columns.len() > 1 {
            continue;
        }
        if cells.len() != table.columns.len() {
            let columns = table.columns.len();
            return Err(format!(
                "the row in line \"{line}\" has \"{}\" cells, and there are {columns} columns",
                cells.len()
            ));
        }
        let cell = |text: String| if text.is_empty() { Cell::Null } else { Cell::Text(text) };
        table.rows.push(cells.into_iter().map(cell).collect());
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn row(&mut self) -> Result<Option<Vec<String>>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                if cells.len() > COLUMNS_MAX {
                    return Err(format!("line \"{}\" has more than {COLUMNS_MAX} cells", self.line));
                }
                continue;
            }
            self.rest =
                self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r'])).unwrap_or(self.rest);
            self.line += 1;
            return Ok(Some(cells));
        }
    }

    fn cell(&mut self) -> Result<String, String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let (cell, rest) = self.rest.split_at(self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len()));
            self.rest = rest;
            return Ok(cell.to_owned());
        };
        let (mut cell, mut rest, begun) = (String::new(), quoted, self.line);
        loop {
            let (piece, after) =
                rest.split_once('"').ok_or_else(|| format!("the quotes that open in line \"{begun}\" do not close"))?;
            self.line += piece.matches('\n').count();
            cell.push_str(piece);
            match after.strip_prefix('"') {
                Some(after) => {
                    cell.push('"');
                    rest = after;
                }
                None if after.is_empty() || after.starts_with([',', '\n', '\r']) => {
                    self.rest = after;
                    return Ok(cell);
                }
                None => return Err(format!("something stands behind the closing quotes in line \"{}\"", self.line)),
            }
        }
    }
}

/// Writes a table, with a first row of names.
pub fn write(table: &Table) -> String {
    let mut text = String::new();
    row(&mut text, table.columns.iter().map(|name| (name.clone(), true)));
    for cells in &table.rows {
        row(&mut text, cells.iter().map(shown));
    }
    text
}

/// The text of a cell, and whether it is one that was a text.
fn shown(cell: &Cell) -> (String, bool) {
    match cell {
        Cell::Null => (String::new(), false),
        Cell::Integer(number) => (number.to_string(), false),
        Cell::Real(number) => (format!("{number:?}"), false),
        Cell::Text(text) => (text.clone(), true),
    }
}

fn row(text: &mut String, cells: impl Iterator<Item = (String, bool)>) {
    for (at, (cell, is_text)) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        let is_formula = is_text && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let cell = if is_formula { format!("'{cell}") } else { cell };
        if cell.contains([',', '"', '\n', '\r']) || (at == 0 && cell.is_empty()) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<Cell>> {
        read(text).unwrap().rows
    }

    fn texts(row: &[&str]) -> Vec<Cell> {
        row.iter().map(|text| Cell::Text((*text).to_owned())).collect()
    }

    #[test]
    fn quotes_hold_what_would_end_a_cell() {
        let table = read("\u{feff}a,\"b \"\"c\"\"\"\r\n\"x, y\n z\",\n\n1,2").unwrap();
        assert_eq!(table.columns, ["a", "b \"c\""]);
        assert_eq!(table.rows, [vec![Cell::Text("x, y\n z".into()), Cell::Null], texts(&["1", "2"])]);
        assert_eq!(cells("a\nb\rc"), [texts(&["b"]), texts(&["c"])]);
    }

    #[test]
    fn what_is_not_csv_is_refused_with_its_line() {
        for (text, why) in [
            ("", "no first row"),
            ("a,b\n1,2\n3", "line \"3\" has \"1\" cells, and there are 2 columns"),
            ("a\n\"b", "open in line \"2\" do not close"),
            ("a\n\"b\"c", "behind the closing quotes in line \"2\""),
            (",".repeat(5000).as_str(), "more than 1000 cells"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_is_no_formula() {
        let rows = vec![
            vec![Cell::Text("=1+1".into()), Cell::Integer(-5)],
            vec![Cell::Text("a\"b,c\n".into()), Cell::Real(0.5)],
            vec![Cell::Text("@x".into()), Cell::Null],
        ];
        let text = write(&Table { columns: vec!["a".into(), "-b".into()], rows });
        assert_eq!(text, "a,'-b\n'=1+1,-5\n\"a\"\"b,c\n\",0.5\n'@x,\n");
        assert_eq!(read(&text).unwrap().rows[1], texts(&["a\"b,c\n", "0.5"]));
    }
}
