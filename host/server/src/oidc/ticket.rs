//! What a browser keeps of a login that was begun.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use stockade::Digest;
use url::form_urlencoded::{byte_serialize, parse};
use uuid::Uuid;

/// How long a person may take to log in, in milliseconds.
pub(super) const TIME_MS: u64 = 600_000;

/// The longest path that a login leads to, in bytes: a browser keeps no long cookie. A longer one leads to the runs.
const NEXT_BYTES_MAX: usize = 1_024;

/// What a browser keeps of a login that was begun: a text that only it knows, when it began, and where it leads.
///
/// `state`, `nonce` and the verifier of PKCE follow from all of it, each by a digest that tells neither it nor another of them.
/// So the server keeps nothing, another server of the same page can end what this one has begun, and a ticket in which something
/// was changed does not fit what the provider was told.
pub(super) struct Ticket(String);

impl Ticket {
    pub(super) fn new(next: &str, now_ms: u64) -> Self {
        let [one, two] = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::simple);
        let next = if next.len() > NEXT_BYTES_MAX { "/" } else { next };
        let next: String = byte_serialize(next.as_bytes()).collect();
        Self(format!("{one}{two}.{now_ms}.{next}"))
    }

    /// Takes what a browser has sent for one.
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn state(&self) -> String {
        self.digest("state")
    }

    pub(super) fn nonce(&self) -> String {
        self.digest("nonce")
    }

    /// Returns the verifier of PKCE, which the provider is told where the code is exchanged.
    pub(super) fn verifier(&self) -> String {
        self.digest("verifier")
    }

    /// Returns what the provider is told of the verifier before.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier().as_bytes()))
    }

    /// Returns whether it is one, and not too old.
    pub(super) fn is_of_now(&self, now_ms: u64) -> bool {
        let begun_ms = self.0.split('.').nth(1).and_then(|text| text.parse().ok());
        begun_ms.is_some_and(|begun_ms: u64| now_ms.abs_diff(begun_ms) <= TIME_MS)
    }

    /// Returns where it leads, as its browser says.
    pub(super) fn next(&self) -> String {
        let next = self.0.splitn(3, '.').nth(2).unwrap_or_default();
        parse(next.as_bytes()).next().map(|(next, _)| next.into_owned()).unwrap_or_default()
    }

    fn digest(&self, purpose: &str) -> String {
        Digest::of(format!("{purpose} of {}", self.0).as_bytes()).hex().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_was_written_and_fits_a_cookie() {
        let path = "/runs/7?at=3&b=c d;e,f\"g.h";
        let ticket = Ticket::of(Ticket::new(path, 7_000).text());
        assert_eq!(ticket.next(), path);
        assert!(ticket.text().bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_*+%".contains(&byte)));
        let long = Ticket::new(&format!("/{}", "?".repeat(NEXT_BYTES_MAX)), 7_000);
        assert!(long.next() == "/" && Ticket::new(&"?".repeat(NEXT_BYTES_MAX), 7_000).text().len() < 3_500);
        assert!(ticket.is_of_now(7_000) && ticket.is_of_now(7_000 + TIME_MS) && !ticket.is_of_now(7_001 + TIME_MS));
        assert!(!["", "a", "a.b.c", "a.-1.c"].into_iter().any(|text| Ticket::of(text).is_of_now(7_000)));
        assert_eq!(Ticket::of("a").next(), "");
    }

    #[test]
    fn what_a_provider_is_told_differs_with_each_ticket_and_with_each_purpose() {
        let (one, other) = (Ticket::new("/", 7_000), Ticket::new("/", 7_000));
        let all = [&one, &other].map(|ticket| [ticket.state(), ticket.nonce(), ticket.verifier(), ticket.challenge()]);
        let all: std::collections::BTreeSet<_> = all.concat().into_iter().collect();
        assert_eq!(all.len(), 8);
        // RFC 7636: 43 to 128 letters.
        assert!(one.verifier().len() == 64 && one.challenge().len() == 43);
        assert_ne!(Ticket::of(&one.text().replace("%2F", "%2Fa")).state(), one.state());
    }
}
