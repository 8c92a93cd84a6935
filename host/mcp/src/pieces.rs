//! A long text, read in pieces.

/// A piece of a text, and where the next one begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    pub(crate) next: Option<usize>,
}

/// Returns the piece of a text that begins at this byte, and is no longer than so many. One that would begin in the middle of a
/// letter begins with it.
pub(crate) fn piece(text: &str, from: usize, bytes_max: usize) -> Piece<'_> {
    let from = text.floor_char_boundary(from);
    let to = text.floor_char_boundary(from.saturating_add(bytes_max.max(4)));
    Piece { text: text.get(from..to).unwrap_or_default(), next: (to < text.len()).then_some(to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_text_are_the_text() {
        let text = "aé€😀".repeat(7);
        let (mut read, mut from) = (String::new(), Some(0));
        while let Some(at) = from {
            let piece = piece(&text, at, 5);
            assert!(piece.text.len() <= 5 && !piece.text.is_empty());
            read.push_str(piece.text);
            from = piece.next;
        }
        assert_eq!(read, text);
        assert_eq!(piece("abc", 99, 5), Piece { text: "", next: None });
    }
}
