//! The reference workflow: a customer asks for a refund.
//!
//! ```text
//! INIT ─► VALIDATE_POLICY ─► CHECK_APPROVAL ─► EXECUTE_REFUND ─► DRAFT_RESPONSE ─► COMPLETE
//!   │            │                  │            ▲       │            ▲
//!   │            │                  ▼            │       │ void yes   │
//!   │            │           WAITING_FOR_HUMAN ──┘ ◄─────┘            │
//!   └────────────┴──────────────────┴─────────────────────────────────┘
//! ```
//!
//! The tools look things up, give an opinion, pay and write; the two rules about money are checked here as well, so
//! that a tool that errs or lies can make a refund stricter and never laxer.
//!
//! A model may write the letter, once all is decided: see [`Letter`].

mod letter;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use letter::Letter;
use letter::Writer;

use stockade_workflow::authoring::{canonical, stray};
use stockade_workflow::{
    AllowedEffect, Answered, Asked, Cents, Decision, Effect, EffectKind, EffectOutcome, End, Event, Fault, Graph, Kind,
    ModelOutcome, Needs, State as Node, Terms, ToolCall, ToolOutcome, Transition, Waited, Workflow,
};

/// The refund workflow with its rules.
#[derive(Clone, Debug, Default)]
pub struct Refund {
    /// The rules that new runs follow; a run keeps those that it began with.
    pub rules: Rules,
    /// The model that writes the letters of new runs; without one, the tool does. A run keeps this as well, but for
    /// one thing: where no letter is set any more, no model is asked any more.
    pub letter: Option<Letter>,
}

/// The two numbers of the refund policy, and who signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The oldest purchase that may be refunded, in days.
    pub window_days: u32,
    /// The largest refund that is made without asking a person.
    pub approval_above: Cents,
    /// Who may decide on a refund and until when, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Terms>,
    /// The last line of the letter; without one, the tool `letters` has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl Default for Rules {
    /// Thirty days, a hundred dollars, the signature of the tool.
    fn default() -> Self {
        Self { window_days: 30, approval_above: Cents(10_000), approval: None, signature: None }
    }
}

/// What a refund run is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Who asks.
    pub user_id: String,
    /// In which words.
    pub request: String,
}

/// Where a refund run stands; each state holds just what is still needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The purchase is being looked up.
    Init {
        /// Who asks.
        user_id: String,
        /// The rules of this run.
        rules: Rules,
        /// The model that will write, and the customer's words for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writer: Option<Writer>,
    },
    /// The window is being checked.
    ValidatePolicy(Case),
    /// It is being found out whether a person must be asked.
    CheckApproval(Case),
    /// A person was asked.
    WaitingForHuman(Case),
    /// The refund is being made.
    ExecuteRefund(Case),
    /// The letter is being written, by a tool.
    DraftResponse(Answer),
    /// The letter is being written, by a model.
    WriteLetter {
        /// What the customer is told.
        told: Answer,
        /// What the model is asked.
        asked: Asked,
        /// Who signs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// The letter is written.
    Complete,
}

/// A refund that may be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    user_id: String,
    rules: Rules,
    purchase: Purchase,
    /// Whether a person must say yes.
    needs_approval: bool,
    /// How often a person was asked: once, and again if the yes was void when it was to be used.
    asked: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    writer: Option<Writer>,
}

/// What the customer bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    item: String,
    price_cents: Cents,
    days_ago: u32,
}

/// What the customer is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// There is no such customer.
    UnknownCustomer,
    /// The purchase is older than this many days.
    TooOld(u32),
    /// A manager said no.
    Declined,
    /// The refund was made.
    Processed {
        /// How much.
        amount: Cents,
        /// What the payment system calls it.
        reference: String,
    },
}

#[derive(Deserialize)]
struct Receipt {
    reference: String,
}

impl Workflow for Refund {
    type Input = Input;
    type State = State;

    fn name(&self) -> &str {
        "refund"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let tool = AllowedEffect::tool;
        let draft = match &self.letter {
            Some(_) => {
                Node::new("DRAFT_RESPONSE", [tool("letters"), AllowedEffect::Model], &["DRAFT_RESPONSE", "COMPLETE"])
            }
            None => Node::new("DRAFT_RESPONSE", [tool("letters")], &["COMPLETE"]),
        };
        Graph::new([
            Node::new("INIT", [tool("purchases")], &["VALIDATE_POLICY", "DRAFT_RESPONSE"]),
            Node::new("VALIDATE_POLICY", [tool("policy")], &["CHECK_APPROVAL", "DRAFT_RESPONSE"]),
            Node::new("CHECK_APPROVAL", [tool("policy")], &["WAITING_FOR_HUMAN", "EXECUTE_REFUND"]),
            Node::new(
                "WAITING_FOR_HUMAN",
                [AllowedEffect::ApprovalOf("payments".to_owned())],
                &["EXECUTE_REFUND", "DRAFT_RESPONSE"],
            ),
            Node::new("EXECUTE_REFUND", [tool("payments")], &["DRAFT_RESPONSE", "WAITING_FOR_HUMAN"]),
            draft,
            Node::new("COMPLETE", [], &[]),
        ])
    }

    fn position(&self, state: &State) -> &'static str {
        match state {
            State::Init { .. } => "INIT",
            State::ValidatePolicy(_) => "VALIDATE_POLICY",
            State::CheckApproval(_) => "CHECK_APPROVAL",
            State::WaitingForHuman(_) => "WAITING_FOR_HUMAN",
            State::ExecuteRefund(_) => "EXECUTE_REFUND",
            State::DraftResponse(_) | State::WriteLetter { .. } => "DRAFT_RESPONSE",
            State::Complete => "COMPLETE",
        }
    }

    fn start(&self, Input { user_id, request }: Input) -> Result<Transition<State>, Fault> {
        if user_id.is_empty() {
            return Err(Fault::invalid("input", "\"user_id\" is empty; it names the customer who asks"));
        }
        let line = format!("Started workflow for user {user_id} with request: '{request}'");
        let find = call("purchase", "purchases", "find", json!({"user_id": user_id}));
        let writer = self.letter.clone().map(|letter| Writer::new(letter, request));
        Ok(Transition::to(State::Init { user_id, rules: self.rules.clone(), writer }).log(line).want(find))
    }

    fn step(&self, mut state: State, event: Event) -> Result<Transition<State>, Fault> {
        if self.letter.is_none() {
            state.dismiss_writer();
        }
        let returned = match (&state, event) {
            (State::WaitingForHuman(case), Event::Ended { key, outcome: EffectOutcome::Decided { decision } })
                if key == case.approval_key() =>
            {
                return Ok(decided(case.clone(), &decision));
            }
            (
                State::WaitingForHuman(case),
                Event::Ended { key, outcome: EffectOutcome::Waited(Waited::TimedOut { .. }) },
            ) if key == case.approval_key() => {
                return Ok(expired(state.clone(), &key));
            }
            (waits @ State::WriteLetter { told, asked, signature }, event) => {
                let outcome = asked.reply(self.position(waits), event)?;
                return Ok(self.written(told.clone(), asked.clone(), signature.clone(), outcome));
            }
            (state, Event::Ended { key, outcome: EffectOutcome::ToolReturned(outcome) })
                if state.awaits() == Some(key.as_str()) =>
            {
                outcome
            }
            (state, event) => return Err(stray(self.position(state), &event)),
        };
        match returned {
            ToolOutcome::Returned(value) => {
                Ok(returned_to(state.clone(), value.value()).unwrap_or_else(|fault| failed(state, fault)))
            }
            ToolOutcome::Failed(fault) => Ok(failed(state, fault)),
            ToolOutcome::Unknown(fault) => Ok(Transition::to(state).end(End::Failed(fault))),
        }
    }
    fn needs(&self, state: &State, _: &str) -> Result<Needs, Fault> {
        let writer = state.writer().filter(|_| self.letter.is_some());
        Ok(Needs { models: writer.map(Writer::model).into_iter().collect(), tools: Vec::new() })
    }
}

impl Refund {
    /// Takes a letter of the model, if it says what is so; else the tool writes.
    fn written(
        &self,
        told: Answer,
        asked: Asked,
        signature: Option<String>,
        outcome: ModelOutcome,
    ) -> Transition<State> {
        let waits = State::WriteLetter { told: told.clone(), asked: asked.clone(), signature: signature.clone() };
        match asked.answered_as(outcome, |value| letter::checked(&told, signature.as_deref(), value)) {
            Answered::Value(letter) => drafted(&told, letter),
            // Its graph has no way from here to another letter.
            Answered::Again(_) | Answered::Failed(_) if self.letter.is_none() => {
                Transition::to(waits).end(End::Failed(letter::nobody()))
            }
            Answered::Again(asked) => ask_writer(asked, told, signature),
            Answered::Failed(fault) => {
                draft_by_tool(told, signature.as_deref()).log(format!("The letter of the model is not sent: {fault}."))
            }
        }
    }
}

impl State {
    /// The key of the tool call that this state waits for.
    fn awaits(&self) -> Option<&str> {
        match self {
            Self::Init { .. } => Some("purchase"),
            Self::ValidatePolicy(_) => Some("window"),
            Self::CheckApproval(_) => Some("limit"),
            Self::ExecuteRefund(case) if case.asked > 1 => Some("refund-again"),
            Self::ExecuteRefund(_) => Some("refund"),
            Self::DraftResponse(_) => Some("letter"),
            Self::WaitingForHuman(_) | Self::WriteLetter { .. } | Self::Complete => None,
        }
    }

    fn writer(&self) -> Option<&Writer> {
        match self {
            Self::Init { writer, .. } => writer.as_ref(),
            Self::ValidatePolicy(case)
            | Self::CheckApproval(case)
            | Self::WaitingForHuman(case)
            | Self::ExecuteRefund(case) => case.writer.as_ref(),
            Self::DraftResponse(_) | Self::WriteLetter { .. } | Self::Complete => None,
        }
    }

    /// Forgets who was to write, so that the tool does: the host does not let a model write any more.
    fn dismiss_writer(&mut self) {
        match self {
            Self::Init { writer, .. } => *writer = None,
            Self::ValidatePolicy(case)
            | Self::CheckApproval(case)
            | Self::WaitingForHuman(case)
            | Self::ExecuteRefund(case) => case.writer = None,
            Self::DraftResponse(_) | Self::WriteLetter { .. } | Self::Complete => {}
        }
    }
}

impl Case {
    fn approval_key(&self) -> String {
        format!("approval-{}", self.asked)
    }

    fn is_over_limit(&self) -> bool {
        self.purchase.price_cents > self.rules.approval_above
    }

    fn refund(&self) -> ToolCall {
        let arguments = json!({"user_id": self.user_id, "amount_cents": self.purchase.price_cents});
        ToolCall::new("payments", "refund", arguments)
    }
}

fn returned_to(state: State, value: Value) -> Result<Transition<State>, Fault> {
    match state {
        State::Init { user_id, rules, writer } => Ok(fetched(user_id, rules, writer, answer(value)?)),
        State::ValidatePolicy(case) => Ok(validated(case, answer(value)?)),
        State::CheckApproval(case) => Ok(checked(case, answer(value)?)),
        State::ExecuteRefund(case) => Ok(refunded(case, answer(value)?)),
        State::DraftResponse(told) => Ok(drafted(&told, answer(value)?)),
        State::WaitingForHuman(_) | State::WriteLetter { .. } | State::Complete => {
            Err(Fault::new(Kind::HostBug, "no tool was called"))
        }
    }
}

fn fetched(user_id: String, rules: Rules, writer: Option<Writer>, purchase: Option<Purchase>) -> Transition<State> {
    let Some(purchase) = purchase else {
        return draft(Answer::UnknownCustomer, writer.as_ref(), rules).log("Fetch failed: User not found in database.");
    };
    let Purchase { item, price_cents, days_ago } = &purchase;
    let line = json!({"item": item, "price": price_cents.to_string(), "days_ago": days_ago});
    let arguments = json!({"days_ago": days_ago, "window_days": rules.window_days});
    let case = Case { user_id, rules, purchase, needs_approval: false, asked: 0, writer };
    Transition::to(State::ValidatePolicy(case)).log(format!("Fetched purchase data: {}", canonical(&line))).want(call(
        "window",
        "policy",
        "within_window",
        arguments,
    ))
}

fn validated(case: Case, within: bool) -> Transition<State> {
    let window_days = case.rules.window_days;
    if !within || case.purchase.days_ago > window_days {
        let line = format!("Policy validation failed: Purchase older than {window_days} days.");
        return draft(Answer::TooOld(window_days), case.writer.as_ref(), case.rules).log(line);
    }
    let approval_above = case.rules.approval_above;
    let arguments = json!({"amount_cents": case.purchase.price_cents, "approval_above_cents": approval_above});
    Transition::to(State::CheckApproval(case))
        .log(format!("Policy validation passed (within {window_days}-day window)."))
        .want(call("limit", "policy", "needs_approval", arguments))
}

fn checked(mut case: Case, tool_says: bool) -> Transition<State> {
    let amount = case.purchase.price_cents;
    case.needs_approval = tool_says || case.is_over_limit();
    if case.needs_approval {
        let why = if case.is_over_limit() { "exceeds limit" } else { "is to be reviewed" };
        return ask(case, format!("Refund of {amount} {why}. Moving to human approval state."));
    }
    execute(case).log(format!("Refund of {amount} is within limits. Proceeding to execution."))
}

fn ask(mut case: Case, line: String) -> Transition<State> {
    case.asked += 1;
    let (amount, approval_above) = (case.purchase.price_cents, case.rules.approval_above);
    let reason = if case.is_over_limit() {
        format!("refund of {amount} is over {approval_above}")
    } else {
        format!("refund of {amount} is not over {approval_above}, but the policy tool wants a person asked")
    };
    let request = Effect::request_approval(&case.approval_key(), reason, case.refund());
    let request = case.rules.approval.iter().cloned().fold(request, Effect::on);
    Transition::to(State::WaitingForHuman(case))
        .log(line)
        .log("Execution paused: waiting for human operator approval.")
        .want(request)
}

fn decided(case: Case, decision: &Decision) -> Transition<State> {
    let approved = decision.verdict.is_yes();
    let next = if approved { execute(case) } else { draft(Answer::Declined, case.writer.as_ref(), case.rules) };
    next.log(format!("Human manager decision received: Approved = {}", if approved { "True" } else { "False" }))
}

/// Without a decision no money moves, and the customer is not told of a no that no person said.
fn expired(state: State, key: &str) -> Transition<State> {
    let message = format!("question \"{key}\" expired: no person decided in time, and nothing was refunded");
    let fault = Fault::new(Kind::Approval, message).detail("expired");
    Transition::to(state).log("No decision was received in time.").end(End::Failed(fault))
}

fn execute(case: Case) -> Transition<State> {
    let (call, approval) = (case.refund(), case.needs_approval.then(|| case.approval_key()));
    let state = State::ExecuteRefund(case);
    let effect = Effect::new(state.awaits().unwrap_or_default(), EffectKind::CallTool { call, approval });
    Transition::to(state).want(effect)
}

fn refunded(case: Case, Receipt { reference }: Receipt) -> Transition<State> {
    let amount = case.purchase.price_cents;
    let line = format!("Successfully processed stripe refund for {amount}.");
    draft(Answer::Processed { amount, reference }, case.writer.as_ref(), case.rules).log(line)
}

fn draft(told: Answer, writer: Option<&Writer>, Rules { signature, .. }: Rules) -> Transition<State> {
    match writer {
        Some(writer) => ask_writer(writer.ask(&told, signature.as_deref()), told, signature),
        None => draft_by_tool(told, signature.as_deref()),
    }
}

fn ask_writer(asked: Asked, told: Answer, signature: Option<String>) -> Transition<State> {
    let effect = asked.effect();
    Transition::to(State::WriteLetter { told, asked, signature }).want(effect)
}

fn draft_by_tool(told: Answer, signature: Option<&str>) -> Transition<State> {
    let outcome = match &told {
        Answer::UnknownCustomer => json!("unknown_customer"),
        Answer::TooOld(days) => json!({"too_old": days}),
        Answer::Declined => json!("declined"),
        Answer::Processed { amount, .. } => json!({"processed": amount}),
    };
    let arguments = match signature {
        Some(signature) => json!({"outcome": outcome, "signature": signature}),
        None => json!({"outcome": outcome}),
    };
    Transition::to(State::DraftResponse(told)).want(call("letter", "letters", "write", arguments))
}

fn drafted(told: &Answer, letter: String) -> Transition<State> {
    let (outcome, refunded, reference) = match told {
        Answer::UnknownCustomer => ("unknown_customer", None, None),
        Answer::TooOld(_) => ("too_old", None, None),
        Answer::Declined => ("declined", None, None),
        Answer::Processed { amount, reference } => ("processed", Some(amount.to_string()), Some(reference)),
    };
    let output = json!({"outcome": outcome, "letter": letter, "refunded": refunded, "reference": reference});
    Transition::to(State::Complete)
        .log("Customer email drafted successfully. Workflow complete.")
        .end(End::Done(output.into()))
}

/// A refund whose yes is void was not made: ask again, once. Any other failure ends the run.
fn failed(state: State, fault: Fault) -> Transition<State> {
    match state {
        State::ExecuteRefund(case) if is_void(&fault) && case.asked == 1 => {
            ask(case, format!("Refund not made: {fault}."))
        }
        state => Transition::to(state).end(End::Failed(fault)),
    }
}

fn is_void(fault: &Fault) -> bool {
    fault.kind == Kind::Approval && fault.detail.as_deref() == Some("mismatch")
}

fn call(key: &str, tool: &str, function: &str, arguments: Value) -> Effect {
    Effect::call(key, ToolCall::new(tool, function, arguments))
}

fn answer<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Fault> {
    let wrong =
        |error| Fault::invalid("tool_answer", format!("a tool of the refund workflow answered wrongly: {error}"));
    serde_json::from_value(value).map_err(wrong)
}
