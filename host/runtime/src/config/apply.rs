//! What a configuration changes in a host that is put together.

use std::path::{Path, PathBuf};

use stockade_workflow::{Fault, Kind};

use super::{Approval, Config, Mcp, Tool};
use crate::registry::Wanted;
use crate::{Result, Source, built_in_tools};

impl Wanted {
    /// Adds the tools of a configuration. One whose component it names is another tool: nothing that was said of the one
    /// before holds for it.
    pub(crate) fn configure(&mut self, config: &Config) -> Result<()> {
        for (name, path) in config.tools.folder.as_deref().map(components).transpose()?.unwrap_or_default() {
            self.add(&name, path.into(), Vec::new());
        }
        for (name, server) in &config.mcp {
            self.serve(name, server)?;
        }
        for (name, openapi) in &config.openapi {
            let service = openapi.service(name, self.documents.get(name))?;
            self.service(name, service, openapi.grants.all().to_vec());
        }
        for (name, tool) in &config.tool {
            match &tool.component {
                Some(source) => self.replace(name, source.clone()),
                None if self.has(name) => {}
                None => {
                    let component = built_in_tools::component(name).ok_or_else(|| nowhere(name))?;
                    self.add(name, component.into(), Vec::new());
                }
            }
            self.change(name, tool)?;
        }
        Ok(())
    }

    /// Takes what a configuration says of a server's tool, which the host's program has added already.
    fn serve(&mut self, name: &str, server: &Mcp) -> Result<()> {
        if !self.has(name) {
            return Err(no_client(name));
        }
        let policy = self.policy(name);
        if let Some(Approval { ask, terms }) = server.approval.clone() {
            policy.approval = ask.or(policy.approval);
            policy.terms = terms.or(policy.terms.take());
        }
        policy.labels = server.labels.clone().or(policy.labels.take());
        policy.limits = server.limits.clone().or(policy.limits.take());
        Ok(())
    }

    fn replace(&mut self, name: &str, source: Source) {
        self.forget(name);
        self.add(name, source, Vec::new());
    }

    /// Changes what is said of a tool that is there; of what is not named, it stays.
    fn change(&mut self, name: &str, tool: &Tool) -> Result<()> {
        let Tool { component: _, digest, functions, idempotent, limits, approval, labels, retry, breaker, grants } =
            tool.clone();
        let is_of_component = digest.is_some() || functions.is_some() || grants.is_some();
        if is_of_component && self.components(name).next().is_none() {
            return Err(no_component(name));
        }
        for component in self.components(name) {
            if let Some(digest) = &digest {
                component.source = component.source.clone().pinned(digest.clone());
            }
            if let Some(grants) = &grants {
                component.grants = grants.all().to_vec();
            }
            component.functions = functions.clone().or(component.functions.take());
        }
        let policy = self.policy(name);
        policy.idempotent = idempotent.unwrap_or(policy.idempotent);
        policy.limits = limits.or(policy.limits.take());
        if let Some(Approval { ask, terms }) = approval {
            policy.approval = ask.or(policy.approval);
            policy.terms = terms.or(policy.terms.take());
        }
        policy.labels = labels.or(policy.labels.take());
        policy.retry = retry.or(policy.retry.take());
        policy.breaker = breaker.or(policy.breaker);
        Ok(())
    }
}

/// Finds the components of a folder: each `NAME.wasm` is the tool NAME.
fn components(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let unreadable = |error: std::io::Error| {
        let message = format!("the folder of tools \"{}\" cannot be read: {error}", folder.display());
        Fault::new(Kind::NotFound, message).detail("tools")
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
        found.extend(name.filter(|_| path.extension().is_some_and(|ending| ending == "wasm")).zip(Some(path)));
    }
    found.sort();
    Ok(found)
}

fn no_client(name: &str) -> Fault {
    let message = format!(
        "[mcp.{name}] is a server of the Model Context Protocol, and this program has not added it; the crate \
         stockade-mcp-client makes a `Callable` of it for `Builder::callable`"
    );
    Fault::new(Kind::NotFound, message).detail("mcp").tool(name)
}

fn no_component(name: &str) -> Fault {
    let message = format!(
        "tool \"{name}\" is not a component: `digest`, `functions` and `grants` under [tool.{name}] are of components alone"
    );
    Fault::invalid("config", message).tool(name)
}

fn nowhere(name: &str) -> Fault {
    let message = format!(
        "tool \"{name}\" has no component: there is no built-in tool and no file of that name; \
         component = \"FILE.wasm\" or \"oci://…\" under [tool.{name}] says where it is"
    );
    Fault::new(Kind::NotFound, message).detail("tool").tool(name)
}
