//! The program of an agent, which starts `stockade mcp` and speaks to it in lines.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Output, Stdio};

use serde_json::{Value, json};
use stockade_tests::Place;

use super::{BEFORE, call, initialize, request};

/// The program of an agent.
pub(crate) struct Agent {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    asked: u64,
}

impl Agent {
    pub(crate) fn start(place: &Place, more: &[&str]) -> Self {
        let mut command = place.command(&[&["mcp", "--grace", "100ms"], more].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, asked: 0 }
    }

    /// Starts one that speaks the revision before.
    pub(crate) fn before(place: &Place, more: &[&str]) -> Self {
        Self::before_that(place, more, json!({}))
    }

    /// Starts one that speaks the revision before, and has these capabilities.
    pub(crate) fn before_that(place: &Place, more: &[&str], capabilities: Value) -> Self {
        let mut agent = Self::start(place, more);
        let begun = agent.ask("initialize", initialize(capabilities));
        assert_eq!(begun["result"]["protocolVersion"], BEFORE, "{begun}");
        agent.tell(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        agent
    }

    pub(crate) fn write(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
        stdin.write_all(b"\n").unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn tell(&mut self, message: &Value) {
        self.write(&message.to_string());
    }

    /// Sends a request, and returns its number.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> u64 {
        self.asked += 1;
        self.tell(&request(self.asked, method, params));
        self.asked
    }

    /// Returns the next message.
    pub(crate) fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Asks, and returns the answer; what the server tells meanwhile is passed over.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let asked = self.send(method, params);
        loop {
            let next = self.next();
            if next["id"] == asked {
                return next;
            }
        }
    }

    pub(crate) fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.ask("tools/call", call(name, arguments))["result"].clone()
    }

    /// Begins code that does not end, and returns once it runs.
    pub(crate) fn begin_endless(&mut self) -> u64 {
        let mut params = call("exec__javascript", json!({"code": "for (;;);"}));
        params["_meta"] = json!({"progressToken": "p"});
        let asked = self.send("tools/call", params);
        let told = self.next();
        assert_eq!(
            (&told["method"], &told["params"]["progressToken"]),
            (&json!("notifications/progress"), &json!("p"))
        );
        asked
    }

    /// Closes the agent's side, and waits for the end.
    pub(crate) fn close(mut self) -> Output {
        drop(self.child.stdin.take());
        let rest = self.lines.by_ref().map(Result::unwrap).collect::<Vec<_>>().join("\n");
        let mut output = self.child.wait_with_output().unwrap();
        output.stdout = rest.into_bytes();
        output
    }
}

/// Returns how the runs of a place stand.
pub(crate) fn statuses(place: &Place) -> Vec<String> {
    let runs = place.json(&["runs"]).json;
    runs.as_array().unwrap().iter().map(|run| run["status"].as_str().unwrap().to_owned()).collect()
}
