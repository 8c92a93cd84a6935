//! A tool of a kind that the embedder brings, under the same rules as a component.

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome as Answer, Place as PlaceInPool, ToolFunction};
use stockade::journal::MemoryJournal;
use stockade::{
    Budget, Builder, Config, Digest, Effect, EffectOutcome, Fault, Kind, Label, Limits, Outcome, ToolCall, ToolOutcome,
    Usage, stubs,
};
use stockade_tests::code::exec;
use stockade_tests::in_turn::{InTurn, outcomes, start};
use stockade_tests::{Hand, Place};

/// Says what it is told, to a stranger.
pub(crate) struct Echo {
    /// Whether it never answers.
    is_silent: bool,
    functions: [ToolFunction; 1],
    identity: Digest,
    nature: Nature,
}

impl Echo {
    pub(crate) fn new() -> Self {
        let text = json!({"type": "string"});
        let input =
            json!({"type": "object", "properties": {"text": text, "times": {"type": "integer"}}, "required": ["text"]});
        Self {
            is_silent: false,
            functions: [ToolFunction::new("say", "Says a text.", input, text)],
            identity: Digest::of(b"echo 1"),
            nature: Nature { labels: [Label::Untrusted].into(), can_send: true, ..Nature::default() },
        }
    }

    /// One of which it is known that a call changes nothing.
    pub(crate) fn that_changes_nothing() -> Self {
        let echo = Self::new();
        Self { nature: Nature { repeatable: true, ..echo.nature }, ..echo }
    }
}

impl Callable for Echo {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a PlaceInPool>) -> stockade::Result<Calling<'a>> {
        let Some(text) = call.arguments.get("text").and_then(Value::as_str) else {
            return Err(Fault::invalid("arguments", "\"text\" is missing"));
        };
        if self.is_silent {
            return Ok(Calling::Answer(Box::pin(std::future::pending())));
        }
        let result = Ok(text.into());
        let usage = Usage::default().tool_calls(1);
        let answer = Answer::new(result, usage);
        Ok(Calling::Answer(Box::pin(async { answer })))
    }
}

fn builder(place: &Place) -> Builder {
    place.host().built_in_languages().scratch(place.path("")).callable("echo", Echo::new())
}

const SAY: &str = "return await echo.say({text: 'hello'})";

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_another_kind_is_called_by_code() {
    let place = Place::new();
    let host = builder(&place).build().await.unwrap();
    assert_eq!(exec(&host, SAY, &["echo"]).await, Outcome::Done("hello".into()));
    let refused = "try { await echo.say({}) } catch (error) { return error.message }";
    assert_eq!(exec(&host, refused, &["echo"]).await, Outcome::Done("\"text\" is missing".into()));
    let tool = host.tool("echo").unwrap();
    let stubs = stubs::text(&[tool], "python").unwrap();
    assert!(stubs.contains("def say(text: str, times: int = None) -> str:"), "{stubs}");
    let fault = host.component("echo").unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("component")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_another_kind_sends_nothing_private_without_approval() {
    let place = Place::new();
    let host = builder(&place).build().await.unwrap();
    let Outcome::Failed(fault) = exec(&host, SAY, &["echo", "purchases"]).await else { panic!("it was sent") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Denied, Some("flow")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_another_kind_follows_what_the_operator_says_of_it() {
    let place = Place::new();
    let configured = |text: &str| builder(&place).configured(&Config::parse(text).unwrap());
    let host = configured("[tool.echo]\napproval = \"always\"").unwrap().build().await.unwrap();
    let Outcome::Waiting(approval) = exec(&host, SAY, &["echo"]).await else { panic!("it was called") };
    assert_eq!((&*approval.call.tool, approval.is_open()), ("echo", true), "{approval}");
    drop(host);
    let host = configured("[tool.echo]\nlabels = []").unwrap().build().await.unwrap();
    assert_eq!(exec(&host, SAY, &["echo", "purchases"]).await, Outcome::Done("hello".into()));
    let fault = configured("[tool.echo.grants]\nlog = true").err().unwrap();
    assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::Invalid, Some("echo")), "{fault}");
}

/// The clock is Tokio's, which goes on by itself once nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn a_tool_of_another_kind_that_never_answers_is_stopped_at_the_deadline_of_its_call() {
    for repeatable in [true, false] {
        let (place, hand) = (Place::new(), Hand::new());
        let nature = Nature { repeatable, ..Nature::default() };
        let builder = place.host().workflow(InTurn).callable("echo", Echo { is_silent: true, nature, ..Echo::new() });
        let builder = builder.with_journal(MemoryJournal::new(hand.clock())).scratch(place.path(""));
        let host = builder.clock(hand.clock()).build().await.unwrap();
        let say = Effect::call("say", ToolCall::new("echo", "say", json!({"text": "hello"})));
        let (run, outcome) = start(&host, &[say], Budget::default()).await;
        match outcomes(&outcome).remove(0) {
            EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)) if repeatable => {
                assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::Deadline, Some("echo")), "{fault}");
                assert_eq!(fault.breach.unwrap().limit, "wall_us");
            }
            EffectOutcome::ToolReturned(ToolOutcome::Unknown(fault)) if !repeatable => {
                assert_eq!(fault.kind, Kind::UnknownOutcome, "{fault}");
                assert!(fault.message.contains("tool \"echo\" had not answered"), "{fault}");
            }
            other => panic!("repeatable: {repeatable}, and {other:?}"),
        }
        let spent = *host.state(run).await.unwrap().ledger().spent();
        assert!(spent.wall_us >= Limits::default().wall_us && spent.tool_calls == 1, "{spent:?}");
    }
}
