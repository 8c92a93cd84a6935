use clap::Args;

use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::run_ref::RunRef;
use crate::{amounts, drive, open_host, pretty, report};

/// Show a run's budget, or add to it and drive the run on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade budget RUN --add fuel=1000000,steps=10")]
pub(crate) struct Budget {
    /// The run
    run: RunRef,
    /// What to add, as CURRENCY=AMOUNT,…
    #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, stockade::Budget::NONE))]
    add: Option<stockade::Budget>,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Budget {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        self.add.is_none()
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        match self.add {
            Some(more) => extend(globals, &self.run, more).await,
            None => show(globals, &self.run).await,
        }
    }
}

async fn extend(globals: &Globals, run: &RunRef, more: stockade::Budget) -> anyhow::Result<Exit> {
    let host = open_host::host(globals).await?;
    let run = host.extend(run.find(&host).await?, more).await?;
    drive::tell(globals, &host, run).await
}

async fn show(globals: &Globals, run: &RunRef) -> anyhow::Result<Exit> {
    let host = open_host::reader(globals).await?;
    let report = host.report(run.find(&host).await?).await?;
    if globals.json {
        pretty::print_json(&report);
    } else {
        report::spent(&report);
    }
    Ok(Exit::Done)
}
