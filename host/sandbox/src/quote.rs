/// Returns the beginning of a text that a guest or a caller made up, with what a terminal obeys written out, and a mark
/// where it is cut.
pub(crate) fn beginning(text: &str, chars_max: usize) -> String {
    let mut beginning: String = text.chars().take(chars_max).flat_map(char::escape_debug).collect();
    if text.chars().nth(chars_max).is_some() {
        beginning.push('…');
    }
    beginning
}
