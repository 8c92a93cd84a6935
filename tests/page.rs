//! The page for people, over HTTP on loopback, as a browser without scripts uses it. `tests/page` (a script) uses it with them.

use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::Incoming;
use serde_json::json;
use stockade::Role;
use stockade_server::Access;
use stockade_tests::input;

use crate::server::{Client, Served};

/// A browser with a session.
struct Browser {
    client: Client,
    cookie: String,
}

/// An answer, read whole.
struct Shown {
    status: u16,
    /// Where it leads to.
    location: String,
    cookie: String,
    policy: String,
    html: String,
}

impl Shown {
    async fn of(response: Response<Incoming>) -> Self {
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (location, cookie, policy) = (header("location"), header("set-cookie"), header("content-security-policy"));
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Self { status, location, cookie, policy, html: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Returns the value of the first hidden field of a name.
    fn hidden(&self, name: &str) -> String {
        let before = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let (_, value) = self.html.split_once(&before).unwrap_or_else(|| panic!("no {name}: {}", self.html));
        value.split_once('"').unwrap().0.to_owned()
    }

    #[track_caller]
    fn has(&self, texts: &[&str]) {
        texts.iter().for_each(|text| assert!(self.html.contains(text), "{text} is missing: {}", self.html));
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let text = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("&")
}

async fn post(client: &Client, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Shown {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let headers = [&form[..], headers].concat();
    Shown::of(client.send(&format!("POST {path}"), &headers, encoded(fields)).await).await
}

impl Browser {
    /// Logs in as a person with a role.
    async fn of(served: &Served, name: &str, role: Role) -> Self {
        let token = served.client(name, role).await.token.unwrap();
        let client = served.anyone();
        let begun = post(&client, "/login", &[], &[("token", &token), ("next", "/inbox")]).await;
        assert_eq!((begun.status, &*begun.location), (303, "/inbox"));
        assert!(begun.cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"), "{}", begun.cookie);
        let cookie = begun.cookie.split_once(';').unwrap().0.to_owned();
        Self { client, cookie }
    }

    async fn get(&self, path: &str) -> Shown {
        Shown::of(self.client.send(&format!("GET {path}"), &[("cookie", &self.cookie)], "").await).await
    }

    /// Gets a view that there is.
    async fn see(&self, path: &str) -> Shown {
        let shown = self.get(path).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.html);
        shown
    }

    /// Sends a form of a view.
    async fn send(&self, view: &Shown, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = view.hidden("form_token");
        let fields = [&[("form_token", token.as_str())][..], fields].concat();
        post(&self.client, path, &[("cookie", &self.cookie)], &fields).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_logs_in_with_a_token_and_is_led_to_the_view_that_they_asked_for() {
    let served = Served::start(|server| server).await;
    let anyone = served.anyone();
    let asked = Shown::of(anyone.send("GET /inbox?later=a", &[], "").await).await;
    assert_eq!((asked.status, &*asked.location), (303, "/login?next=%2Finbox%3Flater%3Da"));
    let login = Shown::of(anyone.send("GET /login?next=%2Finbox", &[], "").await).await;
    login.has(&["name=\"token\"", "value=\"/inbox\""]);
    let refused = post(&anyone, "/login", &[], &[("token", "stk_00"), ("next", "/")]).await;
    assert_eq!((refused.status, &*refused.location, &*refused.cookie), (303, "/login?refused&next=%2F", ""));
    let token = served.client("dana", Role::Viewer).await.token.unwrap();
    let fields = [("token", token.as_str()), ("next", "//evil.example")];
    assert_eq!(post(&anyone, "/login", &[], &fields).await.location, "/");
    let other = [("origin", "https://evil.example")];
    assert_eq!(post(&anyone, "/login", &other, &fields).await.status, 403);
    // A link on another site comes without the cookie, which the page itself then brings.
    let followed = Shown::of(anyone.send("GET /inbox", &[("sec-fetch-site", "cross-site")], "").await).await;
    assert_eq!(followed.status, 200);
    followed.has(&["http-equiv=\"refresh\" content=\"0; url=/inbox\""]);

    let dana = Browser::of(&served, "dana", Role::Viewer).await;
    let runs = dana.see("/").await;
    runs.has(&["dana (viewer)", "There is no such run."]);
    assert!(runs.policy.contains("default-src 'none'; script-src 'self'; style-src 'self'"), "{}", runs.policy);
    let left = dana.send(&runs, "/logout", &[]).await;
    assert_eq!((left.status, &*left.location), (303, "/login"));
    assert!(left.cookie.starts_with("stockade=; ") && left.cookie.contains("Max-Age=0"), "{}", left.cookie);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_started_approved_and_its_letter_is_read() {
    let served = Served::start(|server| server).await;
    let dana = Browser::of(&served, "dana", Role::Admin).await;
    let (runs, input) = (dana.see("/").await, input("user_123").to_string());
    let fields = [("workflow", "refund"), ("input", input.as_str()), ("key", "order-1")];
    let started = dana.send(&runs, "/runs", &fields).await;
    assert_eq!(started.status, 303, "{}", started.html);
    let (path, run) = (started.location.clone(), started.location.trim_start_matches("/runs/").to_owned());
    assert_eq!(dana.send(&runs, "/runs", &fields).await.location, path, "sent twice, it starts one run");
    served.settled(&run).await;
    dana.see("/?show=needs-me").await.has(&[&run, "for a person: payments.refund", "status waiting"]);
    dana.see(&path).await.has(&["Decide in the inbox", "data-live=\"/live?run=", "node now", "<meter", "How it stood"]);

    let inbox = dana.see("/inbox").await;
    inbox.has(&["payments.refund", "amount_cents", "The exact call", "Not now"]);
    let behind = dana.see(&format!("/inbox?cursor=0.{run}")).await;
    behind.has(&["There are no further questions.", "First questions"]);
    let place = |text: &str| inbox.html.find(text).unwrap();
    assert!(place("<dt class=\"decisive\">amount_cents") < place("The exact call"));
    let (key, seen) = (inbox.hidden("key"), inbox.hidden("seen"));
    let later = dana.see(&format!("/inbox?later={run}/{key}")).await;
    later.has(&["<h2>Not now</h2>", "Look at it again"]);
    let decide = [("run", &*run), ("key", &*key), ("decision", "approve"), ("comment", "fine")];
    let changed = [&decide[..], &[("seen", "sha256:0000000000000")]].concat();
    assert_eq!(dana.send(&inbox, "/inbox", &changed).await.status, 409, "another question was seen");
    let decided = dana.send(&inbox, "/inbox", &[&decide[..], &[("seen", &*seen)]].concat()).await;
    assert_eq!(decided.location, format!("/inbox?decided=approved&run={run}"), "{}", decided.html);
    served.settled(&run).await;
    dana.see(&decided.location).await.has(&["You have approved it.", "Nothing waits for you."]);

    let ended = dana.see(&path).await;
    ended.has(&["status done", "id=\"letter\"", "approval of payments.refund", "node taken", "Fork"]);
    assert!(!ended.html.contains("data-live"), "what has ended does not change");
    dana.see(&format!("{path}?at=3")).await.has(&["entry 3 of ", "value=\"3\""]);
    assert_eq!(dana.get(&format!("{path}?at=x")).await.status, 400);
    let (fork, key) = (format!("{path}/fork"), ended.hidden("key"));
    let forked = dana.send(&ended, &fork, &[("key", &*key)]).await;
    assert_ne!(forked.location, path);
    assert_eq!(
        dana.send(&ended, &fork, &[("key", &*key)]).await.location,
        forked.location,
        "sent twice, it is one run"
    );
    assert_eq!(dana.send(&ended, &fork, &[]).await.status, 400);
    dana.see(&forked.location).await.has(&[&format!("forked_from={run}")]);
    let earlier = dana.see(&format!("{path}?at=2")).await;
    earlier.has(&["Fork after entry 2"]);
    let key = earlier.hidden("key");
    let forked = dana.send(&earlier, &fork, &[("key", &*key), ("after", "2")]).await;
    dana.see(&forked.location).await.has(&["forked_after=2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_page_changes_nothing_and_a_role_does_what_it_may() {
    let served = Served::start(|server| server).await;
    let dana = Browser::of(&served, "dana", Role::Operator).await;
    let (runs, input) = (dana.see("/").await, input("user_123").to_string());
    let start = [("workflow", "refund"), ("input", input.as_str())];
    let cookie = ("cookie", dana.cookie.as_str());
    assert_eq!(post(&dana.client, "/runs", &[cookie], &start).await.status, 403, "it has no token of the form");
    let token = runs.hidden("form_token");
    let whole = [&start[..], &[("form_token", &*token)]].concat();
    for other in [("origin", "https://evil.example"), ("sec-fetch-site", "same-site")] {
        assert_eq!(post(&dana.client, "/runs", &[cookie, other], &whole).await.status, 403, "{other:?}");
    }
    let eve = Browser::of(&served, "eve", Role::Viewer).await;
    let eves = ("cookie", eve.cookie.as_str());
    assert_eq!(post(&eve.client, "/runs", &[eves], &whole).await.status, 403, "the token is that of another session");
    assert_eq!(eve.send(&eve.see("/").await, "/runs", &start).await.status, 403, "a viewer starts nothing");
    assert!(!eve.see("/").await.html.contains("Start a run"));
    dana.see("/").await.has(&["There is no such run.", "Start a run"]);

    let started = dana.send(&runs, "/runs", &start).await.location;
    let run = started.trim_start_matches("/runs/").to_owned();
    served.settled(&run).await;
    dana.see("/inbox").await.has(&["an approver decides"]);
    let decide = [("run", &*run), ("key", "approval"), ("seen", ""), ("decision", "deny")];
    assert_eq!(dana.send(&runs, "/inbox", &decide).await.status, 403);
    let bulk = [("run", &*run), ("order", "stop"), ("reason", "too <b>late</b>")];
    assert_eq!(dana.send(&runs, "/runs/bulk", &bulk).await.status, 303);
    let stopped = dana.see(&started).await;
    stopped.has(&["status stopped", "too &lt;b&gt;late&lt;/b&gt;"]);
    let again = dana.send(&runs, "/runs/bulk", &bulk).await;
    assert_eq!(again.status, 409, "{}", again.html);
    again.has(&["0 of 1 runs took the order", &run]);
    assert_eq!(
        dana.send(&runs, &format!("{started}/budget"), &[("currency", "steps"), ("amount", "x")]).await.status,
        400
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_customer_wrote_is_shown_as_text_and_its_hidden_letters_are_written_out() {
    let served = Served::start(|server| server).await;
    let dana = Browser::of(&served, "dana", Role::Admin).await;
    let hostile = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}\" hx-get=\"/x";
    let input = json!({"user_id": "user_123", "request": hostile}).to_string();
    let started = dana.send(&dana.see("/").await, "/runs", &[("workflow", "refund"), ("input", &input)]).await;
    served.settled(started.location.trim_start_matches("/runs/")).await;
    for path in [started.location.as_str(), "/inbox", "/", "/spend"] {
        let shown = dana.see(path).await;
        for markup in ["<script>alert", "<img", "\u{202e}", "\" hx-get=\"/x"] {
            assert!(!shown.html.contains(markup), "{path}: {}", shown.html);
        }
    }
    dana.see(&started.location).await.has(&["&lt;script&gt;alert(1)", "\\u202e"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_are_tried_code_is_run_and_the_other_views_are_there() {
    let served = Served::start(|server| server).await;
    let dana = Browser::of(&served, "dana", Role::Admin).await;
    dana.see("/tools").await.has(&["/tools/policy", "within_window("]);
    let policy = dana.see("/tools/policy").await;
    policy.has(&["name=\"arg.days_ago\"", "Schema of the arguments", "WIT"]);
    let key = policy.hidden("key");
    let fields = [("key", &*key), ("arg.days_ago", "3"), ("arg.window_days", "30")];
    let called = dana.send(&policy, "/tools/policy/within_window", &fields).await;
    assert_eq!(called.status, 200, "{}", called.html);
    called.has(&["within_window answered", "true", "fuel "]);
    let wrong = dana.send(&policy, "/tools/policy/within_window", &[("key", &*key), ("arg.days_ago", "-1")]).await;
    wrong.has(&["role=\"alert\""]);
    assert_eq!(dana.get("/tools/nothing").await.status, 404);

    let playground = dana.see("/playground").await;
    let code =
        [("language", "javascript"), ("code", "console.log('<b>'); return input.a + 1"), ("input", "{\"a\": 41}")];
    let ran = dana.send(&playground, "/playground", &code).await;
    assert_eq!(ran.status, 200, "{}", ran.html);
    ran.has(&["id=\"result\"", "42", "&lt;b&gt;", "<b>fuel</b>", "<b>memory</b>", "<b>time</b>"]);
    let broken = dana.send(&playground, "/playground", &[("language", "cobol"), ("code", "x"), ("input", "1")]).await;
    broken.has(&["role=\"alert\""]);

    dana.see("/spend").await.has(&["By day", "By model"]);
    dana.see("/memory").await.has(&["Memory"]);
    dana.see("/doctor").await.has(&["Circuit breakers", "Trip every limit once"]);
    for (path, kind) in [("htmx.min.js", "text/javascript; charset=utf-8"), ("page.css", "text/css; charset=utf-8")] {
        let answer = served.anyone().send(&format!("GET /assets/{path}"), &[], "").await;
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, kind));
    }
    assert_eq!(Shown::of(served.anyone().send("GET /assets/x", &[], "").await).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_is_told_of_changes_and_an_open_server_needs_no_login() {
    let served = Served::start(|server| server.access(Access::open("dana"))).await;
    let client = served.anyone();
    let mut stream = client.send("GET /live", &[], "").await.into_body();
    let runs = Shown::of(client.send("GET /", &[], "").await).await;
    runs.has(&["dana (admin)", "data-live=\"/live\"", "hx-trigger=\"redraw\""]);
    assert!(!runs.html.contains("Log out"));
    let (token, input) = (runs.hidden("form_token"), input("user_789").to_string());
    let fields = [("form_token", token.as_str()), ("workflow", "refund"), ("input", input.as_str())];
    let started = post(&client, "/runs", &[], &fields).await;
    let run = started.location.trim_start_matches("/runs/").to_owned();
    let mut told = String::new();
    while !told.contains(&run) {
        let frame = stream.frame().await.unwrap().unwrap();
        told += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
    }
    assert!(told.contains("event: changed"), "{told}");
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(post(&client, "/runs", &foreign, &fields).await.status, 403);
}
