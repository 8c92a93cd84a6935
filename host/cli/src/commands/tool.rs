//! `stockade tool`: look at tools, and call one outside of any run.

use serde_json::{Value, json};
use stockade::{Budget, Call, Currency, Function, Host, Limits, Source, Tool};

use crate::args::{self, Args, Tool as Command};
use crate::exit::Exit;
use crate::home;
use crate::text::{BOLD, DIM, bytes, grouped, micros, print_json, safe, safe_json, safe_lines};

pub(super) async fn run(args: &Args, command: &Command) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    match command {
        Command::List => list(args, &host),
        Command::Inspect { tool } => inspect(args, &find(&host, tool)?),
        Command::Call { tool, function, arguments, idempotency_key, budget } => {
            let tool = find(&host, tool)?;
            let arguments = args::json(arguments, "arguments")?;
            let limits = limits(&budget.unwrap_or_else(allowance));
            return call(args, &tool, function, &arguments, idempotency_key.clone(), limits).await;
        }
    }
    Ok(Exit::Done)
}

/// A registered tool, or a component file, which is granted nothing.
fn find(host: &Host, name: &str) -> stockade::Result<Tool> {
    if !name.contains(['/', '\\', '.']) {
        return host.tool(name).cloned();
    }
    let path = std::path::Path::new(name);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    host.load(&stem, &Source::from(path), &[])
}

/// What a single call may use, as a budget, for `--budget` to change.
pub(crate) fn allowance() -> Budget {
    let Limits { fuel, memory_bytes, wall_us, .. } = Limits::default();
    let budget = Budget::NONE.with(Currency::Fuel, fuel).with(Currency::Memory, memory_bytes);
    budget.with(Currency::Wall, wall_us)
}

fn limits(budget: &Budget) -> Limits {
    let [fuel, memory_bytes, wall_us] =
        [Currency::Fuel, Currency::Memory, Currency::Wall].map(|currency| budget.get(currency));
    Limits { fuel, memory_bytes, wall_us, ..Limits::default() }
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
    }
    let (output, usage) = (outcome.result?, outcome.usage);
    if args.json {
        print_json(&json!({
            "tool": tool.name(), "function": function, "output": output, "usage": usage,
            "stdout": outcome.stdout, "stderr": outcome.stderr, "idempotency_key": key,
        }));
    } else {
        println!("{}", safe_json(&output));
        let (memory, wall) = (bytes(usage.memory_bytes_peak), micros(usage.wall_us));
        anstream::eprintln!("{DIM}{} fuel, {memory} memory, {wall}{DIM:#}", grouped(usage.fuel));
    }
    Ok(Exit::Done)
}

fn list(args: &Args, host: &Host) {
    if args.json {
        print_json(&host.tools().map(document).collect::<Vec<_>>());
        return;
    }
    for tool in host.tools() {
        anstream::println!("{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}", tool.name(), granted(tool));
        tool.component().functions().iter().for_each(|function| println!("  {}", safe(&function.signature())));
    }
}

fn inspect(args: &Args, tool: &Tool) {
    if args.json {
        print_json(&document(tool));
        return;
    }
    let component = tool.component();
    anstream::println!("{BOLD}{}{BOLD:#}", tool.name());
    println!("  digest   {}\n  size     {}", component.digest(), bytes(component.size() as u64));
    println!("  imports  {}", safe(&listed(component.imports())));
    println!("  grants   {}", granted(tool));
    for function in component.functions() {
        anstream::println!("\n{BOLD}{}{BOLD:#}", safe(&function.signature()));
        function.interface().iter().for_each(|interface| println!("  of {}", safe(interface)));
        println!(
            "  in   {}\n  out  {}",
            safe(&function.input_schema().to_string()),
            safe(&function.output_schema().to_string())
        );
    }
}

fn document(tool: &Tool) -> Value {
    let component = tool.component();
    json!({
        "name": tool.name(), "digest": component.digest(), "size": component.size(), "imports": component.imports(),
        "asks": component.asks(), "grants": tool.grants(), "repeatable": tool.is_repeatable(),
        "functions": component.functions().iter().map(described).collect::<Vec<_>>(),
    })
}

fn described(function: &Function) -> Value {
    json!({
        "name": function.name(), "interface": function.interface(), "signature": function.signature(),
        "input_schema": function.input_schema(), "output_schema": function.output_schema(),
    })
}

fn granted(tool: &Tool) -> String {
    let grants: Vec<_> = tool.grants().iter().map(ToString::to_string).collect();
    safe(&listed(&grants))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
