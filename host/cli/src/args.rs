use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::agent::Agent;
use crate::commands::approvals::Approvals;
use crate::commands::audit::Audit;
use crate::commands::backup::Backup;
use crate::commands::budget::Budget;
use crate::commands::check::Check;
use crate::commands::complete::Complete;
use crate::commands::completions::Completions;
use crate::commands::decide::{Approve, Deny, Edit, Respond, Revoke};
use crate::commands::doctor::Doctor;
use crate::commands::eval::Eval;
use crate::commands::exec::Exec;
use crate::commands::export::Export;
use crate::commands::graph::Graph;
use crate::commands::journal::Journal;
use crate::commands::language::Language;
use crate::commands::man::Man;
use crate::commands::mcp::Mcp;
use crate::commands::memory::Memory;
use crate::commands::migrate::Migrate;
use crate::commands::notices::Notices;
use crate::commands::openapi::Openapi;
use crate::commands::prune::Prune;
use crate::commands::replay::Replay;
use crate::commands::restore::Restore;
use crate::commands::resume::Resume;
use crate::commands::rm::Rm;
use crate::commands::run::Run;
use crate::commands::runs::Runs;
use crate::commands::schedules::Schedules;
use crate::commands::serve::Serve;
use crate::commands::session::Session;
use crate::commands::settle::Settle;
use crate::commands::show::Show;
use crate::commands::signal::Signal;
use crate::commands::skill::Skill;
use crate::commands::stop::{Pause, Stop};
use crate::commands::token::Token;
use crate::commands::tool::Tool;
use crate::commands::worker::Worker;
use crate::exit::Exit;
use crate::globals::Globals;

/// The widest help, even on a wider terminal.
const HELP_COLUMNS_MAX: usize = 100;

/// Runs durable LLM workflows on sandboxed WebAssembly tools.
#[derive(Debug, Parser)]
#[command(
    name = "stockade",
    version,
    arg_required_else_help = true,
    max_term_width = HELP_COLUMNS_MAX,
    after_help = help()
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) globals: Globals,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, in the order of the help. The file of each command has its description.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    Agent(Agent),
    #[command(subcommand)]
    Memory(Memory),
    Eval(Eval),
    Graph(Graph),
    Resume(Resume),
    Worker(Worker),
    Serve(Serve),
    Mcp(Mcp),
    #[command(subcommand)]
    Token(Token),
    #[command(subcommand)]
    Audit(Audit),
    Signal(Signal),
    Complete(Complete),
    Approve(Approve),
    Deny(Deny),
    Edit(Edit),
    Respond(Respond),
    Revoke(Revoke),
    Settle(Settle),
    Stop(Stop),
    Pause(Pause),
    Show(Show),
    Export(Export),
    Runs(Runs),
    Approvals(Approvals),
    Schedules(Schedules),
    Notices(Notices),
    Rm(Rm),
    /// The same as `runs prune`
    #[command(hide = true)]
    Prune(Prune),
    Budget(Budget),
    Migrate(Migrate),
    #[command(subcommand)]
    Journal(Journal),
    Backup(Backup),
    Restore(Restore),
    Check(Check),
    Doctor(Doctor),
    Exec(Exec),
    Replay(Replay),
    #[command(subcommand)]
    Session(Session),
    #[command(subcommand)]
    Language(Language),
    #[command(subcommand)]
    Tool(Tool),
    #[command(subcommand)]
    Skill(Skill),
    #[command(subcommand)]
    Openapi(Openapi),
    Completions(Completions),
    Man(Man),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Run(run) => run.run(globals).await,
            Self::Agent(agent) => agent.run(globals).await,
            Self::Memory(memory) => memory.run(globals).await,
            Self::Eval(eval) => eval.run(globals).await,
            Self::Graph(graph) => graph.run(globals).await,
            Self::Resume(resume) => resume.run(globals).await,
            Self::Worker(worker) => worker.run(globals).await,
            Self::Serve(serve) => serve.run(globals).await,
            Self::Mcp(mcp) => mcp.run(globals).await,
            Self::Token(token) => token.run(globals).await,
            Self::Audit(audit) => audit.run(globals),
            Self::Signal(signal) => signal.run(globals).await,
            Self::Complete(complete) => complete.run(globals).await,
            Self::Approve(approve) => approve.run(globals).await,
            Self::Deny(deny) => deny.run(globals).await,
            Self::Edit(edit) => edit.run(globals).await,
            Self::Respond(respond) => respond.run(globals).await,
            Self::Revoke(revoke) => revoke.run(globals).await,
            Self::Settle(settle) => settle.run(globals).await,
            Self::Stop(stop) => stop.run(globals).await,
            Self::Pause(pause) => pause.run(globals).await,
            Self::Show(show) => show.run(globals).await,
            Self::Export(export) => export.run(globals).await,
            Self::Runs(runs) => runs.run(globals).await,
            Self::Approvals(approvals) => approvals.run(globals).await,
            Self::Schedules(schedules) => schedules.run(globals).await,
            Self::Notices(notices) => notices.run(globals).await,
            Self::Rm(rm) => rm.run(globals).await,
            Self::Prune(prune) => prune.run(globals).await,
            Self::Budget(budget) => budget.run(globals).await,
            Self::Migrate(migrate) => migrate.run(globals).await,
            Self::Journal(journal) => journal.run(globals).await,
            Self::Backup(backup) => backup.run(globals),
            Self::Restore(restore) => restore.run(globals),
            Self::Check(check) => check.run(globals).await,
            Self::Doctor(doctor) => doctor.run(globals).await,
            Self::Exec(exec) => exec.run(globals).await,
            Self::Replay(replay) => replay.run(globals).await,
            Self::Session(session) => session.run(globals).await,
            Self::Language(language) => language.run(globals).await,
            Self::Tool(tool) => tool.run(globals).await,
            Self::Skill(skill) => skill.run(globals).await,
            Self::Openapi(openapi) => openapi.run(globals).await,
            Self::Completions(completions) => completions.run(globals, Args::command()),
            Self::Man(man) => man.run(globals, Args::command()),
        }
    }

    /// Returns whether the command only reads. Such a command creates no data directory.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::Show(_)
            | Self::Export(_)
            | Self::Runs(_)
            | Self::Approvals(_)
            | Self::Audit(_)
            | Self::Schedules(_)
            | Self::Notices(_)
            | Self::Rm(_)
            | Self::Prune(_)
            | Self::Graph(_)
            | Self::Check(_)
            | Self::Doctor(_)
            | Self::Replay(_)
            | Self::Session(_)
            | Self::Completions(_)
            | Self::Man(_) => true,
            Self::Run(_)
            | Self::Agent(_)
            | Self::Eval(_)
            | Self::Resume(_)
            | Self::Worker(_)
            | Self::Serve(_)
            | Self::Signal(_)
            | Self::Complete(_)
            | Self::Approve(_)
            | Self::Deny(_)
            | Self::Edit(_)
            | Self::Respond(_)
            | Self::Revoke(_)
            | Self::Settle(_)
            | Self::Stop(_)
            | Self::Pause(_)
            | Self::Migrate(_)
            | Self::Backup(_)
            | Self::Restore(_) => false,
            Self::Budget(budget) => budget.only_looks(),
            Self::Exec(exec) => exec.only_looks(),
            Self::Journal(journal) => journal.only_looks(),
            Self::Memory(memory) => memory.only_looks(),
            Self::Language(language) => language.only_looks(),
            Self::Mcp(mcp) => mcp.only_looks(),
            Self::Token(token) => token.only_looks(),
            Self::Tool(tool) => tool.only_looks(),
            Self::Skill(skill) => skill.only_looks(),
            Self::Openapi(openapi) => openapi.only_looks(),
        }
    }
}

fn help() -> String {
    format!(
        "{}\n\nExample:\n  {}\n  {}",
        Exit::table(),
        "stockade run refund \\\n    --input '{\"user_id\": \"user_123\", \"request\": \"not what I expected\"}'",
        "stockade agent \"what did user_123 buy?\" --tool purchases"
    )
}
