mod forms;
mod patterns;
mod stream;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

pub use self::stream::ScrubbedStream;

use self::patterns::Patterns;
use self::stream::Pace;

/// What stands for a secret where nothing else is asked for.
pub const REDACTED: &str = "[redacted]";
/// A shorter value is found in too much that is not secret.
const VALUE_BYTES_MIN: usize = 8;
/// As many letters of a value are replaced where they are not all of it: its first, the next, and so on, and its last.
const PART_BYTES: usize = 8;

/// Puts marks in place of secrets, in whatever is shown, sent back or written down: in the encodings that one meets, cut
/// off or whole, in one text or in pieces.
///
/// Parts count as the value: its first eight bytes, the next eight, and so on, and its last eight. The rest of the word that a
/// part stands in goes with it. So of a value that is cut, fewer than eight bytes are left of its beginning or its end, and
/// fewer than fifteen of its middle.
///
/// One who knows a value and means to hand it on can always disguise it: backwards, compressed, a letter at a time. What is
/// scrubbed is the careless echo.
#[derive(Clone, Default)]
pub struct Scrubber {
    patterns: Arc<Patterns>,
}

impl Scrubber {
    /// Looks for values, each with the mark that is put in its place. A value of less than eight bytes is left out.
    pub fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { patterns: Arc::new(Patterns::new(secrets)) }
    }

    /// Looks for values, and puts [`REDACTED`] in their place.
    pub fn redacting(values: impl IntoIterator<Item = String>) -> Self {
        Self::new(values.into_iter().map(|value| (value, REDACTED.to_owned())))
    }

    /// Returns what scrubs a text of a party who may watch when its pieces come: as much is held back whatever the text
    /// is. Were it only what may begin a value, then the delay would tell the value a letter at a time.
    pub fn stream(&self) -> ScrubbedStream {
        ScrubbedStream::new(Arc::clone(&self.patterns), Pace::Steady)
    }

    /// Returns what scrubs a text of a party who may know the values, and holds back only what may begin one. Of whole
    /// characters it makes whole characters.
    pub fn eager_stream(&self) -> ScrubbedStream {
        ScrubbedStream::new(Arc::clone(&self.patterns), Pace::Eager)
    }

    /// Scrubs a text.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut stream = self.stream();
        let scrubbed = stream.whole(text.as_bytes());
        // Patterns and words are of whole characters, so what is left is as well.
        if stream.hits() == 0 { Cow::Borrowed(text) } else { String::from_utf8_lossy(&scrubbed).into_owned().into() }
    }

    /// Scrubs every text and every name of a value.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                if members.keys().any(|name| matches!(self.text(name), Cow::Owned(_))) {
                    let named = |(name, member): (String, Value)| (self.text(&name).into_owned(), member);
                    *members = std::mem::take(members).into_iter().map(named).collect();
                }
                members.values_mut().for_each(|member| self.value(member));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Scrubs a text in its place.
    pub fn string(&self, text: &mut String) {
        if let Cow::Owned(scrubbed) = self.text(text) {
            *text = scrubbed;
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KEY: &str = "sk_live_0123456789abcdef";

    fn scrubber(values: &[&str]) -> Scrubber {
        Scrubber::new(values.iter().map(|value| ((*value).to_owned(), "#".to_owned())))
    }

    fn scrubbed(value: &str, text: &str) -> String {
        scrubber(&[value]).text(text).into_owned()
    }

    #[test]
    fn an_echo_is_scrubbed_in_the_encodings_that_one_meets() {
        let value = "sk_live 9/a+\"z=";
        for (echo, left) in [
            (value.to_owned(), "#"),
            (format!("Bearer {value};"), "Bearer #;"),
            (format!("SAYS {}!", value.to_ascii_uppercase()), "SAYS #!"),
            ("key=sk_live%209%2Fa%2B%22z%3D".into(), "key=#"),
            ("key=sk_live%209%2fa%2b%22z%3d".into(), "key=#"),
            ("key=sk_live+9%2Fa%2B%22z%3D&".into(), "key=#&"),
            ("key=sk%5Flive%209%2Fa%2B%22z%3D".into(), "key=#"),
            (value.bytes().map(|byte| format!("%{byte:02x}")).collect(), "#"),
            (json!({"key": value}).to_string(), "{\"key\":\"#\"}"),
            ("sk_live 9\\/a+\\\"z=".into(), "#"),
            (value.bytes().map(|byte| format!("{byte:02x}")).collect(), "#"),
            (value.bytes().map(|byte| format!("{byte:02X}")).collect(), "#"),
        ] {
            assert_eq!(scrubbed(value, &echo), left, "{echo}");
        }
        for echo in ["a&amp;b&lt;c&quot;&#39;0123", "a&amp;b&lt;c&#34;&#39;0123", "a\\u0026b\\u003cc\\\"'0123"] {
            assert_eq!(scrubbed("a&b<c\"'0123", echo), "#", "{echo}");
        }
    }

    /// What surrounds a value shifts its base64.
    #[test]
    fn base64_is_found_at_every_offset() {
        let value = "sk_test_>>>???0123";
        for before in ["", "a", "ab", "abc", "Bearer "] {
            for after in ["", "x", "xy"] {
                for base64 in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                    let left = scrubbed(value, &base64.encode(format!("{before}{value}{after}")));
                    assert!(left.contains('#') && left.len() <= (before.len() + after.len()) * 4 / 3 + 5, "{left}");
                }
            }
        }
    }

    /// A server that cuts what it echoes showed all but the last letters, and eleven of 24 where more text followed.
    #[test]
    fn a_value_that_is_cut_off_is_scrubbed_with_its_word() {
        for length in 8..KEY.len() {
            let cut = &KEY[..length];
            assert_eq!(scrubbed(KEY, &format!("{{\"key\": \"{cut}...\"}}")), "{\"key\": \"#\"}", "{cut}");
            let hex: String = cut.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(scrubbed(KEY, &format!("<{hex}>")), "<#>");
            let base64 = STANDARD_NO_PAD.encode(format!("ab{cut}"));
            assert!(scrubbed(KEY, &format!("<{base64}>")).len() <= "<YWI#>".len(), "{base64}");
        }
        assert_eq!(scrubbed(KEY, "it is sk_live_0"), "it is #");
        assert_eq!(scrubbed(KEY, "keys begin with sk_live here"), "keys begin with sk_live here");
    }

    /// A server may show the middle or the end of a value as well as its beginning.
    #[test]
    fn a_part_of_a_value_is_scrubbed_but_for_a_few_letters_before_it() {
        let long = "pk-8Qx3vN0aZb71LmWcR5tYuE2hKdGfJs94PoiT";
        type Encoding = (usize, fn(&str) -> String);
        let encodings: [Encoding; 3] = [
            (1, |text| text.to_owned()),
            (2, |text| text.bytes().map(|byte| format!("{byte:02X}")).collect()),
            (3, |text| text.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        ];
        for (key, from) in [KEY, long].into_iter().flat_map(|key| (0..key.len() - 7).map(move |from| (key, from))) {
            for to in from + 8..=key.len() {
                let is_seen = to - from >= 15 || from == 0 || to == key.len();
                for (letters, encoded) in encodings.iter().filter(|_| is_seen) {
                    let left = scrubbed(key, &format!("see ({}), please", encoded(&key[from..to])));
                    let shown = left.strip_prefix("see (").and_then(|left| left.strip_suffix("#), please"));
                    assert!(shown.is_some_and(|shown| shown.len() <= 7 * letters), "{left}");
                }
            }
        }
    }

    /// An echo of guesses must not tell a guest how far a guess is right.
    #[test]
    fn what_follows_a_beginning_makes_no_difference() {
        for (right, wrong) in [("sk_live_0123456", "sk_live_0123xxx"), ("sk_live_0", "sk_live_x")] {
            assert_eq!(scrubbed(KEY, &format!("a {right}")), scrubbed(KEY, &format!("a {wrong}")));
            assert_eq!(scrubbed(KEY, &format!("a {right}, b")), scrubbed(KEY, &format!("a {wrong}, b")));
        }
        // One who knows how a value begins, and guesses the next letter, learns nothing.
        for guess in ["k_live_0", "_live_01", "live_012"] {
            assert_eq!(scrubbed(KEY, &format!("a {guess}, b")), format!("a {guess}, b"));
        }
    }

    #[test]
    fn what_is_held_back_says_nothing_about_the_values() {
        let lengths = |text: &str| {
            let mut stream = scrubber(&[KEY]).stream();
            text.bytes().map(|byte| stream.push(&[byte]).len()).collect::<Vec<_>>()
        };
        let after = " ".repeat(200);
        assert_eq!(lengths(&format!("a sk_live01x{after}")), lengths(&format!("a sxxxxxxxxx{after}")));
    }

    #[test]
    fn an_eager_stream_holds_back_what_may_begin_a_value() {
        let mut stream = scrubber(&[KEY]).eager_stream();
        let mut said = |piece: &str| String::from_utf8(stream.push(piece.as_bytes())).unwrap();
        assert_eq!(said("Schlüssel: "), "Schlüssel: ");
        assert_eq!(said("sk_li"), "");
        assert_eq!(said("ke"), "sk_like");
        assert_eq!(said(" sk_live_0123456789ab"), " ");
        assert_eq!(said("cdef. sk_live_01234567"), "#. ");
        assert_eq!(said("x, and"), "#, and");
        assert_eq!(said(" sk_liven sk_live_9 sk_live_0"), " sk_liven # ");
        assert_eq!(stream.finish(), b"#");
        assert_eq!(stream.hits(), 4);
    }

    #[test]
    fn a_value_that_begins_a_longer_one_does_not_win_over_it() {
        let both = scrubber(&["key-0123", "key-0123-and-more"]);
        assert_eq!(both.text("key-0123-and-more. key-0123 "), "#. # ");
        assert_eq!(both.text("a cat"), "a cat");
        assert_eq!(scrubber(&["a"]).text("a cat"), "a cat", "too short to be told from a text");
        assert_eq!(scrubber(&[]).text("a cat"), "a cat");
    }

    #[test]
    fn texts_and_names_of_a_value_are_scrubbed() {
        let mut found = json!({"a": [format!("say {KEY}!"), 1], KEY: 2});
        Scrubber::redacting([KEY.to_owned()]).value(&mut found);
        assert_eq!(found, json!({"a": ["say [redacted]!", 1], "[redacted]": 2}));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "(a|b|é| |abcdabcd|abcdabcdabcdabcd|dcbaabcd){0,12}", cuts in prop::collection::vec(0usize..80, 0..6)) {
            let scrubber = scrubber(&["abcdabcdabcdabcd", "dcbaabcdcb"]);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            for mut stream in [scrubber.stream(), scrubber.eager_stream()] {
                let mut left = Vec::new();
                for piece in cuts.windows(2) {
                    left.extend(stream.push(&text.as_bytes()[piece[0]..piece[1]]));
                }
                left.extend(stream.finish());
                let left = String::from_utf8(left).unwrap();
                prop_assert!(!left.contains("abcdabcdabcdabcd") && !left.contains("dcbaabcdcb"), "{}", left);
            }
        }

        #[test]
        fn no_beginning_that_is_long_enough_is_left(before in "[ -~é]{0,20}", length in 8usize..=24, after in "[ ,;\"]{1,9}") {
            let left = scrubbed(KEY, &format!("{before}{}{after}", &KEY[..length]));
            prop_assert!(!left.contains(&KEY[..8]), "{}", left);
        }
    }
}
