use clap::Args;
use serde_json::json;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_ref::StepRef;
use crate::{open_host, pretty};

/// Run a piece of code again with the recorded answers of its calls, and check that it does the same
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade replay RUN/code")]
pub(crate) struct Replay {
    /// The run, and the key of the effect that ran the code (`code` under `exec`)
    #[arg(value_name = "RUN/STEP")]
    step: StepRef,
}

impl Replay {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let StepRef { run, key } = self.step;
        let host = open_host::host(globals).await?;
        let run = run.find(&host).await?;
        host.replay(run, &key).await?;
        if globals.json {
            pretty::print_json(&json!({"run_id": run, "key": key, "same": true}));
        } else {
            println!("{run}/{key}: the same end, output, files and fuel");
        }
        Ok(Exit::Done)
    }
}
