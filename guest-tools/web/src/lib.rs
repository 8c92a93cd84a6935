//! Reads pages of the web as Markdown. HTML is taken apart here, in the sandbox; the host decides on every request, those of
//! redirects and of robots.txt too.

use lean as _; // the allocator

wit_bindgen::generate!({ path: ["../../wit", "wit"], world: "stockade:web/tool", generate_all });

mod charset;
mod entities;
mod html;
#[path = "../../request/src/http.rs"]
mod http;
mod markdown;
mod robots;
mod url;

use exports::stockade::web::web::{Document, Guest, Link, Page};
use http::{Error, Request, Response};
use markdown::{Markdown, links_only, markdown};
use robots::Rules;
use url::Url;

/// How much of a page is read: taking it apart costs some 30 units of fuel a byte, and a call has fifty million.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// How long a text is at most, and how long it is where nothing is said.
const TEXT_BYTES_MAX: u32 = 500_000;
const TEXT_BYTES: u32 = 100_000;

/// How many redirects are followed, as browsers do with more patience.
const REDIRECTS_MAX: usize = 5;

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn fetch(url: String, robots: Option<bool>, text_bytes_max: Option<u32>) -> Result<Page, String> {
        let (url, response) = get(&url, robots.unwrap_or_default())?;
        let body = text(&response)?;
        let (title, mut text, mut truncated) = match kind(&response) {
            Kind::Html => {
                let Markdown { title, text, is_truncated, .. } = markdown(&body, Some(&url), bytes_max(text_bytes_max));
                (title, text, is_truncated)
            }
            Kind::Text => {
                (None, markdown::plain(&body, bytes_max(text_bytes_max)), body.len() > bytes_max(text_bytes_max))
            }
            Kind::Other(kind) => return Err(format!("\"{url}\" is of the type \"{kind}\", which is not text")),
        };
        truncated |= response.is_truncated;
        text.truncate(text.trim_end().len());
        Ok(Page { url: url.to_string(), status: response.status, title, text, truncated })
    }

    fn links(url: String, robots: Option<bool>) -> Result<Vec<Link>, String> {
        let (url, response) = get(&url, robots.unwrap_or_default())?;
        let Kind::Html = kind(&response) else { return Ok(Vec::new()) };
        let links = links_only(&text(&response)?, &url);
        Ok(links.into_iter().map(|(text, url)| Link { text, url }).collect())
    }

    fn markdown(html: String, base: Option<String>, text_bytes_max: Option<u32>) -> Result<Document, String> {
        let base = base.map(|base| Url::parse(&base)).transpose()?;
        let Markdown { title, text, is_truncated, .. } = markdown(&html, base.as_ref(), bytes_max(text_bytes_max));
        Ok(Document { title, text, truncated: is_truncated })
    }
}

fn bytes_max(said: Option<u32>) -> usize {
    said.unwrap_or(TEXT_BYTES).min(TEXT_BYTES_MAX) as usize
}

/// Gets a page, after redirects.
fn get(url: &str, robots: bool) -> Result<(Url, Response), String> {
    let mut url = Url::parse(url)?;
    for _ in 0..=REDIRECTS_MAX {
        if robots {
            check_robots(&url)?;
        }
        let response = request(&url, PAGE_BYTES_MAX).map_err(|error| format!("\"{url}\" cannot be read: {error}"))?;
        match (response.status, response.header("location")) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => url = redirected(&url, location)?,
            _ => return Ok((url, response)),
        }
    }
    Err(format!("\"{url}\" is the redirect after {REDIRECTS_MAX} others, and no more are followed"))
}

fn redirected(from: &Url, location: &str) -> Result<Url, String> {
    let to = from.join(location).ok_or_else(|| format!("\"{from}\" redirects to what is not an address of the web"))?;
    if from.is_tls && !to.is_tls {
        return Err(format!("\"{from}\" redirects from https to \"{to}\", which is not followed"));
    }
    Ok(to)
}

/// Checks that the site lets the page be read. A site that cannot say so does not.
fn check_robots(url: &Url) -> Result<(), String> {
    let (file, response) = robots_of(url)?;
    match response.status {
        200..=299 if Rules::read(&String::from_utf8_lossy(&response.body)).allow(&url.path) => Ok(()),
        200..=299 => Err(format!("\"{file}\" does not let \"{url}\" be read")),
        // The site has none: RFC 9309, 2.3.1.3.
        400..=499 => Ok(()),
        status => Err(format!("\"{file}\" is answered with status \"{status}\"; so `robots` allows nothing there")),
    }
}

/// Gets the site's robots.txt, after redirects: what stands there holds for this site (RFC 9309, 2.3.1.2).
fn robots_of(url: &Url) -> Result<(Url, Response), String> {
    let mut file = url.at("/robots.txt");
    for _ in 0..=REDIRECTS_MAX {
        let response = match request(&file, robots::BYTES_MAX) {
            Ok(response) => response,
            Err(Error::Denied) => {
                return Err(format!("\"{file}\" may not be read, and without it `robots` allows nothing"));
            }
            Err(Error::Failed(why)) => {
                return Err(format!("\"{file}\" cannot be read: {why}; so `robots` allows nothing there"));
            }
        };
        match (response.status, response.header("location")) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => file = redirected(&file, location)?,
            _ => return Ok((file, response)),
        }
    }
    Err(format!("\"{file}\" is the redirect after {REDIRECTS_MAX} others; so `robots` allows nothing there"))
}

fn request(url: &Url, bytes_max: usize) -> Result<Response, Error> {
    let headers = [("accept", "text/html,text/plain,application/json;q=0.9,*/*;q=0.5"), ("user-agent", robots::AGENT)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let Url { is_tls, authority, path } = url;
    let request = Request { method: "GET", is_tls: *is_tls, authority, path, headers: &headers, body: None, bytes_max };
    http::send(&request)
}

/// What an answer is.
enum Kind {
    Html,
    Text,
    Other(String),
}

fn kind(response: &Response) -> Kind {
    let full = response.header("content-type").unwrap_or("text/html");
    let kind = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "application/json" | "application/xml" | "application/javascript" | "application/yaml" => Kind::Text,
        _ if kind.starts_with("text/") || kind.ends_with("+json") || kind.ends_with("+xml") => Kind::Text,
        _ => Kind::Other(kind.chars().take(100).collect()),
    }
}

fn text(response: &Response) -> Result<String, String> {
    if let Some(coding) = response.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        let coding: String = coding.chars().take(40).collect();
        return Err(format!("the page is compressed (\"{coding}\"), although that was not asked for"));
    }
    Ok(charset::text(&response.body, response.header("content-type").unwrap_or_default()))
}
