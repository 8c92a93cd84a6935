//! Where the next page is, as RFC 8288 says it.

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use url::form_urlencoded::{Serializer, parse};

/// Answers with a page of a list. Where a next page follows, the answer has its address: the same request, with this value of
/// one of its parameters.
pub(crate) fn page<T: Serialize>(found: Vec<T>, uri: &Uri, name: &str, next: Option<&str>) -> Response {
    let mut response = Json(found).into_response();
    let Some(value) = next else { return response };
    let others = parse(uri.query().unwrap_or_default().as_bytes()).filter(|(other, _)| other != name);
    let query = Serializer::new(String::new()).extend_pairs(others).append_pair(name, value).finish();
    let link = format!("<{}?{query}>; rel=\"next\"", uri.path());
    if let Ok(link) = HeaderValue::try_from(link) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_as_this_one_was() {
        let uri: Uri = "/v1/runs?label=team%3Da&cursor=1&limit=2".parse().unwrap();
        let response = page(vec![7], &uri, "cursor", Some("7.x"));
        assert_eq!(response.headers()[header::LINK], "</v1/runs?label=team%3Da&limit=2&cursor=7.x>; rel=\"next\"");
        assert!(!page(vec![7], &uri, "cursor", None).headers().contains_key(header::LINK));
    }
}
