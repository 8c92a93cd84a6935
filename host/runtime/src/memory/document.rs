use text_splitter::{ChunkConfig, TextSplitter};

/// The letters of a piece: a few paragraphs, which are about one thing, and which a model can be shown several of.
const PIECE_LETTERS: usize = 1_200;

/// A piece is cut where a text is divided anyway, and may be as short as this for it.
const PIECE_LETTERS_MIN: usize = 600;

/// Returns the pieces of a document: paragraphs where they fit, else sentences, else words.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let splitter = TextSplitter::new(ChunkConfig::new(PIECE_LETTERS_MIN..=PIECE_LETTERS));
    splitter.chunks(text).filter(|piece| !piece.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_cut_where_it_is_divided_and_nothing_is_lost() {
        let paragraph = |number| format!("Paragraph {number}. {}\n\n", "It has words. ".repeat(40));
        let text: String = (0..10).map(paragraph).collect();
        let pieces = pieces(&text);
        assert_eq!(pieces.len(), 5);
        assert!(pieces.iter().all(|piece| piece.starts_with("Paragraph ") && piece.chars().count() <= PIECE_LETTERS));
        let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        assert_eq!(letters(&pieces.concat()), letters(&text));
        assert!(super::pieces(&"é".repeat(5_000)).iter().all(|piece| piece.chars().count() <= PIECE_LETTERS));
        assert_eq!(super::pieces(" \n\n "), [""; 0]);
    }
}
