//! The patterns that plan, judge and search, each over a world that says what its script says, in every order.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy counts only functions under #[test] as tests, and not what they share"
)]

#[cfg(test)]
mod evaluator;
#[cfg(test)]
mod orchestrator;
#[cfg(test)]
mod tree_of_thoughts;
#[cfg(test)]
mod world;
