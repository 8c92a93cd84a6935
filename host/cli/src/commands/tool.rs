//! `stockade tool`: write tools, look at them, and call one outside of any run.

mod inspect;
mod new;
mod pack;
mod promote;
mod test;

use serde_json::{Value, json};
use stockade::{Budget, Call, Currency, Host, Limits, Source, Tool};

use crate::args::{self, Args, Tool as Command};
use crate::commands::exec;
use crate::exit::Exit;
use crate::home;
use crate::text::{DIM, bytes, grouped, log_line, micros, print_json, safe, safe_json, safe_lines};

pub(super) async fn run(args: &Args, command: &Command) -> stockade::Result<Exit> {
    match command {
        Command::New { name, lang, wasi } => return new::run(args, name, *lang, *wasi),
        Command::Pack { component, manifest, wit, out } => {
            return pack::run(args, component, manifest, wit, out.as_deref());
        }
        Command::Promote { step, name, by, yes } => return promote::run(args, step, name, by, *yes).await,
        Command::Pull { reference } => return pull(args, reference).await,
        _ => {}
    }
    let host = home::host(args).await?;
    match command {
        Command::New { .. } | Command::Pack { .. } | Command::Promote { .. } | Command::Pull { .. } => {}
        Command::List => inspect::list(args, &host),
        Command::Inspect { tool } => {
            inspect::run(args, &find(&host, tool).await?, &source(&host, tool).await?.wit()?);
        }
        Command::Test { tool } => return test::run(args, &find(&host, tool).await?).await,
        Command::Call { tool, function, arguments, idempotency_key, budget } => {
            let tool = find(&host, tool).await?;
            let arguments = args::json(arguments, "arguments")?;
            let own = host.limits(tool.name()).clone();
            if let Some(code) = host.promoted(&tool, &arguments)? {
                return exec::start(args, &host, code, *budget).await;
            }
            let limits = budget.map_or(own.clone(), |budget| limits(&budget, own));
            return call(args, &tool, function, &arguments, idempotency_key.clone(), limits).await;
        }
    }
    Ok(Exit::Done)
}

/// A registered tool, or a component in a file or a registry, which is granted nothing.
async fn find(host: &Host, name: &str) -> stockade::Result<Tool> {
    if is_registered(name) {
        return host.tool(name).cloned();
    }
    let path = std::path::Path::new(name);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    host.load(&stem, &source(host, name).await?, &[])
}

async fn source(host: &Host, name: &str) -> stockade::Result<Source> {
    if is_registered(name) { host.source(name).cloned() } else { host.fetch(Source::from(name)).await }
}

/// Returns whether a tool is meant by its name, and not a file or a reference.
fn is_registered(name: &str) -> bool {
    !name.contains(['/', '\\', '.'])
}

/// What a single call may use, as a budget, for `--budget` to change.
pub(crate) fn allowance() -> Budget {
    let Limits { fuel, memory_bytes, wall_us, .. } = Limits::default();
    let budget = Budget::NONE.with(Currency::Fuel, fuel).with(Currency::Memory, memory_bytes);
    budget.with(Currency::Wall, wall_us)
}

fn limits(budget: &Budget, own: Limits) -> Limits {
    let [fuel, memory_bytes, wall_us] =
        [Currency::Fuel, Currency::Memory, Currency::Wall].map(|currency| budget.get(currency));
    Limits { fuel, memory_bytes, wall_us, ..own }
}

/// Needs no tool, so that it works where the configuration waits for the digest that it prints.
async fn pull(args: &Args, reference: &str) -> stockade::Result<Exit> {
    let pulled = home::puller(args).await?.pull(reference).await?;
    let (digest, size) = (&pulled.component, pulled.bytes.len());
    if args.json {
        print_json(&json!({"reference": reference, "digest": digest, "manifest": pulled.manifest, "size": size}));
    } else {
        println!("component = \"{}\"\ndigest = \"{digest}\"", safe(reference));
        anstream::eprintln!("{DIM}{}, by manifest {}{DIM:#}", bytes(size as u64), pulled.manifest);
    }
    Ok(Exit::Done)
}

async fn call(
    args: &Args,
    tool: &Tool,
    function: &str,
    arguments: &Value,
    key: Option<String>,
    limits: Limits,
) -> stockade::Result<Exit> {
    let key = key.unwrap_or_else(|| format!("call/{}", uuid::Uuid::now_v7()));
    let outcome = tool.call(Call { function, arguments, idempotency_key: &key, seed: 0, limits }).await;
    if !args.json {
        eprint!("{}{}", safe_lines(&outcome.stdout), safe_lines(&outcome.stderr));
        outcome.log.iter().for_each(|line| eprintln!("{}", log_line(line)));
    }
    let (output, usage) = (outcome.result?, outcome.usage);
    if args.json {
        print_json(&json!({
            "tool": tool.name(), "function": function, "output": output, "usage": usage,
            "stdout": outcome.stdout, "stderr": outcome.stderr, "log": outcome.log, "idempotency_key": key,
        }));
    } else {
        println!("{}", safe_json(&output));
        let (memory, wall) = (bytes(usage.memory_bytes_peak), micros(usage.wall_us));
        anstream::eprintln!("{DIM}{} fuel, {memory} memory, {wall}{DIM:#}", grouped(usage.fuel));
    }
    Ok(Exit::Done)
}
