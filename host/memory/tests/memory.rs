//! The long-term memory, as the host uses it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use stockade_memory::{
    DOCUMENT_BYTES_MAX, Embed, Embedded, Forget, LIMIT_MAX, Lexical, LongTerm, New, Page, QUERY_BYTES_MAX, Result,
    Search, TEXT_BYTES_MAX, Vector,
};
use stockade_workflow::{Hint, Kind, Label, Memory, Namespace, NewMemory, Query, Remembered, RunId};

use crate::home::Home;

/// An embedding of three numbers that sees three words.
struct Tiny(&'static str);

#[async_trait::async_trait]
impl Embed for Tiny {
    fn name(&self) -> &str {
        self.0
    }

    async fn embed(&self, texts: &[String]) -> Result<Embedded> {
        let number = |text: &str, word| if text.contains(word) { 1.0 } else { 0.0 };
        let vectors = texts.iter().map(|text| ["cat", "dog", "pay"].map(|word| number(text, word)).to_vec());
        Ok(Embedded { vectors: vectors.collect(), tokens: 7 })
    }
}

async fn lexical(home: &Home) -> LongTerm {
    LongTerm::open(home.archive().await, Arc::new(Lexical), 0).await.unwrap()
}

fn of(user: &str) -> Namespace {
    Namespace { user: user.to_owned(), ..Namespace::default() }
}

fn note(user: &str, text: &str) -> NewMemory {
    NewMemory { namespace: of(user), text: text.to_owned(), ..NewMemory::default() }
}

async fn keep(memory: &LongTerm, note: NewMemory) -> Remembered {
    memory.remember(&note, None, 1, &[]).await.unwrap().value
}

async fn recall_at(memory: &LongTerm, user: &str, text: &str, now_ms: u64) -> Vec<Memory> {
    let query = Query { namespace: of(user), text: text.to_owned(), limit: 5 };
    memory.recall(&query, now_ms).await.unwrap().value
}

async fn recall(memory: &LongTerm, user: &str, text: &str) -> Vec<String> {
    recall_at(memory, user, text, 1).await.into_iter().map(|memory| memory.text).collect()
}

fn run() -> RunId {
    uuid::Uuid::now_v7().into()
}

async fn what_was_kept_is_found_with_all_that_belongs_to_it_after_reopening(home: &Home) {
    let (writer, labels) = (run(), BTreeSet::from([Label::Untrusted]));
    let text = "Dana prefers e-mail over the telephone";
    let kept = NewMemory { source: Some("mail 7".into()), labels: labels.clone(), ..note("a", text) };
    let memory = lexical(home).await;
    let remembered = memory.remember(&kept, Some((writer, "note.1".into())), 42, &[]).await.unwrap();
    assert_eq!((remembered.value, remembered.tokens), (Remembered::Kept(1), 0));
    drop(memory);
    let found = recall_at(&lexical(home).await, "a", "how to reach Dana by e-mail", 50).await;
    let expected = Memory {
        id: 1,
        text: text.into(),
        source: Some("mail 7".into()),
        labels,
        written_by: Some((writer, "note.1".into())),
        at_ms: 42,
        score: found.first().map_or(0, |memory| memory.score),
    };
    assert!(expected.score > 600_000, "{}", expected.score);
    assert_eq!(found, [expected]);
}

async fn a_namespace_sees_itself_and_nothing_else(home: &Home) {
    let memory = lexical(home).await;
    // More of another's than any ranking takes, all nearer than the one that is asked for.
    for number in 0..120 {
        keep(&memory, note("b", &format!("the cat sat on the mat, number {number}"))).await;
    }
    keep(&memory, note("a", "a cat, once")).await;
    assert_eq!(recall(&memory, "a", "the cat sat on the mat").await, ["a cat, once"]);
    assert_eq!(recall(&memory, "c", "cat").await, [""; 0]);
    for hostile in ["\" OR scope : \"n1", "scope:n1 OR cat", "{scope} : n1", "n1 cat"] {
        assert!(recall(&memory, "a", hostile).await.iter().all(|text| text == "a cat, once"), "{hostile}");
    }
    // The three names of a namespace are apart: what is in one cannot be read as another.
    let split = |tenant: &str, user: &str| Namespace { tenant: tenant.into(), user: user.into(), agent: String::new() };
    keep(&memory, NewMemory { namespace: split("x/y", ""), ..note("", "a cat of x/y") }).await;
    let query = Query { namespace: split("x", "y"), text: "cat".into(), limit: 5 };
    assert_eq!(memory.recall(&query, 1).await.unwrap().value, []);
    assert_eq!(memory.forget(Some(&of("a")), Forget::All).await.unwrap(), 1);
    assert_eq!(recall(&memory, "b", "cat").await.len(), 5);
}

async fn a_text_is_kept_once_and_its_marks_and_its_time_only_grow(home: &Home) {
    let memory = lexical(home).await;
    let until = |keep_ms| NewMemory { keep_ms: Some(keep_ms), ..note("a", "the  cat\n sat") };
    assert_eq!(keep(&memory, until(10)).await, Remembered::Kept(1));
    let again = NewMemory { labels: [Label::Private].into(), text: " the cat sat ".into(), ..until(100) };
    assert_eq!(keep(&memory, again).await, Remembered::Known(1));
    assert_eq!(keep(&memory, until(5)).await, Remembered::Known(1));
    assert_eq!(keep(&memory, note("b", "the cat sat")).await, Remembered::Kept(2));
    let found = recall_at(&memory, "a", "cat", 100).await;
    assert_eq!((found.len(), found[0].labels.len()), (1, 1));
    assert!(found[0].score > 600_000, "{}", found[0].score);
    assert_eq!(recall_at(&memory, "a", "cat", 101).await, []);
}

async fn what_a_run_recalled_is_not_kept_again(home: &Home) {
    let memory = lexical(home).await;
    let text = "Mr Okafor wants all parcels left with the concierge";
    keep(&memory, note("a", text)).await;
    keep(&memory, note("a", "yes")).await;
    let recalled = [text.to_owned(), "yes".to_owned()];
    for (said, outcome) in [
        ("Mr  Okafor wants all\nparcels left with the concierge", Remembered::Known(1)),
        ("all parcels left with the concierge", Remembered::Known(1)),
        ("I learned: Mr Okafor wants all parcels left with the concierge.", Remembered::Known(1)),
        ("yes, he moved to Leeds", Remembered::Kept(3)),
    ] {
        let remembered = memory.remember(&note("a", said), None, 1, &recalled).await.unwrap();
        assert_eq!(remembered.value, outcome, "{said}");
    }
    let remembered = memory.remember(&note("b", text), None, 1, &recalled).await.unwrap();
    assert_eq!(remembered.value, Remembered::Kept(4));
}

async fn what_has_expired_is_not_returned_takes_no_place_and_is_deleted(home: &Home) {
    let memory = lexical(home).await;
    for number in 0..120 {
        keep(&memory, NewMemory { keep_ms: Some(9), ..note("a", &format!("the cat sat on the mat, number {number}")) })
            .await;
    }
    keep(&memory, note("a", "a cat, once")).await;
    assert_eq!(recall_at(&memory, "a", "cat on mat", 9).await.len(), 5);
    assert_eq!(recall_at(&memory, "a", "cat on mat", 10).await.len(), 1);
    assert_eq!(memory.list(Page { limit: 500, now_ms: 10, ..Page::default() }).await.unwrap().len(), 1);
    // Each process that opens it deletes them, and so does a write.
    let archive = home.archive().await;
    LongTerm::open(archive.clone(), Arc::new(Lexical), 10).await.unwrap();
    assert_eq!(archive.counts(0).await.unwrap()[0].memories, 1);
    keep(&memory, NewMemory { keep_ms: Some(9), ..note("a", "a dog") }).await;
    memory.remember(&note("a", "a bird"), None, 10, &[]).await.unwrap();
    assert_eq!(archive.counts(0).await.unwrap()[0].memories, 2);
}

#[tokio::test]
async fn all_of_a_source_or_of_a_run_is_forgotten_and_is_not_in_the_file() {
    let home = Home::file();
    let Home::File(dir) = &home else { panic!("it is a file") };
    let memory = lexical(&home).await;
    let (one, two) = (run(), run());
    let from = |source: &str, text: &str| NewMemory { source: Some(source.into()), ..note("a", text) };
    for (note, run) in [
        (from("page", "xylophones are loud"), one),
        (from("page", "zithers are not"), two),
        (from("mail", "oboes are reeds"), two),
    ] {
        memory.remember(&note, Some((run, "k".into())), 1, &[]).await.unwrap();
    }
    let elsewhere = memory.forget(Some(&of("b")), Forget::Source("page".into())).await.unwrap();
    assert_eq!(elsewhere, 0);
    assert_eq!(memory.forget(Some(&of("a")), Forget::Source("page".into())).await.unwrap(), 2);
    assert_eq!(recall(&memory, "a", "xylophones zithers oboes").await, ["oboes are reeds"]);
    assert_eq!(memory.forget(None, Forget::Run(one)).await.unwrap(), 0);
    assert_eq!(memory.forget(None, Forget::Run(two)).await.unwrap(), 1);
    assert_eq!(memory.forget(None, Forget::Ids(vec![1, 99])).await.unwrap_err().kind, Kind::NotFound);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for word in ["xylophon", "zither", "oboe"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
        }
    }
    // A number is never given again: it would be that of what was forgotten.
    assert_eq!(keep(&memory, note("a", "new")).await, Remembered::Kept(4));
}

async fn what_is_no_text_or_too_much_is_refused_by_name(home: &Home) {
    let memory = lexical(home).await;
    let long = |bytes: usize| "x".repeat(bytes);
    for (bad, says) in [
        (note("a", ""), "empty"),
        (note("a", " \n\u{a0}"), "empty"),
        (note("a", "a\0b"), "NUL at byte 1"),
        (note("a", &long(TEXT_BYTES_MAX + 1)), "memory_text_bytes"),
        (note(&long(257), "a"), "memory_name_bytes"),
        (note("a\0", "a"), "NUL"),
        (NewMemory { source: Some(long(2049)), ..note("a", "a") }, "memory_source_bytes"),
        (NewMemory { source: Some(String::new()), ..note("a", "a") }, "source has a name"),
    ] {
        let fault = memory.remember(&bad, None, 1, &[]).await.unwrap_err();
        assert!(fault.kind == Kind::Invalid && fault.message.contains(says), "{fault}");
    }
    let query = |text: &str, limit| Query { namespace: of("a"), text: text.to_owned(), limit };
    for (bad, says) in [
        (query("", 1), "empty"),
        (query("a\0", 1), "NUL"),
        (query(&long(QUERY_BYTES_MAX + 1), 1), "memory_query_bytes"),
        (query("a", LIMIT_MAX + 1), "memory_limit"),
    ] {
        let fault = memory.recall(&bad, 1).await.unwrap_err();
        assert!(fault.kind == Kind::Invalid && fault.message.contains(says), "{fault}");
    }
    keep(&memory, note("a", &long(TEXT_BYTES_MAX))).await;
    keep(&memory, note("a", "a")).await;
    assert_eq!(memory.recall(&query("a", 0), 1).await.unwrap().value, []);
    assert_eq!(memory.recall(&query("a", LIMIT_MAX), 1).await.unwrap().value[0].text, "a");
    let document = NewMemory { source: Some("s".into()), ..note("a", &long(DOCUMENT_BYTES_MAX + 1)) };
    for (bad, says) in [(document, "memory_document_bytes"), (note("a", "a"), "names none")] {
        let fault = memory.add_document(&bad, 1, &|_, _| {}).await.unwrap_err();
        assert!(fault.message.contains(says), "{fault}");
    }
}

async fn no_text_to_look_for_is_an_operator(home: &Home) {
    let memory = lexical(home).await;
    keep(&memory, note("a", "NEAR the OR gate is NOT an AND gate")).await;
    for text in [
        "gate AND",
        "OR",
        "NOT",
        "NEAR(gate, 3)",
        "\"gate",
        "gate*",
        "^gate",
        "text : gate",
        "-gate",
        "(((",
        "'); DROP TABLE words",
        "gate\" OR \"",
        "{text} : gate",
        "\u{202e}gate",
        "gate + gate",
        "\u{1f980}",
    ] {
        recall(&memory, "a", text).await;
    }
    assert_eq!(recall(&memory, "a", "gate AND nothing").await.len(), 1);
}

async fn a_thousand_notes_are_kept_and_each_is_found(home: &Home) {
    let memory = lexical(home).await;
    for number in 0..1000 {
        keep(&memory, note("a", &format!("order ORD-{number:05} was delivered to shelf {}", number % 7))).await;
    }
    for number in [0, 421, 999] {
        let found = recall(&memory, "a", &format!("what about ORD-{number:05}?")).await;
        assert!(found[0].contains(&format!("ORD-{number:05}")), "{found:?}");
    }
    assert_eq!(memory.counts(1).await.unwrap()[0].memories, 1000);
    let page = |after| Page { after, limit: 600, namespace: Some(of("a")), now_ms: 1, ..Page::default() };
    let (first, second) = (memory.list(page(0)).await.unwrap(), memory.list(page(600)).await.unwrap());
    assert_eq!((first.len(), second.len(), second[0].memory.id), (600, 400, 601));
}

async fn a_document_that_is_added_again_takes_the_place_of_its_pieces(home: &Home) {
    let memory = lexical(home).await;
    let told = Mutex::new(Vec::new());
    let paragraph = |word: &str| format!("{word} is what this is about. {}\n\n", "There is more to say. ".repeat(40));
    let document = |words: &[&str]| NewMemory {
        source: Some("handbook.md".into()),
        labels: [Label::Private].into(),
        ..note("a", &words.iter().map(|word| paragraph(word)).collect::<String>())
    };
    let progress = |done, all| told.lock().unwrap().push((done, all));
    let added = memory.add_document(&document(&["Kayaking", "Climbing"]), 1, &progress).await.unwrap();
    assert_eq!(added.value, [Remembered::Kept(1), Remembered::Kept(2)]);
    assert_eq!(*told.lock().unwrap(), [(2, 2)]);
    keep(&memory, note("a", "Kayaking is a note")).await;
    memory.add_document(&document(&["Climbing", "Sailing"]), 2, &progress).await.unwrap();
    assert_eq!(recall(&memory, "a", "Kayaking").await[0], "Kayaking is a note");
    let found = recall_at(&memory, "a", "Sailing", 2).await;
    assert!(found[0].text.starts_with("Sailing") && found[0].labels.contains(&Label::Private), "{found:?}");
    assert_eq!(memory.counts(2).await.unwrap()[0].memories, 3);
    // One that is refused leaves the old one as it is.
    let bad = NewMemory { text: "a\0".into(), ..document(&[]) };
    memory.add_document(&bad, 3, &progress).await.unwrap_err();
    assert_eq!(memory.forget(None, Forget::Source("handbook.md".into())).await.unwrap(), 2);
}

async fn another_embedding_is_refused_until_all_vectors_are_made_anew(home: &Home) {
    let memory = LongTerm::open(home.archive().await, Arc::new(Tiny("old")), 0).await.unwrap();
    assert_eq!(memory.remember(&note("a", "a cat"), None, 1, &[]).await.unwrap().tokens, 7);
    for text in ["a dog", "no such animal", "we pay by card"] {
        keep(&memory, note("b", text)).await;
    }
    for number in 0..40 {
        keep(&memory, note("c", &format!("cat {number}"))).await;
    }
    let fault = LongTerm::open(home.archive().await, Arc::new(Lexical), 0).await.err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("embedding")));
    assert!(fault.message.contains("\"old\"") && fault.hint == Some(Box::new(Hint::ReembedMemories)), "{fault}");
    // An attempt that did not come to its end is taken away, whichever embedding it was of.
    let half = Vector { embedding: "half".into(), values: vec![1.0] };
    home.archive().await.stage(vec![(1, half)], true).await.unwrap();
    assert_eq!(recall(&memory, "b", "payment: pay").await[0], "we pay by card");
    let told = Mutex::new(Vec::new());
    let progress = |done, all| told.lock().unwrap().push((done, all));
    let new = LongTerm::reembed(home.archive().await, Arc::new(Lexical), 1, &progress).await.unwrap().value;
    assert_eq!(*told.lock().unwrap(), [(32, 44), (44, 44)]);
    assert_eq!(recall(&new, "b", "dogs").await[0], "a dog");
    // A process that still has the old one open cannot mix the two.
    for fault in [
        memory.remember(&note("a", "a new cat"), None, 1, &[]).await.unwrap_err(),
        memory.recall(&Query { namespace: of("a"), text: "cat".into(), limit: 1 }, 1).await.unwrap_err(),
    ] {
        assert_eq!(fault.detail.as_deref(), Some("embedding"));
    }
    LongTerm::open(home.archive().await, Arc::new(Lexical), 0).await.unwrap();
    // Where nothing is left, there is nothing to mix with.
    new.forget(None, Forget::All).await.unwrap();
    let other = LongTerm::open(home.archive().await, Arc::new(Tiny("other")), 0).await.unwrap();
    assert_eq!(keep(&other, note("a", "a cat")).await, Remembered::Kept(45));
}

async fn what_comes_while_vectors_are_made_anew_is_not_left_out(home: &Home) {
    let archive = home.archive().await;
    let old = LongTerm::open(archive.clone(), Arc::new(Tiny("old")), 0).await.unwrap();
    keep(&old, note("a", "a cat")).await;
    let vector = |values: [f32; 2]| Vector { embedding: "new".into(), values: values.into() };
    archive.stage(vec![(1, vector([1.0, 0.0]))], true).await.unwrap();
    keep(&old, note("a", "a dog")).await;
    assert!(!archive.adopt("new", 1).await.unwrap());
    archive.stage(vec![(2, vector([0.0, 1.0])), (3, vector([1.0, 1.0]))], false).await.unwrap();
    old.forget(None, Forget::Ids(vec![1])).await.unwrap();
    assert!(archive.adopt("new", 2).await.unwrap());
    let search = Search {
        namespace: of("a"),
        vector: Some(vector([1.0, 0.1])),
        floor: -1.0,
        limit: 9,
        now_ms: 1,
        ..Search::default()
    };
    let found = archive.search(search).await.unwrap();
    assert_eq!(found.iter().map(|memory| memory.id).collect::<Vec<_>>(), [2]);
}

async fn the_same_provider_with_other_numbers_is_refused(home: &Home) {
    let archive = home.archive().await;
    let new = |text: &str, values: Vec<f32>| New {
        note: note("a", text),
        vector: Some(Vector { embedding: "p:m".into(), values }),
        written_by: None,
    };
    archive.keep(new("a", vec![1.0, 0.0]), 1).await.unwrap();
    let fault = archive.keep(new("b", vec![1.0]), 1).await.unwrap_err();
    assert!(fault.message.contains("gave 1 numbers where it gave 2"), "{fault}");
    assert_eq!(archive.counts(1).await.unwrap()[0].memories, 1);
}

/// Two processes that were told the same keep it once.
async fn what_is_said_at_the_same_time_is_kept_once(home: &Home) {
    let (one, two) = (lexical(home).await, lexical(home).await);
    for number in 0..20 {
        let note = note("a", &format!("said at the same time, {number}"));
        let (first, second) = tokio::join!(one.remember(&note, None, 1, &[]), two.remember(&note, None, 1, &[]));
        let kept = [first.unwrap().value, second.unwrap().value];
        assert!(
            kept.contains(&Remembered::Kept(number + 1)) && kept.contains(&Remembered::Known(number + 1)),
            "{kept:?}"
        );
    }
    assert_eq!(one.counts(1).await.unwrap()[0].memories, 20);
}

async fn words_within_words_are_found_where_no_space_is_written_and_in_every_width_and_form(home: &Home) {
    let archive = home.archive().await;
    let texts = [
        "返品は三十日以内です",
        "환불은 삼십일이내에 가능합니다",
        "退款将在三十天内处理",
        "注文ＡＢＣ１２３のアプリ",
        "cafe\u{301} menu",
    ];
    for text in texts {
        archive.keep(New { note: note("a", text), ..New::default() }, 1).await.unwrap();
    }
    let found = async |words: &str| {
        let search =
            Search { namespace: of("a"), words: Some(words.to_owned()), limit: 9, now_ms: 2, ..Search::default() };
        archive.search(search).await.unwrap().into_iter().map(|memory| memory.text).collect::<Vec<_>>()
    };
    for (words, text) in [("以内", 0), ("이내", 1), ("三十天", 2), ("abc123", 3), ("ｱﾌﾟﾘ", 3), ("café", 4)]
    {
        assert_eq!(found(words).await.first().map(String::as_str), Some(texts[text]), "{words}");
    }
    assert_eq!(found("以内").await.len(), 1);
    assert_eq!(found("内以").await, [""; 0]);
}

async fn a_text_of_two_sources_is_there_until_it_is_forgotten_of_both(home: &Home) {
    let memory = lexical(home).await;
    let of_source =
        |source: Option<&str>, text: &str| NewMemory { source: source.map(str::to_owned), ..note("a", text) };
    for source in ["one.md", "two.md"] {
        keep(&memory, of_source(Some(source), "Goods can be returned.")).await;
    }
    keep(&memory, of_source(None, "said by a person")).await;
    keep(&memory, of_source(Some("one.md"), "said by a person")).await;
    let listed = async |source: Option<&str>| {
        let page = Page { source: source.map(str::to_owned), limit: 9, ..Page::default() };
        memory.list(page).await.unwrap()
    };
    let both = listed(Some("two.md")).await;
    assert_eq!((both[0].memory.source.as_deref(), &both[0].also_in[..]), (Some("one.md"), &["two.md".to_owned()][..]));
    assert_eq!(memory.forget(None, Forget::Source("one.md".into())).await.unwrap(), 2);
    let left = listed(None).await;
    assert_eq!(
        (left.len(), left[0].memory.source.as_deref(), left[1].memory.source.as_deref()),
        (2, Some("two.md"), None)
    );
    // A document that is added again takes the place of its own part only.
    memory.add_document(&of_source(Some("two.md"), "Something else."), 2, &|_, _| {}).await.unwrap();
    let left: Vec<_> = listed(None).await.into_iter().map(|kept| kept.memory.text).collect();
    assert_eq!(left, ["said by a person", "Something else."]);
}

async fn a_number_that_is_no_memory_s_is_an_error_and_nothing_is_forgotten(home: &Home) {
    let memory = lexical(home).await;
    keep(&memory, note("a", "kept")).await;
    for (namespace, ids) in [(None, vec![1, 7]), (Some(of("b")), vec![1]), (Some(of("a")), vec![1, 7])] {
        let fault = memory.forget(namespace.as_ref(), Forget::Ids(ids)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("memory")), "{fault}");
    }
    assert_eq!(recall(&memory, "a", "kept").await, ["kept"]);
    assert_eq!(memory.forget(None, Forget::Ids(vec![1, 1])).await.unwrap(), 1);
}

#[tokio::test]
async fn the_file_is_smaller_once_something_is_forgotten() {
    let home = Home::file();
    let Home::File(dir) = &home else { panic!("it is a file") };
    let memory = lexical(&home).await;
    for number in 0..200 {
        let source = if number % 2 == 0 { "even" } else { "odd" };
        let text = format!("{number} {}", "some words that take room ".repeat(100));
        keep(&memory, NewMemory { source: Some(source.into()), ..note("a", &text) }).await;
    }
    let bytes = || std::fs::metadata(dir.path().join("memory.db")).unwrap().len();
    memory.forget(None, Forget::Ids(vec![1])).await.unwrap();
    let whole = bytes();
    memory.forget(None, Forget::Source("odd".into())).await.unwrap();
    let half = bytes();
    // Of each piece of the vectors' table, every second one is left.
    assert!(half < whole * 9 / 10, "{whole} {half}");
    memory.forget(None, Forget::All).await.unwrap();
    assert!(bytes() < 200_000, "{}", bytes());
    keep(&memory, note("a", "it goes on")).await;
    assert_eq!(recall(&memory, "a", "goes").await, ["it goes on"]);
}

async fn what_is_found_by_chance_does_not_look_as_if_it_fits(home: &Home) {
    let memory = lexical(home).await;
    keep(&memory, note("a", "Goods can be returned within 30 days of delivery.")).await;
    let score = async |text: &str| recall_at(&memory, "a", text, 2).await.first().map_or(0, |memory| memory.score);
    assert!(score("returned goods within 30 days").await > 600_000);
    assert!(score("how long can I return things").await > 0, "it is found");
    for text in ["xylophone lessons", "kayaks float on water"] {
        assert!(score(text).await < 100_000, "{text}: {}", score(text).await);
    }
}

/// Each archive does what every archive does. Where a server has no vectors, memories are found by their words alone, and what is
/// about vectors alone is left out.
macro_rules! in_every_archive {
    (everywhere: $($name:ident),+; with_vectors: $($vectors:ident),+;) => {
        mod in_a_file {
            use super::Home;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(&Home::file()).await;
            })+

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $vectors() {
                super::$vectors(&Home::file()).await;
            })+
        }

        mod in_postgresql {
            use super::Home;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            #[ignore = "needs PostgreSQL; tests/postgres starts one"]
            async fn $name() {
                super::$name(&Home::postgresql().await).await;
            })+
        }

        mod in_pgvector {
            use super::Home;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            #[ignore = "needs PostgreSQL with pgvector; tests/postgres starts one"]
            async fn $name() {
                if let Some(home) = Home::pgvector().await {
                    super::$name(&home).await;
                }
            })+

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            #[ignore = "needs PostgreSQL with pgvector; tests/postgres starts one"]
            async fn $vectors() {
                if let Some(home) = Home::pgvector().await {
                    super::$vectors(&home).await;
                }
            })+
        }
    };
}

in_every_archive! {
    everywhere:
    what_was_kept_is_found_with_all_that_belongs_to_it_after_reopening,
    a_namespace_sees_itself_and_nothing_else,
    a_text_is_kept_once_and_its_marks_and_its_time_only_grow,
    what_a_run_recalled_is_not_kept_again,
    what_has_expired_is_not_returned_takes_no_place_and_is_deleted,
    what_is_no_text_or_too_much_is_refused_by_name,
    no_text_to_look_for_is_an_operator,
    a_thousand_notes_are_kept_and_each_is_found,
    a_document_that_is_added_again_takes_the_place_of_its_pieces,
    what_is_said_at_the_same_time_is_kept_once,
    words_within_words_are_found_where_no_space_is_written_and_in_every_width_and_form,
    a_text_of_two_sources_is_there_until_it_is_forgotten_of_both,
    a_number_that_is_no_memory_s_is_an_error_and_nothing_is_forgotten,
    what_is_found_by_chance_does_not_look_as_if_it_fits;
    with_vectors:
    another_embedding_is_refused_until_all_vectors_are_made_anew,
    what_comes_while_vectors_are_made_anew_is_not_left_out,
    the_same_provider_with_other_numbers_is_refused;
}
