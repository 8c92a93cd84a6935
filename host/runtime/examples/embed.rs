use stockade::{Budget, Grant, Host, Outcome};
use stockade_refund::{Refund, shop};

#[tokio::main]
async fn main() -> stockade::Result<()> {
    shop::create("shop.db".as_ref())?;
    let host = Host::builder()
        .journal("stockade.db") // SQLite, created if absent
        .tool("purchases", shop::PURCHASES, [Grant::sql("shop", "sqlite:shop.db")])
        .tool("policy", shop::POLICY, [])
        .tool("payments", shop::PAYMENTS, [Grant::sql("shop", "sqlite:shop.db").writable()])
        .tool("letters", shop::LETTERS, [])
        .idempotent("payments") // the same key twice books once
        .workflow(Refund::default())
        .build()
        .await?;

    let input = serde_json::json!({"user_id": "user_123", "request": "not what I expected"});
    let run = host.start("refund", input, Budget::default().fuel(50_000_000).steps(20)).await?;
    let id = run.id();
    match run.settled().await? {
        Outcome::Done(output) => println!("{output}"),
        Outcome::Waiting(approval) => println!("run {id} waits for {approval}"),
        other => println!("run {id}: {other}"),
    }
    Ok(())
}
