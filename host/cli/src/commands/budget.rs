use clap::Args;
use stockade::{SharedBudgetPage, SharedBudgetReport};

use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::run_ref::RunRef;
use crate::text::{left_out, rough};
use crate::{amounts, drive, open_host, pretty, report};

/// How many shared budgets are read at once.
const PAGE: usize = 1_000;

/// Show a run's budget, or add to it and drive the run on; without a run, show the budgets that runs share
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade budget RUN --add fuel=1000000,steps=10\n  stockade budget")]
pub(crate) struct Budget {
    /// The run
    run: Option<RunRef>,
    /// What to add, as CURRENCY=AMOUNT,…
    #[arg(long, value_name = "AMOUNTS", requires = "run", value_parser = |text: &str| amounts::read(text, stockade::Budget::NONE))]
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
        match (&self.run, self.add) {
            (Some(run), Some(more)) => extend(globals, run, more).await,
            (Some(run), None) => show(globals, run).await,
            (None, _) => shared(globals).await,
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

async fn shared(globals: &Globals) -> anyhow::Result<Exit> {
    let host = open_host::host(globals).await?;
    // A document of JSON is written at once, and a page of text as soon as it is read.
    let (mut all, mut is_empty, mut after) = (Vec::new(), true, None);
    loop {
        let SharedBudgetPage { found, unreadable, next } = host.shared_budgets(after.as_deref(), PAGE).await?;
        left_out(&unreadable);
        is_empty &= found.is_empty();
        if globals.json {
            all.extend(found);
        } else {
            found.iter().for_each(|budget| println!("{}", lines(budget)));
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    if globals.json {
        pretty::print_json(&all);
    } else if is_empty {
        eprintln!("no run has drawn from a shared budget; [budget.NAME] in stockade.toml makes one");
    }
    Ok(Exit::Done)
}

fn lines(SharedBudgetReport { name, period, group, taken, limit }: &SharedBudgetReport) -> String {
    let words = [name, period, group].into_iter().filter(|word| !word.is_empty()).map(|word| safe(word));
    let mut lines = words.collect::<Vec<_>>().join("  ");
    for (currency, limit) in limit {
        let (used, allowed) = (rough(*currency, taken.get(*currency)), rough(*currency, *limit));
        lines += &format!("\n  {:<11} {used} of {allowed}", currency.name());
    }
    lines
}
