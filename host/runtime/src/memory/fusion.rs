//! One ranking out of two.
//!
//! Reciprocal rank fusion: a memory's score is the sum, over the rankings that it is in, of 1 / (K + its place in it). It
//! needs no scores that could be compared, and has nothing to be trained. Cormack, Clarke and Büttcher, "Reciprocal Rank
//! Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009.

use std::collections::HashMap;

/// How much the first places count more than those behind them; the value of the paper.
const K: f64 = 60.0;

/// The best score there is, in the unit of scores.
const BEST: f64 = 1_000_000.0;

/// Returns the members of some rankings, best first, with their scores in millionths of that of a member which is the
/// first of every ranking.
pub(super) fn fuse(rankings: &[Vec<u64>], limit: usize) -> Vec<(u64, u32)> {
    let mut scores: HashMap<u64, f64> = HashMap::new();
    for (id, place) in rankings.iter().flat_map(|ranking| ranking.iter().zip(1_u32..)) {
        *scores.entry(*id).or_default() += (K + 1.0) / (K + f64::from(place));
    }
    let of_best = BEST / (rankings.len().max(1) as f64);
    // What is equal is told apart by its number, later first: an order that is the same each time.
    let mut fused: Vec<_> = scores.into_iter().map(|(id, score)| (id, (score * of_best).round() as u32)).collect();
    fused.sort_unstable_by_key(|(id, score)| std::cmp::Reverse((*score, *id)));
    fused.truncate(limit);
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_rank_high_comes_first() {
        let fused = fuse(&[vec![1, 2, 3], vec![2, 4, 1]], 10);
        assert_eq!(fused.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [2, 1, 4, 3]);
        assert_eq!(fuse(&[vec![7, 8], vec![7]], 1), [(7, 1_000_000)]);
        assert_eq!(fuse(&[vec![7, 8]], 2), [(7, 1_000_000), (8, 983_871)]);
        assert_eq!(fuse(&[vec![1], vec![2]], 2), [(2, 500_000), (1, 500_000)]);
        assert_eq!(fuse(&[], 5), []);
        assert_eq!(fuse(&[vec![], vec![]], 5), []);
    }
}
