/// Statements on rows; all else (`DO`, `COPY`, `SET`, `LISTEN`, `CALL`, …) is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// It reads, unless a part of it changes rows, or it makes a table of what it reads: the server tells.
    Read,
    /// It changes rows.
    Change,
    /// What follows its parts may be either.
    With,
}

/// Functions that any role may call, and that no grant of a database means: they write what no transaction takes back, end
/// other connections, or run a text as a statement.
const DENIED: &[&str] = &[
    "pg_logical_emit_message",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "lo_put",
    "lo_truncate",
    "lo_truncate64",
    "lo_unlink",
    "lowrite",
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "ts_stat",
    "ts_rewrite",
    "crosstab",
    "crosstab2",
    "crosstab3",
    "crosstab4",
    "connectby",
    "xpath_table",
];

/// Returns what a statement is by its first word, or the word.
pub(super) fn verb(statement: &str) -> Result<Verb, String> {
    let start = statement.trim_start_matches(|letter: char| letter == '(' || letter.is_ascii_whitespace());
    let length = start.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(start.len());
    let word = start.get(..length.min(20)).unwrap_or_default().to_ascii_uppercase();
    match word.as_str() {
        "SELECT" | "VALUES" | "TABLE" => Ok(Verb::Read),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => Ok(Verb::Change),
        "WITH" => Ok(Verb::With),
        _ => Err(word),
    }
}

/// Returns what a statement names and may not.
///
/// A function that is called is named, in whatever letters and quotes; but a name can be written in escapes, which is
/// refused. What a statement names without calling it (a column, a text) may not be named so either: parameters are for texts.
pub(super) fn objection(statement: &str) -> Option<String> {
    let statement = statement.to_ascii_lowercase();
    if statement.contains("u&\"") {
        return Some("a name in escapes (U&\"…\")".to_owned());
    }
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$') || !letter.is_ascii();
    let mut names = statement.split(|letter| !is_of_name(letter));
    names.find(|name| DENIED.contains(name)).map(|name| format!("the function {name}"))
}

/// Returns whether the first line of the server's plan for a statement is of one that changes rows.
pub(super) fn is_change(plan: &str) -> bool {
    ["Insert on ", "Update on ", "Delete on ", "Merge on "].iter().any(|start| plan.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_however_it_is_written() {
        for statement in [
            "SELECT pg_logical_emit_message(false, 'a', 'b')",
            "SELECT PG_Logical_Emit_Message(false, 'a', 'b')",
            "SELECT pg_catalog.\"pg_logical_emit_message\"(false, 'a', 'b')",
            "SELECT 1 WHERE (SELECT pg_terminate_backend(1))",
            "SELECT/**/lo_create/**/(0)",
            "SELECT U&\"pg\\005flogical_emit_message\"(false, 'a', 'b')",
            "SELECT u&\"x!005fy\" UESCAPE '!'",
            "SELECT query_to_xml('SELECT 1', true, true, '')",
        ] {
            assert!(objection(statement).is_some(), "{statement}");
        }
        for statement in
            ["SELECT lo_create_date, xlo_put FROM items", "SELECT 'a' || U&'\\0041'", "SELECT ts_stats FROM t"]
        {
            assert_eq!(objection(statement), None, "{statement}");
        }
    }

    #[test]
    fn a_statement_is_known_by_its_first_word() {
        assert_eq!(verb(" ( (select 1))"), Ok(Verb::Read));
        assert_eq!(verb("insert into t values (1)"), Ok(Verb::Change));
        assert_eq!(verb("WITH a AS (SELECT 1) SELECT * FROM a"), Ok(Verb::With));
        assert_eq!(verb("/* */ SELECT 1"), Err(String::new()));
        assert_eq!(verb("Copy t TO STDOUT"), Err("COPY".to_owned()));
    }
}
