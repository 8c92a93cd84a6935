//! Reads, lists, searches, writes and edits the files of the folders that it was granted. The host keeps every path within them;
//! what is checked here besides is what a caller is likely to mean.

mod edit;
mod look;
mod search;
#[cfg(test)]
mod testing;
mod write;

wit_bindgen::generate!({ path: "wit", world: "tool" });

use exports::stockade::folder::files::{Entry, Guest, Matches, Piece};

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn read(path: String, from_line: Option<u32>, lines_max: Option<u32>) -> Result<Piece, String> {
        look::read(&path, from_line.unwrap_or(1), lines_max.unwrap_or(u32::MAX))
    }

    fn list(path: String, deep: Option<bool>) -> Result<Vec<Entry>, String> {
        look::list(&path, deep.unwrap_or_default())
    }

    fn search(path: String, text: String, any_case: Option<bool>) -> Result<Matches, String> {
        search::search(&path, &text, any_case.unwrap_or_default())
    }

    fn write(path: String, text: String, new: Option<bool>) -> Result<u64, String> {
        write::write(&path, &text, new.unwrap_or_default())
    }

    fn edit(path: String, old: String, new: String, count: Option<u32>) -> Result<u32, String> {
        edit::edit(&path, &old, &new, count.unwrap_or(1))
    }
}

/// Says what could not be done with a path, and why.
fn because(what: &str, path: &str) -> impl Fn(std::io::Error) -> String {
    let said = format!("\"{path}\" cannot be {what}");
    move |error| format!("{said}: {error}")
}
