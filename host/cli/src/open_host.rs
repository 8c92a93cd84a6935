use std::path::{Path, PathBuf};
use std::sync::Arc;

use stockade::memory::{Archive, Embed};
use stockade::{Builder, Cassette, Clock, Compiler, Config, Host, Limits, Source, file};
use stockade_mcp::Call;
use stockade_refund::{Refund, Settings, shop};
use stockade_server::audit::Audit;
use tokio::runtime::Handle;

use crate::config::REFUND;
use crate::globals::Globals;
use crate::hooks::{Runs, Waits};
use crate::kept::{LANGUAGES, Purpose, kept, kept_document};
use crate::log::Log;
use crate::{config, documents, mcp_servers, places, secrets};

/// The first argument with which this program starts itself to compile a component.
pub(crate) const COMPILE_WORKER: &str = "compile-worker";

/// Opens the usual host: with the data directory, the configuration and the built-in shop.
pub(crate) async fn host(globals: &Globals) -> stockade::Result<Host> {
    host_for_code(globals, code_limits(globals)?).await
}

/// Returns the configured limits of agent-written code.
pub(crate) fn code_limits(globals: &Globals) -> stockade::Result<Limits> {
    Ok(config::usual(globals)?.code.limits.unwrap_or_else(stockade::code_limits))
}

/// Opens the usual host with other limits for agent-written code.
pub(crate) async fn host_for_code(globals: &Globals, limits: Limits) -> stockade::Result<Host> {
    usual(globals, limits)?.hooks(Runs).build().await
}

/// Opens the usual host for many runs: it prints no timeline, and tells this log.
pub(crate) async fn host_of_many(globals: &Globals, log: Log) -> stockade::Result<Host> {
    usual(globals, code_limits(globals)?)?.hooks(log).build().await
}

/// Opens such a host, which drives its runs on a runtime of their own.
pub(crate) async fn host_of_server(globals: &Globals, log: Log, drivers: Handle) -> stockade::Result<Host> {
    usual(globals, code_limits(globals)?)?.hooks(log).drive_on(drivers).build().await
}

fn usual(globals: &Globals, limits: Limits) -> stockade::Result<Builder> {
    let mut config = config::usual(globals)?;
    config.code.limits = Some(limits);
    secrets::stored(with_cassette(globals, unopened(globals, &config)?), &config)
}

/// Begins the usual host, which has no secrets yet and is not opened.
pub(crate) fn unopened(globals: &Globals, config: &Config) -> stockade::Result<Builder> {
    let builder = bare(globals)?.memory(places::memory_file(globals));
    furnished(globals, builder, config, &globals.data_dir.join("shop.db"))
}

/// What each run of an evaluation has for itself.
pub(crate) struct Apart<'a> {
    /// The configuration.
    pub(crate) config: &'a Config,
    /// The folder of the journal.
    pub(crate) journal: &'a Path,
    /// The folder of the shop and the memory.
    pub(crate) data: &'a Path,
    /// The cassette.
    pub(crate) cassette: Option<Cassette>,
}

/// Opens a host for one run of an evaluation. It reads languages, promoted tools and compiled components from the data
/// directory, writes nothing else there, and prints no timeline.
pub(crate) async fn apart(
    globals: &Globals,
    Apart { config, journal, data, cassette }: Apart<'_>,
) -> stockade::Result<Host> {
    // No other process has these runs, wherever the journal of other runs is.
    let config = &Config { journal: stockade::config::Journal::default(), ..config.clone() };
    let builder = bare(globals)?.journal(journal.join("journal.db")).memory(data.join("memory.db"));
    let builder = furnished(globals, builder, config, &data.join("shop.db"))?;
    let builder = cassette.into_iter().fold(builder, Builder::cassette);
    secrets::stored(builder, config)?.build().await
}

/// Adds everything that is built in, added or configured; `shop` is the database of the shop.
fn furnished(globals: &Globals, builder: Builder, config: &Config, shop: &Path) -> stockade::Result<Builder> {
    shop::create(shop).map_err(|fault| match file::barred(shop) {
        Some(why) => fault.reworded(|said| format!("{said}; {why}")),
        None => fault,
    })?;
    let refund = Refund::from(config.settings::<Settings>(REFUND)?);
    let builder = promoted(globals, builder);
    let builder = accepted_skills(globals, config, languages(globals, with_shop(builder, shop)));
    let builder = mcp_servers::added(globals, builder, config)?;
    let builder = documents::added(globals, builder, config);
    let builder = builder.configured(config)?.workflow(refund).workflow(Call);
    let builder = memory().into_iter().fold(builder, Builder::scratch);
    let builder = builder
        .reserve(&globals.data_dir)
        .reserve(places::cache_dir(globals))
        .cache(places::cache_dir(globals).join("code"))
        .keys(places::key_dir(globals));
    Ok(builder.components(globals.data_dir.join("components")).uploads(globals.data_dir.join("uploads")))
}

/// Registers the tools of the shop; they may use its database although its folder is reserved.
fn with_shop(builder: Builder, shop: &Path) -> Builder {
    builder.lend(shop::place(shop)).tools(shop::tools(shop)).idempotent(shop::IDEMPOTENT)
}

/// Records or plays models, as the options say.
fn with_cassette(globals: &Globals, builder: Builder) -> Builder {
    match (&globals.cassettes.record, &globals.cassettes.replay) {
        (Some(file), _) => builder.cassette(Cassette::Record(file.clone())),
        (None, Some(file)) => builder.cassette(Cassette::Replay(file.clone())),
        (None, None) => builder,
    }
}

/// Opens the log of what is changed through a server.
pub(crate) fn audit(globals: &Globals) -> stockade::Result<Audit> {
    let bytes_max = config::usual(globals)?.server.audit_bytes;
    Ok(Audit::bounded(places::audit_file(globals), Clock::default(), bytes_max))
}

/// Opens the archive of the long-term memory.
pub(crate) async fn archive(globals: &Globals) -> stockade::Result<Arc<dyn Archive>> {
    places::create_private(&globals.data_dir)?;
    let config = config::usual(globals)?;
    config.memory.archive(&places::memory_file(globals), &secrets::of_memory(&config)?).await
}

/// Makes the configured embedding.
pub(crate) fn embedding(globals: &Globals) -> stockade::Result<Arc<dyn Embed>> {
    let config = config::usual(globals)?;
    let key = config.memory.secret().map(|name| secrets::named(&config, name)).transpose()?;
    config.memory.embed(key)
}

/// Returns a folder in memory for the files of agent-written code, if the system has one.
fn memory() -> Option<&'static Path> {
    let shared = Path::new("/dev/shm");
    let is_writable = || tempfile::tempfile_in(shared).is_ok();
    (shared.is_dir() && is_writable()).then_some(shared)
}

/// Adds the built-in languages and those that `language add` has built.
fn languages(globals: &Globals, builder: Builder) -> Builder {
    LANGUAGES.iter().fold(builder.built_in_languages(), |builder, name| match added(globals, name) {
        Some(source) => builder.language(name, source),
        None => builder,
    })
}

/// Returns the component of an added language, if its seal fits.
pub(crate) fn added(globals: &Globals, name: &str) -> Option<Source> {
    kept(globals, Purpose::Language, &places::language_file(globals, name))
}

/// Adds the promoted tools.
fn promoted(globals: &Globals, builder: Builder) -> Builder {
    let tools = named_files(&places::promoted_dir(globals), "wasm");
    tools.fold(builder, |builder, (name, path)| match kept(globals, Purpose::Tool, &path) {
        Some(source) => builder.promoted(&name, source),
        None => builder,
    })
}

/// Returns the files of a folder that have this ending, each with its name without it. A folder that is missing has no files.
fn named_files(folder: &Path, ending: &'static str) -> impl Iterator<Item = (String, PathBuf)> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let files = paths.filter(move |path| path.extension().is_some_and(|found| found == ending));
    files.map(|path| {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        (name, path)
    })
}

/// Says what was accepted of the skills that the configuration has folders for.
fn accepted_skills(globals: &Globals, config: &Config, builder: Builder) -> Builder {
    if config.skills.folders.is_empty() {
        return builder;
    }
    let records = named_files(&places::skills_dir(globals), "json");
    records.fold(builder, |builder, (name, path)| {
        let record = kept_document(globals, Purpose::Skill, &path);
        record.into_iter().fold(builder, |builder, accepted| builder.accepted_skill(&name, accepted))
    })
}

/// Opens a host that can only pull components from registries.
pub(crate) async fn puller(globals: &Globals) -> stockade::Result<Host> {
    let builder = bare(globals)?.private_hosts(config::usual(globals)?.tools.private_hosts);
    builder.components(globals.data_dir.join("components")).build().await
}

/// Opens a host that can only read the journal; it loads no tool.
pub(crate) async fn reader(globals: &Globals) -> stockade::Result<Host> {
    let config = config::usual(globals)?;
    let builder = bare(globals)?.journal_at(config.journal.clone());
    secrets::of_journal(builder, &config)?.build().await
}

fn bare(globals: &Globals) -> stockade::Result<Builder> {
    places::create_private(&globals.data_dir)?;
    // One process drives few runs, and an engine with fewer slots starts sooner.
    let builder = Host::builder().journal(globals.data_dir.join("journal.db")).concurrency(16).compiler(compiler());
    Ok(builder.hooks(Waits::new()))
}

/// Compiles with this very program, even if a newer one has replaced its file.
fn compiler() -> Compiler {
    Compiler::Process { program: "/proc/self/exe".into(), arguments: vec![COMPILE_WORKER.into()] }
}
