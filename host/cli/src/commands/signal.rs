use clap::Args;
use stockade::NewSignal;

use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::run_ref::RunRef;
use crate::{drive, open_host, read};

/// Send a run a signal, and drive the run on; a signal that comes early is kept until the run awaits it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade signal RUN payment.settled '{\"cents\": 4999}' --key evt_1 --by bank")]
pub(crate) struct Signal {
    /// The run
    run: RunRef,
    /// The name of the signal, as the run awaits it
    name: String,
    /// The payload as JSON; `-` reads it from stdin
    payload: String,
    /// Tells this signal from others: sent again under the same key, it is still one signal
    #[arg(long)]
    key: Option<String>,
    /// Who sends it
    #[arg(long, value_name = "NAME", default_value = "cli")]
    by: String,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Signal {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        let payload = read::json(&self.payload, "payload")?;
        let host = open_host::host(globals).await?;
        let run = self.run.find(&host).await?;
        let signal = NewSignal::new(self.name, payload).by(self.by);
        let signal = self.key.into_iter().fold(signal, NewSignal::key);
        match host.signal(run, signal).await? {
            Some(run) => drive::tell(globals, &host, run).await,
            // Another process drives the run, or the signal was sent before.
            None => Ok(drive::told(globals, &host.report(run).await?)),
        }
    }
}
