//! How many memories are ranked for those that are wanted, and how well one fits.

/// How many of each ranking are fused for each that is wanted, and at least: what is far down in both can be ahead of what
/// is in one.
const CANDIDATES_EACH: usize = 4;
const CANDIDATES_MIN: usize = 50;

/// Returns how many of each ranking are fused where so many are wanted.
pub(super) fn candidates(limit: usize) -> usize {
    (limit * CANDIDATES_EACH).max(CANDIDATES_MIN)
}

/// How well a memory fits, in millionths: the mean of the share of the words that it has and of its similarity, of those that
/// were looked for. What is found by chance, by its vector alone, has little of the one and nothing of the other.
pub(super) fn fit(words: Option<f32>, similarity: Option<f32>) -> u32 {
    let parts: Vec<f32> = words.into_iter().chain(similarity).collect();
    let mean = parts.iter().sum::<f32>() / parts.len().max(1) as f32;
    (f64::from(mean.clamp(0.0, 1.0)) * 1e6).round() as u32
}
