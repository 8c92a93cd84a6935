//! What an agent says of itself.

use serde_json::{Value, json};
use stockade::{Machine, Principal};

use super::NO_SKILLS;
use crate::page::part;
use crate::service::Service;

/// The version of the protocol.
const VERSION: &str = "1.0";
const MODES: [&str; 2] = ["text/plain", "application/json"];

/// Returns the card of all workflows as skills of one agent, or of one workflow. Without a principal it names no skill.
pub(crate) fn card(service: &Service, base: &str, workflow: Option<&str>, principal: Option<&Principal>) -> Value {
    let mut card = json!({
        "name": workflow.map_or_else(|| "Stockade".to_owned(), |name| format!("Stockade: {name}")),
        "description": "Durable workflows and agents in sandboxes. A task that requires input waits for a person, at the address \
                        that its message names.",
        "version": env!("CARGO_PKG_VERSION"),
        "supportedInterfaces": [{
            "url": format!("{base}{}", path(workflow)), "protocolBinding": "JSONRPC", "protocolVersion": VERSION,
        }],
        "capabilities": {"streaming": true, "pushNotifications": false, "extendedAgentCard": true},
        "defaultInputModes": MODES,
        "defaultOutputModes": MODES,
        "skills": principal.map_or_else(Vec::new, |principal| skills(service, workflow, principal)),
    });
    if let (false, Some(members)) = (service.is_open(), card.as_object_mut()) {
        let scheme = json!({"scheme": "bearer", "description": "A token of `stockade token create`."});
        members.insert("securitySchemes".to_owned(), json!({"token": {"httpAuthSecurityScheme": scheme}}));
        members.insert("securityRequirements".to_owned(), json!([{"schemes": {"token": {"list": []}}}]));
    }
    card
}

/// Returns where calls are sent.
fn path(workflow: Option<&str>) -> String {
    workflow.map_or_else(|| "/v1/a2a".to_owned(), |name| format!("/v1/a2a/{}", part(name)))
}

/// The workflows that a principal may start.
fn skills(service: &Service, workflow: Option<&str>, principal: &Principal) -> Vec<Value> {
    let host = service.host();
    let names = host.workflows().map(Machine::name).filter(|name| workflow.is_none_or(|workflow| workflow == *name));
    names.filter(|name| !NO_SKILLS.contains(name) && host.check_workflow(principal, name).is_ok()).map(skill).collect()
}

fn skill(workflow: &str) -> Value {
    let description = format!(
        "Runs the workflow \"{workflow}\". It takes a part of data as its input, or the text of the message as the task of an \
         agent."
    );
    json!({"id": workflow, "name": workflow, "description": description, "tags": ["workflow"], "examples": []})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_one_workflow_is_beneath_that_of_all() {
        assert_eq!((path(None), path(Some("refund"))), ("/v1/a2a".to_owned(), "/v1/a2a/refund".to_owned()));
        assert_eq!(path(Some("a b/c")), "/v1/a2a/a%20b%2Fc");
    }
}
