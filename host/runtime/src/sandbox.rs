use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use serde_json::Value;
use stockade_sandbox::{Interpreter, Limits, Stdio};
use stockade_workflow::{Code, CodeOutcome, Fault, Usage};
use uuid::Uuid;

use crate::code::{Instance, Listener, ran, spoken, value_of};
use crate::services::Services;
use crate::{Host, Result};

/// How many pieces of code of a batch run at the same time; further ones wait.
const AT_ONCE: usize = 8;

/// An interpreter that is warm, for a service that runs many pieces of code. A cheap handle: clone it.
///
/// Each piece of code has an instance of its own, with the limits of code and no rights: no tools, no session, no variables of
/// another one. Nothing is journaled, so that what a crash interrupts is not done; for code that calls tools there is
/// [`Host::exec`].
///
/// ```no_run
/// # async fn example(host: &stockade::Host) -> stockade::Result<()> {
/// let python = host.sandbox("python").await?.keep_ready(2);
/// let ran = python.run("input * 7", 6.into()).await?;
/// assert_eq!(ran.value()?, 42);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Sandbox {
    host: Arc<Services>,
    language: String,
    interpreter: Interpreter,
    limits: Limits,
}

/// How a piece of code ended that is of no run.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed {
    /// Its value, the exception that it did not catch, or why it was stopped, with what it wrote.
    pub outcome: CodeOutcome,
    /// What it used, taking the types out of TypeScript included.
    pub usage: Usage,
}

impl Executed {
    /// Returns the value.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::GuestError`](crate::Kind::GuestError) with the name of the exception as the detail, or why the code was
    /// stopped.
    pub fn value(&self) -> Result<Value> {
        value_of(&self.outcome.ended)
    }
}

impl Host {
    /// Loads a language, and returns a handle by which code of it runs outside of any run.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound) where there is no such language.
    pub async fn sandbox(&self, language: &str) -> Result<Sandbox> {
        self.prepare(language).await?;
        let interpreter = self.services.coding.languages.interpreter(spoken(language)).await?;
        let (host, limits) = (Arc::clone(&self.services), self.services.coding.limits.clone());
        Ok(Sandbox { host, language: language.to_owned(), interpreter, limits })
    }
}

impl Sandbox {
    /// Sets what one piece of code may use.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Keeps so many instances ready for the code of this handle and its clones. Each holds slots of the pool, which tools then
    /// do not have; it is made in the background while code runs.
    #[must_use]
    pub fn keep_ready(self, instances: usize) -> Self {
        let interpreter = self.interpreter.clone().keep_ready(instances, self.limits.clone());
        Self { interpreter, ..self }
    }

    /// Runs a piece of code with the value of its variable `input`.
    ///
    /// # Errors
    ///
    /// The host cannot run it; how the code itself ended is in the outcome.
    pub async fn run(&self, source: &str, input: Value) -> Result<Executed> {
        self.run_code(&Code::new(&self.language, source).input(input)).await
    }

    /// Runs a piece of code that may have a name and files.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `code` where the code is of another language, or is given tools, a
    /// session or results of a run; else as [`Sandbox::run`].
    pub async fn run_code(&self, code: &Code) -> Result<Executed> {
        self.run_told(code, |_, _| {}).await
    }

    /// Runs a piece of code, and tells what it writes: whole lines, as it writes them. What does not end a line is in the
    /// outcome alone. `told` must not block.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::run_code`].
    pub async fn run_told(&self, code: &Code, told: impl Fn(Stdio, &str) + Send + Sync + 'static) -> Result<Executed> {
        self.check(code)?;
        let listener: Arc<Listener> = Arc::new(told);
        let (id, Self { interpreter, limits, .. }) = (Uuid::now_v7().to_string(), self);
        let instance = Instance { interpreter, limits, id: &id, place: None, listener };
        let (outcome, usage) = ran(&self.host, code, instance).await?;
        Ok(Executed { outcome, usage })
    }

    /// Runs pieces of code, several at the same time, and returns how each ended, in their order.
    pub async fn run_all(&self, codes: &[Code]) -> Vec<Result<Executed>> {
        let (mut waiting, mut running) = (codes.iter(), FuturesOrdered::new());
        let mut ended = Vec::with_capacity(codes.len());
        loop {
            while running.len() < AT_ONCE
                && let Some(code) = waiting.next()
            {
                running.push_back(self.run_code(code));
            }
            match running.next().await {
                Some(one) => ended.push(one),
                None => return ended,
            }
        }
    }

    fn check(&self, code: &Code) -> Result<()> {
        let given = [
            ("tools", !code.tools.is_empty()),
            ("session", code.session.is_some()),
            ("results of a run", !code.results.is_empty()),
        ];
        if code.language != self.language {
            let message = format!("the code is in \"{}\" and the sandbox runs \"{}\"", code.language, self.language);
            return Err(Fault::invalid("code", message));
        }
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((what, _)) => {
                let message =
                    format!("code in a sandbox is of no run, and is given no {what}; `Host::exec` runs such code");
                Err(Fault::invalid("code", message))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("language", &self.language).finish_non_exhaustive()
    }
}
