use clap::Args;
use serde_json::json;
use stockade::Replayed;

use crate::escape::safe;
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
        let Replayed { recorded, here, notice } = host.replay(run, &key).await?;
        if globals.json {
            let floats = json!({"recorded": recorded.to_string(), "here": here.to_string()});
            pretty::print_json(&json!({"run_id": run, "key": key, "same": true, "floats": floats, "notice": notice}));
        } else {
            println!("{run}/{key}: the same end, output, files and fuel");
            notice.iter().for_each(|notice| println!("{}", safe(notice)));
        }
        Ok(Exit::Done)
    }
}
