use std::time::Duration;

use clap::Args;
use serde_json::json;
use stockade::{Budget, NewRun, RunId};

use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::origin::Origin;
use crate::{amounts, ask, drive, open_host, origin, pretty, read};

/// Start a run and drive it until it ends, waits for a person, or is suspended; or leave it to a worker
#[derive(Debug, Args)]
#[command(after_help = help())]
pub(crate) struct Run {
    /// The workflow
    workflow: String,
    /// The input, as JSON; `-` reads it from stdin
    #[arg(long, value_name = "JSON", allow_negative_numbers = true)]
    input: String,
    /// What the run may spend, as CURRENCY=AMOUNT,…; other currencies keep their defaults
    #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, Budget::default()))]
    budget: Option<Budget>,
    /// The person who starts the run; by default, the logged-in user
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The longest that the run may take, its waits included, as 90s, 30m or 2h; then it has failed
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    deadline: Option<u64>,
    /// Start the run and print its id, and leave it to a worker, or to `resume`
    #[arg(long)]
    detach: bool,
    /// The queue of the run: a worker may take the runs of some queues alone. It is the label `queue`
    #[arg(long, value_name = "NAME", value_parser = origin::queue)]
    queue: Option<String>,
    #[command(flatten)]
    origin: Origin,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Run {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        let input = read::json(&self.input, "input")?;
        let host = open_host::host(globals).await?;
        let by = self.by.unwrap_or_else(ask::user);
        let new = NewRun::new(self.workflow, input).budget(self.budget.unwrap_or_default()).by(by);
        let new = self.deadline.into_iter().fold(new, |new, ms| new.deadline(Duration::from_millis(ms)));
        let new = self.origin.in_queue(self.queue).of(new)?;
        if self.detach {
            return Ok(left(globals, host.start_detached(new).await?.id()));
        }
        let run = host.start_run(new).await?;
        drive::tell_begun(globals, &host, run).await
    }
}

/// Says which run was left to others.
fn left(globals: &Globals, run: RunId) -> Exit {
    if globals.json {
        pretty::print_json(&json!({"run_id": run}));
    } else {
        println!("{run}");
    }
    Exit::Done
}

fn help() -> String {
    format!(
        "The default budget:\n  {}\n\nExample:\n  {}\n  {}",
        amounts::spaced(&Budget::default()),
        "stockade run refund --input '{\"user_id\": \"user_123\", \"request\": \"…\"}' \\\n    --budget fuel=1000000,steps=3 --deadline 2h",
        "stockade run refund --input - --key order-7 --label team=a < request.json"
    )
}
