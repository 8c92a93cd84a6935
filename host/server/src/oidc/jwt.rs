//! A token as it is written: a header, claims and a signature (RFC 7519, RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use stockade::json::{self, Bounds};

/// The longest token, in bytes: those with many groups have some kilobytes.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// How much memory a part of a token may take once it is read.
const MEMORY_BYTES_MAX: u64 = 1 << 20;

/// A token of which nothing is checked yet.
#[derive(Debug)]
pub(super) struct Jwt {
    pub(super) header: Header,
    /// The claims, which are not checked yet.
    pub(super) claims: Vec<u8>,
    /// What is signed.
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    /// What a reader must understand. This one understands none of it.
    pub(super) crit: Option<IgnoredAny>,
}

impl Jwt {
    pub(super) fn read(token: &str) -> Result<Self, String> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(format!("it has {} bytes, and {TOKEN_BYTES_MAX} are allowed", token.len()));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("it has no signature")?;
        let (header, claims) = signed.split_once('.').ok_or("it has no claims")?;
        let [header, claims, signature] = [header, claims, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
        let unreadable = |_| "it is not a token: a part is not base64";
        let (header, claims, signature) =
            (header.map_err(unreadable)?, claims.map_err(unreadable)?, signature.map_err(unreadable)?);
        let header = parsed::<Header>(&header).map_err(|why| format!("its header cannot be read: {why}"))?;
        if header.crit.is_some() {
            return Err("its header has \"crit\", which is not understood here".to_owned());
        }
        Ok(Self { header, claims, signed: signed.to_owned(), signature })
    }
}

/// Reads JSON that a client or a provider has chosen.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    json::read(text, &Bounds::OUTSIDE.memory_bytes(MEMORY_BYTES_MAX)).map_err(|fault| fault.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_token_is_refused_with_its_reason() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = |header: &str| format!("{}.{}.{}", part(header), part("{}"), part("s"));
        let jwt = Jwt::read(&token("{\"alg\": \"RS256\", \"kid\": \"a\", \"typ\": \"JWT\"}")).unwrap();
        assert_eq!((&*jwt.header.alg, jwt.header.kid.as_deref(), &*jwt.claims), ("RS256", Some("a"), &b"{}"[..]));
        assert_eq!(
            format!("{}.{}", jwt.signed, part("s")),
            token("{\"alg\": \"RS256\", \"kid\": \"a\", \"typ\": \"JWT\"}")
        );
        for (wrong, says) in [
            ("a".to_owned(), "no signature"),
            ("a.b".to_owned(), "no claims"),
            ("a.b.c.d".to_owned(), "not base64"),
            (token("{}"), "header"),
            (token("{\"alg\": \"RS256\", \"crit\": [\"b64\"]}"), "crit"),
            ("x".repeat(20_000), "20000 bytes"),
        ] {
            let why = Jwt::read(&wrong).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
