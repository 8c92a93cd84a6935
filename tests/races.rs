//! Several processes want different things of one run at the same time.

use std::process::Stdio;

use stockade_tests::{Answer, Place};

const ROUNDS: usize = 100;

/// Who wants what.
const WISHES: [(&str, &str); 4] = [("approve", "ann"), ("deny", "dan"), ("stop", "sue"), ("resume", "")];

/// Starts all of them before the first has ended.
fn at_once(place: &Place, run: &str) -> Vec<Answer> {
    let start = |(verb, by): (&str, &str)| {
        let by = if by.is_empty() { vec![] } else { vec!["--by", by] };
        let mut command = place.command(&[&[verb, run, "--json"], &by[..]].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<_> = WISHES.into_iter().map(start).collect();
    processes.into_iter().map(|process| Answer::of_json(process.wait_with_output().unwrap())).collect()
}

/// Each is obeyed, or told who was faster; the money moves once, and only by the yes.
#[test]
fn of_processes_that_approve_deny_stop_and_resume_a_run_one_wins_and_the_others_are_told() {
    let place = Place::new();
    let mut booked = 0;
    for round in 0..ROUNDS {
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
