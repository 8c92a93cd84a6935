use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use stockade_workflow::{Capability, Fault, Grant};
use url::Host;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::secrets;
use crate::http::{Origin, host_and_port};
use crate::rights::{Rights, quoted};
use crate::sieve::Sieve;
use crate::state::State;
use crate::{Result, Secrets};

/// A shorter value could be part of ordinary text, which would then be scrubbed away.
const VALUE_BYTES_MIN: usize = 8;
/// More than any key or token has; it must fit a header.
const VALUE_BYTES_MAX: usize = 4 << 10;

/// The secrets that one tool was granted, by name.
///
/// In a call each has a placeholder, which is all that the guest ever sees. It follows from the call's seed, so that
/// the same call sees the same; it is worth nothing elsewhere, and need not be kept from anybody.
#[derive(Default)]
pub(crate) struct Vault {
    secrets: BTreeMap<String, Secret>,
}

struct Secret {
    value: String,
    places: Vec<Place>,
}

/// Where a value may be sent: over https, and over http to this machine alone, whatever requests are granted.
struct Place {
    host: Host<String>,
    /// None is any port to which a grant of `http` allows requests.
    port: Option<u16>,
    header: HeaderName,
}

impl Vault {
    /// Collects the secrets among the grants.
    ///
    /// # Errors
    ///
    /// A value is missing, or is none that could be sent in a header and found again; a place is none.
    pub(crate) fn new(tool: &str, grants: &[Grant], values: &Secrets) -> Result<Self> {
        let mut vault = Self::default();
        for grant in grants {
            let Grant::Secret { name, host, header } = grant else { continue };
            vault.add(name, host, header, values).map_err(|why| {
                let name = name.escape_debug();
                Fault::invalid("grant", format!("grant of secret \"{name}\" to tool \"{tool}\": {why}"))
            })?;
        }
        Ok(vault)
    }

    fn add(&mut self, name: &str, host: &str, header: &str, values: &Secrets) -> std::result::Result<(), String> {
        let place = Place::new(host, header)?;
        let value = values.value(name).ok_or("no value is stored under this name")?;
        check(value)?;
        let secret = self.secrets.entry(name.to_owned());
        secret.or_insert_with(|| Secret { value: value.to_owned(), places: Vec::new() }).places.push(place);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Puts the values in place of the placeholders, in those headers in which they may go to this origin.
    ///
    /// # Errors
    ///
    /// A placeholder is anywhere else; the text is the denial.
    pub(crate) fn fill(
        &self,
        seed: u64,
        rights: &Rights,
        request: &mut Parts,
        origin: &Origin,
    ) -> std::result::Result<(), String> {
        for (name, secret) in &self.secrets {
            let placeholder = placeholder(name, seed);
            if request.uri.to_string().contains(&placeholder) {
                return Err(misplaced(rights, name, "the path or query"));
            }
            if request.headers.keys().any(|header| header.as_str().contains(&placeholder)) {
                return Err(misplaced(rights, name, "the name of a header"));
            }
            for (header, value) in &mut request.headers {
                let Some(filled) = filled(value, &placeholder, &secret.value) else { continue };
                if !secret.places.iter().any(|place| place.is(origin, header)) {
                    return Err(elsewhere(rights, name, origin, header));
                }
                *value = filled;
            }
        }
        Ok(())
    }

    /// Returns what finds the placeholders in what a guest sends; none, where there are none to find.
    pub(crate) fn guard(&self, seed: u64) -> Option<Sieve> {
        let names = self.secrets.keys().map(|name| (placeholder(name, seed).into_bytes(), String::new()));
        (!self.is_empty()).then(|| Sieve::new(names.collect()))
    }

    /// Returns whether any value may be sent there.
    pub(crate) fn is_for(&self, origin: &Origin) -> bool {
        self.secrets.values().any(|secret| secret.is_for(origin))
    }

    /// Returns what puts the placeholders in place of those values that may be sent to an origin in what it sends, in
    /// the encodings that one meets: as it is, percent-encoded, as JSON, in hexadecimal and in base64, also as a part of something longer.
    ///
    /// A server that means to hand a value on can always disguise it: backwards, compressed, a letter at a time. It has
    /// the value; what is scrubbed is the careless echo. One that was never sent a value echoes none, and were its
    /// answers looked through, then the guest could have it send guesses and see which of them is a value.
    pub(crate) fn scrub(&self, seed: u64, origin: &Origin) -> Option<Sieve> {
        let secrets = self.secrets.iter().filter(|(_, secret)| secret.is_for(origin)).flat_map(|(name, secret)| {
            let forms = forms(&secret.value).into_iter();
            forms.map(move |form| (form, placeholder(name, seed)))
        });
        self.is_for(origin).then(|| Sieve::new(secrets.collect()))
    }

    /// Says that a value would go over a network that anybody on the way can read.
    pub(crate) fn in_clear(rights: &Rights, origin: &Origin) -> String {
        let what = format!("a secret in a request over http to {}", origin.authority());
        rights.refusal(&what, "anybody on the way could read it; over https it may go there")
    }

    /// Says that a placeholder is in a body.
    pub(crate) fn in_body(rights: &Rights) -> String {
        rights.refusal("a secret in the body of a request", "a secret goes into a header")
    }
}

impl Secret {
    fn is_for(&self, origin: &Origin) -> bool {
        self.places.iter().any(|place| place.is_at(origin))
    }
}

impl Place {
    fn new(host: &str, header: &str) -> std::result::Result<Self, String> {
        let (host, port) = host_and_port(host)?;
        let header = header.parse().map_err(|_| format!("header \"{}\" is none", header.escape_debug()))?;
        Ok(Self { host, port, header })
    }

    fn is(&self, origin: &Origin, header: &HeaderName) -> bool {
        self.is_at(origin) && self.header == *header
    }

    fn is_at(&self, origin: &Origin) -> bool {
        self.host == origin.host && self.port.is_none_or(|port| port == origin.port)
    }
}

fn check(value: &str) -> std::result::Result<(), &'static str> {
    match value.len() {
        _ if value.trim() != value => Err("its value begins or ends in a blank, which servers take off"),
        ..VALUE_BYTES_MIN => Err("its value has less than 8 bytes, too little to be told from ordinary text"),
        VALUE_BYTES_MIN..=VALUE_BYTES_MAX if HeaderValue::from_str(value).is_ok() => Ok(()),
        VALUE_BYTES_MIN..=VALUE_BYTES_MAX => Err("its value has characters that no header can have"),
        _ => Err("its value has more than 4096 bytes"),
    }
}

fn placeholder(name: &str, seed: u64) -> String {
    let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize();
    let mut text = String::from("stockade-secret-");
    // Sixteen bytes are never met by chance.
    for byte in digest.iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns the header's value with the secret in it; none, where it does not have the placeholder.
fn filled(value: &HeaderValue, placeholder: &str, secret: &str) -> Option<HeaderValue> {
    let mut sieve = Sieve::new(vec![(placeholder.as_bytes().to_vec(), secret.to_owned())]);
    let filled = sieve.whole(value.as_bytes());
    // The parts are of headers, so the whole is one.
    let mut filled = HeaderValue::from_bytes(&filled).ok().filter(|_| sieve.hits() > 0)?;
    filled.set_sensitive(true);
    Some(filled)
}

fn misplaced(rights: &Rights, name: &str, place: &str) -> String {
    let name = name.escape_debug();
    rights.refusal(&format!("secret \"{name}\" in {place} of a request"), "a secret goes into a header")
}

fn elsewhere(rights: &Rights, name: &str, origin: &Origin, header: &HeaderName) -> String {
    let (name, host) = (name.escape_debug(), &origin.host);
    let what = format!("secret \"{name}\" in header \"{header}\" to {host}");
    let line = format!("secrets = [{{ name = \"{name}\", host = \"{host}\", header = \"{header}\" }}]");
    rights.denial(Capability::Secrets, &what, &line)
}

/// Returns a value in the encodings in which it is scrubbed.
fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::Value::from(value).to_string();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // As Go and others write it, lest a browser take it for HTML.
    let json_in_html = json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let texts = [
        value.to_owned(),
        value.to_ascii_lowercase(),
        value.to_ascii_uppercase(),
        escaped(value, "%20", false),
        escaped(value, "%20", true),
        escaped(value, "+", false),
        escaped(value, "+", true),
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        html.replace('"', "&#34;").replace('\'', "&#39;"),
        html.replace('"', "&quot;").replace('\'', "&#x27;"),
        html,
        json_in_html.replace('\'', "\\u0027"),
        json_in_html,
        json.to_owned(),
        json.replace('/', "\\/"),
        hex.to_ascii_uppercase(),
        hex,
    ];
    let base64 = [STANDARD_NO_PAD, URL_SAFE_NO_PAD].into_iter().flat_map(|base64| {
        let at = move |offset| base64_at(value, offset, &base64);
        [at(0), at(1), at(2)]
    });
    texts.map(String::into_bytes).into_iter().chain(base64).collect()
}

fn escaped(value: &str, blank: &str, lower: bool) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            b' ' => escaped.push_str(blank),
            _ if lower => escaped.push_str(&format!("%{byte:02x}")),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Returns the base64 of a value that stands so many bytes after a multiple of three: the letters in which nothing of
/// what is before or after it has a part.
fn base64_at(value: &str, offset: usize, base64: &impl base64::Engine) -> Vec<u8> {
    let mut bytes = vec![0; offset];
    bytes.extend(value.bytes());
    let letters = base64.encode(&bytes).into_bytes();
    let whole = bytes.len() * 8 / 6;
    let shared = (offset * 8).div_ceil(6);
    letters.get(shared..whole).unwrap_or_default().to_vec()
}

/// Links `stockade:host/secrets`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    secrets::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

impl secrets::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<std::result::Result<String, secrets::Error>> {
        self.carry(name.len())?;
        let seed = self.seed();
        if self.rights.network.vault.secrets.contains_key(&name) {
            return Ok(Ok(placeholder(&name, seed)));
        }
        let name = quoted(&name);
        let line = format!("secrets = [{{ name = {name}, host = \"HOST\", header = \"authorization\" }}]");
        let denial = self.rights.denial(Capability::Secrets, &format!("secret {name}"), &line);
        self.carry(denial.len())?;
        self.deny(&denial);
        Ok(Err(secrets::Error::Denied(denial)))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn vault(value: &str) -> Result<Vault> {
        let values = Secrets::from_iter([("key".to_owned(), value.to_owned())]);
        Vault::new("test", &[Grant::secret("key", "example.com", "Authorization")], &values)
    }

    fn origin(host: &str) -> Origin {
        Origin::new("https", host).unwrap()
    }

    #[test]
    fn only_the_answers_of_those_who_may_have_a_value_are_scrubbed() {
        let vault = vault("sk_live_0123").unwrap();
        assert!(vault.scrub(7, &origin("example.com")).is_some());
        assert!(vault.scrub(7, &origin("other.example.com")).is_none());
    }

    fn scrubbed(value: &str, text: &str) -> String {
        let text = vault(value).unwrap().scrub(7, &origin("example.com")).unwrap().whole(text.as_bytes());
        String::from_utf8(text).unwrap().replace(&placeholder("key", 7), "#")
    }

    #[test]
    fn an_echo_is_scrubbed_in_the_encodings_that_one_meets() {
        let value = "sk_live 9/ä+\"z=";
        let value = &value.replace('ä', "a");
        for (echo, left) in [
            (value.clone(), "#"),
            (format!("Bearer {value};"), "Bearer #;"),
            ("key=sk_live%209%2Fa%2B%22z%3D".into(), "key=#"),
            ("key=sk_live%209%2fa%2b%22z%3d".into(), "key=#"),
            ("key=sk_live+9%2Fa%2B%22z%3D&".into(), "key=#&"),
            (serde_json::json!({"key": value}).to_string(), "{\"key\":\"#\"}"),
            ("sk_live 9\\/a+\\\"z=".into(), "#"),
            (value.bytes().map(|byte| format!("{byte:02x}")).collect(), "#"),
        ] {
            assert_eq!(scrubbed(value, &echo), left, "{echo}");
        }
    }

    #[test]
    fn an_echo_for_a_browser_is_scrubbed() {
        for echo in ["a&amp;b&lt;c&quot;&#39;0123", "a&amp;b&lt;c&#34;&#39;0123", "a\\u0026b\\u003cc\\\"'0123"] {
            assert_eq!(scrubbed("a&b<c\"'0123", echo), "#", "{echo}");
        }
    }

    /// What surrounds a value shifts its base64.
    #[test]
    fn base64_is_found_at_every_offset() {
        let value = "sk_test_>>>???0123";
        for before in ["", "a", "ab", "abc", "Bearer "] {
            for after in ["", "x", "xy"] {
                for base64 in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                    let echo = base64.encode(format!("{before}{value}{after}"));
                    let left = scrubbed(value, &echo);
                    assert!(left.contains('#') && left.len() <= (before.len() + after.len()) * 4 / 3 + 5, "{left}");
                }
            }
        }
    }

    #[test]
    fn a_placeholder_is_of_one_name_and_one_seed() {
        assert_eq!(placeholder("key", 7), placeholder("key", 7));
        assert_eq!(placeholder("key", 7).len(), 48);
        assert!(placeholder("key", 7) != placeholder("key", 8) && placeholder("key", 7) != placeholder("kez", 7));
    }

    #[test]
    fn a_value_that_could_not_be_sent_or_found_again_is_refused() {
        for (value, why) in [
            (" blank-before", "begins or ends in a blank"),
            ("a-line-after\n", "begins or ends in a blank"),
            ("short", "less than 8 bytes"),
            ("long\r\nenough", "no header can have"),
            (&*"x".repeat(5000), "more than 4096"),
        ] {
            let Err(fault) = vault(value) else { panic!("{value}") };
            assert!(fault.message.contains(why) && !fault.message.contains(value), "{fault}");
        }
    }
}
