//! The patterns that plan, judge and search, each over a world that says what its script says, in every order.

#[cfg(test)]
mod evaluator;
#[cfg(test)]
mod orchestrator;
#[cfg(test)]
mod tree_of_thoughts;
#[cfg(test)]
mod world;
