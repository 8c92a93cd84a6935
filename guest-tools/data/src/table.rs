//! Rows of cells, whatever they were read from.

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// Rows with the names of their columns. Each row has as many cells as there are columns.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// Takes a text for a number where it is one in the plain spelling; an empty one is null.
    pub fn guessed(text: String) -> Self {
        if text.is_empty() {
            return Self::Null;
        }
        let is_plain =
            text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'e' | b'E' | b'+'));
        let digits = text.trim_start_matches('-');
        let has_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if !is_plain || has_zero || text.starts_with('+') {
            return Self::Text(text);
        }
        if let Ok(integer) = text.parse() {
            return Self::Integer(integer);
        }
        match text.parse::<f64>() {
            Ok(real) if real.is_finite() => Self::Real(real),
            Ok(_) | Err(_) => Self::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cell::{self, Integer, Null, Real, Text};

    #[test]
    fn a_number_is_one_only_in_its_plain_spelling() {
        for (text, cell) in
            [("", Null), ("-12", Integer(-12)), ("0", Integer(0)), ("0.5", Real(0.5)), ("1e3", Real(1000.0))]
        {
            assert_eq!(Cell::guessed(text.into()), cell, "{text}");
        }
        for text in ["007", "+1", "nan", "inf", "1e999", "1 000", "0x1", "-", "e", "1.2.3"] {
            assert_eq!(Cell::guessed(text.into()), Text(text.into()), "{text}");
        }
    }
}
