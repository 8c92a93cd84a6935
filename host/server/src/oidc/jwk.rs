//! The keys that a provider publishes (RFC 7517), and signatures by them. The key says by which algorithm it signs, and a token
//! that names another one is refused: so no public key is ever taken for a shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use super::jwt::{Header, Jwt};

/// How many keys of a provider are kept.
const KEYS_MAX: usize = 64;

/// The keys of a provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Vec<Named>);

/// A key with its name, if it has one.
#[derive(Clone, Debug)]
struct Named {
    kid: Option<String>,
    key: Key,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of P-256, not compressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The document in which a provider publishes its keys.
#[derive(Deserialize)]
pub(super) struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    n: String,
    e: String,
    x: String,
    y: String,
}

impl Keys {
    /// Takes the keys that sign by an algorithm that is known here; a provider may have others, too.
    pub(super) fn of(jwks: Jwks) -> Self {
        let named = |jwk: Jwk| Some(Named { key: jwk.key()?, kid: jwk.kid });
        Self(jwks.keys.into_iter().filter_map(named).take(KEYS_MAX).collect())
    }

    /// Returns whether the provider has no key that is known here.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the key that a header names. One that names none means the only one of its algorithm.
    pub(super) fn find(&self, header: &Header) -> Option<&Key> {
        match &header.kid {
            Some(kid) => self.0.iter().find(|named| named.kid.as_ref() == Some(kid)).map(|named| &named.key),
            None => {
                let mut keys = self.0.iter().map(|named| &named.key).filter(|key| key.alg() == header.alg);
                keys.next().filter(|_| keys.next().is_none())
            }
        }
    }
}

impl Jwk {
    fn key(&self) -> Option<Key> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !bytes.is_empty());
        let of_length = |text: &str, length: usize| bytes(text).filter(|bytes| bytes.len() == length);
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Key::Rsa { n: bytes(&self.n)?, e: bytes(&self.e)? },
            ("EC", Some("P-256")) => Key::P256([vec![4], of_length(&self.x, 32)?, of_length(&self.y, 32)?].concat()),
            ("OKP", Some("Ed25519")) => Key::Ed25519(of_length(&self.x, 32)?),
            _ => return None,
        };
        let signs = self.r#use.as_deref().is_none_or(|usage| usage == "sig");
        let fits = self.alg.as_deref().is_none_or(|alg| alg == key.alg());
        (signs && fits).then_some(key)
    }
}

impl Key {
    /// Returns the algorithm by which it signs.
    fn alg(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// Checks the signature of a token, and returns its claims.
    pub(super) fn check<'a>(&self, jwt: &'a Jwt) -> Result<&'a [u8], String> {
        let (alg, signed) = (&jwt.header.alg, jwt.signed.as_bytes());
        if alg != self.alg() {
            return Err(format!("its header names the algorithm \"{alg}\", and its key signs by {}", self.alg()));
        }
        let verified = match self {
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, &jwt.signature)
            }
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, &jwt.signature),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, &jwt.signature),
        };
        verified.map(|()| jwt.claims.as_slice()).map_err(|_| "its signature is not one of its key".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::jwt::parsed;

    /// RFC 7515, A.2 and A.3: the keys, and the token of A.3.
    const JWKS: &str = r#"{"keys": [
        {"kty": "EC", "kid": "ec", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": "OKP", "kid": "of another use", "use": "enc", "crv": "Ed25519",
         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": "EC", "kid": "of another curve", "crv": "P-384", "x": "AAAA", "y": "AAAA"},
        {"kty": "RSA", "kid": "of another algorithm", "alg": "PS256", "n": "AQAB", "e": "AQAB"},
        {"kty": "oct", "kid": "shared", "k": "AAAA"}, {"kty": "new"}
    ]}"#;

    /// RFC 7515, A.3.1.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.\
                         eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                         DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    /// RFC 8037, A.4.
    const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
                         hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    #[test]
    fn signatures_of_the_standards_are_taken_and_others_are_not() {
        let keys = Keys::of(parsed(JWKS.as_bytes()).unwrap());
        assert_eq!(keys.0.len(), 2, "keys of other kinds are left out");
        for token in [ES256, EDDSA] {
            let jwt = Jwt::read(token).unwrap();
            let key = keys.find(&jwt.header).unwrap();
            assert_eq!(key.check(&jwt), Ok(jwt.claims.as_slice()));
            let other = keys.0.iter().map(|named| &named.key).find(|other| *other != key).unwrap();
            assert!(other.check(&jwt).unwrap_err().contains("algorithm"));
            let mut changed = Jwt::read(token).unwrap();
            changed.signed.push('A');
            assert_eq!(key.check(&changed).unwrap_err(), "its signature is not one of its key");
        }
    }

    #[test]
    fn a_token_that_names_no_key_means_the_only_one_of_its_algorithm() {
        let keys = Keys::of(parsed(JWKS.as_bytes()).unwrap());
        let header = |text: &str| parsed::<Header>(text.as_bytes()).unwrap();
        assert!(keys.find(&header(r#"{"alg": "ES256"}"#)).is_some());
        assert!(keys.find(&header(r#"{"alg": "ES256", "kid": "ed"}"#)).is_some_and(|key| key.alg() == "EdDSA"));
        for alg in ["RS256", "HS256", "none", ""] {
            assert!(keys.find(&Header { alg: alg.to_owned(), ..header(r#"{"alg": ""}"#) }).is_none(), "{alg}");
        }
        let two = Keys([keys.0.clone(), keys.0.clone()].concat());
        assert!(two.find(&header(r#"{"alg": "ES256"}"#)).is_none(), "it is not said which");
    }
}
