//! Tools from an OCI registry: pinned, verified, kept, and refused where the registry lies.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};
use stockade::{Builder, Call, Config, Digest, Fault, Hint, Host, Kind, Limits, Source};
use stockade_tests::registry::{Answer, Registry, blob, manifest};
use stockade_tests::{Place, guest, with_shop};

fn host(place: &Place, source: Source) -> Builder {
    place.bare().components(place.data("components")).tool("fine", source, [])
}

async fn built(place: &Place, source: Source) -> Result<Host, Fault> {
    // The shop's workflow is registered and wants its own tools.
    let shop = place.data("shop.db");
    with_shop(host(place, source), &shop).build().await
}

async fn refusal(source: Source) -> Fault {
    let place = Place::new();
    let fault = built(&place, source).await.err().unwrap();
    assert_eq!((fault.detail.as_deref(), fault.tool.as_deref()), (Some("component"), Some("fine")), "{fault}");
    assert!(!fault.message.contains('\n') && !fault.message.ends_with('.'), "{fault}");
    let kept = fs::read_dir(place.data("components")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "something of what was refused was kept");
    fault
}

async fn answer(host: &Host) -> Value {
    let call =
        Call { function: "run", arguments: &json!({}), idempotency_key: "x", seed: 0, limits: Limits::default() };
    host.component("fine").unwrap().call(call).await.result.unwrap()
}

#[tokio::test]
async fn a_pinned_tool_is_pulled_once() {
    let (registry, place, wasm) = (Registry::new(), Place::new(), guest("fine"));
    let (by_manifest, digest) = registry.publish("1.0", &wasm);
    let by_tag = Source::from(registry.reference("acme/tool:1.0").as_str()).pinned(digest.clone());
    let first = built(&place, by_tag.clone()).await.unwrap();
    assert_eq!(first.component("fine").unwrap().component().digest(), &digest);
    assert_eq!(registry.downloads(), 1);
    let expected = answer(&first).await;

    // The second start asks no registry: neither by the tag, even if it means something else now, nor by the manifest.
    registry.publish("1.0", b"something else");
    let before = registry.requests().len();
    let by_digest = registry.reference(&format!("acme/tool@{by_manifest}"));
    for source in [by_tag, by_digest.as_str().into()] {
        let again = built(&place, source).await.unwrap();
        assert_eq!(answer(&again).await, expected);
    }
    assert_eq!(registry.requests().len(), before);
    let file = place.data("components").join(format!("sha256-{}.wasm", digest.hex()));
    assert_eq!(Digest::of(&fs::read(&file).unwrap()), digest);

    // A file whose content is not that of its name is as good as none.
    fs::write(&file, b"damaged").unwrap();
    let again = built(&place, by_digest.as_str().into()).await.unwrap();
    assert_eq!((answer(&again).await, registry.downloads()), (expected, 2));
    assert_eq!(Digest::of(&fs::read(&file).unwrap()), digest);
}

#[tokio::test]
async fn a_tool_without_a_pin_is_refused_before_a_registry_is_asked() {
    let registry = Registry::new();
    registry.publish("1.0", &guest("fine"));
    let reference = registry.reference("acme/tool:1.0");
    let fault = refusal(reference.as_str().into()).await;
    let why = "is a name, and what it means may change; write digest = \"sha256:…\" beside it";
    assert_eq!(fault.message, format!("\"{reference}\" {why}"));
    assert_eq!(fault.hint, Some(Box::new(Hint::PullComponent(reference))));
    assert_eq!(registry.requests().len(), 0);
}

#[tokio::test]
async fn another_component_than_the_pinned_one_is_refused_before_it_is_downloaded() {
    let registry = Registry::new();
    let (_, digest) = registry.publish("1.0", &guest("fine"));
    let pin = Digest::of(b"another");
    let fault = refusal(Source::from(registry.reference("acme/tool:1.0").as_str()).pinned(pin.clone())).await;
    assert!(fault.message.contains(&format!("its component is {digest}, and {pin} is pinned")), "{fault}");
    assert_eq!((fault.kind, registry.downloads()), (Kind::Invalid, 0));
}

/// What a registry may answer in place of the truth, and what is then said.
#[tokio::test]
async fn a_registry_that_lies_is_refused() {
    let wasm = guest("fine");
    let digest = Digest::of(&wasm);
    let (bytes, size) = (Answer::Bytes, wasm.len() as u64);
    let with = |member: &str, value: Value| {
        let mut manifest = manifest(&digest, size);
        manifest[member] = value;
        manifest
    };
    let layer = |media_type: &str| json!({"mediaType": media_type, "digest": digest, "size": size});
    let (core, index) =
        (layer("application/vnd.oci.image.layer.v1.tar+gzip"), json!({"schemaVersion": 2, "manifests": []}));
    let honest = || manifest(&digest, size);
    let cases: Vec<(&str, Value, Answer, Kind, &str)> = vec![
        ("other bytes", honest(), bytes(b"other".to_vec()), Kind::Invalid, "the registry sent a component of sha256:"),
        ("too many bytes", honest(), bytes([wasm.clone(), vec![0]].concat()), Kind::Invalid, "sent more than"),
        ("endless", honest(), Answer::Endless, Kind::Invalid, "sent more than"),
        ("cut", honest(), Answer::CutAfter(10, wasm.clone()), Kind::NotFound, "cannot be pulled"),
        ("missing", honest(), Answer::Status(404), Kind::NotFound, "the registry answered 404"),
        ("broken", honest(), Answer::Status(500), Kind::NotFound, "the registry answered 500"),
        ("forbidden", honest(), Answer::Status(403), Kind::Denied, "the registry wants credentials"),
        ("a loop", honest(), Answer::Elsewhere(blob(&digest)), Kind::NotFound, "too many redirects"),
        ("too large", manifest(&digest, 40 << 20), bytes(wasm.clone()), Kind::Invalid, "33554432 are allowed"),
        ("a shorter size", manifest(&digest, 5), bytes(wasm.clone()), Kind::Invalid, "sent more than 5 bytes"),
        ("not wasm", with("layers", json!([core])), bytes(wasm.clone()), Kind::Invalid, "tar+gzip"),
        ("no layer", with("layers", json!([])), bytes(wasm.clone()), Kind::Invalid, "it has 0 layers"),
        ("an index", index, bytes(wasm.clone()), Kind::Invalid, "its manifest is not one of a component"),
        (
            "a path",
            with("layers", json!([{"mediaType": "application/wasm", "digest": "../x", "size": 1}])),
            bytes(vec![]),
            Kind::Invalid,
            "\"../x\" is not a digest",
        ),
        ("no size", manifest(&digest, 0), bytes(wasm.clone()), Kind::Invalid, "sent more than 0 bytes"),
    ];
    for (name, manifest, component, kind, says) in cases {
        let registry = Registry::new();
        registry.answer(&blob(&digest), component);
        registry.describe("1.0", &manifest);
        let fault = refusal(Source::from(registry.reference("acme/tool:1.0").as_str()).pinned(digest.clone())).await;
        assert!(fault.kind == kind && fault.message.contains(says), "{name}: {fault:?}");
        assert!(fault.message.contains("acme/tool:1.0"), "{name}: {fault}");
    }
}

#[tokio::test]
async fn a_manifest_that_is_not_the_one_of_its_digest_is_refused() {
    let registry = Registry::new();
    let (by_manifest, digest) = registry.publish("1.0", &guest("fine"));
    let path = format!("/v2/acme/tool/manifests/{by_manifest}");
    for (lie, says) in [
        (Answer::Bytes(manifest(&digest, 1).to_string().into_bytes()), "the registry sent a manifest of sha256:"),
        (Answer::Endless, "the registry sent more than 262144 bytes"),
        (Answer::Status(401), "the registry wants credentials"),
        (Answer::Bytes(b"<html>".to_vec()), "the registry sent a manifest of sha256:"),
    ] {
        registry.answer(&path, lie);
        let fault = refusal(registry.reference(&format!("acme/tool@{by_manifest}")).as_str().into()).await;
        assert!(fault.message.contains(says), "{fault}");
    }
}

/// Registries keep blobs elsewhere. That server gets no token, and is trusted no more than the registry.
#[tokio::test]
async fn a_blob_may_be_elsewhere() {
    let (registry, elsewhere, wasm) = (Registry::new(), Registry::new(), guest("fine"));
    registry.wants("t0ken");
    let (_, digest) = registry.publish("1.0", &wasm);
    registry.answer(&blob(&digest), Answer::Elsewhere(elsewhere.url("there")));
    let source = Source::from(registry.reference("acme/tool:1.0").as_str()).pinned(digest.clone());
    elsewhere.answer("/there", Answer::Bytes(b"not the component".to_vec()));
    assert!(refusal(source.clone()).await.message.contains("the registry sent"));
    elsewhere.answer("/there", Answer::Bytes(wasm));
    let place = Place::new();
    answer(&built(&place, source).await.unwrap()).await;
    assert!(registry.requests().iter().any(|request| request.authorization.as_deref() == Some("Bearer t0ken")));
    assert!(elsewhere.requests().iter().all(|request| request.authorization.is_none()));
}

/// What a token service may answer, and where a registry may say that it is.
#[tokio::test]
async fn a_token_service_is_believed_no_more() {
    let (registry, elsewhere) = (Registry::new(), Registry::new());
    registry.wants("t0ken");
    let (_, digest) = registry.publish("1.0", &guest("fine"));
    let source = Source::from(registry.reference("acme/tool:1.0").as_str()).pinned(digest);
    let long = "x".repeat(1 << 20);
    for (answer, says) in [
        (Answer::Endless, "the registry sent more than 65536 bytes"),
        (Answer::Says(200, format!("{{\"token\": \"{long}\"}}")), "the registry sent more than 65536 bytes"),
        (Answer::Says(403, format!("<b>\u{1b}[31m{long}")), "the token service of the registry answered 403"),
        (Answer::Says(200, "<html>".into()), "the token service of the registry sent no token"),
        (Answer::Elsewhere(elsewhere.url("token")), "the token service of the registry answered 307"),
    ] {
        registry.answer("/token", answer);
        let fault = refusal(source.clone()).await;
        assert!(fault.message.contains(says) && fault.message.len() < 300, "{fault}");
    }
    for realm in
        ["http://169.254.169.254/latest", "http://localhost/token", "https://evil.example/", "token", "file:///x"]
    {
        registry.sends_for_tokens_to(realm);
        let fault = refusal(source.clone()).await;
        assert!(fault.message.contains("not its own host or one beside it") && fault.message.len() < 300, "{fault}");
    }
    // Another port of its own host is its own.
    registry.sends_for_tokens_to(&elsewhere.url("token"));
    elsewhere.answer("/token", Answer::Says(200, json!({"access_token": "t0ken"}).to_string()));
    answer(&built(&Place::new(), source).await.unwrap()).await;
    let path = &elsewhere.requests()[0].path;
    assert_eq!(path, "/token?scope=repository%3Aacme%2Ftool%3Apull&service=test");
}

/// A manifest is the registry's text, too.
#[tokio::test]
async fn what_a_registry_says_is_cut_before_it_is_shown() {
    let registry = Registry::new();
    let digest = Digest::of(b"x");
    let mut long = manifest(&digest, 1);
    long["layers"][0]["mediaType"] = format!("a\n\u{1b}[31m{}", "b".repeat(100_000)).into();
    registry.describe("1.0", &long);
    let fault = refusal(Source::from(registry.reference("acme/tool:1.0").as_str()).pinned(digest)).await;
    assert!(fault.message.len() < 1_200 && fault.message.ends_with("b…"), "{fault}");
    assert!(!fault.message.contains('\u{1b}'), "{fault}");
}

/// The name of a registry led to the ports of this machine, and what listened there was asked.
#[tokio::test]
async fn a_registry_whose_name_leads_inside_is_not_asked() {
    let (place, listener) = (Place::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    listener.set_nonblocking(true).unwrap();
    let reference = format!("oci://registry.test:{}/acme/tool:1.0", listener.local_addr().unwrap().port());
    let source = Source::from(reference.as_str()).pinned(Digest::of(b"x"));
    let builder = || host(&place, source.clone()).host_addresses("registry.test", [[127, 0, 0, 1].into()]);
    let fault = builder().build().await.err().unwrap();
    let says = "\"registry.test\" is at 127.0.0.1, which is not on the internet; where that is meant, private_hosts = \
                [\"registry.test\"] under [tools] allows it";
    assert!(fault.kind == Kind::Denied && fault.message.ends_with(says), "{fault}");
    assert!(listener.accept().is_err(), "it was connected to");

    // What hangs up at once is no registry; but it was asked.
    listener.set_nonblocking(false).unwrap();
    let asked = std::thread::spawn(move || listener.accept().is_ok());
    let text = "[tools]\nprivate_hosts = [\"Registry.test.\"]";
    let allowed = builder().configured(&Config::parse(text).unwrap()).unwrap();
    assert_eq!(allowed.build().await.err().unwrap().kind, Kind::NotFound);
    assert!(asked.join().unwrap());
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_named() {
    let fault = refusal(Source::from("oci://127.0.0.1:1/acme/tool:1.0").pinned(Digest::of(b"x"))).await;
    assert_eq!(fault.kind, Kind::NotFound);
    assert!(fault.message.starts_with("\"oci://127.0.0.1:1/acme/tool:1.0\" cannot be pulled: "), "{fault}");
}
