use serde_json::{Value, json};
use stockade_sandbox::Tool;
use stockade_workflow::{ModelOutcome, Offer, Question, RUN_CODE, Usage};

use crate::model::{Models, Request};
use crate::tools::Tools;
use crate::{Result, stubs};

/// A question with the models that there are, and the functions that the model may ask for written out.
pub(crate) struct Asking<'a> {
    models: &'a Models,
    key: &'a str,
    question: &'a Question,
    functions: Vec<Offer>,
}

impl<'a> Asking<'a> {
    /// Finds the model and the tools that a question names.
    ///
    /// # Errors
    ///
    /// There is no such model, tool or language.
    pub(crate) fn new(models: &'a Models, tools: &'a Tools, key: &'a str, question: &'a Question) -> Result<Self> {
        let tools = question.tools.iter().map(|name| tools.get(name)).collect::<Result<Vec<_>>>()?;
        let mut functions = match &question.code {
            Some(language) => vec![run_code(&tools, language)?],
            None => tools.iter().flat_map(|tool| offers(tool)).collect(),
        };
        functions.extend(question.functions.iter().cloned());
        Ok(Self { models, key, question, functions })
    }

    /// What the asking may use, and the least without which it need not begin.
    pub(crate) fn price(&self) -> Result<(Usage, Usage)> {
        self.models.price(self.question.model.as_deref(), &self.request()?)
    }

    /// Asks, within what is set aside. `seed` makes the waits between attempts differ from those of others.
    pub(crate) async fn ask(
        &self,
        amount: &Usage,
        seed: u64,
        told: &(dyn Fn(&str) + Send + Sync),
    ) -> (ModelOutcome, Usage) {
        match self.request() {
            Ok(request) => self.models.ask(self.question.model.as_deref(), &request, amount, seed, told).await,
            Err(fault) => (ModelOutcome::Failed(fault), Usage::default()),
        }
    }

    fn request(&self) -> Result<Request<'_>> {
        let tokens_max = self.models.tokens_max(self.question)?;
        Ok(Request { question: self.question, functions: &self.functions, tokens_max, key: self.key })
    }
}

/// The functions of a tool, by the names under which a model asks for them.
fn offers(tool: &Tool) -> Vec<Offer> {
    let functions = tool.component().functions();
    let offer = |function: &stockade_sandbox::Function| Offer {
        name: format!("{}.{}", tool.name(), crate::toolbox::own_name(function, functions)),
        description: described(function),
        schema: function.input_schema(),
    };
    functions.iter().map(offer).collect()
}

fn described(function: &stockade_sandbox::Function) -> String {
    let docs = function.docs().unwrap_or_default().trim();
    format!("{docs}\n{}", function.signature()).trim().to_owned()
}

/// The one function of a model that calls tools from code.
fn run_code(tools: &[&Tool], language: &str) -> Result<Offer> {
    let stubs = stubs::text(tools, language)?;
    let description = format!(
        "Runs {language} code in a sandbox and gives back its value and what it printed. The code may call these \
         functions, as often as it likes, in loops too; a call that fails raises.\n\n{stubs}"
    );
    let schema: Value = json!({
        "type": "object",
        "properties": {"source": {"type": "string", "description": format!("The {language} code. Its value is what it returns.")}},
        "required": ["source"],
        "additionalProperties": false,
    });
    Ok(Offer { name: RUN_CODE.to_owned(), description, schema })
}
