//! Results that are too long for a conversation: once in the journal, and read in parts or by code.

use serde_json::{Value, json};
use stockade::{
    Budget, Builder, Code, Config, Currency, EffectKind, Entry, Host, Kind, Label, Message, Outcome, RunId, RunState,
};
use stockade_tests::Place;
use stockade_tests::currencies::{OF_CALLS, Played, cut_by_each, to_the_end};
use stockade_tests::flaky::Flaky;

const HANDLE: &str = "result:turn-1/call-1";
/// What stands in the middle of the long result, and nowhere else.
const MIDDLE: &str = "row-2500-";

fn rows() -> Value {
    (0..5_000).map(|row| format!("row-{row}- {}", "ä".repeat(9))).collect::<Vec<_>>().into()
}

/// What the model answers, turn by turn: calls as inline tables of TOML, or a text.
pub(crate) fn script(turns: &[&str]) -> String {
    let answer =
        |(turn, reply): (usize, &&str)| format!("[[answer]]\nwhen = {{ turn = {turn} }}\nreply = {{ {reply} }}\n");
    (1..).zip(turns).map(answer).collect()
}

/// A host with a tool whose result is long, and a model that answers so.
fn builder(place: &Place, turns: &[&str]) -> Builder {
    place.write("replies.toml", script(turns));
    let file = place.path("replies.toml");
    let text = format!(
        "[model.demo]\nprovider = \"scripted\"\nfile = {file:?}\nprice = \"free\"\n\
         [tool.rows]\nidempotent = true\nlabels = [\"untrusted\"]"
    );
    let rows = Flaky::named("all", json!({"type": "array"}), vec![Ok(rows()); 9]);
    let builder = place.host().built_in_languages().scratch(place.path("")).callable("rows", rows);
    builder.configured(&Config::parse(&text).unwrap()).unwrap()
}

const ALL: &str = "calls = [{ name = \"rows.all\", arguments = {} }]";
const DONE: &str = "text = \"done\"";

async fn start(host: &Host, code: Option<&str>) -> (RunId, Outcome) {
    let input = json!({"task": "count", "tools": ["rows"], "code": code});
    let run = host.start("agent", input, Budget::default().fuel(1 << 40)).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// What the model was told of its calls, in the last question.
pub(crate) fn told(state: &RunState) -> Vec<String> {
    let asked = (1..).map_while(|turn| state.effect(&format!("turn-{turn}"))).last();
    let Some(EffectKind::AskModel(question)) = asked.map(|effect| &effect.kind) else { panic!("{state:?}") };
    let tool = |message: &Message| match message {
        Message::Tool { content, .. } => Some(content.clone()),
        _ => None,
    };
    question.messages.iter().filter_map(tool).collect()
}

fn journal(entries: &[Entry]) -> String {
    entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect()
}

/// Reads the part of the result that has this byte and the next ninety-nine.
fn read(from: usize) -> String {
    format!(
        "calls = [{{ name = \"read_result\", arguments = {{ handle = \"{HANDLE}\", from = {from}, bytes = 100 }} }}]"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_is_in_the_journal_once_and_is_read_in_parts() {
    let (place, whole) = (Place::new(), rows().to_string());
    let from = whole.find("\"row-1000-").unwrap();
    let host = builder(&place, &[ALL, &read(from), DONE]).build().await.unwrap();
    let (run, outcome) = start(&host, None).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    let (state, entries) = (host.state(run).await.unwrap(), host.entries(run).await.unwrap());
    let told = told(&state);
    assert!(told[0].starts_with("[\"row-0-") && told[0].contains(HANDLE) && !told[0].contains(MIDDLE), "{}", told[0]);
    let part = told[1].split_once('\n').unwrap().1;
    assert!(part.starts_with("\"row-1000-") && whole[from..].starts_with(part) && part.len() >= 100, "{part}");
    let journal = journal(&entries);
    assert_eq!(journal.matches(MIDDLE).count(), 1);
    // The beginning and the end stand in each state and each question; the result does not.
    assert!(journal.len() < whole.len() + (100 << 10), "{} of {}", journal.len(), whole.len());
    assert_eq!(state.ledger().spent().tool_calls, 1, "a part is no call");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_is_given_a_long_result_that_the_journal_does_not_repeat() {
    let place = Place::new();
    let make = "calls = [{ name = \"run_code\", arguments = { source = \"return Array.from({length: 5000}, (_, n) => \
                'row-' + n + '-')\" } }]";
    let count = format!(
        "calls = [{{ name = \"run_code\", arguments = {{ source = \"return input.results['{HANDLE}'].length\", \
         results = [\"{HANDLE}\"] }} }}]"
    );
    let host = builder(&place, &[make, &count, DONE]).build().await.unwrap();
    let (run, outcome) = start(&host, Some("javascript")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    let told = told(&host.state(run).await.unwrap());
    assert!(told[0].contains(HANDLE) && told[1] == "value: 5000", "{told:?}");
    assert_eq!(journal(&host.entries(run).await.unwrap()).matches(MIDDLE).count(), 1);
    // It does the same when it is run again.
    host.replay(run, "turn-2/call-1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_a_result_carries_its_labels() {
    let place = Place::new();
    let host = builder(&place, &[ALL, &read(5), DONE]).build().await.unwrap();
    let (run, _) = start(&host, None).await;
    let state = host.state(run).await.unwrap();
    let brought: Vec<_> = state.labels()[&Label::Untrusted].iter().map(String::as_str).collect();
    assert_eq!(brought, ["turn-1/call-1", "turn-2/call-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reads_a_result_ends_the_same_when_cut_after_any_record() {
    let place = Place::new();
    let reading = read(70_000);
    let turns = [ALL, &reading, DONE];
    let host = builder(&place, &turns).build().await.unwrap();
    let (run, _) = start(&host, None).await;
    let (ended, entries) = (host.state(run).await.unwrap(), host.entries(run).await.unwrap());
    drop(host);
    for cut in 1..entries.len() {
        place.clear();
        let host = builder(&place, &turns).build().await.unwrap();
        place.journal_of(&entries[..cut]).await;
        host.resume(run).await.unwrap().settled().await.unwrap();
        let state = host.state(run).await.unwrap();
        assert_eq!((state.end(), told(&state)), (ended.end(), told(&ended)), "cut after {cut}");
        assert_eq!(RunState::fold(run, &host.entries(run).await.unwrap()).unwrap(), state);
    }
}

/// A run within a budget that reads a part of a long result.
async fn within(budget: Budget) -> Played {
    let place = Place::new();
    let host = builder(&place, &[ALL, &read(70_000), DONE]).build().await.unwrap();
    let run = host.start("agent", json!({"task": "count", "tools": ["rows"]}), budget).await.unwrap();
    let id = run.id();
    let no_help = async |outcome: Outcome| -> Outcome { panic!("{outcome}") };
    let (_, limits) = to_the_end(&host, run, no_help).await;
    assert_eq!(journal(&host.entries(id).await.unwrap()).matches(MIDDLE).count(), 1);
    Played { said: told(&host.state(id).await.unwrap()).join("\n"), limits }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reads_a_result_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&[&OF_CALLS[..], &[Currency::ModelCalls, Currency::Tokens]].concat(), within).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_names_a_result_of_no_effect_does_not_run() {
    let place = Place::new();
    let host = builder(&place, &[DONE]).build().await.unwrap();
    let results = [("rows".to_owned(), "turn-1/call-1".to_owned())].into();
    let code = Code { results, ..Code::new("javascript", "return 1") };
    let run = host.exec(code, Budget::default().fuel(2_000_000_000)).await.unwrap();
    let Outcome::Failed(fault) = run.settled().await.unwrap() else { panic!("it ran") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("result")), "{fault}");
}
