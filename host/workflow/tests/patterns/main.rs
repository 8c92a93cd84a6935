//! The patterns of agents, and the models, tools and people that they meet.

#![cfg(test)]

mod chain_of_thought;
mod machines;
mod react;
mod router;
mod world;
