//! What each subcommand does.

pub(crate) mod agent;
mod doctor;
mod drive;
mod eval;
pub(crate) mod exec;
pub(crate) mod language;
mod look;
pub(crate) mod memory;
pub(crate) mod tool;

use stockade::Decision;

use crate::args::{Args, Command, Decide};
use crate::exit::Exit;

pub(crate) async fn run(args: &Args) -> stockade::Result<Exit> {
    match &args.command {
        Command::Run { workflow, input, budget } => drive::run(args, workflow, input, budget.unwrap_or_default()).await,
        Command::Agent(agent) => agent::run(args, agent).await,
        Command::Memory(command) => memory::run(args, command).await,
        Command::Eval(options) => eval::run(args, options).await,
        Command::Graph { workflow } => look::graph(args, workflow.as_deref()).await,
        Command::Resume { run: Some(run) } => drive::resume(args, *run).await,
        Command::Resume { run: None } => drive::resume_all(args).await,
        Command::Approve(Decide { run, by, comment }) => {
            drive::decide(args, *run, Decision::approve(by).comment(comment.clone())).await
        }
        Command::Deny(Decide { run, by, comment }) => {
            drive::decide(args, *run, Decision::deny(by).comment(comment.clone())).await
        }
        Command::Budget { run, add: Some(more) } => drive::extend(args, *run, *more).await,
        Command::Budget { run, add: None } => look::budget(args, *run).await,
        Command::Show { run } => look::show(args, *run).await,
        Command::Runs => look::runs(args).await,
        Command::Doctor => doctor::run(args).await,
        Command::Exec(exec) => exec::run(args, exec).await,
        Command::Replay { step } => look::replay(args, step).await,
        Command::Language(command) => language::run(args, command).await,
        Command::Tool(command) => tool::run(args, command).await,
    }
}
