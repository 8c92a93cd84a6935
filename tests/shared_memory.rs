//! The long-term memory in a database, which several hosts share: the command line, and a host of a program's own.

use serde_json::json;
use stockade::{Config, Namespace, NewMemory, Query, RunId};
use stockade_tests::Place;
use stockade_tests::database::OwnDatabase;

/// What `stockade.toml` says of a memory in this database.
fn config(database: &OwnDatabase) -> String {
    format!("[memory]\nurl = \"{}\"\npassword = \"db\"\n\n[secrets]\ndb = {{ file = \"password\" }}\n", database.url())
}

/// A folder of a host whose memory is in this database, and whose journal is its own.
fn host(database: &OwnDatabase) -> Place {
    let place = Place::new();
    place.write("password", database.password());
    place.write("stockade.toml", config(database));
    place
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_host_finds_and_forgets_what_another_one_keeps() {
    let database = OwnDatabase::new().await;
    let (one, other) = (host(&database), host(&database));
    let made = one.json(&["migrate"]);
    assert_eq!(
        (made.exit, &made.json["memory"]["from"], &made.json["memory"]["to"]),
        (Some(0), &json!(null), &json!(1))
    );
    one.write("handbook.md", "Goods can be returned within 30 days.\n");
    let added = one.json(&["memory", "add", "handbook.md", "--namespace", "acme", "--label", "private"]);
    assert_eq!((added.exit, &added.json[0]["kept"]), (Some(0), &json!([1])), "{added:#?}");
    assert!(!one.data("memory.db").exists());
    let found = other.json(&["memory", "search", "how long can I return things", "--namespace", "acme"]);
    let found = &found.json[0];
    assert_eq!(
        (&found["text"], &found["source"]),
        (&json!("Goods can be returned within 30 days."), &json!("handbook.md"))
    );
    assert_eq!(found["labels"], json!(["private"]));
    assert_eq!(other.json(&["memory", "list", "--namespace", "elsewhere"]).json, json!([]));
    assert_eq!(other.json(&["memory", "forget", "--source", "handbook.md"]).json["forgotten"], 1);
    assert_eq!(one.json(&["memory", "list"]).json, json!([]));
    assert_eq!(one.json(&["memory", "forget", "1"]).exit, Some(5));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn what_a_run_remembers_in_a_database_is_of_that_run() {
    let database = OwnDatabase::new().await;
    let place = host(&database);
    let config = Config::parse(&config(&database)).unwrap();
    let builder = place.host().memory(place.data("memory.db")).configured(&config).unwrap();
    let host = builder.secret("db", database.password()).build().await.unwrap();
    let run = "01a2050d-bf9d-757d-8ee0-cb207a02d5da";
    let id: RunId = run.parse().unwrap();
    let note = NewMemory { text: "Dana prefers letters in Welsh".to_owned(), ..NewMemory::default() };
    let by = Some((id, "remember".to_owned()));
    host.memory().unwrap().remember(&note, by.clone(), 1, &[]).await.unwrap();
    let query = Query { namespace: Namespace::default(), text: "which letters?".to_owned(), limit: 5 };
    assert_eq!(host.memory().unwrap().recall(&query, 2).await.unwrap().value[0].written_by, by);
    assert_eq!(place.json(&["memory", "forget", "--run", run]).json["forgotten"], 1);
}

#[test]
fn a_memory_is_in_a_file_or_in_a_database_and_no_error_shows_a_password() {
    let place = Place::new();
    let refused = |memory: &str| {
        place.write("stockade.toml", format!("[memory]\n{memory}\n"));
        let answer = place.json(&["memory", "list"]);
        assert_eq!(answer.exit, Some(2), "{answer:#?}");
        answer.json["error"]["message"].as_str().unwrap().to_owned()
    };
    let both = refused("path = \"m.db\"\nurl = \"postgres://app@127.0.0.1:1/runs\"");
    assert!(both.contains("m.db\" as its path, and a database as its url"), "{both}");
    let shown = refused("url = \"postgres://app:hunter2@127.0.0.1:1/runs\"");
    assert!(
        shown.contains("the memory's URL holds a password; name a secret instead") && !shown.contains("hunter2"),
        "{shown}"
    );
    let other = refused("url = \"hunter2\"");
    assert!(
        other.contains("the memory's URL is not \"postgres://USER@HOST:PORT/DATABASE\"") && !other.contains("hunter2")
    );
}
