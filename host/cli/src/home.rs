use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use stockade::memory::{Archive, Embed};
use stockade::{Builder, Compiler, Config, Fault, Host, Kind, Source, Tape, refund, shop};

use crate::args::Args;
use crate::commands::language;
use crate::text::{bytes, safe};
use crate::{secrets, stream, timeline};

/// How often a person is told that something still goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// The first argument with which this program is started by itself, to compile a component.
pub(crate) const COMPILE_WORKER: &str = "compile-worker";

/// Opens the host of the embedded default: everything in the data directory, the built-in shop's tools.
pub(crate) async fn host(args: &Args) -> stockade::Result<Host> {
    let config = config(args)?;
    let builder =
        taped(args, furnished(args, bare(args)?.memory(memory_file(args)), &config, &args.data_dir.join("shop.db"))?);
    secrets::stored(builder, &config)?.progress(pulling()).build().await
}

/// What the host of one run of an evaluation does not share with others.
pub(crate) struct Apart<'a> {
    /// The configuration.
    pub(crate) config: &'a Config,
    /// The folder of the journal.
    pub(crate) journal: &'a Path,
    /// The folder of the shop and the memory.
    pub(crate) data: &'a Path,
    /// The cassette.
    pub(crate) tape: Option<Tape>,
}

/// Opens a host that takes languages, promoted tools and compiled components from the data directory, and writes nothing
/// else there, nor to the terminal.
pub(crate) async fn apart(args: &Args, Apart { config, journal, data, tape }: Apart<'_>) -> stockade::Result<Host> {
    let builder = bare(args)?.journal(journal.join("journal.db")).memory(data.join("memory.db"));
    let builder = furnished(args, builder, config, &data.join("shop.db"))?;
    let builder = tape.into_iter().fold(builder, Builder::tape).observe(|_, _| {}).listen(|_, _, _| {});
    secrets::stored(builder, config)?.progress(pulling()).build().await
}

/// Adds what comes with the program, was added to it or is configured; `shop` is the database of the shop.
fn furnished(args: &Args, builder: Builder, config: &Config, shop: &Path) -> stockade::Result<Builder> {
    shop::create(shop)?;
    let refund: refund::Refund = config.workflow.refund.clone().into();
    let builder = promoted(args, builder);
    let builder = languages(args, builder.shop(shop));
    let builder = memory().into_iter().fold(builder.configured(config)?.workflow(refund), Builder::scratch);
    Ok(builder.cache(args.data_dir.join("cache")).components(args.data_dir.join("components")))
}

/// Records what models answer, or answers for them, as the options say.
fn taped(args: &Args, builder: Builder) -> Builder {
    match (&args.record, &args.replay) {
        (Some(file), _) => builder.tape(Tape::Record(file.clone())),
        (None, Some(file)) => builder.tape(Tape::Replay(file.clone())),
        (None, None) => builder,
    }
}

/// Where the long-term memory is kept where the configuration says nothing else.
fn memory_file(args: &Args) -> PathBuf {
    args.data_dir.join("memory.db")
}

/// Opens what the long-term memory is kept in.
pub(crate) fn archive(args: &Args) -> stockade::Result<Arc<dyn Archive>> {
    create_private(&args.data_dir)?;
    config(args)?.memory.archive(&memory_file(args))
}

/// Makes the embedding that is configured.
pub(crate) fn embedding(args: &Args) -> stockade::Result<Arc<dyn Embed>> {
    let config = config(args)?;
    let key = config.memory.secret().map(|name| secrets::named(&config, name)).transpose()?;
    config.memory.embed(key)
}

/// A folder in memory, for what code keeps in files while it runs, where the system has one.
fn memory() -> Option<&'static Path> {
    let shared = Path::new("/dev/shm");
    let is_writable = || tempfile::tempfile_in(shared).is_ok();
    (shared.is_dir() && is_writable()).then_some(shared)
}

/// Adds the languages: the built-in one, and those that `language add` has built.
fn languages(args: &Args, builder: Builder) -> Builder {
    let builder = builder.built_in_languages();
    language::ADDABLE.iter().fold(builder, |builder, name| match added(args, name) {
        Some(source) => builder.language(name, source),
        None => builder,
    })
}

/// A language that was added: its component, which must still be the one that was built.
pub(crate) fn added(args: &Args, name: &str) -> Option<Source> {
    let file = language_file(args, name);
    let digest = std::fs::read_to_string(file.with_extension("digest")).ok()?.trim().parse().ok()?;
    Some(Source::from(file).pinned(digest))
}

/// Adds the tools that were promoted.
fn promoted(args: &Args, builder: Builder) -> Builder {
    let dir = promoted_dir(args);
    let Ok(entries) = std::fs::read_dir(&dir) else { return builder };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let wasm = paths.filter(|path| path.extension().is_some_and(|ending| ending == "wasm"));
    wasm.fold(builder, |builder, path| {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        builder.promoted(&name, path)
    })
}

/// Where the tools are kept that were promoted.
pub(crate) fn promoted_dir(args: &Args) -> PathBuf {
    args.data_dir.join("tools")
}

/// Where the component of a language is kept that was added.
pub(crate) fn language_file(args: &Args, name: &str) -> PathBuf {
    args.data_dir.join("languages").join(format!("{name}.wasm"))
}

/// Opens a host that only gets components from registries.
pub(crate) async fn puller(args: &Args) -> stockade::Result<Host> {
    bare(args)?.components(args.data_dir.join("components")).progress(pulling()).build().await
}

/// Says on stderr how a download goes on, where it takes long enough to wonder.
fn pulling() -> impl Fn(&str, u64, u64) + Send + Sync {
    let told = Mutex::new(Instant::now());
    move |reference, done, all| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() > PROGRESS_EVERY {
            *told = Instant::now();
            eprintln!("pulling {}: {} of {}", safe(reference), bytes(done), bytes(all));
        }
    }
}

/// Opens a host that can only read the journal: it loads no tool.
pub(crate) async fn reader(args: &Args) -> stockade::Result<Host> {
    bare(args)?.build().await
}

fn bare(args: &Args) -> stockade::Result<Builder> {
    create_private(&args.data_dir)?;
    // One process drives a few runs: fewer slots make the engine start sooner.
    let builder = Host::builder().journal(args.data_dir.join("journal.db")).concurrency(16).compiler(compiler());
    Ok(builder.observe(timeline::print_entries).listen(stream::piece))
}

/// This very program, even where a newer one has taken its name meanwhile.
fn compiler() -> Compiler {
    Compiler::Process { program: "/proc/self/exe".into(), arguments: vec![COMPILE_WORKER.into()] }
}

/// The configuration that the options name, or the usual one.
pub(crate) fn config(args: &Args) -> stockade::Result<Config> {
    let usual = Path::new("stockade.toml");
    match &args.config {
        Some(path) => Config::load(path),
        None if usual.exists() => Config::load(usual),
        None => Ok(Config::default()),
    }
}

/// Creates the data directory for its owner only: it holds customers' data and compiled code.
pub(crate) fn create_private(dir: &Path) -> stockade::Result<()> {
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
