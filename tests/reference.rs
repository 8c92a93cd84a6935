//! The tables of the reference are written from the types: serde says which keys there are, the sources say what they mean,
//! and `Default` what holds without them. `UPDATE=1` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use stockade::config::{self, Config};
use stockade::meters::{self, Shape};
use stockade::patterns::{chain_of_thought, evaluator, orchestrator, react, router, tree_of_thoughts};
use stockade::{Budget, Currency, Escalation, Kind, Label, Limits, Namespace, Quota, Terms, code_limits, model};
use stockade_refund::{Letter, Settings};
use stockade_tests::root;

use crate::differences;
use crate::layers::files;

/// The pages that have such tables, each between `<!-- table: NAME -->` and `<!-- end -->`.
const PAGES: [&str; 4] = [
    "docs/src/reference/configuration.md",
    "docs/src/reference/differences.md",
    "docs/src/reference/limits-and-errors.md",
    "docs/src/reference/metrics.md",
];

/// A key, or a variant, as the sources declare it.
struct Item {
    name: String,
    kind: String,
    doc: String,
    is_required: bool,
}

/// What serde says where a table has a key that it does not know.
macro_rules! refused {
    ($type:ty) => {
        serde_json::from_value::<$type>(json!({"__": 0})).err().unwrap().to_string()
    };
}

fn parsed(text: &str) -> String {
    Config::parse(text).unwrap_err().message
}

/// Returns all tables, by name.
fn tables() -> Vec<(&'static str, String)> {
    let config = |file, name, refusal: String, defaults| keys(&format!("config/{file}.rs"), name, &refusal, &defaults);
    let pattern = |file, name, refusal: String, defaults| keys(&format!("/{file}.rs"), name, &refusal, &defaults);
    let grant = |key: &str, name, example: &str| {
        let refusal = parsed(&format!("[tool.a.grants]\n{key} = [{{ __ = 0 }}]"));
        config("grants", name, refusal, a_grant(&format!("{key} = [{{ {example} }}]")))
    };
    vec![
        ("top", config("mod", "Config", refused!(Config), json!({}))),
        ("limits", keys("sandbox/src/limits.rs", "Limits", &refused!(Limits), &json!(Limits::default()))),
        ("code-limits", changed(&json!(Limits::default()), &json!(code_limits()))),
        ("journal", config("journal", "Journal", refused!(config::Journal), a_journal())),
        ("encryption", config("journal", "Encryption", refused!(config::Encryption), json!({}))),
        ("run", config("mod", "Run", refused!(config::Run), json!({}))),
        ("concurrency", config("concurrency", "Concurrency", refused!(config::Concurrency), json!({}))),
        ("sandbox", config("sandbox", "Sandbox", refused!(config::Sandbox), json!({}))),
        ("tools", config("mod", "Tools", refused!(config::Tools), json!({}))),
        ("tool", config("tool", "Tool", refused!(config::Tool), json!({}))),
        ("openapi", config("openapi", "OpenApi", refused!(config::OpenApi), json!({"scheme": "Bearer"}))),
        ("skills", config("skills", "Skills", refused!(config::Skills), json!({}))),
        ("terms", keys("workflow/src/terms.rs", "Terms", &refused!(Terms), &json!(Terms::default()))),
        ("escalation", keys("workflow/src/terms.rs", "Escalation", &refused!(Escalation), &json!({}))),
        ("retry", config("retry", "Retry", refused!(config::Retry), a_retry())),
        ("breaker", config("retry", "Breaker", refused!(config::Breaker), json!({"rest_ms": 30_000}))),
        ("grants", config("grants", "Table", parsed("[tool.a.grants]\n__ = 0"), json!({}))),
        ("sql", grant("sql", "Sql", r#"name = "n", url = "sqlite:x""#)),
        ("fs", grant("fs", "Fs", r#"path = ".", at = "/d""#)),
        ("quota", keys("src/grant.rs", "Quota", &refused!(Quota), &json!(Quota::default()))),
        ("http", grant("http", "Http", r#"allow = "GET https://h/""#)),
        ("secrets", grant("secrets", "Secret", r#"name = "n", host = "h", header = "x""#)),
        ("kv", grant("kv", "Kv", r#"bucket = "b", path = "b.db""#)),
        ("model", config("model", "Model", refused!(config::Model), a_model())),
        ("memory", config("memory", "Memory", refused!(config::Memory), a_memory())),
        ("embedding", config("memory", "Provider", refused!(config::Provider), json!({}))),
        ("code", config("language", "Code", refused!(config::Code), json!({}))),
        ("language", config("language", "Language", refused!(config::Language), json!({}))),
        (
            "budget",
            config(
                "shared_budget",
                "SharedBudget",
                refused!(config::SharedBudget),
                json!({"per": "day", "warn_at": 80}),
            ),
        ),
        ("notify", config("notify", "Notify", refused!(config::Notify), a_notify())),
        ("mcp", config("mcp", "Mcp", refused!(config::Mcp), an_mcp_server())),
        ("oauth", config("mcp", "OAuth", refused!(config::OAuth), json!({}))),
        ("schedule", config("schedule", "Schedule", refused!(config::Schedule), a_schedule())),
        ("server", config("server", "Server", refused!(config::Server), a_server())),
        ("server-tls", config("server", "Tls", refused!(config::Tls), json!({}))),
        ("server-rate", config("server", "Rate", refused!(config::Rate), a_rate())),
        ("oidc", config("server", "Oidc", refused!(config::Oidc), an_oidc_provider())),
        ("oidc-limits", config("server", "RoleLimits", refused!(config::RoleLimits), json!({}))),
        ("telemetry", config("telemetry", "Telemetry", refused!(config::Telemetry), json!({}))),
        ("refund", keys("refund/src/settings.rs", "Settings", &refused!(Settings), &the_refund())),
        ("letter", keys("workflow/letter.rs", "Letter", &refused!(Letter), &json!({}))),
        ("react", pattern("react/spec", "Spec", refused!(react::Spec), json!(react::Spec::default()))),
        ("recall", pattern("react/spec", "Recall", parsed(&format!("{REACT}recall = {{ __ = 0 }}")), a_recall())),
        ("remember", pattern("react/spec", "Remember", parsed(&format!("{REACT}remember = {{ __ = 0 }}")), json!({}))),
        ("namespace", keys("src/memory.rs", "Namespace", &refused!(Namespace), &json!({}))),
        ("router", pattern("router", "Spec", refused!(router::Spec), a_router())),
        ("route", pattern("router", "Route", refused!(router::Route), json!({}))),
        ("rule", pattern("router", "Rule", refused!(router::Rule), json!({}))),
        ("orchestrator", {
            let defaults = json!(orchestrator::Spec::default());
            pattern("orchestrator", "Spec", refused!(orchestrator::Spec), defaults)
        }),
        ("evaluator", pattern("evaluator", "Spec", refused!(evaluator::Spec), an_evaluator())),
        ("criteria-code", pattern("evaluator", "Test", refused!(evaluator::Test), json!({}))),
        ("criteria-judge", pattern("evaluator", "Judge", refused!(evaluator::Judge), json!({}))),
        ("tree_of_thoughts", {
            let defaults = json!(tree_of_thoughts::Spec::default());
            pattern("tree_of_thoughts", "Spec", refused!(tree_of_thoughts::Spec), defaults)
        }),
        ("chain_of_thought", {
            let defaults = json!(chain_of_thought::Spec::default());
            pattern("chain_of_thought", "Spec", refused!(chain_of_thought::Spec), defaults)
        }),
        ("currencies", currencies()),
        ("kinds", kinds()),
        ("metrics", metrics()),
        ("differs-javascript", differences::on_purpose("javascript")),
        ("differs-python", differences::on_purpose("python")),
        ("differs-python-lite", differences::of_python_lite()),
    ]
}

const REACT: &str = "[workflow.a]\npattern = \"react\"\n";

fn a_grant(grant: &str) -> Value {
    let config = Config::parse(&format!("[tool.a.grants]\n{grant}")).unwrap();
    json!(config.tool["a"].grants.as_ref().unwrap().all()[0])
}

fn a_model() -> Value {
    let model::Settings { tokens_max, timeout, retries, concurrency, images, .. } = model::Settings::default();
    let timeout_ms = timeout.as_millis();
    json!({"tokens_max": tokens_max, "timeout_ms": timeout_ms, "retries": retries, "concurrency": concurrency, "images": images})
}

fn a_retry() -> Value {
    let config = Config::parse("[tool.a]\nretry = { attempts = 2 }").unwrap();
    let config::Retry { backoff_ms, jitter, on, .. } = config.tool["a"].retry.clone().unwrap();
    json!({"backoff_ms": backoff_ms, "jitter": jitter, "on": on})
}

fn the_refund() -> Value {
    let Settings { window_days, approval_above, .. } = Settings::default();
    json!({"window_days": window_days, "approval_above": approval_above.to_string()})
}

fn a_notify() -> Value {
    let config::Notify { on, attempts, timeout_ms, .. } = config::Notify::default();
    json!({"on": on, "before": "1h", "attempts": attempts, "timeout_ms": timeout_ms})
}

fn an_mcp_server() -> Value {
    let config::Mcp { sends, read_only, calls_at_once, start_timeout_ms, .. } = config::Mcp::default();
    json!({"sends": sends, "read_only": read_only, "calls_at_once": calls_at_once, "start_timeout_ms": start_timeout_ms})
}

fn a_schedule() -> Value {
    json!({"timezone": config::Schedule::new("", "").timezone, "catch_up": "none", "overlap": "skip"})
}

fn a_server() -> Value {
    json!({"audit_bytes": config::Server::default().audit_bytes})
}

fn an_oidc_provider() -> Value {
    json!({"role_claim": "roles", "scopes": ["openid", "profile", "email"]})
}

fn a_rate() -> Value {
    let config::Rate { per_second, burst } = config::Rate::default();
    json!({"per_second": per_second, "burst": burst})
}

fn a_journal() -> Value {
    json!({"connections": 8, "connect_timeout_ms": 5_000, "statement_timeout_ms": 30_000})
}

fn a_memory() -> Value {
    json!({"embedding": "lexical", "connections": 8, "connect_timeout_ms": 5_000, "statement_timeout_ms": 30_000})
}

fn a_recall() -> Value {
    json!(serde_json::from_value::<react::Recall>(json!({"namespace": {}})).unwrap())
}

fn a_router() -> Value {
    json!(serde_json::from_value::<router::Spec>(json!({"routes": [], "default": "a"})).unwrap())
}

fn an_evaluator() -> Value {
    json!(serde_json::from_value::<evaluator::Spec>(json!({"criteria": {"tool": "a.b"}})).unwrap())
}

/// Writes the table of a struct's keys, once serde and the sources agree which there are.
fn keys(file: &str, name: &str, refusal: &str, defaults: &Value) -> String {
    let items = declared(file, &format!("struct {name} {{"));
    assert_eq!(names(&items), expected(refusal), "{file}: {name}");
    let mut table = "| key | value | meaning | default |\n|---|---|---|---|\n".to_owned();
    for Item { name, kind, doc, is_required } in items {
        let default = if is_required { "required".to_owned() } else { default(&kind, defaults.get(&name)) };
        writeln!(table, "| `{name}` | {} | {doc} | {default} |", meant(&name, &kind)).unwrap();
    }
    table
}

fn changed(all: &Value, own: &Value) -> String {
    let mut table = "| limit | default for one call | default for one piece of code |\n|---|---|---|\n".to_owned();
    for (name, value) in own.as_object().unwrap().iter().filter(|(name, value)| all[name.as_str()] != **value) {
        writeln!(table, "| `{name}` | {} | {} |", shown(&all[name]), shown(value)).unwrap();
    }
    table
}

fn currencies() -> String {
    let items = declared("src/budget.rs", "enum Currency {");
    assert_eq!(names(&items), Currency::ALL.map(|currency| currency.name().to_owned()).into());
    let mut table = "| currency | what it counts | default of a run |\n|---|---|---|\n".to_owned();
    for Item { name, doc, .. } in items {
        let currency = Currency::named(&name).unwrap();
        let amount = match currency {
            Currency::Money => currency.written(Budget::default().get(currency)),
            _ => shown(&json!(Budget::default().get(currency))),
        };
        writeln!(table, "| `{name}` | {doc} | {amount} |").unwrap();
    }
    table
}

fn kinds() -> String {
    let items = declared("src/fault.rs", "enum Kind {");
    assert_eq!(names(&items), expected(&serde_json::from_value::<Kind>(json!("__")).unwrap_err().to_string()));
    let rows = items.iter().map(|Item { name, doc, .. }| format!("| `{name}` | {doc} |\n"));
    "| kind | meaning |\n|---|---|\n".to_owned() + &rows.collect::<String>()
}

fn metrics() -> String {
    let mut table = "| Prometheus | OpenTelemetry | labels | what it says |\n|---|---|---|---|\n".to_owned();
    for instrument in meters::ALL {
        let shape = match instrument.shape {
            Shape::Counter => "_total",
            Shape::Gauge => "",
            Shape::Histogram(_) => "_bucket",
        };
        let labels: Vec<_> = instrument.labels.iter().map(|label| format!("`{}`", label.replace('.', "_"))).collect();
        let (family, name, labels) = (instrument.family(), instrument.name, labels.join(", "));
        writeln!(table, "| `{family}{shape}` | `{name}` | {labels} | {} |", instrument.meaning).unwrap();
    }
    table
}

fn names(items: &[Item]) -> BTreeSet<String> {
    items.iter().map(|item| item.name.clone()).collect()
}

/// Reads the names that serde's message says it would have expected.
fn expected(refusal: &str) -> BTreeSet<String> {
    let (_, expected) = refusal.split_once("expected ").unwrap_or_else(|| panic!("no names in: {refusal}"));
    let names = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    // It is there to be refused with a message of its own.
    names.filter(|name| name != "value").collect()
}

/// Reads the items of the one declaration that begins so, in the one file of the product that ends so.
fn declared(file: &str, beginning: &str) -> Vec<Item> {
    let with =
        |path: &String| Some(fs::read_to_string(root().join(path)).unwrap()).filter(|text| text.contains(beginning));
    let texts: Vec<_> = files("host", file).iter().filter_map(with).collect();
    assert_eq!(texts.len(), 1, "\"{beginning}\" stands once in files named {file}");
    let (before, after) = texts[0].split_once(beginning).unwrap();
    let attributes = before.rsplit("\n\n").next().unwrap();
    items(
        after.split("\n}").next().unwrap(),
        attributes.contains("#[serde(default") || attributes.contains("Default, "),
    )
}

fn items(body: &str, has_defaults: bool) -> Vec<Item> {
    let (mut items, mut doc, mut attributes) = (Vec::new(), Vec::new(), String::new());
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if line.starts_with("#[") {
            attributes += line;
        } else if let Some(declaration) = line.strip_suffix(',') {
            let is_skipped = attributes.contains("(skip)") || declaration.starts_with('_');
            let is_optional = has_defaults || attributes.contains("default") || declaration.contains("Option<");
            if !is_skipped {
                let renamed = attributes.split_once("rename = \"").and_then(|(_, rest)| rest.split('"').next());
                let item = item(declaration, &doc.join(" "), !is_optional);
                items.push(Item { name: renamed.map_or(item.name.clone(), str::to_owned), ..item });
            }
            (doc, attributes) = (Vec::new(), String::new());
        }
    }
    items
}

fn item(declaration: &str, doc: &str, is_required: bool) -> Item {
    assert!(!doc.is_empty(), "\"{declaration}\" says nothing of itself");
    let (name, kind) = declaration.split_once(": ").unwrap_or((declaration, ""));
    let name = name.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
    Item { name: snake(name), kind: kind.to_owned(), doc: doc.replace('|', "\\|"), is_required }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Says how a value of a type is written. A type that is not here is new, and belongs here.
fn meant(name: &str, kind: &str) -> String {
    let inner = |generic: &str| kind.strip_prefix(generic).and_then(|rest| rest.strip_suffix('>'));
    if let Some(kind) = inner("Option<") {
        return meant(name, kind);
    }
    if let Some(kind) = inner("Vec<").or_else(|| inner("BTreeSet<")) {
        return format!("list of {}", meant(name, kind));
    }
    let choices = |refusal: String| {
        let choices = expected(&refusal).into_iter().map(|choice| format!("`\"{choice}\"`"));
        choices.collect::<Vec<_>>().join(", ")
    };
    macro_rules! choice {
        ($type:ty) => {
            choices(serde_json::from_value::<$type>(json!("__")).err().unwrap().to_string())
        };
    }
    let text = match kind {
        "String" => "text",
        "bool" => "`true`, `false`",
        "u8" | "u32" | "u64" | "NonZeroU32" => "number",
        "f64" => "decimal number",
        "PathBuf" => "path",
        "Value" if name == "input" => "value",
        "Value" => "JSON Schema",
        "Budget" => "amounts",
        "CatchUp" => return choice!(config::CatchUp),
        "Limit" => "amounts",
        "Duration" => "time with its unit",
        "By" if name == "by" => return choice!(config::SharedBy),
        "Per" => return choice!(config::Per),
        "Occasion" => return choice!(config::Occasion),
        "Overlap" => return choice!(config::Overlap),
        "Source" => "path or reference",
        "Digest" => "`\"sha256:…\"`",
        "Cents" => "amount of money",
        "Price" => "[price](#prices)",
        "Embedding" => "[embedding](#memory)",
        "OAuth" => "[oauth](#mcpname)",
        "Limits" => "[limits](#limits)",
        "Kind" => "[kinds of errors](limits-and-errors.md#errors)",
        "Retry" => "[retry](#retries-and-breakers)",
        "Breaker" => "[breaker](#retries-and-breakers)",
        "Grants" => "[grants](#toolnamegrants)",
        "Encryption" => "[encryption](#encryption)",
        "Quota" => "[quota](#fs)",
        "Share" => "[share](#shares)",
        "Criteria" => "[criteria](#evaluator)",
        "Namespace" => "[namespace](#react)",
        "Rule" => "[rule](#router)",
        "Approval" => "`\"always\"`, `\"never\"`, [approval](#toolnameapproval)",
        "Terms" => "[terms](#toolnameapproval)",
        "Escalation" => "table",
        "Period" => "time, as in `\"2h\"`",
        "BTreeMap<String, String>" => "table of texts",
        "BTreeMap<String, BTreeSet<String>>" => "table of lists of text",
        "Access" => "`\"read-only\"`, `\"read-write\"`",
        "Real" => "`\"real\"`",
        "Asking" => return choice!(config::Asking),
        "By" => return choice!(config::By),
        "model::Effort" | "Effort" => return choice!(model::Effort),
        "Failures" => return choice!(orchestrator::Failures),
        "Search" => return choice!(tree_of_thoughts::Search),
        "Label" => return choice!(Label),
        "BTreeMap<String, NonZeroU32>" => "numbers by name",
        "BTreeMap<String, Role>" => "roles by name",
        _ if kind.starts_with("BTreeMap<String, ") => "tables by name",
        "Sql" | "Fs" | "Http" | "Secret" | "Kv" | "Route" => "tables",
        "Concurrency" | "Journal" | "Run" | "Sandbox" | "Tools" | "Skills" | "Memory" | "Telemetry" | "Code"
        | "Recall" | "Remember" | "Letter" | "Server" | "Tls" | "Rate" | "Oidc" | "ByRole" => "table",
        other => panic!("the reference does not know how a value of {other} is written"),
    };
    text.to_owned()
}

fn default(kind: &str, value: Option<&Value>) -> String {
    match value {
        Some(value) => shown(value),
        None if kind == "bool" => "`false`".to_owned(),
        None if kind.starts_with("Vec<") => "`[]`".to_owned(),
        None => String::new(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => grouped(&number.to_string()),
        Value::String(text) if text.is_empty() => String::new(),
        Value::Object(_) | Value::Null => String::new(),
        Value::String(text) if text.starts_with("read_") => format!("`\"{}\"`", text.replace('_', "-")),
        other => format!("`{other}`"),
    }
}

fn grouped(digits: &str) -> String {
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Puts the tables between their marks; each mark must name a table.
fn written(page: &str, tables: &[(&str, String)], used: &mut BTreeSet<String>) -> String {
    let mut parts = page.split("<!-- table: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let (_, rest) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("table {name} has no end"));
        let (_, table) = tables.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no table {name}"));
        assert!(used.insert(name.to_owned()), "table {name} stands twice");
        write!(out, "<!-- table: {name} -->\n\n{table}\n<!-- end -->{rest}").unwrap();
    }
    out
}

#[test]
fn the_reference_says_what_the_types_say() {
    let (tables, mut used) = (tables(), BTreeSet::new());
    for page in PAGES {
        let path = root().join(page);
        let is = fs::read_to_string(&path).unwrap();
        let should_be = written(&is, &tables, &mut used);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &should_be).unwrap();
        } else {
            let line = is.lines().zip(should_be.lines()).find(|(is, should_be)| is != should_be);
            assert!(is == should_be, "{page} is not what the types say; UPDATE=1 writes it anew: {line:?}");
        }
    }
    let all: BTreeSet<_> = tables.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(used, all, "each table stands on a page");
}
