//! Looks up the values of the secrets that the configuration names.

use std::collections::BTreeMap;

use stockade::config::{Grants, Mcp, Problem, Secret};
use stockade::{Builder, Config, Fault, Scrubber};

use crate::read;

/// Stores the value of each secret that a grant, a model, a server, the memory, a webhook or the journal names. Other secrets are not read.
///
/// # Errors
///
/// A secret is missing. The message says where it should be, and never shows a value.
pub(crate) fn stored(mut builder: Builder, config: &Config) -> stockade::Result<Builder> {
    for (tool, name) in names(config) {
        let value = named(config, name).map_err(|fault| tool.into_iter().fold(fault, Fault::tool))?;
        builder = builder.secret(name, value);
    }
    Ok(builder)
}

/// Stores what stands for the value of each secret that is named, and returns which of them are not defined or, if they are to
/// be read, cannot be. Nothing is sent to anyone with such a value.
pub(crate) fn checked(mut builder: Builder, config: &Config, are_read: bool) -> (Builder, Vec<Problem>) {
    let mut problems = Vec::new();
    let names = names(config).into_iter().chain(of_server(config));
    for (name, tool) in names.map(|(tool, name)| (name, tool)).collect::<BTreeMap<_, _>>() {
        let is_defined = config.secrets.contains_key(name);
        if (are_read || !is_defined)
            && let Err(fault) = named(config, name)
        {
            let place = match tool.filter(|_| !is_defined) {
                Some(tool) => ["tool", tool],
                None => ["secrets", name],
            };
            problems.push(config.problem(&place, fault));
        }
        builder = builder.secret(name, "not read");
    }
    (builder, problems)
}

/// Returns what takes the values of all secrets that the configuration names out of a text, as far as they can be read.
pub(crate) fn scrubber(config: &Config) -> Scrubber {
    let names = names(config).into_iter().chain(of_server(config));
    Scrubber::redacting(names.filter_map(|(_, name)| named(config, name).ok()))
}

/// Returns the secret that only the server needs.
fn of_server(config: &Config) -> Option<(Option<&str>, &str)> {
    let secret = config.server.oidc.as_ref().and_then(|oidc| oidc.client_secret.as_deref());
    secret.map(|name| (None, name))
}

/// Returns the secrets that the configuration names, each with the tool that is granted it, where it is for one.
fn names(config: &Config) -> Vec<(Option<&str>, &str)> {
    let of_tools = config.tool.iter().flat_map(|(tool, entry)| {
        entry.grants.iter().flat_map(Grants::secrets).map(move |name| (Some(tool.as_str()), name))
    });
    let services = config.openapi.values().flat_map(|service| service.grants.secrets());
    let models = config.model.values().filter_map(|model| model.key.as_deref());
    let webhooks = config.notify.values().filter_map(|notify| notify.secret.as_deref());
    let memory = config.memory.secret().into_iter().chain(config.memory.database_secret());
    let servers = config.mcp.values().flat_map(Mcp::secrets);
    let others = services.chain(models).chain(servers).chain(memory).chain(webhooks).chain(config.journal.secrets());
    of_tools.chain(others.map(|name| (None, name))).collect()
}

/// Stores the values of the secrets that the journal needs, if it needs any.
///
/// # Errors
///
/// As [`stored`].
pub(crate) fn of_journal(builder: Builder, config: &Config) -> stockade::Result<Builder> {
    let mut names = config.journal.secrets();
    names.try_fold(builder, |builder, name| Ok(builder.secret(name, named(config, name)?)))
}

/// Looks up what the long-term memory needs to be opened, by name.
///
/// # Errors
///
/// As [`stored`].
pub(crate) fn of_memory(config: &Config) -> stockade::Result<BTreeMap<String, String>> {
    let password = config.memory.database_secret().into_iter();
    password.map(|name| Ok((name.to_owned(), named(config, name)?))).collect()
}

/// Looks up the value of one secret that the configuration names.
///
/// # Errors
///
/// As [`stored`].
pub(crate) fn named(config: &Config, name: &str) -> stockade::Result<String> {
    config.secrets.get(name).ok_or_else(|| undeclared(name)).and_then(|secret| value(name, secret))
}

fn value(name: &str, secret: &Secret) -> stockade::Result<String> {
    let (place, found) = match secret {
        Secret::Env(variable) => {
            // `var` would repeat a value that is not Unicode in its error.
            let found = std::env::var_os(variable).ok_or_else(|| "it is not set".to_owned());
            let found = found.and_then(|value| value.into_string().map_err(|_| "it is not UTF-8".to_owned()));
            (format!("the variable {variable}"), found)
        }
        Secret::File(path) => {
            let found = read::text(path, read::WORD_BYTES_MAX).map_err(|error| error.to_string());
            (format!("\"{}\"", path.display()), found)
        }
    };
    let missing = |why: &str| Fault::invalid("secret", format!("secret \"{name}\" cannot be read from {place}: {why}"));
    let found = found.map_err(|why| missing(&why))?;
    match found.trim_end_matches(['\r', '\n']) {
        "" => Err(missing("it is empty")),
        value => Ok(value.to_owned()),
    }
}

fn undeclared(name: &str) -> Fault {
    let message = format!(
        "the configuration names secret \"{name}\", which is not defined; in stockade.toml, under [secrets], \
         {name} = {{ env = \"VARIABLE\" }} would define it"
    );
    Fault::invalid("secret", message)
}
