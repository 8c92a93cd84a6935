//! One ranking out of two.
//!
//! Reciprocal rank fusion: a memory's score is the sum, over the rankings that it is in, of 1 / (K + its place in it). It
//! needs no scores that could be compared, and has nothing to be trained. Cormack, Clarke and Büttcher, "Reciprocal Rank
//! Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// How much the first places count more than those behind them; the value of the paper.
const K: f64 = 60.0;

/// Returns the members of some rankings, best first. Of equal ones those of the first ranking come first: it is that of the
/// words, and the best by similarity may be there by chance.
pub(super) fn fuse(rankings: &[Vec<u64>], limit: usize) -> Vec<u64> {
    let mut scores: HashMap<u64, f64> = HashMap::new();
    for (id, place) in rankings.iter().flat_map(|ranking| ranking.iter().zip(1_u32..)) {
        *scores.entry(*id).or_default() += (K + 1.0) / (K + f64::from(place));
    }
    let first: HashSet<u64> = rankings.first().into_iter().flatten().copied().collect();
    // What is equal then is told apart by its number, later first: an order that is the same each time.
    let place = |(id, score): (u64, f64)| ((score * 1e6).round() as u64, first.contains(&id), id);
    let mut fused: Vec<_> = scores.into_iter().map(place).collect();
    fused.sort_unstable_by_key(|place| Reverse(*place));
    fused.into_iter().take(limit).map(|(.., id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_rank_high_comes_first() {
        let fused = fuse(&[vec![1, 2, 3], vec![2, 4, 1]], 10);
        assert_eq!(fused, [2, 1, 4, 3]);
        assert_eq!(fuse(&[vec![7, 8], vec![7]], 1), [7]);
        assert_eq!(fuse(&[vec![7, 8]], 2), [7, 8]);
        assert_eq!(fuse(&[vec![1], vec![2]], 2), [1, 2], "words before chance");
        assert_eq!(fuse(&[vec![], vec![]], 5), [0; 0]);
    }
}
