use serde_json::{Map, Value, json};
use stockade_workflow::{Question, READ_RESULT, RUN_CODE, ToolDefinition, Usage};

use crate::callable::ToolFunction;
use crate::services::Services;
use crate::{Registered, Result, stubs};
use stockade_models::{Asked, Models, Request, Retrying, Terms};

/// A question with the models that there are, and the functions that the model may ask for written out.
pub(crate) struct Asking<'a> {
    models: &'a Models,
    key: &'a str,
    question: &'a Question,
    functions: Vec<ToolDefinition>,
}

impl<'a> Asking<'a> {
    /// Finds the model and the tools that a question names.
    ///
    /// # Errors
    ///
    /// There is no such model, tool or language.
    pub(crate) fn new(host: &'a Services, key: &'a str, question: &'a Question) -> Result<Self> {
        let tools = question.tools.iter().map(|name| host.registry.get(name)).collect::<Result<Vec<_>>>()?;
        let mut functions = match &question.code {
            Some(language) => vec![run_code(&tools, language, clock(host.coding.real_clock), reads_results(question))?],
            None => tools.iter().flat_map(|tool| offers(tool)).collect(),
        };
        functions.extend(question.functions.iter().cloned());
        Ok(Self { models: &host.models, key, question, functions })
    }

    /// What the asking may use, and the least without which it need not begin.
    pub(crate) fn price(&self) -> Result<(Usage, Usage)> {
        self.models.price(self.question.model.as_deref(), &self.request()?)
    }

    /// Returns the model and its fallbacks, in the order in which they are asked.
    pub(crate) fn chain(&self) -> Result<Vec<&str>> {
        self.models.chain(self.question.model.as_deref())
    }

    /// Asks, on these terms.
    pub(crate) async fn ask(
        &self,
        terms: &Terms<'_>,
        told: &(dyn Fn(&str) + Send + Sync),
        retrying: &Retrying<'_>,
    ) -> Result<Asked> {
        let request = self.request()?;
        Ok(self.models.ask(self.question.model.as_deref(), &request, terms, told, retrying).await)
    }

    fn request(&self) -> Result<Request<'_>> {
        let tokens_max = self.models.tokens_max(self.question)?;
        Ok(Request { question: self.question, functions: &self.functions, tokens_max, key: self.key })
    }
}

/// The functions of a tool, by the names under which a model asks for them.
fn offers(tool: &Registered) -> Vec<ToolDefinition> {
    let offer = |function: &ToolFunction| ToolDefinition {
        name: format!("{}.{}", tool.name(), function.name()),
        description: function.description(),
        schema: function.input_schema().clone(),
    };
    tool.functions().iter().map(offer).collect()
}

/// What a model cannot know of the time in code.
fn clock(real: bool) -> &'static str {
    if real {
        "Its clock shows the real time at which the code began."
    } else {
        "Its clock stands at 2026-01-01T00:00:00Z and not at the real time, so that the same code gives the same value; \
         pass in dates that matter."
    }
}

/// What the value of code is, in its language.
fn value_of(language: &str) -> &'static str {
    match language {
        "python" | "python-lite" => {
            "Its value is the variable `result` if the code sets it, else its last expression; `return` is not allowed \
             outside of a function."
        }
        _ => "Its value is what it returns, else its last expression.",
    }
}

/// How code of a language makes several calls at the same time.
fn together(language: &str) -> &'static str {
    match language {
        "javascript" | "typescript" => " Calls in one `Promise.all` are made at the same time.",
        "python" => {
            " Calls in one `asyncio.gather` are made at the same time, if they are its arguments or are awaited."
        }
        _ => "",
    }
}

/// Whether a model has results of which it was shown only the beginning and the end.
fn reads_results(question: &Question) -> bool {
    question.functions.iter().any(|function| function.name == READ_RESULT)
}

/// The one function of a model that calls tools from code.
fn run_code(tools: &[&Registered], language: &str, clock: &str, reads_results: bool) -> Result<ToolDefinition> {
    let stubs = stubs::text(tools, language)?;
    let description = format!(
        "Runs {language} code in a sandbox and gives back its value and what it printed. {clock} The code may call these \
         functions, as often as it likes, in loops too; a call that fails raises.{}\n\n{stubs}",
        together(language)
    );
    let (value, differences) = (value_of(language), stubs::differences(language));
    let source = format!("The {language} code, without fences. {value} {differences}");
    let results = "The handles of results that the code is to have whole: `input.results[handle]` (in Python \
        `input[\"results\"][handle]`) is the value of each.";
    let results = json!({"type": "array", "items": {"type": "string"}, "description": results});
    let source = ("source", json!({"type": "string", "description": source}));
    let properties = [source].into_iter().chain(reads_results.then_some(("results", results)));
    let properties: Map<_, _> = properties.map(|(name, schema)| (name.to_owned(), schema)).collect();
    let schema: Value = json!({
        "type": "object",
        "properties": properties,
        "required": ["source"],
        "additionalProperties": false,
    });
    Ok(ToolDefinition { name: RUN_CODE.to_owned(), description, schema })
}
