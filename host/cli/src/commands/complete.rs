use clap::Args;
use stockade::{Completion, Fault};

use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::{drive, open_host, read};

/// Tell the result of a call whose tool answers later, and drive its run on
///
/// The tool has answered with a token, by which the run is found. The same result, told twice, is one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade runs --waiting-for result\n  \
                        stockade complete payments pi_7 '{\"reference\": \"re_1\", \"amount_cents\": 7900}' --by bank\n  \
                        stockade complete payments pi_8 --failed \"the card has expired\"")]
pub(crate) struct Complete {
    /// The tool
    tool: String,
    /// The token with which it has answered, as `show` prints it
    token: String,
    /// What the call answers, as JSON; `-` reads it from stdin
    #[arg(required_unless_present = "failed", conflicts_with = "failed", allow_negative_numbers = true)]
    output: Option<String>,
    /// The call has failed, for this reason
    #[arg(long, value_name = "MESSAGE")]
    failed: Option<String>,
    /// Who tells it
    #[arg(long, value_name = "NAME", default_value = "cli")]
    by: String,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Complete {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes.clone());
        let completion = self.completion()?.by(&self.by);
        let host = open_host::host(globals).await?;
        let completed = host.complete(&self.tool, &self.token, completion).await?;
        match completed.resumed {
            Some(run) => drive::tell(globals, &host, run).await,
            // Another process drives the run, it is paused, or the result was told before.
            None => Ok(drive::told(globals, &host.report(completed.run).await?)),
        }
    }

    fn completion(&self) -> stockade::Result<Completion> {
        match (&self.output, &self.failed) {
            (Some(output), None) => Ok(Completion::done(read::json(output, "output")?)),
            (None, Some(message)) => Ok(Completion::failed(message)),
            (None, None) | (Some(_), Some(_)) => {
                Err(Fault::invalid("usage", "name what the call answers, or with --failed why it has failed"))
            }
        }
    }
}
