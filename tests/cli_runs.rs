//! Looking at runs: lists, beginnings of ids, timelines, and what is said of how a run ended.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use stockade_tests::{Answer, Place, input};

/// A place with a run that waits and one that is done.
fn two() -> (Place, String, String) {
    let place = Place::new();
    let waiting = place.refund("user_123", &[]).run();
    let done = place.refund("user_789", &[]).run();
    (place, waiting, done)
}

fn ids(answer: &Answer) -> Vec<String> {
    answer.json.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_of_runs_has_a_header_and_short_ids_that_name_them() {
    let (place, waiting, done) = two();
    let listed = place.call(&["runs"]).stdout;
    assert!(listed.contains("  waits for a person: "), "{listed}");
    let of_runs = listed.lines().filter(|line| !line.starts_with(' '));
    let lines: Vec<Vec<_>> = of_runs.map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["RUN", "AGE", "STATUS", "WORKFLOW", "STATE"], "{listed}");
    assert!(waiting.starts_with(lines[1][0]) && done.starts_with(lines[2][0]), "{listed}");
    assert!(lines[1][0].len() < waiting.len() && lines[1][1].ends_with('s'), "{listed}");
    assert_eq!((lines[1][2], lines[2][2]), ("waiting", "done"), "{listed}");
    let short = lines[1][0];
    assert_eq!(place.json(&["show", short]).json["run_id"], json!(waiting));
    assert_eq!(place.json(&["budget", &short.to_uppercase()]).json["run_id"], json!(waiting));
    let ambiguous = place.json(&["show", &waiting[..4]]);
    let message = ambiguous.json["error"]["message"].as_str().unwrap();
    assert!(message.contains(&waiting) && message.contains(&done), "{message}");
    assert_eq!((ambiguous.exit, place.json(&["show", "ffff"]).exit), (Some(2), Some(5)));
    let decided = place.json(&["approve", short, "--by", "dana"]);
    assert_eq!((decided.exit, decided.run()), (Some(0), waiting));
}

#[test]
fn a_list_of_runs_is_filtered() {
    let (place, waiting, done) = two();
    place.write("code.js", "return 1");
    let code = place.json(&["exec", "code.js"]).run();
    let listed = |more: &[&str]| ids(&place.json(&[&["runs"], more].concat()));
    assert_eq!(listed(&[]), [&waiting, &done, &code].map(String::clone));
    assert_eq!(listed(&["--status", "waiting"]), std::slice::from_ref(&waiting));
    assert_eq!(listed(&["--workflow", "exec"]), std::slice::from_ref(&code));
    assert_eq!(listed(&["--reverse", "--limit", "2"]), [code.clone(), done.clone()]);
    assert_eq!(listed(&["--since", "1h", "--status", "done", "--limit", "1"]), std::slice::from_ref(&done));
    assert_eq!(listed(&["--since", "0s", "--status", "failed"]), [""; 0]);
    assert_eq!(listed(&["--status", "waiting", "--status", "done"]).len(), 3);
    assert_eq!(listed(&["--needs-me"]), std::slice::from_ref(&waiting));
    assert_eq!(listed(&["--waiting-for", "signal", "--waiting-for", "person"]), std::slice::from_ref(&waiting));
    assert_eq!((listed(&["--older", "1h"]).len(), listed(&["--newer", "1h"]).len()), (0, 3));
    assert_eq!(listed(&["--limit", "1", "--after", &waiting]), [done]);
    assert_eq!(listed(&["--sort", "changed", "--after", &waiting, "--status", "waiting"]), [""; 0]);
    for wrong in [["--status", "asleep"], ["--since", "yesterday"], ["--limit", "few"], ["--waiting-for", "godot"]] {
        assert_eq!(place.json(&[&["runs"][..], &wrong].concat()).exit, Some(2), "{wrong:?}");
    }
}

#[test]
fn runs_are_listed_by_when_they_changed_and_those_that_are_older_alone() {
    let (place, waiting, done) = two();
    let listed = |more: &[&str]| ids(&place.json(&[&["runs"], more].concat()));
    place.damage("UPDATE runs SET updated_ms = updated_ms - 7200000 WHERE status = 'done'");
    assert_eq!(listed(&[]), [waiting.clone(), done.clone()]);
    assert_eq!(listed(&["--sort", "changed"]), [done.clone(), waiting.clone()]);
    assert_eq!(listed(&["--sort", "changed", "--reverse"]), [waiting.clone(), done.clone()]);
    assert_eq!(listed(&["--sort", "changed", "--after", &done]), std::slice::from_ref(&waiting));
    assert_eq!(listed(&["--older", "1h"]), std::slice::from_ref(&done));
    assert_eq!(listed(&["--older", "3h"]), [""; 0]);
    assert_eq!(listed(&["--newer", "1h"]), [waiting]);
}

#[test]
fn a_command_that_reads_creates_nothing() {
    let place = Place::new();
    for (args, exit) in [
        (&["runs"][..], 0),
        (&["show", "01a2"], 5),
        (&["budget", "01a2"], 5),
        (&["graph"], 0),
        (&["tool", "list"], 0),
        (&["language", "list"], 0),
        (&["memory", "list"], 0),
        (&["exec", "--print-tools"], 0),
        (&["runs", "--config", "none.toml"], 5),
        (&["runs", "--record", "tape"], 2),
        (&["tool", "list", "--replay", "tape"], 2),
    ] {
        let answer = place.json(args);
        assert_eq!(answer.exit, Some(exit), "{args:?} {answer:#?}");
        assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 0, "{args:?}");
    }
}

#[test]
fn a_run_is_shown_with_times_and_its_code_with_what_it_wrote() {
    let place = Place::new();
    place.write("code.js", "console.log('one\\ntwo');\nreturn 6 * 7");
    let run = place.json(&["exec", "code.js"]).run();
    let shown = place.call(&["show", &run]).stdout;
    for line in [
        "code code javascript\n  │ console.log('one\\ntwo');\n  │ return 6 * 7\n",
        "  stdout\n  │ one\n  │ two\n",
        "s   javascript   ",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    let followed = place.call(&["show", &run, "--follow"]);
    assert_eq!((followed.exit, followed.stdout), (Some(0), shown), "it has ended");
}

#[test]
fn a_run_that_is_followed_for_a_program_is_shown_when_it_has_ended() {
    let (place, waiting, _) = two();
    let follow = place.command(&["show", &waiting, "--follow", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(place.json(&["deny", &waiting, "--by", "dana"]).exit, Some(0));
    let followed = Answer::of_json(follow.wait_with_output().unwrap());
    assert_eq!((followed.exit, &followed.json["status"]), (Some(0), &json!("done")), "{followed:#?}");
}

/// Each was said twice, once in the timeline and once below it.
#[test]
fn the_reason_of_a_stop_is_printed_once() {
    let place = Place::new();
    let input = input("user_789").to_string();
    let told = place.call(&["run", "refund", "--input", &input, "--budget", "steps=2"]);
    let all = format!("{}{}", told.stderr, told.stdout);
    assert_eq!((told.exit, all.matches("suspended").count()), (Some(4), 1), "{all}");
    assert!(told.stdout.contains("2 allowed, 2 used"), "{all}");
    place.write("code.js", "throw new Error('mis' + 'hap')");
    let told = place.call(&["exec", "code.js"]);
    assert_eq!((told.exit, told.stderr.matches("mishap").count()), (Some(1), 1), "{}", told.stderr);
}

#[test]
fn amounts_have_units_in_and_out() {
    let place = Place::new();
    let run = place.refund("user_123", &["--budget", "money=$1.50,memory=64M"]).run();
    let spent = place.call(&["budget", &run]).stdout;
    let line = |name: &str| {
        spent
            .lines()
            .find(|line| line.contains(name))
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("money"), "money $0.00 of $1.50", "{spent}");
    assert!(line("memory").ends_with("of 64.0 MiB"), "{spent}");
}

#[test]
fn open_questions_are_listed_with_the_commands_that_decide() {
    let (place, waiting, _) = two();
    let listed = place.json(&["approvals"]);
    let [question] = listed.json.as_array().unwrap().as_slice() else { panic!("{listed:#?}") };
    assert_eq!((&question["run_id"], &question["function"]), (&json!(waiting), &json!("refund")));
    assert_eq!(question["arguments"]["amount_cents"], 14_900);
    assert!(question["waits_ms"].as_u64().unwrap() < 600_000 && question["digest"].is_string(), "{question}");
    let text = place.call(&["approvals"]).stdout;
    assert!(text.contains(&format!("run {waiting} waits for ")) && text.contains("over $100.00"), "{text}");
    let proposed = text.lines().find_map(|line| line.strip_prefix("yes:  ")).unwrap();
    let shell = std::process::Command::new("sh").args(["-c", proposed]).current_dir(place.path("")).output().unwrap();
    assert_eq!(shell.status.code(), Some(0), "{}", String::from_utf8_lossy(&shell.stderr));
    let none = place.call(&["approvals"]);
    assert_eq!((none.exit, none.stdout.as_str()), (Some(0), ""), "{none:#?}");
}

#[test]
fn runs_are_removed_but_for_those_that_run_or_that_a_session_needs() {
    let (place, waiting, done) = two();
    place.write("code.js", "let a = 1");
    let cell = place.json(&["exec", "code.js", "--session", "s"]).run();
    let kept = place.json(&["rm", &cell]);
    assert_eq!(kept.exit, Some(6), "{kept:#?}");
    assert!(kept.json["error"]["message"].as_str().unwrap().contains("session \"s\""), "{kept:#?}");
    let none = place.json(&["prune", "--older", "1h"]).json;
    assert_eq!((&none["removed"], &none["kept"]), (&json!([]), &json!([])));
    for wrong in [&["runs", "prune"][..], &["runs", "prune", "--older", "0s", "--status", "waiting"]] {
        assert_eq!(place.json(wrong).exit, Some(2), "{wrong:?}");
    }
    let told = json!({"removed": [done], "kept": [cell]});
    assert_eq!(place.json(&["prune", "--older", "0s", "--dry-run"]).json, told);
    assert_eq!(
        place.json(&["runs", "prune", "--older", "0s", "--status", "failed", "--dry-run"]).json["removed"],
        json!([])
    );
    let pruned = place.json(&["runs", "prune", "--older", "0s", "--by", "dana"]).json;
    assert_eq!((&pruned["removed"], &pruned["kept"]), (&told["removed"], &told["kept"]));
    assert!(pruned["freed_bytes"].is_u64() && pruned["reusable_bytes"].is_u64(), "{pruned}");
    assert_eq!(place.json(&["show", &done]).exit, Some(5));
    assert_eq!(place.json(&["rm", &waiting[..13]]).json["removed"], json!([waiting]));
    assert_eq!(ids(&place.json(&["runs"])), [cell]);
    assert_eq!((place.marks().1, place.json(&["rm", &waiting]).exit), (1, Some(5)));
    assert_eq!(place.refunds().len(), 1, "what was booked stays");
    let lines = place.json(&["runs", "removed"]).json;
    let line =
        |number: usize| (lines[number]["run_id"].clone(), lines[number]["status"].clone(), lines[number]["by"].clone());
    assert_eq!(line(0), (json!(done), json!("done"), json!("dana")), "{lines}");
    assert_eq!((lines[1]["run_id"].clone(), lines[1]["workflow"].clone()), (json!(waiting), json!("refund")));
    assert_eq!(lines.as_array().unwrap().len(), 2);
    assert!(place.call(&["runs", "removed"]).stdout.contains("by dana"));
}

/// What the journal refuses is no run that cannot be read: the command ends at once, and has not succeeded.
#[test]
fn a_journal_that_refuses_ends_a_prune_and_a_stop_of_many_with_exit_1() {
    let (place, waiting, done) = two();
    let second = place.refund("user_123", &[]).run();
    let journal = rusqlite::Connection::open(place.data("journal.db")).unwrap();
    for (refused, table) in [("DELETE", "runs"), ("INSERT", "entries")] {
        let refusal =
            format!("CREATE TRIGGER no_{table} BEFORE {refused} ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END");
        journal.execute_batch(&refusal).unwrap();
    }
    let pruned = place.json(&["runs", "prune", "--older", "0s"]);
    assert_eq!((pruned.exit, &pruned.json["error"]["kind"]), (Some(1), &json!("journal")), "{pruned:#?}");
    let stopped = place.json(&["stop", "--workflow", "refund", "--grace", "0s"]);
    let told = stopped.json.as_array().unwrap();
    assert_eq!((stopped.exit, told.len(), &told[0]["error"]["kind"]), (Some(1), 1, &json!("journal")), "{stopped:#?}");
    assert!(stopped.stderr.contains("1 more run was not looked at"), "{stopped:#?}");
    journal.execute_batch("DROP TRIGGER no_runs; DROP TRIGGER no_entries").unwrap();
    assert_eq!(ids(&place.json(&["runs", "--status", "waiting"])).len(), 2, "{waiting} {second}");
    place.damage_run(done.parse().unwrap());
    let would = place.json(&["runs", "prune", "--older", "0s", "--dry-run"]);
    assert_eq!((would.exit, &would.json["unreadable"][0]["run_id"]), (Some(0), &json!(done)), "{would:#?}");
    assert!(place.json(&["runs", "prune", "--older", "0s"]).json.get("unreadable").is_none());
}

/// A run whose process was killed could not be removed by any command.
#[test]
fn an_interrupted_run_is_removed_by_force_alone() {
    let (place, waiting, _) = two();
    let write = rusqlite::Connection::open(place.data("journal.db")).unwrap();
    write.execute("UPDATE runs SET status = 'running' WHERE status = 'waiting'", []).unwrap();
    let kept = place.json(&["rm", &waiting]);
    let message = kept.json["error"]["message"].as_str().unwrap();
    assert!(kept.exit == Some(6) && message.contains("interrupted") && message.contains("--force"), "{kept:#?}");
    assert_eq!(place.json(&["rm", "--force", &waiting]).json["removed"], json!([waiting]));
    assert_eq!(place.json(&["show", &waiting]).exit, Some(5));
}

/// All that are interrupted go on, each is named with what it is now, and the last line counts them.
#[test]
fn interrupted_runs_are_resumed_and_counted() {
    let (place, waiting, done) = two();
    let none = place.call(&["resume"]);
    assert_eq!((none.exit, none.stdout.as_str(), none.stderr.as_str()), (Some(0), "", "no run is interrupted\n"));
    let interrupt = || {
        let journal = rusqlite::Connection::open(place.data("journal.db")).unwrap();
        journal.execute("UPDATE runs SET status = 'running'", []).unwrap();
    };
    interrupt();
    assert_eq!(ids(&place.json(&["runs", "--status", "interrupted"])), [waiting.clone(), done.clone()]);
    let listed = place.call(&["runs"]).stdout;
    let columns = |word| listed.lines().filter_map(|line| line.find(word)).collect::<Vec<_>>();
    assert_eq!(columns("WORKFLOW"), columns("refund")[..1], "{listed}");
    let resumed = place.call(&["resume"]);
    assert_eq!(resumed.exit, Some(3), "{resumed:#?}");
    for line in [format!("run {waiting} is waiting\n"), format!("run {done} is done\n")] {
        assert!(resumed.stdout.contains(&line), "{line:?} is not in {}", resumed.stdout);
    }
    assert!(resumed.stderr.ends_with("resumed 2 interrupted runs: 1 done, 1 waiting\n"), "{}", resumed.stderr);
    interrupt();
    let listed = place.json(&["resume"]);
    assert_eq!((listed.exit, ids(&listed)), (Some(3), vec![waiting, done]), "{listed:#?}");
    assert_eq!(place.refunds().len(), 1, "what is done is not done again");
}

/// A terminal of 80 columns broke lines of 150 letters wherever they were.
#[test]
fn help_fits_into_a_terminal() {
    let place = Place::new();
    for command in ["", "run", "agent", "exec", "runs", "approve", "eval", "budget", "tool call"] {
        let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let help = place.command(&words).env("COLUMNS", "80").output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(long, [""; 0], "{command}");
    }
}
