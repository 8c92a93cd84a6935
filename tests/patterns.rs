//! Each pattern, as `examples/` shows it: to its end, killed at every point, and with a budget that cuts it everywhere.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use stockade::{Budget, Config, Currency, Decision, Entry, Exceeded, Host, Outcome, RunId, RunState, Status};
use stockade_refund::{Refund, Settings};
use stockade_tests::{Place, decide, root};

/// A folder of `examples/` with a `case.json`.
struct Example {
    name: String,
    folder: PathBuf,
    workflow: String,
    input: Value,
    output: Value,
    /// The arguments that a person puts in place of those of a call that is asked about, where not just a yes is said.
    edit: Option<Value>,
}

fn examples() -> Vec<Example> {
    let folders = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut examples: Vec<_> = folders.filter(|folder| folder.join("case.json").exists()).map(example).collect();
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(examples.len() >= 7, "each pattern has an example");
    examples
}

fn example(folder: PathBuf) -> Example {
    let case: Value = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
    Example {
        name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
        workflow: case["workflow"].as_str().unwrap().to_owned(),
        input: case["input"].clone(),
        output: case["output"].clone(),
        edit: case.get("edit").cloned(),
        folder,
    }
}

/// More than any example needs.
fn plenty() -> Budget {
    Budget::default()
        .fuel(50_000_000_000)
        .steps(500)
        .with(Currency::Memory, 256 << 20)
        .with(Currency::Wall, 600_000_000)
}

impl Example {
    async fn host(&self, place: &Place) -> Host {
        let config = Config::load(&self.folder.join("stockade.toml")).unwrap();
        let builder = place.host().built_in_languages().scratch(place.path("")).memory(place.data("memory.db"));
        let refund = Refund::from(config.settings::<Settings>("refund").unwrap());
        builder.configured(&config).unwrap().workflow(refund).build().await.unwrap()
    }

    fn decision(&self) -> Decision {
        self.edit.clone().map_or_else(|| Decision::approve("dana"), |arguments| Decision::edit("dana", arguments))
    }

    /// Runs it to its end, and says yes to whatever is asked.
    async fn run(&self, host: &Host, budget: Budget) -> (RunId, Vec<Exceeded>) {
        let run = host.start(&self.workflow, self.input.clone(), budget).await.unwrap();
        let id = run.id();
        (id, self.to_the_end(host, id, run.settled().await.unwrap()).await)
    }

    /// Says yes to what is asked and adds what is missing, and returns every limit that was in the way.
    async fn to_the_end(&self, host: &Host, run: RunId, mut outcome: Outcome) -> Vec<Exceeded> {
        let mut limits = Vec::new();
        loop {
            let next = match outcome {
                Outcome::Done(output) => {
                    assert_eq!(output, self.output, "{}", self.name);
                    return limits;
                }
                Outcome::Waiting(_) => decide(host, run, self.decision()).await,
                Outcome::Paused(_) | Outcome::Stopped(_) => panic!("{outcome}"),
                Outcome::Suspended(exceeded) => {
                    limits.push(exceeded);
                    host.extend(run, Budget::NONE.with(exceeded.limit, step(exceeded.limit))).await
                }
                other @ (Outcome::Failed(_) | Outcome::Parked(_) | Outcome::InDoubt(_)) => {
                    panic!("{}: {other}", self.name)
                }
            };
            outcome = next.unwrap().settled().await.unwrap();
        }
    }
}

/// How much is added of what ran out: as little as lets the next effect begin.
fn step(currency: Currency) -> u64 {
    match currency {
        Currency::Tokens => 500,
        Currency::Fuel => 2_000_000_000,
        Currency::Journal => 4_096,
        _ => 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_ends_as_it_says() {
    for example in examples() {
        let place = Place::new();
        let host = example.host(&place).await;
        let (_, limits) = example.run(&host, plenty()).await;
        assert_eq!(limits, [], "{}", example.name);
    }
}

/// Cuts the journal of each example after each of its records, and goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_is_killed_at_every_point_ends_as_if_it_had_not_been() {
    for example in examples() {
        let place = Place::new();
        let whole = example.host(&place).await;
        let (run, _) = example.run(&whole, plenty()).await;
        let entries = whole.entries(run).await.unwrap();
        drop(whole);
        for length in 1..entries.len() {
            // The same place: the tool's grants name its files, and a yes is bound to them.
            place.clear();
            resumed(&example, &place, run, &entries[..length]).await;
        }
    }
}

async fn resumed(example: &Example, place: &Place, run: RunId, entries: &[Entry]) {
    place.journal_of(entries).await;
    let host = example.host(place).await;
    let outcome = host.resume(run).await.unwrap().settled().await;
    let outcome = outcome.unwrap_or_else(|fault| panic!("{} after {} records: {fault}", example.name, entries.len()));
    example.to_the_end(&host, run, outcome).await;
    // What was asked of the model before the cut was not asked again.
    let state = host.state(run).await.unwrap();
    assert_eq!(state.status(), Status::Done);
}

/// Gives each example as little as it can begin with, and adds to it by the least; at each limit it stops and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_cuts_each_pattern_at_every_step_and_leaves_it_resumable() {
    for example in examples() {
        let currencies =
            [Currency::Steps, Currency::ModelCalls, Currency::Tokens, Currency::ToolCalls, Currency::Journal];
        for currency in currencies {
            let place = Place::new();
            let host = example.host(&place).await;
            let (run, limits) = example.run(&host, plenty().with(currency, 0)).await;
            let spent = spent(&host, run, currency).await;
            assert!(limits.iter().all(|exceeded| exceeded.limit == currency), "{}: {limits:?}", example.name);
            assert_eq!(limits.is_empty(), spent == 0, "{}: {currency:?} is a limit where it is used", example.name);
            if matches!(currency, Currency::Steps | Currency::ModelCalls) {
                assert_eq!(limits.len() as u64, spent, "{}: it stopped before each one", example.name);
            }
        }
    }
}

async fn spent(host: &Host, run: RunId, currency: Currency) -> u64 {
    let state: RunState = host.state(run).await.unwrap();
    state.ledger().spent().get(currency)
}

#[test]
fn the_graph_of_each_example_can_be_drawn() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for example in examples() {
        let host = runtime.block_on(example.host(&Place::new()));
        let drawing = host.workflow(&example.workflow).unwrap().graph().to_string();
        assert!(drawing.starts_with("stateDiagram-v2\n    [*] --> "), "{drawing}");
    }
}
