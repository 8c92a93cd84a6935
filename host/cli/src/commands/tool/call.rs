use clap::Args;
use serde_json::Value;
use stockade::{Budget, Currency, Fault, Limits, Tool, ToolAnswer};

use super::find;
use crate::commands::exec;
use crate::escape::safe_lines;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::pretty::{print_json, safe_json};
use crate::text::{DIM, bytes, grouped, log_line, micros};
use crate::{amounts, open_host, read};

/// Call a function of a tool once, outside of any run
#[derive(Debug, Args)]
#[command(after_help = "Example:
  stockade tool call policy needs_approval '{\"amount_cents\": 14900, \"approval_above_cents\": 10000}'
  stockade tool call ./mine.wasm run '{}'")]
pub(crate) struct Call {
    /// A registered tool, or a component file
    tool: String,
    /// The function
    function: String,
    /// The arguments by name, as a JSON object; `-` reads it from stdin
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// The idempotency key: two calls under one key have one effect; by default, a new key
    #[arg(long, value_name = "KEY", value_parser = key)]
    idempotency_key: Option<String>,
    /// What the call may use of fuel, memory and wall; by default, the tool's limits
    #[arg(long, value_name = "AMOUNTS", value_parser = allowance)]
    budget: Option<String>,
}

impl Call {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        let tool = find(&host, &self.tool).await?;
        let arguments = read::json(&self.arguments, "arguments")?;
        let allowed = |onto| self.budget.as_ref().map_or(Ok(onto), |text| amounts::read(text, onto));
        if let Some(code) = host.promoted(&tool, &self.function, &arguments)? {
            return exec::start(globals, &host, code, allowed(exec::exec_budget())?).await;
        }
        let own = host.limits(tool.name()).clone();
        let limits = limits(&allowed(of_limits(&own))?, own);
        let key = self.idempotency_key.unwrap_or_else(|| format!("call/{}", uuid::Uuid::now_v7()));
        host.calls_outside(tool.name(), &key).await?;
        call(globals, &tool, &self.function, &arguments, &key, limits).await
    }
}

/// Reads an idempotency key. An empty key would be the same for all calls of all tools.
fn key(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a key has at least one letter; without the option, each call has a new one".to_owned());
    }
    Ok(text.to_owned())
}

/// The currencies that a single call uses.
const OF_A_CALL: [Currency; 3] = [Currency::Fuel, Currency::Memory, Currency::Wall];

/// Checks what a single call may use. The tool's limits complete it later.
fn allowance(text: &str) -> stockade::Result<String> {
    let budget = amounts::read(text, Budget::NONE)?;
    let other = Currency::ALL.into_iter().find(|currency| !OF_A_CALL.contains(currency) && budget.get(*currency) > 0);
    match other {
        Some(other) => {
            let message =
                format!("\"{text}\" names {}, and a single call uses fuel, memory and wall alone", other.name());
            Err(Fault::invalid("budget", message))
        }
        None => Ok(text.to_owned()),
    }
}

fn of_limits(Limits { fuel, memory_bytes, wall_us, .. }: &Limits) -> Budget {
    let amounts = OF_A_CALL.into_iter().zip([*fuel, *memory_bytes, *wall_us]);
    amounts.fold(Budget::NONE, |budget, (currency, amount)| budget.with(currency, amount))
}

fn limits(budget: &Budget, own: Limits) -> Limits {
    let [fuel, memory_bytes, wall_us] = OF_A_CALL.map(|currency| budget.get(currency));
    own.fuel(fuel).memory_bytes(memory_bytes).wall_us(wall_us)
}

async fn call(
    globals: &Globals,
    tool: &Tool,
    function: &str,
    arguments: &Value,
    key: &str,
    limits: Limits,
) -> anyhow::Result<Exit> {
    let outcome = tool.call(stockade::Call { function, arguments, idempotency_key: key, seed: 0, limits }).await;
    if !globals.json {
        eprint!("{}{}", safe_lines(&outcome.stdout), safe_lines(&outcome.stderr));
        outcome.log.iter().for_each(|line| eprintln!("{}", log_line(line)));
    }
    let answer = ToolAnswer::new(tool, function, key, outcome)?;
    if globals.json {
        print_json(&answer);
    } else {
        println!("{}", safe_json(&answer.output));
        let usage = answer.usage;
        let (memory, wall) = (bytes(usage.memory_bytes_peak), micros(usage.wall_us));
        eprintln!("{DIM}{} fuel, {memory} memory, {wall}{DIM:#}", grouped(usage.fuel));
    }
    Ok(Exit::Done)
}
