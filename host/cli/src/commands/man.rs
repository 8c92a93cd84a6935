use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::{Args, Command};
use serde_json::json;
use stockade::{Fault, Kind};

use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::pretty;

/// Print a page of the manual: of this program, or of one of its commands
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade man | man -l -\n  stockade man tool new | man -l -\n  \
                  stockade man --json | jq '.pages | keys'     # all pages, each with its file's name")]
pub(crate) struct Man {
    /// The command, which may be of two words; without it, this program
    command: Vec<String>,
}

impl Man {
    /// Prints a page about `program`, the command line of this program. As JSON, it is the page of the command with those of
    /// its own commands, by the names of their files.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`]: there is no such command.
    pub(crate) fn run(self, globals: &Globals, program: Command) -> anyhow::Result<Exit> {
        // The help of a command has no page of its own.
        let mut program = program.disable_help_subcommand(true);
        program.build();
        let command = found(&program, &self.command)?;
        if globals.json {
            let mut pages = BTreeMap::new();
            add(command, &mut pages)?;
            pretty::print_json(&json!({ "pages": pages }));
        } else {
            print!("{}", page(command)?.1);
        }
        Ok(Exit::Done)
    }
}

fn found<'a>(program: &'a Command, words: &[String]) -> stockade::Result<&'a Command> {
    let found = words.iter().try_fold(program, |command, word| command.find_subcommand(word));
    found.ok_or_else(|| {
        let message = format!("there is no command \"{}\"; `stockade --help` lists them", safe(&words.join(" ")));
        Fault::new(Kind::NotFound, message).detail("command")
    })
}

/// Adds the page of a command and those of its own commands.
fn add(command: &Command, pages: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    pages.extend([page(command)?]);
    command.get_subcommands().filter(|command| !command.is_hide_set()).try_for_each(|command| add(command, pages))
}

/// Writes the page of a command, and returns it with the name of its file.
fn page(command: &Command) -> anyhow::Result<(String, String)> {
    let man = clap_mangen::Man::new(command.clone()).source(concat!("stockade ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render(&mut page).with_context(|| Fault::new(Kind::HostBug, "a page of the manual cannot be written"))?;
    Ok((man.get_filename(), String::from_utf8_lossy(&page).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let new = Command::new("new").about("Write a tool");
        let tool = Command::new("tool").about("Works with tools").subcommand(new);
        let hidden = Command::new("prune").hide(true);
        let mut program = Command::new("stockade").subcommand(tool).subcommand(hidden).disable_help_subcommand(true);
        program.build();
        program
    }

    #[test]
    fn each_command_has_a_page_under_the_name_of_its_file() {
        let mut pages = BTreeMap::new();
        add(&program(), &mut pages).unwrap();
        assert_eq!(pages.keys().collect::<Vec<_>>(), ["stockade-tool-new.1", "stockade-tool.1", "stockade.1"]);
        assert!(pages["stockade-tool-new.1"].contains("Write a tool"), "{pages:#?}");
    }

    #[test]
    fn a_command_of_two_words_is_found_and_an_unknown_one_is_named() {
        let (program, words) =
            (program(), |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(found(&program, &words(&["tool", "new"])).unwrap().get_name(), "new");
        assert_eq!(found(&program, &[]).unwrap().get_name(), "stockade");
        let fault = found(&program, &words(&["tool", "old"])).unwrap_err();
        assert_eq!((fault.kind, Exit::of_fault(&fault)), (Kind::NotFound, Exit::NotFound));
        assert!(fault.message.contains("\"tool old\""), "{fault}");
    }
}
