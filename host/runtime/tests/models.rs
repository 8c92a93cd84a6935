//! Models: what goes over the wires of each provider, what hostile ones may do, and how the host asks.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests and their helpers")]

#[path = "models/asking.rs"]
mod asking;
#[path = "models/cassette.rs"]
mod cassette;
#[path = "models/hostile.rs"]
mod hostile;
#[path = "models/scripted.rs"]
mod scripted;
#[path = "models/server.rs"]
mod server;
#[path = "models/wires.rs"]
mod wires;

use serde_json::json;
use stockade::model::{Failure, Model, Provider, Request, Service};
use stockade::{Offer, Question, Reply};

/// A key as a provider would give it out.
const KEY: &str = "sk-live-0123456789";

fn request<'a>(question: &'a Question, functions: &'a [Offer]) -> Request<'a> {
    Request { question, functions, tokens_max: 100, key: "ask" }
}

fn provider(service: Service, url: &str) -> Provider {
    Provider::new(service, "model-1", Some(url), Some(KEY.to_owned())).unwrap()
}

async fn ask(model: &dyn Model, question: &Question) -> Result<Reply, Failure> {
    model.ask(&request(question, &[]), &|_| {}).await
}

fn offers() -> Vec<Offer> {
    let offer = |name: &str, argument: &str, kind: &str| Offer {
        name: name.to_owned(),
        description: format!("Does {name}."),
        schema: json!({"type": "object", "properties": {argument: {"type": kind}}, "required": [argument]}),
    };
    vec![offer("payments.refund", "cents", "integer"), offer("web_search", "query", "string")]
}
