//! Servers of the Model Context Protocol, well-behaved and hostile. Each hostile one is a case in `tests/mcp-servers/cases`, which
//! `tests/mcp-servers/peer.py` plays, and is numbered as in the catalogue of hostile guests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::callable::{Call, Callable as _, Calling};
use stockade::{Budget, Builder, Config, Fault, Kind, Limits, Outcome, stubs};
use stockade_mcp_client::{Client, McpTool, Standing};
use stockade_tests::code::exec;
use stockade_tests::{Place, root};
use tokio::task::JoinSet;

use crate::layers::files;
use crate::results::{script, told};

/// What the servers are given as a secret.
const SECRET: &str = "sk_live_0123456789abcdef";

/// A server that plays a case, with all that it wrote to its standard error.
struct Played {
    place: Place,
    case: PathBuf,
    allow: Vec<String>,
    more: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl Played {
    fn new(case: PathBuf, allow: &[String]) -> Self {
        let more = "env = { KEY = \"key\" }".to_owned();
        Self { place: Place::new(), case, allow: allow.to_vec(), more, said: Arc::default() }
    }

    /// Plays what is written here in place of a file.
    fn of(peer: Value, allow: &[&str], more: &str) -> Self {
        let place = Place::new();
        let case = place.write("case.json", json!({"peer": peer}).to_string());
        let allow = allow.iter().map(|name| (*name).to_owned()).collect();
        let more = format!("env = {{ KEY = \"key\" }}\n{more}");
        Self { place, case, allow, more, said: Arc::default() }
    }

    fn config(&self) -> Config {
        let peer = root().join("tests/mcp-servers/peer.py");
        let text = format!(
            "[mcp.peer]\ncommand = \"python3\"\nargs = [{:?}, {:?}]\ntools = {:?}\nstart_timeout_ms = 60000\n\
             limits = {{ wall_us = 60000000 }}\n{}",
            peer.display().to_string(),
            self.case.display().to_string(),
            self.allow,
            self.more
        );
        Config::parse(&text).unwrap()
    }

    fn client(&self) -> Client {
        let said = Arc::clone(&self.said);
        let heard = move |_: &str, line: &str| said.lock().unwrap().push(line.to_owned());
        Client::new(&self.config(), self.place.path("mcp")).secrets(|_| Ok(SECRET.to_owned())).log(heard)
    }

    /// Accepts what the server offers now.
    async fn accept(&self) -> stockade::Result<()> {
        let client = self.client();
        client.pin(&client.compare("peer").await?)
    }

    fn tool(&self) -> McpTool {
        self.client().tools().unwrap().remove(0)
    }

    /// Begins a host that has the server, which was accepted.
    fn builder(&self) -> Builder {
        let builder = self.client().add_to(self.place.host()).unwrap();
        builder.configured(&self.config()).unwrap().built_in_languages().scratch(self.place.path(""))
    }
}

/// Calls a function, and gives up after so long.
async fn call(tool: &McpTool, function: &str, arguments: &Value, wait_ms: u64) -> Option<stockade::Result<Value>> {
    let limits = Limits::default().wall_us(60_000_000);
    let call = Call { function, arguments, idempotency_key: "key", seed: 0, limits };
    match tool.call(call, None) {
        Ok(Calling::Answer(answer)) => {
            let answered = tokio::time::timeout(Duration::from_millis(wait_ms), answer).await;
            answered.ok().map(|outcome| outcome.result)
        }
        Ok(Calling::Code(_)) => panic!("a server runs no code"),
        Err(fault) => Some(Err(fault)),
    }
}

fn text<'a>(case: &'a Value, key: &str) -> Option<&'a str> {
    case.get(key).and_then(Value::as_str)
}

fn texts(case: &Value, key: &str) -> Vec<String> {
    let all = case[key].as_array().into_iter().flatten();
    all.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Plays a case from the acceptance to its last call.
async fn play(path: &Path, case: &Value) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let played = Played::new(path.to_owned(), &texts(case, "allow"));
    let client = played.client();
    let found = client.compare("peer").await;
    if let Some(why) = text(case, "accept") {
        let fault = found.err().unwrap_or_else(|| panic!("{name}: it is accepted"));
        assert!(fault.message.contains(why), "{name}: {fault}");
        return;
    }
    let found = found.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    for (tool, why) in case["missing"].as_object().into_iter().flatten() {
        let Some(Standing::Missing(said)) = found.standings().remove(tool.as_str()) else { panic!("{name}: {tool}") };
        assert!(said.contains(why.as_str().unwrap()), "{name}: {said}");
    }
    for (tool, what) in case["unchecked"].as_object().into_iter().flatten() {
        let unchecked = found.standings()[tool.as_str()].unchecked();
        assert!(unchecked.iter().any(|said| said.contains(what.as_str().unwrap())), "{name}: {unchecked:?}");
    }
    client.pin(&found).unwrap();
    let tool = played.tool();
    let offered: BTreeSet<_> = tool.functions().iter().map(|function| function.name().to_owned()).collect();
    if case.get("offered").is_some() {
        assert_eq!(offered, BTreeSet::from_iter(texts(case, "offered")), "{name}");
    }
    for (function, parts) in case["docs"].as_object().into_iter().flatten() {
        let docs = tool.functions().iter().find(|own| own.name() == function).unwrap().description();
        let missing = parts.as_array().unwrap().iter().find(|part| !docs.contains(part.as_str().unwrap()));
        assert_eq!(missing, None, "{name}: {docs}");
        assert!(docs.len() < 2_000, "{name}: {docs}");
    }
    for made in case["calls"].as_array().into_iter().flatten() {
        checked(name, case, made, &tool).await;
    }
    if let Some(unasked) = case.get("unasked") {
        let seen = json!(tool.unasked());
        assert_eq!((&seen["strays"], &seen["declined"]), (&unasked["strays"], &unasked["declined"]), "{name}");
    }
    let accepted = client.accepted("peer").unwrap();
    let withdrawn = accepted.iter().filter(|(_, pin)| pin.withdrawn.is_some()).map(|(tool, _)| tool.clone());
    assert_eq!(withdrawn.collect::<Vec<_>>(), texts(case, "withdrawn"), "{name}");
    if let Some(secret) = text(case, "never_says") {
        assert!(played.said.lock().unwrap().iter().all(|line| !line.contains(secret)), "{name}");
    }
}

/// Makes a call of a case, and checks how it ends.
async fn checked(name: &str, case: &Value, made: &Value, tool: &McpTool) {
    let function = text(made, "function").unwrap();
    let arguments = made.get("arguments").cloned().unwrap_or_else(|| json!({}));
    let outcome = call(tool, function, &arguments, made["wait_ms"].as_u64().unwrap_or(60_000)).await;
    let Some(outcome) = outcome else {
        assert!(made.get("late").is_some(), "{name}: {function} has not answered");
        return;
    };
    match (outcome, text(made, "kind")) {
        (Ok(value), None) => {
            assert!(text(made, "value").is_none_or(|expected| value == expected), "{name}: {value}");
            assert!(text(made, "contains").is_none_or(|part| value.to_string().contains(part)), "{name}");
        }
        (Err(fault), Some(kind)) => {
            assert_eq!(json!(fault.kind), kind, "{name}: {fault}");
            assert!(text(made, "says").is_none_or(|part| fault.message.contains(part)), "{name}: {fault}");
            assert!(text(case, "never_says").is_none_or(|secret| !fault.message.contains(secret)), "{name}: {fault}");
        }
        (outcome, kind) => panic!("{name}: {function} ends with {outcome:?}, and should with {kind:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_server_gets_nothing_by_its_case() {
    let mut paths: Vec<_> =
        fs::read_dir(root().join("tests/mcp-servers/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "{paths:?}");
    let mut played = JoinSet::new();
    for path in paths {
        let case = stockade::json::parse(&fs::read_to_string(&path).unwrap(), &stockade::json::Bounds::OWN).unwrap();
        assert!(text(&case, "says").is_some_and(|says| says.ends_with('.')), "{}", path.display());
        played.spawn(async move { play(&path, &case).await });
    }
    while let Some(ended) = played.join_next().await {
        ended.unwrap();
    }
}

/// Numbers from 77 on are for what came after the catalogue: here, in the hostile suite, and as `Hostile case N` before a test.
#[test]
fn every_number_from_77_on_names_one_hostile_case() {
    let mut cases: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for folder in ["tests/hostile", "tests/mcp-servers/cases"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if let Some(number) = name.split('-').next().and_then(|number| number.parse::<u32>().ok()) {
                cases.entry(number).or_default().insert(format!("{folder}/{name}"));
            }
        }
    }
    for file in files("tests", ".rs") {
        for line in fs::read_to_string(root().join(&file)).unwrap().lines() {
            let Some(said) = line.trim_start().strip_prefix("/// Hostile case ") else { continue };
            let number = said.split(|letter: char| !letter.is_ascii_digit()).next().unwrap();
            cases.entry(number.parse().unwrap()).or_default().insert(format!("{file}: {said}"));
        }
    }
    let last = *cases.keys().next_back().unwrap();
    for number in 77..=last {
        let named = cases.remove(&number).unwrap_or_default();
        assert_eq!(named.len(), 1, "case {number}: {named:?}");
    }
}

fn echo() -> Value {
    let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
    json!({"name": "echo", "description": "Says it again.", "inputSchema": schema})
}

const SAY: &str = "return await peer.echo({text: 'hello'})";

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_tool_is_called_by_code_with_typed_stubs_and_checked_arguments() {
    let played = Played::of(json!({"tools": [echo()]}), &["echo"], "approval = \"never\"");
    played.accept().await.unwrap();
    let host = played.builder().build().await.unwrap();
    assert_eq!(exec(&host, SAY, &["peer"]).await, Outcome::Done("{\"text\": \"hello\"}".into()));
    let refused = "try { await peer.echo({text: 7}) } catch (error) { return error.message }";
    let Outcome::Done(said) = exec(&host, refused, &["peer"]).await else { panic!("it was called") };
    assert!(said.as_str().unwrap().contains("is not of type"), "{said}");
    let stubs = stubs::text(&[host.tool("peer").unwrap()], "python").unwrap();
    assert!(stubs.contains("def echo(text: str) -> Any:"), "{stubs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_tool_sends_nothing_private_without_approval() {
    let played = Played::of(json!({"tools": [echo()]}), &["echo"], "");
    played.accept().await.unwrap();
    let host = played.builder().build().await.unwrap();
    let Outcome::Failed(fault) = exec(&host, SAY, &["peer", "purchases"]).await else { panic!("it was sent") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Denied, Some("flow")), "{fault}");
    let played = Played::of(json!({"tools": [echo()]}), &["echo"], "sends = false");
    played.accept().await.unwrap();
    let host = played.builder().build().await.unwrap();
    assert!(matches!(exec(&host, SAY, &["peer", "purchases"]).await, Outcome::Done(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_tool_waits_for_a_person_where_the_operator_wants_it() {
    let played = Played::of(json!({"tools": [echo()]}), &["echo"], "approval = \"always\"");
    played.accept().await.unwrap();
    let host = played.builder().build().await.unwrap();
    let Outcome::Waiting(approval) = exec(&host, SAY, &["peer"]).await else { panic!("it was called") };
    assert_eq!((&*approval.call.tool, &*approval.call.function), ("peer", "echo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reads_the_rest_of_a_servers_long_answer_by_its_handle() {
    let rows: String = (0..5_000).map(|row| format!("row-{row} ")).collect();
    let from = rows.find("row-2500 ").unwrap();
    let tools = json!([{"name": "rows", "inputSchema": {"type": "object"}}]);
    let answers = json!({"rows": {"result": {"content": [{"type": "text", "text": rows}]}}});
    let mut played = Played::of(json!({"tools": tools, "answers": answers}), &["rows"], "approval = \"never\"");
    let read = format!(
        "calls = [{{ name = \"read_result\", arguments = {{ handle = \"result:turn-1/call-1\", from = {from}, bytes = 100 }} }}]"
    );
    let turns = ["calls = [{ name = \"peer.rows\", arguments = {} }]", &read, "text = \"done\""];
    let file = played.place.write("replies.toml", script(&turns));
    played.more += &format!("\n[model.demo]\nprovider = \"scripted\"\nfile = {file:?}\nprice = \"free\"");
    played.accept().await.unwrap();
    let host = played.builder().build().await.unwrap();
    let input = json!({"task": "count", "tools": ["peer"]});
    let run = host.start("agent", input, Budget::default()).await.unwrap();
    let id = run.id();
    let outcome = run.settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    let told = told(&host.state(id).await.unwrap());
    assert!(told[0].contains("row-0 ") && told[0].contains("row-4999 "), "{}", told[0]);
    assert!(told[0].contains("result:turn-1/call-1") && !told[0].contains("row-2500 "), "{}", told[0]);
    assert!(told[1].contains("row-2500 ") && told[1].len() < 1_000, "{}", told[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_name_that_is_a_built_in_tools_is_refused() {
    let played = Played::of(json!({"tools": [echo()]}), &["echo"], "");
    let text = "[mcp.purchases]\ncommand = \"python3\"\ntools = [\"find\"]";
    let config = Config::parse(text).unwrap();
    let client = Client::new(&config, played.place.path("mcp"));
    let builder = client.add_to(played.place.host()).unwrap().configured(&config).unwrap();
    let fault = builder.build().await.err().unwrap();
    assert!(fault.message.contains("two tools are registered as \"purchases\""), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_no_client_has_added_is_named() {
    let played = Played::of(json!({}), &[], "");
    let fault = played.place.host().configured(&played.config()).err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("mcp")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_an_environment_and_a_folder_of_its_own() {
    let peer = json!({"tools": [echo()], "answers": {"echo": {"environment": "KEY"}}});
    let played = Played::of(peer, &["echo"], "variables = { PLAIN = \"x\" }");
    played.accept().await.unwrap();
    let said = call(&played.tool(), "echo", &json!({"text": ""}), 60_000).await.unwrap().unwrap();
    let said: Value = serde_json::from_str(said.as_str().unwrap()).unwrap();
    let names = texts(&said, "names");
    let known = ["HOME", "KEY", "LC_CTYPE", "PATH", "PLAIN", "TMPDIR"];
    assert!(names.iter().all(|name| known.contains(&name.as_str())) && names.len() >= 5, "{names:?}");
    assert_eq!(said["value"], "[redacted]", "it was given the secret, and its answer does not show it");
    assert!(said["folder"].as_str().unwrap().ends_with("mcp/homes/peer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_is_accepted_anew_is_called_again_by_the_next_host() {
    let (one, other) =
        (echo(), json!({"name": "echo", "description": "Otherwise.", "inputSchema": {"type": "object"}}));
    let played = Played::of(json!({"tools_by_start": [[one], [other]]}), &["echo"], "");
    played.accept().await.unwrap();
    let before = played.tool();
    let arguments = json!({"text": "a"});
    let refused = call(&before, "echo", &arguments, 60_000).await.unwrap().unwrap_err();
    assert_eq!(refused.kind, Kind::Denied, "{refused}");
    assert!(played.tool().functions().is_empty(), "a host that starts meanwhile does not offer it");
    let found = played.client().compare("peer").await.unwrap();
    let lines = found.standings()["echo"].lines();
    assert!(lines.iter().any(|line| line.starts_with("- ")) && lines.contains(&"+ description: Otherwise.".to_owned()));
    played.client().pin(&found).unwrap();
    let answer = call(&played.tool(), "echo", &arguments, 60_000).await.unwrap().unwrap();
    assert_eq!(answer, "{\"text\": \"a\"}");
}

/// A peer that answers over HTTP; it ends when it is dropped.
struct Served(Child, u16);

impl Served {
    fn new(case: &Path) -> Self {
        let peer = root().join("tests/mcp-servers/peer.py");
        let mut child =
            Command::new("python3").arg(peer).arg(case).arg("--http").stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self(child, port.trim().parse().unwrap())
    }

    /// Compares, accepts and calls.
    async fn called(&self, place: &Place, more: &str) -> stockade::Result<Value> {
        let text = format!("[mcp.peer]\nurl = \"http://127.0.0.1:{}/mcp\"\ntools = [\"echo\"]\n{more}", self.1);
        let config = Config::parse(&text.replace("PORT", &self.1.to_string())).unwrap();
        let client = Client::new(&config, place.path("mcp")).secrets(|_| Ok(SECRET.to_owned()));
        client.pin(&client.compare("peer").await?)?;
        let tool = client.tools()?.remove(0);
        call(&tool, "echo", &json!({"text": "a"}), 60_000).await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_http_is_called_in_both_revisions_with_json_streams_sessions_and_tokens() {
    let oauth = "oauth = { token_url = \"http://127.0.0.1:PORT/token\", client_id = \"me\", secret = \"key\" }";
    for (peer, more) in [
        (json!({"era": "legacy", "session": "s1"}), ""),
        (json!({"era": "legacy", "stream": true}), ""),
        (json!({"era": "modern"}), ""),
        (json!({"era": "modern", "stream": true, "token": SECRET}), "token = \"key\""),
        (json!({"era": "legacy", "token": "other"}), oauth),
    ] {
        let place = Place::new();
        let mut peer = peer;
        peer["tools"] = json!([echo()]);
        let case = place.write("case.json", json!({"peer": peer}).to_string());
        let served = Served::new(&case);
        let answer = served.called(&place, more).await;
        assert_eq!(answer.unwrap_or_else(|fault| panic!("{peer}: {fault}")), "{\"text\": \"a\"}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_http_that_wants_another_token_is_not_called() {
    let place = Place::new();
    let case = place.write("case.json", json!({"peer": {"tools": [echo()], "token": "other"}}).to_string());
    let fault: Fault = Served::new(&case).called(&place, "token = \"key\"").await.unwrap_err();
    assert!(fault.message.contains("status 401") && !fault.message.contains(SECRET), "{fault}");
}

/// Hostile case 102: it answers byte by byte, for ever, so that there never is a silence.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_http_whose_answer_does_not_end_is_given_up_when_its_time_is_over() {
    for kind in ["application/json", "text/event-stream"] {
        let place = Place::new();
        let case = place.write("case.json", json!({"peer": {"drip": kind}}).to_string());
        let fault = Served::new(&case).called(&place, "start_timeout_ms = 300").await.unwrap_err();
        assert_eq!(fault.kind, Kind::GuestError, "{kind}: {fault}");
        assert!(fault.message.contains("start_timeout_ms"), "{kind}: {fault}");
    }
}

#[test]
fn a_person_accepts_what_the_command_line_shows() {
    let place = Place::new();
    let case = place.write("case.json", json!({"peer": {"tools": [echo()]}}).to_string());
    let peer = root().join("tests/mcp-servers/peer.py");
    let config = format!(
        "[mcp.peer]\ncommand = \"python3\"\nargs = [{:?}, {:?}]\ntools = [\"echo\"]\napproval = \"never\"\n",
        peer.display().to_string(),
        case.display().to_string()
    );
    place.write("stockade.toml", config);
    let asked = place.json(&["mcp", "accept", "peer"]);
    assert_eq!((asked.exit, &asked.json["tools"]["echo"]["state"]), (Some(3), &json!("new")), "{asked:#?}");
    let listed = place.json(&["mcp", "list"]);
    assert_eq!(listed.json[0]["tools"][0]["accepted_ms"], Value::Null, "{listed:#?}");
    let wrong = place.json(&["mcp", "accept", "peer", "--seen", "000000000000"]);
    assert_eq!(wrong.exit, Some(6), "{wrong:#?}");
    let digest = asked.json["digest"].as_str().unwrap();
    assert_eq!(place.json(&["mcp", "accept", "peer", "--seen", digest]).exit, Some(0));
    let shown = place.call(&["mcp", "show", "peer"]);
    assert!(shown.stdout.contains("as it was accepted"), "{shown:#?}");
    place.write("code.js", SAY);
    let run = place.json(&["exec", "code.js", "--tool", "peer"]);
    assert_eq!(run.exit, Some(0), "{run:#?}");
    assert!(run.stdout.contains("hello"), "{run:#?}");
    let gone = place.json(&["mcp", "show", "other"]);
    assert_eq!(gone.exit, Some(5), "{gone:#?}");
}
