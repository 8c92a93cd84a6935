//! What a person may decide, and when a decision is taken: only while the run can go on with it.

use serde_json::{Value, json};
use stockade::{
    Approval, Budget, Change, Config, Decision, Digest, EffectKind, Entry, Fault, Host, Kind, Message, Outcome, RunId,
    Verdict,
};
use stockade_tests::{Place, decide, input};

/// The refund that the agent of these tests wants, of so many cents.
fn refund(cents: &str) -> String {
    format!("{{ name = \"payments.refund\", arguments = {{ user_id = \"user_789\", amount_cents = {cents} }} }}")
}

/// A script in which each answer but the last wants these refunds.
fn script(turns: &[&str]) -> String {
    let turn = |(number, cents): (usize, &&str)| {
        format!("[[answer]]\nwhen = {{ turn = {} }}\nreply = {{ calls = [{}] }}\n", number + 1, refund(cents))
    };
    let last = format!("[[answer]]\nwhen = {{ turn = {} }}\nreply = {{ text = \"done\" }}\n", turns.len() + 1);
    turns.iter().enumerate().map(turn).collect::<String>() + &last
}

const DESK: &str = "tools = [\"purchases\", \"payments\"]\nask = [\"payments\"]\n";

/// What a host is configured with: a scripted model of this name, and the agent "desk", which asks it.
fn config(place: &Place, model: &str, desk: &str) -> Config {
    let file = place.path("replies.toml");
    let text = format!(
        "[model.{model}]\nprovider = \"scripted\"\nfile = {file:?}\nprice = \"free\"\n\
         [workflow.desk]\npattern = \"react\"\nmodel = {model:?}\n{desk}"
    );
    Config::parse(&text).unwrap()
}

async fn host(place: &Place, config: &Config) -> Host {
    let builder = place.host().built_in_languages().scratch(place.path(""));
    builder.configured(config).unwrap().build().await.unwrap()
}

/// A place whose agent wants these refunds one after the other.
fn place(turns: &[&str]) -> Place {
    let place = Place::new();
    place.write("replies.toml", script(turns));
    place
}

async fn start(host: &Host) -> (RunId, Approval) {
    let run = host.start("desk", json!({"task": "refund it"}), Budget::default()).await.unwrap();
    let id = run.id();
    (id, waiting(run.settled().await.unwrap()))
}

fn waiting(outcome: Outcome) -> Approval {
    match outcome {
        Outcome::Waiting(approval) => *approval,
        other => panic!("{other}"),
    }
}

async fn settled(host: &Host, run: RunId, decision: Decision) -> Outcome {
    decide(host, run, decision).await.unwrap().settled().await.unwrap()
}

async fn refused(host: &Host, run: RunId, decision: Decision) -> Fault {
    decide(host, run, decision).await.err().unwrap()
}

/// What the model was told of its calls, in the last question.
async fn told(host: &Host, run: RunId) -> Vec<String> {
    let state = host.state(run).await.unwrap();
    let asked = (1..).map_while(|turn| state.effect(&format!("turn-{turn}"))).last();
    let Some(EffectKind::AskModel(question)) = asked.map(|effect| &effect.kind) else { panic!("{state:?}") };
    let tool = |message: &Message| match message {
        Message::Tool { content, .. } => Some(content.clone()),
        _ => None,
    };
    question.messages.iter().filter_map(tool).collect()
}

fn amounts(place: &Place) -> Vec<u64> {
    let shop = place.shop();
    let mut select = shop.prepare("SELECT amount_cents FROM refunds ORDER BY id").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Each of these was seen: the money was booked and then the run failed, or the yes was used up and no call was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_stays_unused_while_the_run_could_not_go_on() {
    let changes = [
        ("renamed", DESK, "there is no model \"demo\""),
        ("demo", "tools = [\"purchases\", \"payments\"]\ncode = \"javascript\"\n", "\"code\" was added"),
        ("demo", "tools = [\"purchases\", \"payments\"]\n", "\"ask\" no longer has \"payments\""),
        ("demo", "tools = [\"purchases\"]\n", "\"tools\" no longer has \"payments\""),
        ("demo", &format!("{DESK}remember = {{ namespace = {{}} }}\n"), "\"remember\" was added"),
    ];
    for (model, desk, why) in changes {
        let place = place(&["7900"]);
        let before = config(&place, "demo", DESK);
        let (run, asked) = start(&host(&place, &before).await).await;
        let changed = host(&place, &config(&place, model, desk)).await;
        let entries = changed.entries(run).await.unwrap();
        let refused = refused(&changed, run, Decision::approve("dana")).await;
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Conflict, Some("changed")), "{why}: {refused}");
        assert!(refused.message.contains(why) && refused.message.contains("stays open"), "{why}: {refused}");
        assert_eq!(changed.entries(run).await.unwrap(), entries, "{why}");
        assert_eq!((place.refunds().len(), changed.question(run, None).await.unwrap()), (0, asked), "{why}");
        // Once that is undone, the same question takes a yes.
        let outcome = settled(&host(&place, &before).await, run, Decision::approve("dana")).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{why}: {outcome}");
        assert_eq!(amounts(&place), [7_900], "{why}");
    }
}

/// What changes nothing for the run does not keep it: it goes on with what it began with.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_taken_under_a_setup_in_which_the_run_can_go_on() {
    let place = place(&["7900"]);
    let (run, _) = start(&host(&place, &config(&place, "demo", DESK)).await).await;
    let changed = host(&place, &config(&place, "demo", &format!("{DESK}system = \"Be kind.\"\nsteps_max = 3\n"))).await;
    let outcome = settled(&changed, run, Decision::approve("dana")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    assert_eq!(amounts(&place), [7_900]);
}

/// A no needs nothing, so that a run that cannot go on can be ended by one.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_taken_although_the_run_cannot_go_on() {
    let place = place(&["7900"]);
    let (run, _) = start(&host(&place, &config(&place, "demo", DESK)).await).await;
    let outcome = settled(&host(&place, &config(&place, "renamed", DESK)).await, run, Decision::deny("dana")).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome}");
    assert_eq!(place.refunds().len(), 0);
}

/// A journal of before has no digest of the workflow; what can be checked without it is checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_an_older_journal_is_checked_as_far_as_it_can_be() {
    let place = place(&["7900"]);
    let before = config(&place, "demo", DESK);
    let whole = host(&place, &before).await;
    let (run, _) = start(&whole).await;
    let old: Vec<Entry> = whole.entries(run).await.unwrap().into_iter().map(without_digest).collect();
    drop(whole);
    place.clear();
    place.journal_of(&old).await;
    let removed = host(&place, &config(&place, "demo", "tools = [\"purchases\"]\n")).await;
    assert_eq!(refused(&removed, run, Decision::approve("dana")).await.detail.as_deref(), Some("changed"));
    drop(removed);
    let outcome = settled(&host(&place, &before).await, run, Decision::approve("dana")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
}

fn without_digest(mut entry: Entry) -> Entry {
    if let Change::Asked { approval, .. } = &mut entry.change {
        approval.workflow = None;
        approval.decisions = Vec::new();
    }
    entry
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_holds_for_the_same_call_in_the_run_and_a_variant_shows_it() {
    let place = place(&["7900", "7900.0", "4900"]);
    let host = host(&place, &config(&place, "demo", DESK)).await;
    let (run, asked) = start(&host).await;
    assert_eq!(asked.notes, Vec::<String>::new());
    let no = Decision::deny("dana").comment(Some("bought twice".to_owned()));
    let variant = waiting(settled(&host, run, no).await);
    assert_eq!(variant.key, "turn-3/ask-1", "the same call was not asked about again");
    let said = "\"dana\" denied payments.refund {\"amount_cents\":7900,\"user_id\":\"user_789\"} before (\"turn-1/ask-1\"), saying: bought twice";
    assert_eq!(variant.notes, [said]);
    let state = host.state(run).await.unwrap();
    let held = state.approval("turn-2/ask-1").unwrap().decision.clone().unwrap();
    assert_eq!(
        (held.by.as_str(), held.verdict, held.repeats.as_deref()),
        ("dana", Verdict::Denied, Some("turn-1/ask-1"))
    );
    let outcome = settled(&host, run, Decision::deny("eve")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    let told = told(&host, run).await;
    assert!(told[1].contains("said no to this very call before, saying: bought twice"), "{told:?}");
    assert_eq!(place.refunds().len(), 0);
}

/// The same refund was asked for and paid three times.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_approved_and_made_says_so_when_it_is_wanted_again() {
    let place = place(&["7900", "7900"]);
    let host = host(&place, &config(&place, "demo", DESK)).await;
    let (run, _) = start(&host).await;
    let again = waiting(settled(&host, run, Decision::approve("dana")).await);
    assert_eq!(
        again.notes,
        ["\"dana\" approved this very call before (\"turn-1/ask-1\"), and it was made (\"turn-1/call-1\")"]
    );
    // What a person was told is part of what was seen.
    assert_ne!(again.digest(), Approval { notes: Vec::new(), ..again.clone() }.digest());
    settled(&host, run, Decision::deny("dana")).await;
    assert_eq!(amounts(&place), [7_900]);
}

fn cents(cents: u64) -> Value {
    json!({"user_id": "user_789", "amount_cents": cents})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_call_is_made_with_the_arguments_of_the_person_and_the_model_is_told() {
    let place = place(&["7900"]);
    let host = host(&place, &config(&place, "demo", DESK)).await;
    let (run, asked) = start(&host).await;
    assert_eq!(asked.allowed(), Verdict::ALL);
    let edit = Decision::edit("dana", cents(4_900)).comment(Some("half of it".to_owned()));
    let outcome = settled(&host, run, edit).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    assert_eq!(amounts(&place), [4_900]);
    let told = told(&host, run).await;
    for part in ["\"dana\" changed the arguments", "\"amount_cents\":4900", "saying: half of it"] {
        assert!(told[0].contains(part), "{told:?}");
    }
    let approval = host.state(run).await.unwrap().approval("turn-1/ask-1").unwrap().clone();
    assert_eq!(approval.binding().call, approval.decided_call().digest());
    assert_ne!(approval.binding().call, approval.bound_to.call);
    assert_eq!(approval.consumed_by.as_deref(), Some("turn-1/call-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_may_not_be_called_is_refused_and_the_run_waits_on() {
    let place = place(&["7900", "4900"]);
    let host = host(&place, &config(&place, "demo", DESK)).await;
    let (run, _) = start(&host).await;
    waiting(settled(&host, run, Decision::deny("dana")).await);
    for (arguments, why) in [
        (json!([1]), "not a JSON object"),
        (json!({"user_id": "user_789"}), "do not fit payments.refund"),
        (json!({"user_id": "user_789", "amount_cents": "4900"}), "do not fit payments.refund"),
        (cents(7_900), "\"dana\" denied the edited call before"),
    ] {
        let refused = refused(&host, run, Decision::edit("eve", arguments)).await;
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("decision")), "{refused}");
        assert!(refused.message.contains(why), "{refused}");
    }
    assert_eq!(host.state(run).await.unwrap().open_approval().unwrap().key, "turn-2/ask-1");
    settled(&host, run, Decision::edit("eve", cents(1_900))).await;
    assert_eq!(amounts(&place), [1_900]);
}

/// A function has a short name and a full one, and a model may call it by either.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_checked_by_whichever_name_the_function_is_called() {
    let place = Place::new();
    place.write("replies.toml", script(&["7900"]).replace("payments.refund", FULL_NAME));
    let host = host(&place, &config(&place, "demo", DESK)).await;
    let (run, asked) = start(&host).await;
    assert_eq!(format!("{}.{}", asked.call.tool, asked.call.function), FULL_NAME);
    let refused = refused(&host, run, Decision::edit("eve", json!({"user_id": "user_789"}))).await;
    assert!(refused.message.contains("do not fit"), "{refused}");
    settled(&host, run, Decision::edit("eve", cents(1_900))).await;
    assert_eq!(amounts(&place), [1_900]);
}

const FULL_NAME: &str = "payments.stockade:payments/payments@0.1.0.refund";

#[tokio::test(flavor = "multi_thread")]
async fn a_response_answers_the_call_in_the_tools_place() {
    let place = place(&["7900"]);
    let host = host(&place, &config(&place, "demo", DESK)).await;
    let (run, _) = start(&host).await;
    let empty = refused(&host, run, Decision::respond("dana", " ")).await;
    assert_eq!(empty.detail.as_deref(), Some("decision"), "{empty}");
    let outcome = settled(&host, run, Decision::respond("dana", "it was refunded on Monday")).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    let told = told(&host, run).await;
    assert!(told[0].contains("\"dana\" answers in place of the tool]\nit was refunded on Monday"), "{told:?}");
    assert_eq!(place.refunds().len(), 0);
}

#[tokio::test]
async fn a_question_takes_no_decision_that_its_workflow_does_not_understand() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let id = run.id();
    let asked = waiting(run.settled().await.unwrap());
    assert_eq!(asked.allowed(), Verdict::YES_OR_NO);
    let edit = Decision::edit("dana", json!({"user_id": "user_123", "amount_cents": 1}));
    for decision in [edit, Decision::respond("dana", "no need"), Decision::approve("stockade")] {
        let refused = refused(&host, id, decision).await;
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("decision")), "{refused}");
    }
    assert_eq!(host.question(id, None).await.unwrap(), asked);
}

/// Whatever record was the last, the run ends as if nothing had happened, and the edited call is made once.
#[tokio::test(flavor = "multi_thread")]
async fn an_edited_call_is_made_once_when_cut_after_any_record() {
    let place = place(&["7900", "7900"]);
    let config = config(&place, "demo", DESK);
    let edits = async |host: &Host, run: RunId| {
        let mut outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        while let Outcome::Waiting(asked) = outcome {
            let decision = match asked.key.as_str() {
                "turn-1/ask-1" => Decision::edit("dana", cents(4_900)),
                _ => Decision::deny("dana"),
            };
            outcome = settled(host, run, decision).await;
        }
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
    };
    let whole = host(&place, &config).await;
    let (run, _) = start(&whole).await;
    edits(&whole, run).await;
    let entries = whole.entries(run).await.unwrap();
    drop(whole);
    for cut in 1..entries.len() {
        place.clear();
        let host = host(&place, &config).await;
        place.journal_of(&entries[..cut]).await;
        edits(&host, run).await;
        // What was booked before the cut is gone with the shop; the call has one key.
        assert!(place.refunds().iter().all(|key| *key == format!("{run}/turn-1/call-1")), "cut after {cut}");
        assert!(amounts(&place).iter().all(|cents| *cents == 4_900), "cut after {cut}");
    }
}

#[test]
fn the_binary_edits_and_responds() {
    let place = place(&["7900", "5900"]);
    let file = place.path("replies.toml");
    place.write("stockade.toml", format!("[model.demo]\nprovider = \"scripted\"\nfile = {file:?}\n"));
    let asked = place.json(&["agent", "refund both", "--tool", "payments"]);
    let run = asked.run();
    let question = |answer: &stockade_tests::Answer, number: usize| answer.json["approvals"][number].clone();
    assert_eq!(question(&asked, 0)["decisions"], json!(["approved", "denied", "edited", "responded"]));
    let shown = place.call(&["approvals"]).stdout;
    assert!(shown.contains("stockade edit") || shown.contains(" edit "), "{shown}");
    let seen: Digest = question(&asked, 0)["digest"].as_str().unwrap().parse().unwrap();
    let key = "turn-1/ask-1";
    let wrong = place.json(&["edit", &run, key, "--input", "{\"user_id\": 7}", "--by", "dana"]);
    assert_eq!((wrong.exit, &wrong.json["error"]["detail"]), (Some(2), &json!("decision")), "{wrong:#?}");
    let edited =
        place.json(&["edit", &run, key, "--seen", seen.short(), "--input", &cents(4_900).to_string(), "--by", "dana"]);
    assert_eq!(edited.exit, Some(3), "{edited:#?}");
    assert_eq!(question(&edited, 0)["decision"]["arguments"]["amount_cents"], 4_900);
    let done = place.json(&["respond", &run, "turn-2/ask-1", "--text", "it was paid", "--by", "dana"]);
    assert_eq!(done.exit, Some(0), "{done:#?}");
    assert_eq!(question(&done, 1)["decision"]["response"], "it was paid");
    assert_eq!(amounts(&place), [4_900]);
    let shown = place.call(&["show", &run]).stdout;
    assert!(shown.contains("edited by dana") && shown.contains("answered by dana"), "{shown}");
}
