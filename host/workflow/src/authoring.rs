//! Helpers for the author of a workflow: the checks of a model's answer, and the faults that every workflow has.

pub use crate::asked::{fitting, misfits, refused, text};
pub use crate::digest::canonical;
pub use crate::event::stray;
pub use crate::thread::cut;
