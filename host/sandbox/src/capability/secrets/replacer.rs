/// Replaces texts in a stream that comes in pieces, wherever the pieces are cut.
///
/// One byte less than the longest text is held back until the end, whatever it is: were it only what could be the
/// beginning of a text, then an observer of what comes when would learn the text a letter at a time.
pub(crate) struct StreamReplacer {
    /// The longest first: a text within a longer one is replaced only where the longer one is not.
    texts: Vec<(Vec<u8>, String)>,
    /// By the first byte, whether any text begins with it: most bytes are settled by this.
    begins: [bool; 256],
    held: Vec<u8>,
    hits: u64,
}

impl StreamReplacer {
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

    /// Settles each byte that enough follow for any text to have ended.
    fn settle(&mut self, is_last: bool) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let enough = if is_last { 0 } else { self.longest() };
        let mut settled = Vec::with_capacity(held.len());
        let mut rest = held.as_slice();
        while let [first, after @ ..] = rest
            && rest.len() >= enough
        {
            rest = match self.find(*first, rest) {
                Some((text, replacement)) => {
                    settled.extend_from_slice(replacement.as_bytes());
                    let after = rest.get(text.len()..).unwrap_or_default();
                    self.hits += 1;
                    after
                }
                None => {
                    settled.push(*first);
                    after
                }
            };
        }
        self.held = rest.to_vec();
        settled
    }

    fn longest(&self) -> usize {
        self.texts.first().map_or(0, |(text, _)| text.len())
    }

    fn find(&self, first: u8, rest: &[u8]) -> Option<&(Vec<u8>, String)> {
        let begins = self.begins.get(usize::from(first)).is_some_and(|begins| *begins);
        self.texts.iter().filter(|_| begins).find(|(text, _)| rest.starts_with(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replacer(texts: &[&str]) -> StreamReplacer {
        StreamReplacer::new(texts.iter().map(|text| (text.as_bytes().to_vec(), "#".to_owned())).collect())
    }

    #[test]
    fn what_is_held_back_says_nothing_about_the_texts() {
        let lengths = |text: &str| {
            let mut replacer = replacer(&["secret"]);
            text.bytes().map(|byte| replacer.push(&[byte]).len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths("a secre"), lengths("a sxxxx"));
        let mut replacer = replacer(&["secret"]);
        assert_eq!(replacer.push(b"data: 1\n"), b"dat");
        assert_eq!(replacer.push(b"a secr"), b"a: 1\na");
        assert_eq!(replacer.push(b"etly secr"), b" #ly");
        assert_eq!(replacer.finish(), b" secr");
        assert_eq!(replacer.hits(), 1);
    }

    #[test]
    fn a_false_beginning_hides_no_true_one() {
        assert_eq!(replacer(&["aab"]).whole(b"aaab"), b"a#");
        let mut replacer = replacer(&["abcd", "bc"]);
        assert_eq!(replacer.push(b"abc"), b"");
        assert_eq!(replacer.finish(), b"a#");
    }

    #[test]
    fn a_text_that_begins_a_longer_one_does_not_win_over_it() {
        let mut replacer = replacer(&["key", "key-and-more"]);
        assert_eq!(replacer.push(b"key"), b"");
        assert_eq!(replacer.push(b"-and-more."), b"#");
        assert_eq!(replacer.finish(), b".");
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "[abc]{0,40}", cuts in prop::collection::vec(0usize..40, 0..6)) {
            let texts = ["abc", "cab", "aa", "bcbc"];
            let whole = replacer(&texts).whole(text.as_bytes());
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut replacer, mut replaced, mut at) = (replacer(&texts), Vec::new(), 0);
            for cut in cuts.into_iter().map(|cut| cut.min(text.len())) {
                replaced.extend(replacer.push(&text.as_bytes()[at..cut]));
                at = cut;
            }
            replaced.extend(replacer.push(&text.as_bytes()[at..]));
            replaced.extend(replacer.finish());
            // Where texts overlap, a cut may change which of them is replaced; never may one stay.
            let left = String::from_utf8(replaced).unwrap();
            prop_assert!(texts.iter().all(|text| !left.contains(text)), "{left}");
            prop_assert!(texts.iter().all(|text| !String::from_utf8_lossy(&whole).contains(text)));
        }
    }
}
