//! The doors of a server, what each refuses, and what programs ask beside runs and decisions: forks, pictures, code line by line,
//! sessions and uploads.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use serde_json::{Value, json};
use stockade::{Budget, NewToken, Role, RunId};
use stockade_refund::shop;
use stockade_server::Limits;
use stockade_tests::run_id;

use crate::server::{Client, Served, assert_described, assert_problem, read, refund};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");
const COMPONENT: (&str, &str) = ("content-type", "application/wasm");

/// Sends a component.
async fn upload(client: &Client, name: &str, component: impl Into<Bytes>) -> (u16, Value) {
    read(client.send(&format!("PUT /v1/tools/{name}"), &[COMPONENT], component).await).await
}

/// Runs code and follows it to its end: the names and the data of the events.
async fn followed(client: &Client, key: &str, code: &Value) -> Vec<(String, Value)> {
    let headers = [("content-type", "application/json"), EVENTS, ("idempotency-key", key)];
    let answer = client.send("POST /v1/exec", &headers, code.to_string()).await;
    assert_eq!(answer.status(), 200);
    let text = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap();
    let events = text.split("\n\n").filter(|event| event.contains("data: "));
    let field =
        |event: &str, name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    events.map(|event| (field(event, "event: "), serde_json::from_str(&field(event, "data: ")).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_names_an_entry_of_another_run_is_refused_and_misses_none() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    for user in ["user_123", "user_789"] {
        let run = client.refund(user).await;
        served.settled(&run).await;
        for last in ["999", "18446744073709551615"] {
            let what = format!("GET /v1/runs/{run}/events");
            assert_problem(&client.ask(&what, &[("last-event-id", last)], &Value::Null).await, 400, "last_event_id");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_begins_as_the_run_stood_and_asks_the_person_again() {
    let served = Served::start(|server| server).await;
    let client = served.client("root", Role::Admin).await;
    let run = client.refund("user_123").await;
    served.settled(&run).await;
    let entries = client.get(&format!("/v1/runs/{run}/entries")).await;
    let entries = entries.as_array().unwrap();
    let after = entries.iter().position(|entry| entry["change"] == "asked").unwrap();
    let path = format!("/v1/runs/{run}/fork");
    let key = [("idempotency-key", "fork-1")];
    let (status, fork) = client.ask(&format!("POST {path}"), &key, &json!({"after": after})).await;
    assert_eq!((status, &fork["labels"]["forked_from"]), (201, &json!(run)), "{fork}");
    assert_eq!(fork["labels"]["forked_after"], json!(after.to_string()));
    let (status, again) = client.ask(&format!("POST {path}"), &key, &json!({"after": after})).await;
    assert_eq!((status, &again["run_id"]), (200, &fork["run_id"]));
    assert_problem(&client.ask(&format!("POST {path}"), &key, &json!({})).await, 409, "start_key");

    let id = fork["run_id"].as_str().unwrap();
    served.settled(id).await;
    let own = client.get(&format!("/v1/runs/{id}/entries")).await;
    let own = own.as_array().unwrap();
    let changes = |entries: &[Value]| {
        entries.iter().map(|entry| (entry["change"].clone(), entry["event"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(changes(&own[..after]), changes(&entries[..after]), "what was done is not done again");
    assert_eq!((own.len(), &own[after]["change"]), (entries.len(), &json!("asked")), "{own:?}");
    let open = client.get("/v1/approvals").await;
    let open: Vec<_> = open.as_array().unwrap().iter().map(|question| question["run_id"].clone()).collect();
    assert_eq!(open, [json!(run), json!(id)], "each has a question of its own");

    let busy = entries.iter().position(|entry| entry["change"] == "reserved").unwrap() + 1;
    assert_problem(&client.post(&path, &json!({"after": busy})).await, 409, "entry");
    assert_problem(&client.post(&path, &json!({"after": entries.len()})).await, 409, "entry");
    for wrong in [0, entries.len() + 1] {
        assert_problem(&client.post(&path, &json!({"after": wrong})).await, 400, "entry");
    }
    assert_problem(&client.post(&path, &json!({"repeat": ["nothing"]})).await, 400, "repeat");
    let unknown = format!("/v1/runs/{}/fork", RunId::from_bytes([7; 16]));
    assert_problem(&client.post(&unknown, &json!({})).await, 404, "run");
    let viewer = served.client("eve", Role::Viewer).await;
    assert_problem(&viewer.post(&path, &json!({})).await, 403, "role");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_repeats_only_what_is_named_and_keeps_within_the_budget_of_the_token() {
    let served = Served::start(|server| server).await;
    let client = served.client("root", Role::Admin).await;
    let run = client.refund("user_789").await;
    served.settled(&run).await;
    let path = format!("/v1/runs/{run}/fork");
    let refused = client.post(&path, &json!({})).await;
    assert_problem(&refused, 409, "repeat");
    let performed = served.host.performed_after(run_id(&run), 1).await.unwrap();
    assert!(!performed.is_empty() && performed.iter().all(|key| refused.1["detail"].as_str().unwrap().contains(key)));
    let (status, fork) = client.post(&path, &json!({"repeat": performed})).await;
    assert_eq!((status, &fork["labels"]["forked_after"]), (201, &Value::Null), "{fork}");
    served.settled(fork["run_id"].as_str().unwrap()).await;
    let entries = client.get(&format!("/v1/runs/{run}/entries")).await.as_array().unwrap().len();
    assert_problem(&client.post(&path, &json!({"after": entries})).await, 409, "entry");

    let budget = Some(Budget::default().steps(50));
    let new = NewToken { budget, ..NewToken::new("bot", Role::Operator) };
    let bot = served.client_with(new).await;
    let (status, fork) = bot.post(&path, &json!({"repeat": performed})).await;
    assert_eq!((status, &fork["budget"]["steps"]), (201, &json!(50)), "{fork}");
    let behind = served.host.performed_after(run_id(&run), 2).await.unwrap();
    assert_problem(&bot.post(&path, &json!({"after": 2, "repeat": behind})).await, 403, "budget");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_states_of_a_run_are_drawn_with_its_path_and_load_nothing() {
    let served = Served::start(|server| server).await;
    let client = served.client("eve", Role::Operator).await;
    let run = client.refund("user_123").await;
    served.settled(&run).await;
    let picture = client.send(&format!("GET /v1/runs/{run}/graph.svg"), &[], "").await;
    assert_eq!(picture.headers()["content-type"], "image/svg+xml");
    assert!(picture.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let text = String::from_utf8(picture.into_body().collect().await.unwrap().to_bytes().into()).unwrap();
    assert!(text.starts_with("<svg ") && text.contains("WAITING_FOR_HUMAN") && text.contains("node now"), "{text}");
    let unknown = format!("GET /v1/runs/{}/graph.svg", RunId::from_bytes([7; 16]));
    assert_problem(&client.ask(&unknown, &[], &Value::Null).await, 404, "run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_is_followed_line_by_line_and_then_to_how_it_ended() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let code =
        json!({"language": "javascript", "code": "console.log('a'); console.log('b'); return 6 * input", "input": 7});
    let events = followed(&client, "code-1", &code).await;
    let (begun, end) = (events.first().unwrap(), events.last().unwrap());
    assert_eq!((&*begun.0, &*end.0, &end.1["output"]), ("run", "end", &json!(42)), "{events:?}");
    assert_eq!(begun.1["run_id"], end.1["run_id"]);
    let written = |events: &[(String, Value)]| {
        let output = events.iter().filter(|(name, data)| name == "output" && data["stream"] == "stdout");
        output.map(|(_, data)| data["text"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(written(&events), "a\nb\n");
    assert_described(&served.anyone().get("/openapi.json").await, "CodeRun", &end.1);
    let again = followed(&client, "code-1", &code).await;
    assert_eq!((&again.last().unwrap().1["run_id"], &*written(&again)), (&end.1["run_id"], "a\nb\n"), "{again:?}");
    let viewer = served.client("eve", Role::Viewer).await;
    assert_problem(&viewer.ask("POST /v1/exec", &[EVENTS], &code).await, 403, "role");
    let other = json!({"language": "cobol", "code": "STOP RUN."});
    assert_eq!(client.ask("POST /v1/exec", &[EVENTS], &other).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_shown_and_begun_with_the_variables_of_another() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let code = |session: &str| json!({"language": "javascript", "code": "return 1", "session": session});
    for session in ["b", "a", "a"] {
        assert_eq!(client.post("/v1/exec", &code(session)).await.0, 201);
    }
    assert_eq!(client.get("/v1/sessions").await, json!([{"session": "a"}, {"session": "b"}]));
    let first = client.send("GET /v1/sessions?limit=1", &[], "").await;
    assert_eq!(first.headers()["link"], "</v1/sessions?limit=1&cursor=a>; rel=\"next\"");
    assert_eq!(client.get("/v1/sessions?cursor=a").await, json!([{"session": "b"}]));
    let cells = client.get("/v1/sessions/a").await;
    assert_described(&served.anyone().get("/openapi.json").await, "SessionCell", &cells[0]);
    assert_eq!((cells.as_array().unwrap().len(), &cells[1]["number"]), (2, &json!(1)));
    assert_eq!(client.get("/v1/sessions/a?after=0").await, json!([cells[1]]));
    assert_eq!(client.post("/v1/sessions/a/fork", &json!({"to": "c"})).await, (201, json!({"session": "c"})));
    assert_eq!(client.get("/v1/sessions/c").await, cells);
    assert_eq!(client.post("/v1/sessions/a/fork", &json!({"to": "c"})).await.0, 409);
    assert_problem(&client.ask("GET /v1/sessions/nothing", &[], &Value::Null).await, 404, "session");
    let viewer = served.client("eve", Role::Viewer).await;
    assert_problem(&viewer.post("/v1/sessions/a/fork", &json!({"to": "d"})).await, 403, "role");
    assert_problem(&client.ask("DELETE /v1/sessions/a", &[], &Value::Null).await, 403, "role");
    let admin = served.client("root", Role::Admin).await;
    let gone = admin.ask("DELETE /v1/sessions/a", &[], &Value::Null).await;
    // A session that began with its variables needs its runs.
    assert_eq!((gone.0, &gone.1["cells"], gone.1["kept"].as_array().unwrap().len()), (200, &json!(2), 2), "{gone:?}");
    assert_described(&served.anyone().get("/openapi.json").await, "RemovedSession", &gone.1);
    assert_problem(&client.ask("GET /v1/sessions/a", &[], &Value::Null).await, 404, "session");
    let gone = admin.ask("DELETE /v1/sessions/c", &[], &Value::Null).await;
    assert_eq!((gone.0, gone.1["removed"].as_array().unwrap().len()), (200, 2), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_an_administrator_uploads_is_a_tool_that_is_granted_nothing() {
    let served = Served::start_with(|builder, place| builder.uploads(place.data("uploads")), |server| server).await;
    let (admin, operator) = (served.client("root", Role::Admin).await, served.client("shop", Role::Operator).await);
    assert_problem(&upload(&operator, "rules", shop::POLICY).await, 403, "role");
    let (status, tool) = upload(&admin, "rules", shop::POLICY).await;
    assert_eq!((status, &tool["grants"], &tool["name"]), (201, &json!([]), &json!("rules")), "{tool}");
    assert_eq!(tool["digest"], admin.get("/v1/tools/policy").await["digest"]);
    assert_described(&served.anyone().get("/openapi.json").await, "Tool", &tool);
    assert_eq!(upload(&admin, "rules", shop::POLICY).await.0, 200);
    assert_problem(&upload(&admin, "rules", shop::LETTERS).await, 409, "tool");
    assert_problem(&upload(&admin, "payments", shop::LETTERS).await, 409, "tool");

    let file = served.place.data("uploads").join("rules.wasm");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let call = json!({"amount_cents": 14_900, "approval_above_cents": 10_000});
    let (status, answer) = admin.post("/v1/tools/rules/needs_approval", &call).await;
    assert_eq!((status, &answer["output"]), (200, &json!(true)), "{answer}");
    let code = json!({"language": "javascript", "code": "return 1", "tools": ["rules"]});
    assert_eq!(operator.post("/v1/exec", &code).await.0, 201);
    // It reads a database, and has none.
    assert_eq!(upload(&admin, "reader", shop::PURCHASES).await.0, 201);
    let (status, refused) = admin.post("/v1/tools/reader/find", &json!({"user_id": "user_123"})).await;
    assert!((400..500).contains(&status), "{status} {refused}");

    let later = served.place.host().uploads(served.place.data("uploads")).build().await.unwrap();
    assert!(later.component("rules").unwrap().grants().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_no_component_too_long_or_not_wanted_is_refused() {
    let limits = Limits { component_bytes: shop::POLICY.len(), ..Limits::default() };
    let served =
        Served::start_with(|builder, place| builder.uploads(place.data("uploads")), |server| server.limits(limits))
            .await;
    let admin = served.client("root", Role::Admin).await;
    let (status, refused) = upload(&admin, "broken", "no component").await;
    assert_eq!((status, &refused["kind"]), (400, &json!("invalid")), "{refused}");
    assert_problem(&upload(&admin, "Rules", shop::POLICY).await, 400, "tool");
    let form = admin.send("PUT /v1/tools/rules", &[("content-type", "text/plain")], shop::POLICY).await;
    assert_problem(&read(form).await, 415, "body");
    let long = upload(&admin, "rules", [shop::POLICY, b"x"].concat()).await;
    assert_problem(&long, 413, "body");
    assert_eq!(admin.ask("GET /v1/tools/rules", &[], &Value::Null).await.0, 404);
    assert!(!served.place.data("uploads").exists());

    let other = Served::start(|server| server).await;
    let admin = other.client("root", Role::Admin).await;
    assert_problem(&upload(&admin, "rules", shop::POLICY).await, 403, "uploads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_a_page_for_people_without_a_script_in_it() {
    let served = Served::start(|server| server).await;
    let page = served.anyone().send("GET /docs", &[], "").await;
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    let text = String::from_utf8(page.into_body().collect().await.unwrap().to_bytes().into()).unwrap();
    for shown in ["POST /v1/runs/{id}/fork", "href=\"#schema-Run\"", "id=\"schema-Run\"", "/openapi.json"] {
        assert!(text.contains(shown), "{shown}");
    }
    assert!(!text.contains("<script>") && !text.contains("style="));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_described_door_is_there_and_asks_for_a_token() {
    let served = Served::start(|server| server).await;
    let (anyone, admin) = (served.anyone(), served.client("root", Role::Admin).await);
    let description = anyone.get("/openapi.json").await;
    assert_eq!(description["openapi"], "3.1.0");
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", &RunId::from_bytes([7; 16]).to_string()).replace(['{', '}'], "");
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{} {path}", method.to_uppercase());
            let status = anyone.ask(&what, &[], &Value::Null).await.0;
            let expected = if operation["security"] == json!([]) { 200 } else { 401 };
            assert_eq!(status, expected, "{what}");
        }
        let (status, problem) = admin.ask(&format!("PATCH {path}"), &[], &Value::Null).await;
        assert_eq!((status, &problem["reason"]), (405, &json!("method")), "{path}");
    }
    let answer = anyone.send("GET /v1/runs", &[], "").await;
    assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"stockade\"");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let wrong = Client { token: Some("stk_00".to_owned()), ..anyone.clone() };
    assert_problem(&wrong.ask("GET /v1/runs", &[], &Value::Null).await, 401, "token");
    assert_problem(&admin.ask("GET /v2", &[], &Value::Null).await, 404, "path");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_long_or_no_json_is_refused_and_so_is_one_that_is_not_what_is_asked_for() {
    let served = Served::start(|server| server.limits(Limits { body_bytes: 1_000, ..Limits::default() })).await;
    let client = served.client("shop", Role::Operator).await;
    let long = json!({"workflow": "refund", "input": "x".repeat(1_000)});
    let refused = client.post("/v1/runs", &long).await;
    assert_problem(&refused, 413, "body");
    assert_eq!((&refused.1["limit"], &refused.1["allowed"]), (&json!("body_bytes"), &json!(1_000)));
    let far_too_long = json!("x".repeat(4 << 20)).to_string();
    assert_problem(&read(client.send("POST /v1/runs", &[], far_too_long).await).await, 413, "body");
    let form = client.send("POST /v1/runs", &[("content-type", "text/plain")], refund("user_789").to_string()).await;
    assert_problem(&read(form).await, 415, "body");
    for (body, status) in [
        (json!({"workflow": "refund"}), 400),
        (json!({"workflow": "refund", "input": {}, "by": "eve"}), 400),
        (json!({"workflow": "nothing", "input": {}}), 404),
        (json!({"workflow": "refund", "input": {}, "budget": {"step": 1}}), 400),
    ] {
        assert_eq!(client.post("/v1/runs", &body).await.0, status, "{body}");
    }
    let user = "\"user_id\": \"user_123\", \"request\": \"r\"";
    // Readers disagree on which of two members of one name counts, and a float would round the number.
    for broken in [
        "{\"workflow\": ",
        &format!("{{\"workflow\": \"refund\", \"input\": {{{user}, \"user_id\": \"user_456\"}}}}"),
        &format!("{{\"workflow\": \"refund\", \"input\": {{{user}}}, \"budget\": {{\"steps\": 1, \"steps\": 2}}}}"),
        "{\"workflow\": \"exec\", \"input\": {\"language\": \"javascript\", \"source\": \"1\", \"input\": 18446744073709551617}}",
    ] {
        let answer = client.send("POST /v1/runs", &[("content-type", "application/json")], broken.to_owned()).await;
        assert_problem(&read(answer).await, 400, "json");
    }
    assert_problem(&client.ask("GET /v1/runs/7", &[], &Value::Null).await, 400, "run_id");
    assert_eq!(client.get("/v1/runs").await, json!([]), "nothing was started");
}

/// It was told that there is no room at the moment, and to come again after a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_whose_value_takes_too_much_memory_is_refused_for_good() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let bomb =
        format!("{{\"workflow\": \"refund\", \"input\": [{}]}}", vec!["{\"\":{\"\":{\"\":0}}}"; 100_000].join(","));
    let response = client.send("POST /v1/runs", &[("content-type", "application/json")], bomb).await;
    assert_eq!(response.headers().get("retry-after"), None);
    assert_problem(&read(response).await, 413, "json");
}
