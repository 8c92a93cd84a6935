//! The body of the bench's tool: an order in JSON comes in, a quote in JSON goes out, about 300 bytes each.

use serde_json::{Value, json};

/// The order that the bench sends.
pub const ORDER: &str = r#"{"customer":{"id":"user_123","name":"Ada Lovelace","country":"GB"},"lines":[{"sku":"KB-104","quantity":2,"price_cents":4950},{"sku":"MS-201","quantity":1,"price_cents":2499},{"sku":"CB-033","quantity":5,"price_cents":799}],"note":"leave it with the neighbour","rate_percent":20,"express":true,"seen":[1,2,3,5,8]}"#;

/// Performs the function `name` on its arguments.
///
/// # Errors
///
/// There is no such function, or the arguments are not an order.
pub fn call(name: &str, args_json: &str) -> Result<String, String> {
    match name {
        "quote" => quote(args_json),
        _ => Err(format!("there is no function \"{name}\"")),
    }
}

fn quote(args_json: &str) -> Result<String, String> {
    let order: Value = serde_json::from_str(args_json).map_err(|error| error.to_string())?;
    let lines = order["lines"].as_array().ok_or("an order has \"lines\"")?;
    let priced = lines.iter().map(priced).collect::<Option<Vec<_>>>().ok_or("a line has a price")?;
    let net: u64 = priced.iter().filter_map(|line| line["cents"].as_u64()).sum();
    let tax = net * order["rate_percent"].as_u64().unwrap_or_default() / 100;
    let quote = json!({
        "customer": order["customer"]["name"],
        "country": order["customer"]["country"],
        "lines": priced,
        "net_cents": net,
        "tax_cents": tax,
        "total_cents": net + tax,
        "note": order["note"],
        "summary": format!("{} lines for {}", lines.len(), order["customer"]["id"]),
    });
    Ok(quote.to_string())
}

fn priced(line: &Value) -> Option<Value> {
    let cents = line["quantity"].as_u64()? * line["price_cents"].as_u64()?;
    Some(json!({"sku": line["sku"], "quantity": line["quantity"], "cents": cents}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_quoted() {
        let quote: Value = serde_json::from_str(&call("quote", ORDER).unwrap()).unwrap();
        assert_eq!((&quote["net_cents"], &quote["total_cents"]), (&json!(16_394), &json!(19_672)));
    }

    #[test]
    fn both_ways_carry_about_300_bytes() {
        let quote = call("quote", ORDER).unwrap();
        assert!(
            (270..350).contains(&ORDER.len()) && (270..350).contains(&quote.len()),
            "{} {}",
            ORDER.len(),
            quote.len()
        );
    }

    #[test]
    fn what_is_no_order_is_refused() {
        assert!(call("quote", "{}").unwrap_err().contains("lines"));
        assert!(call("nothing", ORDER).is_err());
    }
}
