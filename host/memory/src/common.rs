/// The most common words of English that say nothing of what a text is about.
const COMMON: [&str; 108] = [
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "but", "by", "can", "could", "did", "do", "does", "doing", "for", "from", "get", "got", "had",
    "has", "have", "he", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just",
    "like", "may", "me", "might", "my", "no", "not", "now", "of", "off", "on", "once", "only", "or", "our", "out",
    "over", "own", "please", "shall", "she", "should", "so", "some", "someone", "still", "such", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "under", "until", "up", "us",
    "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will",
    "with", "would", "you", "your",
];

/// Returns whether a word, in lower case, is one that nearly every text has.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_in_order() {
        assert!(COMMON.is_sorted());
        assert!(is_common("the") && !is_common("tent") && !is_common(""));
    }
}
