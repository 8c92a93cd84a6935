//! An agent in a program of one's own. A script answers in place of a model; another `[model.main]` asks a real one.

use stockade::patterns::Agent;
use stockade::{Budget, Config, Fault, Grant, Host, Outcome};
use stockade_refund::shop;

/// What the model answers: first a call, then, once it has seen what came of it, a sentence.
const SCRIPT: &str = r#"
[[answer]]
when = { turn = 1 }
reply = { calls = [{ name = "purchases.find", arguments = { user_id = "user_123" } }] }

[[answer]]
when = { turn = 2, contains = "Premium Subscription" }
reply = { text = "user_123 bought a Premium Subscription." }
"#;

const CONFIG: &str = "[model.main]\nprovider = \"scripted\"\nfile = \"script.toml\"\n";

#[tokio::main]
async fn main() -> stockade::Result<()> {
    shop::create("shop.db".as_ref())?;
    written("script.toml", SCRIPT)?;
    written("agent.toml", CONFIG)?;
    let host = Host::builder()
        .journal("stockade.db")
        .tool("purchases", shop::PURCHASES, [Grant::sql("shop", "sqlite:shop.db")])
        .configured(&Config::load("agent.toml".as_ref())?)?
        .build()
        .await?;

    let input = serde_json::json!({"task": "what did user_123 buy?", "tools": ["purchases"]});
    let run = host.start(Agent::NAME, input, Budget::default().steps(20)).await?;
    match run.settled().await? {
        Outcome::Done(output) => println!("{}", output.get("answer").unwrap_or(&output)),
        other => println!("{other}"),
    }
    Ok(())
}

fn written(file: &str, text: &str) -> stockade::Result<()> {
    std::fs::write(file, text).map_err(|error| Fault::invalid("file", format!("\"{file}\" cannot be written: {error}")))
}
