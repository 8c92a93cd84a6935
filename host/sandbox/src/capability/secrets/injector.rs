use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::request::Parts;
use http::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use stockade_workflow::{Capability, Fault, Grant, ScrubbedStream, Scrubber};
use url::Host;

use super::Secrets;
use super::replacer::StreamReplacer;
use crate::Result;
use crate::asks::Asks;
use crate::origin::{Origin, host_and_port};

/// A shorter value could be part of ordinary text, which would then be scrubbed away.
const VALUE_BYTES_MIN: usize = 8;
/// More than any key or token has; it must fit a header.
const VALUE_BYTES_MAX: usize = 4 << 10;

/// What may stand before a secret in a header.
const SCHEMES: &[&str] = &["Bearer", "Basic", "Token", "Key", "ApiKey", "Bot", "SSWS", "GenieKey", "DeepL-Auth-Key"];

/// The secrets that one tool was granted, by name.
///
/// In a call each has a placeholder, which is all that the guest ever sees. It follows from the call's seed, so that
/// the same call sees the same; it is worth nothing elsewhere, and need not be kept secret.
#[derive(Default)]
pub(crate) struct SecretInjector {
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

impl SecretInjector {
    /// Collects the secrets among the grants.
    ///
    /// # Errors
    ///
    /// A value is missing, or could not be sent in a header and found again; or a place is not valid.
    pub(crate) fn new(tool: &str, grants: &[Grant], values: &Secrets) -> Result<Self> {
        let mut injector = Self::default();
        for grant in grants {
            let Grant::Secret { name, host, header } = grant else { continue };
            injector.add(name, host, header, values).map_err(|why| {
                let name = name.escape_debug();
                Fault::invalid("grant", format!("grant of secret \"{name}\" to tool \"{tool}\": {why}"))
            })?;
        }
        Ok(injector)
    }

    fn add(&mut self, name: &str, host: &str, header: &str, values: &Secrets) -> std::result::Result<(), String> {
        let place = Place::new(host, header)?;
        let value = values.value(name).ok_or("no value is stored under this name")?;
        check(value)?;
        let secret = self.secrets.entry(name.to_owned());
        secret.or_insert_with(|| Secret { value: value.to_owned(), places: Vec::new() }).places.push(place);
        Ok(())
    }

    /// Returns what the guest is given in place of a value, if the tool was granted the secret.
    pub(super) fn placeholder(&self, name: &str, seed: u64) -> Option<String> {
        self.secrets.contains_key(name).then(|| placeholder(name, seed))
    }

    fn is_empty(&self) -> bool {
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
        asks: &Asks,
        request: &mut Parts,
        origin: &Origin,
    ) -> std::result::Result<(), String> {
        for (name, secret) in &self.secrets {
            let placeholder = placeholder(name, seed);
            if request.uri.to_string().contains(&placeholder) {
                return Err(misplaced(asks, name, "the path or query"));
            }
            if request.headers.keys().any(|header| header.as_str().contains(&placeholder)) {
                return Err(misplaced(asks, name, "the name of a header"));
            }
            for (header, value) in &mut request.headers {
                if !has(value, &placeholder) {
                    continue;
                }
                if !secret.places.iter().any(|place| place.is(origin, header)) {
                    return Err(elsewhere(asks, name, origin, header));
                }
                *value = filled(value, &placeholder, &secret.value).ok_or_else(|| misshapen(asks, name, header))?;
            }
        }
        Ok(())
    }

    /// Returns what finds the placeholders in what a guest sends, where there are any to find.
    pub(crate) fn guard(&self, seed: u64) -> Option<StreamReplacer> {
        let names = self.secrets.keys().map(|name| (placeholder(name, seed).into_bytes(), String::new()));
        (!self.is_empty()).then(|| StreamReplacer::new(names.collect()))
    }

    /// Returns whether a value may be sent there in this header.
    pub(crate) fn has_place(&self, origin: &Origin, header: &HeaderName) -> bool {
        self.secrets.values().flat_map(|secret| &secret.places).any(|place| place.is(origin, header))
    }

    /// Returns whether any value may be sent there.
    pub(crate) fn is_for(&self, origin: &Origin) -> bool {
        self.secrets.values().any(|secret| secret.is_for(origin))
    }

    /// Returns what puts the placeholders in place of those values that may be sent to an origin in what it sends, whole or
    /// cut off.
    ///
    /// A server that means to hand a value on can always disguise it: backwards, compressed, a letter at a time. It has
    /// the value; what is scrubbed is the careless echo. One that was never sent a value echoes none, and were its
    /// answers looked through, then the guest could have it send guesses and see which of them is a value.
    pub(crate) fn scrub(&self, seed: u64, origin: &Origin) -> Option<ScrubbedStream> {
        let secrets = self.secrets.iter().filter(|(_, secret)| secret.is_for(origin));
        let secrets = secrets.map(|(name, secret)| (secret.value.clone(), placeholder(name, seed)));
        self.is_for(origin).then(|| Scrubber::new(secrets).stream())
    }

    /// Says that a value would go over a network that any machine on the way can read.
    pub(crate) fn in_clear(asks: &Asks, origin: &Origin) -> String {
        let what = format!("a secret in a request over http to {}", origin.authority());
        asks.refusal(&what, "anybody on the way could read it; over https it may go there")
    }

    /// Says that a placeholder is in a body.
    pub(crate) fn in_body(asks: &Asks) -> String {
        asks.refusal("a secret in the body of a request", "a secret goes into a header")
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
        let header = header.parse().map_err(|_| format!("\"{}\" is not a header name", header.escape_debug()))?;
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

fn has(value: &HeaderValue, placeholder: &str) -> bool {
    let mut replacer = StreamReplacer::new(vec![(placeholder.as_bytes().to_vec(), String::new())]);
    replacer.whole(value.as_bytes());
    replacer.hits() > 0
}

/// Returns the header's value with the secret in it, if it is the placeholder alone, or after a word that says what it is.
///
/// A server may show the first bytes of a header that it refuses. Were the guest free to write before the secret what it
/// likes, it could have the secret shown a letter at a time.
fn filled(value: &HeaderValue, placeholder: &str, secret: &str) -> Option<HeaderValue> {
    let before = value.to_str().ok()?.strip_suffix(placeholder)?;
    let is_word = |word: &str| SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word));
    if !before.is_empty() && !before.strip_suffix(' ').is_some_and(is_word) {
        return None;
    }
    let mut filled = HeaderValue::from_str(&format!("{before}{secret}")).ok()?;
    filled.set_sensitive(true);
    Some(filled)
}

fn misshapen(asks: &Asks, name: &str, header: &HeaderName) -> String {
    let name = name.escape_debug();
    let why =
        format!("a header is the secret alone, or one of these words, a blank and the secret: {}", SCHEMES.join(", "));
    asks.refusal(&format!("secret \"{name}\" within more of header \"{header}\""), &why)
}

fn misplaced(asks: &Asks, name: &str, place: &str) -> String {
    let name = name.escape_debug();
    asks.refusal(&format!("secret \"{name}\" in {place} of a request"), "a secret goes into a header")
}

fn elsewhere(asks: &Asks, name: &str, origin: &Origin, header: &HeaderName) -> String {
    let (name, host) = (name.escape_debug(), &origin.host);
    let what = format!("secret \"{name}\" in header \"{header}\" to {host}");
    let line = format!("secrets = [{{ name = \"{name}\", host = \"{host}\", header = \"{header}\" }}]");
    asks.denial(Capability::Secrets, &what, &line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injector(value: &str) -> Result<SecretInjector> {
        let values = Secrets::from_iter([("key".to_owned(), value.to_owned())]);
        SecretInjector::new("test", &[Grant::secret("key", "example.com", "Authorization")], &values)
    }

    fn origin(host: &str) -> Origin {
        Origin::new("https", host).unwrap()
    }

    #[test]
    fn only_the_answers_of_those_who_may_have_a_value_are_scrubbed() {
        let injector = injector("sk_live_0123").unwrap();
        assert!(injector.scrub(7, &origin("example.com")).is_some());
        assert!(injector.scrub(7, &origin("other.example.com")).is_none());
    }

    #[test]
    fn an_echo_is_scrubbed_whole_or_cut_off() {
        let scrubbed = |text: &str| {
            let mut scrub = injector("sk_live_0123456789abcdef").unwrap().scrub(7, &origin("example.com")).unwrap();
            let text = String::from_utf8(scrub.whole(text.as_bytes())).unwrap();
            text.replace(&placeholder("key", 7), "#")
        };
        for (echo, left) in [
            ("say Bearer sk_live_0123456789abcdef;", "say Bearer #;"),
            ("{\"got\": \"sk_live_0123456789abc\"}", "{\"got\": \"#\"}"),
            ("got sk_live_0123", "got #"),
            ("it begins with sk_live_ and", "it begins with # and"),
            ("it ends in 89abcdef, see", "it ends in #, see"),
        ] {
            assert_eq!(scrubbed(echo), left, "{echo}");
        }
    }

    /// A server that shows the first bytes of a header would show a secret by its letters, were what stands before it free.
    #[test]
    fn a_header_has_the_secret_alone_or_after_a_known_word() {
        let fill = |text: &str| filled(&HeaderValue::from_str(text).unwrap(), "PLACE", "sk_live_0123");
        for (text, sent) in
            [("PLACE", "sk_live_0123"), ("Bearer PLACE", "Bearer sk_live_0123"), ("token PLACE", "token sk_live_0123")]
        {
            assert_eq!(fill(text).unwrap().as_bytes(), sent.as_bytes());
        }
        for text in [
            "xPLACE",
            "x PLACE",
            "Bearer  PLACE",
            "BearerPLACE",
            "Bearer x PLACE",
            "PLACEx",
            "PLACE ",
            "PLACE PLACE",
            " PLACE",
        ] {
            assert!(fill(text).is_none(), "{text}");
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
            let Err(fault) = injector(value) else { panic!("{value}") };
            assert!(fault.message.contains(why) && !fault.message.contains(value), "{fault}");
        }
    }
}
