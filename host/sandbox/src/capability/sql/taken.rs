use super::{Answer, Error, Value};

pub(super) const ROWS_MAX: usize = 1_000;
/// What one answer may carry, and how large one value in it may be.
pub(super) const BYTES_MAX: usize = 1 << 20;
/// What a value costs beside its text.
const VALUE_BYTES: usize = 8;

/// Counts what an answer has taken while it is read, so that it ends where it is over and not when it is whole.
#[derive(Default)]
pub(super) struct Taken {
    bytes: usize,
    rows: usize,
}

impl Taken {
    /// Counts one more row.
    pub(super) fn row(&mut self) -> Answer<()> {
        self.rows = self.rows.saturating_add(1);
        if self.rows > ROWS_MAX {
            return Err(Error::Limit(format!("the query returns more than {ROWS_MAX} rows; add a LIMIT")));
        }
        Ok(())
    }

    /// Counts a value of so many bytes.
    pub(super) fn add(&mut self, bytes: usize) -> Answer<()> {
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(VALUE_BYTES);
        if self.bytes > BYTES_MAX {
            return Err(too_many_bytes());
        }
        Ok(())
    }

    /// Counts a text.
    pub(super) fn text(&mut self, text: &str) -> Answer<String> {
        self.add(text.len())?;
        Ok(text.to_owned())
    }
}

/// Says that an answer has more bytes than fit.
pub(super) fn too_many_bytes() -> Error {
    Error::Limit(format!("the query returns more than {BYTES_MAX} bytes; add a LIMIT"))
}

/// Returns what values weigh.
pub(super) fn weight(values: &[Value]) -> usize {
    values.iter().map(|value| VALUE_BYTES.saturating_add(payload(value))).fold(0, usize::saturating_add)
}

fn payload(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
    }
}
