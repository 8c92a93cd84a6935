//! Several processes want different things of one run at the same time.
//!
//! A test run plays a sample of the rounds; with `STOCKADE_SCENARIOS=all`, each of these tests plays all that it has.

use std::process::Stdio;

use serde_json::{Value, json};
use stockade_tests::crash::every;
use stockade_tests::{Answer, Place};

const ROUNDS: usize = 100;

/// The numbers of the rounds to play. Also in a sample, the question expires at once in some, and in others after all times.
fn rounds() -> impl Iterator<Item = usize> {
    (0..ROUNDS).step_by(every(7))
}

/// Who wants what.
const WISHES: [(&str, &str); 4] = [("approve", "ann"), ("deny", "dan"), ("stop", "sue"), ("resume", "")];

/// Starts all of them before the first has ended.
fn at_once(place: &Place, run: &str) -> Vec<Answer> {
    let command = |(verb, by): (&'static str, &'static str)| {
        let by = if by.is_empty() { vec![] } else { vec!["--by", by] };
        [&[verb, run], &by[..]].concat()
    };
    together(place, &WISHES.map(command))
}

/// Calls the binary with all of these arguments at once, and returns what each has answered.
fn together(place: &Place, commands: &[Vec<&str>]) -> Vec<Answer> {
    let start = |args: &Vec<&str>| {
        let mut command = place.command(&[&args[..], &["--json"]].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<_> = commands.iter().map(start).collect();
    processes.into_iter().map(|process| Answer::of_json(process.wait_with_output().unwrap())).collect()
}

/// Each is obeyed, or told who was faster; the money moves once, and only by the yes.
#[test]
fn of_processes_that_approve_deny_stop_and_resume_a_run_one_wins_and_the_others_are_told() {
    let place = Place::new();
    let mut booked = 0;
    for round in rounds() {
        let run = place.refund("user_123", &[]).run();
        let answers = at_once(&place, &run);
        let shown = place.json(&["show", &run]).json;
        let (status, decision) = (shown["status"].as_str().unwrap(), &shown["approvals"][0]["decision"]["by"]);
        let stopped = status == "stopped";
        assert!(stopped || status == "done", "{round}: {shown}");
        for ((verb, by), answer) in WISHES.into_iter().zip(&answers) {
            let won = if verb == "stop" { stopped } else { by.is_empty() || decision == by };
            // `stop` takes several runs, and answers with a list.
            let error = answer.json.pointer("/error").or(answer.json.pointer("/0/error"));
            let told = error.and_then(|error| error["message"].as_str()).unwrap_or_default();
            let faster = [decision.as_str().unwrap_or("sue"), "sue"];
            match (answer.exit, won) {
                (Some(0 | 3 | 7), true) => {}
                (Some(6), _) if by.is_empty() => {}
                (Some(6), false) => assert!(
                    faster.iter().any(|name| told.contains(name)) || told.contains("is done"),
                    "{round} {verb}: {told}"
                ),
                _ => panic!("{round} {verb}: {answer:?}, decided by {decision}, {status}"),
            }
        }
        let refunds = place.refunds().iter().filter(|key| key.starts_with(&run)).count();
        assert!(refunds <= 1 && (refunds == 0 || *decision == "ann"), "{round}: {refunds} refunds");
        assert!(stopped || refunds == usize::from(*decision == "ann"), "{round}: {shown}");
        booked += refunds;
    }
    assert_eq!(place.refunds().len(), booked);
}

/// A place whose agent wants one refund and then is done; its question expires after so many milliseconds.
fn expiring(place: &Place, expires_ms: usize) {
    let call = "{ name = \"payments.refund\", arguments = { user_id = \"user_789\", amount_cents = 7900 } }";
    let replies = format!(
        "[[answer]]\nwhen = {{ turn = 1 }}\nreply = {{ calls = [{call}] }}\n\
         [[answer]]\nwhen = {{ turn = 2 }}\nreply = {{ text = \"done\" }}\n"
    );
    let file = place.write("replies.toml", replies);
    place.write(
        "stockade.toml",
        format!(
            "[model.demo]\nprovider = \"scripted\"\nfile = {file:?}\nprice = \"free\"\n\
             [tool.payments]\napproval = {{ expires = \"{expires_ms}ms\" }}\n"
        ),
    );
}

/// What a process was told that was too late.
fn told(answer: &Answer) -> &str {
    let error = answer.json.pointer("/error").or(answer.json.pointer("/0/error"));
    error.and_then(|error| error["message"].as_str()).unwrap_or_default()
}

/// What became of a run that several processes wanted different things of.
struct Became {
    status: String,
    /// Who decided.
    by: Option<String>,
    has_expired: bool,
}

impl Became {
    /// Looks at a run that has ended; where its question has expired while no process looked, it is looked at now.
    fn of(place: &Place, run: &str) -> Self {
        for _ in 0..50 {
            let shown = place.json(&["show", run]).json;
            let (status, question) = (shown["status"].as_str().unwrap().to_owned(), &shown["approvals"][0]);
            if status != "waiting" {
                let by = question["decision"]["by"].as_str().map(str::to_owned);
                return Self { status, by, has_expired: question["expired_ms"] != Value::Null };
            }
            place.json(&["resume", "--due"]);
        }
        panic!("run {run} waits although its question has expired")
    }

    /// Whether an error names what was faster.
    fn is_named_in(&self, told: &str) -> bool {
        let by = self.by.as_deref().is_some_and(|by| told.contains(by));
        let stopped = self.status == "stopped" && told.contains("sue");
        by || stopped || told.contains("expired") || told.contains("is done") || told.contains("takes no signal")
    }
}

/// Each is obeyed, or told what was faster; the money moves once, as the person said who decided, and not after the deadline.
#[test]
fn of_processes_that_decide_edit_stop_signal_and_let_expire_one_wins_and_the_others_are_told() {
    let place = Place::new();
    for round in rounds() {
        // Some questions have expired before anyone can decide, and most expire about when the processes have begun.
        expiring(&place, if round.is_multiple_of(10) { 20 } else { 100 + 7 * round });
        let asked = place.json(&["agent", "refund it", "--tool", "payments", "--by", "robin"]);
        if asked.exit == Some(0) {
            // It expired before the process that asked had ended.
            assert!(asked.json["approvals"][0]["expired_ms"].is_u64(), "{asked:?}");
            continue;
        }
        assert_eq!(asked.exit, Some(3), "{asked:?}");
        let run = asked.run();
        let edited = json!({"user_id": "user_789", "amount_cents": 4_900}).to_string();
        let commands = [
            vec!["approve", &run, "--by", "ann"],
            vec!["deny", &run, "--by", "dan"],
            vec!["edit", &run, "--input", &edited, "--by", "eve"],
            vec!["stop", &run, "--by", "sue"],
            vec!["signal", &run, "paid", "1", "--key", "evt_1", "--by", "bank"],
            vec!["resume", &run],
            vec!["resume", "--due"],
        ];
        let answers = together(&place, &commands);
        let became = Became::of(&place, &run);
        let Became { status, by, has_expired } = &became;
        assert!(status == "stopped" || status == "done", "{round}: {status}");
        assert!(!(by.is_some() && *has_expired), "{round}: decided by {by:?}, and expired");
        assert!(by.is_some() || *has_expired || status == "stopped", "{round}: {status}");
        for (command, answer) in commands.iter().zip(&answers) {
            let is_persons = command.contains(&"ann") || command.contains(&"dan") || command.contains(&"eve");
            let won = match command[0] {
                "stop" => status == "stopped",
                _ if is_persons => by.as_deref() == command.last().copied(),
                // These two want nothing that another one could take away.
                _ => true,
            };
            match (answer.exit, won) {
                (Some(0 | 3 | 7), true) => {}
                // Another process drives the run on at that moment.
                (Some(1), true) if command[0] == "signal" => {
                    assert!(["running", "interrupted"].contains(&answer.json["status"].as_str().unwrap_or_default()));
                }
                (Some(6), true) if command[0] == "resume" => {}
                (Some(6), _) if !is_persons || !won => {
                    assert!(became.is_named_in(told(answer)), "{round} {command:?}: {answer:?}, {status}, {by:?}");
                }
                _ => panic!("{round} {command:?}: {answer:?}, {status}, by {by:?}, expired: {has_expired}"),
            }
        }
        let amounts = amounts(&place, &run);
        let owed: &[u64] = match by.as_deref() {
            Some("ann") => &[7_900],
            Some("eve") => &[4_900],
            _ => &[],
        };
        assert!(amounts == owed || (status == "stopped" && amounts.is_empty()), "{round}: {amounts:?} by {by:?}");
    }
}

/// Returns what was refunded in a run.
fn amounts(place: &Place, run: &str) -> Vec<u64> {
    let shop = place.shop();
    let mut select = shop.prepare("SELECT amount_cents FROM refunds WHERE idempotency_key LIKE ?1 || '%'").unwrap();
    select.query_map([run], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}
