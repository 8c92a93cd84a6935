//! The keys that seal what a journal keeps of its runs.

use std::fmt;
use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use stockade_workflow::Fault;

use crate::Result;

/// The shortest secret that is taken: what is derived from it can be guessed as easily as it can.
const SECRET_BYTES_MIN: usize = 32;

/// What is derived from a secret is derived for this, and for nothing else.
const SALT: &[u8] = b"stockade journal 1";

/// How many random bytes say which key and nonce a payload is sealed under. They are never drawn twice: of 2^64 payloads, two have
/// the same with a chance of 2^-65.
const DRAWN_BYTES: usize = 24;

const KEY_BYTES: usize = 32;

const NONCE_BYTES: usize = 12;

/// The number by which a payload says under which key it is sealed. It follows from the key, and tells nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyId(pub(crate) [u8; KeyId::BYTES]);

impl KeyId {
    pub(crate) const BYTES: usize = 8;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The keys of a journal, each derived from a secret: one that seals, if there is one, and others that only open.
///
/// A payload is sealed by ChaCha20-Poly1305, under a key and a nonce of its own: HKDF-SHA-256 derives both from the secret and from 24
/// random bytes, which are kept beside the payload. What it belongs to is authenticated with it.
#[derive(Clone, Default)]
pub struct Keyring {
    sealing: Option<Arc<Key>>,
    opening: Vec<Arc<Key>>,
}

struct Key {
    /// The name of its secret.
    name: String,
    id: KeyId,
    payloads: Prk,
    digests: hmac::Key,
}

/// Why a payload cannot be opened.
#[derive(Debug)]
pub(crate) enum Unopened {
    /// Its key is not there.
    NoKey(String),
    /// It is not what was sealed, or not where it was sealed for.
    Changed(String),
}

impl Keyring {
    /// Makes keys of secrets, each a name and a value: of `sealing` the one that seals from now on, of `previous` those that only open
    /// what they have sealed. Without `sealing`, what is new is not sealed.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade_workflow::Kind::Invalid) with detail `encryption` where a value is shorter than 32 bytes, or
    /// two are the same. No text repeats a value.
    pub fn new(sealing: Option<(&str, &str)>, previous: &[(&str, &str)]) -> Result<Self> {
        let mut ring = Self { sealing: sealing.map(Key::of).transpose()?.map(Arc::new), opening: Vec::new() };
        for secret in previous {
            let key = Key::of(*secret)?;
            if let Some(same) = ring.key(&key.id) {
                let why =
                    format!("the secrets \"{}\" and \"{}\" have the same value; name one of them", same.name, key.name);
                return Err(Fault::invalid("encryption", why));
            }
            ring.opening.push(Arc::new(key));
        }
        Ok(ring)
    }

    /// Returns whether what is new is sealed.
    pub fn seals(&self) -> bool {
        self.sealing.is_some()
    }

    /// The number of the key that seals.
    pub(crate) fn sealing(&self) -> Option<KeyId> {
        self.sealing.as_ref().map(|key| key.id)
    }

    fn key(&self, id: &KeyId) -> Option<&Key> {
        self.sealing.iter().chain(&self.opening).find(|key| key.id == *id).map(|key| &**key)
    }

    /// Returns the name of the secret behind a key.
    pub(crate) fn name(&self, id: &KeyId) -> Option<&str> {
        self.key(id).map(|key| &*key.name)
    }

    /// Returns the digest by which a piece is kept once: one that only a holder of the key can make. `None` without a key that
    /// seals.
    pub(crate) fn digest(&self, piece: &[u8]) -> Option<[u8; 32]> {
        let key = self.sealing.as_ref()?;
        hmac::sign(&key.digests, piece).as_ref().try_into().ok()
    }

    /// Seals bytes with what they belong to, and returns what was drawn for them and the sealed bytes.
    pub(crate) fn seal(&self, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, String> {
        let key = self.sealing.as_ref().ok_or("no key seals")?;
        let mut drawn = [0; DRAWN_BYTES];
        SystemRandom::new().fill(&mut drawn).map_err(|_| "the system gives no random bytes")?;
        let (own, nonce) = key.own(&drawn).map_err(|_| "its key cannot be derived")?;
        let mut sealed = plain.to_vec();
        own.seal_in_place_append_tag(nonce, Aad::from(about), &mut sealed)
            .map_err(|_| "it is too long to be sealed")?;
        Ok([&drawn[..], &sealed[..]].concat())
    }

    /// Opens what [`seal`](Self::seal) has returned.
    pub(crate) fn open(&self, id: &KeyId, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let key = self.key(id).ok_or_else(|| Unopened::NoKey(self.lacks(id)))?;
        let opened = || {
            let (drawn, sealed) = sealed.split_first_chunk().ok_or(Unspecified)?;
            let (own, nonce) = key.own(drawn)?;
            let mut bytes = sealed.to_vec();
            let plain = own.open_in_place(nonce, Aad::from(about), &mut bytes)?.len();
            bytes.truncate(plain);
            Ok::<_, Unspecified>(bytes)
        };
        opened().map_err(|_| {
            let name = &key.name;
            Unopened::Changed(format!(
                "it is not as key {id} (secret \"{name}\") has sealed it: it was changed, or it is of another run or another place"
            ))
        })
    }

    fn lacks(&self, id: &KeyId) -> String {
        let known: Vec<_> =
            self.sealing.iter().chain(&self.opening).map(|key| format!("{} ({})", key.id, key.name)).collect();
        let known = if known.is_empty() {
            "no key is configured".to_owned()
        } else {
            format!("known are {}", known.join(", "))
        };
        format!(
            "it is sealed under key {id}, and {known}; name the secret that it was made of in [journal], \
             encryption = {{ key = \"NAME\" }} or {{ previous = [\"NAME\"] }}"
        )
    }
}

impl fmt::Debug for Keyring {
    /// Names the secrets, and no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.sealing.iter().chain(&self.opening).map(|key| &key.name);
        f.debug_list().entries(names).finish()
    }
}

impl Key {
    fn of((name, value): (&str, &str)) -> Result<Self> {
        if value.len() < SECRET_BYTES_MIN {
            let why = format!(
                "the secret \"{name}\" has {} bytes, and a key of the journal needs {SECRET_BYTES_MIN} that cannot be guessed; \
                 `openssl rand -base64 32` makes one",
                value.len()
            );
            return Err(Fault::invalid("encryption", why));
        }
        let secret = Salt::new(HKDF_SHA256, SALT).extract(value.as_bytes());
        let id = derived::<{ KeyId::BYTES }>(&secret, &[&b"id"[..]]).map_err(|_| no_key(name))?;
        let part = |what: &[u8]| derived::<KEY_BYTES>(&secret, &[what]).map_err(|_| no_key(name));
        let payloads = Prk::new_less_safe(HKDF_SHA256, &part(b"payloads")?);
        let digests = hmac::Key::new(hmac::HMAC_SHA256, &part(b"digests")?);
        Ok(Self { name: name.to_owned(), id: KeyId(id), payloads, digests })
    }

    /// Derives the key and the nonce of one payload.
    fn own(&self, drawn: &[u8; DRAWN_BYTES]) -> Result<(LessSafeKey, Nonce), Unspecified> {
        let both = derived::<{ KEY_BYTES + NONCE_BYTES }>(&self.payloads, &[&b"payload"[..], &drawn[..]])?;
        let (key, nonce) = both.split_at(KEY_BYTES);
        let key = UnboundKey::new(&CHACHA20_POLY1305, key)?;
        Ok((LessSafeKey::new(key), Nonce::try_assume_unique_for_key(nonce)?))
    }
}

fn no_key(name: &str) -> Fault {
    Fault::invalid("encryption", format!("no key can be derived from the secret \"{name}\""))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived<const BYTES: usize>(from: &Prk, what: &[&[u8]]) -> Result<[u8; BYTES], Unspecified> {
    let mut bytes = [0; BYTES];
    from.expand(what, Length(BYTES))?.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ONE: (&str, &str) = ("one", "a secret that has as many bytes as it needs");
    const OTHER: (&str, &str) = ("other", "another secret that has as many bytes as it needs");

    fn opened(keys: &Keyring, id: KeyId, about: &[u8], sealed: &[u8]) -> std::result::Result<Vec<u8>, Unopened> {
        keys.open(&id, about, sealed)
    }

    #[test]
    fn bytes_are_opened_as_they_were_sealed() {
        let keys = Keyring::new(Some(ONE), &[]).unwrap();
        let id = keys.sealing().unwrap();
        for plain in [&b""[..], b"a", &[7; 100_000]] {
            let sealed = keys.seal(b"here", plain).unwrap();
            assert_eq!(sealed.len(), plain.len() + DRAWN_BYTES + CHACHA20_POLY1305.tag_len());
            assert_eq!(opened(&keys, id, b"here", &sealed).unwrap(), plain);
            let again = Keyring::new(Some(OTHER), &[ONE]).unwrap();
            assert_eq!(opened(&again, id, b"here", &sealed).unwrap(), plain, "as a previous one");
        }
    }

    #[test]
    fn bytes_that_were_changed_or_moved_are_refused() {
        let keys = Keyring::new(Some(ONE), &[]).unwrap();
        let (id, sealed) = (keys.sealing().unwrap(), keys.seal(b"here", b"plain").unwrap());
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(opened(&keys, id, b"here", &changed), Err(Unopened::Changed(_))), "bit {bit}");
        }
        for end in 0..sealed.len() {
            assert!(opened(&keys, id, b"here", &sealed[..end]).is_err(), "cut at {end}");
        }
        let Err(Unopened::Changed(why)) = opened(&keys, id, b"there", &sealed) else { panic!("it was opened") };
        assert!(why.contains(&id.to_string()) && why.contains("\"one\""), "{why}");
    }

    #[test]
    fn a_key_that_is_not_there_is_named_and_what_would_allow_it() {
        let (keys, others) = (Keyring::new(Some(ONE), &[]).unwrap(), Keyring::new(Some(OTHER), &[]).unwrap());
        let (id, sealed) = (keys.sealing().unwrap(), keys.seal(b"", b"plain").unwrap());
        for (without, known) in [(others, "(other)"), (Keyring::default(), "no key is configured")] {
            let Err(Unopened::NoKey(why)) = opened(&without, id, b"", &sealed) else { panic!("it was opened") };
            for part in [&*id.to_string(), known, "[journal]", "previous"] {
                assert!(why.contains(part), "{part}: {why}");
            }
        }
    }

    #[test]
    fn what_is_drawn_is_new_each_time() {
        let keys = Keyring::new(Some(ONE), &[]).unwrap();
        let drawn: BTreeSet<_> = (0..1_000).map(|_| keys.seal(b"", b"").unwrap()[..DRAWN_BYTES].to_vec()).collect();
        assert_eq!(drawn.len(), 1_000);
    }

    #[test]
    fn a_digest_is_of_the_key_and_of_the_piece() {
        let (one, other) = (Keyring::new(Some(ONE), &[]).unwrap(), Keyring::new(Some(OTHER), &[ONE]).unwrap());
        assert_eq!(one.digest(b"a"), Keyring::new(Some(ONE), &[OTHER]).unwrap().digest(b"a"));
        assert_ne!(one.digest(b"a"), one.digest(b"b"));
        assert_ne!(one.digest(b"a"), other.digest(b"a"));
        assert_eq!(Keyring::new(None, &[ONE]).unwrap().digest(b"a"), None);
    }

    #[test]
    fn a_short_secret_and_one_named_twice_are_refused_and_not_repeated() {
        let short = Keyring::new(Some(("db", "hunter2")), &[]).unwrap_err();
        assert!(short.message.contains("\"db\"") && !short.message.contains("hunter2"), "{short}");
        let twice = Keyring::new(Some(ONE), &[("again", ONE.1)]).unwrap_err();
        assert!(twice.message.contains("\"one\" and \"again\"") && !twice.message.contains(ONE.1), "{twice}");
        assert!(!format!("{:?}", Keyring::new(Some(ONE), &[OTHER]).unwrap()).contains("secret"));
    }
}
