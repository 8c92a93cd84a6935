//! Serves the refund workflow, agent-written code and what a configuration has, for Restate to call.
//!
//! `stockade-restate ADDRESS FOLDER [stockade.toml]`: where it listens, and the folder of the shop's database. It serves until
//! it is told to stop. A service of your own calls `stockade_restate::endpoint` with its own host.

use std::error::Error;
use std::path::PathBuf;

use restate_sdk::http_server::HttpServer;
use stockade::journal::MemoryJournal;
use stockade::{Clock, Config, Fault, Host};
use stockade_refund::{Refund, Settings, shop};
use tokio::signal::unix::{SignalKind, signal};

/// What the command line says.
struct Wanted {
    address: String,
    folder: PathBuf,
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let endpoint = stockade_restate::endpoint(host(&wanted).await?)?;
    let listener = stockade_restate::listen(&wanted.address).await?;
    let mut told = signal(SignalKind::terminate())?;
    // What is cut off is made anew by Restate: here, or in another process.
    HttpServer::new(endpoint).serve_with_cancel(listener, async move { told.recv().await }).await;
    Ok(())
}

impl Wanted {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let (address, folder, config) = (arguments.next(), arguments.next(), arguments.next());
        match (address, folder, arguments.next()) {
            (Some(address), Some(folder), None) => {
                Ok(Self { address, folder: folder.into(), config: config.map(Into::into) })
            }
            _ => Err(Fault::invalid("arguments", "usage: stockade-restate ADDRESS FOLDER [stockade.toml]")),
        }
    }
}

async fn host(Wanted { folder, config, .. }: &Wanted) -> stockade::Result<Host> {
    let config = config.as_ref().map_or_else(|| Ok(Config::default()), |file| Config::load(file))?;
    let database = folder.join("shop.db");
    shop::create(&database)?;
    Host::builder()
        .with_journal(MemoryJournal::new(Clock::default()))
        .scratch(folder)
        .built_in_languages()
        .tools(shop::tools(&database))
        .idempotent(shop::IDEMPOTENT)
        .configured(&config)?
        .workflow(Refund::from(config.settings::<Settings>("refund")?))
        .build()
        .await
}
