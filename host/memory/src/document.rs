use text_splitter::{ChunkConfig, TextSplitter};

/// The letters of a piece: a few paragraphs, which are about one thing, and which a model can be shown several of.
const PIECE_LETTERS: usize = 1_200;

/// A piece is cut where a text is divided anyway, and may be as short as this for it.
const PIECE_LETTERS_MIN: usize = 600;

/// How much the splitter gets at a time: for each piece it looks at all that is left of a text without structure, so that a
/// long one would take the square of its length.
const BLOCK_BYTES: usize = 32 << 10;

/// Where a text is best divided, best first.
const DIVIDERS: [&str; 4] = ["\n\n", "\n", ". ", " "];

/// Returns the pieces of a document: paragraphs where they fit, else sentences, else words.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let splitter = TextSplitter::new(ChunkConfig::new(PIECE_LETTERS_MIN..=PIECE_LETTERS));
    let pieces = blocks(text).flat_map(|block| splitter.chunks(block));
    pieces.filter(|piece| !piece.trim().is_empty()).collect()
}

fn blocks(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (block, behind) = rest.split_at_checked(block_end(rest))?;
        rest = behind;
        (!block.is_empty()).then_some(block)
    })
}

/// Where a block ends: where the text is divided, in its second half, or else where it is full.
fn block_end(text: &str) -> usize {
    if text.len() <= BLOCK_BYTES {
        return text.len();
    }
    let full = text.floor_char_boundary(BLOCK_BYTES);
    let head = text.get(..full).unwrap_or_default();
    let ends = DIVIDERS.iter().filter_map(|divider| Some(head.rfind(divider)? + divider.len()));
    ends.into_iter().find(|end| *end > BLOCK_BYTES / 2).unwrap_or(full)
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

    #[test]
    fn a_long_text_is_cut_where_it_is_divided_and_one_without_structure_in_time() {
        let words: String = (0..20_000).map(|number| format!("word{number} ")).collect();
        assert!(blocks(&words).all(|block| block.len() <= BLOCK_BYTES && block.ends_with(' ')));
        assert_eq!(blocks(&words).collect::<String>(), words);
        let flat = "x".repeat(1 << 20);
        let pieces = pieces(&flat);
        assert_eq!(pieces.concat().len(), flat.len());
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE_LETTERS));
    }
}
