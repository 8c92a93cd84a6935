//! What ours does otherwise with the programs of `languages-cases` than the language itself, as tables of the docs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use stockade_tests::root;

/// Returns the expectations of a folder, by the names of their programs.
fn expectations(folder: &str) -> BTreeMap<String, Value> {
    let folder = root().join("tests/languages-cases").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.map(|path| (stem(&path), serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Writes the table of the programs of a language that do otherwise on purpose, each with the reason.
pub(crate) fn on_purpose(language: &str) -> String {
    let mut table = "| program | what differs |\n|---|---|\n".to_owned();
    for (name, expected) in expectations(language) {
        let Some(why) = expected.get("by_hand") else { continue };
        let why = why.as_str().unwrap_or_else(|| panic!("{name}: by_hand must say why"));
        writeln!(table, "| `{name}` | {why} |").unwrap();
    }
    table
}

/// Writes the table of what python-lite says to programs of Python that it cannot run, each with the programs.
pub(crate) fn of_python_lite() -> String {
    let mut programs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, expected) in expectations("python-lite") {
        programs.entry(told(&expected)).or_default().push(format!("`{name}`"));
    }
    let mut table = "| what python-lite says | programs |\n|---|---|\n".to_owned();
    for (told, names) in programs {
        writeln!(table, "| {told} | {} |", names.join(", ")).unwrap();
    }
    table
}

/// The first line of the error of a program, or the name of the exception; else it ends with something else.
fn told(expected: &Value) -> String {
    let text = |name: &str| expected.pointer(&format!("/error/{name}")).and_then(Value::as_str);
    match text("message").and_then(|message| message.lines().next()).or_else(|| text("name")) {
        Some(told) => {
            let mark = if told.contains('`') { "``" } else { "`" };
            format!("{mark}{}{mark}", told.replace('|', "\\|"))
        }
        None => "nothing: it prints or returns something else".to_owned(),
    }
}
