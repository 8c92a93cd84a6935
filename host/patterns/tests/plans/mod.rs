//! The patterns that plan, judge and search, each over a world that says what its script says, in every order.

mod evaluator;
mod orchestrator;
mod tree_of_thoughts;
mod world;
