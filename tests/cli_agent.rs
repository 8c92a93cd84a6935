//! `stockade agent` and what it needs: a provider on loopback, a person at a terminal, recordings, spans.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade_tests::{Place, binary};

const KEY: &str = "sk-test-7d9f2b41c0";

/// A provider that speaks as OpenAI's chat completions do. It keeps what it was asked.
struct Provider {
    port: u16,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Provider {
    /// Answers one question after another with these choices, streamed.
    fn start(answers: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let provider = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = Arc::clone(&provider.asked);
        std::thread::spawn(move || {
            for (stream, answer) in listener.incoming().zip(answers) {
                let (head, body, mut stream) = request(stream.unwrap());
                asked.lock().unwrap().push((head, serde_json::from_slice(&body).unwrap()));
                stream.write_all(streamed(&answer).as_bytes()).unwrap();
            }
        });
        provider
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads one request: its head and its body.
fn request(stream: TcpStream) -> (String, Vec<u8>, TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    (head, body, reader.into_inner())
}

/// One answer as a stream of events: the message in one piece, then what it cost.
fn streamed(message: &Value) -> String {
    response(&(delta(message) + &end(message)))
}

fn chunk(choices: Value, usage: Value) -> String {
    let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "toy-1", "choices": choices, "usage": usage});
    format!("data: {chunk}\n\n")
}

fn delta(message: &Value) -> String {
    chunk(json!([{"index": 0, "delta": message, "finish_reason": null}]), Value::Null)
}

fn end(message: &Value) -> String {
    let reason = if message.get("tool_calls").is_some() { "tool_calls" } else { "stop" };
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120});
    chunk(json!([{"index": 0, "delta": {}, "finish_reason": reason}]), Value::Null)
        + &chunk(json!([]), usage)
        + "data: [DONE]\n\n"
}

fn response(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn says(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

fn calls(name: &str, arguments: &Value) -> Value {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    json!({"role": "assistant", "content": null, "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
}

/// A place whose one model is that provider.
fn place(port: u16) -> Place {
    let place = Place::new();
    let config = format!(
        "[model.main]\nprovider = \"openai-compatible\"\nmodel = \"toy-1\"\nurl = \"http://127.0.0.1:{port}/v1/\"\n\
         key = \"toy\"\nprice = {{ input = \"$1.00\", output = \"$2.00\" }}\n[secrets]\ntoy = {{ env = \"TOY_KEY\" }}\n"
    );
    place.write("stockade.toml", config);
    place
}

fn agent(place: &Place, more: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = place.command(&[&["agent", "--json"], more].concat());
    let output = command.env("TOY_KEY", KEY).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code(), json, stderr)
}

/// The name under which a provider takes a function whose name has a dot is ours to choose: the question says it.
fn name_of(asked: &Value, ending: &str) -> String {
    let tools = asked["tools"].as_array().unwrap();
    let names = tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap());
    names.rev().find(|name| name.ends_with(ending)).unwrap().to_owned()
}

#[test]
fn an_agent_asks_a_provider_calls_a_tool_and_is_charged() {
    // One question only tells how the function is called there.
    let scout = Provider::start(vec![says("hello")]);
    let (exit, _, stderr) = agent(&place(scout.port), &["who bought what?", "--tool", "purchases"]);
    assert_eq!(exit, Some(0), "{stderr}");
    let find = name_of(&scout.asked()[0].1, "find");

    let provider =
        Provider::start(vec![calls(&find, &json!({"user_id": "user_123"})), says("A Premium Subscription.")]);
    let place = place(provider.port);
    let (exit, report, stderr) = agent(&place, &["what did user_123 buy?", "--tool", "purchases"]);
    assert_eq!(exit, Some(0), "{stderr}");
    assert_eq!(report["output"]["answer"], "A Premium Subscription.");
    let usage = &report["usage"];
    // Twice 100 tokens at a millionth of a dollar and 20 at two.
    assert_eq!(
        (usage["model_calls"].as_u64(), usage["tokens"].as_u64(), usage["money_micros"].as_u64()),
        (Some(2), Some(240), Some(280))
    );
    let asked = provider.asked();
    assert!(asked[0].0.to_lowercase().contains(&format!("authorization: bearer {KEY}")), "{}", asked[0].0);
    let answer = asked[1].1["messages"].as_array().unwrap().last().unwrap().to_string();
    assert!(answer.contains("Premium Subscription"), "{answer}");
    assert!(!stderr.contains(KEY) && !report.to_string().contains(KEY));
}

#[test]
fn a_recording_is_played_without_a_provider_and_without_a_key() {
    let provider = Provider::start(vec![says(&format!("your key is {KEY}"))]);
    let place = place(provider.port);
    let (exit, recorded, stderr) = agent(&place, &["hello", "--record", "tape.jsonl"]);
    assert_eq!(exit, Some(0), "{stderr}");
    let tape = std::fs::read_to_string(place.path("tape.jsonl")).unwrap();
    assert!(!tape.contains(KEY), "{tape}");
    let (exit, played, stderr) = agent(&place, &["hello", "--replay", "tape.jsonl"]);
    assert_eq!(exit, Some(0), "{stderr}");
    assert_eq!(provider.asked().len(), 1);
    assert_eq!(played["usage"]["tokens"], recorded["usage"]["tokens"]);
    let (exit, other, _) = agent(&place, &["something else", "--replay", "tape.jsonl"]);
    assert_eq!((exit, &other["error"]["kind"]), (Some(1), &json!("model")), "{other}");
}

#[test]
fn a_model_without_a_price_is_not_asked() {
    let provider = Provider::start(vec![says("never")]);
    let place = place(provider.port);
    let config = std::fs::read_to_string(place.path("stockade.toml")).unwrap();
    let config: String =
        config.lines().filter(|line| !line.starts_with("price")).map(|line| format!("{line}\n")).collect();
    place.write("stockade.toml", config);
    let (exit, report, _) = agent(&place, &["hello"]);
    assert_eq!(exit, Some(1), "{report}");
    let message = report["error"]["message"].as_str().unwrap();
    assert!(message.contains("price = \"free\""), "{message}");
    assert_eq!(provider.asked().len(), 0);
}

/// A tool that may change something wants to be asked for: at a terminal a person is, elsewhere the run waits.
#[test]
fn a_person_at_the_terminal_is_asked_and_elsewhere_the_run_waits() {
    let script = "[[answer]]\nwhen = { turn = 1 }\nreply = { calls = [{ name = \"payments.refund\", \
                  arguments = { user_id = \"user_789\", amount_cents = 7900 } }] }\n\
                  [[answer]]\nwhen = { turn = 2 }\nreply = { text = \"done\" }\n";
    for (answer, refunds) in [(None, 0), (Some("y\n"), 1), (Some("n\n"), 0)] {
        let place = Place::new();
        place.write("replies.toml", script);
        place.write("stockade.toml", "[model.demo]\nprovider = \"scripted\"\nfile = \"replies.toml\"\n");
        let Some(answer) = answer else {
            let (exit, report, _) = agent(&place, &["refund user_789", "--tool", "payments"]);
            assert_eq!((exit, &report["status"]), (Some(3), &json!("waiting")));
            assert_eq!(report["approval"]["arguments"]["amount_cents"], 7900);
            continue;
        };
        let output = at_a_terminal(&place, "agent 'refund user_789' --tool payments", answer);
        // As `approvals` shows it: what decides comes first.
        let at = |line: &str| output.find(line).unwrap_or_else(|| panic!("{line} in {output}"));
        let lines = ["payments.refund", "  amount_cents: 7900", "  user_id: \"user_789\"", "May it be called?"].map(at);
        assert!(lines.is_sorted(), "{lines:?} in {output}");
        assert_eq!(place.refunds().len(), refunds, "{output}");
        assert!(output.lines().any(|line| line.trim_end() == "done"), "the answer, as it was given: {output}");
        let run = place.json(&["runs"]).json[0]["run_id"].as_str().unwrap().to_owned();
        let shown = place.json(&["show", &run]).json.to_string();
        assert!(shown.contains("\"by\":\"robin\""), "{shown}");
    }
}

/// What a model writes cannot clear a screen, neither while it comes nor in the timeline or under `--json`.
#[test]
fn the_timeline_shows_the_answers_of_models_and_why_a_call_failed() {
    let place = Place::new();
    let script = "[[answer]]\nwhen = { turn = 1 }\nreply = { text = \"I look\\u001b[2J\\u009b it up\", \
                  calls = [{ name = \"purchases.find\", arguments = { user_id = 7 } }] }\n\
                  [[answer]]\nwhen = { turn = 2 }\nreply = { text = \"done\" }\n";
    place.write("replies.toml", script);
    place.write("stockade.toml", "[model.demo]\nprovider = \"scripted\"\nfile = \"replies.toml\"\n");
    let (exit, report, stderr) = agent(&place, &["what did 7 buy?", "--tool", "purchases", "--model", "demo"]);
    assert_eq!(exit, Some(0), "{stderr}");
    let run = report["run_id"].as_str().unwrap();
    let shown = String::from_utf8(place.command(&["show", run]).output().unwrap().stdout).unwrap();
    for line in [
        "  model demo  ",
        "      scripted: I look\\u{1b}[2J\\u{9b} it up\n                scripted wants purchases.find {\"user_id\":7}\n",
        "  purchases.find ✗  ",
        "→ THINK\n                argument \"user_id\"",
        "      scripted: done\n",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    let screen = at_a_terminal(&place, "agent 'what did 7 buy?' --tool purchases", "");
    let json = place.command(&["show", run, "--json"]).output().unwrap().stdout;
    for printed in [&screen, &shown, &String::from_utf8(json).unwrap()] {
        assert!(!printed.contains("\u{1b}[2J") && !printed.contains('\u{9b}'), "{printed:?}");
    }
}

#[test]
fn a_worker_is_named_and_says_why_it_failed() {
    let place = Place::new();
    let folder = stockade_tests::root().join("examples/orchestrator");
    let config = folder.join("stockade.toml");
    let case: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
    let (config, input) = (config.to_str().unwrap(), case["input"].to_string());
    let output = place.command(&["run", "review", "--config", config, "--input", &input]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    for line in ["  model  ", "  worker-1/model  ", "  worker-2/purchases.find  ", "scripted: I do not look up people."]
    {
        assert!(stderr.contains(line), "{line:?} is not in {stderr}");
    }
}

/// A run of another configuration goes on with that one.
#[test]
fn what_is_proposed_works() {
    let place = Place::new();
    let config = stockade_tests::root().join("examples/react/stockade.toml").display().to_string();
    let output =
        place.command(&["run", "desk", "--config", &config, "--input", "{\"task\": \"refund user_789\"}"]).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    let proposed = said.lines().find_map(|line| line.strip_prefix("yes:  ")).unwrap_or_else(|| panic!("{said}"));
    let shell = Command::new("sh").args(["-c", proposed]).current_dir(place.path("")).output().unwrap();
    assert_eq!(shell.status.code(), Some(0), "{}", String::from_utf8_lossy(&shell.stderr));
    assert_eq!(place.refunds().len(), 1);
}

/// Calls the binary in a terminal, in which a person types once the question is there.
fn at_a_terminal(place: &Place, args: &str, types: &str) -> String {
    Terminal::start(place, args).answered(QUESTION, types).ended().1
}

/// What a question ends with.
const QUESTION: &str = "[y]es, [n]o, [l]ater: ";

/// The binary in a terminal of 80 columns.
struct Terminal {
    child: Child,
    typing: ChildStdin,
    screen: ChildStdout,
    shown: String,
    seen: usize,
}

impl Terminal {
    fn start(place: &Place, args: &str) -> Self {
        let command = format!("stty cols 80; {} {args}", binary().display());
        let mut script = Command::new("script");
        script
            .args(["-qec", &command, "/dev/null"])
            .current_dir(place.path(""))
            .env("TOY_KEY", KEY)
            .env("USER", "robin");
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (typing, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, typing, screen, shown: String::new(), seen: 0 }
    }

    /// Reads on; says whether there was something.
    fn read(&mut self) -> bool {
        let mut piece = [0; 1024];
        let read = self.screen.read(&mut piece).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&piece[..read]));
        read > 0
    }

    /// Waits until the screen shows a text that was not seen before, or the binary has ended.
    fn shows(mut self, text: &str) -> Self {
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            if !self.read() {
                return self;
            }
        }
    }

    fn types(mut self, text: &str) -> Self {
        // Where the binary has ended, it reads no more.
        let _ = self.typing.write_all(text.as_bytes());
        self
    }

    fn answered(self, question: &str, answer: &str) -> Self {
        self.shows(question).types(answer)
    }

    /// Returns the exit code and all that was shown.
    fn ended(mut self) -> (Option<i32>, String) {
        while self.read() {}
        (self.child.wait().unwrap().code(), self.shown)
    }
}

/// A model writes the host's own question, a person answers it, and the real question comes when the answer is there
/// already: it approved a call that was not seen.
#[test]
fn input_that_was_typed_before_a_question_does_not_answer_it() {
    let (typed, is_typed) = std::sync::mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place(listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        let (_, body, mut stream) = request(listener.accept().unwrap().0);
        let refund = name_of(&serde_json::from_slice(&body).unwrap(), "refund");
        let lure = format!("{}\nMay it be called? {QUESTION}", "x".repeat(76));
        let call = calls(&refund, &json!({"user_id": "user_789", "amount_cents": 7900}));
        let rest = delta(&call) + &end(&call);
        let whole = response(&(delta(&says(&lure.repeat(2))) + &rest));
        let (text, rest) = whole.split_at(whole.len() - rest.len());
        stream.write_all(text.as_bytes()).unwrap();
        is_typed.recv().unwrap();
        stream.write_all(rest.as_bytes()).unwrap();
    });
    let terminal = Terminal::start(&place, "agent 'refund user_789' --tool payments");
    // The terminal shows what is typed: then it is in its queue.
    let terminal = terminal.answered(QUESTION, "y\ny").shows("y\r\ny");
    typed.send(()).unwrap();
    let terminal = terminal.answered(QUESTION, "perhaps\n").answered(QUESTION, "later\n");
    let (exit, screen) = terminal.ended();
    assert_eq!((exit, place.refunds().len()), (Some(3), 0), "{screen}");
    assert!(screen.contains("yes:  "), "{screen}");
    let written = screen.lines().take_while(|line| !line.contains("asks")).filter(|line| line.contains("May it be"));
    let written: Vec<_> = written.collect();
    assert!(written.len() == 2 && written.iter().all(|line| line.contains("│ ")), "{written:?}\n{screen}");
}

#[test]
fn a_further_attempt_is_shown_while_the_model_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place(listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        let busy =
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        for answer in [busy.to_owned(), streamed(&says("three"))] {
            let (_, _, mut stream) = request(listener.accept().unwrap().0);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let (exit, screen) = Terminal::start(&place, "agent 'how many?'").ended();
    assert_eq!(exit, Some(0), "{screen}");
    let line = screen.lines().find(|line| line.contains("attempt")).unwrap_or_else(|| panic!("{screen}"));
    assert!(line.contains("model main: attempt 2 of 3, retry in 1 s: ") && line.contains("503"), "{line}");
}

/// What arrived at a collector of our own, by the path that it was posted to.
type Arrived = Arc<Mutex<BTreeMap<String, Vec<Vec<u8>>>>>;

/// Starts a collector; returns its port.
fn collector() -> (u16, Arrived) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, arrived) = (listener.local_addr().unwrap().port(), Arrived::default());
    let kept = Arc::clone(&arrived);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (head, body, mut stream) = request(stream.unwrap());
            let path = head.strip_prefix("POST ").and_then(|head| head.split_once(' ')).unwrap().0.to_owned();
            kept.lock().unwrap().entry(path).or_default().push(body);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    (port, arrived)
}

/// The agent of the tests of telemetry, which calls a tool and says a word.
fn telling(port: u16, content: bool) -> Place {
    let place = Place::new();
    let script = "[[answer]]\nwhen = { turn = 1 }\nreply = { calls = [{ name = \"purchases.find\", \
                  arguments = { user_id = \"user_123\" } }] }\n\
                  [[answer]]\nwhen = { turn = 2 }\nreply = { text = \"the answer is Rosebud\" }\n";
    place.write("replies.toml", script);
    let config = format!(
        "[model.demo]\nprovider = \"scripted\"\nfile = \"replies.toml\"\n\
         [telemetry]\nendpoint = \"http://127.0.0.1:{port}\"\ncontent = {content}\n"
    );
    place.write("stockade.toml", config);
    place
}

/// Spans arrive with the conventions' names, and what was said does not.
#[test]
fn spans_arrive_at_a_collector_and_carry_no_content_unless_asked() {
    for content in [false, true] {
        let (port, arrived) = collector();
        let (exit, _, stderr) = agent(&telling(port, content), &["what did user_123 buy?", "--tool", "purchases"]);
        assert_eq!(exit, Some(0), "{stderr}");
        // The texts of protobuf stand in it as they are.
        let spans = String::from_utf8_lossy(&arrived.lock().unwrap()["/v1/traces"].concat()).into_owned();
        for name in [
            "invoke_agent agent",
            "execute_tool purchases.find",
            "chat demo",
            "gen_ai.operation.name",
            "gen_ai.agent.name",
            "gen_ai.provider.name",
            "gen_ai.request.model",
            "gen_ai.usage.input_tokens",
            "gen_ai.response.finish_reasons",
            "gen_ai.tool.name",
        ] {
            assert!(spans.contains(name), "{name} is not in {spans:?}");
        }
        assert_eq!(spans.contains("Rosebud"), content);
        assert_eq!(spans.contains("gen_ai.input.messages"), content);
    }
}

/// The meters and the log of one agent, as OTLP has them in JSON.
#[test]
fn meters_and_records_arrive_at_the_same_collector_by_the_conventions_names() {
    let (port, arrived) = collector();
    let (exit, report, stderr) = agent(&telling(port, false), &["what did user_123 buy?", "--tool", "purchases"]);
    assert_eq!(exit, Some(0), "{stderr}");
    let arrived = arrived.lock().unwrap();
    let last: Value = serde_json::from_slice(arrived["/v1/metrics"].last().unwrap()).unwrap();
    let metrics = last.pointer("/resourceMetrics/0/scopeMetrics/0/metrics").unwrap().as_array().unwrap();
    let points = |name: &str, shape: &str| {
        let metric = metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("{name}: {last}"));
        metric[shape]["dataPoints"].as_array().unwrap().clone()
    };
    let attribute = |point: &Value, key: &str| {
        let named = point["attributes"].as_array().unwrap().iter().find(|attribute| attribute["key"] == key);
        named.map(|attribute| attribute["value"]["stringValue"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    let run = &points("gen_ai.invoke_agent.duration", "histogram")[0];
    assert_eq!(
        (attribute(run, "gen_ai.operation.name"), attribute(run, "gen_ai.agent.name"), &run["count"]),
        ("invoke_agent".to_owned(), "agent".to_owned(), &json!("1"))
    );
    for (name, sum) in [("gen_ai.invoke_agent.inference_calls", 2.0), ("gen_ai.invoke_agent.tool_calls", 1.0)] {
        assert_eq!(points(name, "histogram")[0]["sum"], json!(sum), "{name}");
    }
    let call = &points("gen_ai.execute_tool.duration", "histogram")[0];
    assert_eq!(attribute(call, "gen_ai.tool.name"), "purchases.find");
    // The second name is the one of the conventions before 0.1.0.
    for name in ["gen_ai.client.inference.duration", "gen_ai.client.operation.duration"] {
        let asked = &points(name, "histogram")[0];
        assert_eq!(
            (attribute(asked, "gen_ai.operation.name"), attribute(asked, "gen_ai.request.model"), &asked["count"]),
            ("chat".to_owned(), "demo".to_owned(), &json!("2")),
            "{name}"
        );
    }
    for name in ["gen_ai.client.inference.usage.input_tokens", "gen_ai.client.inference.usage.output_tokens"] {
        assert_eq!(attribute(&points(name, "sum")[0], "gen_ai.token.modality"), "unknown", "{name}");
    }
    let tokens = points("gen_ai.client.token.usage", "histogram");
    let types: Vec<_> = tokens.iter().map(|point| attribute(point, "gen_ai.token.type")).collect();
    assert_eq!(types, ["input", "output"]);
    assert_eq!(points("stockade.runs.ended", "sum")[0]["asInt"], "1");

    let logs = arrived["/v1/logs"].iter().flat_map(|body| {
        let body: Value = serde_json::from_slice(body).unwrap();
        body.pointer("/resourceLogs/0/scopeLogs/0/logRecords").unwrap().as_array().unwrap().clone()
    });
    let logs: Vec<_> = logs.collect();
    let names: Vec<_> = logs.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    for name in ["stockade.run.started", "stockade.model.asked", "stockade.tool.called", "stockade.run.ended"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let run = report["run_id"].as_str().unwrap();
    assert!(logs.iter().all(|record| record["traceId"] == run.replace('-', "")), "{logs:?}");
    assert!(!json!(logs).to_string().contains("Rosebud"));
}
