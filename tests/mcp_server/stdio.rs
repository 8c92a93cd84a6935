//! `stockade mcp`, as the program of an agent starts it.

use serde_json::{Value, json};
use stockade_tests::{Place, dist};

use super::agent::{Agent, statuses};
use super::{BEFORE, NEWEST, call, names, newest, opens_addresses, tool};

#[test]
fn tools_and_code_are_offered_with_schemas_and_hints_and_answer_with_values() {
    let place = Place::new();
    let mut agent = Agent::before(&place, &["--tools", "purchases,payments", "--languages", "javascript"]);
    let tools = agent.ask("tools/list", json!({}))["result"]["tools"].clone();
    assert_eq!(names(&tools), ["exec__javascript", "payments__refund", "purchases__find", "run_status", "run_stop"]);
    let find = tool(&tools, "purchases__find");
    assert_eq!(find["inputSchema"]["properties"]["user_id"]["type"], "string", "{find}");
    assert!(find["outputSchema"]["properties"]["result"].to_string().contains("price_cents"), "{find}");
    let hints = |name: &str| {
        let hints = &tool(&tools, name)["annotations"];
        ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"].map(|hint| hints[hint].as_bool())
    };
    assert_eq!(hints("purchases__find"), [Some(true), Some(false), Some(true), Some(false)]);
    assert_eq!(hints("payments__refund"), [Some(false), Some(true), Some(false), Some(false)]);
    let exec = tool(&tools, "exec__javascript")["description"].as_str().unwrap();
    assert!(exec.contains("purchases") && exec.contains("find(") && exec.contains("user_id"), "{exec}");
    assert!(exec.contains("as Node 20 without packages"), "it says what differs: {exec}");

    let found = agent.call("purchases__find", json!({"user_id": "user_123"}));
    assert_eq!(found["structuredContent"]["result"]["price_cents"], 14_900, "{found}");
    assert_eq!(
        serde_json::from_str::<Value>(found["content"][0]["text"].as_str().unwrap()).unwrap()["price_cents"],
        14_900
    );
    let code = "console.log('looking'); return (await purchases.find({user_id: input})).price_cents";
    let ran = agent.call("exec__javascript", json!({"code": code, "input": "user_123"}));
    assert_eq!(ran["structuredContent"], json!({"result": 14_900, "stdout": "looking\n", "stderr": ""}), "{ran}");
    let failed = agent.call("exec__javascript", json!({"code": "throw new Error('no')"}));
    assert!(failed["isError"] == true && failed["content"][0]["text"].as_str().unwrap().contains("no"), "{failed}");

    let resources = agent.ask("resources/list", json!({}))["result"]["resources"].clone();
    assert_eq!(resources.as_array().unwrap().len(), 3, "{resources}");
    let run = found["_meta"]["stockade/run"].as_str().unwrap();
    let read = |agent: &mut Agent, end: &str| {
        let read = agent.ask("resources/read", json!({"uri": format!("stockade://runs/{run}{end}")}));
        read["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{read}")).to_owned()
    };
    assert!(read(&mut agent, "").contains("\"done\""));
    assert!(read(&mut agent, "/result").contains("14900"));
    let timeline = read(&mut agent, "/timeline");
    assert!(timeline.contains("\"created\"") && !timeline.contains("14900"), "{timeline}");
    assert_eq!(agent.close().status.code(), Some(0));
    assert_eq!(statuses(&place).iter().filter(|status| *status == "done").count(), 2);
}

/// Code called it on the command line and over HTTP, and code of a client did not.
#[test]
fn code_of_a_client_calls_promoted_code_that_calls_no_tools() {
    let place = Place::new();
    place.write("square.js", "return input.n * input.n");
    let ran = place.json(&["exec", "square.js", "--input", "{\"n\": 3}"]).json;
    let step = format!("{}/code", ran["run_id"].as_str().unwrap());
    assert_eq!(place.json(&["tool", "promote", &step, "square", "--by", "dana", "--yes"]).exit, Some(0));
    let mut agent = Agent::before(&place, &["--tools", "square", "--languages", "javascript"]);
    let ran = agent.call("exec__javascript", json!({"code": "return await square.run({n: 4})"}));
    assert_eq!(ran["structuredContent"]["result"], 16, "{ran}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_client_is_offered_what_was_named_and_cannot_call_anything_else() {
    let place = Place::new();
    let mut agent = Agent::before(&place, &["--tools", "policy", "--languages", "javascript"]);
    let code = "return await purchases.find({user_id: 'user_123'})";
    let refused = agent.call("exec__javascript", json!({"code": code}));
    assert_eq!(refused["isError"], true, "{refused}");
    for name in ["purchases__find", "workflow__refund", "call", "approve"] {
        let refused = agent.ask("tools/call", call(name, json!({})));
        assert_eq!(refused["error"]["code"], -32_602, "{name}: {refused}");
    }
    // A run of another client is as if it were not there.
    let run = place.refund("user_123", &[]).run();
    let refused = agent.ask("resources/read", json!({"uri": format!("stockade://runs/{run}")}));
    assert!(refused["error"]["message"].as_str().unwrap().contains("there is no run"), "{refused}");
    let refused = agent.call("run_stop", json!({"run_id": run}));
    assert_eq!(refused["isError"], true, "{refused}");
    assert_eq!(agent.close().status.code(), Some(0));
}

/// Hostile case 104: a `requestState` that is forged, of another call, or replayed, and an answer that approves.
#[test]
fn a_client_of_the_newest_revision_takes_a_question_to_a_person_and_answers_it_once() {
    let place = Place::new();
    let page = ["--tools", "payments", "--languages", "javascript", "--page", "http://127.0.0.1:7700"];
    let mut agent = Agent::start(&place, &page);
    let discovered = agent.ask("server/discover", newest(json!({}), json!({})));
    let versions = discovered["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(NEWEST)) && versions.contains(&json!(BEFORE)), "{discovered}");

    let refund =
        || newest(call("payments__refund", json!({"user_id": "user_789", "amount_cents": 5})), opens_addresses());
    let asked = agent.ask("tools/call", refund())["result"].clone();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let question = &asked["inputRequests"]["approval"];
    assert_eq!((&question["method"], &question["params"]["mode"]), (&json!("elicitation/create"), &json!("url")));
    let run = place.json(&["runs"]).json[0]["run_id"].as_str().unwrap().to_owned();
    assert_eq!(question["params"]["url"], format!("http://127.0.0.1:7700/runs/{run}"));

    // What the agent says decides nothing, and its state is of this call alone.
    let with = |mut params: Value, state: &Value, action: &str| {
        params["requestState"] = state.clone();
        params["inputResponses"] = json!({"approval": {"action": action, "content": {"approved": true}}});
        params
    };
    let other =
        newest(call("payments__refund", json!({"user_id": "user_789", "amount_cents": 500})), opens_addresses());
    for (forged, why) in [
        (with(other, &asked["requestState"], "accept"), "integrity"),
        (with(refund(), &json!("rs1.AAAA.BBBB"), "accept"), "refused"),
    ] {
        let refused = agent.ask("tools/call", forged);
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(place.refunds(), [""; 0]);

    let approved = place.json(&["approve", &run, "--by", "dana"]);
    assert_eq!(approved.exit, Some(0), "{approved:?}");
    let paid = agent.ask("tools/call", with(refund(), &asked["requestState"], "accept"))["result"].clone();
    assert_eq!(paid["structuredContent"]["result"]["amount_cents"], 5, "{paid}");
    let replayed = agent.ask("tools/call", with(refund(), &asked["requestState"], "accept"));
    assert!(replayed["error"]["message"].as_str().unwrap().contains("used before"), "{replayed}");
    assert_eq!(place.refunds().len(), 1);
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_client_of_the_revision_before_finds_the_result_by_the_run_that_it_was_told() {
    let place = Place::new();
    place.write("stockade.toml", "[tool.purchases]\napproval = \"always\"\n");
    let mut agent = Agent::before(&place, &["--tools", "purchases", "--languages", "javascript"]);
    let waiting = agent.call("purchases__find", json!({"user_id": "user_123"}));
    let handle = &waiting["structuredContent"]["run"];
    assert_eq!((&handle["status"], &waiting["isError"]), (&json!("waiting"), &json!(false)), "{waiting}");
    let run = handle["run_id"].as_str().unwrap();
    assert!(waiting["content"][0]["text"].as_str().unwrap().contains(run), "{waiting}");
    assert_eq!(place.json(&["approve", run, "--by", "dana"]).exit, Some(0));
    let found = agent.call("run_status", json!({"run_id": run}));
    assert_eq!(found["structuredContent"]["result"]["price_cents"], 14_900, "{found}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_workflow_is_a_task_that_is_read_and_cancelled_by_the_id_of_its_run() {
    let place = Place::new();
    let tasks = || json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let mut agent = Agent::start(&place, &["--workflows", "refund", "--languages", "javascript"]);
    let input = json!({"user_id": "user_123", "request": "not what I expected"});
    let start = || newest(call("workflow__refund", json!({"input": input})), tasks());
    let begun = agent.ask("tools/call", start())["result"].clone();
    assert_eq!(begun["resultType"], "task", "{begun}");
    let id = begun["taskId"].as_str().unwrap();
    let task = |agent: &mut Agent, method: &str, id: &str| {
        agent.ask(method, newest(json!({"taskId": id}), tasks()))["result"].clone()
    };
    assert_eq!(place.json(&["show", id]).json["run_id"], id);
    assert_eq!(task(&mut agent, "tasks/cancel", id)["resultType"], "complete");
    assert_eq!(task(&mut agent, "tasks/get", id)["status"], "cancelled");
    assert_eq!(statuses(&place), ["stopped"]);
    let unasked = json!({"taskId": id, "inputResponses": {"other": {"action": "accept"}}});
    let refused = agent.ask("tasks/update", newest(unasked, tasks()));
    assert_eq!(refused["error"]["code"], -32_602, "{refused}");
    // A client that did not say so has no tasks.
    let without = agent.ask("tasks/get", newest(json!({"taskId": id}), json!({})));
    assert_eq!(without["error"]["code"], -32_021, "{without}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_task_waits_for_a_person_and_is_completed_with_the_result_of_its_run() {
    let place = Place::new();
    let page = ["--workflows", "refund", "--languages", "javascript", "--page", "http://127.0.0.1:7700"];
    let mut agent = Agent::start(&place, &page);
    let able = || json!({"extensions": {"io.modelcontextprotocol/tasks": {}}, "elicitation": {"url": {}}});
    let input = json!({"user_id": "user_123", "request": "not what I expected"});
    let mut start = call("workflow__refund", json!({"input": input}));
    // What clients of before the extension say of tasks changes nothing.
    start["task"] = json!({"ttl": 5_000});
    let begun = agent.ask("tools/call", newest(start, able()))["result"].clone();
    assert_eq!(begun["resultType"], "task", "{begun}");
    let id = begun["taskId"].as_str().unwrap();
    let settled = |agent: &mut Agent| loop {
        let task = agent.ask("tasks/get", newest(json!({"taskId": id}), able()))["result"].clone();
        if task["status"] != "working" {
            break task;
        }
    };
    let asked = settled(&mut agent);
    let question = &asked["inputRequests"]["approval"]["params"];
    assert_eq!((&asked["status"], &question["mode"]), (&json!("input_required"), &json!("url")), "{asked}");
    assert_eq!(question["url"], format!("http://127.0.0.1:7700/runs/{id}"), "{asked}");

    // What the agent says is heard, and decides nothing.
    let said = json!({"approval": {"action": "accept", "content": {"approved": true}}});
    let heard = agent.ask("tasks/update", newest(json!({"taskId": id, "inputResponses": said}), able()));
    assert_eq!(heard["result"]["resultType"], "complete", "{heard}");
    assert_eq!(settled(&mut agent)["status"], "input_required");
    assert_eq!(place.refunds(), [""; 0]);

    assert_eq!(place.json(&["approve", id, "--by", "dana"]).exit, Some(0));
    let done = settled(&mut agent);
    assert_eq!((&done["status"], &done["result"]["isError"]), (&json!("completed"), &json!(false)), "{done}");
    assert_eq!(done["result"]["structuredContent"]["result"]["outcome"], "processed", "{done}");
    // What has ended stays as it is, and there is no other way to its result.
    let cancelled = agent.ask("tasks/cancel", newest(json!({"taskId": id}), able()));
    assert_eq!(cancelled["result"]["resultType"], "complete", "{cancelled}");
    assert_eq!(settled(&mut agent)["status"], "completed");
    for method in ["tasks/result", "tasks/list"] {
        let refused = agent.ask(method, newest(json!({"taskId": id}), able()));
        assert_eq!(refused["error"]["code"], -32_601, "{refused}");
    }
    assert_eq!(agent.close().status.code(), Some(0));
}

/// Hostile case 105: lines that are no requests.
#[test]
fn a_line_that_is_no_request_is_left_out_or_refused_and_the_next_one_is_answered() {
    let place = Place::new();
    let mut agent = Agent::before(&place, &["--tools", "policy", "--languages", "javascript"]);
    agent.write("{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\":");
    agent.write(&format!("{{\"jsonrpc\": \"2.0\", \"id\": 8, \"method\": \"{}\"}}", "x".repeat(5 << 20)));
    // An answer to what was never asked.
    agent.tell(&json!({"jsonrpc": "2.0", "id": 99, "result": {"action": "accept", "content": {"approved": true}}}));
    let unknown = agent.ask("stockade/approve", json!({}));
    assert_eq!(unknown["error"]["code"], -32_601, "{unknown}");
    let mut unasked = call("policy__within_window", json!({}));
    unasked["inputResponses"] = json!({"approval": {"action": "accept"}});
    let refused = agent.ask("tools/call", unasked);
    assert_eq!(refused["error"]["code"], -32_602, "{refused}");
    let wrong = agent.call("policy__within_window", json!({"no": "such argument"}));
    assert_eq!(wrong["isError"], true, "{wrong}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_call_that_is_cancelled_ends_its_run() {
    let place = Place::new();
    let mut agent = Agent::before(&place, &["--languages", "javascript"]);
    let endless = agent.begin_endless();
    agent.tell(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": endless}}));
    assert_eq!(agent.close().status.code(), Some(0));
    assert_eq!(statuses(&place), ["stopped"]);
}

/// Hostile case 108: it goes in the midst of a call.
#[test]
fn an_agent_that_goes_in_the_middle_of_a_call_leaves_no_run_behind() {
    let place = Place::new();
    let mut agent = Agent::before(&place, &["--languages", "javascript"]);
    agent.begin_endless();
    let output = agent.close();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(statuses(&place), ["stopped"]);
}

/// Hostile case 106: two tools whose names become the same.
#[test]
fn two_tools_that_would_have_one_name_are_refused_at_the_start() {
    let place = Place::new();
    let policy = dist("policy").display().to_string();
    let tool = |name: &str| format!("[tool.\"{name}\"]\ncomponent = \"{policy}\"\n");
    place.write("stockade.toml", tool("shop.policy") + &tool("shop_policy"));
    let refused = place.json(&["mcp"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("name")), "{refused:?}");
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("shop.policy") && message.contains("shop_policy"), "{message}");
    let refused = place.json(&["mcp", "--tools", "purchase"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(5), &json!("tool")), "{refused:?}");
    // Where one of them is not offered, the other one is.
    let mut agent = Agent::before(&place, &["--tools", "shop.policy", "--languages", "javascript"]);
    let tools = agent.ask("tools/list", json!({}))["result"]["tools"].clone();
    assert!(names(&tools).contains(&"shop_policy__within_window"), "{tools}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_large_catalogue_is_searched_and_what_is_found_is_called() {
    let place = Place::new();
    let policy = dist("policy").display().to_string();
    let rules = |at: u32| format!("[tool.rules{at}]\ncomponent = \"{policy}\"\n");
    place.write("stockade.toml", (0..33).map(rules).collect::<String>());
    let mut agent = Agent::before(&place, &["--languages", "javascript"]);
    let tools = agent.ask("tools/list", json!({}))["result"]["tools"].clone();
    assert_eq!(names(&tools), ["call_tool", "exec__javascript", "run_status", "run_stop", "search_tools"]);
    let code = tool(&tools, "exec__javascript")["description"].as_str().unwrap();
    assert!(code.contains("search_tools") && code.len() < 2_000, "{code}");

    let long = agent.ask("tools/call", call("search_tools", json!({"query": "w ".repeat(1_000)})));
    assert!(long["error"]["message"].as_str().is_some_and(|why| why.contains("2000 bytes")), "{long}");
    let found = agent.call("search_tools", json!({"query": "window rules7"}));
    let found: Value = serde_json::from_str(found["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(found[0]["name"], "rules7__within_window", "{found}");
    assert_eq!(found[0]["inputSchema"]["required"], json!(["days_ago", "window_days"]), "{found}");
    assert!(found.as_array().unwrap().len() < 33, "{found}");
    let arguments = json!({"days_ago": 3, "window_days": 30});
    for (name, arguments) in [
        ("call_tool", json!({"name": "rules7__within_window", "arguments": arguments})),
        ("rules7__within_window", arguments),
    ] {
        let answer = agent.call(name, arguments);
        assert_eq!(answer["structuredContent"]["result"], true, "{name}: {answer}");
    }
    // It calls functions alone, and those that this client is offered.
    for name in ["exec__javascript", "call_tool", "rules99__within_window"] {
        let refused = agent.ask("tools/call", call("call_tool", json!({"name": name, "arguments": {}})));
        assert_eq!(refused["error"]["code"], -32_602, "{name}: {refused}");
    }
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_result_that_is_too_long_is_told_by_its_beginning_its_end_and_where_the_rest_is() {
    let place = Place::new();
    let mut agent = Agent::before(&place, &["--languages", "javascript"]);
    let long = agent.call("exec__javascript", json!({"code": "return 'a'.repeat(100000) + 'z'"}));
    let (text, link) = (long["content"][0]["text"].as_str().unwrap(), &long["content"][1]);
    assert!(
        text.len() < 60_000 && text.contains("bytes of") && text.trim_end().ends_with(['z', '"']),
        "{}",
        text.len()
    );
    assert_eq!((&link["type"], &long["isError"]), (&json!("resource_link"), &json!(false)));
    let (mut uri, mut whole) = (link["uri"].as_str().unwrap().to_owned(), String::new());
    loop {
        let read = agent.ask("resources/read", json!({"uri": uri}))["result"]["contents"][0].clone();
        whole += read["text"].as_str().unwrap();
        match read["_meta"]["stockade/next"].as_str() {
            Some(next) => uri = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(serde_json::from_str::<String>(&whole).unwrap().len(), 100_001);
    assert_eq!(agent.close().status.code(), Some(0));
}
