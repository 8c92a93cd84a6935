//! A host in a process of its own, which does what it is told on its standard input.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use stockade::{Fired, Host};
use tokio::task::JoinSet;

use crate::hosts::builder;
use crate::measure::{Sample, cpu_time};
use crate::mix::{Work, leave, refunds, to_the_end};
use crate::postgres::Server;

/// The argument by which this program knows that it is such a process.
pub(crate) const CHILD: &str = "be-a-host";

/// What a process is told instead of the name of a database, where its journal is a file.
pub(crate) const FILE: &str = "file";

/// What a process may be told.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    /// Make so many whole runs of the mix, so many of them in flight.
    Mix { runs: usize, in_flight: usize },
    /// Start so many runs of the mix, and leave them in the journal.
    Leave { runs: usize },
    /// Take up runs that were left, so many at once, until none is left.
    Take { in_flight: usize },
}

impl Order {
    fn line(self) -> String {
        match self {
            Self::Mix { runs, in_flight } => format!("mix {runs} {in_flight}"),
            Self::Leave { runs } => format!("leave {runs} 0"),
            Self::Take { in_flight } => format!("take 0 {in_flight}"),
        }
    }

    fn read(line: &str) -> Self {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let mut number = || words.next().unwrap().parse::<usize>().unwrap();
        let (runs, in_flight) = (number(), number());
        match name {
            "mix" => Self::Mix { runs, in_flight },
            "leave" => Self::Leave { runs },
            _ => Self::Take { in_flight },
        }
    }

    async fn carry_out(self, host: &Host) {
        match self {
            Self::Mix { runs, in_flight } => refunds(host, Work::Mix, runs, in_flight).await,
            Self::Leave { runs } => leave(host, Work::Mix, runs).await,
            Self::Take { in_flight } => take(host, in_flight).await,
        }
    }
}

/// A process with a host.
pub(crate) struct Process {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Begins one whose shop is in this folder, and whose journal is in a database, or beside the shop.
    pub(crate) fn begin(journal: &str, dir: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let command = command.arg(CHILD).arg(journal).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self { child, orders, answers };
        process.done();
        process
    }

    /// Waits until an order is carried out; returns the processor's time that it took there.
    fn done(&mut self) -> Duration {
        Duration::from_micros(self.answers.next().unwrap().unwrap().parse().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Has processes carry out an order each, side by side, and returns what so many runs took in all.
pub(crate) fn carried_out(processes: &mut [Process], order: Order, runs: usize) -> Sample {
    let begun = Instant::now();
    for process in &mut *processes {
        writeln!(process.orders, "{}", order.line()).unwrap();
    }
    let cpu = processes.iter_mut().map(Process::done).sum();
    Sample::of(runs, begun.elapsed(), cpu)
}

/// Is such a process, until it is ended.
pub(crate) async fn work(journal: &str, dir: &Path) {
    let builder = builder(dir);
    let builder = if journal == FILE { builder } else { Server::named().unwrap().journal(builder, journal) };
    let host = builder.build().await.unwrap();
    refunds(&host, Work::Mix, 20, 4).await;
    println!("0");
    for line in std::io::stdin().lines() {
        let before = cpu_time();
        Order::read(&line.unwrap()).carry_out(&host).await;
        println!("{}", cpu_time().saturating_sub(before).as_micros());
    }
}

/// Does as `stockade worker --once` does, and approves what the runs ask.
async fn take(host: &Host, in_flight: usize) {
    let mut worker = host.worker().at_once(in_flight);
    let mut driven = JoinSet::new();
    loop {
        for Fired { resumed, .. } in worker.turn().await.unwrap() {
            let (host, run) = (host.clone(), resumed.unwrap());
            driven.spawn(async move { to_the_end(&host, run).await });
        }
        match driven.join_next().await {
            Some(ended) => ended.unwrap(),
            // Another worker may have been faster with all that was looked at.
            None if host.unfinished().await.unwrap().is_empty() => return,
            None => {}
        }
    }
}
