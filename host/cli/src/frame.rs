//! Shows text of others in a frame: each line begins with a bar, and no line of this program does.

use unicode_width::UnicodeWidthChar as _;

use crate::escape::safe_lines;
use crate::text::DIM;

/// The bar before each line.
const BAR: &str = "  │ ";

/// The width of [`BAR`].
const BAR_COLUMNS: usize = 4;

/// Writes text in a frame piece by piece.
///
/// The frame breaks lines before the terminal does: a line that the terminal wraps begins at its edge, where this program's
/// own questions begin.
#[derive(Debug)]
pub(crate) struct Frame {
    columns: usize,
    column: usize,
}

impl Frame {
    /// Makes a frame for a terminal of so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns: columns.saturating_sub(BAR_COLUMNS).max(1), column: 0 }
    }

    /// Returns a whole text in a frame, which ends with a line feed.
    pub(crate) fn all(text: &str, columns: usize) -> String {
        let mut frame = Self::new(columns);
        let mut framed = frame.start();
        framed.push_str(&frame.piece(text));
        framed.push('\n');
        framed
    }

    /// Returns the beginning of the first line.
    pub(crate) fn start(&mut self) -> String {
        self.column = 0;
        format!("{DIM}{BAR}{DIM:#}")
    }

    /// Returns the next piece of the text, framed.
    pub(crate) fn piece(&mut self, piece: &str) -> String {
        let mut framed = String::with_capacity(piece.len());
        // A tab would be as wide as the terminal likes, and wrap its line behind the bar's back.
        for letter in safe_lines(piece).replace("\r\n", "\n").replace('\t', "    ").chars() {
            let width = letter.width().unwrap_or(0);
            if letter == '\n' || self.column + width > self.columns {
                framed.push('\n');
                framed.push_str(&self.start());
            }
            if letter != '\n' {
                framed.push(letter);
                self.column += width;
            }
        }
        framed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn each_line_has_the_bar_even_where_the_terminal_would_wrap_it() {
        assert_eq!(plain(&Frame::all("one\ntwo", 80)), "  │ one\n  │ two\n");
        assert_eq!(plain(&Frame::all("12345678", 8)), "  │ 1234\n  │ 5678\n");
        assert_eq!(plain(&Frame::all("1\t2\r\n3", 8)), "  │ 1   \n  │  2\n  │ 3\n");
        assert_eq!(plain(&Frame::all("日本語", 8)), "  │ 日本\n  │ 語\n", "a wide letter takes two columns");
        assert_eq!(plain(&Frame::all("a\rb", 80)), "  │ a\\u{d}b\n");
    }

    #[test]
    fn a_piece_goes_on_where_the_last_one_ended() {
        let mut frame = Frame::new(8);
        let framed = [frame.start(), frame.piece("123"), frame.piece("456\n"), frame.piece("7")].concat();
        assert_eq!(plain(&framed), "  │ 1234\n  │ 56\n  │ 7");
    }
}
