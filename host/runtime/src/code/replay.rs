//! Code that has run: done again for the session whose next cell needs its variables, or to see that it does the same.

use std::sync::Arc;

use async_trait::async_trait;
use stockade_sandbox::{CallFromCode, Cell, CellOutcome, Limits, Outcome, ToolHandler};
use stockade_workflow::{
    Code, CodeCalls, CodeEnd, CodeOutcome, Currency, EffectKind, Fault, Hint, Kind, RunId, ToolCall, ToolOutcome, Usage,
};

use super::account::{Account, Stopped};
use super::cell::{Made, answer, cell, diverged, made, plain, put, refused, spoken};
use super::ended;
use crate::calls::{CALLS_MAX, seed};
use crate::cells::{self, CellRef};
use crate::scratch::{Scratch, changed};
use crate::services::Services;
use crate::sessions::Kept;
use crate::toolbox::Toolbox;
use crate::{Replayed, Result, results};
use stockade_journal::{each, folded};

/// A piece of code that has ended, with all that it was given, and how it ended.
pub(crate) struct Record {
    run: RunId,
    id: String,
    pub(crate) code: Code,
    pub(crate) calls: CodeCalls,
    pub(crate) outcome: CodeOutcome,
}

/// Returns the cells that the session of a piece of code has; none where it is of none.
pub(super) async fn cells_of(host: &Services, code: &Code) -> Result<Vec<CellRef>> {
    match &code.session {
        Some(session) => cells::of(&*host.journal, session).await,
        None => Ok(Vec::new()),
    }
}

/// Makes an instance, and runs in it the cells that its session has, out of what is left to the code that comes next.
pub(super) async fn restored(
    host: &Arc<Services>,
    id: &str,
    code: &Code,
    cells: &[CellRef],
    account: &mut Account,
) -> std::result::Result<Kept, Stopped> {
    let records = records(host, code, cells).await?;
    // Known before anything is spent: the same code with the same answers uses the same.
    let needed = records.iter().map(|record| record.outcome.fuel).fold(account.spent.fuel, u64::saturating_add);
    if needed > account.amount.fuel {
        return Err(Stopped::Shortfall(Currency::Fuel, needed));
    }
    let interpreter = host.coding.languages.interpreter(spoken(&code.language)).await?;
    let wants_files = code.files.is_some() || code.session.is_some();
    let scratch = wants_files.then(|| Scratch::create(&host.coding.scratch)).transpose()?;
    let grants: Vec<_> = scratch.iter().map(Scratch::grant).collect();
    let first = cells.first().map_or_else(|| id.to_owned(), |cell| format!("{}/{}", cell.run, cell.key));
    let session = interpreter.session(&grants, seed(&first))?;
    let language = spoken(&code.language).to_owned();
    let mut kept = Kept { session, scratch, language, cells: 0, last: None, bytes: 0 };
    for (record, cell) in records.iter().zip(cells) {
        record.repeated_in(host, &mut kept, account).await?;
        kept.cells += 1;
        kept.bytes = kept.bytes.saturating_add(record.size());
        kept.last = Some(cell.clone());
    }
    Ok(kept)
}

async fn records(host: &Services, code: &Code, cells: &[CellRef]) -> Result<Vec<Record>> {
    let (mut records, mut bytes) = (Vec::new(), 0_u64);
    for (number, cell) in (0..).zip(cells) {
        if let Some(session) = &code.session {
            // Before the host holds more of it than a session may be.
            host.coding.sessions.limits.check(session, number, bytes)?;
        }
        let record = Record::read(host, cell).await?;
        if spoken(&record.code.language) != spoken(&code.language) {
            let message = format!("the session is in {} and the code in {}", record.code.language, code.language);
            return Err(Fault::invalid("session", message));
        }
        bytes = bytes.saturating_add(record.size());
        records.push(record);
    }
    Ok(records)
}

/// Returns how many bytes a piece of code is for its session, about.
pub(super) fn size(code: &Code, calls: &CodeCalls, outcome: &CodeOutcome) -> u64 {
    let files = code.files.iter().flat_map(|files| files.values()).map(String::len).sum::<usize>();
    let given = code.source.len() + code.input.text().len() + files;
    (given as u64).saturating_add(calls.memory_bytes()).saturating_add(outcome.memory_bytes())
}

impl Record {
    /// Reads a piece of code from the journal.
    ///
    /// # Errors
    ///
    /// The run has no such code, or it has not ended.
    pub(crate) async fn read(host: &Services, CellRef { run, key }: &CellRef) -> Result<Self> {
        let state = folded(&*host.journal, *run).await?;
        let id = format!("{run}/{key}");
        let missing = || {
            let message = format!("run {run} has no code \"{key}\" that has ended");
            Fault::new(Kind::NotFound, message).detail("code").hint(Hint::ShowRun(*run))
        };
        let Some(EffectKind::RunCode(code)) = state.effect(key).map(|effect| &effect.kind) else {
            return Err(missing());
        };
        let mut outcome = None;
        let find = |entry| {
            outcome = ended(entry, key).or_else(|| outcome.take());
            Ok(())
        };
        each(&*host.journal, *run, find).await?;
        let outcome = outcome.ok_or_else(missing)?;
        Ok(Self { run: *run, id, code: code.clone(), calls: state.calls(key).clone(), outcome })
    }

    /// Runs it again, in an instance of its own.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Divergence`] where it does not do the same.
    pub(crate) async fn repeated(&self, host: &Arc<Services>, cell: &CellRef) -> Result<()> {
        let cells = cells_of(host, &self.code).await?;
        let before = cells.iter().take_while(|other| *other != cell).cloned().collect::<Vec<_>>();
        let mut account = Account::unlimited();
        let done = match restored(host, &self.id, &self.code, &before, &mut account).await {
            Ok(mut kept) => self.repeated_in(host, &mut kept, &mut account).await,
            Err(stopped) => Err(stopped),
        };
        done.map_err(|stopped| match stopped {
            Stopped::Fault(fault) => fault,
            Stopped::Shortfall(..) => Fault::new(Kind::HostBug, "code was stopped by a budget that has no end"),
        })
    }

    /// Says how this host differs from where it was recorded.
    pub(crate) fn replayed(&self, host: &Services) -> Replayed {
        let (recorded, here) = (self.outcome.floats.clone(), host.engine.floats().clone());
        Replayed { recorded, here, notice: self.notice(host) }
    }

    fn notice(&self, host: &Services) -> Option<String> {
        // What used no fuel has not run.
        let has_run = self.outcome.fuel > 0;
        has_run.then(|| self.outcome.floats.difference(host.engine.floats())).flatten()
    }

    fn unstripped(&self, host: &Services, ended: CodeEnd, account: &Account, given: &Limits) -> Stopped {
        let diverged = || diverged(format!("\"{}\" is no TypeScript any more", self.id)).into();
        match ended {
            CodeEnd::Failed(fault) => match account.stopped(fault, given, &host.coding.limits) {
                Stopped::Fault(_) => diverged(),
                short => short,
            },
            _ => diverged(),
        }
    }

    fn size(&self) -> u64 {
        size(&self.code, &self.calls, &self.outcome)
    }

    /// The fuel that it used, with that of the tools that it called.
    fn fuel(&self) -> u64 {
        self.outcome.fuel.saturating_add(self.calls.fuel())
    }

    async fn repeated_in(
        &self,
        host: &Services,
        kept: &mut Kept,
        account: &mut Account,
    ) -> std::result::Result<(), Stopped> {
        self.compared_in(host, kept, account).await.map_err(|stopped| match (stopped, self.notice(host)) {
            (Stopped::Fault(fault), Some(notice)) if fault.kind == Kind::Divergence => {
                Stopped::Fault(fault.reworded(|said| format!("{said}; {notice}")))
            }
            (stopped, _) => stopped,
        })
    }

    async fn compared_in(
        &self,
        host: &Services,
        kept: &mut Kept,
        account: &mut Account,
    ) -> std::result::Result<(), Stopped> {
        let (limits, code) = (&host.coding.limits, &self.code);
        let given = account.within(limits);
        let (source, stripped) = plain(host, code, given.clone()).await;
        account.spent.add(&stripped);
        let source = match source {
            Ok(source) => source,
            Err(ended) if self.outcome.ended == ended => return Ok(()),
            Err(ended) => return Err(self.unstripped(host, ended, account, &given)),
        };
        let toolbox = Arc::new(Toolbox::new(&host.registry, code)?);
        let input = results::input(&*host.journal, self.run, code).await?;
        let before = put(kept, code)?;
        let handler = Arc::new(Recorded { toolbox: Arc::clone(&toolbox), calls: self.calls.clone() });
        // It had enough with what it used, and its tools, which are not called again, are not paid again.
        let given = account.within(limits);
        let cell = cell(code, &source, &self.id, &toolbox, handler, given.clone().fuel(self.fuel()), CALLS_MAX);
        let began_ms = self.outcome.began_ms;
        let cell = Cell { input: &input, begins_ms: began_ms, ..cell };
        let CellOutcome { result, usage, fuel, stdout, stderr, .. } = kept.session.run(cell).await;
        account.pay(fuel, &usage);
        let ended = match result {
            Ok(Ok(value)) => CodeEnd::Returned(value),
            Ok(Err(exception)) => CodeEnd::Raised(exception),
            Err(fault) if fault.kind == Kind::Divergence => return Err(fault.into()),
            Err(fault) => match account.stopped(fault, &given, limits) {
                Stopped::Fault(fault) => CodeEnd::Failed(fault),
                short => return Err(short),
            },
        };
        let files = kept.scratch.as_ref().map(Scratch::files).transpose()?.unwrap_or_default();
        let (files, floats) = (changed(&before, &files), host.engine.floats().clone());
        let again = CodeOutcome { ended, stdout, stderr, files, fuel, began_ms, floats };
        match (self.outcome.difference(&again), again.ended) {
            (None, _) => Ok(()),
            // Of fuel it had as much as before. What else it may use can be less by now, and that is not a divergence.
            (Some(_), CodeEnd::Failed(fault)) if fault.breach.is_some() && fault.kind != Kind::Fuel => {
                Err(fault.into())
            }
            (Some(what), _) => {
                Err(diverged(format!("\"{}\" had another {what} when it was run again", self.id)).into())
            }
        }
    }
}

/// Answers calls from code with what was recorded, and makes none.
struct Recorded {
    toolbox: Arc<Toolbox>,
    calls: CodeCalls,
}

#[async_trait]
impl ToolHandler for Recorded {
    async fn call(&self, call: CallFromCode<'_>) -> Outcome {
        let number = call.number;
        let (Made::Call(call) | Made::Asks(call) | Made::Refused(call, _)) =
            made(&self.toolbox, call.name, &call.arguments);
        match recorded(&self.calls, number, &call) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => refused(diverged(format!("it made call {number} and had not before"))),
            Err(fault) => refused(fault),
        }
    }
}

/// Returns the answer that a call had before, if it was made before.
///
/// # Errors
///
/// Another call was made then.
pub(super) fn recorded(calls: &CodeCalls, number: usize, now: &ToolCall) -> Result<Option<Outcome>> {
    let Some(before) = calls.get(number) else { return Ok(None) };
    if before.call != *now {
        let then = &before.call;
        let message = format!(
            "its call {number} is {}.{} and was {}.{}, or has other arguments",
            now.tool, now.function, then.tool, then.function
        );
        return Err(diverged(message));
    }
    let Some((outcome, used)) = before.ended.clone() else { return Ok(None) };
    let used = if calls.is_settled(number) { Usage::default() } else { used };
    Ok(Some(answered(outcome, used)))
}

pub(super) fn answered(outcome: ToolOutcome, used: Usage) -> Outcome {
    match outcome {
        ToolOutcome::Returned(value) => Outcome { result: Ok(value.value()), ..answer(used) },
        ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault) => Outcome { usage: used, ..refused(fault) },
    }
}
