use std::borrow::Cow;
use std::collections::HashSet;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

use super::taken::BYTES_MAX;

/// As SQLite's own, of which the same arguments always give the same, and which are harmless within a schema.
const FLAGS: FunctionFlags =
    FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC).union(FunctionFlags::SQLITE_INNOCUOUS);

/// Replaces the functions of SQLite that take as long as the lengths of two arguments multiplied.
///
/// Such a function is one instruction of SQLite's machine, so that no deadline ends it: `instr` of half a megabyte in a
/// whole one took 9.5 s, `replace` 7.4 s. These take as long as the lengths added.
pub(super) fn replace_slow(connection: &Connection) -> Result<()> {
    connection.create_scalar_function(c"instr", 2, FLAGS, |given| {
        texts(given, "instr", |[text, part]| Ok(instr(text, part)))
    })?;
    connection.create_scalar_function(c"replace", 3, FLAGS, |given| texts(given, "replace", replace))?;
    connection.create_scalar_function(c"trim", 2, FLAGS, |given| {
        texts(given, "trim", |[text, letters]| Ok(trim(text, letters, true, true)))
    })?;
    connection.create_scalar_function(c"ltrim", 2, FLAGS, |given| {
        texts(given, "ltrim", |[text, letters]| Ok(trim(text, letters, true, false)))
    })?;
    connection.create_scalar_function(c"rtrim", 2, FLAGS, |given| {
        texts(given, "rtrim", |[text, letters]| Ok(trim(text, letters, false, true)))
    })
}

/// Gives a function its arguments as texts; where one of them is null, so is the answer.
fn texts<T, const N: usize>(
    given: &Context<'_>,
    name: &str,
    function: impl FnOnce([&str; N]) -> Result<T>,
) -> Result<Option<T>> {
    let mut texts = [const { Cow::Borrowed("") }; N];
    for (index, text) in texts.iter_mut().enumerate() {
        *text = match given.get_raw(index) {
            ValueRef::Null => return Ok(None),
            ValueRef::Integer(value) => value.to_string().into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text),
            // SQLite has its own way of writing a real, and bytes are no letters.
            ValueRef::Real(_) | ValueRef::Blob(_) => {
                return Err(failed(format!("{name} of a real or a blob; CAST(… AS TEXT) would do it")));
            }
        };
    }
    function(texts.each_ref().map(AsRef::as_ref)).map(Some)
}

fn failed(why: String) -> Error {
    Error::UserFunctionError(why.into())
}

/// Returns where a part begins, in letters and from one, or zero.
fn instr(text: &str, part: &str) -> i64 {
    let before = text.find(part).and_then(|index| text.get(..index));
    before.map_or(0, |before| before.chars().count() as i64 + 1)
}

fn replace([text, part, by]: [&str; 3]) -> Result<String> {
    if part.is_empty() {
        return Ok(text.to_owned());
    }
    let growth = by.len().saturating_sub(part.len());
    let length = text.matches(part).count().saturating_mul(growth).saturating_add(text.len());
    if growth > 0 && length > BYTES_MAX {
        return Err(failed(format!("replace makes more than {BYTES_MAX} bytes")));
    }
    Ok(text.replace(part, by))
}

fn trim(text: &str, letters: &str, start: bool, end: bool) -> String {
    let letters: HashSet<char> = letters.chars().collect();
    let text = if start { text.trim_start_matches(|letter| letters.contains(&letter)) } else { text };
    let text = if end { text.trim_end_matches(|letter| letters.contains(&letter)) } else { text };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ours answer as SQLite's do.
    #[test]
    fn functions_are_as_before() {
        let (before, after) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        replace_slow(&after).unwrap();
        for call in [
            "instr('abcé', 'é')",
            "instr('ééb', 'b')",
            "instr('abc', '')",
            "instr('', 'a')",
            "instr(12345, 34)",
            "instr(NULL, 'a')",
            "replace('aXbX', 'X', 'yy')",
            "replace('abc', '', 'x')",
            "replace('abc', 'b', NULL)",
            "trim('xxaxx', 'x')",
            "ltrim('éxa', 'xé')",
            "rtrim('axé', 'éx')",
            "trim('xx', 'x')",
            "trim('xax', '')",
            "trim('  a ')",
        ] {
            let ask = |connection: &Connection| {
                connection
                    .query_row(&format!("SELECT {call}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
                    .unwrap()
            };
            assert_eq!(ask(&after), ask(&before), "{call}");
        }
    }
}
