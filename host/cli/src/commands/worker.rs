use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use stockade::outage::{News, Outage};
use stockade::{Fault, Fired, Host, Kind, Run, RunId, RunState, Scheduled, Worker as Taker};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::end::End;
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::log::{Log, LogOptions};
use crate::{amounts, drive, escape, open_host, origin, pretty};

/// How often the journal is looked into for runs to take up.
const LOOK: Duration = Duration::from_millis(500);

/// How long a worker at its end waits to hear of its runs how they stand, where the grace is over.
const HEARING: Duration = Duration::from_secs(1);

/// Take up runs that no process drives, for as long as this is not ended: runs that were started detached, interrupted or are due
///
/// Any number of workers may share a journal; each run is driven by one. SIGTERM or Ctrl-C lets a worker take up nothing more: what
/// is in flight has the grace to end, and another worker goes on with the runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade run refund --input - --detach --queue refunds < request.json\n  \
                        stockade worker --journal postgres://app@db.example.com/runs --queues refunds,letters")]
pub(crate) struct Worker {
    /// Only runs of these queues; by default all runs, whether they are in a queue or not
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = origin::queue)]
    queues: Vec<String>,
    /// How many runs are driven at the same time, beside those that are due
    #[arg(long, value_name = "RUNS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    at_once: u16,
    /// How long what is in flight may take to end when the worker is ended, as in 500ms or 30s
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = amounts::time)]
    grace: Duration,
    /// End once no run is left that could be taken up
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Worker {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        let log = self.log.begin(globals)?;
        let host = open_host::host_of_many(globals, log.clone()).await?;
        let mut end = End::new().context(Fault::new(Kind::System, "signals cannot be waited for"))?;
        let taker = host.worker().queues(self.queues).at_once(self.at_once.into());
        let (host_of_work, grace) = (host.clone(), self.grace);
        let mut work =
            Work { host: host_of_work, taker, log, grace, driven: JoinSet::new(), count: 0, exit: Exit::Done };
        eprintln!("worker {} looks for runs", std::process::id());
        if self.once {
            work.all_there_is(&mut end).await?;
        } else {
            work.until(&mut end).await;
        }
        let late = host.shutdown(end.left(grace)).await;
        // A journal that hangs tells nothing of them.
        let _ = timeout(end.left(grace).max(HEARING), work.drain()).await;
        Ok(work.told(globals, &late))
    }
}

/// A run that was driven here, and how it stands, or why it could not go on.
type Driven = (RunId, stockade::Result<RunState>);

/// The runs that a worker drives.
struct Work {
    host: Host,
    taker: Taker,
    log: Log,
    grace: Duration,
    driven: JoinSet<Driven>,
    /// How many runs have settled here.
    count: u64,
    exit: Exit,
}

impl Work {
    /// Takes up runs until the worker is told to end. A journal that fails now may not fail the next time.
    async fn until(&mut self, end: &mut End) {
        let telling = tokio::spawn(tell(self.host.clone()));
        let mut outage = Outage::default();
        let grace = self.grace;
        while let Some(turned) = end.within(grace, self.turn()).await {
            match (outage.note(turned.is_err()), turned) {
                (News::Fails, Err(fault)) => self.log.complain("worker", &fault),
                (News::Answers, _) => eprintln!("worker: the journal answers again"),
                (News::Fails | News::Nothing, _) => {}
            }
            if end.is_told() || self.is_told(end, &outage).await {
                break;
            }
        }
        telling.abort();
    }

    /// Waits until the next look, and returns whether the worker is told to end. A run that has settled makes room for another, unless
    /// the journal fails.
    async fn is_told(&mut self, end: &mut End, outage: &Outage) -> bool {
        let look = Instant::now() + outage.pause(LOOK);
        loop {
            tokio::select! {
                () = end.told() => return true,
                Some(settled) = self.driven.join_next() => {
                    self.settled(settled.ok());
                    if !outage.lasts() {
                        return false;
                    }
                }
                () = sleep_until(look) => return false,
            }
        }
    }

    /// Takes up runs until none is left, or the worker is told to end.
    async fn all_there_is(&mut self, end: &mut End) -> stockade::Result<()> {
        let grace = self.grace;
        while !end.is_told()
            && let Some(turned) = end.within(grace, self.turn()).await
        {
            turned?;
            if self.driven.is_empty() {
                end.within(grace, drive::notify(&self.host)).await;
                break;
            }
            tokio::select! {
                () = self.all_driven() => {}
                () = end.told() => {}
            }
        }
        Ok(())
    }

    /// Waits for the runs that are driven here, and for those that they have started or that go on because of them.
    async fn all_driven(&mut self) {
        self.drain().await;
        self.host.idle().await;
    }

    /// Takes up what there is, in the databases that can be reached, and fails where one cannot.
    async fn turn(&mut self) -> stockade::Result<()> {
        let scheduled = self.host.fire_schedules().await;
        let failed = scheduled.as_ref().err().cloned();
        for Scheduled { schedule, run, .. } in scheduled.into_iter().flatten() {
            match run {
                Ok(run) => self.follow(run.id(), Ok(run), "started by a schedule"),
                Err(fault) => self.log.complain(&format!("schedule {}", escape::safe(&schedule)), &fault),
            }
        }
        for Fired { run, resumed } in self.taker.turn().await? {
            self.follow(run, resumed, "taken up");
        }
        failed.or_else(|| self.host.unreachable().into_iter().next()).map_or(Ok(()), Err)
    }

    fn follow(&mut self, run: RunId, resumed: stockade::Result<Run>, how: &str) {
        if resumed.is_ok() {
            eprintln!("run {run} is {how}");
        }
        self.driven.spawn(async move {
            let settled = async { resumed?.settled_state().await }.await;
            (run, settled)
        });
    }

    /// Waits for the runs that are driven here.
    async fn drain(&mut self) {
        while let Some(settled) = self.driven.join_next().await {
            self.settled(settled.ok());
        }
    }

    fn settled(&mut self, settled: Option<Driven>) {
        match settled {
            Some((run, Ok(state))) => {
                self.count += 1;
                eprintln!("run {run} is {} ({})", state.status(), escape::safe(state.workflow()));
            }
            Some((run, Err(fault))) => {
                self.exit = self.exit.graver(Exit::of_fault(&fault));
                self.log.complain(&format!("run {run}"), &fault);
            }
            // It has panicked, and said so.
            None => self.exit = self.exit.graver(Exit::Failed),
        }
    }

    fn told(&self, globals: &Globals, late: &[RunId]) -> Exit {
        if globals.json {
            pretty::print_json(&json!({"settled": self.count, "late": late}));
        } else {
            let (count, late) = (self.count, late.len());
            eprintln!("the worker drove {count} runs to where they stand; {late} were late and are left to others");
        }
        // Runs that others go on with are no failure of a worker that was told to end.
        if late.is_empty() { self.exit } else { Exit::Done }
    }
}

/// Tells those who are to be told, every now and then; a server that is slow to take a message keeps no run from going on. A
/// journal that fails is complained of once.
async fn tell(host: Host) {
    let mut outage = Outage::default();
    loop {
        let told = host.notify().await;
        if outage.note(told.is_err()) == News::Fails || told.is_ok() {
            drive::told_notices(told);
        }
        sleep(outage.pause(LOOK)).await;
    }
}
