//! The built-in tool "web": what it makes of pages, of those made to do harm too, and what it may not get.

use std::sync::LazyLock;

use serde_json::{Value, json};
use stockade_sandbox::{Component, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use crate::common::{ENGINE, built, call, denial, tool};
use crate::server::{Piece, Server, ok};

static WEB: LazyLock<Component> = LazyLock::new(|| ENGINE.load(&built("web")).expect("a component"));

/// The tool, with the right to get everything below a path of a server here.
fn web(server: &Server, path: &str) -> Tool {
    let grant = Grant::http(format!("GET http://127.0.0.1:{}{path}", server.port)).addresses(["127.0.0.1"]);
    tool(WEB.clone(), &[grant])
}

async fn fetch(tool: &Tool, server: &Server, path: &str, robots: bool) -> Result<Value, Fault> {
    let url = format!("http://127.0.0.1:{}{path}", server.port);
    call(tool, "fetch", json!({"url": url, "robots": robots}), Limits::default()).await.result
}

/// What a page of the tests' site is answered with.
fn site(request: &str) -> Vec<Piece> {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let answer = match path {
        "/robots.txt" => ok("User-agent: *\nDisallow: /private"),
        "/loop" => "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/to/out" => "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/to/page" => "HTTP/1.1 301 Moved\r\nlocation: ../page?a=b\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/image" => "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 1\r\n\r\nx".to_owned(),
        "/data" => {
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"a\": 1 }".to_owned()
        }
        _ => ok("<title>Page</title><p>One <b>lamp</b>, <a href='/l'>here</a><script>no()</script>"),
    };
    vec![Piece::Bytes(answer.into_bytes())]
}

#[tokio::test]
async fn a_page_is_read_as_markdown() {
    let server = Server::new(site).await;
    let tool = web(&server, "/");
    let page = fetch(&tool, &server, "/to/page", false).await.unwrap();
    let port = server.port;
    let expected = json!({
        "url": format!("http://127.0.0.1:{port}/page?a=b"), "status": 200, "title": "Page", "truncated": false,
        "text": format!("One **lamp**, [here](http://127.0.0.1:{port}/l)"),
    });
    assert_eq!(page, expected);
    let data = fetch(&tool, &server, "/data", false).await.unwrap();
    assert_eq!((&data["text"], &data["title"]), (&json!("{\"a\": 1 }"), &Value::Null));
    let links = call(&tool, "links", json!({"url": format!("http://127.0.0.1:{port}/page")}), Limits::default()).await;
    assert_eq!(links.result.unwrap(), json!([{"text": "here", "url": format!("http://127.0.0.1:{port}/l")}]));
}

#[tokio::test]
async fn a_page_that_is_not_granted_is_denied_and_so_is_a_redirect_to_one() {
    let server = Server::new(site).await;
    let tool = web(&server, "/to");
    for (path, asked) in [("/page", "/page"), ("/to/page", "/page"), ("/to/out", "http://127.0.0.1:1/")] {
        let message = denial(fetch(&tool, &server, path, false).await);
        assert!(message.contains(asked) && message.contains("is not granted"), "{path}: {message}");
    }
    assert_eq!(server.got().len(), 2, "{:?}", server.got());
}

#[tokio::test]
async fn robots_are_respected_where_that_is_asked_for() {
    let server = Server::new(site).await;
    let tool = web(&server, "/");
    assert!(fetch(&tool, &server, "/private/a", false).await.is_ok());
    assert!(fetch(&tool, &server, "/page", true).await.is_ok());
    let fault = fetch(&tool, &server, "/private/a", true).await.unwrap_err();
    assert!(fault.kind == Kind::GuestError && fault.message.contains("does not let"), "{fault}");
}

#[tokio::test]
async fn robots_are_found_after_a_redirect_and_hold_however_a_path_is_spelled() {
    let server = Server::new(|request| {
        let answer = match request.split(' ').nth(1).unwrap_or_default() {
            "/robots.txt" => "HTTP/1.1 301 Moved\r\nlocation: /rules\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/rules" => ok("User-agent: *\nDisallow: /private"),
            _ => ok("<p>Page"),
        };
        vec![Piece::Bytes(answer.into_bytes())]
    })
    .await;
    let tool = web(&server, "/");
    assert!(fetch(&tool, &server, "/page", true).await.is_ok());
    for path in ["/private/a", "/%70rivate/a"] {
        let fault = fetch(&tool, &server, path, true).await.unwrap_err();
        assert!(fault.message.contains("/rules") && fault.message.contains("does not let"), "{fault}");
    }
    let got = server.got();
    assert!(got.iter().all(|request| !request.contains("rivate/a")), "{got:?}");
}

#[tokio::test]
async fn what_is_no_page_is_an_error() {
    let server = Server::new(site).await;
    let tool = web(&server, "/");
    for (path, why) in [("/loop", "no more are followed"), ("/image", "\"image/png\", which is not text")] {
        let fault = fetch(&tool, &server, path, false).await.unwrap_err();
        assert!(fault.message.contains(why), "{path}: {fault}");
    }
}

#[tokio::test]
async fn a_page_without_end_is_cut() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n".to_vec();
    let server = Server::new(move |_| vec![Piece::Bytes(head.clone()), Piece::Forever(vec![b'x'; 4096])]).await;
    let page = fetch(&web(&server, "/"), &server, "/", false).await.unwrap();
    assert_eq!((page["text"].as_str().unwrap().len(), &page["truncated"]), (100_000, &json!(true)));
}

#[tokio::test]
async fn html_made_to_do_harm_is_read_within_the_usual_limits() {
    let tool = tool(WEB.clone(), &[]);
    let n = 30_000;
    for html in [
        "<div>".repeat(n),
        "<ul><li>".repeat(n / 2),
        "<!--".repeat(n),
        "&lol9;".repeat(n / 6),
        format!("<!DOCTYPE a [<!ENTITY b \"{}\">]>&b;", "&b;".repeat(n / 6)),
        format!("<p title=\"{}\">x", "y".repeat(5 * n)),
        format!("<p {}>x", "a=b ".repeat(n)),
        format!("<script>{}", "</scrip".repeat(n / 2)),
        "<table><tr><td>".repeat(n / 4),
        "<a href=\"//a.example/b\">x".repeat(n / 15),
    ] {
        let arguments = json!({"html": html, "base": "https://a.example/"});
        let outcome = call(&tool, "markdown", arguments, Limits::default()).await;
        let document = outcome.result.unwrap_or_else(|fault| panic!("{}: {fault}", &html[..20]));
        assert!(document["text"].as_str().unwrap().len() <= 100_000);
    }
}
