//! Regular expressions as JSON Schema has them (ECMA-262), which take time in proportion to the text.

use regex::{Regex, RegexBuilder};

/// The memory that an expression may take when it is compiled: with it grows the time that each letter takes.
const PATTERN_BYTES_MAX: usize = 256 << 10;

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(&translated(source)).size_limit(PATTERN_BYTES_MAX).build();
        let regex = regex.map_err(|error| {
            // The last line says why; those before it draw the place.
            let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            format!("the expression \"{source}\" cannot be used: {why}")
        })?;
        Ok(Self { source: source.to_owned(), regex })
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// Writes an expression of ECMA-262 as one of the crate's: `\d` and `\w` mean ASCII, and within brackets there are neither
/// brackets nor operators on sets.
fn translated(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut letters = source.chars();
    let mut in_brackets = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push_str(&escape(letters.next())),
            '[' if in_brackets => text.push_str("\\["),
            '&' | '~' if in_brackets => text.extend(['\\', letter]),
            _ => {
                in_brackets = letter == '[' || in_brackets && letter != ']';
                text.push(letter);
            }
        }
    }
    text
}

fn escape(letter: Option<char>) -> String {
    match letter {
        Some('d') => "[0-9]".to_owned(),
        Some('D') => "[^0-9]".to_owned(),
        Some('w') => "[A-Za-z0-9_]".to_owned(),
        Some('W') => "[^A-Za-z0-9_]".to_owned(),
        // The crate's own \s lacks the mark of the byte order, and has U+0085.
        Some('s') => "[\\t-\\r \\u00a0\\ufeff\\p{Zs}\\u2028\\u2029]".to_owned(),
        Some('S') => "[^\\t-\\r \\u00a0\\ufeff\\p{Zs}\\u2028\\u2029]".to_owned(),
        Some(other) => format!("\\{other}"),
        None => "\\".to_owned(),
    }
}
