use clap::{Args, Command};
use clap_complete::Shell;
use serde_json::json;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::pretty;

/// Print the script by which a shell completes the commands and options of this program
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade completions bash > ~/.local/share/bash-completion/completions/stockade\n  \
                        stockade completions zsh > ~/.zfunc/_stockade     # in a folder of $fpath\n  \
                        stockade completions fish > ~/.config/fish/completions/stockade.fish"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script for `program`, the command line of this program.
    pub(crate) fn run(self, globals: &Globals, program: Command) -> anyhow::Result<Exit> {
        let Self { shell } = self;
        let script = script(shell, program);
        if globals.json {
            pretty::print_json(&json!({"shell": shell.to_string(), "script": script}));
        } else {
            print!("{script}");
        }
        Ok(Exit::Done)
    }
}

fn script(shell: Shell, mut program: Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, "stockade", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ValueEnum as _};

    use super::*;

    #[test]
    fn a_script_for_each_shell_knows_commands_and_options() {
        for shell in Shell::value_variants() {
            let program = Command::new("stockade").subcommand(Command::new("resume").arg(Arg::new("due").long("due")));
            let script = script(*shell, program);
            for word in ["stockade", "resume", "due"] {
                assert!(script.contains(word), "{shell} does not know \"{word}\":\n{script}");
            }
        }
    }
}
