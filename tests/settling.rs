//! A call of which it is not known whether it happened waits for a person, in place of failing its run.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use stockade::{
    Budget, Builder, Change, Code, End, Entry, Fault, Filter, Grant, Host, Kind, Outcome, RunId, RunState, Settlement,
    Status, Stop, WaitingFor,
};
use stockade_tests::currencies::{OF_CALLS, Played, cut_by_each, to_the_end};
use stockade_tests::{Place, dist, input};

/// A payments tool that does not tell a repetition from a new request, and those beside it.
fn tools(place: &Place) -> Builder {
    let shop = Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    place
        .bare()
        .tool("purchases", dist("purchases"), [shop.clone()])
        .tool("policy", dist("policy"), [])
        .tool("payments", dist("payments"), [shop.writable()])
        .tool("letters", dist("letters"), [])
}

async fn host(place: &Place) -> Host {
    tools(place).build().await.unwrap()
}

/// The journal of a run, up to the intent of its refund: as a host leaves it that was killed while it called the tool.
async fn killed_while_it_paid() -> (RunId, Vec<Entry>) {
    let place = Place::new();
    let host = host(&place).await;
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    (id, up_to_the_refund(&entries))
}

fn up_to_the_refund(entries: &[Entry]) -> Vec<Entry> {
    let is_intent = |entry: &Entry| matches!(&entry.change, Change::Reserved { key, .. } if key == "refund");
    let cut = entries.iter().position(is_intent).unwrap() + 1;
    entries[..cut].to_vec()
}

/// A place with a run whose refund is in doubt.
async fn in_doubt(place: &Place) -> (Host, RunId) {
    let (id, entries) = killed_while_it_paid().await;
    let host = host(place).await;
    place.journal_of(&entries).await;
    let outcome = host.resume(id).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::InDoubt(_)), "{outcome}");
    (host, id)
}

fn paid(by: &str) -> Settlement {
    Settlement::done("refund", json!({"reference": "re_7", "amount_cents": 7_900}), by)
}

fn detail(refused: &Fault) -> (Kind, &str) {
    (refused.kind, refused.detail.as_deref().unwrap_or_default())
}

#[tokio::test]
async fn a_call_in_doubt_that_is_settled_as_done_ends_as_the_person_says() {
    let place = Place::new();
    let (host, run) = in_doubt(&place).await;
    let waits = Filter { waiting_for: [WaitingFor::Settlement].into(), ..Filter::default() };
    let listed = host.runs(&waits).await.unwrap();
    assert_eq!((listed[0].run_id, listed[0].status), (run, Status::Waiting));
    assert_eq!(host.state(run).await.unwrap().unknown_calls().collect::<Vec<_>>(), ["refund"]);
    let outcome = host.settle(run, paid("dana")).await.unwrap().unwrap().settled().await.unwrap();
    let Outcome::Done(output) = outcome else { panic!("{outcome}") };
    assert_eq!((&output["reference"], &output["outcome"]), (&json!("re_7"), &json!("processed")));
    assert_eq!(place.refunds(), [""; 0], "the call was not made again");
    assert_eq!(
        (host.runs(&waits).await.unwrap().len(), host.state(run).await.unwrap().unknown_calls().count()),
        (0, 0)
    );
    let entries = host.entries(run).await.unwrap();
    let settled = entries.iter().find_map(|entry| match &entry.change {
        Change::Settled { settlement } => Some(settlement.clone()),
        _ => None,
    });
    assert_eq!(settled, Some(paid("dana")), "the journal says who has found out");
}

#[tokio::test]
async fn a_call_in_doubt_that_is_settled_as_failed_has_failed_for_its_workflow() {
    let place = Place::new();
    let (host, run) = in_doubt(&place).await;
    let settlement = Settlement::failed("refund", "dana").comment(Some("the bank has none".to_owned()));
    let outcome = host.settle(run, settlement).await.unwrap().unwrap().settled().await.unwrap();
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert_eq!(detail(&fault), (Kind::GuestError, "settled"));
    assert!(fault.message.contains("as \"dana\" has found out: the bank has none"), "{fault}");
}

#[tokio::test]
async fn a_settlement_that_fits_nothing_is_refused_and_changes_nothing() {
    let place = Place::new();
    let (host, run) = in_doubt(&place).await;
    let refused = async |settlement| host.settle(run, settlement).await.err().unwrap();
    let wrong = refused(Settlement::done("refund", json!({"reference": 7, "amount_cents": 7_900}), "dana")).await;
    assert_eq!(detail(&wrong), (Kind::Invalid, "settlement"));
    assert!(wrong.message.contains("what payments.refund answers"), "{wrong}");
    let unknown = refused(Settlement::failed("purchase", "dana")).await;
    assert_eq!(detail(&unknown), (Kind::NotFound, "settlement"));
    assert!(unknown.message.contains("in doubt: \"refund\""), "{unknown}");
    assert_eq!(detail(&refused(Settlement::failed("refund", " ")).await), (Kind::Invalid, "settlement"));
    assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
    host.run(run).stop(Stop::by("eve"), Duration::ZERO).await.unwrap();
    assert_eq!(detail(&refused(paid("dana")).await), (Kind::Conflict, "ended"));
    assert_eq!(host.state(run).await.unwrap().unknown_calls().collect::<Vec<_>>(), ["refund"]);
}

const PAYS: &str = "const {reference} = await payments.refund({user_id: input, amount_cents: 7900}); \
                    return 'paid ' + reference";

async fn coding(place: &Place) -> Host {
    tools(place).built_in_languages().scratch(place.path("")).build().await.unwrap()
}

/// A place with a run of code that was killed while it called the tool, and how the run goes on from there.
async fn code_killed_while_it_paid(place: &Place, source: &str) -> (Host, RunId, Outcome) {
    let first = Place::new();
    let host = coding(&first).await;
    let code = Code::new("javascript", source).input("user_789".into()).tools(["payments"]);
    let run = host.exec(code, Budget::default().fuel(1 << 40)).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    let entries = host.entries(id).await.unwrap();
    let begun = entries.iter().position(|entry| matches!(entry.change, Change::Calling { .. })).unwrap();
    let host = coding(place).await;
    place.journal_of(&entries[..=begun]).await;
    let outcome = host.resume(id).await.unwrap().settled().await.unwrap();
    (host, id, outcome)
}

async fn code_in_doubt(place: &Place) -> (Host, RunId) {
    let (host, run, outcome) = code_killed_while_it_paid(place, PAYS).await;
    let Outcome::InDoubt(doubts) = &outcome else { panic!("{outcome}") };
    assert_eq!((doubts.len(), doubts[0].key.as_str(), doubts[0].call.tool.as_str()), (1, "code/0", "payments"));
    (host, run)
}

fn paid_in_code() -> Settlement {
    Settlement { key: "code/0".to_owned(), ..paid("dana") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_code_in_doubt_is_settled_and_the_code_goes_on_with_the_answer() {
    let place = Place::new();
    let (host, run) = code_in_doubt(&place).await;
    assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
    let wrong = host.settle(run, Settlement::done("code/1", json!(1), "dana")).await.err().unwrap();
    assert_eq!(detail(&wrong), (Kind::NotFound, "settlement"));
    let misfit = host.settle(run, Settlement::done("code/0", json!(1), "dana")).await.err().unwrap();
    assert_eq!(detail(&misfit), (Kind::Invalid, "settlement"));
    let outcome = host.settle(run, paid_in_code()).await.unwrap().unwrap().settled().await.unwrap();
    assert_eq!(outcome, Outcome::Done(json!("paid re_7")));
    assert_eq!(place.refunds(), [""; 0], "the call was not made again");
    let state = host.state(run).await.unwrap();
    assert_eq!((state.unknown_calls().count(), state.open_doubts().count()), (0, 0));
    assert_eq!(state.doubt("code/0").unwrap().settlement, Some(paid_in_code()));
    host.replay(run, "code").await.unwrap();
    let late = host.settle(run, paid_in_code()).await.err().unwrap();
    assert_eq!(detail(&late), (Kind::Conflict, "settled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_hears_that_a_call_in_doubt_did_not_happen() {
    let place = Place::new();
    let (host, run) = code_in_doubt(&place).await;
    let settlement = Settlement::failed("code/0", "dana").comment(Some("the bank has none".to_owned()));
    let outcome = host.settle(run, settlement).await.unwrap().unwrap().settled().await.unwrap();
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert!(fault.message.contains("as \"dana\" has found out: the bank has none"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_catches_an_unknown_outcome_waits_for_no_person() {
    for (source, said) in [
        (
            "try { await payments.refund({user_id: input, amount_cents: 7900}) } catch (error) { return 'caught' }",
            "caught",
        ),
        (
            "try { await payments.refund({user_id: input, amount_cents: 7900}) } \
             catch (error) { await payments.refund({user_id: input, amount_cents: 7900}) }",
            "was called with these arguments",
        ),
    ] {
        let (_, _, outcome) = code_killed_while_it_paid(&Place::new(), source).await;
        assert!(matches!(outcome, Outcome::Done(_) | Outcome::Failed(_)), "{outcome}");
        assert!(outcome.to_string().contains(said), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settled_code_cut_after_any_record_ends_the_same() {
    let place = Place::new();
    let (first, run) = code_in_doubt(&place).await;
    first.settle(run, paid_in_code()).await.unwrap().unwrap().settled().await.unwrap();
    let entries = first.entries(run).await.unwrap();
    drop(first);
    for cut in 1..entries.len() {
        place.clear();
        let host = coding(&place).await;
        place.journal_of(&entries[..cut]).await;
        let mut outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        if let Outcome::InDoubt(_) = outcome {
            outcome = host.settle(run, paid_in_code()).await.unwrap().unwrap().settled().await.unwrap();
        }
        let Outcome::Done(said) = outcome else { panic!("cut after {cut}: {outcome}") };
        // Before its intent was written, the call is made now, and has a reference of its own.
        assert_eq!(said == "paid re_7", place.refunds().is_empty(), "cut after {cut}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_in_doubt_is_settled_by_command() {
    let place = Place::new();
    let (host, run) = code_in_doubt(&place).await;
    drop(host);
    let run = run.to_string();
    let shown = place.call(&["show", &run]).stdout;
    assert!(shown.contains("code/0 --as failed"), "{shown}");
    let output = json!({"reference": "re_7", "amount_cents": 7_900}).to_string();
    let settled = place.json(&["settle", &run, "code/0", "--as", "done", "--output", &output, "--by", "dana"]);
    assert_eq!((settled.exit, &settled.json["output"]), (Some(0), &json!("paid re_7")), "{settled:#?}");
}

/// Several people settle one call at once, one of them otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_that_settle_a_call_at_once_wins_and_the_others_are_told_who() {
    let place = Place::new();
    let (first, run) = in_doubt(&place).await;
    let others = join_all((0..3).map(|_| host(&place))).await;
    let hosts = [vec![first], others].concat();
    let settle = |(number, host): (usize, &Host)| {
        let by = format!("person {number}");
        let settlement = if number == 0 { Settlement::failed("refund", &by) } else { paid(&by) };
        let host = host.clone();
        async move {
            let Some(run) = host.settle(run, settlement).await? else { return Ok(()) };
            run.settled().await.map(drop)
        }
    };
    let settled = join_all(hosts.iter().enumerate().map(settle)).await;
    let outcome = hosts[0].run(run).settled().await;
    assert!(matches!(outcome, Ok(Outcome::Done(_) | Outcome::Failed(_))), "{outcome:?}");
    let state = hosts[0].state(run).await.unwrap();
    let winner = state.doubt("refund").and_then(|doubt| doubt.settlement.clone()).unwrap().by;
    for (number, settled) in settled.iter().enumerate() {
        match settled {
            Ok(()) => assert_eq!(format!("person {number}"), winner),
            Err(refused) => {
                assert_eq!(detail(refused), (Kind::Conflict, "settled"), "{refused}");
                assert!(refused.message.contains(&winner), "{refused}");
            }
        }
    }
    assert_eq!(settled.iter().filter(|settled| settled.is_ok()).count(), 1);
}

/// What is paused takes the settlement in, and hears of it once it is resumed.
#[tokio::test]
async fn a_paused_run_hears_of_its_settlement_once_it_is_resumed() {
    let place = Place::new();
    let (host, run) = in_doubt(&place).await;
    host.run(run).pause(Stop::by("eve"), Duration::ZERO).await.unwrap();
    assert!(host.settle(run, paid("dana")).await.unwrap().is_none());
    assert_eq!(host.state(run).await.unwrap().status(), Status::Paused);
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
}

/// A settlement is durable before the run goes on, and is heard whatever is killed in between.
#[tokio::test]
async fn a_settled_run_cut_after_any_record_ends_the_same() {
    let place = Place::new();
    let (first, run) = in_doubt(&place).await;
    first.settle(run, paid("dana")).await.unwrap().unwrap().settled().await.unwrap();
    let (ended, entries) = (first.state(run).await.unwrap(), first.entries(run).await.unwrap());
    drop(first);
    let doubted = entries.iter().position(|entry| matches!(entry.change, Change::Doubted { .. })).unwrap();
    for cut in doubted..=entries.len() {
        place.clear();
        let host = host(&place).await;
        place.journal_of(&entries[..cut]).await;
        host.resume(run).await.unwrap().settled().await.unwrap();
        if host.state(run).await.unwrap().open_doubts().next().is_some() {
            host.settle(run, paid("dana")).await.unwrap().unwrap().settled().await.unwrap();
        }
        let state = host.state(run).await.unwrap();
        assert_eq!((state.end(), state.log()), (ended.end(), ended.log()), "cut after {cut}");
        assert!(matches!(state.end(), Some(End::Done(_))) && place.refunds().is_empty(), "cut after {cut}");
        assert_eq!(RunState::fold(run, &host.entries(run).await.unwrap()).unwrap(), state);
    }
}

/// A run within a budget that is killed while it pays, is settled, and goes on.
async fn within(budget: Budget) -> Played {
    let (first, second) = (Place::new(), Place::new());
    let one = host(&first).await;
    let run = one.start("refund", input("user_789"), budget).await.unwrap();
    let id = run.id();
    let no_help = async |outcome: Outcome| -> Outcome { panic!("{outcome}") };
    let (_, mut limits) = to_the_end(&one, run, no_help).await;
    let entries = up_to_the_refund(&one.entries(id).await.unwrap());
    let is_suspension = |entry: &&Entry| matches!(entry.change, Change::Suspended { .. });
    limits.truncate(entries.iter().filter(is_suspension).count());
    let other = host(&second).await;
    second.journal_of(&entries).await;
    let settle = async |outcome: Outcome| {
        assert!(matches!(outcome, Outcome::InDoubt(_)), "{outcome}");
        other.settle(id, paid("dana")).await.unwrap().unwrap().settled().await.unwrap()
    };
    let (outcome, after) = to_the_end(&other, other.resume(id).await.unwrap(), settle).await;
    limits.extend(after);
    let Outcome::Done(output) = outcome else { panic!("{outcome}") };
    assert_eq!(second.refunds(), [""; 0], "the call was not made again");
    Played { said: format!("{} {}", output["reference"], output["outcome"]), limits }
}

#[tokio::test]
async fn a_settled_run_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&OF_CALLS, within).await;
}

/// A settlement that was left in the journal by a process that was killed before it could go on with the run.
#[tokio::test]
async fn a_settlement_that_was_left_behind_is_due() {
    let place = Place::new();
    let (host, run) = in_doubt(&place).await;
    let value = serde_json::to_string(&paid("dana")).unwrap();
    let key = format!("{run}/refund");
    let insert =
        "INSERT INTO index_rows (space, key, run, needed, due_ms, value) VALUES ('settlement', ?1, ?2, 0, 0, ?3)";
    let journal = rusqlite::Connection::open(place.data("journal.db")).unwrap();
    journal.execute(insert, rusqlite::params![key, run.as_bytes(), value]).unwrap();
    let [fired] = <[_; 1]>::try_from(host.fire_due().await.unwrap()).ok().unwrap();
    let outcome = fired.resumed.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    assert_eq!(host.fire_due().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_run_in_doubt_is_listed_shown_and_settled_by_command() {
    let place = Place::new();
    let (host, run) = in_doubt(&place).await;
    drop(host);
    let run = run.to_string();
    let listed = place.json(&["runs", "--waiting-for", "settlement"]).json;
    assert_eq!((&listed[0]["run_id"], &listed[0]["waiting_for"]), (&json!(run), &json!(["settlement"])));
    assert!(listed[0]["waits_for"][0].as_str().unwrap().starts_with("for a person to settle refund: payments.refund"));
    assert_eq!(place.json(&["runs", "--needs-me"]).json[0]["run_id"], json!(run));
    let shown = place.call(&["show", &run]).stdout;
    assert!(
        shown.contains("it is not known whether payments.refund") && shown.contains("refund --as failed"),
        "{shown}"
    );
    let refused = place.json(&["settle", &run, "refund", "--as", "failed", "--output", "1"]);
    assert_eq!(refused.exit, Some(2), "{refused:#?}");
    let refused = place.json(&["settle", &run, "refund", "--as", "done", "--output", "1"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("settlement")));
    let output = json!({"reference": "re_7", "amount_cents": 7_900}).to_string();
    let settled = place.json(&["settle", &run, "refund", "--as", "done", "--output", &output, "--by", "dana"]);
    assert_eq!((settled.exit, &settled.json["output"]["reference"]), (Some(0), &json!("re_7")), "{settled:#?}");
    let again = place.json(&["settle", &run, "refund", "--as", "failed"]);
    assert_eq!(again.exit, Some(6));
    assert!(again.json["error"]["message"].as_str().unwrap().contains("by \"dana\""), "{again:#?}");
}
