use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{config, open_host, pretty, secrets};

/// Make the tables of the journal in a database, or change them to the version of this program
///
/// Other commands make them where there are none, and refuse tables of another version. A journal in a file changes by itself.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade migrate --journal postgres://app@db.example.com/runs")]
pub(crate) struct Migrate {}

impl Migrate {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let config = config::usual(globals)?;
        let mut values = BTreeMap::new();
        if let Some(name) = config.journal.secret() {
            values.insert(name.to_owned(), secrets::named(&config, name)?);
        }
        let migrated = config.journal.migrate(&values).await?;
        if migrated.len() != 1 {
            // Several databases are made one journal; one in a file changes.
            open_host::reader(globals).await?;
        }
        let all: Vec<_> = migrated.iter().map(|migrated| json!({"from": migrated.from, "to": migrated.to})).collect();
        match all.as_slice() {
            [] => eprintln!("the journal is in a file, which changes by itself"),
            [only] if globals.json => pretty::print_json(only),
            several if globals.json => pretty::print_json(&json!({"databases": several})),
            _ => migrated.iter().for_each(|migrated| println!("{}", told(migrated.from, migrated.to))),
        }
        Ok(Exit::Done)
    }
}

fn told(from: Option<u32>, to: u32) -> String {
    match from {
        None => format!("the tables of version {to} were made"),
        Some(from) if from == to => format!("the tables are of version {to} already"),
        Some(from) => format!("the tables were changed from version {from} to {to}"),
    }
}
