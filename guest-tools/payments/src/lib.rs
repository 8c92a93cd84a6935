//! Pays refunds, each once: the host may repeat a call after a crash, and the call's key tells the repetition.

use lean as _; // the allocator

wit_bindgen::generate!({ path: ["../../wit", "wit"], world: "stockade:payments/tool", generate_all });

use exports::stockade::payments::payments::{Guest, Receipt};
use stockade::host::effect;
use stockade::host::sql::{self, Error, Value};

const CONNECTION: &str = "shop";
const BOOK: &str = "INSERT INTO refunds (idempotency_key, user_id, amount_cents) VALUES (?1, ?2, ?3) \
                    ON CONFLICT (idempotency_key) DO NOTHING";
const FIND: &str = "SELECT id, user_id, amount_cents FROM refunds WHERE idempotency_key = ?1";

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn refund(user_id: String, amount_cents: u64) -> Result<Receipt, String> {
        let amount = payable(amount_cents)?;
        let key = effect::idempotency_key();
        book(&key, &user_id, amount)?;
        receipt(booked(&key)?, &user_id, amount)
    }
}

fn payable(cents: u64) -> Result<i64, String> {
    match i64::try_from(cents) {
        Ok(0) => Err("a refund of \"0\" cents is none".into()),
        Ok(amount) => Ok(amount),
        Err(_) => Err(format!("a refund of \"{cents}\" cents is too large to book")),
    }
}

/// Books the refund, unless an earlier run of this very call has done so.
fn book(key: &str, user: &str, amount: i64) -> Result<(), String> {
    let refund = [Value::Text(key.into()), Value::Text(user.into()), Value::Integer(amount)];
    sql::execute(CONNECTION, BOOK, &refund).map_err(text)?;
    Ok(())
}

fn booked(key: &str) -> Result<Vec<Value>, String> {
    let found = sql::query(CONNECTION, FIND, &[Value::Text(key.into())]).map_err(text)?;
    found.rows.into_iter().next().ok_or_else(|| "the refund was booked, but is not in the books".into())
}

/// Returns the receipt of what is in the books, provided that it is the refund asked for.
fn receipt(row: Vec<Value>, user: &str, amount: i64) -> Result<Receipt, String> {
    let Ok([Value::Integer(id), Value::Text(for_user), Value::Integer(cents)]) = <[Value; 3]>::try_from(row) else {
        return Err("a refund in the books is not an id, a user and an amount".into());
    };
    if for_user != user || cents != amount {
        return Err(format!(
            "this call's key has already booked \"re_{id}\", which is not \"{amount}\" cents for \"{user}\""
        ));
    }
    Ok(Receipt { reference: format!("re_{id}"), amount_cents: amount.unsigned_abs() })
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

    fn row(user: &str, amount: i64) -> Vec<Value> {
        vec![Value::Integer(17), Value::Text(user.into()), Value::Integer(amount)]
    }

    #[test]
    fn an_amount_is_above_zero_and_fits_the_books() {
        assert_eq!(payable(14_900), Ok(14_900));
        assert_eq!(payable(0).unwrap_err(), "a refund of \"0\" cents is none");
        assert!(payable(i64::MAX as u64).is_ok());
        assert!(payable(i64::MAX as u64 + 1).unwrap_err().ends_with("is too large to book"));
    }

    #[test]
    fn the_receipt_is_named_after_the_row() {
        let receipt = receipt(row("user_1", 14_900), "user_1", 14_900).unwrap();
        assert_eq!((receipt.reference.as_str(), receipt.amount_cents), ("re_17", 14_900));
    }

    #[test]
    fn another_refund_under_the_same_key_is_an_error() {
        let said = "this call's key has already booked \"re_17\", which is not \"14900\" cents for \"user_1\"";
        assert_eq!(receipt(row("user_2", 14_900), "user_1", 14_900).unwrap_err(), said);
        assert_eq!(receipt(row("user_1", 1), "user_1", 14_900).unwrap_err(), said);
    }

    #[test]
    fn a_row_that_makes_no_sense_is_an_error() {
        let said = "a refund in the books is not an id, a user and an amount";
        assert_eq!(receipt(vec![Value::Null], "user_1", 1).unwrap_err(), said);
    }
}
