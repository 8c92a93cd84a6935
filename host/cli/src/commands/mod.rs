//! The commands: each file has the options of one command, and what it does.

pub(crate) mod agent;
pub(crate) mod approvals;
pub(crate) mod budget;
pub(crate) mod decide;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod exec;
pub(crate) mod graph;
pub(crate) mod language;
pub(crate) mod memory;
pub(crate) mod migrate;
pub(crate) mod notices;
pub(crate) mod prune;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod rm;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schedules;
pub(crate) mod settle;
pub(crate) mod show;
pub(crate) mod signal;
pub(crate) mod stop;
pub(crate) mod tool;
pub(crate) mod worker;
