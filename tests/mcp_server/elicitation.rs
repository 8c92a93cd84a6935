//! Questions that a client of the revision of 2025-11-25 takes to a person, by an address, while its call waits.

use serde_json::{Value, json};
use stockade_tests::Place;

use super::agent::{Agent, statuses};
use super::{call, opens_addresses};

const PAGE: &str = "http://127.0.0.1:7700";

/// Starts an agent that has this capability, and begins a call that a person must approve. Returns the number of the call.
fn begin(place: &Place, capabilities: Value) -> (Agent, u64) {
    let offered = ["--tools", "payments", "--languages", "javascript", "--page", PAGE];
    let mut agent = Agent::before_that(place, &offered, capabilities);
    let asked = agent.send("tools/call", call("payments__refund", json!({"user_id": "user_789", "amount_cents": 5})));
    (agent, asked)
}

fn run(place: &Place) -> String {
    place.json(&["runs"]).json[0]["run_id"].as_str().unwrap().to_owned()
}

fn approve(place: &Place) {
    assert_eq!(place.json(&["approve", &run(place), "--by", "dana"]).exit, Some(0));
}

fn answer(question: &Value, action: &str) -> Value {
    let result = json!({"action": action, "content": {"approved": true}});
    json!({"jsonrpc": "2.0", "id": question["id"], "result": result})
}

#[test]
fn a_client_that_opens_addresses_is_asked_to_and_hears_when_the_person_has_decided() {
    let place = Place::new();
    let (mut agent, asked) = begin(&place, opens_addresses());
    let question = agent.next();
    let params = &question["params"];
    assert_eq!((&question["method"], &params["mode"]), (&json!("elicitation/create"), &json!("url")), "{question}");
    assert_eq!(params["url"], format!("{PAGE}/runs/{}", run(&place)));
    assert!(params["message"].as_str().unwrap().contains("\"payments\""), "{question}");
    assert!(params.get("requestedSchema").is_none(), "{question}");
    // What the agent's program says decides nothing.
    agent.tell(&answer(&question, "accept"));
    assert_eq!((place.refunds(), statuses(&place)), (vec![], vec!["waiting".to_owned()]));
    approve(&place);
    let complete = agent.next();
    assert_eq!(complete["method"], "notifications/elicitation/complete", "{complete}");
    assert_eq!(complete["params"]["elicitationId"], params["elicitationId"], "{complete}");
    let paid = agent.next();
    assert_eq!(paid["id"], asked, "{paid}");
    assert_eq!(paid["result"]["structuredContent"]["result"]["amount_cents"], 5, "{paid}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_question_is_taken_back_where_a_person_decides_before_the_client_answers() {
    let place = Place::new();
    let (mut agent, asked) = begin(&place, opens_addresses());
    let question = agent.next();
    approve(&place);
    let cancelled = agent.next();
    assert_eq!(cancelled["method"], "notifications/cancelled", "{cancelled}");
    assert_eq!(cancelled["params"]["requestId"], question["id"], "{cancelled}");
    assert_eq!(agent.next()["method"], "notifications/elicitation/complete");
    // An answer that comes too late changes nothing.
    agent.tell(&answer(&question, "cancel"));
    let paid = agent.next();
    assert_eq!((&paid["id"], &paid["result"]["isError"]), (&json!(asked), &json!(false)), "{paid}");
    assert_eq!(place.refunds().len(), 1);
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_client_that_declines_the_question_gives_its_call_up() {
    for action in ["decline", "cancel"] {
        let place = Place::new();
        let (mut agent, asked) = begin(&place, opens_addresses());
        let question = agent.next();
        agent.tell(&answer(&question, action));
        let ended = agent.next();
        assert_eq!((&ended["id"], &ended["result"]["isError"]), (&json!(asked), &json!(true)), "{ended}");
        assert_eq!((place.refunds(), statuses(&place)), (vec![], vec!["stopped".to_owned()]));
        assert_eq!(agent.close().status.code(), Some(0));
    }
}

#[test]
fn a_client_that_does_not_open_addresses_is_told_the_address_and_not_asked() {
    for capabilities in [json!({}), json!({"elicitation": {}}), json!({"elicitation": {"form": {}}})] {
        let place = Place::new();
        let (mut agent, asked) = begin(&place, capabilities.clone());
        let told = agent.next();
        assert_eq!(told["id"], asked, "{capabilities}: {told}");
        let handle = &told["result"]["structuredContent"]["run"];
        assert_eq!(handle["approve_at"], format!("{PAGE}/runs/{}", run(&place)), "{told}");
        assert_eq!(agent.close().status.code(), Some(0));
    }
}
