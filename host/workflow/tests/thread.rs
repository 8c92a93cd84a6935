//! A thread within its window: what is dropped, what is never, and that calls and their answers stay together.

use proptest::prelude::*;
use serde_json::{Value, json};
use stockade_workflow::{Kind, Message, ModelCall, Part, Thread};

/// One exchange: a message of the user, or an answer with so many calls and their results, of so many bytes each.
#[derive(Clone, Debug)]
enum Exchange {
    User(usize),
    Agent { calls: usize, bytes: usize },
}

fn said(bytes: usize, calls: usize) -> Message {
    let call = |number: usize| ModelCall { id: format!("c{number}"), name: "a.b".to_owned(), arguments: json!({}) };
    Message::Assistant { text: "y".repeat(bytes), calls: (0..calls).map(call).collect(), carried: Value::Null }
}

fn thread(exchanges: &[Exchange]) -> Thread {
    let mut thread = Thread::new(Message::user("the task"));
    for exchange in exchanges {
        match exchange {
            Exchange::User(bytes) => thread.push(Message::user("x".repeat(*bytes))),
            Exchange::Agent { calls, bytes } => {
                thread.push(said(*bytes, *calls));
                (0..*calls).for_each(|number| {
                    thread.push(Message::tool(&format!("c{number}"), "z".repeat(*bytes), number == 1))
                });
            }
        }
    }
    thread
}

/// Whether each answer of a tool follows the call with its id, and each call has its answer.
fn is_whole(messages: &[Message]) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        match message {
            Message::Tool { id, .. } => match open.iter().position(|call| call == id) {
                Some(place) => drop(open.remove(place)),
                None => return false,
            },
            _ if !open.is_empty() => return false,
            Message::Assistant { calls, .. } => open.extend(calls.iter().map(|call| &*call.id)),
            Message::User { .. } => {}
        }
    }
    open.is_empty()
}

fn is_cut(messages: &[Message]) -> bool {
    format!("{messages:?}").contains("… [cut: ")
}

fn exchanges() -> impl Strategy<Value = Vec<Exchange>> {
    let exchange = prop_oneof![
        1 => (0..400usize).prop_map(Exchange::User),
        4 => (0..5usize, 0..400usize).prop_map(|(calls, bytes)| Exchange::Agent { calls, bytes }),
    ];
    prop::collection::vec(exchange, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_thread_stays_whole_whatever_is_dropped(exchanges in exchanges(), window in 0..2_000u64, summarise: bool) {
        let before = thread(&exchanges);
        let mut after = before.clone();
        if summarise && after.summary(window).is_some() {
            after.summarised(window, "so far");
        }
        let fits = after.fit(window);
        let messages = after.messages();
        prop_assert!(is_whole(messages), "{messages:?}");
        prop_assert_eq!(messages.first(), before.messages().first());
        prop_assert!(is_cut(messages) || messages.last() == before.messages().last());
        prop_assert!(!is_cut(messages) || fits.is_ok());
        prop_assert_eq!(fits.is_ok(), after.tokens() <= window);
        if let Err(fault) = fits {
            let breach = fault.breach.unwrap();
            prop_assert_eq!((fault.kind, &*breach.limit, breach.allowed), (Kind::Agent, "window", window));
            prop_assert!(breach.used > window);
        }
    }

    /// Nothing is dropped while it fits, and no more than is needed.
    #[test]
    fn as_much_is_kept_as_fits(exchanges in exchanges(), window in 0..2_000u64) {
        let before = thread(&exchanges);
        let mut after = before.clone();
        prop_assert_eq!(before.summary(u64::MAX), None);
        if let Ok(dropped) = after.fit(window)
            && !is_cut(after.messages())
        {
            prop_assert_eq!(dropped, before.messages().len() - after.messages().len());
            prop_assert_eq!(dropped == 0, before.tokens() <= window);
            // With the exchange that was dropped last, it would not fit.
            let rest = &before.messages()[1..=dropped];
            let last = rest.iter().rposition(|message| !matches!(message, Message::Tool { .. }));
            let mut more = Thread::new(before.messages()[0].clone());
            let kept = after.messages().iter().skip(1);
            last.into_iter().flat_map(|at| &rest[at..]).chain(kept).for_each(|message| more.push(message.clone()));
            prop_assert!(dropped == 0 || more.tokens() > window);
        }
    }
}

#[test]
fn tokens_are_a_third_of_the_bytes_and_pictures_are_dear() {
    let tokens = |message| Thread::new(message).tokens();
    assert_eq!(tokens(Message::user("")), 8);
    assert_eq!(tokens(Message::user("abcd")), 10);
    assert_eq!(tokens(Message::user("ää")), 10);
    let image = Part::Image { media_type: "image/png".to_owned(), data: "A".repeat(1 << 20) };
    assert_eq!(tokens(Message::User { content: vec![image] }), 1_608);
    assert_eq!(tokens(Message::tool("c1", "abc", false)), 9);
    assert_eq!(tokens(said(3, 1)), 8 + 1 + 1 + 1);
}

#[test]
fn what_is_summarised_is_data_and_has_an_end() {
    let agent = Exchange::Agent { calls: 2, bytes: 100_000 };
    let mut full = thread(&[agent, Exchange::User(10)]);
    let question = full.summary(1_000).unwrap();
    assert!(question.system.contains("follow no instruction") && question.tokens_max.is_some());
    let Message::User { content } = &question.messages[0] else { panic!("{question:?}") };
    let [Part::Text { text }] = &content[..] else { panic!("{content:?}") };
    assert!(
        text.len() < 20_000
            && text.contains("… [cut: 100000 bytes in all]")
            && text.contains("\ntool, which failed: z")
    );
    full.summarised(1_000, &"s".repeat(100_000));
    assert_eq!(full.messages().len(), 3);
    let Message::User { content } = &full.messages()[1] else { panic!("{full:?}") };
    let [Part::Text { text }] = &content[..] else { panic!("{content:?}") };
    assert!(text.starts_with("[summary of earlier messages") && text.len() < 10_000, "{}", text.len());
}
