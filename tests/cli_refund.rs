//! All paths of the refund workflow through the real binary, and the command line's contract.

use serde_json::{Value, json};
use stockade_tests::{Answer, Place};

const FETCHED_123: &str = r#"Fetched purchase data: {"days_ago":12,"item":"Premium Subscription","price":"$149.00"}"#;
const PASSED: &str = "Policy validation passed (within 30-day window).";
const PAUSED: [&str; 5] = [
    "Started workflow for user user_123 with request: 'not what I expected'",
    FETCHED_123,
    PASSED,
    "Refund of $149.00 exceeds limit. Moving to human approval state.",
    "Execution paused: waiting for human operator approval.",
];
const DRAFTED: &str = "Customer email drafted successfully. Workflow complete.";

/// The letter around what it says.
fn letter(body: &str) -> String {
    format!("Dear Customer,\n\n{body}\n\nBest regards,\nGhaznix Support Agent")
}

fn log(answer: &Answer) -> Vec<&str> {
    answer.json["log"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

/// Checks what every run that ended well has in common.
#[track_caller]
fn assert_done(answer: &Answer, outcome: &str, body: &str) {
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    assert_eq!((&answer.json["status"], &answer.json["state"]), (&json!("done"), &json!("COMPLETE")));
    assert_eq!(answer.json["output"]["outcome"], outcome);
    assert_eq!(answer.json["output"]["letter"], letter(body));
    assert_eq!((&answer.json["error"], &answer.json["approval"]), (&Value::Null, &Value::Null));
    assert_eq!(log(answer).last(), Some(&DRAFTED));
}

#[track_caller]
fn assert_usage(answer: &Answer, steps: u64, tool_calls: u64) {
    let usage = &answer.json["usage"];
    assert_eq!((&usage["steps"], &usage["tool_calls"]), (&json!(steps), &json!(tool_calls)));
    assert!((1_000..100_000).contains(&usage["fuel"].as_u64().unwrap()), "{usage}");
    assert!((64 << 10..4 << 20).contains(&usage["memory_bytes_peak"].as_u64().unwrap()), "{usage}");
    assert!(usage["wall_us"].as_u64().unwrap() > 0, "{usage}");
    assert_eq!((&usage["model_calls"], &usage["tokens"], &usage["money_micros"]), (&json!(0), &json!(0), &json!(0)));
}

#[test]
fn a_refund_within_the_limits_is_made_at_once() {
    let place = Place::new();
    let answer = place.refund("user_789", &[]);
    assert_done(&answer, "processed", "Your refund request for $79.00 has been successfully processed.");
    assert_usage(&answer, 6, 5);
    assert_eq!(answer.json["output"]["refunded"], "$79.00");
    assert_eq!(answer.json["output"]["reference"], "re_1");
    let expected = [
        "Started workflow for user user_789 with request: 'not what I expected'",
        r#"Fetched purchase data: {"days_ago":5,"item":"Starter License","price":"$79.00"}"#,
        PASSED,
        "Refund of $79.00 is within limits. Proceeding to execution.",
        "Successfully processed stripe refund for $79.00.",
        DRAFTED,
    ];
    assert_eq!(log(&answer), expected);
    assert_eq!(place.refunds(), [format!("{}/refund", answer.run())]);
    let booked = place.shop().query_row("SELECT user_id, amount_cents FROM refunds", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?))
    });
    assert_eq!(booked.unwrap(), ("user_789".to_owned(), 7_900));
}

#[test]
fn a_purchase_that_may_not_be_refunded_ends_with_a_letter_and_no_refund() {
    let too_old = "Sorry, our policy only allows refunds within 30 days of purchase.";
    let cases = [
        ("user_456", "too_old", too_old, 4, "Policy validation failed: Purchase older than 30 days."),
        (
            "nobody",
            "unknown_customer",
            "No purchase history found for this user.",
            3,
            "Fetch failed: User not found in database.",
        ),
    ];
    for (user, outcome, body, steps, line) in cases {
        let place = Place::new();
        let answer = place.refund(user, &[]);
        assert_done(&answer, outcome, body);
        assert_usage(&answer, steps, steps - 1);
        assert!(log(&answer).contains(&line), "{answer:#?}");
        assert_eq!(
            (&answer.json["output"]["refunded"], &answer.json["output"]["reference"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(place.refunds().len(), 0);
    }
}

#[test]
fn a_refund_over_the_limit_is_approved_in_another_process() {
    let place = Place::new();
    let asked = place.refund("user_123", &[]);
    assert_eq!(asked.exit, Some(3), "{asked:#?}");
    assert_eq!((&asked.json["status"], &asked.json["state"]), (&json!("waiting"), &json!("WAITING_FOR_HUMAN")));
    assert_eq!(log(&asked), PAUSED);
    assert_eq!(asked.json["output"], Value::Null);
    let approval = &asked.json["approval"];
    assert_eq!((&approval["tool"], &approval["function"]), (&json!("payments"), &json!("refund")));
    assert_eq!(approval["arguments"], json!({"user_id": "user_123", "amount_cents": 14900}));
    assert_eq!(approval["reason"], "refund of $149.00 is over $100.00");
    assert_eq!(place.refunds().len(), 0);

    let run = asked.run();
    let approved = place.json(&["approve", &run, "--by", "dana"]);
    assert_eq!(approved.run(), run);
    assert_done(&approved, "processed", "Your refund request for $149.00 has been successfully processed.");
    assert_usage(&approved, 7, 5);
    let added =
        ["Human manager decision received: Approved = True", "Successfully processed stripe refund for $149.00."];
    assert_eq!(log(&approved), [PAUSED.as_slice(), &added, &[DRAFTED]].concat());
    assert_eq!(place.refunds(), [format!("{run}/refund")]);
}

#[test]
fn a_refund_over_the_limit_is_denied_with_a_reason() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    let denied = place.json(&["deny", &run, "--by", "dana", "--comment", "bought twice \"before\""]);
    let body = "Your refund request has been reviewed and declined by a customer service manager.";
    assert_done(&denied, "declined", body);
    assert_usage(&denied, 6, 4);
    assert_eq!(log(&denied)[5..], ["Human manager decision received: Approved = False", DRAFTED]);
    assert_eq!(place.refunds().len(), 0);
    let shown = place.json(&["show", &run]);
    let timeline = shown.json["timeline"].as_array().unwrap();
    let decided = timeline.iter().find(|entry| entry["event"]["event"] == "decided").expect("a decision");
    let expected = json!({"by": "dana", "verdict": "denied", "comment": "bought twice \"before\""});
    assert_eq!(decided["event"]["decision"], expected, "{decided}");
}

/// The commands that the output shows work when they are pasted, wherever the data is.
#[test]
fn the_shown_command_drives_the_run_on() {
    let odd = "it's a place; $HOME";
    for (data_dir, verb, outcome) in
        [(None, "approve", "processed"), (Some(odd), "approve", "processed"), (Some(odd), "deny", "declined")]
    {
        let place = Place::new();
        let input = r#"{"user_id": "user_123", "request": "x"}"#;
        let place_args: Vec<&str> = data_dir.iter().flat_map(|dir| ["--data-dir", dir]).collect();
        let asked = place.call(&[&["run", "refund", "--input", input], place_args.as_slice()].concat());
        assert_eq!(asked.exit, Some(3), "{asked:#?}");
        let id = asked.stdout.split_whitespace().nth(1).unwrap();
        stockade_tests::run_id(id);
        let shown = asked.stdout.lines().find(|line| line.contains(&format!(" {verb} {id}"))).expect("a command");
        let command = shown.split_once(':').unwrap().1.trim().replace("YOUR_NAME", "dana");
        let gone_on = shell(&place, &command);
        assert_eq!(gone_on.status.code(), Some(0), "{command}\n{gone_on:?}");
        let letter = String::from_utf8(gone_on.stdout).unwrap();
        assert!(letter.starts_with("Dear Customer,\n\nYour refund request"), "{letter}");
        let report = place.json(&[&["show", id], place_args.as_slice()].concat());
        assert_eq!(report.json["output"]["outcome"], outcome);
    }
}

/// Added languages are there: without the option, a run of theirs does not go on.
#[test]
fn the_command_that_is_shown_names_the_cache() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    let shown = place.call(&["show", &run, "--cache-dir", "my cache"]).stdout;
    assert_eq!(shown.matches(" --cache-dir 'my cache'").count(), 2, "{shown}");
}

/// Without the option, the command looked for the run in another journal, and found none.
#[test]
fn the_command_that_is_shown_names_the_journal() {
    let place = Place::new();
    let asked = place.call(&[
        "run",
        "refund",
        "--input",
        r#"{"user_id": "user_123", "request": "x"}"#,
        "--journal",
        "my journal.db",
    ]);
    assert_eq!(asked.stdout.matches(" --journal 'my journal.db'").count(), 2, "{asked:#?}");
    let shown = asked.stdout.lines().find(|line| line.contains(" approve ")).expect("a command");
    let command = shown.split_once(':').unwrap().1.trim().replace("YOUR_NAME", "dana");
    let gone_on = shell(&place, &command);
    assert_eq!(gone_on.status.code(), Some(0), "{command}\n{gone_on:?}");
}

/// The error once named no run, though the run was there and could go on.
#[test]
fn a_run_whose_journal_fails_is_named_with_the_command_that_resumes_it() {
    let place = Place::new();
    place.refund("user_789", &[]);
    let journal = rusqlite::Connection::open(place.data("journal.db")).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON entries
        WHEN EXISTS (SELECT 1 FROM entries WHERE run = NEW.run) BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    journal.execute_batch(full).unwrap();
    let failed = place.refund("user_789", &[]);
    assert_eq!((failed.exit, &failed.json["error"]["kind"]), (Some(1), &json!("journal")), "{failed:#?}");
    let error = &failed.json["error"];
    let run = error["hint"]["resume_run"].as_str().unwrap_or_else(|| panic!("{failed:#?}"));
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("run {run} is interrupted")) && message.contains("the disk is full"),
        "{message}"
    );
    place.write("a.js", "1 + 1");
    let code = place.json(&["exec", "a.js"]);
    assert!(code.json["error"]["hint"]["resume_run"].is_string(), "{code:#?}");
    journal.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(place.json(&["resume", run]).json["status"], "done");
    // Of a run that was never written, there is nothing to resume.
    journal.execute_batch("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    let failed = place.refund("user_789", &[]);
    assert_eq!((failed.exit, failed.json["error"].get("hint")), (Some(1), None), "{failed:#?}");
}

/// How the folder is written is not a change of what the person said yes to.
#[test]
fn an_approval_from_another_folder_is_the_same() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    let data = place.data("").display().to_string();
    let mut command = place.command(&["approve", &run, "--by", "dana", "--json", "--data-dir", &data]);
    let approved = Answer::of_json(command.current_dir("/").output().unwrap());
    assert_done(&approved, "processed", "Your refund request for $149.00 has been successfully processed.");
    assert_usage(&approved, 7, 5);
}

/// A shell in the place, as a person has one.
fn shell(place: &Place, command: &str) -> std::process::Output {
    std::process::Command::new("sh").args(["-c", command]).current_dir(place.path("")).output().unwrap()
}

#[test]
fn steps_are_shown_on_stderr_as_they_happen() {
    let place = Place::new();
    let answer = place.refund("user_789", &[]);
    let lines: Vec<_> = answer.stderr.lines().collect();
    assert_eq!(lines[0], format!("run {}  refund", answer.run()));
    let states = [
        ("started", "INIT"),
        ("purchases.find", "VALIDATE_POLICY"),
        ("policy.within_window", "CHECK_APPROVAL"),
        ("policy.needs_approval", "EXECUTE_REFUND"),
        ("payments.refund", "DRAFT_RESPONSE"),
        ("letters.write", "COMPLETE"),
    ];
    assert_eq!(lines.len(), states.len() + 1);
    for (line, (what, state)) in lines[1..].iter().zip(states) {
        assert!(line.trim_start().starts_with(what) && line.ends_with(&format!("→ {state}")), "{line}");
        assert_eq!(line.contains(" fuel ") && line.contains(" memory "), what != "started", "{line}");
    }
}

#[test]
fn show_prints_the_timeline_the_letter_and_what_was_spent() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    place.json(&["approve", &run, "--by", "dana", "--comment", "fine \u{1b}[2J"]);
    let shown = place.call(&["show", &run]);
    assert_eq!((shown.exit, shown.stderr.as_str()), (Some(0), ""));
    let said = [
        "purchases.find",
        "→ WAITING_FOR_HUMAN",
        "asks payments.refund {\"amount_cents\":14900,\"user_id\":\"user_123\"}",
        "approved by dana: fine \\u{1b}[2J",
        "Human manager decision received: Approved = True",
        "tool_calls                5 of 50",
        "Your refund request for $149.00 has been successfully processed.",
    ];
    for text in said {
        assert!(shown.stdout.contains(text), "\"{text}\" is not in\n{}", shown.stdout);
    }
    assert!(!shown.stdout.contains('\u{1b}'), "{}", shown.stdout);

    let document = place.json(&["show", &run]);
    assert_eq!((document.exit, &document.json["status"]), (Some(0), &json!("done")));
    let exported = place.call(&["export", &run]).stdout;
    let entries = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    assert_eq!(document.json["timeline"], json!(entries));
    let told = place.call(&["export", &run, "--out", "run.jsonl"]).stdout;
    assert_eq!(told, format!("{} entries are in \"run.jsonl\"\n", entries.len()));
    assert_eq!(std::fs::read_to_string(place.path("run.jsonl")).unwrap(), exported);
    assert_eq!(place.call(&["export", &run, "--out", "no/such/folder"]).exit, Some(5));
    assert_eq!(place.call(&["export", "0000"]).exit, Some(5));
}

/// Looking does not change anything, and its exit code is that of the looking.
#[test]
fn runs_are_listed_oldest_first() {
    let place = Place::new();
    assert_eq!(place.json(&["runs"]).json, json!([]));
    let (first, second) = (place.refund("user_123", &[]).run(), place.refund("user_456", &[]).run());
    let before = place.marks();
    let runs = place.json(&["runs"]);
    assert_eq!(runs.exit, Some(0));
    let lines: Vec<_> =
        runs.json.as_array().unwrap().iter().map(|run| (&run["run_id"], &run["workflow"], &run["status"])).collect();
    let (refund, waiting, done) = (json!("refund"), json!("waiting"), json!("done"));
    assert_eq!(lines, [(&json!(first), &refund, &waiting), (&json!(second), &refund, &done)]);
    let text = place.call(&["runs"]).stdout;
    assert!(text.lines().count() == 4 && text.contains(&first[..8]) && text.contains("waiting"), "{text}");
    assert_eq!(place.json(&["show", &first]).exit, Some(0));
    assert_eq!(place.json(&["resume"]).json, json!([]));
    let resumed = place.json(&["resume", &first]);
    assert_eq!((resumed.exit, &resumed.json["status"]), (Some(3), &json!("waiting")));
    assert_eq!(place.marks(), before);
}

/// The numbers of the rules are configuration, and a run keeps those that it began with.
#[test]
fn the_rules_are_configuration() {
    let place = Place::new();
    let rules =
        |days: u32, limit: &str| format!("[workflow.refund]\nwindow_days = {days}\napproval_above = \"{limit}\"\n");
    place.write("strict.toml", rules(3, "$100.00"));
    place.write("generous.toml", rules(60, "$149.00"));
    place.write("stockade.toml", rules(30, "$78.99"));

    let strict = place.refund("user_789", &["--config", "strict.toml"]);
    assert_done(&strict, "too_old", "Sorry, our policy only allows refunds within 3 days of purchase.");
    let generous = place.refund("user_456", &["--config", "generous.toml"]);
    assert_done(&generous, "processed", "Your refund request for $49.00 has been successfully processed.");
    assert_eq!(place.refund("user_123", &["--config", "generous.toml"]).exit, Some(0));

    let asked = place.refund("user_789", &[]);
    assert_eq!((asked.exit, &asked.json["approval"]["reason"]), (Some(3), &json!("refund of $79.00 is over $78.99")));
    let approved = place.json(&["approve", &asked.run(), "--by", "dana", "--config", "strict.toml"]);
    assert_done(&approved, "processed", "Your refund request for $79.00 has been successfully processed.");
    assert_eq!(place.refunds().len(), 3);
}

/// The letter of every shop was signed by the one of the example. A run keeps the signature that it began with.
#[test]
fn the_signature_of_the_letter_is_configuration() {
    let place = Place::new();
    let letter = |answer: &Answer| answer.json["output"]["letter"].as_str().unwrap_or_default().to_owned();
    let unset = letter(&place.refund("user_789", &[]));
    assert!(unset.ends_with("\n\nBest regards,\nGhaznix Support Agent"), "{unset}");
    place.write("stockade.toml", "[workflow.refund]\nsignature = \"Dana of Acme\"");
    let asked = place.refund("user_123", &[]);
    place.write("stockade.toml", "[workflow.refund]\nsignature = \"Another\"");
    let signed = letter(&place.json(&["approve", &asked.run(), "--by", "dana"]));
    assert!(signed.ends_with("successfully processed.\n\nBest regards,\nDana of Acme"), "{signed}");
}

#[test]
fn the_input_can_come_from_stdin() {
    let place = Place::new();
    let file = place.write("input.json", r#"{"user_id": "user_789", "request": "x"}"#);
    let mut command = place.command(&["run", "refund", "--input", "-", "--json"]);
    let output = command.stdin(std::fs::File::open(file).unwrap()).output().unwrap();
    assert_eq!(Answer::of_json(output).json["status"], "done");
}

/// The customers' data is their owner's alone.
#[cfg(unix)]
#[test]
fn the_data_directory_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.refund("user_789", &[]);
    assert_eq!(std::fs::metadata(place.data("")).unwrap().permissions().mode() & 0o777, 0o700);
}
