use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use stockade::callable::{Call, Callable, Calling, Nature, Outcome, Place, ToolFunction};
use stockade::{Digest, Fault, Kind, Label, Result, Usage, json};

use crate::counts::Unasked;
use crate::offered::Offered;
use crate::pins::Pin;
use crate::server::Server;
use crate::settings::Settings;
use crate::spec::Spec;

/// A server as a tool of a host: its functions are the tools that the configuration allows and a person has accepted.
pub struct McpTool {
    server: Arc<Server>,
    functions: Vec<ToolFunction>,
    offered: BTreeMap<String, Offered>,
    /// The tools that the configuration allows and that a person has still to accept, or to accept anew.
    open: Vec<String>,
    identity: Digest,
    nature: Nature,
}

impl McpTool {
    /// Makes the tool of what was accepted. The server is not started.
    pub(crate) fn new(spec: Spec, settings: Settings, pins: &BTreeMap<String, Pin>) -> Self {
        let accepted = |name: &String| pins.get(name).filter(|pin| pin.withdrawn.is_none())?.definition();
        let (mut functions, mut open) = (Vec::new(), Vec::new());
        let (mut offered, mut digests) = (BTreeMap::new(), BTreeMap::new());
        for name in &spec.config.tools {
            let Some(definition) = accepted(name) else {
                open.push(name.clone());
                continue;
            };
            let tool = Offered::new(&definition);
            functions.push(tool.function(&spec.name, &definition));
            digests.insert(definition.name().to_owned(), definition.digest());
            offered.insert(definition.name().to_owned(), tool);
        }
        let identity = Digest::of_json(&(spec.digest(), &digests));
        let nature = nature(&spec);
        Self { server: Arc::new(Server::new(spec, settings, digests)), functions, offered, open, identity, nature }
    }

    /// Returns the name under which it is registered.
    pub fn name(&self) -> &str {
        self.server.name()
    }

    /// Returns the tools that the configuration allows and that a person has still to accept.
    pub fn open(&self) -> &[String] {
        &self.open
    }

    /// Returns what the server sent that was not asked of it.
    pub fn unasked(&self) -> Unasked {
        self.server.unasked()
    }
}

/// What the operator says of a server. Nothing that the server says of itself counts.
fn nature(spec: &Spec) -> Nature {
    let labels = spec.config.labels.clone().unwrap_or_else(|| [Label::Untrusted].into());
    Nature { repeatable: spec.config.read_only, labels, can_send: spec.config.sends, ..Nature::default() }
}

impl Callable for McpTool {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a Place>) -> Result<Calling<'a>> {
        let Call { function, arguments, limits, .. } = call;
        let offered = self.offered.get(function).ok_or_else(|| self.missing(function))?;
        let bytes = json::bytes(arguments);
        if bytes > limits.argument_bytes {
            let message = format!("the arguments have {bytes} bytes, and {} are allowed", limits.argument_bytes);
            return Err(Fault::limit(Kind::Invalid, "argument_bytes", limits.argument_bytes, bytes, message));
        }
        offered.input.check(arguments).map_err(|why| Fault::invalid("arguments", why))?;
        self.server.check_rest()?;
        let begun = Instant::now();
        Ok(Calling::Answer(Box::pin(async move {
            let result = self.server.call(function, offered, arguments, &limits).await;
            let wall_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            Outcome::new(result, Usage::default().wall_us(wall_us).tool_calls(1))
        })))
    }
}

impl McpTool {
    fn missing(&self, function: &str) -> Fault {
        let function: String = function.chars().take(64).collect();
        let known: Vec<_> = self.offered.keys().map(String::as_str).collect();
        let message = format!(
            "tool \"{}\" has no function \"{}\"; it has: {}",
            self.name(),
            function.escape_debug(),
            known.join(", ")
        );
        Fault::new(Kind::NotFound, message).detail("function").tool(self.name())
    }
}
