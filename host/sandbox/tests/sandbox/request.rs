//! The guest "request", by which tools of documents are called: the secret that it sends it never sees.

use serde_json::json;
use stockade_sandbox::{Config, Engine, Limits, Tool};
use stockade_workflow::Grant;

use crate::common::{built, call};
use crate::server::{Server, ok};

#[tokio::test]
async fn a_request_carries_a_secret_that_its_guest_does_not_see() {
    let server = Server::saying(&ok("token-12345 is yours")).await;
    let secrets = [("key".to_owned(), "token-12345".to_owned())].into_iter().collect();
    let engine = Engine::new(Config { concurrency: 2, secrets, ..Config::default() }).unwrap();
    let origin = format!("http://127.0.0.1:{}", server.port);
    let grants = [
        Grant::http(format!("POST {origin}/")).addresses(["127.0.0.1"]),
        Grant::secret("key", format!("127.0.0.1:{}", server.port), "authorization"),
    ];
    let tool = Tool::new(&engine, "test", engine.load(&built("request")).unwrap(), &grants).unwrap();
    let arguments = json!({
        "method": "POST", "url": format!("{origin}/a?b=c"), "headers": [["content-type", "application/json"]],
        "secrets": [{"header": "authorization", "prefix": "Bearer ", "name": "key"}], "body": "{}", "bytes_max": 1000,
    });
    let answer = call(&tool, "send", arguments, Limits::default()).await.result.unwrap();
    assert_eq!((&answer["status"], &answer["truncated"]), (&json!(200), &json!(false)));
    assert!(!answer["body"].as_str().unwrap().contains("token-12345"), "{answer}");
    assert!(server.got()[0].contains("authorization: Bearer token-12345\r\n"), "{:?}", server.got());
}
