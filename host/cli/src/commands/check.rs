use std::path::Path;

use clap::Args;
use serde_json::json;
use stockade::config::Problem;
use stockade::{Clock, Config, Fault};
use stockade_refund::Settings;
use stockade_server::{Oidc, Tls};

use crate::config::REFUND;
use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::text::BOLD;
use crate::{config, hint, open_host, pretty, secrets};

/// Check the configuration, its components and its workflows, and name the line of each problem
///
/// Components are fetched, compiled and linked with their grants, and workflows are made of their patterns. No journal is opened,
/// no run is started, no model is asked, and nothing is sent. The exit code is that of the gravest problem.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade check\n  \
                        stockade check --config deploy/stockade.toml --without-secrets --json | jq '.problems'")]
pub(crate) struct Check {
    /// Read no secret: they may not be where the configuration is checked. That each is defined is checked all the same
    #[arg(long)]
    without_secrets: bool,
}

impl Check {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let file = config::file(globals);
        let problems = self.problems(globals, file).await?;
        if globals.json {
            let shown =
                problems.iter().map(|Problem { line, error }| json!({"line": line, "error": hint::spelled_out(error)}));
            pretty::print_json(
                &json!({"file": file.map(Path::to_string_lossy), "problems": shown.collect::<Vec<_>>()}),
            );
        } else {
            told(file, &problems);
        }
        Ok(problems.iter().map(|problem| Exit::of_fault(&problem.error)).fold(Exit::Done, Exit::graver))
    }

    /// What is wrong with the text comes first: nothing else can be checked before it is read.
    async fn problems(&self, globals: &Globals, file: Option<&Path>) -> stockade::Result<Vec<Problem>> {
        let problems = file.map(Config::problems_in).transpose()?.unwrap_or_default();
        if !problems.is_empty() {
            return Ok(problems);
        }
        let config = file.map(Config::load).transpose()?.unwrap_or_default();
        if let Some(problem) = config.settings_problem::<Settings>(REFUND) {
            return Ok(vec![problem]);
        }
        match open_host::unopened(globals, &config) {
            Ok(builder) => {
                let (builder, mut problems) = secrets::checked(builder, &config, !self.without_secrets);
                problems.extend(builder.problems(&config).await?);
                problems.extend(of_server(&config, !self.without_secrets));
                problems.sort_by_key(|problem| problem.line);
                Ok(problems)
            }
            Err(fault) => of_config(&config, fault).map(|problem| vec![problem]),
        }
    }
}

/// Returns what the server could not begin with. The key of its certificate is a secret.
fn of_server(config: &Config, are_secrets_read: bool) -> Vec<Problem> {
    let tls = config.server.tls.as_ref().filter(|_| are_secrets_read);
    let tls = tls.and_then(|tls| Tls::new(&tls.certificate, &tls.key).err());
    let oidc = config.server.oidc.clone().and_then(|oidc| Oidc::new(oidc, Clock::default()).err());
    let problem = |key: &str, fault: Option<Fault>| fault.map(|fault| config.problem(&["server", key], fault));
    [problem("tls", tls), problem("oidc", oidc)].into_iter().flatten().collect()
}

/// Returns the problem with a tool, or with the folder of tools. Other errors, such as those of the data directory, are
/// returned as they are.
fn of_config(config: &Config, fault: Fault) -> stockade::Result<Problem> {
    let is_of_folder = fault.detail.as_deref() == Some("tools");
    match fault.tool.clone() {
        Some(tool) => Ok(config.problem(&["tool", &tool], fault)),
        None if is_of_folder => Ok(config.problem(&["tools", "folder"], fault)),
        None => Err(fault),
    }
}

fn told(file: Option<&Path>, problems: &[Problem]) {
    let name = file.map_or("the built-in configuration".to_owned(), |file| safe(&file.to_string_lossy()));
    for Problem { line, error } in problems {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        println!("{BOLD}{name}{line}:{BOLD:#} {}", safe(&hint::sentence(error)));
    }
    match problems.len() {
        0 => eprintln!("{name} has no problem"),
        1 => eprintln!("{name} has a problem"),
        count => eprintln!("{name} has {count} problems"),
    }
}

#[cfg(test)]
mod tests {
    use stockade::Kind;

    use super::*;

    #[test]
    fn a_fault_is_a_problem_of_the_configuration_only_where_the_configuration_can_change_it() {
        let config = Config::parse("[tool.a]\nidempotent = true\n[tools]\nfolder = \"tools\"\n").unwrap();
        let problem = of_config(&config, Fault::new(Kind::NotFound, "").tool("a")).unwrap();
        assert_eq!(problem.line, Some(1));
        let problem = of_config(&config, Fault::new(Kind::NotFound, "").detail("tools")).unwrap();
        assert_eq!(problem.line, Some(4));
        assert!(of_config(&config, Fault::new(Kind::Journal, "").detail("data_dir")).is_err());
    }
}
