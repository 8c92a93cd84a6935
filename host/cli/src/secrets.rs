//! Looks up the values of the secrets that the configuration names.

use stockade::config::Secret;
use stockade::{Builder, Config, Fault};

/// Stores the value of each secret that a grant, a model or the memory names; no other is even looked at.
///
/// # Errors
///
/// One is not there: the message says where it was looked for, and never what was found.
pub(crate) fn stored(mut builder: Builder, config: &Config) -> stockade::Result<Builder> {
    for (tool, entry) in &config.tool {
        for name in entry.grants.secrets() {
            builder = builder.secret(name, named(config, name).map_err(|fault| fault.tool(tool))?);
        }
    }
    for name in config.model.values().filter_map(|model| model.key.as_deref()).chain(config.memory.secret()) {
        builder = builder.secret(name, named(config, name)?);
    }
    Ok(builder)
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
            // Not by `var`: its error repeats a value that is not Unicode.
            let found = std::env::var_os(variable).ok_or_else(|| "it is not set".to_owned());
            let found = found.and_then(|value| value.into_string().map_err(|_| "it is not UTF-8".to_owned()));
            (format!("the variable {variable}"), found)
        }
        Secret::File(path) => {
            (format!("\"{}\"", path.display()), std::fs::read_to_string(path).map_err(|error| error.to_string()))
        }
    };
    let missing = |why: &str| Fault::invalid("secret", format!("secret \"{name}\" cannot be had from {place}: {why}"));
    let found = found.map_err(|why| missing(&why))?;
    match found.trim_end_matches(['\r', '\n']) {
        "" => Err(missing("it is empty")),
        value => Ok(value.to_owned()),
    }
}

fn undeclared(name: &str) -> Fault {
    let message = format!(
        "the configuration names secret \"{name}\", which is not known; in stockade.toml, under [secrets], \
         {name} = {{ env = \"VARIABLE\" }} would say where it is"
    );
    Fault::invalid("secret", message)
}
