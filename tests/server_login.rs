//! Logging in to the page through a provider of OpenID Connect, as a browser without scripts does it.

use std::collections::BTreeMap;
use std::fs;

use http_body_util::BodyExt as _;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use stockade::{Role, config};
use stockade_server::audit::{Audit, Event, entries};
use stockade_server::{Access, Limits, Oidc};
use stockade_tests::registry::Answer;
use stockade_tests::{Hand, Place};

use crate::server::{Client, Served};
use crate::server_oidc::{Provider, Signer, encoded, token};

/// The address of the page, as the provider knows it.
const PAGE: &str = "https://stockade.example";

/// An answer of the page, read whole.
struct Shown {
    status: u16,
    location: String,
    cookies: Vec<String>,
    html: String,
}

/// A browser that has begun a login.
struct Begun {
    client: Client,
    /// The cookie that it keeps meanwhile.
    ticket: String,
    /// What it tells the provider, by name, as it is escaped.
    told: BTreeMap<String, String>,
}

async fn page(client: &Client, path: &str, cookie: &str) -> Shown {
    let response = client.send(&format!("GET {path}"), &[("cookie", cookie)], "").await;
    let texts = |name: &str| -> Vec<String> {
        response.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let (status, location, cookies) = (response.status().as_u16(), texts("location").concat(), texts("set-cookie"));
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Shown { status, location, cookies, html: String::from_utf8(bytes.to_vec()).unwrap() }
}

impl Shown {
    /// Checks that it shows an error with this text, and begins no session.
    #[track_caller]
    fn refuses(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.cookies.len()), (status, 0), "{text}: {}", self.html);
        assert!(self.html.contains(text), "{text}: {}", self.html);
    }
}

impl Provider {
    /// A provider whose only key is that of a signer, named `es`.
    fn of(signer: &Signer) -> Self {
        let provider = Self::new();
        provider.publishes(&[signer.jwk("es")]);
        provider
    }

    /// Makes what a server knows of this provider if people log in through it.
    fn for_people(&self, secret: Option<&str>) -> Oidc {
        let settings = config::Oidc { client_id: Some("page".to_owned()), ..self.settings() };
        Oidc::new(settings, self.hand.clock()).unwrap().with_login(PAGE, secret.map(str::to_owned)).unwrap()
    }

    async fn serves_people(&self) -> Served {
        Served::start(|server| server.oidc(self.for_people(None))).await
    }

    /// Returns the claims of one who logs in.
    fn person(&self, begun: &Begun) -> Value {
        let mut claims = self.claims(&["leads"]);
        (claims["aud"], claims["nonce"]) = (json!("page"), json!(begun.told["nonce"]));
        claims
    }

    /// Gives a token for the next codes, with other claims, and returns it.
    fn gives(&self, signer: &Signer, begun: &Begun, others: &[(&str, Value)]) -> String {
        let mut claims = self.person(begun);
        for (name, value) in others {
            claims[*name] = value.clone();
        }
        let token = token(signer, "es", &claims);
        self.answers("/exchange", &json!({"id_token": token, "access_token": "a", "token_type": "Bearer"}));
        token
    }

    /// Returns the codes that were exchanged so far: the form of each, and the header.
    fn exchanged(&self) -> Vec<(String, Option<String>)> {
        let requests = self.registry.requests().into_iter().filter(|request| request.path == "/exchange");
        requests.map(|request| (request.body, request.authorization)).collect()
    }
}

impl Begun {
    async fn at(served: &Served, next: &str) -> Self {
        let client = served.anyone();
        let sent = page(&client, &format!("/login/oidc?next={next}"), "").await;
        assert_eq!((sent.status, sent.cookies.len()), (303, 1), "{}", sent.html);
        let (_, query) = sent.location.split_once('?').unwrap();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        let told = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { client, ticket: sent.cookies[0].split(';').next().unwrap().to_owned(), told }
    }

    /// Comes back from the provider with a part of a query.
    async fn comes_back(&self, query: &str) -> Shown {
        page(&self.client, &format!("/login/oidc/callback?{query}"), &self.ticket).await
    }

    /// Comes back with a code, as it should.
    async fn ends(&self) -> Shown {
        self.comes_back(&format!("code=c%2B1&state={}", self.told["state"])).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_logs_in_through_the_provider_and_the_log_of_changes_has_it() {
    let signer = Signer::es();
    let provider = Provider::of(&signer);
    let oidc = provider.for_people(Some("a:b"));
    let place = Place::new();
    let log = place.path("audit.log");
    let served = Served::start(|server| server.oidc(oidc).audit(Audit::open(&log, provider.hand.clock()))).await;
    let login = page(&served.anyone(), "/login?next=%2Finbox", "").await;
    let link = format!("<a href=\"{PAGE}/login/oidc?next=%2Finbox\">Sign in with 127.0.0.1</a>");
    assert!(login.html.contains(&link) && login.html.contains("name=\"token\""), "{}", login.html);

    let sent = page(&served.anyone(), "/login/oidc?next=%2Finbox", "").await;
    assert!(sent.location.starts_with(&provider.registry.url("authorize?theme=dark&")), "{}", sent.location);
    assert!(sent.cookies[0].ends_with("; Path=/login/oidc; HttpOnly; SameSite=Lax; Max-Age=900"), "{:?}", sent.cookies);
    let begun = Begun::at(&served, "%2Finbox").await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "page"),
        ("redirect_uri", "https%3A%2F%2Fstockade.example%2Flogin%2Foidc%2Fcallback"),
        ("scope", "openid+groups"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(begun.told[name], value);
    }
    let token = provider.gives(&signer, &begun, &[]);
    let ended = begun.ends().await;
    assert_eq!(ended.status, 200, "{}", ended.html);
    assert!(ended.html.contains("content=\"0; url=/inbox\""), "{}", ended.html);
    let session = format!("stockade={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=600");
    assert_eq!(ended.cookies[0], session, "a session ends with its token");
    assert!(ended.cookies[1].starts_with("stockade-login=; ") && ended.cookies[1].contains("Max-Age=0"));

    // As a provider checks the verifier.
    let (form, header) = provider.exchanged().remove(0);
    let verifier = form.split('&').find_map(|field| field.strip_prefix("code_verifier=")).unwrap();
    assert_eq!(encoded(digest(&SHA256, verifier.as_bytes())), begun.told["code_challenge"]);
    assert!(form.contains("grant_type=authorization_code&code=c%2B1&redirect_uri=https%3A%2F%2Fstockade"), "{form}");
    assert_eq!(header.as_deref(), Some("Basic cGFnZTphJTNBYg=="), "page:a%3Ab");

    let cookie = ended.cookies[0].split(';').next().unwrap();
    let inbox = page(&served.anyone(), "/inbox", cookie).await;
    assert_eq!(inbox.status, 200);
    assert!(inbox.html.contains(&format!("{}#dana (approver)", provider.issuer())), "{}", inbox.html);
    let (_, field) = inbox.html.split_once("name=\"form_token\" value=\"").unwrap();
    let form = format!("form_token={}", field.split('"').next().unwrap());
    let left = served.anyone().send("POST /logout", &[("cookie", cookie)], form).await;
    assert!(left.headers()["set-cookie"].to_str().unwrap().starts_with("stockade=; Path=/; "));

    let (text, mut events) = (fs::read_to_string(&log).unwrap(), Vec::new());
    entries(&log, |entry| events.push(entry.event)).unwrap();
    let [Event::Asked(asked), Event::Answered(answered), ..] = &*events else { panic!("{text}") };
    assert_eq!(asked.principal, format!("{}#dana", provider.issuer()));
    assert_eq!((asked.role, &*asked.path, answered.status), (Role::Approver, "/login/oidc/callback", 200));
    assert!(!text.contains("c%2B1") && !text.contains(&token), "{text}");

    provider.hand.forward(661_000);
    let late = page(&served.anyone(), "/inbox", cookie).await;
    assert_eq!((late.status, &*late.location), (303, "/login?next=%2Finbox"), "the time of the token is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_login_or_of_one_that_was_ended_begins_no_session() {
    let signer = Signer::es();
    let provider = Provider::of(&signer);
    let served = provider.serves_people().await;
    let (begun, other) = (Begun::at(&served, "%2F").await, Begun::at(&served, "%2F").await);
    provider.gives(&signer, &begun, &[]);
    for state in ["", "0", &other.told["state"], &begun.told["nonce"]] {
        begun.comes_back(&format!("code=c&state={state}")).await.refuses(403, "not that of the login");
    }
    begun.comes_back("code=c").await.refuses(403, "not that of the login");
    let query = format!("code=c&state={}", begun.told["state"]);
    let without = page(&begun.client, &format!("/login/oidc/callback?{query}"), "").await;
    without.refuses(403, "this browser has begun no login");
    let changed = begun.ticket.replace("%2F", "%2Fruns");
    let changed = page(&begun.client, &format!("/login/oidc/callback?{query}"), &changed).await;
    changed.refuses(403, "not that of the login");
    assert!(provider.exchanged().is_empty(), "the provider is not asked");

    assert_eq!(begun.ends().await.status, 200);
    begun.ends().await.refuses(403, "used before");
    assert_eq!(provider.exchanged().len(), 1);
    provider.hand.forward(600_001);
    other.ends().await.refuses(403, "more than 10 minutes ago");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_the_provider_gives_is_checked_before_it_is_that_of_a_session() {
    let signer = Signer::es();
    let provider = Provider::of(&signer);
    let served = provider.serves_people().await;
    let past = json!(Hand::BEGIN_MS / 1_000 - 61);
    for (name, value, status, says) in [
        ("nonce", json!("another"), 403, "claim &quot;nonce&quot;"),
        ("nonce", json!(null), 403, "claim &quot;nonce&quot;"),
        ("aud", json!("another"), 403, "claim &quot;aud&quot;"),
        ("aud", json!("stockade"), 403, "claim &quot;aud&quot;"),
        ("aud", json!(["page", "others"]), 403, "claim &quot;azp&quot;"),
        ("azp", json!("another"), 403, "claim &quot;azp&quot;"),
        ("iss", json!("https://evil.example"), 403, "claim &quot;iss&quot;"),
        ("exp", past, 403, "claim &quot;exp&quot;"),
        ("realm_access", json!({"roles": ["unknown"]}), 403, "no group that has a role"),
        ("more", json!("x".repeat(4_096)), 400, "a browser keeps one of 4087"),
    ] {
        let begun = Begun::at(&served, "%2F").await;
        provider.gives(&signer, &begun, &[(name, value)]);
        begun.ends().await.refuses(status, says);
    }
    let begun = Begun::at(&served, "%2F").await;
    provider.gives(&Signer::es(), &begun, &[]);
    begun.ends().await.refuses(403, "signature");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_refuses_or_does_not_answer_is_shown_as_text() {
    let signer = Signer::es();
    let provider = Provider::of(&signer);
    let served = provider.serves_people().await;
    let begun = Begun::at(&served, "%2F").await;
    let error = "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AE";
    begun.comes_back(&format!("{error}&state=0")).await.refuses(403, "not that of the login");
    let refused = begun.comes_back(&format!("{error}&state={}", begun.told["state"])).await;
    refused.refuses(403, "&quot;access_denied&quot; &lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}");
    let says = |status: u16, body: Value| Answer::Says(status, body.to_string());
    for (answer, status, text) in [
        (says(400, json!({"error": "invalid_grant", "error_description": "s3cret"})), 403, "&quot;invalid_grant&quot;"),
        (says(401, json!({"id_token": "a.b.c"})), 403, "without an id_token"),
        (says(200, json!({"access_token": "a"})), 403, "without an id_token"),
        (says(200, json!("a")), 503, "cannot be read"),
        (Answer::Status(500), 503, "500"),
        (Answer::Endless, 503, "more than"),
        (Answer::Elsewhere(provider.registry.url("keys")), 503, "307"),
    ] {
        provider.registry.answer("/exchange", answer);
        let ended = Begun::at(&served, "%2F").await.ends().await;
        ended.refuses(status, text);
        assert!(!ended.html.contains("s3cret"), "{}", ended.html);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_leads_to_this_server_alone_and_many_that_were_begun_keep_none_from_ending() {
    let signer = Signer::es();
    let provider = Provider::of(&signer);
    let served = provider.serves_people().await;
    let first = Begun::at(&served, "%2F%2Fevil.example").await;
    for next in ["https%3A%2F%2Fevil.example", "%2F%5Cevil.example", "", "%2Fruns%2F7%3Fa%3Db"] {
        let begun = Begun::at(&served, next).await;
        provider.gives(&signer, &begun, &[]);
        let leads = if next.ends_with("b") { "url=/runs/7?a=b\"" } else { "url=/\"" };
        let ended = begun.ends().await;
        assert!(ended.html.contains(leads), "{next}: {}", ended.html);
    }
    for _ in 0..200 {
        Begun::at(&served, "%2F").await;
    }
    let found = provider.registry.requests().into_iter().filter(|request| request.path.contains("well-known"));
    assert_eq!(found.count(), 1, "a login that begins does not ask the provider anew");
    provider.gives(&signer, &first, &[]);
    let ended = first.ends().await;
    assert!(ended.status == 200 && ended.html.contains("url=/\""), "{}", ended.html);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_whose_logins_are_refused_too_often_has_to_wait() {
    let provider = Provider::of(&Signer::es());
    let limits = Limits { failures_burst: 2, failures_per_second: 1, ..Limits::default() };
    let (oidc, clock) = (provider.for_people(None), provider.hand.clock());
    let served = Served::start(|server| server.oidc(oidc).limits(limits).clock(clock)).await;
    let begun = Begun::at(&served, "%2F").await;
    for _ in 0..5 {
        let without = page(&served.anyone(), "/login/oidc/callback?code=c", "").await;
        without.refuses(403, "has begun no login");
    }
    for status in [403, 403, 429] {
        begun.comes_back("code=c&state=0").await.refuses(status, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_no_client_or_open_or_whose_provider_knows_no_logins_leads_to_none() {
    let provider = Provider::of(&Signer::es());
    let served = provider.serves().await;
    let login = page(&served.anyone(), "/login", "").await;
    assert!(!login.html.contains("Sign in with"), "{}", login.html);
    page(&served.anyone(), "/login/oidc", "").await.refuses(404, "client_id");
    page(&served.anyone(), "/login/oidc/callback?code=a", "").await.refuses(404, "client_id");
    let oidc = provider.for_people(None);
    let open = Served::start(|server| server.oidc(oidc).access(Access::open("dana"))).await;
    page(&open.anyone(), "/login/oidc", "").await.refuses(404, "");
    let discovery = json!({"issuer": provider.issuer(), "jwks_uri": provider.registry.url("keys"),
                           "authorization_endpoint": "http://evil.example", "token_endpoint": "javascript:1"});
    provider.answers("/realm/.well-known/openid-configuration", &discovery);
    let served = provider.serves_people().await;
    page(&served.anyone(), "/login/oidc", "").await.refuses(503, "authorization_endpoint");
}
