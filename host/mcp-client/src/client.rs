use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use stockade::config::Mcp;
use stockade::{Builder, Clock, Config, Fault, Kind, Result};

use crate::comparison::Comparison;
use crate::failure::Failure;
use crate::pins::{Pin, Pins};
use crate::process::Launcher;
use crate::server::Server;
use crate::settings::Settings;
use crate::spec::Spec;
use crate::tool::McpTool;

/// The servers of a configuration, and what a person has accepted of them.
#[derive(Clone)]
pub struct Client {
    servers: BTreeMap<String, Mcp>,
    settings: Settings,
}

impl Client {
    /// Takes the servers of a configuration. What is accepted is kept in this folder, which is created if absent, and so are the
    /// homes of processes; no other user may write to the folder that it is in.
    pub fn new(config: &Config, folder: impl Into<PathBuf>) -> Self {
        let settings = Settings {
            folder: folder.into(),
            secrets: Arc::new(|name: &str| Err(no_value(name))),
            log: Arc::new(|_: &str, _: &str| {}),
            launcher: None,
        };
        Self { servers: config.mcp.clone(), settings }
    }

    /// Looks up the values of secrets here, when a server is started or asked.
    #[must_use]
    pub fn secrets(mut self, secrets: impl Fn(&str) -> Result<String> + Send + Sync + 'static) -> Self {
        self.settings.secrets = Arc::new(secrets);
        self
    }

    /// Tells each line here that a server writes to its standard error: its name, and the line.
    #[must_use]
    pub fn log(mut self, log: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        self.settings.log = Arc::new(log);
        self
    }

    /// Starts servers by this program, so that they die with this process however it ends. Without it, one that ignores the end
    /// of its input survives a kill of this process.
    #[must_use]
    pub fn launcher(mut self, launcher: Launcher) -> Self {
        self.settings.launcher = Some(launcher);
        self
    }

    /// Makes the tools of all servers. None is started before it is first called.
    ///
    /// # Errors
    ///
    /// A server is not configured well, or what was accepted cannot be read.
    pub fn tools(&self) -> Result<Vec<McpTool>> {
        let Some(first) = self.servers.keys().next() else { return Ok(Vec::new()) };
        let mut accepted = self.pins().all().map_err(|fault| fault.tool(first))?;
        let tool = |(name, server): (&String, &Mcp)| -> Result<McpTool> {
            let pins = accepted.remove(name).unwrap_or_default();
            Ok(McpTool::new(Spec::new(name, server)?, self.settings.clone(), &pins))
        };
        self.servers.iter().map(tool).collect()
    }

    /// Adds the tools of all servers to a host.
    ///
    /// # Errors
    ///
    /// As [`Client::tools`].
    pub fn add_to(&self, builder: Builder) -> Result<Builder> {
        let add = |builder: Builder, tool: McpTool| {
            let name = tool.name().to_owned();
            builder.callable(&name, tool)
        };
        Ok(self.tools()?.into_iter().fold(builder, add))
    }

    /// Returns what was accepted of a server, by the names of its tools.
    ///
    /// # Errors
    ///
    /// There is no such server, or as [`Client::tools`].
    pub fn accepted(&self, server: &str) -> Result<BTreeMap<String, Pin>> {
        self.spec(server)?;
        self.pins().of(server)
    }

    /// Starts a server, reads what it offers, and compares that with what was accepted. The server is ended again.
    ///
    /// # Errors
    ///
    /// As [`Client::accepted`], and kind [`Kind::GuestError`] where the server does not answer as it must.
    pub async fn compare(&self, server: &str) -> Result<Comparison> {
        let (spec, accepted) = (self.spec(server)?, self.pins().of(server)?);
        let allowed = spec.config.tools.clone();
        let asked = Server::new(spec, self.settings.clone(), BTreeMap::new());
        let failed = |failure: Failure| failure.of_question(server).tool(server);
        let session = asked.begin().await.map_err(failed)?;
        let listing = asked.list(&session).await.map_err(failed)?;
        let version = session.version().to_owned();
        Ok(Comparison { server: server.to_owned(), version, listing, allowed, accepted })
    }

    /// Accepts what a person has seen: the tools that the configuration allows and the server offered then. Hosts that run
    /// already go on with what was accepted when they started, and call nothing that is otherwise now.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn pin(&self, seen: &Comparison) -> Result<()> {
        let now_ms = Clock::default().now_ms();
        let offered = seen.listing.tools.iter().filter(|(name, _)| seen.allowed.contains(*name));
        let pins = offered.map(|(name, definition)| (name.clone(), Pin::new(definition, now_ms)));
        self.pins().accept(&seen.server, pins.collect())
    }

    fn pins(&self) -> Pins {
        Pins::new(&self.settings.folder)
    }

    fn spec(&self, name: &str) -> Result<Spec> {
        let server = self.servers.get(name).ok_or_else(|| self.unknown(name))?;
        Spec::new(name, server)
    }

    fn unknown(&self, name: &str) -> Fault {
        let known: Vec<_> = self.servers.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let name = crate::words::cut(name, 64);
        let message = format!("there is no MCP server \"{name}\"; configured are: {known}; [mcp.{name}] would add it");
        Fault::new(Kind::NotFound, message).detail("mcp")
    }
}

fn no_value(name: &str) -> Fault {
    let message = format!("secret \"{name}\" has no value; `Client::secrets` says what it is");
    Fault::new(Kind::NotFound, message).detail("secret")
}

#[cfg(test)]
mod tests {
    use stockade::Hint;
    use stockade::callable::Callable as _;

    use super::*;

    #[test]
    fn a_server_that_was_never_accepted_offers_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse("[mcp.files]\ncommand = \"/no/such\"\ntools = [\"read\"]").unwrap();
        let client = Client::new(&config, folder.path());
        let tools = client.tools().unwrap();
        assert!(tools[0].functions().is_empty() && tools[0].open() == ["read"], "it is not even started");
        assert!(client.accepted("other").is_err_and(|fault| fault.message.contains("configured are: files")));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse("[mcp.files]\ncommand = \"/no/such\"").unwrap();
        let fault = Client::new(&config, folder.path()).compare("files").await.unwrap_err();
        assert!(fault.message.contains("\"/no/such\" cannot be started"), "{fault}");
        assert_ne!(fault.hint, Some(Box::new(Hint::AcceptServer("files".to_owned()))));
    }
}
