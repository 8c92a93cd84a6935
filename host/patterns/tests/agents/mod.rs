//! The patterns of agents, and the models, tools and people that they meet.

mod chain_of_thought;
mod machines;
mod react;
mod react_memory;
mod react_properties;
mod react_results;
mod router;
mod world;
