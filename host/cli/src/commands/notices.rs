use clap::Args;
use stockade::{Delivery, Listing, Notice, utc};

use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_ref::RunRef;
use crate::{open_host, pretty, text};

/// List the messages that tell of runs that need a person, and what has become of each
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade notices\n  stockade resume --due     # sends what is due, from cron")]
pub(crate) struct Notices {
    /// The run; by default, all runs
    run: Option<RunRef>,
}

impl Notices {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let run = match self.run {
            Some(run) => Some(run.find(&host).await?),
            None => None,
        };
        let Listing { found: notices, unreadable } = host.notices(run).await?;
        text::left_out(&unreadable);
        if globals.json {
            pretty::print_json(&notices);
            return Ok(Exit::Done);
        }
        notices.iter().for_each(|notice| println!("{}", line(notice)));
        if notices.is_empty() {
            eprintln!("no message is there");
        }
        Ok(Exit::Done)
    }
}

fn line(Notice { run, to, on, at_ms, attempts, delivery, reason, .. }: &Notice) -> String {
    let become_of = match delivery {
        Delivery::Pending => "pending",
        Delivery::Delivered => "delivered",
        Delivery::Failed => "failed",
        Delivery::Outdated => "outdated",
    };
    let on = serde_json::json!(on);
    let on = on.as_str().unwrap_or_default();
    let mut line = format!("{}  {on}  to {}  {become_of}, {attempts} attempts\n  run {run}", utc(*at_ms), safe(to));
    if let Some(reason) = reason {
        line += &format!("\n  {}", safe(reason));
    }
    line
}
