use clap::Args;
use serde_json::{Map, Value, json};
use stockade::journal;
use stockade::memory::postgres::Migrated;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{config, open_host, pretty, secrets};

/// Make the tables of the journal in a database, or change them to the version of this program
///
/// It does the same for the long-term memory, if that is in a database. Other commands make tables where there are none, and
/// refuse those of another version. What is in a file changes by itself.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade migrate --journal postgres://app@db.example.com/runs")]
pub(crate) struct Migrate {}

impl Migrate {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let config = config::usual(globals)?;
        let mut values = secrets::of_memory(&config)?;
        if let Some(name) = config.journal.secret() {
            values.insert(name.to_owned(), secrets::named(&config, name)?);
        }
        let mut done = Map::new();
        let migrated = config.journal.migrate(&values).await?;
        if migrated.len() != 1 {
            // Several databases are made one journal; one in a file changes.
            open_host::reader(globals).await?;
        }
        match migrated.as_slice() {
            [] => eprintln!("the journal is in a file, which changes by itself"),
            [only] if globals.json => done.extend(document(only)),
            several if globals.json => {
                let all: Vec<_> = several.iter().map(document).collect();
                done.insert("databases".to_owned(), json!(all));
            }
            several => several.iter().for_each(|one| println!("{}", told(one.from, one.to))),
        }
        match config.memory.migrate(&values).await? {
            Some(Migrated { from, to, has_vectors }) if globals.json => {
                done.insert("memory".to_owned(), json!({"from": from, "to": to, "vectors": has_vectors}));
            }
            Some(Migrated { from, to, has_vectors }) => {
                println!("memory: {}, {}", told(from, to), vectors(has_vectors));
            }
            None => {}
        }
        if !done.is_empty() {
            pretty::print_json(&done);
        }
        Ok(Exit::Done)
    }
}

fn document(migrated: &journal::postgres::Migrated) -> Map<String, Value> {
    Map::from_iter([("from".to_owned(), json!(migrated.from)), ("to".to_owned(), json!(migrated.to))])
}

fn told(from: Option<u32>, to: u32) -> String {
    match from {
        None => format!("the tables of version {to} were made"),
        Some(from) if from == to => format!("the tables are of version {to} already"),
        Some(from) => format!("the tables were changed from version {from} to {to}"),
    }
}

fn vectors(has_vectors: bool) -> &'static str {
    if has_vectors {
        "with a place for vectors"
    } else {
        "without one for vectors: the extension \"vector\" (pgvector) is not installed in the database, and this role cannot \
         install it"
    }
}
