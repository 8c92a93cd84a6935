use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockade_sandbox::{Engine, Interpreter, Limits, Tool};
use stockade_workflow::{Fault, Hint, Kind};

use crate::features::off;
use crate::hooks::Hooks;
use crate::{Result, Source};

/// The languages that a command of the binary adds, and that may be missing.
const TO_BE_ADDED: [&str; 1] = ["python"];

/// The languages whose components the crate carries, with its feature `languages`.
const BUILT_IN: [&str; 3] = ["javascript", "python-lite", TYPESCRIPT];

/// The language that is another one with types.
pub(crate) const TYPESCRIPT: &str = "typescript";

/// The languages of a host, by name. Each is loaded when code of it first runs.
pub(crate) struct Languages {
    engine: Engine,
    sources: BTreeMap<String, Source>,
    /// How many instances of each are kept ready, and with which limits.
    ready: (usize, Limits),
    hooks: Arc<dyn Hooks>,
    loaded: Mutex<BTreeMap<String, Loaded>>,
}

/// How long the load of a language takes at most that was compiled before; then it is compiled now.
const LOADS_WITHIN: Duration = Duration::from_millis(300);

/// What the component of a language is.
#[derive(Clone)]
pub(crate) enum Loaded {
    Interpreter(Interpreter),
    /// It makes JavaScript of TypeScript.
    Stripper(Tool),
}

impl Languages {
    pub(crate) fn new(
        engine: &Engine,
        sources: BTreeMap<String, Source>,
        ready: (usize, Limits),
        hooks: Arc<dyn Hooks>,
    ) -> Self {
        Self { engine: engine.clone(), sources, ready, hooks, loaded: Mutex::default() }
    }

    /// Returns the names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// Checks that there is a language of this name.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if self.sources.contains_key(name) { Ok(()) } else { Err(self.unknown(name)) }
    }

    /// Returns a language, and loads it where it is not yet.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the host has no language of that name; the hint says how to add it, if that is known.
    pub(crate) async fn get(self: &Arc<Self>, name: &str) -> Result<Loaded> {
        if let Some(loaded) = self.loaded(name) {
            return Ok(loaded);
        }
        let source = self.sources.get(name).cloned().ok_or_else(|| self.unknown(name))?;
        let (languages, own) = (Arc::clone(self), name.to_owned());
        let mut load = tokio::task::spawn_blocking(move || languages.load(&own, &source));
        let loaded = tokio::select! {
            loaded = &mut load => loaded,
            () = tokio::time::sleep(LOADS_WITHIN) => {
                self.hooks.preparing(name);
                load.await
            }
        };
        loaded.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?
    }

    /// Returns the interpreter of a language.
    ///
    /// # Errors
    ///
    /// As [`Languages::get`].
    pub(crate) async fn interpreter(self: &Arc<Self>, name: &str) -> Result<Interpreter> {
        match self.get(name).await? {
            Loaded::Interpreter(interpreter) => Ok(interpreter),
            Loaded::Stripper(_) => Err(self.unknown(name)),
        }
    }

    fn load(&self, name: &str, source: &Source) -> Result<Loaded> {
        let component = source.component(&self.engine).map_err(|fault| fault.tool(name))?;
        let loaded = match name {
            TYPESCRIPT => Loaded::Stripper(Tool::new(&self.engine, name, component, &[])?),
            _ => {
                let (count, limits) = &self.ready;
                let interpreter = Interpreter::new(&self.engine, name, component)?;
                Loaded::Interpreter(interpreter.keep_ready(*count, limits.clone()))
            }
        };
        let mut all = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(all.entry(name.to_owned()).or_insert(loaded).clone())
    }

    fn loaded(&self, name: &str) -> Option<Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn unknown(&self, name: &str) -> Fault {
        if !cfg!(feature = "languages") && BUILT_IN.contains(&name) {
            return off(&format!("language \"{name}\""), "languages");
        }
        let known = self.names().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known };
        let message = format!("the language \"{name}\" is not there; those that are: {known}");
        let fault = Fault::new(Kind::NotFound, message).detail("language");
        if TO_BE_ADDED.contains(&name) { fault.hint(Hint::AddLanguage(name.to_owned())) } else { fault }
    }
}
