//! All that clients are offered, under names that are unique.

use std::collections::{BTreeMap, BTreeSet};

use rmcp::model::Tool;
use stockade::{Exec, Fault, Host, Kind, Machine, Principal, Registered};

use crate::offer::has;
use crate::own::Own;
use crate::{Call, Offer, definition, names};

/// How many functions a search returns.
const FOUND_MAX: usize = 8;

/// What the name of a tool stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A function of a tool of the host.
    Function { tool: String, function: String },
    /// Code of a language.
    Code(String),
    /// A workflow.
    Workflow(String),
    /// A tool of the server itself.
    Own(Own),
}

/// All that clients are offered, by the names under which they call it.
pub(crate) struct Catalogue {
    by_name: BTreeMap<String, Meaning>,
}

impl Catalogue {
    /// Names all that is offered of a host.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade::Kind::Invalid) with detail `name` where two would have one name; kind [`Kind::NotFound`]
    /// where something is offered that is not there.
    pub(crate) fn new(host: &Host, offer: &Offer) -> stockade::Result<Self> {
        check_offer(host, offer)?;
        let mut catalogue = Self { by_name: BTreeMap::new() };
        for own in Own::ALL {
            catalogue.add(own.name().to_owned(), Meaning::Own(own))?;
        }
        for tool in host.tools().filter(|tool| has(&offer.tools, tool.name())) {
            for function in tool.functions() {
                let (tool, function) = (tool.name().to_owned(), function.name().to_owned());
                catalogue.add(names::joined(&tool, &function), Meaning::Function { tool, function })?;
            }
        }
        for language in host.languages().filter(|language| has(&offer.languages, language)) {
            catalogue.add(names::joined("exec", language), Meaning::Code(language.to_owned()))?;
        }
        for workflow in host.workflows().map(Machine::name).filter(|name| is_offered(offer, name)) {
            catalogue.add(names::joined("workflow", workflow), Meaning::Workflow(workflow.to_owned()))?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, name: String, meaning: Meaning) -> stockade::Result<()> {
        match self.by_name.get(&name) {
            Some(before) => Err(collision(&name, before, &meaning)),
            None => {
                self.by_name.insert(name, meaning);
                Ok(())
            }
        }
    }

    /// Returns what a name stands for, if the principal may use it.
    pub(crate) fn meaning(&self, host: &Host, principal: &Principal, name: &str) -> Option<&Meaning> {
        self.by_name.get(name).filter(|meaning| may_use(host, principal, meaning))
    }

    /// Returns the tools that code of a principal may call: those of which a function is offered.
    pub(crate) fn tools<'a>(&self, host: &'a Host, principal: &Principal) -> Vec<&'a Registered> {
        let names = self.tool_names(principal);
        host.tools().filter(|tool| tool.is_for_code() && names.contains(tool.name())).collect()
    }

    /// Returns the names of the tools of which a principal is offered a function.
    pub(crate) fn tool_names(&self, principal: &Principal) -> BTreeSet<&str> {
        let tools = self.by_name.values().filter_map(|meaning| match meaning {
            Meaning::Function { tool, .. } => Some(tool.as_str()),
            Meaning::Code(_) | Meaning::Workflow(_) | Meaning::Own(_) => None,
        });
        tools.filter(|tool| principal.check_tool(tool).is_ok()).collect()
    }

    /// Returns whether a function of a tool is offered at all.
    pub(crate) fn has_tool(&self, name: &str) -> bool {
        self.by_name.values().any(|meaning| matches!(meaning, Meaning::Function { tool, .. } if tool == name))
    }

    /// Returns what is listed for a principal. Where there are more functions than may be listed, they are found by searching.
    ///
    /// # Errors
    ///
    /// A tool that is not there any more.
    pub(crate) fn listed(
        &self,
        host: &Host,
        principal: &Principal,
        functions_max: usize,
    ) -> stockade::Result<Vec<Tool>> {
        let has_many = self.functions(host, principal).count() > functions_max;
        let is_listed = |meaning: &Meaning| match meaning {
            Meaning::Function { .. } => !has_many,
            Meaning::Own(own) => has_many || !own.is_of_many(),
            Meaning::Code(_) | Meaning::Workflow(_) => true,
        };
        let usable = self.by_name.iter().filter(|(_, meaning)| may_use(host, principal, meaning));
        usable
            .filter(|(_, meaning)| is_listed(meaning))
            .map(|(name, meaning)| self.definition(host, principal, name, meaning))
            .collect()
    }

    /// Returns the definitions of the functions that fit the words of a query best.
    ///
    /// # Errors
    ///
    /// As [`Catalogue::listed`].
    pub(crate) fn found(&self, host: &Host, principal: &Principal, query: &str) -> stockade::Result<Vec<Tool>> {
        let words: Vec<_> = query.split_whitespace().map(str::to_lowercase).collect();
        let mut found = Vec::new();
        for (name, meaning) in self.functions(host, principal) {
            let tool = self.definition(host, principal, name, meaning)?;
            let text = format!("{name} {}", tool.description.as_deref().unwrap_or_default()).to_lowercase();
            let fitting = words.iter().filter(|word| text.contains(word.as_str())).count();
            if fitting > 0 || words.is_empty() {
                found.push((fitting, tool));
            }
        }
        // Those that fit equally well stay in the order of their names.
        found.sort_by_key(|(fitting, _)| std::cmp::Reverse(*fitting));
        Ok(found.into_iter().take(FOUND_MAX).map(|(_, tool)| tool).collect())
    }

    fn functions<'a>(
        &'a self,
        host: &'a Host,
        principal: &'a Principal,
    ) -> impl Iterator<Item = (&'a String, &'a Meaning)> {
        let is_function = |(_, meaning): &(&String, &Meaning)| matches!(meaning, Meaning::Function { .. });
        self.by_name.iter().filter(is_function).filter(move |(_, meaning)| may_use(host, principal, meaning))
    }

    fn definition(&self, host: &Host, principal: &Principal, name: &str, meaning: &Meaning) -> stockade::Result<Tool> {
        match meaning {
            Meaning::Function { tool, function } => {
                let tool = host.tool(tool)?;
                let known = tool.functions().iter().find(|known| known.name() == function);
                let known = known.ok_or_else(|| no_function(tool.name(), function))?;
                definition::of_function(host, name, tool, known)
            }
            Meaning::Code(language) => definition::of_language(host, name, language, &self.tools(host, principal)),
            Meaning::Workflow(workflow) => Ok(definition::of_workflow(name, workflow)),
            Meaning::Own(own) => Ok(own.definition()),
        }
    }
}

/// Whether a principal may use something at all; what its role allows is looked at when it calls.
fn may_use(host: &Host, principal: &Principal, meaning: &Meaning) -> bool {
    match meaning {
        Meaning::Function { tool, .. } => principal.check_tool(tool).is_ok(),
        Meaning::Workflow(workflow) => host.check_workflow(principal, workflow).is_ok(),
        Meaning::Code(_) | Meaning::Own(_) => true,
    }
}

/// Code and calls are offered in ways of their own.
fn is_offered(offer: &Offer, workflow: &str) -> bool {
    ![Exec::NAME, Call::NAME].contains(&workflow) && has(&offer.workflows, workflow)
}

fn check_offer(host: &Host, offer: &Offer) -> stockade::Result<()> {
    host.workflow(Call::NAME)?;
    offer.tools.iter().flatten().try_for_each(|tool| host.tool(tool).map(drop))?;
    offer.workflows.iter().flatten().try_for_each(|workflow| host.workflow(workflow).map(drop))?;
    offer.languages.iter().flatten().try_for_each(|language| host.check_language(language))
}

fn collision(name: &str, before: &Meaning, now: &Meaning) -> Fault {
    let message = format!(
        "{} and {} would both be \"{name}\" for clients of MCP; register one of them under another name, or do not offer it",
        written(before),
        written(now)
    );
    Fault::invalid("name", message)
}

fn written(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Function { tool, function } => format!("function \"{function}\" of tool \"{tool}\""),
        Meaning::Code(language) => format!("code of language \"{language}\""),
        Meaning::Workflow(workflow) => format!("workflow \"{workflow}\""),
        Meaning::Own(own) => format!("the server's own tool \"{}\"", own.name()),
    }
}

fn no_function(tool: &str, function: &str) -> Fault {
    Fault::new(Kind::NotFound, format!("tool \"{tool}\" has no function \"{function}\"")).detail("function").tool(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_functions_that_would_have_one_name_are_refused_with_both_tools() {
        let mut catalogue = Catalogue { by_name: BTreeMap::new() };
        let function = |tool: &str, function: &str| {
            (names::joined(tool, function), Meaning::Function { tool: tool.to_owned(), function: function.to_owned() })
        };
        let (name, meaning) = function("a.b", "c");
        catalogue.add(name, meaning).unwrap();
        let (name, meaning) = function("a_b", "c");
        let refused = catalogue.add(name, meaning).unwrap_err();
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("name")));
        for named in ["tool \"a.b\"", "tool \"a_b\"", "\"a_b__c\""] {
            assert!(refused.message.contains(named), "{refused}");
        }
        let (name, _) = function("workflow", "x");
        assert_eq!(name, names::joined("workflow", "x"), "a tool of this name would stand in the way of workflows");
    }
}
