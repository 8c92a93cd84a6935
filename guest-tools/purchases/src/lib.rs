//! Finds what a customer has bought, in the database that the operator granted as "shop".

use lean as _; // the allocator

wit_bindgen::generate!({ path: ["../../wit", "wit"], world: "stockade:purchases/tool", generate_all });

use exports::stockade::purchases::purchases::{Guest, Purchase};
use stockade::host::sql::{self, Error, Value};

const CONNECTION: &str = "shop";
const FIND: &str = "SELECT item, price_cents, days_ago FROM purchases WHERE user_id = ?1 ORDER BY days_ago LIMIT 1";

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn find(user_id: String) -> Result<Option<Purchase>, String> {
        let found = sql::query(CONNECTION, FIND, &[Value::Text(user_id)]).map_err(text)?;
        found.rows.into_iter().next().map(purchase).transpose()
    }
}

fn purchase(row: Vec<Value>) -> Result<Purchase, String> {
    let Ok([Value::Text(item), Value::Integer(price), Value::Integer(days)]) = <[Value; 3]>::try_from(row) else {
        return Err("a purchase is not an item, a price and an age".into());
    };
    Ok(Purchase {
        item,
        price_cents: price.try_into().map_err(|_| format!("a purchase has the price \"{price}\""))?,
        days_ago: days.try_into().map_err(|_| format!("a purchase has the age \"{days}\""))?,
    })
}

/// Returns a refusal as the host worded it, for it says what would allow the call; other errors say their kind.
fn text(error: Error) -> String {
    match error {
        Error::Denied(text) => text,
        Error::Invalid(text) => format!("invalid statement: {text}"),
        Error::Constraint(text) => format!("constraint violated: {text}"),
        Error::Limit(text) => format!("limit reached: {text}"),
        Error::Failed(text) => format!("database failed: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(price: i64, days: i64) -> Vec<Value> {
        vec![Value::Text("lamp".into()), Value::Integer(price), Value::Integer(days)]
    }

    #[test]
    fn a_row_becomes_a_purchase() {
        let found = purchase(row(14_900, 12)).unwrap();
        assert_eq!((found.item.as_str(), found.price_cents, found.days_ago), ("lamp", 14_900, 12));
    }

    #[test]
    fn a_row_that_makes_no_sense_is_an_error() {
        assert_eq!(purchase(row(-1, 12)).unwrap_err(), "a purchase has the price \"-1\"");
        assert_eq!(purchase(row(1, 1 << 32)).unwrap_err(), "a purchase has the age \"4294967296\"");
        assert_eq!(purchase(vec![]).unwrap_err(), "a purchase is not an item, a price and an age");
    }

    #[test]
    fn a_denial_keeps_its_words() {
        assert_eq!(text(Error::Denied("not granted".into())), "not granted");
    }
}
