//! Pays refunds through a payment server that speaks Stripe's language, each once.
//!
//! The call's key goes along as `Idempotency-Key`, by which the server tells a repetition from a new refund. So this
//! tool repeats a request whose answer got lost, as the host repeats a call after a crash: under one key it is one
//! refund.

use lean as _; // the allocator

wit_bindgen::generate!({
    path: ["../../wit", "../payments/wit", "wit"],
    world: "stockade:stripe/tool",
    generate_all,
});

mod form;
mod http;
mod server;

use exports::stockade::payments::payments::{Guest, Receipt};
use server::Server;
use stockade::host::effect;

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn refund(user_id: String, amount_cents: u64) -> Result<Receipt, String> {
        if amount_cents == 0 {
            return Err("a refund of \"0\" cents is none".into());
        }
        let reference = Server::configured()?.refund(&effect::idempotency_key(), &user_id, amount_cents)?;
        Ok(Receipt { reference, amount_cents })
    }
}
