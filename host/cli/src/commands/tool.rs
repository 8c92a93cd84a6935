mod call;
mod inspect;
mod list;
mod new;
mod pack;
mod promote;
mod pull;
mod test;

use clap::Subcommand;
use stockade::{Host, Source};

use crate::exit::Exit;
use crate::globals::Globals;

/// Write, pack, inspect, call and test tools
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade tool list\n  stockade tool inspect payments")]
pub(crate) enum Tool {
    New(new::New),
    Pack(pack::Pack),
    Test(test::Test),
    Promote(promote::Promote),
    List(list::List),
    Inspect(inspect::Inspect),
    Pull(pull::Pull),
    Call(call::Call),
}

impl Tool {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::List(_) | Self::Inspect(_) => true,
            Self::New(_) | Self::Pack(_) | Self::Test(_) | Self::Promote(_) | Self::Pull(_) | Self::Call(_) => false,
        }
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::New(new) => new.run(globals),
            Self::Pack(pack) => pack.run(globals),
            Self::Test(test) => test.run(globals).await,
            Self::Promote(promote) => promote.run(globals).await,
            Self::List(list) => list.run(globals).await,
            Self::Inspect(inspect) => inspect.run(globals).await,
            Self::Pull(pull) => pull.run(globals).await,
            Self::Call(call) => call.run(globals).await,
        }
    }
}

/// Finds a registered tool, or loads a component from a file or a registry without any grant.
async fn find(host: &Host, name: &str) -> stockade::Result<stockade::Tool> {
    if is_registered(name) {
        return host.component(name).cloned();
    }
    let path = std::path::Path::new(name.strip_prefix("built-in:").unwrap_or(name));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    host.load(&stem, &source(host, name).await?, &[])
}

async fn source(host: &Host, name: &str) -> stockade::Result<Source> {
    if is_registered(name) { host.source(name).cloned() } else { host.fetch(Source::from(name)).await }
}

/// Returns whether a text is the name of a tool, and not a file, a reference or one that is built in.
fn is_registered(name: &str) -> bool {
    !name.contains(['/', '\\', '.', ':'])
}
