use stockade::{Budget, Grant, Host, Outcome};

#[tokio::main]
async fn main() -> stockade::Result<()> {
    stockade_refund::shop::create("shop.db".as_ref())?;
    let host = Host::builder()
        .journal("stockade.db") // SQLite, created if absent
        .tool("purchases", "guest-tools/dist/purchases.wasm", [Grant::sql("shop", "sqlite:shop.db")])
        .tool("policy", "guest-tools/dist/policy.wasm", [])
        .tool("payments", "guest-tools/dist/payments.wasm", [Grant::sql("shop", "sqlite:shop.db").writable()])
        .tool("letters", "guest-tools/dist/letters.wasm", [])
        .idempotent("payments") // the same key twice books once
        .workflow(stockade_refund::Refund::default())
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
