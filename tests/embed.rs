//! The program to begin with: it runs as it stands, and it stands in the README.

use std::process::Command;

use stockade_tests::{Place, example, read_only, refunds, root};

#[test]
fn the_example_runs_and_waits_for_a_person() {
    let place = Place::new();
    let output = Command::new(example("embed")).current_dir(place.path("")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let id = said.strip_prefix("run ").and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{said}"));
    stockade_tests::run_id(id);
    let asks =
        r#"waits for payments.refund {"amount_cents":14900,"user_id":"user_123"} (refund of $149.00 is over $100.00)"#;
    assert_eq!(said.trim_end(), format!("run {id} {asks}"));
    assert!(refunds(&place.path("shop.db")).is_empty());
    let status = read_only(&place.path("stockade.db")).query_row("SELECT status FROM runs", [], |row| row.get(0));
    assert_eq!(status, Ok("waiting".to_owned()));
}

#[test]
fn the_agent_of_the_other_example_answers() {
    let place = Place::new();
    let output = Command::new(example("agent")).current_dir(place.path("")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "\"user_123 bought a Premium Subscription.\"\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_orders_of_the_signal_example_are_paid_and_time_out() {
    let place = Place::new();
    let output = Command::new(example("signal")).current_dir(place.path("")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "waiting for signal payment.settled, until 2027-01-16 08:00:00Z", "{said}");
    assert!(lines[1].starts_with("signal \"payment.settled\" is refused"), "{said}");
    assert_eq!(lines[2..], ["done: {\"paid\":{\"cents\":4999}}", "done: \"not paid within a day\""], "{said}");
}

#[test]
fn the_shops_of_the_children_example_are_counted() {
    let place = Place::new();
    let output = Command::new(example("children")).current_dir(place.path("")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[..3], ["done: 12", "failed: the shop in Ulm is closed", "done: 30"], "{said}");
    assert!(lines[3].starts_with("done: {\"goods\":42"), "{said}");
}

#[test]
fn the_documents_show_the_example_to_the_letter() {
    let program = std::fs::read_to_string(root().join("host/runtime/examples/embed.rs")).unwrap();
    for page in ["README.md", "docs/src/guide/embedding.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&format!("```rust\n{program}```\n")), "{page} shows another program than the example");
    }
}
