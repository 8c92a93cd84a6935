//! Where a login leads: to a path of this server.

use axum::http::Uri;
use url::form_urlencoded::parse;

/// Returns where a login leads that is asked for at an address.
pub(super) fn next(uri: &Uri) -> String {
    let mut query = parse(uri.query().unwrap_or_default().as_bytes());
    let next = query.find(|(name, value)| name == "next" && is_own_path(value));
    next.map_or("/".to_owned(), |(_, next)| next.into_owned())
}

/// Returns whether a path leads to this server, wherever a browser is.
pub(super) fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_no_other_site() {
        assert!(["/", "/runs/7?at=3", "/inbox#a"].into_iter().all(is_own_path));
        assert!(
            !["", "//evil.example", "https://evil.example", "/\\evil.example", "/a b", "/\n"]
                .into_iter()
                .any(is_own_path)
        );
    }
}
