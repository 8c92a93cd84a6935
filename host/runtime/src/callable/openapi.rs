use futures_util::FutureExt as _;
use serde_json::{Value, json};
use stockade_sandbox::{Call, Outcome, Place, Tool};
use stockade_workflow::json::{self as bounded, Bounds};
use stockade_workflow::{Digest, Fault, Grant, Kind, Label};

use super::{Callable, Calling, Nature, ToolFunction};
use crate::Result;
use crate::openapi::{Operation, Service};

/// The most of an answer that is read. As a result it may be twice as long, for its quotes are escaped.
const ANSWER_BYTES_MAX: usize = 400 << 10;

/// How much of an answer that is an error is repeated.
const ERROR_CHARS_MAX: usize = 2_000;

/// A tool whose functions are the operations of a service.
///
/// Each call is one request, which a component in the sandbox sends: so the grants of `http` and `secrets` hold for it, with
/// all that they refuse, and its budget pays for it.
pub(crate) struct OpenApi {
    tool: Tool,
    service: Service,
    functions: Vec<ToolFunction>,
    identity: Digest,
    nature: Nature,
}

impl OpenApi {
    /// Takes the component that sends requests, linked with the grants of the tool.
    pub(crate) fn new(tool: Tool, service: Service) -> Self {
        let described: Vec<Value> = service.operations.iter().map(Operation::described).collect();
        let identity = Digest::of_json(&json!([tool.component().digest(), service.base, service.scheme, described]));
        let nature = Nature {
            repeatable: !service.operations.is_empty() && service.operations.iter().all(Operation::is_safe),
            labels: [Label::Untrusted].into(),
            can_send: true,
            grants: tool.grants().to_vec(),
            slots: tool.component().slots(),
            code: None,
        };
        let functions = service.operations.iter().map(function).collect();
        Self { tool, service, functions, identity, nature }
    }

    fn operation(&self, name: &str) -> Result<&Operation> {
        self.service.operations.iter().find(|operation| operation.name() == name).ok_or_else(|| {
            let known: Vec<_> = self.service.operations.iter().map(Operation::name).collect();
            let known = match known.as_slice() {
                [] => "no person has accepted the document of the service as it is configured".to_owned(),
                known => format!("there are: {}", known.join(", ")),
            };
            let message = format!("there is no operation \"{}\"; {known}", name.escape_debug());
            Fault::new(Kind::NotFound, message).detail("function")
        })
    }

    /// Makes the arguments of the component of those of the call.
    fn request(&self, call: &Call<'_>) -> Result<Value> {
        let operation = self.operation(call.function)?;
        let mut request = operation.request(&self.service.base, call.arguments)?;
        if !operation.is_safe()
            && let Some(headers) = request.get_mut("headers").and_then(Value::as_array_mut)
        {
            headers.push(json!(["idempotency-key", call.idempotency_key]));
        }
        if let Some(members) = request.as_object_mut() {
            members.insert("secrets".to_owned(), self.secrets());
            members.insert("bytes_max".to_owned(), ANSWER_BYTES_MAX.into());
        }
        Ok(request)
    }

    /// The secrets that were granted, each in its header.
    fn secrets(&self) -> Value {
        let secret = |grant: &Grant| match grant {
            Grant::Secret { name, header, .. } => {
                let is_authorization = header.eq_ignore_ascii_case("authorization") && !self.service.scheme.is_empty();
                let prefix = if is_authorization { format!("{} ", self.service.scheme) } else { String::new() };
                Some(json!({"header": header, "prefix": prefix, "name": name}))
            }
            Grant::Sql { .. }
            | Grant::Fs { .. }
            | Grant::Http { .. }
            | Grant::Kv { .. }
            | Grant::Config { .. }
            | Grant::Clock
            | Grant::Random
            | Grant::Log => None,
        };
        self.nature.grants.iter().filter_map(secret).collect()
    }

    async fn send(&self, request: Value, call: Call<'_>, place: Option<&Place>) -> Outcome {
        let key = call.idempotency_key;
        let call = Call { function: "send", arguments: &request, ..call };
        let outcome = match place {
            Some(place) => self.tool.call_in(place, call).await,
            None => self.tool.call(call).await,
        };
        let named = |fault: Fault| fault.tool(self.tool.name()).call_id(key);
        Outcome { result: outcome.result.and_then(|answer| read(&answer)).map_err(named), ..outcome }
    }
}

/// An operation as a function of a tool.
fn function(operation: &Operation) -> ToolFunction {
    let (input, output) = operation.schemas();
    ToolFunction::new(operation.name(), operation.docs(), input.clone(), output.clone())
}

/// Reads an answer: its value where it is a success.
fn read(answer: &Value) -> Result<Value> {
    let status = answer.get("status").and_then(Value::as_u64).unwrap_or_default();
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    if !(200..300).contains(&status) {
        let said: String = body.chars().take(ERROR_CHARS_MAX).collect();
        return Err(Fault::new(Kind::GuestError, format!("the service answered with status \"{status}\": {said}")));
    }
    if answer.get("truncated") == Some(&Value::Bool(true)) {
        let (allowed, message) =
            (ANSWER_BYTES_MAX as u64, format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"));
        return Err(Fault::limit(Kind::Output, "answer_bytes", allowed, allowed.saturating_add(1), message));
    }
    if body.trim().is_empty() {
        return Ok(Value::Null);
    }
    let not_json = |fault: Fault| {
        Fault::new(Kind::GuestError, format!("the answer of the service is not JSON: {}", fault.message))
    };
    bounded::parse(body, &Bounds::OUTSIDE).map_err(not_json)
}

impl Callable for OpenApi {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, place: Option<&'a Place>) -> Result<Calling<'a>> {
        let request = self.request(&call)?;
        Ok(Calling::Answer(self.send(request, call, place).boxed()))
    }
}
