//! Shows the results of `stockade eval`.

mod junit;
#[cfg(test)]
mod sample;
mod table;

pub(crate) use junit::junit;
pub(crate) use stockade_eval::{
    Answer, Attempt, Case, CaseResult, Comparison, Evaluation, Evidence, FILE_BYTES_MAX, Judge, Models, Opinion,
    Subject, Suite,
};
pub(crate) use table::{compared, evaluated};
