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
    /// Whether it is sent a request for what is missing while its call waits: in the revision of 2025-11-25, which was the first
    /// with addresses.
    pub(crate) takes_requests: bool,
}

impl Client {
    pub(crate) fn new(access: &Access, context: &RequestContext<RoleServer>) -> Answer<Self> {
        let capabilities = context.client_capabilities();
        let takes_tasks = capabilities.as_ref().is_some_and(|capabilities| capabilities.supports_tasks());
        let asked = capabilities.and_then(|capabilities| capabilities.elicitation);
        let (before, newest) = (ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28);
        let version = context.protocol_version();
        let version = version.as_ref().map_or("", |version| version.as_str());
        Ok(Self {
            principal: access.principal(context)?,
            takes_tasks,
            opens_addresses: asked.is_some_and(|asked| asked.url.is_some()),
            takes_rounds: version >= newest.as_str(),
            takes_requests: (before.as_str()..newest.as_str()).contains(&version),
        })
    }
}
