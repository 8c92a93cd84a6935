//! The server of the protocol: what clients ask for, and what of the library answers it.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, ContentBlock, ErrorData,
    GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult, Implementation, ListResourceTemplatesResult,
    ListResourcesResult, ListSkillsResult, ListToolsResult, MetaObject, PaginatedRequestParams, ProtocolVersion,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource, ServerCapabilities, ServerConfig,
    Skill, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use stockade::{Fault, Host, Principal, Right, UsedSkill};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::catalogue::Catalogue;
use crate::client::Client;
use crate::in_flight::{InFlight, given_up};
use crate::outcome::Outcomes;
use crate::refusal::{Answer, Refusal};
use crate::request_state::Seals;
use crate::skills::Skills;
use crate::told::{Told, words};
use crate::{Limits, Offer, marks, resources, skills};

/// What agents are told of the server before they use it.
const INSTRUCTIONS: &str = "Tools of a Stockade host. Each call is journaled, has a budget, and may wait until a person \
                            decides on it: then the answer names its run, and run_status has the result later. Only people \
                            decide, on the page of the host or with its commands; you cannot. Prefer the tools named \
                            exec__… to many calls.";

/// Stockade as a server of the Model Context Protocol.
///
/// ```no_run
/// # async fn example(host: stockade::Host) -> stockade::Result<()> {
/// use stockade::{Principal, Role};
/// use stockade_mcp::{Mcp, Offer, serve};
///
/// let mcp = Mcp::new(host, &Offer::default()).await?.of(Principal::new("agent", Role::Operator));
/// serve(mcp, tokio::io::empty(), tokio::io::sink(), std::future::pending()).await
/// # }
/// ```
pub struct Mcp {
    pub(crate) host: Host,
    pub(crate) catalogue: Catalogue,
    pub(crate) seals: Seals,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) in_flight: InFlight,
    pub(crate) room: Semaphore,
    skills: Skills,
    page: Option<String>,
    told: Told,
}

impl Mcp {
    /// Makes a server of what is offered of a host, which has the workflow [`Call`](crate::Call). Requests are of the principal
    /// that [`Http`](crate::Http) is given with each, unless [`Mcp::of`] says otherwise.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade::Kind::Invalid) with detail `name` where two of what is offered would have one name for
    /// clients; kind [`Kind::NotFound`](stockade::Kind::NotFound) where something is not there; a journal that fails.
    pub async fn new(host: Host, offer: &Offer) -> stockade::Result<Self> {
        let (catalogue, seals) = (Catalogue::new(&host, offer)?, Seals::new(&host).await?);
        let limits = Limits::default();
        let room = Semaphore::new(limits.calls);
        let skills = if catalogue.has_tool(UsedSkill::TOOL) { Skills::new(&host) } else { Skills::default() };
        let (access, in_flight, told) = (Access::OfRequest, InFlight::default(), Arc::new(|_: &Fault| {}));
        Ok(Self { host, catalogue, seals, access, limits, in_flight, room, skills, page: None, told })
    }

    /// Says that all requests are of this principal.
    #[must_use]
    pub fn of(self, principal: Principal) -> Self {
        Self { access: Access::Of(Box::new(principal)), ..self }
    }

    /// Says what clients may take.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { room: Semaphore::new(limits.calls), limits, ..self }
    }

    /// Says where the page of the server is at which people decide, as in `https://stockade.example.com`.
    #[must_use]
    pub fn page(self, address: impl Into<String>) -> Self {
        Self { page: Some(address.into()), ..self }
    }

    /// Says who is told the errors of which a client is told little, for they may speak of the inside. What is told must not
    /// block.
    #[must_use]
    pub fn on_fault(self, told: impl Fn(&Fault) + Send + Sync + 'static) -> Self {
        Self { told: Arc::new(told), ..self }
    }

    /// Ends the runs of the calls that are still waited for. The others are found by their ids.
    pub(crate) async fn close(&self) {
        let by = match &self.access {
            Access::Of(principal) => principal.name.as_str(),
            Access::OfRequest => crate::starting::LABEL,
        };
        let runs = self.in_flight.runs();
        let ended = runs.into_iter().map(|run| given_up(&self.host, run, by, self.limits.grace));
        futures_util::future::join_all(ended).await;
    }

    pub(crate) fn outcomes(&self) -> Outcomes<'_> {
        Outcomes { host: &self.host, bytes_max: self.limits.result_bytes, page: self.page.as_deref() }
    }

    /// Returns who asks, if they may read.
    fn reader(&self, context: &RequestContext<RoleServer>) -> Answer<Client> {
        let client = Client::new(&self.access, context)?;
        client.principal.check(Right::Read)?;
        Ok(client)
    }

    /// Tells the operator what a client is not told.
    fn tell(&self, fault: &Fault) {
        if fault.kind.is_of_the_inside() {
            (self.told)(fault);
        }
    }

    /// Answers a client's program where no agent reads the answer.
    fn error(&self, refusal: Refusal) -> ErrorData {
        match refusal {
            Refusal::Protocol(error) => error,
            Refusal::Fault(fault) => {
                self.tell(&fault);
                let text = words(&fault).to_owned();
                match fault.kind {
                    stockade::Kind::NotFound => ErrorData::resource_not_found(text, None),
                    kind if kind.is_of_the_inside() => ErrorData::internal_error(text, None),
                    _ => ErrorData::invalid_params(text, None),
                }
            }
        }
    }

    /// Returns what a client's program is answered.
    fn answered<T>(&self, answer: Answer<T>) -> Result<T, ErrorData> {
        answer.map_err(|refusal| self.error(refusal))
    }

    /// Answers an agent, which reads the result of a call; its program is told only that a request is wrong.
    fn failed(&self, refusal: Refusal) -> Result<CallToolResponse, ErrorData> {
        match refusal {
            Refusal::Protocol(error) => Err(error),
            Refusal::Fault(fault) => {
                self.tell(&fault);
                Ok(CallToolResult::error(vec![ContentBlock::text(words(&fault))]).into())
            }
        }
    }

    /// Returns the marks of skills for a client that may read them: one that may call the tool by which agents do.
    fn marks_of_skills(&self, client: &Client) -> Answer<Option<MetaObject>> {
        let may_read = self.catalogue.tool_names(&client.principal).contains(UsedSkill::TOOL);
        Ok(if may_read { Some(marks::of_tool(&self.host, UsedSkill::TOOL)?) } else { None })
    }

    fn skills(&self, context: &RequestContext<RoleServer>) -> Answer<Vec<Skill>> {
        let client = self.reader(context)?;
        Ok(self.marks_of_skills(&client)?.map(|marks| self.skills.listed(&marks)).unwrap_or_default())
    }

    fn skill(&self, address: &str, context: &RequestContext<RoleServer>) -> Answer<Skill> {
        let client = self.reader(context)?;
        match self.marks_of_skills(&client)? {
            Some(marks) => self.skills.get(address, &marks),
            None => Err(Refusal::no_skill(address)),
        }
    }

    /// Returns the skills that a client may read, and the runs that it has started.
    async fn resources(&self, context: &RequestContext<RoleServer>) -> Answer<Vec<Resource>> {
        let client = self.reader(context)?;
        let marks = self.marks_of_skills(&client)?;
        let mut listed = marks.map(|marks| skills::listed(&self.host, &marks)).unwrap_or_default();
        listed.extend(resources::list(&self.host, &client.principal).await?);
        Ok(listed)
    }

    async fn resource(
        &self,
        request: ReadResourceRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Answer<ReadResourceResult> {
        let client = self.reader(context)?;
        let read = match self.marks_of_skills(&client)? {
            Some(marks) if skills::is_address(&request.uri) => skills::read(&self.host, &request.uri, marks)?,
            Some(_) | None => {
                resources::read(&self.host, &client.principal, &request.uri, self.limits.result_bytes).await?
            }
        };
        Ok(ReadResourceResult::new(vec![read]))
    }
}

impl ServerHandler for Mcp {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_resources().enable_tools().enable_tasks();
        let capabilities = if self.skills.is_empty() { capabilities } else { capabilities.enable_skills() };
        ServerConfig::new(capabilities.build())
            .with_server_info(Implementation::new("stockade", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
            .with_protocol_version(ProtocolVersion::V_2025_11_25)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let client = self.answered(self.reader(&context))?;
        let listed = self.catalogue.listed(&self.host, &client.principal, self.limits.listed);
        self.answered(listed.map_err(Refusal::from)).map(ListToolsResult::with_all_items)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match self.called(request, &context).await {
            Ok(response) => Ok(response),
            Err(refusal) => self.failed(refusal),
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.answered(self.resources(&context).await).map(ListResourcesResult::with_all_items)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut templates = resources::templates();
        if !self.skills.is_empty() {
            templates.push(skills::template());
        }
        Ok(ListResourceTemplatesResult::with_all_items(templates))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.answered(self.resource(request, &context).await).map(ReadResourceResponse::from)
    }

    async fn list_skills(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        self.answered(self.skills(&context)).map(ListSkillsResult::with_all_items)
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        self.answered(self.skill(&request.uri, &context)).map(GetSkillResult::new)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let client = self.answered(self.reader(&context))?;
        self.answered(self.task(&client, &request.task_id).await).map(GetTaskResult::new)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let client = self.answered(self.reader(&context))?;
        self.answered(self.updated(&client, &request.task_id, &request.input_responses).await)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let client = self.answered(self.reader(&context))?;
        self.answered(self.stopped(&client, &request.task_id).await).map(drop)
    }
}
