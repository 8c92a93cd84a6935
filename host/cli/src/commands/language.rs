//! Languages: which there are, and how those are built that do not come with the program.

use serde_json::json;

use crate::args::{Args, LanguageCommand};
use crate::exit::Exit;
use crate::{home, text};

/// The languages that can be added.
pub(crate) const ADDABLE: [&str; 2] = ["python", "python-lite"];

pub(super) fn run(args: &Args, command: &LanguageCommand) -> stockade::Result<Exit> {
    match command {
        LanguageCommand::Add { name } => add(args, name),
        LanguageCommand::List => list(args),
    }
}

fn add(_args: &Args, _name: &str) -> stockade::Result<Exit> {
    todo!()
}

fn list(args: &Args) -> stockade::Result<Exit> {
    let is_there = |name: &str| name == "javascript" || home::language_file(args, name).exists();
    let all: Vec<_> = ["javascript"].into_iter().chain(ADDABLE).map(|name| (name, is_there(name))).collect();
    if args.json {
        let all: Vec<_> = all.iter().map(|(name, there)| json!({"language": name, "there": there})).collect();
        text::print_json(&all);
    } else {
        for (name, there) in all {
            println!(
                "{name:<12} {}",
                if there { "there".to_owned() } else { format!("`stockade language add {name}` builds it") }
            );
        }
    }
    Ok(Exit::Done)
}
