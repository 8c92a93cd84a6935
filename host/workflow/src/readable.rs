//! Amounts as a person reads them, in suitable units.

use crate::{Currency, dollars};

/// Writes a number with commas between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}

/// Writes a number of bytes.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{}.{} KiB", bytes >> 10, ((bytes & 1023) * 10) >> 10),
        _ => format!("{}.{} MiB", bytes >> 20, (((bytes >> 10) & 1023) * 10) >> 10),
    }
}

/// Writes a time in microseconds.
pub fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// Writes an amount of a currency.
pub fn amount(currency: Currency, amount: u64) -> String {
    match currency {
        Currency::Memory | Currency::Journal => bytes(amount),
        Currency::Wall => micros(amount),
        Currency::Money => dollars(amount),
        Currency::Fuel | Currency::Steps | Currency::ToolCalls | Currency::ModelCalls | Currency::Tokens => {
            grouped(amount)
        }
    }
}
