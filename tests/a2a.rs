//! Runs as tasks of A2A, in the bytes that a client sends; `tests/clients` has a client of others.

use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::Incoming;
use serde_json::{Value, json};
use stockade::{Role, RunId};
use stockade_server::Limits;
use stockade_tests::input;

use crate::server::{Client, Served};

const VERSION: (&str, &str) = ("a2a-version", "1.0");

fn called(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": "7", "method": method, "params": params})
}

async fn call(client: &Client, method: &str, params: &Value) -> (u16, Value) {
    client.ask("POST /v1/a2a", &[VERSION], &called(method, params)).await
}

/// Begins a stream of answers.
async fn begin(client: &Client, method: &str, params: &Value) -> Response<Incoming> {
    let headers = [VERSION, ("content-type", "application/json")];
    client.send("POST /v1/a2a", &headers, called(method, params).to_string()).await
}

/// The results of a stream, to its end.
async fn results(stream: Response<Incoming>) -> Vec<Value> {
    let bytes = stream.into_body().collect().await.unwrap().to_bytes();
    let lines = std::str::from_utf8(&bytes).unwrap().lines();
    let answers = lines.filter_map(|line| line.strip_prefix("data: ")).map(serde_json::from_str::<Value>);
    answers.map(|answer| answer.unwrap()["result"].take()).collect()
}

fn refund(user: &str, id: &str) -> Value {
    let message = json!({"messageId": id, "role": "ROLE_USER", "parts": [{"data": input(user)}]});
    json!({"message": message, "metadata": {"skill": "refund"}})
}

fn state(result: &Value) -> &Value {
    let told = result.get("statusUpdate").or_else(|| result.get("task")).unwrap_or(&Value::Null);
    &told["status"]["state"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_asks_names_where_a_person_decides_and_its_follower_hears_of_the_decision() {
    let served = Served::start(|server| server).await;
    let (agent, dana) = (served.client("agent", Role::Operator).await, served.client("dana", Role::Approver).await);
    let events = results(begin(&agent, "SendStreamingMessage", &refund("user_123", "m1")).await).await;
    let task = events[0]["task"]["id"].as_str().unwrap().to_owned();
    assert_eq!(state(events.last().unwrap()), "TASK_STATE_INPUT_REQUIRED", "{events:?}");
    let (_, waiting) = call(&agent, "SendMessage", &refund("user_123", "m1")).await;
    assert_eq!(waiting["result"]["task"]["id"], *task, "the same message is the same task");
    let parts = &waiting["result"]["task"]["status"]["message"]["parts"];
    let place = format!("http://{}/inbox#q-{task}-", served.address);
    assert!(parts[0]["text"].as_str().unwrap().contains(&place), "{parts}");

    let asked = &parts[1]["data"];
    let yes = json!({"approval": asked["approval"], "decision": "approve", "seen": asked["digest"]});
    let yes = json!({"message": {"messageId": "m2", "taskId": task, "parts": [{"data": yes}]}});
    let (status, refused) = call(&agent, "SendMessage", &yes).await;
    assert_eq!((status, &refused["reason"]), (403, &json!("role")), "{refused}");
    let following = begin(&agent, "SubscribeToTask", &json!({"id": task})).await;
    let (_, done) = call(&dana, "SendMessage", &yes).await;
    assert_eq!(state(&done["result"]), "TASK_STATE_COMPLETED", "{done}");
    let heard = results(following).await;
    let [first, .., artifact, last] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!([state(first), state(last)], ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_COMPLETED"]);
    assert_eq!(artifact["artifactUpdate"]["artifact"], done["result"]["task"]["artifacts"][0]);
    let (_, ended) = call(&agent, "CancelTask", &json!({"id": task})).await;
    assert_eq!(ended["error"]["code"], -32_002, "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_wrong_has_the_number_of_its_error_and_nothing_is_started() {
    let served = Served::start(|server| server.limits(Limits { body_bytes: 1_000, ..Limits::default() })).await;
    let (agent, eve) = (served.client("agent", Role::Operator).await, served.client("eve", Role::Viewer).await);
    let unknown = json!({"id": RunId::from_bytes([7; 16])});
    let skill =
        |name: &str| json!({"message": {"messageId": "m", "parts": [{"text": "x"}]}, "metadata": {"skill": name}});
    for (method, params, code) in [
        ("message/send", json!({}), -32_601),
        ("GetTask", json!({}), -32_602),
        ("GetTask", unknown.clone(), -32_001),
        ("CancelTask", unknown.clone(), -32_001),
        ("SubscribeToTask", unknown, -32_001),
        ("SendMessage", json!({"message": {"messageId": "m", "parts": [{"text": "x"}]}}), -32_602),
        ("SendMessage", skill("nothing"), -32_602),
        ("ListTasks", json!({}), -32_004),
    ] {
        let (status, answer) = call(&agent, method, &params).await;
        assert_eq!(
            (status, &answer["error"]["code"], &answer["id"]),
            (200, &json!(code), &json!("7")),
            "{method}: {answer}"
        );
    }
    let (_, old) = agent.ask("POST /v1/a2a", &[], &called("GetTask", &json!({}))).await;
    assert_eq!(old["error"]["code"], -32_009, "{old}");
    assert_eq!(call(&eve, "SendMessage", &refund("user_789", "m1")).await.0, 403);
    assert_eq!(call(&agent, "SendMessage", &skill(&"x".repeat(1_000))).await.0, 413);
    assert_eq!(agent.get("/v1/runs").await, json!([]));

    let card = |client: Client| async move { client.get("/v1/a2a/refund/.well-known/agent-card.json").await };
    assert_eq!(card(served.anyone()).await["skills"], json!([]), "a stranger is told of none");
    let card = card(agent).await;
    assert_eq!((card["skills"].as_array().unwrap().len(), &card["skills"][0]["id"]), (1, &json!("refund")));
    assert_eq!(card["supportedInterfaces"][0]["url"], format!("http://{}/v1/a2a/refund", served.address));
}
