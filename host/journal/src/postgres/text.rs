//! Texts as PostgreSQL holds them: it has none with U+0000.

/// Writes a text without U+0000. Others stay as they are, but for backslashes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\0', "\\0")
}

/// Reads what [`escaped`] has written.
pub(super) fn unescaped(text: &str) -> String {
    let (mut read, mut letters) = (String::with_capacity(text.len()), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => read.push(if letters.next() == Some('0') { '\0' } else { '\\' }),
            letter => read.push(letter),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written_and_has_no_zero() {
        for text in ["", "plain", "\0", "\\0", "\\\0\\", "a\\\\0b\0", "é\u{0}"] {
            let written = escaped(text);
            assert!(!written.contains('\0') && unescaped(&written) == text, "{text:?}");
        }
    }
}
