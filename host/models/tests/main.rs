//! Models: what goes over the wires of each provider, what hostile ones may do, and how the host asks.
#![cfg(test)]

mod asking;
mod cassette;
mod hostile;
mod scripted;
mod server;
mod wires;

use std::collections::BTreeMap;

use serde_json::json;
use stockade_models::{Asked, Failure, Model, Models, Provider, Request, Service, Terms};
use stockade_workflow::{Fault, ModelOutcome, Question, Reply, ToolDefinition, Usage};

/// A key as a provider would give it out.
const KEY: &str = "sk-live-0123456789";

fn request<'a>(question: &'a Question, functions: &'a [ToolDefinition]) -> Request<'a> {
    Request { question, functions, tokens_max: 100, key: "ask" }
}

fn provider(service: Service, url: &str) -> Provider {
    Provider::new(service, "model-1", Some(url), Some(KEY.to_owned())).unwrap()
}

async fn ask(model: &dyn Model, question: &Question) -> Result<Reply, Failure> {
    model.ask(&request(question, &[]), &|_| {}).await
}

/// Asks the models of a host, but for those that are barred.
async fn ask_models_without(
    models: &Models,
    name: Option<&str>,
    request: &Request<'_>,
    reserved: &Usage,
    barred: &BTreeMap<String, Fault>,
) -> Asked {
    let terms = Terms { reserved: *reserved, seed: 1, barred };
    models.ask(name, request, &terms, &|_| {}, &|_| {}).await
}

async fn ask_models(
    models: &Models,
    name: Option<&str>,
    request: &Request<'_>,
    reserved: &Usage,
) -> (ModelOutcome, Usage) {
    let Asked { outcome, used, .. } = ask_models_without(models, name, request, reserved, &BTreeMap::new()).await;
    (outcome, used)
}

fn offers() -> Vec<ToolDefinition> {
    let offer = |name: &str, argument: &str, kind: &str| ToolDefinition {
        name: name.to_owned(),
        description: format!("Does {name}."),
        schema: json!({"type": "object", "properties": {argument: {"type": kind}}, "required": [argument]}),
    };
    vec![offer("payments.refund", "cents", "integer"), offer("web_search", "query", "string")]
}
