use clap::Args;
use stockade::{Filter, OpenQuestion, OpenQuestions};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::text::left_out;
use crate::{open_host, pretty, report};

/// List the questions of all runs that wait for a person: why, for how long, and how to decide
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade approvals\n  stockade approvals --full")]
pub(crate) struct Approvals {
    /// Show arguments in full, however long they are
    #[arg(long)]
    full: bool,
}

impl Approvals {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        // A document of JSON is written at once, and a page of text as soon as it is read.
        let (mut all, mut is_empty, mut filter) = (Vec::new(), true, Filter::default());
        loop {
            let OpenQuestions { found, unreadable, next } = host.open_questions(&filter).await?;
            // The questions of the other runs are still listed.
            left_out(&unreadable);
            is_empty &= found.is_empty();
            if globals.json {
                all.extend(found);
            } else {
                self.show(&found);
            }
            filter.after = next;
            if next.is_none() {
                break;
            }
        }
        if globals.json {
            pretty::print_json(&all);
        } else if is_empty {
            eprintln!("nothing waits for a person");
        }
        Ok(Exit::Done)
    }

    fn show(&self, questions: &[OpenQuestion]) {
        for OpenQuestion { run_id, approval, waits_ms, .. } in questions {
            report::question(*run_id, approval, Some(*waits_ms), self.full);
        }
    }
}
