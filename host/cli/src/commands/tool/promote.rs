use clap::Args;
use serde_json::{Value, json};
use stockade::schema::Schema;
use stockade::{Case, Code, EffectKind, Fault, Hint, Host, Kind, Promotion, Source};

use crate::escape::safe;
use crate::exit::Exit;
use crate::frame::Frame;
use crate::globals::Globals;
use crate::kept::{self, Purpose};
use crate::pretty::print_json;
use crate::run_ref::StepRef;
use crate::text::{BOLD, DIM};
use crate::{ask, open_host, places, read, terminal};

/// The longest name, as of every tool.
const NAME_CHARS_MAX: usize = 64;

/// The variable that code is given: a tool of this name would hide it, or be hidden by it.
const INPUT: &str = "input";

/// Make a tool of agent-written code, once a person has read and approved it
///
/// The tool has the rights that the code had, and no more.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool promote RUN/code refund-report --by dana")]
pub(crate) struct Promote {
    /// The run, and the key of the effect that ran the code (`code` under `exec`)
    #[arg(value_name = "RUN/STEP")]
    step: StepRef,
    /// The name of the tool: small letters, digits and dashes
    name: String,
    /// The person who approves
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The JSON Schema of the input, or `-` for stdin; without it, that which the input of the code suggests
    #[arg(long, value_name = "JSON")]
    input_schema: Option<String>,
    /// The JSON Schema of what it returns; without it, that which the value of the code suggests
    #[arg(long, value_name = "JSON")]
    output_schema: Option<String>,
    /// An input and what must come of it, for `tool test`; can be repeated
    #[arg(long, value_name = "INPUT=OUTPUT", value_parser = case)]
    case: Vec<Case>,
    /// Do not ask: the code was read and approved elsewhere
    #[arg(long)]
    yes: bool,
}

impl Promote {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let Self { step: StepRef { run, key }, name, by, yes, .. } = &self;
        let promotion = self.promotion()?;
        let host = open_host::host(globals).await?;
        check_name(&host, name)?;
        let run = run.find(&host).await?;
        let state = host.state(run).await?;
        let Some(EffectKind::RunCode(code)) = state.effect(key).map(|effect| &effect.kind) else {
            let fault = Fault::new(Kind::NotFound, format!("run {run} has no code \"{key}\"")).detail("code");
            return Err(fault.hint(Hint::ShowRun(run)).into());
        };
        let component = host.promote_as(run, key, (name, by), &promotion).await?;
        if !*yes && !agreed(code, name)? {
            return Err(Fault::new(Kind::Approval, format!("\"{name}\" was not approved, so it is not a tool")).into());
        }
        places::create_private(&globals.data_dir)?;
        let path = places::promoted_dir(globals).join(format!("{name}.wasm"));
        kept::keep(globals, Purpose::Tool, &path, &component)?;
        let digest = host.load(name, &Source::from(component), &[])?.component().digest().clone();
        if globals.json {
            print_json(
                &json!({"tool": name, "component": path, "digest": digest, "tools": code.tools, "approved_by": by}),
            );
        } else {
            println!("{name} is a tool: {}", path.display());
            println!("digest = \"{digest}\"");
        }
        Ok(Exit::Done)
    }

    fn promotion(&self) -> stockade::Result<Promotion> {
        let schema = |text: &Option<String>, what: &str| {
            let schema = text.as_deref().map(|text| read::json(text, what)).transpose()?;
            schema.map(|schema| checked(schema, what)).transpose()
        };
        Ok(Promotion {
            input: schema(&self.input_schema, "input_schema")?,
            output: schema(&self.output_schema, "output_schema")?,
            cases: self.case.clone(),
        })
    }
}

/// Refuses a schema that is not one, or not an object: models and people are shown it, and providers refuse all tools for it.
fn checked(schema: Value, what: &str) -> stockade::Result<Value> {
    let why = match Schema::new(&schema) {
        Ok(_) if schema.is_object() => return Ok(schema),
        Ok(_) => "it is no object, as in {\"type\": \"string\"}".to_owned(),
        Err(why) => why,
    };
    Err(Fault::invalid(what, format!("\"{schema}\" is not a JSON Schema that is known here: {why}")))
}

/// Reads a case: two documents of JSON with a `=` between them.
fn case(text: &str) -> Result<Case, String> {
    let places = text.match_indices('=').map(|(place, _)| place);
    let read = |place: usize| {
        let (input, output) = (text.get(..place)?, text.get(place + 1..)?);
        let read = |text: &str| stockade::json::parse(text, &stockade::json::Bounds::OUTSIDE).ok();
        Some(Case { input: read(input)?, output: read(output)?, error: None })
    };
    let mut cases = places.filter_map(read);
    cases.next().ok_or_else(|| "a case is INPUT=OUTPUT, both of them JSON, as in '{\"n\": 2}=4'".to_owned())
}

fn check_name(host: &Host, name: &str) -> stockade::Result<()> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_fit = !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(is_plain);
    if !is_fit || name == INPUT {
        let message = format!(
            "\"{}\" is not a name for a tool: use small letters, digits and dashes, {NAME_CHARS_MAX} at most, and not \
             \"{INPUT}\", which is what code is given",
            safe(name)
        );
        return Err(Fault::invalid("name", message));
    }
    if host.tool(name).is_ok() {
        return Err(Fault::new(Kind::Conflict, format!("there is a tool \"{name}\" already; choose another name")));
    }
    Ok(())
}

/// Shows the code, and asks whether it may become a tool.
fn agreed(code: &Code, name: &str) -> stockade::Result<bool> {
    if !terminal::is_there() {
        let message = "no person can be asked: stdin or stderr is not a terminal; --yes says that the code was approved elsewhere";
        return Err(Fault::invalid("usage", message));
    }
    eprintln!("{BOLD}{name}{BOLD:#} {DIM}{}{DIM:#}\n", safe(&code.language));
    // The code is shown in a frame, so that no line of it can look like the question.
    eprintln!("{}", Frame::all(&code.source, terminal::columns()));
    let tools = if code.tools.is_empty() { "no tools".to_owned() } else { code.tools.join(", ") };
    ask::yes(&format!("It may call: {}. Make it a tool?", safe(&tools)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_two_documents_around_an_equals_sign() {
        let read = |text: &str| case(text).map(|Case { input, output, .. }| (input, output));
        assert_eq!(read("2=4"), Ok((json!(2), json!(4))));
        assert_eq!(read("{\"a\": \"x=y\"}=[\"=\"]"), Ok((json!({"a": "x=y"}), json!(["="]))));
        for wrong in ["2", "=", "2=", "a=b"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
