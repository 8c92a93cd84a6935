//! `stockade journal keys` and `rotate`.

use clap::{Args, Subcommand};
use serde_json::json;
use stockade::journal::KeyUse;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{open_host, pretty, progress};

/// See under which keys the journal is sealed, and seal it under the next one
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade journal rotate && stockade journal keys")]
pub(crate) enum Journal {
    Keys(Keys),
    Rotate(Rotate),
}

/// List the keys under which something in the journal is sealed, with how much
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade journal keys --json | jq '.[] | select(.is_current | not)'")]
pub(crate) struct Keys;

/// Seal the whole journal under the key that `[journal] encryption` names now, while hosts use it
///
/// What was not sealed is sealed; without a key, all is opened. It can be stopped at any time, and goes on where it was.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade journal rotate --config stockade.toml")]
pub(crate) struct Rotate;

impl Journal {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::Keys(Keys) => true,
            Self::Rotate(Rotate) => false,
        }
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Keys(Keys) => keys(globals).await,
            Self::Rotate(Rotate) => rotate(globals).await,
        }
    }
}

async fn keys(globals: &Globals) -> anyhow::Result<Exit> {
    let keys = open_host::reader(globals).await?.journal_keys().await?;
    if globals.json {
        pretty::print_json(&keys);
    } else {
        keys.iter().for_each(|one| println!("{}", line(one)));
    }
    Ok(Exit::Done)
}

async fn rotate(globals: &Globals) -> anyhow::Result<Exit> {
    let host = open_host::reader(globals).await?;
    let bar = progress::of_things("journal");
    let changed = host.reseal_journal(&|done, all| progress::advance(&bar, done, all)).await;
    bar.finish_and_clear();
    let (changed, keys) = (changed?, host.journal_keys().await?);
    if globals.json {
        pretty::print_json(&json!({"changed": changed, "keys": keys}));
    } else {
        println!("{changed} changed");
        keys.iter().for_each(|one| println!("{}", line(one)));
    }
    Ok(Exit::Done)
}

/// Says how much is sealed under a key.
pub(crate) fn line(KeyUse { key, secret, is_current, payloads }: &KeyUse) -> String {
    let key = match (key, secret) {
        (Some(key), Some(secret)) => format!("key {key} ({secret})"),
        (Some(key), None) => format!("key {key} (of no secret that is named)"),
        (None, _) => "not sealed".to_owned(),
    };
    let current = if *is_current { ", as is what is written now" } else { "" };
    format!("{payloads} {key}{current}")
}
