//! How a person's decision is taken: from those who may decide, and only while the run can go on with it.

use stockade_workflow::authoring::misfits;
use stockade_workflow::{
    Approval, ApprovalId, Change, Decision, Digest, Effect, EffectKind, End, Event, Fault, Hint, Kind, Machine,
    RunState, Step, ToolCall, Verdict,
};

use crate::effects::handler;
use crate::executor::Driver;
use crate::runs::check_idle;
use crate::services::Services;
use crate::{Host, Result, Run, questions, standing};

impl Host {
    /// Takes a person's decision on one question of a run, and goes on with the run.
    ///
    /// `seen` is the [digest](stockade_workflow::Approval::digest) of the question as the person saw it, so that what
    /// was not seen cannot be approved. The decision is durable when this returns. Where another process drives the run
    /// at that moment, perhaps because another decision came first, this waits for it a while.
    ///
    /// Any decision but a no is taken only while the run can go on: its workflow, models and tools are there, and fit what
    /// it began with. Otherwise the run stays as it is, and the error says what differs. Where the tool itself is another
    /// one, the question is asked anew, about that one.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the run asked no such question. Kind [`Kind::Conflict`] where it was decided before
    /// (the message says by whom, and what), is not what was seen, or something else is in flight; with detail `changed`
    /// where the run could not go on, `voted` where the same person has approved it already, `renewed` where the question is
    /// asked anew. Kind [`Kind::Invalid`] with detail `decision` where the decision is not one that the question takes. Kind
    /// [`Kind::Denied`] with detail `approver` where this person may not decide. Else as [`Host::resume`].
    pub async fn decide(&self, id: &ApprovalId, seen: &Digest, decision: Decision) -> Result<Run> {
        decision.check()?;
        let mut driver = self.take_up_question(id, seen).await?;
        match decided(&mut driver, id, seen, decision).await {
            Ok(()) => Ok(Run::spawn(driver)),
            Err(fault) => {
                driver.release().await;
                Err(fault)
            }
        }
    }

    /// Takes back that a yes holds for later calls too: from now on, each of them is asked about.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the run asked no such question. Kind [`Kind::Conflict`] with detail `remembered` where its
    /// yes holds for no later call. Else as [`Host::resume`].
    pub async fn revoke(&self, id: &ApprovalId, by: &str) -> Result<Run> {
        let check = |state: &RunState| questions::check_remembered(state, &id.key);
        let mut driver = self.take_up_soon(id.run, check).await?;
        match revoked(&mut driver, &id.key, by).await {
            Ok(()) => Ok(Run::spawn(driver)),
            Err(fault) => {
                driver.release().await;
                Err(fault)
            }
        }
    }

    /// Takes up a run of which a question is open. What another decider does takes a moment; a driver may take longer.
    async fn take_up_question(&self, id: &ApprovalId, seen: &Digest) -> Result<Driver> {
        self.take_up_soon(id.run, |state| questions::check(state, id, seen)).await
    }
}

async fn decided(driver: &mut Driver, id: &ApprovalId, seen: &Digest, decision: Decision) -> Result<()> {
    questions::check(driver.state(), id, seen)?;
    driver.check_in_time(&id.key)?;
    check_idle(driver.state())?;
    driver.mark_overdue()?;
    let approval = questions::find(driver.state(), Some(&id.key))?.clone();
    let question = Question { driver, approval: &approval, decision: &decision };
    question.check_person()?;
    question.check_taken()?;
    question.check_goes_on()?;
    if let Some((change, fault)) = question.renewed() {
        driver.push(change)?;
        driver.commit_planned().await?;
        return Err(fault);
    }
    if question.is_enough() {
        driver.end_wait_as(&id.key, decision.into())?;
    } else {
        driver.push(Change::Voted { key: id.key.clone(), decision })?;
    }
    driver.commit_planned().await
}

async fn revoked(driver: &mut Driver, key: &str, by: &str) -> Result<()> {
    questions::check_remembered(driver.state(), key)?;
    check_idle(driver.state())?;
    driver.push(Change::Revoked { key: key.to_owned(), by: by.to_owned() })?;
    driver.commit_planned().await
}

/// A question, and the decision that is to be taken on it.
struct Question<'a> {
    driver: &'a Driver,
    approval: &'a Approval,
    decision: &'a Decision,
}

impl Question<'_> {
    /// Checks that this person may decide, and has not approved it before.
    fn check_person(&self) -> Result<()> {
        let (Approval { key, terms, votes, .. }, by) = (self.approval, self.decision.by.as_str());
        let (starter, is_escalated) =
            (self.driver.state().origin().by.as_deref(), self.approval.escalated_ms.is_some());
        let has_role = |role: &str| self.host().has_role(by, role);
        let refused = terms.iter().find_map(|terms| terms.check_person(by, has_role, starter, is_escalated).err());
        if let Some(fault) = refused {
            return Err(fault.reworded(|why| format!("question \"{key}\" is not decided: {why}")));
        }
        if self.decision.verdict.is_yes() && votes.iter().any(|vote| vote.by == by) {
            let message = format!("\"{by}\" has approved question \"{key}\" already; another person must as well");
            return Err(Fault::new(Kind::Conflict, message).detail("voted"));
        }
        Ok(())
    }

    /// Whether no other person must decide as well: one no is a no.
    fn is_enough(&self) -> bool {
        !self.decision.verdict.is_yes() || self.approval.votes.len() + 1 >= self.approval.quorum()
    }

    /// Checks that the question takes such a decision, and that an edited call is one that may be made.
    fn check_taken(&self) -> Result<()> {
        let (key, verdict) = (&self.approval.key, self.decision.verdict);
        if !self.approval.allowed().contains(&verdict) {
            let allowed: Vec<_> = self.approval.allowed().iter().map(|verdict| verdict.past()).collect();
            let message = format!("question \"{key}\" cannot be {}; it is {}", verdict.past(), allowed.join(" or "));
            return Err(Fault::invalid("decision", message));
        }
        if self.decision.remember.is_some() && self.approval.quorum() > 1 {
            let message = format!("question \"{key}\" wants several people, and a yes of several is good for one call");
            return Err(Fault::invalid("decision", message));
        }
        if let Some(pattern) = &self.decision.remember
            && !self.approval.call.has(&pattern.value())
        {
            let message = "the arguments to remember are not those of the call that is approved";
            return Err(Fault::invalid("decision", message));
        }
        if verdict == Verdict::Edited { self.check_edited(&self.decision.call(&self.approval.call)) } else { Ok(()) }
    }

    fn check_edited(&self, call: &ToolCall) -> Result<()> {
        let (invalid, state) = (|why: String| Err(Fault::invalid("decision", why)), self.driver.state());
        let tool = self.host().registry.get(&call.tool)?;
        if let Some(schema) = tool.input_schema(&call.function) {
            let misfits = misfits(&schema, &call.arguments.value())?;
            if !misfits.is_empty() {
                return invalid(format!(
                    "the edited arguments do not fit {}.{}: {}",
                    call.tool,
                    call.function,
                    misfits.join("; ")
                ));
            }
        }
        if let Some(before) = standing::no(state, call) {
            return invalid(format!("\"{}\" denied the edited call before, and that no holds", before.by));
        }
        match state.unknown(call) {
            Some(key) => invalid(format!("it is not known whether the edited call was made before, by \"{key}\"")),
            None => Ok(()),
        }
    }

    /// Checks that what the run needs next is there and fits what it began with. After a no, it may go on as far as it can.
    fn check_goes_on(&self) -> Result<()> {
        if self.decision.verdict == Verdict::Denied {
            return Ok(());
        }
        let checked = self.needs().and_then(|()| self.steps());
        checked.map_err(|fault| self.stays_open(&fault))
    }

    fn needs(&self) -> Result<()> {
        let (state, machine) = (self.driver.state(), self.machine()?);
        self.host().registry.get(&self.approval.call.tool)?;
        let needs = state.at().map(|(_, at)| machine.needs(at, &self.approval.key)).transpose()?.unwrap_or_default();
        let asked = state.begun().filter_map(|effect| match &effect.kind {
            EffectKind::AskModel(question) => Some(question.model.clone()),
            _ => None,
        });
        let mut models = needs.models.into_iter().chain(asked);
        models.try_for_each(|model| self.host().models.get(model.as_deref()).map(drop))?;
        needs.tools.iter().try_for_each(|tool| self.host().registry.get(tool).map(drop))
    }

    /// Checks what the workflow answers, without taking its answer: it is pure, so it will answer the same.
    fn steps(&self) -> Result<()> {
        let (state, machine) = (self.driver.state(), self.machine()?);
        if state.is_of_code(&self.approval.key) {
            return Ok(());
        }
        let Step { transition, .. } =
            machine.step_at(state.at(), Event::ended(&self.approval.key, self.decision.clone()))?;
        if let Some(End::Failed(fault)) = transition.end
            && self.decision.verdict.is_yes()
        {
            return Err(fault);
        }
        transition.effects.iter().try_for_each(|effect| handler(effect).price(self.host()).map(drop))?;
        let is_other = self.approval.workflow.as_ref().is_some_and(|then| *then != machine.digest());
        if is_other && self.decision.verdict.is_yes() && !transition.effects.iter().any(|effect| self.uses(effect)) {
            let message =
                format!("workflow \"{}\" is set up otherwise now, and would not make the call", machine.name());
            return Err(Fault::new(Kind::Conflict, message));
        }
        Ok(())
    }

    fn uses(&self, effect: &Effect) -> bool {
        matches!(&effect.kind, EffectKind::CallTool { approval: Some(key), .. } if *key == self.approval.key)
    }

    fn stays_open(&self, why: &Fault) -> Fault {
        let (key, run) = (&self.approval.key, self.driver.state().run());
        let message = format!(
            "question \"{key}\" of run {run} stays open, for the run could not go on: {why}; undo that change, or deny the call"
        );
        Fault::new(Kind::Conflict, message).detail("changed")
    }

    /// Returns the change that asks anew, and what the person is told, where the call would not be made by the very tool that
    /// was asked about.
    fn renewed(&self) -> Option<(Change, Fault)> {
        let (asked, run) = (self.approval, self.driver.state().run());
        // Where there is no such tool, the run was found not to go on.
        let bound_to = self.host().registry.binding(&asked.call).ok().filter(|_| self.decision.verdict.is_yes())?;
        let (what, key) = (asked.bound_to.check(&bound_to).err()?, asked.key.clone());
        let message = format!(
            "question \"{key}\" of run {run} is asked anew, and the decision is not taken: {what} changed since it was asked; \
             look at it again"
        );
        let fault = Fault::new(Kind::Conflict, message).detail("renewed").hint(Hint::ShowRun(run));
        let workflow = self.machine().ok().map(Machine::digest);
        Some((Change::Renewed { key, bound_to, workflow }, fault))
    }

    fn machine(&self) -> Result<&Machine> {
        let gone = || Fault::new(Kind::NotFound, "its workflow is not here").detail("workflow");
        self.driver.machine().ok_or_else(gone)
    }

    fn host(&self) -> &Services {
        self.driver.host()
    }
}
