use std::fmt;
use std::str::FromStr;

use stockade_workflow::Fault;

use super::target::Target;

/// Which requests a grant of `http` allows: one method, one origin, and paths that begin with its own.
///
/// ```
/// let rule: stockade_sandbox::HttpRule = "GET https://api.example.com/v1/items".parse()?;
/// assert!(rule.allows("GET", "https", "api.example.com", "/v1/items/17"));
/// assert!(!rule.allows("GET", "https", "api.example.com", "/v1/items-of-others"));
/// # Ok::<_, stockade_workflow::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    target: Target,
}

impl Rule {
    /// Returns whether a request is allowed, given as its parts; the path comes without its query, on which there is
    /// no rule.
    pub fn allows(&self, method: &str, scheme: &str, authority: &str, path: &str) -> bool {
        Target::new(method, scheme, authority, path).is_ok_and(|target| self.admits(&target))
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.target.origin.is_tls
    }

    pub(crate) fn admits(&self, target: &Target) -> bool {
        let Target { method, origin, path } = &self.target;
        target.method == *method && target.origin == *origin && begins(&target.path, path)
    }
}

/// Paths begin with others a segment at a time: `/v1/refunds` begins `/v1/refunds/17`, and not `/v1/refunds-of-others`.
fn begins(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

impl FromStr for Rule {
    type Err = Fault;

    /// Reads `METHOD scheme://host[:port]/path-prefix`.
    ///
    /// # Errors
    ///
    /// A part is missing, or has a second spelling and is not in its first.
    fn from_str(text: &str) -> Result<Self, Fault> {
        parse(text).map(|target| Self { target }).map_err(|why| {
            let text = text.escape_debug();
            Fault::invalid("grant", format!("http \"{text}\" is not METHOD scheme://host[:port]/path: {why}"))
        })
    }
}

fn parse(text: &str) -> Result<Target, String> {
    let (method, url) = text.split_once(' ').ok_or("there is no blank after a method")?;
    let (scheme, rest) = url.split_once("://").ok_or("there is no \"://\"")?;
    let slash = rest.find('/').ok_or("there is no path; \"/\" allows all")?;
    let (authority, path) = rest.split_at(slash);
    Target::new(method, scheme, authority, path)
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse().unwrap()
    }

    fn allows(rule: &str, request: &str) -> bool {
        let (method, url) = request.split_once(' ').unwrap();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_at(rest.find('/').unwrap());
        self::rule(rule).allows(method, scheme, authority, path)
    }

    const ITEMS: &str = "GET https://api.example.com/v1/items";

    #[test]
    fn what_begins_with_the_rule_is_allowed() {
        for request in [
            ITEMS,
            "GET https://API.Example.COM/v1/items",
            "GET https://api.example.com:443/v1/items/17",
            "GET https://api.example.com/v1/items/",
            "GET https://api.example.com/v1/items/a%C3%A4b%3f",
        ] {
            assert!(allows(ITEMS, request), "{request}");
        }
        assert!(allows("GET http://a/", "GET http://a/b"));
        assert!(allows("GET http://a/b/", "GET http://a/b/c"));
        assert!(allows("GET http://[::1]:8080/", "GET http://[::1]:8080/x"));
    }

    #[test]
    fn what_differs_is_not() {
        for request in [
            "POST https://api.example.com/v1/items",
            "get https://api.example.com/v1/items",
            "GET http://api.example.com/v1/items",
            "GET https://api.example.com:8443/v1/items",
            "GET https://example.com/v1/items",
            "GET https://evil-api.example.com/v1/items",
            "GET https://api.example.com.evil.org/v1/items",
            "GET https://api.example.com/v1/itemsx",
            "GET https://api.example.com/v1/item",
            "GET https://api.example.com/V1/items",
            "GET https://api.example.com/",
        ] {
            assert!(!allows(ITEMS, request), "{request}");
        }
        assert!(!allows("GET http://a/b/", "GET http://a/b"));
    }

    #[test]
    fn what_has_a_second_spelling_is_refused_in_it() {
        for path in [
            "/v1/items/../refunds",
            "/v1/items/..",
            "/v1/items/.",
            "/v1/items/%2e%2E/x",
            "/v1/items/..;a/x",
            "/v1/items//x",
            "/v1/items\\..\\x",
            "/v1/items%2F..",
            "/v1/items%5c",
            "/v1/items/%252e",
            "/v1/items/%00",
            "/v1/items/..%20",
            "/v1/items/%0d%0a",
            "/v1/items/%3Bx",
            "/v1/items/%7f",
            "/v1/items/%C2%85",
            "/v1/items/%c0%ae",
            "/v1/items/%ff",
            "/v1/items/%",
            "/v1/items/%4",
            "/v1/items/%u002e",
            "/v1/items/%+41",
            "/v1/items/é",
            "/v1/items/\r\nHost:evil",
            "/v1/items/ ",
            "v1/items",
            "",
        ] {
            assert!(!rule(ITEMS).allows("GET", "https", "api.example.com", path), "{path}");
        }
        let local = rule("GET http://127.0.0.1/");
        assert!(local.allows("GET", "http", "127.0.0.1", "/"));
        for authority in [
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "127.1",
            "127.0.0.1.",
            "0177.0.0.1",
            "127.0.0.01",
            "[::ffff:127.0.0.1]",
            "user@127.0.0.1",
            "127.0.0.1@evil",
            "127.0.0.1:",
            "127.0.0.1:080",
            "127.0.0.1:+80",
            "127.0.0.1:99999",
            "127.0.0.1:80:80",
            "%3127.0.0.1",
            "１27.0.0.1",
            "127。0。0。1",
            "",
            ":80",
            " 127.0.0.1",
        ] {
            assert!(!local.allows("GET", "http", authority, "/"), "{authority}");
        }
        assert!(!rule("GET http://localhost/").allows("GET", "http", "localhost.", "/"));
        assert!(!rule("GET http://xn--bcher-kva.example/").allows("GET", "http", "bücher.example", "/"));
    }

    #[test]
    fn a_rule_that_is_not_plain_is_refused_with_a_reason() {
        for (text, why) in [
            ("GET", "no blank"),
            ("GET api.example.com/", "no \"://\""),
            ("GET https://api.example.com", "no path; \"/\" allows all"),
            ("* https://api.example.com/", "method \"*\" is not one of DELETE, GET"),
            ("CONNECT https://api.example.com/", "method \"CONNECT\""),
            ("GET ftp://api.example.com/", "scheme \"ftp\""),
            ("GET https://*.example.com/", "there are no wildcards"),
            ("GET https://a..b/", "there are no wildcards"),
            ("GET https://bücher.example/", "write \"xn--bcher-kva.example\""),
            ("GET https://0x7f.1/", "write \"127.0.0.1\""),
            ("GET https://me@api.example.com/", "names a user"),
            ("GET https://api.example.com/a?b=c", "question mark"),
            ("GET https://api.example.com/a/../b", "segment of dots"),
            ("GET https://api.example.com:0/", "port \"0\""),
            ("GET  https://api.example.com/", "scheme \" https\""),
        ] {
            let fault = text.parse::<Rule>().unwrap_err();
            assert!(fault.message.contains(why), "{text}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", authority in ".{0,20}", path in ".{0,20}") {
            let _ = text.parse::<Rule>();
            let _ = rule(ITEMS).allows("GET", "https", &authority, &path);
        }

        #[test]
        fn what_is_read_is_shown_as_it_was(
            host in "[a-z]{1,8}(\\.[a-z]{2,5}){0,2}", port in 1u16.., path in "(/[a-z0-9_]{1,5}){1,3}"
        ) {
            let port = if port == 443 { 444 } else { port };
            let text = format!("GET https://{host}:{port}{path}");
            prop_assert_eq!(rule(&text).to_string(), text.clone());
            let (below, beside) = (format!("{text}/x"), format!("{text}x"));
            prop_assert!(allows(&text, &below));
            prop_assert!(!allows(&text, &beside));
        }

        /// However it is written, a request that is allowed goes to the very place of the rule.
        #[test]
        fn nothing_allowed_is_elsewhere(
            authority in "[a-zA-Z0-9.:@%\\[\\]-]{0,24}|api\\.example\\.com.{0,6}", path in "[/a-z.%;\\\\0-9-]{0,24}"
        ) {
            if rule(ITEMS).allows("GET", "https", &authority, &path) {
                prop_assert!(["api.example.com", "api.example.com:443"].contains(&&*authority.to_ascii_lowercase()));
                prop_assert!(path == "/v1/items" || path.starts_with("/v1/items/"));
                prop_assert!(!path.contains(".."));
            }
        }
    }
}
