//! What agents remember beyond a run.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use stockade::memory::{Kept, Page};
use stockade::{Clock, Fault, Namespace, utc};
use url::form_urlencoded::{Serializer, parse};

use super::frame::{self, Place};
use super::html::{El, Html, el, of};
use super::viewer::Viewer;
use super::words::{cut, grouped};
use crate::memory::namespace;
use crate::problem::{Answer, words};
use crate::query::behind;
use crate::service::Service;

/// The most memories of one page.
const PAGE: u32 = 50;

/// What the view is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    namespace: Option<Namespace>,
    source: Option<String>,
    after: u64,
}

impl Asked {
    fn read(uri: &Uri) -> Result<Self, Fault> {
        let mut asked = Self::default();
        for (name, value) in parse(uri.query().unwrap_or_default().as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match &*name {
                "namespace" => asked.namespace = Some(namespace(&value)?),
                "source" => asked.source = Some(value.into_owned()),
                "after" => asked.after = behind(&name, &value)?,
                other => return Err(Fault::invalid("query", format!("\"{other}\" is not a parameter of this view"))),
            }
        }
        Ok(asked)
    }

    /// Returns the address of another page.
    fn address(&self, after: u64) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(namespace) = &self.namespace {
            query.append_pair("namespace", &written(namespace));
        }
        if let Some(source) = &self.source {
            query.append_pair("source", source);
        }
        format!("/memory?{}", query.append_pair("after", &after.to_string()).finish())
    }
}

fn written(Namespace { tenant, user, agent }: &Namespace) -> String {
    format!("{tenant}/{user}/{agent}")
}

pub(crate) async fn list(State(service): State<Service>, viewer: Viewer, uri: Uri) -> Answer<Response> {
    let asked = Asked::read(&uri)?;
    let parts = match service.host().memory() {
        Ok(memory) => {
            let now_ms = Clock::default().now_ms();
            let Asked { namespace, source, after } = &asked;
            let (namespace, source) = (namespace.clone(), source.clone());
            let page = Page { namespace, source, after: *after, limit: PAGE, now_ms };
            let counts = memory.counts(now_ms).await?;
            let counts = counts.iter().map(|count| namespace_link(&count.namespace, count.memories)).collect();
            drawn(&asked, counts, &memory.list(page).await?)
        }
        Err(fault) => vec![of("p", "empty").text(words(&fault))],
    };
    let inner: Html = [el("h1").text("Memory")].into_iter().chain(parts).collect();
    Ok(frame::page(&viewer, Place::Memory, "Memory", None, inner))
}

fn namespace_link(namespace: &Namespace, memories: u64) -> El {
    let query = Serializer::new(String::new()).append_pair("namespace", &written(namespace)).finish();
    let link = el("a").attr("href", format!("/memory?{query}")).text(written(namespace));
    el("li").with(link).text(format!(" {}", grouped(memories)))
}

fn drawn(asked: &Asked, counts: Vec<El>, memories: &[Kept]) -> Vec<El> {
    let namespace = asked.namespace.as_ref().map(written).unwrap_or_default();
    let filter = frame::filter("/memory")
        .with(frame::field("namespace", "Namespace TENANT/USER/AGENT", &namespace))
        .with(frame::field("source", "Source", asked.source.as_deref().unwrap_or_default()))
        .with(el("button").text("Filter"));
    let empty = memories.is_empty().then(|| of("p", "empty").text("Nothing is remembered here."));
    let next = memories.last().filter(|_| memories.len() >= PAGE as usize).map(|last| {
        el("p").with(el("a").attr("href", asked.address(last.memory.id)).attr("rel", "next").text("Further memories"))
    });
    let spaces = of("ul", "tabs").attr("aria-label", "Namespaces").all(counts);
    [spaces, filter].into_iter().chain(empty).chain(memories.iter().map(kept)).chain(next).collect()
}

fn kept(Kept { namespace, memory, also_in, expires_ms }: &Kept) -> El {
    let source = memory.source.iter().chain(also_in).map(String::as_str).collect::<Vec<_>>().join(", ");
    let source = if source.is_empty() { source } else { format!(" · {source}") };
    let until = expires_ms.map(|ms| format!(" · until {}", utc(ms))).unwrap_or_default();
    let head = format!("{} · {}{source} · {}{until}", memory.id, written(namespace), utc(memory.at_ms));
    let by = memory.written_by.as_ref().map(|(run, key)| {
        el("p")
            .text("Written by ")
            .with(el("a").attr("href", format!("/runs/{run}")).text(format!("run {run}")))
            .text(format!(", {key}"))
    });
    let labels = memory.labels.iter().map(|label| of("span", "label").text(label));
    of("article", "card memory")
        .with(of("p", "hint").attr("data-row", "").attr("tabindex", -1).text(head).all(labels))
        .with(of("pre", "remembered").attr("tabindex", 0).text(cut(&memory.text)))
        .all(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_memories_is_asked_for_as_the_one_before() {
        let asked = Asked::read(&"/memory?namespace=acme%2Fdana&source=a%26b".parse().unwrap()).unwrap();
        assert_eq!(asked.namespace, Some(namespace("acme/dana/").unwrap()));
        let next = Asked::read(&asked.address(7).parse().unwrap()).unwrap();
        assert_eq!(next, Asked { after: 7, ..asked });
        assert!(namespace("a/b/c/d").is_err());
    }
}
