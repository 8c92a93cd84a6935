//! What a call starts: one run of a tool, of code, or of a workflow.

use rmcp::model::JsonObject;
use serde_json::Value;
use stockade::{Budget, Code, Currency, Fault, Host, Label, NewRun, Principal, ToolCall, exec_budget};

use crate::call::{Call, Input};
use crate::catalogue::{Catalogue, Meaning};
use crate::refusal::{Answer, Refusal};

/// The label of the runs that clients have started, with the name of the client.
pub(crate) const LABEL: &str = "mcp";

/// The label by which runs share a budget that each agent has.
const AGENT: &str = "agent";

/// Makes the runs that calls of a principal start.
pub(crate) struct Starting<'a> {
    pub(crate) host: &'a Host,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) principal: &'a Principal,
}

impl Starting<'_> {
    /// Returns the run that a call starts; none where it starts none.
    pub(crate) fn run(&self, meaning: &Meaning, arguments: JsonObject) -> Answer<Option<NewRun>> {
        let new = match meaning {
            Meaning::Function { tool, function } => self.call(tool, function, arguments)?,
            Meaning::Code(language) => self.code(language, arguments)?,
            Meaning::Workflow(workflow) => self.workflow(workflow, arguments)?,
            Meaning::Own(_) => return Ok(None),
        };
        let name = &self.principal.name;
        Ok(Some(new.by(name).label(LABEL, name).label(AGENT, name)))
    }

    fn call(&self, tool: &str, function: &str, arguments: JsonObject) -> Answer<NewRun> {
        self.principal.check_tool(tool)?;
        let call = ToolCall::new(tool, function, Value::Object(arguments));
        let input = Input { call, ask: self.asks(tool)? };
        let input = serde_json::to_value(input).map_err(|error| Fault::invalid("arguments", error.to_string()))?;
        let usual = match self.host.tool(tool)?.nature().code {
            Some(_) => exec_budget(self.host.code_limits()),
            None => Budget::default(),
        };
        Ok(NewRun::new(Call::NAME, input).budget(self.budget(usual)))
    }

    fn code(&self, language: &str, mut arguments: JsonObject) -> Answer<NewRun> {
        let source = text(&arguments, "code")?.ok_or_else(|| missing("code"))?;
        let session = text(&arguments, "session")?;
        let names = self.catalogue.tools(self.host, self.principal);
        let names: Vec<_> = names.into_iter().map(|tool| tool.name().to_owned()).collect();
        let mut asked = Vec::new();
        for name in &names {
            if self.asks(name)? {
                asked.push(name.clone());
            }
        }
        let input = arguments.remove("input").unwrap_or_default();
        let code = Code::new(language, &source).input(input).tools(names).ask(asked);
        // The sessions of one client are not those of another.
        let name = &self.principal.name;
        let session = session.map(|session| format!("{LABEL}/{}/{name}/{session}", name.len()));
        let budget = self.budget(exec_budget(self.host.code_limits()));
        Ok(self.host.code_run(Code { session, ..code })?.budget(budget))
    }

    fn workflow(&self, workflow: &str, mut arguments: JsonObject) -> Answer<NewRun> {
        self.host.check_workflow(self.principal, workflow)?;
        let input = arguments.remove("input").ok_or_else(|| missing("input"))?;
        Ok(NewRun::new(workflow, input).budget(self.budget(Budget::default())))
    }

    /// Whether a person is asked before a call of a tool. A client makes each call in a run of its own, and what it has read
    /// with one it may send with another: where it is offered both what is private and what strangers wrote, each call is asked
    /// for that can send.
    fn asks(&self, tool: &str) -> Answer<bool> {
        Ok(self.host.agent_asks(tool)? || (self.host.can_send(tool)? && self.mixes()?))
    }

    fn mixes(&self) -> Answer<bool> {
        let (mut private, mut untrusted) = (false, false);
        for tool in self.catalogue.tool_names(self.principal) {
            let labels = self.host.tool_labels(tool)?;
            private |= labels.contains(&Label::Private);
            untrusted |= labels.contains(&Label::Untrusted);
        }
        Ok(private && untrusted)
    }

    /// The usual budget, of which a principal that may give less has as much as it may give.
    fn budget(&self, usual: Budget) -> Budget {
        let Some(most) = &self.principal.budget else { return usual };
        let least = |budget: Budget, currency| budget.with(currency, budget.get(currency).min(most.get(currency)));
        Currency::ALL.into_iter().fold(usual, least)
    }
}

/// Returns a text of the arguments, if it is there.
pub(crate) fn text(arguments: &JsonObject, name: &str) -> Answer<Option<String>> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::params(format!("the argument \"{name}\" is not a text"))),
    }
}

pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::params(format!("the argument \"{name}\" is missing"))
}
