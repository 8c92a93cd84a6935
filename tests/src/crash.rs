//! Hosts that fail one after the other while they drive a run, and what has become of it in the end.

use std::sync::Arc;

use stockade::journal::SqliteJournal;
use stockade::journal::conformance::{Flaw, Table, Verdict};
use stockade::{Builder, Config, Host, Journal};

use crate::far_side::{FarSide, LATER};
use crate::faulty::{self, Disk, Faulty, Trouble};
use crate::in_turn::{HOUR_MS, InTurn};
use crate::story::{Ending, STORIES, Story, ending, idle};
use crate::trip::Trip;
use crate::{Hand, Place, root};

/// For how many hours a host that lives has a run, and then the last one.
const HOURS: u32 = 6;
const HOURS_OF_THE_LAST: u32 = 40;

/// An agent with the tools of the shop, whose model answers by a script.
const HELPER: &str = "
    [workflow.helper]
    pattern = \"react\"
    system = \"You work at the refund desk of a shop.\"
    tools = [\"purchases\", \"policy\", \"payments\"]
    ask = [\"payments\"]

    [model.demo]
    provider = \"scripted\"
    price = \"free\"
";

/// Of how many scenarios one is played: of all where `STOCKADE_SCENARIOS` is `all`.
pub fn every(sample: usize) -> usize {
    if is_all() { 1 } else { sample }
}

/// Whether all scenarios are played, and not a sample of them.
pub fn is_all() -> bool {
    std::env::var("STOCKADE_SCENARIOS").is_ok_and(|which| which == "all")
}

/// Prints a table, and checks that it has no flaw.
///
/// # Panics
///
/// It has one, or nothing was played.
pub fn done(table: &Table) {
    println!("{table}");
    table.assert_flawless();
}

/// How calls are made again of which no answer came: after a minute and more, for which no driver waits, so that a clock that
/// stands still keeps no host busy.
const AGAIN: &str = "retry = { attempts = 5, backoff_ms = 61000, jitter = false }";

/// Hosts of one configuration, into which journals are put, and what is around them. They are made once for many scenarios.
pub struct Bench {
    /// The hosts, each with the place of its journal.
    pub hosts: Vec<(Host, Faulty)>,
    /// The clock of all.
    pub hand: Hand,
    /// What is outside.
    pub far: FarSide,
    /// The folder of all.
    pub place: Place,
}

/// How a scenario ended.
pub struct Played {
    /// How the runs ended, or what of them does not add up.
    pub ending: Result<Ending, String>,
    /// Whether all of them have.
    pub is_over: bool,
    /// How many operations the first host has asked its journal for.
    pub asked: usize,
}

impl Bench {
    /// Makes so many hosts.
    pub async fn new(hosts: usize) -> Self {
        let (hand, far, place) = (Hand::new(), FarSide::default(), Place::new());
        let mut made = Vec::new();
        for _ in 0..hosts {
            let faulty = Faulty::new(&hand);
            let host = builder(&place, &hand, &far).with_journal(faulty.clone()).build().await.unwrap();
            made.push((host, faulty));
        }
        Self { hosts: made, hand, far, place }
    }

    /// Begins a scenario: ten hours after the beginning, and nothing is booked.
    pub fn begin(&self) {
        self.hand.set(10 * HOUR_MS);
        self.far.clear();
    }

    /// Makes a journal in memory.
    pub fn memory(&self) -> Disk {
        faulty::memory(&self.hand)
    }

    /// Makes a journal in a file of this name.
    pub fn file(&self, name: &str) -> Disk {
        let (path, clock) = (self.place.path(name), self.hand.clock());
        Arc::new(move || -> Arc<dyn Journal> { Arc::new(SqliteJournal::open(&path, clock.clone()).unwrap()) })
    }

    /// Plays each story with each trouble at each operation of a journal that goes by this name, or every n-th of these; then
    /// another host takes over. `disk` makes a journal, for each scenario one, which is empty or has the runs of those before.
    ///
    /// # Panics
    ///
    /// A story does not end although nothing is in its way.
    pub async fn fail_everywhere(&self, journal: &str, disk: impl Fn() -> Disk, every: usize) -> Table {
        let mut table = Table::default();
        for (which, story) in STORIES.iter().enumerate() {
            let (expected, asked) = self.undisturbed(story, &disk()).await;
            for (kind, trouble) in Trouble::ALL.into_iter().enumerate() {
                // Where samples are played, each trouble has others.
                for number in (1 + (which * 7 + kind * 3) % every..=asked).step_by(every) {
                    let name = format!("{}, {trouble:?} at {number}", story.name);
                    let played = self.play(story, &disk(), &name, &[(number, trouble)]).await;
                    table.count(&format!("{journal}: {}", story.name), || name, &played.judged(&expected));
                }
            }
        }
        table
    }

    /// Plays a story without any trouble; returns how it ends, and how many operations of the journal that takes.
    ///
    /// # Panics
    ///
    /// It does not end.
    pub async fn undisturbed(&self, story: &Story, disk: &Disk) -> (Ending, usize) {
        let played = self.play(story, disk, &format!("{}, undisturbed", story.name), &[]).await;
        assert!(played.is_over, "{} does not end", story.name);
        (played.ending.unwrap(), played.asked)
    }

    /// Plays a story on a journal: for each of these troubles, at an operation of this number, a host has the run until it is gone;
    /// the last one has it without any trouble until it has ended.
    pub async fn play(&self, story: &Story, disk: &Disk, playing: &str, troubles: &[(usize, Trouble)]) -> Played {
        self.begin();
        let mut asked = None;
        for (turn, (number, trouble)) in troubles.iter().enumerate() {
            let (host, faulty) = &self.hosts[turn % self.hosts.len()];
            faulty.insert(disk, trouble.at(*number));
            story.tend(host, &self.hand, &self.far, playing, HOURS).await;
            asked.get_or_insert(faulty.asked());
            faulty.remove();
            idle(host).await;
        }
        let (host, faulty) = &self.hosts[troubles.len() % self.hosts.len()];
        faulty.insert(disk, faulty::calm());
        let is_over = story.tend(host, &self.hand, &self.far, playing, HOURS_OF_THE_LAST).await;
        let ending = ending(host, &self.far, &[playing.to_owned()]).await;
        let asked = asked.unwrap_or_else(|| faulty.asked());
        faulty.remove();
        Played { ending, is_over, asked }
    }
}

fn builder(place: &Place, hand: &Hand, far: &FarSide) -> Builder {
    let replies = root().join("examples/react/replies.toml");
    let tools = ["purchases", "policy", "payments", "letters", "desk", LATER];
    let retries: String = tools.map(|tool| format!("[tool.{tool}]\n{AGAIN}\n")).concat();
    let config = Config::parse(&format!("{HELPER}file = {replies:?}\n{retries}")).unwrap();
    let builder =
        far.with_tools(place.bare()).workflow(InTurn).workflow(Trip(&["desk", "till"])).configured(&config).unwrap();
    builder.clock(hand.clock()).scratch(place.path(""))
}

impl Played {
    /// Compares how it ended with how it was to end.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub fn judged(&self, expected: &Ending) -> Verdict {
        let ending = self.ending.as_ref().map_err(|why| (Flaw::Wrong, why.clone()))?;
        let told = || format!("{ending:#?}\nand not\n{expected:#?}");
        if !self.is_over {
            return Err((Flaw::Stuck, told()));
        }
        if let Some(what) = beyond(&ending.booked, &expected.booked) {
            return Err((Flaw::Duplicated, format!("{what}: {}", told())));
        }
        if ending == expected { Ok(()) } else { Err((Flaw::Lost, told())) }
    }
}

/// Returns the first of these that is there more often than it is to be.
fn beyond<'a>(booked: &'a [String], expected: &[String]) -> Option<&'a String> {
    let count = |all: &[String], what: &String| all.iter().filter(|other| *other == what).count();
    booked.iter().find(|what| count(booked, what) > count(expected, what))
}
