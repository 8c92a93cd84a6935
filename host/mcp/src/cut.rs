//! Texts that are too long for a client: their beginning, their end, and where the rest is.

/// Returns the beginning and the end of a text that is longer than so many bytes, with a note of what was left out.
pub(crate) fn cut(text: &str, bytes_max: usize, rest: &str) -> Option<String> {
    if text.len() <= bytes_max {
        return None;
    }
    let head = text.get(..text.floor_char_boundary(bytes_max.saturating_mul(3) / 4)).unwrap_or_default();
    let tail = text.get(text.ceil_char_boundary(text.len().saturating_sub(bytes_max / 4))..).unwrap_or_default();
    let left_out = text.len().saturating_sub(head.len()).saturating_sub(tail.len());
    Some(format!("{head}\n[… {left_out} bytes of {} are left out here; {rest}]\n{tail}", text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end_and_no_letter_is_split() {
        assert_eq!(cut("short", 5, "x"), None);
        let text = format!("{}{}", "é".repeat(50), "z".repeat(50));
        let shown = cut(&text, 41, "read on").unwrap();
        assert!(shown.starts_with("éé") && shown.ends_with("zz"), "{shown}");
        assert!(shown.contains("bytes of 150 are left out here; read on"), "{shown}");
    }
}
