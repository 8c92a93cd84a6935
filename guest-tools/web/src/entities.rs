//! Character references of HTML: the numeric ones, and the names that pages use.

/// A reference with more letters than any of these is plain text.
const LETTERS_MAX: usize = 32;

const NAMES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("apos", "'"),
    ("bull", "•"),
    ("cent", "¢"),
    ("copy", "©"),
    ("darr", "↓"),
    ("deg", "°"),
    ("euro", "€"),
    ("frac12", "½"),
    ("ge", "≥"),
    ("gt", ">"),
    ("hellip", "…"),
    ("laquo", "«"),
    ("larr", "←"),
    ("ldquo", "“"),
    ("le", "≤"),
    ("lsquo", "‘"),
    ("lt", "<"),
    ("mdash", "—"),
    ("middot", "·"),
    ("minus", "−"),
    ("nbsp", " "),
    ("ndash", "–"),
    ("ne", "≠"),
    ("para", "¶"),
    ("plusmn", "±"),
    ("pound", "£"),
    ("quot", "\""),
    ("raquo", "»"),
    ("rarr", "→"),
    ("rdquo", "”"),
    ("reg", "®"),
    ("rsquo", "’"),
    ("sect", "§"),
    ("shy", ""),
    ("szlig", "ß"),
    ("times", "×"),
    ("trade", "™"),
    ("uarr", "↑"),
    ("yen", "¥"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("agrave", "à"),
    ("auml", "ä"),
    ("ccedil", "ç"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("ntilde", "ñ"),
    ("ouml", "ö"),
    ("uuml", "ü"),
];

/// Hands a text over with its references replaced, piece by piece. What a reference stands for is not looked at again.
pub fn decoded(text: &str, mut push: impl FnMut(&str)) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        push(&rest[..at]);
        rest = &rest[at..];
        let taken = reference(&rest[1..]);
        match &taken {
            Some((Meaning::Name(text), _)) => push(text),
            Some((Meaning::Letter(letter), _)) => push(letter.encode_utf8(&mut [0; 4])),
            None => push("&"),
        }
        rest = &rest[1 + taken.map_or(0, |(_, bytes)| bytes)..];
    }
    push(rest);
}

/// Returns a text with its references replaced.
pub fn text(of: &str) -> String {
    let mut text = String::with_capacity(of.len());
    decoded(of, |piece| text.push_str(piece));
    text
}

enum Meaning {
    Name(&'static str),
    Letter(char),
}

/// Returns what stands after `&`, and how many bytes it has with its semicolon.
fn reference(after: &str) -> Option<(Meaning, usize)> {
    let end = after.bytes().take(LETTERS_MAX).position(|byte| byte == b';')?;
    let name = &after[..end];
    let meaning = match name.strip_prefix('#') {
        Some(number) => {
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let number = match hexadecimal {
                Some(number) => u32::from_str_radix(number, 16),
                None => number.parse(),
            };
            Meaning::Letter(number.ok().and_then(char::from_u32).filter(|letter| *letter != '\0').unwrap_or('\u{fffd}'))
        }
        None => Meaning::Name(NAMES.iter().find(|(own, _)| *own == name)?.1),
    };
    Some((meaning, end + 1))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn references_are_replaced_once() {
        assert_eq!(text("a &amp;lt; b &lt;&#65;&#x1F600;&nbsp;c"), "a &lt; b <A😀 c");
        assert_eq!(
            text("&unknown; & &; &#0; &#xd800; &#99999999999; &amp"),
            "&unknown; & &; \u{fffd} \u{fffd} \u{fffd} &amp"
        );
        assert_eq!(text(&"&".repeat(100_000)).len(), 100_000);
        assert_eq!(text("&ä&é;"), "&ä&é;");
    }
}
