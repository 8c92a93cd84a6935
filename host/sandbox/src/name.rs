/// A WIT name in both of its spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// As WIT has it: `user-id`.
    pub(crate) wit: String,
    /// As JSON has it: `user_id`.
    pub(crate) json: String,
}

impl Name {
    pub(crate) fn new(wit: &str) -> Self {
        Self { wit: wit.to_owned(), json: wit.replace('-', "_") }
    }
}

/// Returns whether two names are the same up to their dashes.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let dashed = |byte: u8| if byte == b'_' { b'-' } else { byte };
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(a, b)| dashed(a) == dashed(b))
}
