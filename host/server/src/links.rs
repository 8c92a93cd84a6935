//! Where the next page is, as RFC 8288 says it.

use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded::{Serializer, parse};

/// Adds the address of the next page: the same request, with another value of one of its parameters.
pub(crate) fn with_next(answer: impl IntoResponse, uri: &Uri, name: &str, value: &str) -> Response {
    let mut response = answer.into_response();
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
        let response = with_next("", &uri, "cursor", "7.x");
        assert_eq!(response.headers()[header::LINK], "</v1/runs?label=team%3Da&limit=2&cursor=7.x>; rel=\"next\"");
    }
}
