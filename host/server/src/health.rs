//! Whether the server lives, and whether it can work.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use stockade::Filter;

use crate::problem::Answer;
use crate::service::Service;

pub(crate) async fn lives() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// It can work where the journal answers, and it is not being ended.
pub(crate) async fn is_ready(State(service): State<Service>) -> Answer<Json<Value>> {
    if *service.0.closing.borrow() {
        return Err(stockade::Fault::new(stockade::Kind::Cancelled, "the server is being ended").into());
    }
    service.host().runs(&Filter { limit: Some(1), ..Filter::default() }).await?;
    Ok(Json(json!({"status": "ok"})))
}
