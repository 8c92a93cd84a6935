//! Services that documents of OpenAPI describe, as tools: our own server, and services and documents made to do harm.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};
use stockade::{Config, Host, Kind, NewToken, Outcome, Role};
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
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
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
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
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
