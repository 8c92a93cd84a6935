//! Services that documents of OpenAPI describe, as tools: our own server, and services and documents made to do harm.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};
use stockade::{AcceptedDocument, Config, Host, Kind, NewToken, Outcome, Role};
use stockade_tests::Place;
use stockade_tests::code::exec;

use crate::server::Served;

/// A host whose configuration is this, beside the document that stands for `{document}` in it.
async fn host(place: &Place, document: &Value, config: &str, token: &str) -> stockade::Result<Host> {
    let file: PathBuf = place.path("service.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let config = Config::parse(&config.replace("{document}", &file.display().to_string()))?;
    let builder = place.host().built_in_languages().scratch(place.path("")).secret("token", token);
    builder.configured(&config)?.build().await
}

/// Answers each request on loopback with this, and returns the port.
fn answering(answer: String) -> u16 {
    answering_in_turn(std::iter::repeat(answer))
}

/// Answers each request on loopback with the next of these, and returns the port.
fn answering_in_turn(answers: impl Iterator<Item = String> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (stream, answer) in listener.incoming().zip(answers) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn one_operation() -> Value {
    json!({"openapi": "3.1.0", "paths": {"/items/{id}": {"get": {
        "operationId": "item", "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
    }}}})
}

/// The configuration of a service here; `grants` are those of http.
fn of_service(port: u16, grants: &str) -> String {
    format!(
        "[openapi.service]\ndocument = \"{{document}}\"\nbase_url = \"http://127.0.0.1:{port}\"\n\
         [openapi.service.grants]\nhttp = [{grants}]\n"
    )
}

fn to_loopback(port: u16) -> String {
    format!("{{ allow = \"GET http://127.0.0.1:{port}/\", addresses = [\"127.0.0.1\"] }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_ours_is_a_tool_by_its_own_document() {
    let served = Served::start(|server| server).await;
    let (_, token) = served.host.create_token(NewToken::new("agent", Role::Operator)).await.unwrap();
    let address = served.address;
    let document = served.anyone().get("/openapi.json").await;
    let config = format!(
        r#"
        [openapi.service]
        document = "{{document}}"
        base_url = "http://{address}"
        operations = ["startRun", "readRun", "listWorkflows"]
        [openapi.service.grants]
        http = [
            {{ allow = "GET http://{address}/v1", addresses = ["127.0.0.1"] }},
            {{ allow = "POST http://{address}/v1/runs", addresses = ["127.0.0.1"] }},
        ]
        secrets = [{{ name = "token", host = "{address}", header = "authorization" }}]
        "#
    );
    let place = Place::new();
    let host = host(&place, &document, &config, &token).await.unwrap();
    let tool = host.tool("service").unwrap();
    let names: Vec<_> = tool.functions().iter().map(stockade::callable::ToolFunction::name).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(tool.nature().can_send && !tool.nature().repeatable);
    let source = "
        const body = {workflow: 'refund', input: {user_id: 'user_789', request: 'not what I expected'}}
        const started = await service.startRun({body})
        const run = await service.readRun({id: started.id ?? started.run_id})
        const names = await service.listWorkflows({})
        return [run.workflow, names.length > 0]";
    assert_eq!(exec(&host, source, &["service"]).await, Outcome::Done(json!(["refund", true])));
    let refused = "try { await service.startRun({body: {workflow: 1}}) } catch (error) { return error.message }";
    let Outcome::Done(message) = exec(&host, refused, &["service"]).await else { panic!("it was sent") };
    assert!(message.as_str().unwrap().contains("is a required property"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_badly_is_an_error_of_the_tool() {
    for (answer, why) in [
        (ok("{\"a\": "), "is not JSON"),
        (ok(&"[".repeat(10_000)), "is not JSON"),
        (ok(&format!("\"{}\"", "x".repeat(500_000))), "longer than"),
        ("HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops".to_owned(), "status \"500\": oops"),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "status \"302\"",
        ),
    ] {
        let place = Place::new();
        let port = answering(answer);
        let host = host(&place, &one_operation(), &of_service(port, &to_loopback(port)), "unused-token").await.unwrap();
        assert!(host.tool("service").unwrap().nature().repeatable);
        let call = "try { await service.item({id: 'a'}) } catch (error) { return error.message }";
        let Outcome::Done(message) = exec(&host, call, &["service"]).await else { panic!("{why}") };
        assert!(message.as_str().unwrap().contains(why), "{why}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_asked_for_nothing_that_is_not_granted() {
    let port = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned());
    let without_address = format!("{{ allow = \"GET http://127.0.0.1:{port}/\" }}");
    let elsewhere = format!("{{ allow = \"GET http://127.0.0.1:{port}/other\", addresses = [\"127.0.0.1\"] }}");
    for grants in ["", without_address.as_str(), elsewhere.as_str()] {
        let place = Place::new();
        let host = host(&place, &one_operation(), &of_service(port, grants), "unused-token").await.unwrap();
        let outcome = exec(&host, "return await service.item({id: 'a'})", &["service"]).await;
        let Outcome::Failed(fault) = outcome else { panic!("{grants}: {outcome:?}") };
        assert!(fault.message.contains("127.0.0.1"), "{grants}: {fault}");
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_used_is_refused_by_name() {
    let with = |key: &str, value: Value| {
        let mut document = one_operation();
        document["paths"]["/items/{id}"]["get"][key] = value;
        document
    };
    let remote = json!({"content": {"application/json": {"schema": {"$ref": "http://169.254.169.254/x.json"}}}});
    for (document, config, why) in [
        (with("requestBody", remote), "", "\"http://169.254.169.254/x.json\" leads out of the document"),
        (json!({"swagger": "2.0"}), "", "no \"openapi\""),
        (one_operation(), "operations = [\"other\"]", "no operation \"other\""),
        (one_operation(), "base_url = \"file:///etc/passwd\"", "\"file:///etc/passwd\""),
        (one_operation(), "", "the address of the service is \"\""),
    ] {
        let place = Place::new();
        let config = format!("[openapi.service]\ndocument = \"{{document}}\"\n{config}\n");
        let fault = host(&place, &document, &config, "unused-token").await.err().unwrap();
        assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::Invalid, Some("service")), "{fault}");
        assert!(fault.message.contains(why), "{why}: {fault}");
    }
}

/// The configuration of a service whose document has this address.
fn at(address: &str, operations: &str) -> Config {
    let base_url = "https://service.example";
    let text = format!(
        "[openapi.service]\ndocument = \"{address}\"\nbase_url = \"{base_url}\"\noperations = [{operations}]\n"
    );
    Config::parse(&text).unwrap()
}

/// Returns the names of the functions of the service, where this was accepted of its document.
async fn functions(config: &Config, accepted: Option<&AcceptedDocument>) -> Vec<String> {
    let place = Place::new();
    let builder = accepted.into_iter().fold(place.host(), |builder, accepted| {
        let accepted = accepted.clone();
        builder.accepted_document("service", accepted)
    });
    let host = builder.configured(config).unwrap().build().await.unwrap();
    host.tool("service").unwrap().functions().iter().map(|function| function.name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_our_server_publishes_is_used_as_a_person_has_accepted_it() {
    let served = Served::start(|server| server).await;
    let address = format!("http://{}/openapi.json", served.address);
    let config = at(&address, "\"readRun\", \"listWorkflows\"");
    let service = config.openapi.get("service").unwrap();
    let text = service.fetched("service").await.unwrap();
    let described = service.describe("service", &text).unwrap();
    assert_eq!(described.operations.keys().collect::<Vec<_>>(), ["listWorkflows", "readRun"]);
    assert_eq!(described.operations["readRun"]["method"], "GET");
    let accepted = AcceptedDocument { address: address.clone(), digest: described.digest(), text };

    assert_eq!(functions(&config, None).await, [""; 0]);
    let mut offered = functions(&config, Some(&accepted)).await;
    offered.sort();
    assert_eq!(offered, ["listWorkflows", "readRun"]);
    // What the person has not read is not used: further operations, another document, another address.
    assert_eq!(functions(&at(&address, "\"readRun\", \"startRun\""), Some(&accepted)).await, [""; 0]);
    let other = AcceptedDocument { text: accepted.text.replace("Returns all", "Deletes all"), ..accepted.clone() };
    assert_ne!(other.text, accepted.text);
    assert_eq!(functions(&config, Some(&other)).await, [""; 0]);
    let moved = at("https://elsewhere.example/openapi.json", "\"readRun\", \"listWorkflows\"");
    assert_eq!(functions(&moved, Some(&accepted)).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_got_from_a_safe_address_that_answers_with_it_and_from_no_other_one() {
    let redirect = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_owned();
    for (answer, why) in [
        (redirect, "status 302"),
        ("HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops".to_owned(), "status 500"),
        (ok(&" ".repeat((16 << 20) + 1)), "more than 16777216 bytes"),
    ] {
        let config = at(&format!("http://127.0.0.1:{}/openapi.json", answering(answer)), "");
        let fault = config.openapi.get("service").unwrap().fetched("service").await.unwrap_err();
        assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::Unavailable, Some("service")), "{fault}");
        assert!(fault.message.contains(why), "{fault}");
    }
    for address in ["http://192.0.2.1/a.json", "https://me:pw@a.example/a.json", "ftp://a.example/a.json", "file:///a"]
    {
        let fault = at(address, "").openapi.get("service").unwrap().fetched("service").await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("openapi")), "{address}: {fault}");
    }
}

#[test]
fn a_document_that_has_changed_waits_on_the_command_line_for_a_person() {
    let (before, mut after) = (one_operation(), one_operation());
    after["paths"]["/items/{id}"]["get"]["summary"] = json!("Deletes the item.");
    let documents = [&before, &before, &after, &after, &after].map(|document| ok(&document.to_string()));
    let port = answering_in_turn(documents.into_iter());
    let place = Place::new();
    let own = format!("http://127.0.0.1:{port}");
    place.write("stockade.toml", format!("[openapi.service]\ndocument = \"{own}/a.json\"\nbase_url = \"{own}\"\n"));
    let accept = |more: &[&str]| place.json(&[&["openapi", "accept", "service"], more].concat());
    let is_accepted = || place.json(&["openapi", "list"]).json[0]["accepted"].clone();

    let new = accept(&[]);
    assert!(new.exit != Some(0) && new.json["accepted"] == false && is_accepted() == false, "{new:?}");
    let seen = new.json["digest"].as_str().unwrap();
    assert_eq!((accept(&["--seen", seen]).exit, is_accepted()), (Some(0), json!(true)));
    let changed = accept(&["--seen", seen]);
    assert_eq!(changed.json["error"]["kind"], "conflict", "{changed:?}");
    assert_eq!(is_accepted(), true, "runs use the document that was accepted");
    let changed = accept(&[]);
    assert!(changed.exit != Some(0) && changed.json["operations"]["item"]["description"] == "Deletes the item.");
    assert_eq!(accept(&["--seen", changed.json["digest"].as_str().unwrap()]).exit, Some(0));
    // A file that this user has not sealed is worth nothing.
    let file = place.data("openapi/service.json");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replace("Deletes", "Returns")).unwrap();
    assert_eq!(is_accepted(), false);
}
