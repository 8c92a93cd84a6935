//! Refunds that a payment server pays: a server of the tests' own on loopback, which checks every request to the letter
//! and treats its answers badly.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::{Budget, Builder, Code, Currency, Fault, Filter, Grant, Host, Kind, Limits, Outcome};
use stockade_tests::{Place, dist, input};

const KEY: &str = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";

/// What the server does after it has booked a refund.
#[derive(Clone, Copy)]
enum Manner {
    /// Answers.
    Answers,
    /// Closes the connection without a word.
    Drops,
    /// Says nothing until the other side gives up.
    Delays,
    /// Answers twice.
    Repeats,
    /// Says that it failed.
    Fails,
    /// Breaks off in the middle of its JSON.
    Stutters,
    /// Closes the connection in the middle of its answer.
    Breaks,
    /// Refuses, and repeats the key that it was given. Books nothing.
    Refuses,
}

/// A server for refunds, which are booked once for an idempotency key.
#[derive(Clone, Default)]
struct Stripe {
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    manners: VecDeque<Manner>,
    /// By idempotency key: what was asked for, and what it was called.
    refunds: BTreeMap<String, (String, String)>,
    /// The keys of all requests, in order.
    keys: Vec<String>,
    /// What was wrong with them.
    complaints: Vec<String>,
}

impl Stripe {
    /// Starts it, with how it is to treat its requests, one by one; further ones it answers.
    fn start(manners: &[Manner]) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (server, port) = (Self::default(), listener.local_addr().unwrap().port());
        server.books.lock().unwrap().manners.extend(manners);
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream.unwrap(), port));
            }
        });
        (server, port)
    }

    fn serve(&self, mut stream: TcpStream, port: u16) {
        let Some((head, body)) = read(&mut stream) else { return };
        let (manner, answer) = self.book(&head, &body, port);
        match manner {
            Manner::Drops => {}
            Manner::Delays => drop(stream.read(&mut [0])),
            Manner::Repeats => {
                say(&mut stream, 200, &answer).and_then(|()| say(&mut stream, 200, &answer)).unwrap_or(())
            }
            Manner::Fails => say(&mut stream, 500, "oh").unwrap_or(()),
            Manner::Stutters => say(&mut stream, 200, &answer[..answer.len() / 2]).unwrap_or(()),
            Manner::Breaks => {
                let _ = write!(stream, "HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n{}", answer.len(), &answer[..9]);
            }
            Manner::Refuses => say(&mut stream, 402, &answer).unwrap_or(()),
            Manner::Answers => say(&mut stream, 200, &answer).unwrap_or(()),
        }
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn book(&self, head: &str, body: &str, port: u16) -> (Manner, String) {
        let books = &mut *self.books.lock().unwrap();
        let key = header(head, "idempotency-key").to_owned();
        // All of it: nothing is missing, and there is nothing that does not belong.
        let expected = format!(
            "POST /v1/refunds HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {KEY}\r\n\
             content-type: application/x-www-form-urlencoded\r\nidempotency-key: {key}\r\ncontent-length: {}\r\n\
             connection: close\r\naccept-encoding: identity",
            body.len()
        );
        if head != expected || body != "amount=7900&metadata%5Buser_id%5D=user_789" || key.is_empty() {
            books.complaints.push(format!("{head}\r\n\r\n{body}"));
        }
        books.keys.push(key.clone());
        let manner = books.manners.pop_front().unwrap_or(Manner::Answers);
        if let Manner::Refuses = manner {
            let message = format!("no funds for {}", header(head, "authorization"));
            return (manner, json!({"error": {"message": message}}).to_string());
        }
        let next = format!("re_{}", books.refunds.len() + 1);
        let (asked, id) = books.refunds.entry(key).or_insert_with(|| (body.to_owned(), next));
        assert_eq!(asked, body, "one key for two refunds");
        (manner, json!({"id": id, "object": "refund", "amount": 7900, "status": "succeeded"}).to_string())
    }

    /// Returns how many refunds there are, of how many requests; all were well-formed.
    fn paid(&self) -> (usize, usize) {
        let books = self.books.lock().unwrap();
        assert_eq!(books.complaints, [""; 0]);
        assert!(books.keys.windows(2).all(|keys| keys[0] == keys[1]), "{:?}", books.keys);
        (books.refunds.len(), books.keys.len())
    }
}

fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut got, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        got.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        if let Some((head, body)) = got.split_once("\r\n\r\n")
            && body.len() >= header(head, "content-length").parse().unwrap()
        {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

fn say(stream: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A host of the refund workflow whose payments go where these grants say.
fn host_with(place: &Place, grants: &[Grant]) -> Builder {
    tools(place, grants).idempotent("payments")
}

/// The same, but that nothing is said of whether a payment may be repeated.
fn tools(place: &Place, grants: &[Grant]) -> Builder {
    let shop = Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    let bare = place.bare();
    bare.tool("purchases", dist("purchases"), [shop])
        .tool("policy", dist("policy"), [])
        .tool("letters", dist("letters"), [])
        .tool("payments", dist("stripe"), grants.to_vec())
}

/// The same, with a server on that port.
fn host(place: &Place, port: u16) -> Builder {
    host_with(place, &grants(port)).secret("stripe-key", KEY)
}

fn grants(port: u16) -> [Grant; 3] {
    [
        Grant::http(format!("POST http://127.0.0.1:{port}/v1/refunds")).addresses(["127.0.0.1"]),
        Grant::secret("stripe-key", "127.0.0.1", "authorization"),
        Grant::config("endpoint", format!("http://127.0.0.1:{port}")),
    ]
}

async fn refund(host: &Host) -> Outcome {
    host.start("refund", input("user_789"), Budget::default()).await.unwrap().settled().await.unwrap()
}

/// Why it is not known whether the only call in doubt happened.
fn in_doubt(outcome: Outcome) -> Fault {
    let Outcome::InDoubt(doubts) = outcome else { panic!("{outcome}") };
    let [doubt] = doubts.as_slice() else { panic!("{doubts:?}") };
    doubt.error.clone()
}

fn reference(outcome: Outcome) -> Value {
    let Outcome::Done(output) = outcome else { panic!("{outcome}") };
    assert_eq!(output["refunded"], "$79.00");
    output["reference"].clone()
}

#[tokio::test]
async fn a_refund_is_paid_by_the_server() {
    let (server, port) = Stripe::start(&[]);
    let place = Place::new();
    let host = host(&place, port).build().await.unwrap();
    assert_eq!(reference(refund(&host).await), "re_1");
    assert_eq!(server.paid(), (1, 1));
    let run = host.runs(&Filter::default()).await.unwrap()[0].run_id;
    let journal = serde_json::to_string(&host.entries(run).await.unwrap()).unwrap();
    assert!(journal.contains("re_1"), "this is where it would be");
    assert!(!journal.contains(KEY), "the key is in the journal");
}

/// The money has left; only the answer got lost, or nothing could be made of it.
#[tokio::test]
async fn a_refund_is_paid_once_however_its_answer_is_treated() {
    for (manners, requests) in [
        (&[Manner::Drops][..], 2),
        (&[Manner::Fails], 2),
        (&[Manner::Stutters], 2),
        (&[Manner::Repeats], 1),
        (&[Manner::Drops, Manner::Fails], 3),
    ] {
        let (server, port) = Stripe::start(manners);
        let place = Place::new();
        assert_eq!(reference(refund(&host(&place, port).build().await.unwrap()).await), "re_1");
        assert_eq!(server.paid(), (1, requests));
    }
}

/// An answer that comes after the deadline: the run is suspended, a person gives it more time, and under the same key
/// it gets the answer to the same refund.
#[tokio::test]
async fn a_refund_is_paid_once_although_its_answer_came_too_late() {
    let (server, port) = Stripe::start(&[Manner::Delays]);
    let place = Place::new();
    let host = host(&place, port).build().await.unwrap();
    let second = 1_000_000;
    let budget = Budget::default().with(Currency::Wall, second);
    let run = host.start("refund", input("user_789"), budget).await.unwrap();
    let (id, mut outcome, mut times) = (run.id(), run.settled().await.unwrap(), 0);
    while let Outcome::Suspended(_) = outcome {
        let more = Budget::NONE.with(Currency::Wall, second);
        outcome = host.extend(id, more).await.unwrap().settled().await.unwrap();
        times += 1;
    }
    assert_eq!(reference(outcome), "re_1");
    assert!(times >= 1 && server.paid() == (1, 2), "{times} {:?}", server.paid());
}

/// A payment that was stopped at the limit of a single call may have been made: the run must not say that it failed.
#[tokio::test]
async fn a_refund_that_was_stopped_on_its_way_is_unknown() {
    let (server, port) = Stripe::start(&[Manner::Delays]);
    let place = Place::new();
    let limits = Limits::default().deadline(Duration::from_millis(500));
    let host = host(&place, port).limits(limits).build().await.unwrap();
    let fault = in_doubt(refund(&host).await);
    assert_eq!(fault.kind, Kind::UnknownOutcome, "{fault}");
    assert_eq!(server.paid().0, 1);
}

/// A server that does not recover: the tool gives up, and says that the money may have left.
#[tokio::test]
async fn a_server_that_keeps_failing_is_not_asked_for_ever() {
    let (server, port) = Stripe::start(&[Manner::Fails; 9]);
    let place = Place::new();
    let fault = in_doubt(refund(&host(&place, port).build().await.unwrap()).await);
    assert_eq!(fault.kind, Kind::UnknownOutcome);
    let expected =
        "was answered with status 500; the tool said: the payment server gave no usable answer in 3 attempts";
    assert!(fault.message.contains(expected) && server.paid() == (1, 3), "{fault}");
}

/// A server that books, begins to say so, and never says all of it.
#[tokio::test]
async fn a_refund_whose_answers_break_off_is_unknown() {
    let (server, port) = Stripe::start(&[Manner::Breaks; 9]);
    let place = Place::new();
    let fault = in_doubt(refund(&host(&place, port).build().await.unwrap()).await);
    assert_eq!(fault.kind, Kind::UnknownOutcome, "{fault}");
    assert!(fault.message.contains("the answer to POST to 127.0.0.1") && server.paid() == (1, 3), "{fault}");
}

/// The same refund wanted again, as an agent does after an error: it was booked a second time, under a new key.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_after_an_unknown_outcome_is_the_same_call_or_is_not_made() {
    const TWICE: &str = "const refund = {user_id: 'user_789', amount_cents: 7900}; let said = ''; \
                         try { await payments.refund(refund) } catch (error) { said = error.message } \
                         try { return [said, (await payments.refund(refund)).reference] } catch (error) { return [said, error.message] }";
    for is_idempotent in [true, false] {
        let (server, port) = Stripe::start(&[Manner::Drops, Manner::Fails, Manner::Fails]);
        let place = Place::new();
        let builder = tools(&place, &grants(port)).secret("stripe-key", KEY);
        let builder = if is_idempotent { builder.idempotent("payments") } else { builder };
        let host = builder.built_in_languages().scratch(place.path("")).build().await.unwrap();
        let code = Code::new("javascript", TWICE).tools(["payments"]);
        let outcome = host.exec(code, Budget::default().fuel(1 << 40)).await.unwrap().settled().await.unwrap();
        let Outcome::Done(said) = outcome else { panic!("{outcome}") };
        assert!(said[0].as_str().unwrap().contains("was sent and not answered"), "{said}");
        if is_idempotent {
            assert_eq!((&said[1], server.paid()), (&json!("re_1"), (1, 4)));
        } else {
            let refused = said[1].as_str().unwrap();
            assert!(refused.contains("code/0") && refused.contains("idempotent = true"), "{said}");
            assert_eq!(server.paid(), (1, 3));
        }
    }
}

/// A clear refusal of what was repeated under one key says what became of it.
#[tokio::test]
async fn a_refusal_after_a_lost_answer_is_no_unknown_outcome() {
    let (server, port) = Stripe::start(&[Manner::Drops, Manner::Refuses]);
    let place = Place::new();
    let Outcome::Failed(fault) = refund(&host(&place, port).build().await.unwrap()).await else { panic!() };
    assert_eq!((fault.kind, server.paid()), (Kind::GuestError, (1, 2)), "{fault}");
}

/// The server's words reach the journal and the caller; the key, which is among them, does not.
#[tokio::test]
async fn a_refusal_is_final_and_gives_nothing_away() {
    let (server, port) = Stripe::start(&[Manner::Refuses]);
    let place = Place::new();
    let Outcome::Failed(fault) = refund(&host(&place, port).build().await.unwrap()).await else { panic!() };
    assert!(fault.message.contains("refused with status 402: no funds for Bearer stockade-secret-"), "{fault}");
    assert!(!fault.message.contains(KEY) && server.paid() == (0, 1), "{fault}");
}

#[tokio::test]
async fn a_server_that_is_not_granted_is_not_asked() {
    let (server, port) = Stripe::start(&[]);
    let place = Place::new();
    let [http, secret, config] = grants(port);
    let elsewhere = Grant::http(format!("POST http://127.0.0.1:{port}/v1/charges")).addresses(["127.0.0.1"]);
    for (granted, expected) in [
        ([config.clone(), secret.clone(), elsewhere], format!("http \"POST http://127.0.0.1:{port}/v1/refunds\"")),
        ([config, http.clone(), http], "secret \"stripe-key\"".into()),
    ] {
        let host = host_with(&place, &granted).secret("stripe-key", KEY).build().await.unwrap();
        let Outcome::Failed(fault) = refund(&host).await else { panic!() };
        let expected = format!("tool \"payments\" asked for {expected}, which is not granted");
        assert!(fault.kind == Kind::Denied && fault.message.contains(&expected), "{fault}");
    }
    let Err(fault) = host_with(&place, &[secret]).build().await else { panic!() };
    assert!(fault.message.contains("secret \"stripe-key\" to tool \"payments\": no value is stored"), "{fault}");
    assert_eq!(server.paid(), (0, 0));
}
