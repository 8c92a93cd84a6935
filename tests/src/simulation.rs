//! Whole systems of which a seed decides all: which runs there are, which host does what and when, what fails, how the clock goes.
//!
//! Everything is in one thread, in memory, and by a clock that nothing real turns: the same seed does the same again.

use serde_json::Value;
use stockade::journal::conformance::{Flaw, Verdict};
use stockade::{Filter, Host};
use tokio::task::JoinHandle;

use crate::crash::{Bench, Played};
use crate::far_side::{Mishap, Weather};
use crate::faulty::{Disk, Plan, Trouble};
use crate::in_turn::HOUR_MS;
use crate::story::{DOUBTFUL, Ending, STORIES, Story, ending, idle, is_over, sales};

/// How many hosts share a journal.
pub const HOSTS: usize = 3;

/// How many runs begin at the most, beside those that they start and a doubtful one.
const RUNS_MAX: usize = 4;

/// How many things happen from outside.
const ACTS: usize = 24;

/// Of how many operations of a journal, about, one fails.
const CALM: u64 = 25;

/// Of how many calls of tools, about, one goes wrong, and for how many turns of others an answer may be late.
const FAIR: u64 = 6;
const TURNS_MAX: u64 = 60;

/// For how many hours a host has the runs in the end.
const HOURS_OF_THE_LAST: u32 = 40;

/// A row of numbers that a seed decides (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins the row of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }
}

/// A run of a story, under a name that no other has.
#[derive(Clone)]
struct Playing {
    story: &'static Story,
    name: String,
}

/// What came of a seed.
pub struct Simulated {
    /// How it all ended.
    pub played: Played,
    /// How the runs were to end.
    pub expected: Ending,
    /// In how many runs it was not known whether a sale was made; or which of them says what is not so.
    pub unknown: Result<usize, String>,
    /// What the journal has of the runs, in order: everything but their ids and what a real clock has measured.
    pub journal: Vec<Value>,
}

impl Simulated {
    /// Checks that nothing happened twice, nothing is lost, no run is stuck, and what is not known is said to be so.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub fn judged(&self) -> Verdict {
        self.played.judged(&self.expected)?;
        self.unknown.as_ref().map(|_| ()).map_err(|why| (Flaw::Wrong, why.clone()))
    }
}

/// How each story ends on its own, for many seeds.
pub struct Simulation {
    bench: Bench,
    endings: Vec<Ending>,
}

impl Simulation {
    /// Makes the hosts, and plays each story once without any trouble.
    pub async fn new() -> Self {
        let bench = Bench::new(HOSTS).await;
        let mut endings = Vec::new();
        for story in &STORIES {
            let played = bench.play(story, &bench.memory(), story.name, &[]).await;
            assert!(played.is_over, "{} does not end", story.name);
            endings.push(played.ending.unwrap());
        }
        Self { bench, endings }
    }

    /// Plays what a seed decides.
    pub async fn play(&self, seed: u64) -> Simulated {
        let (bench, mut dice) = (&self.bench, Dice::new(seed));
        bench.begin();
        let disk = bench.memory();
        let (mut playings, expected) = self.cast(&mut dice);
        let names: Vec<_> = playings.iter().map(|playing| playing.name.clone()).collect();
        let doubtful = Playing { story: &DOUBTFUL[dice.index(DOUBTFUL.len())], name: "doubtful".to_owned() };
        playings.push(doubtful.clone());
        bench.far.set_weather(Some(weather(&mut dice)));
        self.act(&playings, &disk, &mut dice).await;
        bench.far.set_weather(None);
        let (host, faulty) = &bench.hosts[0];
        faulty.insert(&disk, Box::new(|_| None));
        let is_over = self.finish(host, &playings).await;
        let unknown = sales(host, &bench.far, &doubtful.name).await;
        let (ending, journal) = (ending(host, &bench.far, &names).await, journal_of(host).await);
        let asked = faulty.asked();
        faulty.remove();
        Simulated { played: Played { ending, is_over, asked }, expected, unknown, journal }
    }

    /// Chooses the stories, and says how they end together.
    fn cast(&self, dice: &mut Dice) -> (Vec<Playing>, Ending) {
        let (mut playings, mut together) = (Vec::new(), Ending { runs: Vec::new(), booked: Vec::new() });
        for number in 0..=dice.index(RUNS_MAX) {
            let chosen = dice.index(STORIES.len());
            let Ending { runs, booked } = self.endings[chosen].clone();
            together.runs.extend(runs);
            together.booked.extend(booked);
            playings.push(Playing { story: &STORIES[chosen], name: format!("playing-{number}") });
        }
        together.runs.sort();
        together.booked.sort();
        (playings, together)
    }

    /// Lets things happen, each of which begins before the one before it has ended.
    async fn act(&self, playings: &[Playing], disk: &Disk, dice: &mut Dice) {
        let (bench, mut begun) = (&self.bench, Vec::<JoinHandle<()>>::new());
        for (_, faulty) in &bench.hosts {
            faulty.insert(disk, troubles(dice));
        }
        for _ in 0..ACTS {
            let (host, faulty) = &bench.hosts[dice.index(HOSTS)];
            match dice.below(12) {
                _ if !faulty.is_in() => faulty.insert(disk, troubles(dice)),
                0 => faulty.remove(),
                1 => bench.hand.back(dice.below(600_000)),
                2 | 3 => bench.hand.forward(dice.below(2 * HOUR_MS)),
                4..=7 => begun.push(self.nudged(host, &playings[dice.index(playings.len())])),
                _ => begun.push(turned(host)),
            }
            for _ in 0..dice.below(40) {
                tokio::task::yield_now().await;
            }
        }
        for act in begun {
            act.await.unwrap();
        }
        for (host, faulty) in &bench.hosts {
            faulty.remove();
            assert!(idle(host).await, "a host without a journal goes on");
        }
    }

    fn nudged(&self, host: &Host, playing: &Playing) -> JoinHandle<()> {
        let (host, far, Playing { story, name }) = (host.clone(), self.bench.far.clone(), playing.clone());
        tokio::spawn(async move { story.nudge(&host, &far, &name).await })
    }

    async fn finish(&self, host: &Host, playings: &[Playing]) -> bool {
        let Bench { hand, far, .. } = &self.bench;
        for Playing { story, name } in playings {
            if !story.tend(host, hand, far, name, HOURS_OF_THE_LAST).await {
                return false;
            }
        }
        for Playing { name, .. } in playings {
            if !is_over(host, name).await {
                return false;
            }
        }
        true
    }
}

/// Has a host take up what there is.
fn turned(host: &Host) -> JoinHandle<()> {
    let host = host.clone();
    tokio::spawn(async move {
        // A journal that fails is what this is about.
        let _ = host.worker().turn().await;
    })
}

/// Lets a few operations of a host fail, each in a way of its own.
fn troubles(dice: &mut Dice) -> Plan {
    let mut dice = Dice::new(dice.below(u64::MAX));
    Box::new(move |_| (dice.below(CALM) == 0).then(|| dice.of(&Trouble::ALL)))
}

/// Lets a few calls of tools go wrong.
fn weather(dice: &mut Dice) -> Weather {
    let mut dice = Dice::new(dice.below(u64::MAX));
    Box::new(move || {
        let late = Mishap::IsLate(1 + dice.below(TURNS_MAX));
        (dice.below(FAIR) == 0).then(|| dice.of(&[Mishap::Fails, Mishap::AnswerIsLost, late]))
    })
}

/// What the journal has of all runs, without what differs each time.
async fn journal_of(host: &Host) -> Vec<Value> {
    let (mut ids, mut all) = (Vec::new(), Vec::new());
    for summary in host.runs(&Filter::default()).await.unwrap() {
        ids.push(summary.run_id.to_string());
        for entry in host.entries(summary.run_id).await.unwrap() {
            all.push(serde_json::to_value(&entry.change).unwrap());
        }
    }
    all.iter_mut().for_each(|value| anonymous(value, &ids));
    all
}

/// Takes the ids of runs, and the time that something took, out of a value.
fn anonymous(value: &mut Value, ids: &[String]) {
    match value {
        Value::String(text) => {
            for (number, id) in ids.iter().enumerate() {
                *text = text.replace(id, &format!("run-{number}"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| anonymous(item, ids)),
        Value::Object(members) => {
            members.remove("wall_us");
            members.values_mut().for_each(|member| anonymous(member, ids));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
