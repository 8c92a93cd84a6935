//! Whether others come, too.

/// For how long a name counts as one beside the others after it has come, in milliseconds.
const PRESENT_MS: u64 = 1_000;

/// The names that were the last to come.
#[derive(Debug, Default)]
pub struct Others {
    /// The last one, and another one, the last before it; and when they came.
    last: [(String, u64); 2],
}

impl Others {
    /// Takes note of a name that comes, and returns whether another one has come within a second. The empty name is no other.
    pub fn are_beside(&mut self, name: &str, now_ms: u64) -> bool {
        if self.last[0].0 != name {
            self.last.swap(0, 1);
            self.last[0].0 = name.to_owned();
        }
        self.last[0].1 = now_ms;
        let (other, at_ms) = &self.last[1];
        !other.is_empty() && now_ms.abs_diff(*at_ms) < PRESENT_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_beside_a_name_for_a_second_after_they_came() {
        let mut others = Others::default();
        let mut beside = |name, now_ms| others.are_beside(name, now_ms);
        assert!(!beside("flood", 5_000) && !beside("flood", 5_001), "it is the only one");
        assert!(beside("shop", 5_002) && beside("flood", 5_003) && beside("flood", 6_001));
        assert!(!beside("flood", 6_002), "the other one came a second ago");
        assert!(beside("third", 6_003) && beside("shop", 6_004), "whichever was the last");
        assert!(beside("shop", 5_500), "a clock that was put back");
    }
}
