//! JSON: arrays of objects, and arrays of parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::table::{Cell, Table};

/// How deep values are inside each other at most: the parser needs stack for each level, and a row needs three.
const DEPTH_MAX: usize = 16;

/// The most columns that objects may have together.
const COLUMNS_MAX: usize = 1000;

/// Reads an array of objects. Their names together are the columns, in the order in which they come first; what an object lacks
/// is null.
pub fn read(text: &str) -> Result<Table, String> {
    let Value::Array(objects) = parse(text)? else { return Err("the text is not a JSON array of objects".into()) };
    let columns = names(text)?;
    let rows = {
        let places: BTreeMap<&str, usize> = columns.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut rows = Vec::with_capacity(objects.len());
        for (at, object) in objects.into_iter().enumerate() {
            let Value::Object(object) = object else { return Err(format!("the value at \"{at}\" is not an object")) };
            let mut row = vec![Cell::Null; columns.len()];
            for (name, value) in object {
                if let Some(place) = places.get(name.as_str()) {
                    row[*place] = cell(value);
                }
            }
            rows.push(row);
        }
        rows
    };
    Ok(Table { columns, rows })
}

/// Returns the names of the objects of an array, each once. A map of JSON does not keep their order; the text, which was parsed
/// before, has it.
fn names(text: &str) -> Result<Vec<String>, String> {
    let (mut names, mut spelled, mut known) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let (mut depth, mut begun, mut is_name, mut is_escaped) = (0usize, None, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match (begun, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(from), b'"') => {
                begun = None;
                let name = &text[from..=at];
                if is_name && depth == 2 && spelled.insert(name) {
                    let name: String =
                        serde_json::from_str(name).map_err(|error| format!("the text is not JSON: {error}"))?;
                    if known.insert(name.clone()) {
                        names.push(name);
                    }
                    if names.len() > COLUMNS_MAX {
                        return Err(format!("the objects have more than {COLUMNS_MAX} names"));
                    }
                }
            }
            (Some(_), _) => {}
            (None, b'"') => begun = Some(at),
            (None, b'[' | b'{') => {
                depth += 1;
                is_name = byte == b'{';
            }
            (None, b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b',') => is_name = true,
            (None, b':') => is_name = false,
            (None, _) => {}
        }
    }
    Ok(names)
}

/// Reads an array of values that are no arrays or objects.
pub fn parameters(text: &str) -> Result<Vec<Cell>, String> {
    let Value::Array(values) = parse(text)? else { return Err("\"parameters\" is not a JSON array".into()) };
    match values.iter().position(|value| value.is_array() || value.is_object()) {
        Some(at) => Err(format!("the parameter at \"{at}\" is an array or an object, and a database takes values")),
        None => Ok(values.into_iter().map(cell).collect()),
    }
}

fn parse(text: &str) -> Result<Value, String> {
    if is_deeper(text, DEPTH_MAX) {
        return Err(format!("the JSON is deeper than {DEPTH_MAX} values inside each other"));
    }
    serde_json::from_str(text).map_err(|error| format!("the text is not JSON: {error}"))
}

/// Whether values are inside each other more deeply than this, as far as can be told before they are read.
fn is_deeper(text: &str, depth_max: usize) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return true;
        }
    }
    false
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(is_so) => Cell::Integer(is_so.into()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Cell::Integer(integer),
            (None, Some(real)) => Cell::Real(real),
            (None, None) => Cell::Text(number.to_string()),
        },
        Value::String(text) => Cell::Text(text),
        other => Cell::Text(other.to_string()),
    }
}

/// Writes a table as an array of objects.
pub fn write(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|name| Value::from(name.as_str()).to_string()).collect();
    let mut text = String::from("[");
    for (at, row) in table.rows.iter().enumerate() {
        text.push_str(if at == 0 { "{" } else { ",{" });
        for (at, (name, cell)) in names.iter().zip(row).enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(name);
            text.push(':');
            text.push_str(&value(cell).to_string());
        }
        text.push('}');
    }
    text.push(']');
    text
}

/// A real that is not finite is null, as JSON has none.
fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => (*number).into(),
        Cell::Real(number) => (*number).into(),
        Cell::Text(text) => text.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn objects_are_rows() {
        let table = read(r#"[{"a": 1, "b": "x"}, {"b": null, "c": [1]}, {"a": true, "c": 1.5}]"#).unwrap();
        assert_eq!(table.columns, ["a", "b", "c"]);
        assert_eq!(table.rows[0], [Cell::Integer(1), Cell::Text("x".into()), Cell::Null]);
        assert_eq!(table.rows[1], [Cell::Null, Cell::Null, Cell::Text("[1]".into())]);
        assert_eq!(table.rows[2], [Cell::Integer(1), Cell::Null, Cell::Real(1.5)]);
    }

    #[test]
    fn columns_are_in_the_order_of_the_text() {
        let text = r#"[{"region": "N, \"x\"", "amount": {"b": 1, "a": [2, {"c": "d"}]}, "at": "\\"},
                       {"\u0061mount": 3, "a,\"b": null, "region": "\u006e"}, {}]"#;
        let table = read(text).unwrap();
        assert_eq!(table.columns, ["region", "amount", "at", "a,\"b"]);
        assert_eq!(table.rows[1], [Cell::Text("n".into()), Cell::Integer(3), Cell::Null, Cell::Null]);
        assert_eq!(table.rows[2], [Cell::Null, Cell::Null, Cell::Null, Cell::Null]);
        let many: Vec<String> = (0..1001).map(|at| format!("\"n{at}\": 1")).collect();
        assert!(read(&format!("[{{{}}}]", many.join(", "))).unwrap_err().contains("more than 1000 names"));
    }

    #[test]
    fn what_is_written_is_json() {
        let rows = vec![vec![Cell::Text("\"\u{1}\n</script>".into()), Cell::Real(f64::NAN)]];
        let table = Table { columns: vec!["a\"".into(), "b".into()], rows };
        let text = write(&table);
        let objects: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap();
        let expected: Map<String, Value> =
            serde_json::from_str(r#"{"a\"": "\"\u0001\n</script>", "b": null}"#).unwrap();
        assert_eq!(objects, [expected]);
    }

    #[test]
    fn what_is_not_an_array_of_values_is_refused() {
        for (text, why) in [
            ("{}", "not a JSON array"),
            ("[1]", "at \"0\" is not an object"),
            ("[", "not JSON"),
            ("[".repeat(100_000).as_str(), "deeper than 16"),
            ("{\"a\":".repeat(20).as_str(), "deeper than 16"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(parameters("[1, [2]]").unwrap_err().contains("at \"1\""));
        assert_eq!(parameters("[\"[[[[[[[[[[[[[[[[[[[[\"]").unwrap().len(), 1);
    }
}
