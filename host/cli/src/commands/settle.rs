use clap::{Args, ValueEnum};
use serde_json::Value;
use stockade::{Fault, Settlement};

use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::run_ref::RunRef;
use crate::{ask, drive, open_host, read};

/// Say what became of a call of which it is not known whether it happened, and drive the run on
///
/// The run waits for that in place of failing. Its workflow, or its code, hears that the call answered so, or that it failed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade runs --waiting-for settlement\n  \
                        stockade settle RUN refund --as done \\\n      --output '{\"reference\": \"re_1\", \"amount_cents\": 7900}'\n  \
                        stockade settle RUN refund --as failed --comment \"the bank has none\"")]
pub(crate) struct Settle {
    /// The run
    run: RunRef,
    /// The key of the call, as `show` prints it: that of its effect, with `/NUMBER` behind it where code made the call
    key: String,
    /// What became of the call
    #[arg(long = "as", value_name = "WHAT")]
    found: Found,
    /// What the call answered, as JSON; `-` reads it from stdin
    #[arg(long, value_name = "JSON", allow_negative_numbers = true)]
    output: Option<String>,
    /// How you know
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// The person who has found out; without it, the user who is logged in
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    cassettes: Cassettes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Found {
    /// It happened
    Done,
    /// It did not happen
    Failed,
}

impl Settle {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes.clone());
        let settlement = self.settlement()?;
        let host = open_host::host(globals).await?;
        let run = self.run.find(&host).await?;
        match host.settle(run, settlement).await? {
            Some(run) => drive::tell(globals, &host, run).await,
            // Another process drives the run, or it is paused.
            None => Ok(drive::told(globals, &host.report(run).await?)),
        }
    }

    fn settlement(&self) -> stockade::Result<Settlement> {
        let by = self.by.clone().unwrap_or_else(ask::user);
        let settlement = match (self.found, &self.output) {
            (Found::Done, output) => {
                let output = output.as_deref().map(|output| read::json(output, "output")).transpose()?;
                Settlement::done(&self.key, output.unwrap_or(Value::Null), &by)
            }
            (Found::Failed, None) => Settlement::failed(&self.key, &by),
            (Found::Failed, Some(_)) => {
                return Err(Fault::invalid("usage", "a call that failed has no output; --output is for --as done"));
            }
        };
        Ok(settlement.comment(self.comment.clone()))
    }
}
