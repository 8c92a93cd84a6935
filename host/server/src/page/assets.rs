//! The files that views load. They are a part of the program.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use stockade::{Fault, Kind};

use crate::names::Names;
use crate::problem::Answer;

/// htmx 4.0.1, as `assets/README.md` says.
const HTMX: &str = include_str!("assets/htmx.min.js");
const SCRIPT: &str = include_str!("assets/page.js");
const STYLE: &str = include_str!("assets/page.css");
const ICON: &str = include_str!("assets/icon.svg");

/// A browser asks for a file anew after this long.
const KEPT: &str = "public, max-age=300";

pub(crate) async fn file(names: Names) -> Answer<Response> {
    let (text, kind) = match names.text("name") {
        "htmx.min.js" => (HTMX, "text/javascript; charset=utf-8"),
        "page.js" => (SCRIPT, "text/javascript; charset=utf-8"),
        "page.css" => (STYLE, "text/css; charset=utf-8"),
        "icon.svg" => (ICON, "image/svg+xml"),
        other => {
            return Err(Fault::new(Kind::NotFound, format!("the page has no file \"{other}\"")).detail("path").into());
        }
    };
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT)], text).into_response())
}

#[cfg(test)]
mod tests {
    use stockade::Digest;

    use super::*;

    #[test]
    fn the_vendored_htmx_is_the_one_whose_digest_stands_beside_it() {
        let digest = Digest::of(HTMX.as_bytes());
        assert!(include_str!("assets/README.md").contains(digest.hex()), "{digest:?}");
    }
}
