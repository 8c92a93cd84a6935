//! Who asks, and what their program understands.

use rmcp::RoleServer;
use rmcp::model::ProtocolVersion;
use rmcp::service::RequestContext;
use stockade::Principal;

use crate::access::Access;
use crate::refusal::Answer;

/// Who asks, and what their program understands.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) principal: Principal,
    /// Whether it takes a task in place of a result.
    pub(crate) takes_tasks: bool,
    /// Whether it opens an address for a person.
    pub(crate) opens_addresses: bool,
    /// Whether a call may be answered with what is missing for it: since the revision of 2026-07-28.
    pub(crate) takes_rounds: bool,
}

impl Client {
    pub(crate) fn new(access: &Access, context: &RequestContext<RoleServer>) -> Answer<Self> {
        let capabilities = context.client_capabilities();
        let takes_tasks = capabilities.as_ref().is_some_and(|capabilities| capabilities.supports_tasks());
        let asked = capabilities.and_then(|capabilities| capabilities.elicitation);
        let newest = ProtocolVersion::V_2026_07_28;
        Ok(Self {
            principal: access.principal(context)?,
            takes_tasks,
            opens_addresses: asked.is_some_and(|asked| asked.url.is_some()),
            takes_rounds: context.protocol_version().is_some_and(|version| version.as_str() >= newest.as_str()),
        })
    }
}
