//! A workflow of your own: `goodwill.rs` says what happens, and this program gives it a host.
//!
//! `cargo run --package own-workflow` starts a run, shows what it asks, and approves it as "dana".

mod goodwill;

use std::path::Path;

use goodwill::Goodwill;
use stockade::{Budget, Decision, Host, Outcome, Result};
use stockade_refund::shop;

#[tokio::main]
async fn main() -> Result<()> {
    let host = host(Path::new("goodwill.db"), Path::new("shop.db")).await?;
    let run = start(&host, "user_123").await?;
    let id = run.id();
    match run.settled().await? {
        Outcome::Waiting(approval) => {
            println!("run {id} asks: {approval}");
            let seen = approval.digest();
            let run = host.decide(&approval.id(id), &seen, Decision::approve("dana")).await?;
            println!("{}", run.settled().await?);
        }
        other => println!("{other}"),
    }
    Ok(())
}

/// A host that knows the built-in shop's tools and this one workflow.
async fn host(journal: &Path, database: &Path) -> Result<Host> {
    shop::create(database)?;
    let tools = shop::tools(database);
    Host::builder().journal(journal).tools(tools).idempotent(shop::IDEMPOTENT).workflow(Goodwill).build().await
}

async fn start(host: &Host, user_id: &str) -> Result<stockade::Run> {
    host.start("goodwill", serde_json::json!({"user_id": user_id}), Budget::default().steps(10)).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn settled(user_id: &str, decision: Option<Decision>) -> Outcome {
        let place = tempfile::tempdir().unwrap();
        let host = host(&place.path().join("goodwill.db"), &place.path().join("shop.db")).await.unwrap();
        let run = start(&host, user_id).await.unwrap();
        let id = run.id();
        match (run.settled().await.unwrap(), decision) {
            (Outcome::Waiting(approval), Some(decision)) => {
                let run = host.decide(&approval.id(id), &approval.digest(), decision).await.unwrap();
                run.settled().await.unwrap()
            }
            (outcome, _) => outcome,
        }
    }

    #[tokio::test]
    async fn goodwill_is_paid_only_after_a_person_approved() {
        let Outcome::Waiting(approval) = settled("user_123", None).await else { panic!("no person was asked") };
        assert_eq!(approval.call.arguments, json!({"user_id": "user_123", "amount_cents": 1_000}));
        let outcome = |outcome| Outcome::Done(json!({"outcome": outcome}));
        assert_eq!(settled("user_123", Some(Decision::approve("dana"))).await, outcome("paid"));
        assert_eq!(settled("user_123", Some(Decision::deny("dana"))).await, outcome("denied"));
        assert_eq!(settled("somebody", None).await, outcome("no purchase"));
    }
}
