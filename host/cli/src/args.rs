use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use serde_json::Value;
use stockade::{Budget, Currency, Exec, Fault, RunId};

use crate::amounts;
use crate::commands::memory;
use crate::eval::EvalArgs;

/// Above the options that all commands take, which come after a command's own.
const EVERYWHERE: &str = "Options of all commands";

/// Runs durable LLM workflows on sandboxed WebAssembly tools.
///
/// Exit codes: 0 done, 1 failed, 2 usage, 3 waiting for a person, 4 suspended by its budget.
#[derive(Debug, Parser)]
#[command(
    name = "stockade",
    version,
    arg_required_else_help = true,
    after_help = "Example:
  stockade run refund --input '{\"user_id\": \"user_123\", \"request\": \"not what I expected\"}'
  stockade agent \"what did user_123 buy?\" --tool purchases"
)]
pub(crate) struct Args {
    /// Where the journal, the shop and the compiled components are kept
    #[arg(long, global = true, help_heading = EVERYWHERE, default_value = ".stockade", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,

    /// The configuration; without it `stockade.toml` if there is one, else the defaults
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Keep what models are asked and answer in this file, without secrets; under `eval`, in this folder
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,

    /// Answer for models with what was kept there; none is asked
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,

    /// Print one JSON document on stdout
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a run and drive it until it ends, waits for a person, or is suspended
    #[command(after_help = run_help())]
    Run {
        /// The workflow
        workflow: String,
        /// The input, as JSON; `-` reads it from stdin
        #[arg(long, value_name = "JSON")]
        input: String,
        /// What the run may spend, as CURRENCY=AMOUNT,…; what is not named keeps its default
        #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, Budget::default()))]
        budget: Option<Budget>,
    },
    /// Let a model work on a task with the tools that it is given
    ///
    /// Where a tool wants to be asked for, whoever is at the terminal is asked; elsewhere the run waits.
    #[command(after_help = agent_help())]
    Agent(AgentArgs),
    /// Keep, search and forget what agents remember beyond a run
    #[command(
        subcommand,
        after_help = "Example:\n  stockade memory add handbook.md\n  stockade memory search \"how long may goods be returned\""
    )]
    Memory(memory::Command),
    /// Run cases against a workflow or an agent, and say which came to what is expected
    ///
    /// The exit code is 1 if a case did not; with --against, if more cases than allowed pass less often. Under it,
    /// --record fills a folder with a cassette for each run, and --replay plays such a folder.
    #[command(
        after_help = "Example:\n  stockade eval cases.yaml\n  stockade eval cases.yaml --against other.toml --junit report.xml"
    )]
    Eval(EvalArgs),
    /// Show the states of a workflow as a Mermaid diagram, or list the workflows
    #[command(after_help = "Example:\n  stockade graph refund")]
    Graph {
        /// The workflow
        workflow: Option<String>,
    },
    /// Go on with a run that a crash left behind, or with all of them
    #[command(after_help = "Example:\n  stockade resume")]
    Resume {
        /// The run; without it, all unfinished ones
        run: Option<RunId>,
    },
    /// Say yes to the call that a run waits for, and drive the run on
    #[command(after_help = "Example:\n  stockade approve RUN --by dana")]
    Approve(Decide),
    /// Say no to the call that a run waits for, and drive the run on
    #[command(after_help = "Example:\n  stockade deny RUN --by dana --comment \"bought twice before\"")]
    Deny(Decide),
    /// Show a run: its timeline, its output, and what it spent
    #[command(after_help = "Example:\n  stockade show RUN")]
    Show {
        /// The run
        run: RunId,
    },
    /// List all runs, oldest first
    #[command(after_help = "Example:\n  stockade runs --json | jq -r '.[] | select(.status == \"waiting\") | .run_id'")]
    Runs,
    /// Show a run's budget, or add to it and drive the run on
    #[command(after_help = "Example:\n  stockade budget RUN --add fuel=1000000,steps=10")]
    Budget {
        /// The run
        run: RunId,
        /// What to add, as CURRENCY=AMOUNT,…
        #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, Budget::NONE))]
        add: Option<Budget>,
    },
    /// Trip every limit of a call once on this machine, and show that each fired and harmed nobody else
    ///
    /// The exit code is 1 if one did not fire.
    #[command(
        after_help = "Example:\n  stockade doctor\n  stockade doctor --json | jq '.limits[] | select(.fired | not)'"
    )]
    Doctor,
    /// Run code that an agent wrote, in the sandbox
    #[command(after_help = exec_help())]
    Exec(ExecArgs),
    /// Run a piece of code again with the answers that its calls had, and see that it does the same
    #[command(after_help = "Example:\n  stockade replay RUN/code")]
    Replay {
        /// The run, and the key of the effect that ran the code, which for `exec` is `code`
        #[arg(value_name = "RUN/STEP")]
        step: Step,
    },
    /// Add languages, and list those that there are
    #[command(subcommand, after_help = "Example:\n  stockade language list")]
    Language(LanguageCommand),
    /// Write, pack, inspect, call and test tools
    #[command(subcommand, after_help = "Example:\n  stockade tool list\n  stockade tool inspect payments")]
    Tool(Tool),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AgentArgs {
    /// What is to be done
    pub(crate) task: String,
    /// A registered tool that the agent may call; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) tool: Vec<String>,
    /// The model, as `[model.NAME]` names it; without it, the default one
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// What the model is told before the task
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Let the model write code in this language that calls the tools, instead of one call at a time
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) code: Option<String>,
    /// A picture that belongs to the task; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) image: Vec<PathBuf>,
    /// How often the model may be asked
    #[arg(long, value_name = "N")]
    pub(crate) max_steps: Option<u32>,
    /// What the run may spend, as CURRENCY=AMOUNT,…; what is not named keeps its default
    #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, crate::commands::agent::budget()))]
    pub(crate) budget: Option<Budget>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExecArgs {
    /// The code; `-` reads it from stdin
    #[arg(required_unless_present = "print_tools")]
    pub(crate) file: Option<String>,
    /// The language; without it, what the file's ending says
    #[arg(long, value_name = "NAME")]
    pub(crate) lang: Option<String>,
    /// The value of the variable `input`, as JSON; `-` reads it from stdin
    #[arg(long, value_name = "JSON")]
    pub(crate) input: Option<String>,
    /// A registered tool that the code may call; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) tool: Vec<String>,
    /// The fuel that code and tools may use
    #[arg(long, value_name = "UNITS")]
    pub(crate) fuel: Option<u64>,
    /// The memory that the code may take, as in 64MiB
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| amounts::one(Currency::Memory, text))]
    pub(crate) memory: Option<u64>,
    /// The time that the code may take, as in 2s; a plain number means milliseconds
    #[arg(long, value_name = "TIME", value_parser = |text: &str| amounts::one(Currency::Wall, text))]
    pub(crate) timeout: Option<u64>,
    /// See the variables of the code that ran before under this name, and leave some for the next
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Begin the session with what this other one has
    #[arg(long, value_name = "ID", requires = "session")]
    pub(crate) fork: Option<String>,
    /// A file that is put into the code's private directory; may be given several times
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) file_in: Vec<PathBuf>,
    /// Where the files go that the code wrote; without it, they stay in the journal
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the functions that the code could call, for a model's prompt, and run nothing
    #[arg(long)]
    pub(crate) print_tools: bool,
}

/// A step of a run: the run, and the key of the effect.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) run: RunId,
    pub(crate) key: String,
}

impl std::str::FromStr for Step {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (run, key) = text.split_once('/').unwrap_or((text, Exec::KEY));
        Ok(Self { run: run.parse()?, key: key.to_owned() })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum LanguageCommand {
    /// Build a language that does not come with the program, and add it
    #[command(after_help = "Example:\n  stockade language add python")]
    Add {
        /// The language
        name: String,
    },
    /// List the languages: those that are there, and those that could be added
    #[command(after_help = "Example:\n  stockade language list")]
    List,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Decide {
    /// The run
    pub(crate) run: RunId,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Write the source of a new tool into a folder of its name
    #[command(after_help = "Example:\n  stockade tool new greeter --lang python")]
    New {
        /// The name: small letters, digits and dashes
        name: String,
        /// What it is written in
        #[arg(long, value_enum, default_value_t = Language::Rust)]
        lang: Language,
        /// Build a Rust tool for WASI, which has files, a clock and random numbers (once they are granted) and starts
        /// four times as slowly
        #[arg(long)]
        wasi: bool,
    },
    /// Put what a component says of itself into it: its manifest, and the comments of its WIT
    #[command(after_help = "Example:
  stockade tool pack target/wasm32-unknown-unknown/release/greeter.wasm
  stockade tool pack greeter.wasm --manifest tool.toml --wit wit -o packed.wasm")]
    Pack {
        /// The component file
        component: PathBuf,
        /// The manifest
        #[arg(long, value_name = "FILE", default_value = "tool.toml")]
        manifest: PathBuf,
        /// The folder of its WIT, which may be given several times, what another one uses first; without it, `wit` beside
        /// the manifest if there is one
        #[arg(long, value_name = "DIR")]
        wit: Vec<PathBuf>,
        /// Where to write; without it, the component itself is rewritten
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make the calls of a tool's examples, and compare their answers
    #[command(after_help = "Example:\n  stockade tool test policy\n  stockade tool test ./greeter.wasm --json")]
    Test {
        /// A registered tool, or a component file
        tool: String,
    },
    /// Make a tool of code that an agent wrote, once a person has read it and said yes
    ///
    /// The tool has the rights that the code had, and no more.
    #[command(after_help = "Example:\n  stockade tool promote RUN/code refund-report --by dana")]
    Promote {
        /// The run, and the key of the effect that ran the code, which for `exec` is `code`
        #[arg(value_name = "RUN/STEP")]
        step: Step,
        /// The name of the tool: small letters, digits and dashes
        name: String,
        /// Who approves
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Do not ask: it was read and approved elsewhere
        #[arg(long)]
        yes: bool,
    },
    /// List the registered tools and their functions
    #[command(after_help = "Example:\n  stockade tool list")]
    List,
    /// Show a tool: what it says of itself, what it asks for, what it is granted, its functions, their schemas, its WIT
    #[command(after_help = "Example:\n  stockade tool inspect payments\n  stockade tool inspect ./mine.wasm")]
    Inspect {
        /// A registered tool, or a component file
        tool: String,
    },
    /// Get a component from a registry, and print the digest that pins it
    #[command(after_help = "Example:\n  stockade tool pull oci://ghcr.io/acme/greet:1.0")]
    Pull {
        /// The reference, `oci://HOST[:PORT]/REPOSITORY:TAG`
        reference: String,
    },
    /// Call a function of a tool once, outside of any run
    #[command(after_help = "Example:
  stockade tool call policy needs_approval '{\"amount_cents\": 14900, \"approval_above_cents\": 10000}'
  stockade tool call ./mine.wasm run '{}'")]
    Call {
        /// A registered tool, or a component file
        tool: String,
        /// The function
        function: String,
        /// The arguments by name, as a JSON object; `-` reads it from stdin
        #[arg(value_name = "JSON", default_value = "{}")]
        arguments: String,
        /// The key under which a repetition has no second effect; without it, a new one
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// What the call may use: fuel, memory, wall; without it, what the tool may
        #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, crate::commands::tool::allowance()))]
        budget: Option<Budget>,
    },
}

/// The language of a new tool.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Language {
    Rust,
    Python,
    Javascript,
}

fn exec_help() -> String {
    format!(
        "What it may spend by default:\n  {}\n\nExample:\n  {}\n  {}",
        amounts::write(&crate::commands::exec::exec_budget()),
        "stockade exec report.js --tool purchases --input '{\"user_id\": \"user_123\"}'",
        "echo 'return 6 * 7' | stockade exec - --lang javascript --json"
    )
}

fn agent_help() -> String {
    format!(
        "It needs a model: [model.NAME] in stockade.toml, or --replay.\n\n\
         What it may spend by default:\n  {}\n\nExample:\n  {}\n  {}\n  {}",
        amounts::write(&crate::commands::agent::budget()),
        "stockade agent \"refund user_789 if our rules allow it\" --tool purchases --tool policy --tool payments",
        "stockade agent \"which purchases could be refunded?\" --tool purchases --tool policy --code javascript",
        "stockade agent \"what is in this picture?\" --image photo.png --model main --record tape.jsonl"
    )
}

fn run_help() -> String {
    format!(
        "The default budget:\n  {}\n\nExample:\n  {}",
        amounts::write(&Budget::default()),
        "stockade run refund --input '{\"user_id\": \"user_123\", \"request\": \"…\"}' --budget fuel=1000000,steps=3"
    )
}

/// Reads JSON from an argument, or from stdin where the argument is `-`.
pub(crate) fn json(text: &str, what: &str) -> Result<Value, Fault> {
    let wrong =
        |error: &dyn std::fmt::Display| Fault::invalid(what, format!("the JSON of the {what} is not valid: {error}"));
    let text =
        if text == "-" { std::io::read_to_string(std::io::stdin()).map_err(|e| wrong(&e))? } else { text.to_owned() };
    stockade::json::parse(&text).map_err(|error| wrong(&error))
}
