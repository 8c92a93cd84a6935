/// Replaces texts in a stream that comes in pieces, wherever the pieces are cut.
///
/// What could be the beginning of a text is held back until the next piece says whether it is.
pub(crate) struct Sieve {
    /// The longest first: a text within a longer one is replaced only where the longer one is not.
    texts: Vec<(Vec<u8>, String)>,
    /// By the first byte, whether any text begins with it: most bytes are settled by this.
    begins: [bool; 256],
    held: Vec<u8>,
    hits: u64,
}

enum Found<'a> {
    Whole(usize, &'a str),
    Part,
    Nothing,
}

impl Sieve {
    /// Replaces each text, none of which may be empty, by what stands beside it.
    pub(crate) fn new(mut texts: Vec<(Vec<u8>, String)>) -> Self {
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut begins = [false; 256];
        for (text, _) in &texts {
            if let Some(begins) = text.first().and_then(|first| begins.get_mut(usize::from(*first))) {
                *begins = true;
            }
        }
        Self { texts, begins, held: Vec::new(), hits: 0 }
    }

    /// Returns how many texts were replaced.
    pub(crate) fn hits(&self) -> u64 {
        self.hits
    }

    /// Takes a piece, and returns what is settled.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        self.settle(false)
    }

    /// Returns what was held back: there is no more to come.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.settle(true)
    }

    /// Replaces in a text that is whole.
    pub(crate) fn whole(&mut self, text: &[u8]) -> Vec<u8> {
        let mut settled = self.push(text);
        settled.append(&mut self.finish());
        settled
    }

    fn settle(&mut self, is_last: bool) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut settled = Vec::with_capacity(held.len());
        let mut rest = held.as_slice();
        while let [first, after @ ..] = rest {
            rest = match self.find(*first, rest) {
                Found::Whole(length, replacement) => {
                    settled.extend_from_slice(replacement.as_bytes());
                    self.hits += 1;
                    rest.get(length..).unwrap_or_default()
                }
                Found::Part if !is_last => break,
                Found::Part | Found::Nothing => {
                    settled.push(*first);
                    after
                }
            };
        }
        self.held = rest.to_vec();
        settled
    }

    fn find(&self, first: u8, rest: &[u8]) -> Found<'_> {
        if !self.begins.get(usize::from(first)).is_some_and(|begins| *begins) {
            return Found::Nothing;
        }
        let whole = self.texts.iter().find(|(text, _)| rest.starts_with(text));
        let part = || self.texts.iter().any(|(text, _)| text.starts_with(rest));
        match whole {
            Some((text, replacement)) => Found::Whole(text.len(), replacement),
            None if part() => Found::Part,
            None => Found::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sieve(texts: &[&str]) -> Sieve {
        Sieve::new(texts.iter().map(|text| (text.as_bytes().to_vec(), "#".to_owned())).collect())
    }

    #[test]
    fn what_cannot_begin_a_text_is_not_held_back() {
        let mut sieve = sieve(&["secret"]);
        assert_eq!(sieve.push(b"data: 1\n"), b"data: 1\n");
        assert_eq!(sieve.push(b"a secr"), b"a ");
        assert_eq!(sieve.push(b"etly secr"), b"#ly ");
        assert_eq!(sieve.finish(), b"secr");
        assert_eq!(sieve.hits(), 1);
    }

    #[test]
    fn a_false_beginning_hides_no_true_one() {
        assert_eq!(sieve(&["aab"]).whole(b"aaab"), b"a#");
        let mut sieve = sieve(&["abcd", "bc"]);
        assert_eq!(sieve.push(b"abc"), b"");
        assert_eq!(sieve.finish(), b"a#");
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "[abc]{0,40}", cuts in prop::collection::vec(0usize..40, 0..6)) {
            let texts = ["abc", "cab", "aa", "bcbc"];
            let whole = sieve(&texts).whole(text.as_bytes());
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut sieve, mut sifted, mut at) = (sieve(&texts), Vec::new(), 0);
            for cut in cuts.into_iter().map(|cut| cut.min(text.len())) {
                sifted.extend(sieve.push(&text.as_bytes()[at..cut]));
                at = cut;
            }
            sifted.extend(sieve.push(&text.as_bytes()[at..]));
            sifted.extend(sieve.finish());
            // Where texts overlap, a cut may change which of them is replaced; never may one stay.
            let left = String::from_utf8(sifted).unwrap();
            prop_assert!(texts.iter().all(|text| !left.contains(text)), "{left}");
            prop_assert!(texts.iter().all(|text| !String::from_utf8_lossy(&whole).contains(text)));
        }
    }
}
