//! Text of bytes: of UTF-8, and of Latin-1 and the Windows code page that passes for it, where the answer says so.

/// What Windows-1252 has where Latin-1 has controls.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Returns the text of an answer with this `content-type`.
pub fn text(bytes: &[u8], content_type: &str) -> String {
    let kind = content_type.to_ascii_lowercase();
    let is_latin = ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| kind.contains(name));
    if is_latin {
        bytes.iter().map(|byte| letter(*byte)).collect()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn bytes_are_read_as_the_answer_says() {
        assert_eq!(text("ä€".as_bytes(), "text/html; charset=utf-8"), "ä€");
        assert_eq!(text(&[0xe4, 0x80], "text/html; charset=ISO-8859-1"), "ä€");
        assert_eq!(text(&[b'a', 0xe4], ""), "a\u{fffd}");
    }
}
