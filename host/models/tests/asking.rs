//! How the host asks: again, another model, and never beyond what was reserved.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use stockade_models::{Failure, Model, Models, Named, Price, Request, Service, Settings, Told};
use stockade_workflow::{Fault, Kind, ModelOutcome, Question, Reply, Usage};
use tokio::time::Instant;

use super::server::{Answer, Server};
use super::wires::sent;
use super::{KEY, ask_models, ask_models_without, provider, request};

const PRICE: Price = Price::Tokens { input: 3_000_000, output: 15_000_000 };

/// A model that does what it is told, one after the other, and says when it was asked for how many tokens.
struct Acting {
    acts: Mutex<Vec<Act>>,
    asked: &'static Mutex<Vec<(Instant, u32)>>,
}

enum Act {
    Reply,
    Fail(Failure),
    /// Says this much, and fails.
    Break(&'static str),
    /// Says this much, and then nothing for a day.
    Hang(&'static str),
}

#[async_trait]
impl Model for Acting {
    async fn ask(&self, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        self.asked.lock().unwrap().push((Instant::now(), request.tokens_max));
        let act = self.acts.lock().unwrap().remove(0);
        match act {
            Act::Reply => Ok(Reply { text: "yes".to_owned(), tokens_in: 7, tokens_out: 3, ..Reply::default() }),
            Act::Fail(failure) => Err(failure),
            Act::Break(text) => {
                told(text);
                Err(Failure::new("malformed", "it broke"))
            }
            Act::Hang(text) => {
                told(text);
                tokio::time::sleep(Duration::from_secs(86_400)).await;
                Err(Failure::new("timeout", "a day went by"))
            }
        }
    }
}

fn busy() -> Act {
    Act::Fail(Failure::new("rate_limit", "busy").retryable())
}

fn settings() -> Settings {
    Settings { price: Some(PRICE), ..Settings::default() }
}

fn acting(name: &str, acts: Vec<Act>, settings: Settings) -> (Named, &'static Mutex<Vec<(Instant, u32)>>) {
    let asked: &'static Mutex<Vec<(Instant, u32)>> = Box::leak(Box::default());
    (Named::new(name, Box::new(Acting { acts: Mutex::new(acts), asked }), settings), asked)
}

fn plenty() -> Usage {
    let (model_calls, tokens, money_micros, wall_us) = (10, 100_000, 1_000_000, 600_000_000);
    Usage::default().model_calls(model_calls).tokens(tokens).money_micros(money_micros).wall_us(wall_us)
}

async fn ask(models: &Models, name: &str, reserved: &Usage) -> (ModelOutcome, Usage) {
    ask_models(models, Some(name), &request(&Question::new("hi"), &[]), reserved).await
}

fn detail(outcome: &ModelOutcome) -> String {
    match outcome {
        ModelOutcome::Replied(reply) => format!("replied: {}", reply.text),
        ModelOutcome::Failed(fault) => {
            fault.detail.clone().or(fault.breach.clone().map(|breach| breach.limit)).unwrap()
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_asked_again_and_no_other_is() {
    let (main, asked) = acting("main", vec![busy(), busy(), Act::Reply], settings());
    let (locked, once) = acting("locked", vec![Act::Fail(Failure::new("auth", "no"))], settings());
    let models = Models::new([main, locked], None).unwrap();
    let (outcome, used) = ask(&models, "main", &plenty()).await;
    assert_eq!(detail(&outcome), "replied: yes");
    assert_eq!((used.model_calls, used.tokens, used.money_micros), (3, 10, 7 * 3 + 3 * 15));
    let times: Vec<_> = asked.lock().unwrap().windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(times[0] >= Duration::from_millis(250) && times[0] <= Duration::from_millis(500), "{times:?}");
    assert!(times[1] >= Duration::from_millis(500) && times[1] <= Duration::from_millis(1_000), "{times:?}");
    assert!(u128::from(used.wall_us) >= (times[0] + times[1]).as_micros());
    let (outcome, used) = ask(&models, "locked", &plenty()).await;
    assert_eq!((detail(&outcome).as_str(), used.model_calls, once.lock().unwrap().len()), ("auth", 1, 1));
}

#[tokio::test(start_paused = true)]
async fn attempts_have_an_end_and_then_others_are_asked_in_order() {
    let fallbacks = vec!["second".to_owned(), "third".to_owned()];
    let one = Settings { retries: 1, ..settings() };
    let (main, _) = acting("main", vec![busy(), busy()], Settings { fallbacks, ..one.clone() });
    let (second, asked) = acting("second", vec![busy(), busy()], one.clone());
    let (third, _) = acting("third", vec![Act::Reply], one.clone());
    let (alone, _) = acting("alone", vec![busy(), busy()], one);
    let models = Models::new([main, second, third, alone], None).unwrap();
    let (outcome, used) = ask(&models, "main", &plenty()).await;
    assert_eq!((detail(&outcome).as_str(), used.model_calls, asked.lock().unwrap().len()), ("replied: yes", 5, 2));
    let (outcome, used) = ask(&models, "alone", &plenty()).await;
    assert_eq!((detail(&outcome).as_str(), used.model_calls), ("rate_limit", 2));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_wants_more_than_a_minute_ends_the_asking_with_its_wish() {
    let after = |seconds| Failure {
        retry_after: Some(Duration::from_secs(seconds)),
        ..Failure::new("rate_limit", "busy").retryable()
    };
    let (main, asked) = acting("main", vec![Act::Fail(after(3_600))], settings());
    let (brief, _) = acting("brief", (0..3).map(|_| Act::Fail(after(5))).collect(), settings());
    let models = Models::new([main, brief], None).unwrap();
    let (none, question) = (BTreeMap::new(), Question::new("hi"));
    let long = ask_models_without(&models, Some("main"), &request(&question, &[]), &plenty(), &none).await;
    assert_eq!((long.retry_after, long.used.model_calls), (Some(Duration::from_secs(3_600)), 1));
    assert_eq!((asked.lock().unwrap().len(), long.tried.len()), (1, 1));
    let brief = ask_models_without(&models, Some("brief"), &request(&question, &[]), &plenty(), &none).await;
    assert_eq!((brief.retry_after, brief.used.model_calls), (None, 3), "its attempts are used up");
}

#[tokio::test]
async fn a_model_that_is_barred_is_not_asked_and_its_fallback_is() {
    let fallbacks = vec!["second".to_owned()];
    let (main, asked) = acting("main", vec![Act::Reply], Settings { fallbacks, ..settings() });
    let (second, _) = acting("second", vec![Act::Reply], settings());
    let models = Models::new([main, second], None).unwrap();
    let barred = BTreeMap::from([("main".to_owned(), Fault::new(Kind::Unavailable, "it rests"))]);
    let question = Question::new("hi");
    let came = ask_models_without(&models, Some("main"), &request(&question, &[]), &plenty(), &barred).await;
    assert_eq!((detail(&came.outcome).as_str(), asked.lock().unwrap().len()), ("replied: yes", 0));
    let tried: Vec<_> = came.tried.iter().map(|tried| (tried.model.as_str(), tried.fault.is_none())).collect();
    assert_eq!((models.chain(Some("main")).unwrap(), tried), (vec!["main", "second"], vec![("second", true)]));
    let both: BTreeMap<_, _> =
        ["main", "second"].map(|name| (name.to_owned(), Fault::new(Kind::Unavailable, name))).into();
    let came = ask_models_without(&models, Some("main"), &request(&question, &[]), &plenty(), &both).await;
    assert_eq!((came.used.model_calls, came.tried.len()), (0, 0));
    assert!(matches!(&came.outcome, ModelOutcome::Failed(fault) if fault.kind == Kind::Unavailable));
}

/// Each call was within its limit, and all together were 32 MB of state and as much in each entry of the journal.
#[tokio::test]
async fn the_arguments_of_all_calls_of_an_answer_have_a_limit_together() {
    let long = |bytes: usize| serde_json::json!({"query": "x".repeat(bytes)}).to_string();
    let answer = |count: usize, bytes: usize| {
        let function = serde_json::json!({"name": "web_search_2", "arguments": long(bytes)});
        let call = |index: usize| serde_json::json!({"index": index, "id": index.to_string(), "function": function});
        let delta = |index| serde_json::json!({"choices": [{"index": 0, "delta": {"tool_calls": [call(index)]}}]});
        let end = serde_json::json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
        let events = (0..count).map(delta).chain([end]);
        Answer::stream(&events.map(|event| format!("data: {event}\n\n")).collect::<String>())
    };
    let server = Server::start([answer(8, 100_000), answer(11, 100_000)]).await;
    let model = Named::new("main", Box::new(provider(Service::OpenAi, &server.url)), settings());
    let models = Models::new([model], None).unwrap();
    let (outcome, _) = ask(&models, "main", &plenty()).await;
    assert!(matches!(&outcome, ModelOutcome::Replied(reply) if reply.calls.len() == 8), "{outcome:?}");
    let (outcome, used) = ask(&models, "main", &plenty()).await;
    let ModelOutcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    let breach = fault.breach.as_deref().unwrap();
    assert_eq!((breach.limit.as_str(), breach.allowed, breach.used), ("arguments_bytes", 1 << 20, 11 * 100_012));
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some("too_large")));
    for part in ["\"main\"", "11 calls", "1100132 bytes", "1048576"] {
        assert!(fault.message.contains(part), "{fault}");
    }
    assert_eq!((used.model_calls, used.tokens > 0), (1, true), "it is paid, and not asked again: {used:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_beyond_what_was_set_aside() {
    let hang = || Act::Hang("half of an answer");
    // What is reserved, how often that is asked, and what comes of it.
    for (reserved, times, expected) in [
        (plenty().model_calls(0), 0, "model_calls"),
        (plenty().model_calls(1), 1, "timeout"),
        (plenty().wall_us(0), 0, "wall"),
        (plenty().wall_us(90_000_000), 2, "timeout"),
        (plenty().tokens(10), 0, "tokens"),
        (plenty().tokens(200), 2, "timeout"),
        (plenty().money_micros(50), 0, "money"),
        (plenty().money_micros(1_950), 2, "timeout"),
        (plenty(), 3, "timeout"),
    ] {
        let (main, asked) = acting("main", (0..9).map(|_| hang()).collect(), settings());
        let (other, never) = acting("other", vec![Act::Reply], settings());
        let models = Models::new([main, other], None).unwrap();
        let (outcome, used) = ask(&models, "main", &reserved).await;
        let asked = asked.lock().unwrap().clone();
        assert_eq!((detail(&outcome).as_str(), asked.len()), (expected, times), "{reserved:?}");
        assert!(never.lock().unwrap().is_empty());
        for (of, most) in [
            (used.model_calls, reserved.model_calls),
            (used.tokens, reserved.tokens),
            (used.money_micros, reserved.money_micros),
            (used.wall_us, reserved.wall_us),
        ] {
            assert!(of <= most, "{used:?} of {reserved:?}");
        }
        assert!(asked.iter().all(|(_, tokens)| u64::from(*tokens) <= reserved.tokens));
        assert_eq!(used.tokens > 0, times > 0, "a provider that began has worked");
    }
}

#[tokio::test(start_paused = true)]
async fn questions_wait_for_each_other() {
    let paced = Settings { requests_per_minute: Some(6), ..settings() };
    let (main, asked) = acting("main", vec![Act::Reply, Act::Reply, Act::Reply], paced);
    let models = Models::new([main], None).unwrap();
    let began = Instant::now();
    let usage = plenty();
    tokio::join!(ask(&models, "main", &usage), ask(&models, "main", &usage), ask(&models, "main", &usage));
    let times: Vec<_> = asked.lock().unwrap().iter().map(|(at, _)| (*at - began).as_secs()).collect();
    assert_eq!(times, [0, 10, 20]);
    // One at a time: while it hangs no other model is asked.
    let one = Settings { concurrency: 1, retries: 0, ..settings() };
    let (main, asked) = acting("main", vec![Act::Hang(""), Act::Reply], one);
    let models = Models::new([main], None).unwrap();
    let (first, second) = tokio::join!(ask(&models, "main", &usage), ask(&models, "main", &usage));
    assert_eq!((detail(&first.0).as_str(), detail(&second.0).as_str()), ("timeout", "replied: yes"));
    let asked = asked.lock().unwrap();
    assert_eq!(asked[1].0 - asked[0].0, Settings::default().timeout);
}

#[tokio::test]
async fn what_is_reserved_follows_from_the_question() {
    let question = Question::new("x".repeat(2_904));
    let (main, _) = acting("main", Vec::new(), Settings { retries: 1, ..settings() });
    let asked = Request { tokens_max: 2_000, ..request(&question, &[]) };
    let (wish, least) = main.price(&asked).unwrap();
    let (tokens, money_micros) = (1_000 + 2_000, 1_000 * 3 + 2_000 * 15);
    assert_eq!(wish, Usage::default().model_calls(2).tokens(tokens).money_micros(money_micros).wall_us(120_000_000));
    let (tokens, money_micros) = (1_000 + 256, 1_000 * 3 + 256 * 15);
    assert_eq!(least, Usage::default().model_calls(1).tokens(tokens).money_micros(money_micros).wall_us(1_000_000));
    let free = Settings { price: Some(Price::Free), retries: 0, ..Settings::default() };
    let (free, _) = acting("free", Vec::new(), free);
    assert_eq!(free.price(&asked).unwrap().0.money_micros, 0);
    let dear = Settings { fallbacks: vec!["main".to_owned()], ..free.settings().clone() };
    let (free, _) = acting("free", Vec::new(), dear);
    let models = Models::new([free, main], None).unwrap();
    let (all, _) = models.price(Some("free"), &asked).unwrap();
    assert_eq!((all.model_calls, all.tokens, all.money_micros), (3, wish.tokens, wish.money_micros));
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let (main, _) = acting("main", Vec::new(), Settings::default());
    let question = Question::new("hi");
    let fault = main.price(&request(&question, &[])).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("price")));
    assert_eq!(
        fault.message,
        "the model \"main\" has no price; write price = \"free\" or { input = \"$3.00\", output = \"$15.00\" }, for a \
         million tokens"
    );
    let (other, _) = acting("other", Vec::new(), Settings { images: false, ..settings() });
    let none = Request { tokens_max: 0, ..request(&question, &[]) };
    assert_eq!(other.price(&none).unwrap_err().detail.as_deref(), Some("tokens_max"));
    let image = |media_type: &str, data: &str| {
        let (media_type, data) = (media_type.to_owned(), data.to_owned());
        let content = vec![stockade_workflow::Part::Image { media_type, data }];
        Question { messages: vec![stockade_workflow::Message::User { content }], ..Question::default() }
    };
    let (seeing, _) = acting("seeing", Vec::new(), settings());
    for (model, media_type, data, says) in [
        (&other, "image/png", "AAAA", "takes no pictures"),
        (&seeing, "text/html", "AAAA", "is not the type of a picture"),
        (&seeing, "image/png", "no base64", "not in base64"),
    ] {
        let fault: Fault = model.price(&request(&image(media_type, data), &[])).unwrap_err();
        assert!(fault.message.contains(says) && fault.detail.as_deref() == Some("image"), "{fault}");
    }
    let fallbacks = vec!["other".to_owned()];
    let (seeing, _) = acting("seeing", vec![busy()], Settings { retries: 0, fallbacks, ..settings() });
    let models = Models::new([main, other, seeing], None).unwrap();
    // A fallback that does not take the question is skipped.
    let seen = image("image/png", "AAAA");
    assert_eq!(models.price(Some("seeing"), &request(&seen, &[])).unwrap().0.model_calls, 1);
    let (outcome, _) = ask_models(&models, Some("seeing"), &request(&seen, &[]), &plenty()).await;
    assert_eq!(detail(&outcome), "rate_limit");
    for (name, says) in [
        (
            Some("gpt"),
            "there is no model \"gpt\"; there are \"main\", \"other\", \"seeing\"; [model.gpt] with `provider` and `model`",
        ),
        (
            None,
            "no model is the default; name one, or set default = true at one; there are \"main\", \"other\", \"seeing\"",
        ),
    ] {
        let fault = models.get(name).err().unwrap();
        assert!(fault.kind == Kind::NotFound && fault.message.starts_with(says), "{fault}");
    }
    assert!(Models::default().get(None).err().unwrap().message.starts_with("there is no model; [model.main]"));
}

#[test]
fn models_fall_back_on_models() {
    for fallback in ["main", "gone"] {
        let fallbacks = vec![fallback.to_owned()];
        let (main, _) = acting("main", Vec::new(), Settings { fallbacks, ..settings() });
        let fault = Models::new([main], None).err().unwrap();
        assert!(fault.message.contains(&format!("cannot fall back on \"{fallback}\"")), "{fault}");
    }
    let (main, _) = acting("main", Vec::new(), settings());
    assert!(Models::new([main], Some("gone".to_owned())).is_err());
    let (main, _) = acting("main", Vec::new(), settings());
    let models = Models::new([main], None).unwrap();
    assert_eq!(models.get(None).unwrap().name(), "main", "an only model is the default");
    assert_eq!(models.tokens_max(&Question::new("hi")).unwrap(), 4_096);
    let short = Question { tokens_max: Some(5), ..Question::new("hi") };
    assert_eq!(models.tokens_max(&short).unwrap(), 5);
}

/// The same over real sockets.
#[tokio::test]
async fn a_busy_provider_is_asked_again_and_a_broken_one_is_not_alone() {
    let busy = Answer::status(429, "retry-after: 0\r\n", "{\"error\": {\"message\": \"slow down\"}}");
    let broken = Answer::status(500, "retry-after: 0\r\n", "");
    let text = Answer::stream(&sent("openai-text.sse"));
    let main = Server::start([busy, text.clone(), broken.clone(), broken]).await;
    let other = Server::start([Answer::stream(&sent("anthropic-text.sse"))]).await;
    let fallbacks = vec!["other".to_owned()];
    let one = Settings { retries: 1, ..settings() };
    let named = |name: &str, service, url: &str, settings| Named::new(name, Box::new(provider(service, url)), settings);
    let models = [
        named("main", Service::OpenAi, &main.url, Settings { fallbacks, ..one.clone() }),
        named("other", Service::Anthropic, &other.url, one),
    ];
    let models = Models::new(models, None).unwrap();
    let (outcome, used) = ask(&models, "main", &plenty()).await;
    assert_eq!(detail(&outcome), "replied: It is red.");
    assert_eq!((used.model_calls, used.tokens, used.money_micros), (2, 17, 12 * 3 + 5 * 15));
    let (outcome, used) = ask(&models, "main", &plenty()).await;
    let ModelOutcome::Replied(reply) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reply.model.as_str(), used.model_calls), ("claude-test-2026", 3));
    assert_eq!((main.asked().len(), other.asked().len()), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_said_something_is_paid_for() {
    let (main, _) = acting("main", vec![Act::Break(""), Act::Break("twelve bytes")], settings());
    let models = Models::new([main], None).unwrap();
    assert_eq!(ask(&models, "main", &plenty()).await.1.tokens, 0);
    let (_, used) = ask(&models, "main", &plenty()).await;
    assert_eq!((used.tokens, used.money_micros), (33 + 4, 33 * 3 + 4 * 15));
}

/// A connection that is cut in the midst of an answer has cost something.
#[tokio::test]
async fn half_an_answer_is_paid_for() {
    let half = sent("openai-text.sse");
    let server = Server::start([Answer::cut(&half[..half.len() / 2])]).await;
    let once = Settings { retries: 0, ..settings() };
    let models =
        Models::new([Named::new("main", Box::new(provider(Service::OpenAi, &server.url)), once)], None).unwrap();
    let (outcome, used) = ask(&models, "main", &plenty()).await;
    assert_eq!(detail(&outcome), "unavailable");
    assert!(used.tokens > 0 && used.money_micros > 0, "{used:?}");
    assert!(!format!("{outcome:?}").contains(KEY));
}

#[tokio::test(start_paused = true)]
async fn tasks_share_models() {
    let (main, _) = acting("main", (0..20).map(|_| Act::Reply).collect(), settings());
    let models = std::sync::Arc::new(Models::new([main], None).unwrap());
    let asking = (0..20).map(|_| {
        let models = std::sync::Arc::clone(&models);
        tokio::spawn(async move { detail(&ask(&models, "main", &plenty()).await.0) })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), "replied: yes");
    }
}

/// A server that said one token for three million bytes had them for that.
#[tokio::test]
async fn tokens_have_a_floor_that_follows_from_the_texts() {
    let text = "x".repeat(64 << 10);
    let stream =
        sent("openai-text.sse").replace("It is ", &text).replace("\"completion_tokens\":5", "\"completion_tokens\":1");
    let stream = stream.replace("\"prompt_tokens\":12", "\"prompt_tokens\":1");
    let server = Server::start([Answer::stream(&stream)]).await;
    let named = Named::new("main", Box::new(provider(Service::OpenAi, &server.url)), settings());
    let models = Models::new([named], None).unwrap();
    let question = Question::new("y".repeat(32 << 10));
    let (outcome, used) = ask_models(&models, None, &request(&question, &[]), &plenty()).await;
    let ModelOutcome::Replied(reply) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reply.tokens_in, reply.tokens_out), (4 << 10, 8 << 10));
    assert_eq!(used.tokens, reply.tokens_in + reply.tokens_out);
}
