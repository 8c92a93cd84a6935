use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade_sandbox::{Call, Component, Config, Engine, Limits, Outcome, Tool};
use stockade_tests::root;
use stockade_workflow::{Fault, Grant};

/// One engine for all cases, as in a host: what a case does to it, the next one suffers.
pub(crate) struct World {
    pub(crate) engine: Engine,
    tools: Mutex<HashMap<PathBuf, Tool>>,
    components: Mutex<HashMap<PathBuf, Component>>,
}

/// How many calls run at one time.
pub(crate) const SLOTS: u32 = 16;

/// Under which name and key every call of the suite is made, and every fault must be reported.
pub(crate) const TOOL: &str = "hostile";
pub(crate) const CALL_ID: &str = "run-1/hostile";

/// The value of the secret "key", which no guest may ever see.
pub(crate) const SECRET: &str = "sk_live_0123456789/+\"ab";

/// Names that the engine knows. The system says of the last one that it is 127.0.0.1.
const HOSTS: [(&str, &[&str]); 5] = [
    ("pay.example.com", &["127.0.0.1"]),
    ("evil.example.com", &["127.0.0.1"]),
    ("metadata.example.com", &["169.254.169.254"]),
    ("mixed.example.com", &["127.0.0.1", "10.0.0.1"]),
    ("localhost", &["127.0.0.3"]),
];

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let secrets = [("key".to_owned(), SECRET.to_owned())].into_iter().collect();
        let engine = Engine::new(Config { concurrency: SLOTS, hosts: hosts(), secrets, ..Config::default() }).unwrap();
        Arc::new(Self { engine, tools: Mutex::default(), components: Mutex::default() })
    }

    /// Loads a guest of `tests/hostile`, once.
    pub(crate) fn tool(&self, name: impl AsRef<Path>) -> Result<Tool, Fault> {
        let path = folder().join(name);
        if let Some(tool) = self.tools.lock().unwrap().get(&path) {
            return Ok(tool.clone());
        }
        let tool = self.load(&wat::parse_file(&path).unwrap_or_else(|error| panic!("{error}")), &[])?;
        self.tools.lock().unwrap().insert(path, tool.clone());
        Ok(tool)
    }

    /// Gives a guest of `guest-tools/dist` or of the sandbox's own tests, compiled once, these grants.
    pub(crate) fn granted(&self, guest: &str, grants: &[Grant]) -> Tool {
        let path = root().join(guest);
        let load = || self.engine.load(&wat::parse_file(&path).unwrap()).unwrap();
        let component = self.components.lock().unwrap().entry(path.clone()).or_insert_with(load).clone();
        Tool::new(&self.engine, TOOL, component, grants).unwrap()
    }

    /// Loads the bytes of a component.
    pub(crate) fn load(&self, wasm: &[u8], grants: &[Grant]) -> Result<Tool, Fault> {
        Tool::new(&self.engine, TOOL, self.engine.load(wasm).map_err(|fault| fault.tool(TOOL))?, grants)
    }
}

/// Calls a function of a tool.
pub(crate) async fn call(tool: &Tool, function: &str, arguments: Value, limits: Limits) -> Outcome {
    tool.call(Call { function, arguments: &arguments, idempotency_key: CALL_ID, seed: 7, limits }).await
}

/// Checks that a fault is typed, names its call, and survives serialisation; returns its kind and what narrows it.
pub(crate) fn typed(fault: &Fault) -> (String, String) {
    let document = json!(fault);
    assert_eq!(serde_json::from_value::<Fault>(document.clone()).unwrap(), *fault);
    assert_eq!(document["tool"], TOOL, "{document}");
    assert!(!fault.message.contains(env!("CARGO_MANIFEST_DIR")), "{document}");
    // What the guest itself says is its own affair until it is shown, which case 23 is about.
    assert!(document["kind"] == "guest_error" || !fault.message.contains('\n'), "{document}");
    let kind = document["kind"].as_str().unwrap().to_owned();
    let what = fault.breach.as_ref().map(|breach| breach.limit.clone()).or(fault.detail.clone());
    (kind, what.unwrap_or_default())
}

/// Checks how a call ended: in a typed fault of this kind, narrowed by this limit or detail.
#[track_caller]
pub(crate) fn ended(outcome: &Outcome, kind: &str, what: &str) -> Fault {
    let fault = outcome.result.clone().unwrap_err();
    assert_eq!(typed(&fault), (kind.to_owned(), what.to_owned()), "{fault:?}");
    assert_eq!(fault.call_id.as_deref(), Some(CALL_ID));
    fault
}

fn hosts() -> BTreeMap<String, Vec<IpAddr>> {
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    HOSTS.iter().map(|(name, texts)| ((*name).to_owned(), addresses(texts))).collect()
}

/// Returns the folder of the cases.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile")
}
