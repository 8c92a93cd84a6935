use std::path::Path;

use stockade::{Builder, Compiler, Config, Fault, Host, Kind, refund, shop};

use crate::args::Args;
use crate::timeline;

/// The first argument with which this program is started by itself, to compile a component.
pub(crate) const COMPILE_WORKER: &str = "compile-worker";

/// Opens the host of the embedded default: everything in the data directory, the built-in shop's tools.
pub(crate) async fn host(args: &Args) -> stockade::Result<Host> {
    let config = config(args)?;
    let database = args.data_dir.join("shop.db");
    let builder = bare(args)?;
    shop::create(&database)?;
    let refund: refund::Refund = config.workflow.refund.into();
    builder.shop(&database).workflow(refund).cache(args.data_dir.join("cache")).build().await
}

/// Opens a host that can only read the journal: it loads no tool.
pub(crate) async fn reader(args: &Args) -> stockade::Result<Host> {
    bare(args)?.build().await
}

fn bare(args: &Args) -> stockade::Result<Builder> {
    create_private(&args.data_dir)?;
    // One process drives a few runs: fewer slots make the engine start sooner.
    let builder = Host::builder().journal(args.data_dir.join("journal.db")).concurrency(16).compiler(compiler());
    Ok(builder.observe(timeline::print_entries))
}

/// This very program, even where a newer one has taken its name meanwhile.
fn compiler() -> Compiler {
    Compiler::Process { program: "/proc/self/exe".into(), arguments: vec![COMPILE_WORKER.into()] }
}

fn config(args: &Args) -> stockade::Result<Config> {
    let usual = Path::new("stockade.toml");
    match &args.config {
        Some(path) => Config::load(path),
        None if usual.exists() => Config::load(usual),
        None => Ok(Config::default()),
    }
}

/// Creates the data directory for its owner only: it holds customers' data and compiled code.
fn create_private(dir: &Path) -> stockade::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| {
        let message =
            format!("the data directory \"{}\" cannot be created: {error}; --data-dir names another", dir.display());
        Fault::new(Kind::Journal, message).detail("data_dir")
    })
}
