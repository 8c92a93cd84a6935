//! Tokens of OpenID Connect: a provider on loopback, with keys that the tests make.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use stockade::config::{self, ByRole, RoleLimits};
use stockade::{Budget, Role};
use stockade_server::{Limits, Oidc};
use stockade_tests::registry::{Answer, Registry};
use stockade_tests::{Hand, root};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::server::{Client, Served, assert_problem};

/// A provider on loopback, with the keys that a test gives it.
pub(crate) struct Provider {
    pub(crate) registry: Registry,
    pub(crate) hand: Hand,
}

/// A key that signs.
pub(crate) enum Signer {
    Es(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rs(RsaKeyPair),
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub(crate) fn es() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Es(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap())
    }

    fn ed() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    /// The key of `tests/oidc`: ring makes none of RSA.
    fn rs() -> Self {
        let pem = fs::read(root().join("tests/oidc/rsa.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
        Self::Rs(RsaKeyPair::from_pkcs8(key.secret_der()).unwrap())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Es(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Rs(_) => "RS256",
        }
    }

    /// Returns the public key as a provider publishes it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Es(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "kid": kid, "crv": "P-256", "x": encoded(x), "y": encoded(y)})
            }
            Self::Ed(key) => json!({"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": encoded(key.public_key())}),
            Self::Rs(key) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = key.public().into();
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": encoded(n), "e": encoded(e)})
            }
        }
    }

    fn sign(&self, signed: &str) -> Vec<u8> {
        let (random, signed) = (SystemRandom::new(), signed.as_bytes());
        match self {
            Self::Es(key) => key.sign(&random, signed).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(signed).as_ref().to_vec(),
            Self::Rs(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature).unwrap();
                signature
            }
        }
    }
}

impl Provider {
    pub(crate) fn new() -> Self {
        let provider = Self { registry: Registry::new(), hand: Hand::new() };
        let url = |path: &str| provider.registry.url(path);
        let discovery = json!({"issuer": provider.issuer(), "jwks_uri": url("keys"), "more": [],
                               "authorization_endpoint": url("authorize?theme=dark"), "token_endpoint": url("exchange")});
        provider.answers("/realm/.well-known/openid-configuration", &discovery);
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        self.registry.url("realm")
    }

    pub(crate) fn answers(&self, path: &str, document: &Value) {
        self.registry.answer(path, Answer::Says(200, document.to_string()));
    }

    pub(crate) fn publishes(&self, keys: &[Value]) {
        self.answers("/keys", &json!({"keys": keys}));
    }

    pub(crate) fn settings(&self) -> config::Oidc {
        let roles = [("leads", Role::Approver), ("shops", Role::Operator), ("roots", Role::Admin)];
        let operator =
            RoleLimits { budget: Some(Budget::default().steps(5)), tools: Some(["policy".to_owned()].into()) };
        config::Oidc {
            issuer: self.issuer(),
            audience: "stockade".to_owned(),
            role_claim: "realm_access.roles".to_owned(),
            roles: roles.map(|(group, role)| (group.to_owned(), role)).into_iter().collect::<BTreeMap<_, _>>(),
            limits: ByRole { operator, ..ByRole::default() },
            client_id: None,
            client_secret: None,
            scopes: vec!["openid".to_owned(), "groups".to_owned()],
        }
    }

    /// Starts a server that takes the tokens of this provider.
    pub(crate) async fn serves(&self) -> Served {
        let oidc = Oidc::new(self.settings(), self.hand.clock()).unwrap();
        Served::start(|server| server.oidc(oidc)).await
    }

    /// The claims of one in some groups.
    pub(crate) fn claims(&self, groups: &[&str]) -> Value {
        json!({"iss": self.issuer(), "aud": ["stockade", "others"], "sub": "dana", "exp": Hand::BEGIN_MS / 1_000 + 600,
               "realm_access": {"roles": groups}})
    }

    /// Returns how often its keys were asked for.
    fn asked(&self) -> usize {
        self.registry.requests().iter().filter(|request| request.path == "/keys").count()
    }
}

pub(crate) fn token(signer: &Signer, kid: &str, claims: &Value) -> String {
    let header = json!({"alg": signer.alg(), "kid": kid, "typ": "JWT"});
    let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    format!("{signed}.{}", encoded(signer.sign(&signed)))
}

/// Asks for the runs with a token, and returns the answer.
async fn asks(served: &Served, token: &str) -> (u16, Value) {
    let client = Client { token: Some(token.to_owned()), ..served.anyone() };
    client.ask("GET /v1/runs", &[], &Value::Null).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_provider_is_taken_with_the_role_and_the_limits_of_its_groups() {
    let provider = Provider::new();
    let signers = [Signer::es(), Signer::ed(), Signer::rs()];
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk(signer.alg())).collect();
    provider.publishes(&keys);
    let served = provider.serves().await;
    for signer in &signers {
        let answer = asks(&served, &token(signer, signer.alg(), &provider.claims(&["leads"]))).await;
        assert_eq!(answer, (200, json!([])), "{}", signer.alg());
    }
    assert_eq!(provider.asked(), 1, "the keys are kept");
    let signed = |groups: &[&str]| Some(token(&signers[0], "ES256", &provider.claims(groups)));
    let shop = Client { token: signed(&["shops", "unknown"]), ..served.anyone() };
    let run = shop.refund("user_123").await;
    let report = shop.get(&format!("/v1/runs/{run}")).await;
    let entries = shop.get(&format!("/v1/runs/{run}/entries")).await;
    assert_eq!(entries[0]["origin"]["by"], format!("{}#dana", provider.issuer()), "{report}");
    let more = shop.post("/v1/runs", &json!({"workflow": "refund", "input": {}, "budget": {"steps": 6}})).await;
    assert_problem(&more, 403, "budget");
    let code = json!({"language": "javascript", "code": "1", "tools": ["payments"]});
    assert_problem(&shop.post("/v1/exec", &code).await, 403, "tool");
    let stranger = Client { token: signed(&["unknown"]), ..served.anyone() };
    assert_problem(&stranger.ask("GET /v1/runs", &[], &Value::Null).await, 403, "role");
    let root = Client { token: signed(&["shops", "roots", "leads"]), ..served.anyone() };
    let called = root.post("/v1/tools/purchases/nothing", &json!({})).await;
    assert_ne!(called.1["reason"], "role", "an admin comes before the others: {called:?}");
    // Tokens of the journal are taken beside them.
    served.client("mia", Role::Viewer).await.get("/v1/runs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_signed_so_or_not_for_this_server_now_is_refused() {
    let provider = Provider::new();
    let (signer, other) = (Signer::rs(), Signer::es());
    provider.publishes(&[signer.jwk("rs"), Signer::es().jwk("es")]);
    let served = provider.serves().await;
    let good = provider.claims(&["leads"]);
    assert_eq!(asks(&served, &token(&signer, "rs", &good)).await.0, 200);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(&signer, "rs", &claims)
    };
    let unsigned = |alg: &str, signature: &str| {
        let header = json!({"alg": alg, "kid": "rs"});
        format!("{}.{}.{signature}", encoded(header.to_string()), encoded(good.to_string()))
    };
    // The public key, as one that takes it for a shared secret would.
    let shared = hmac::Key::new(hmac::HMAC_SHA256, signer.jwk("rs")["n"].as_str().unwrap().as_bytes());
    let hs256 = unsigned("HS256", "");
    let hs256 = format!("{hs256}{}", encoded(hmac::sign(&shared, hs256.trim_end_matches('.').as_bytes())));
    let now_s = Hand::BEGIN_MS / 1_000;
    for (token, says) in [
        (with("aud", json!("another")), "aud"),
        (with("iss", json!("https://evil.example")), "iss"),
        (with("exp", json!(now_s - 61)), "exp"),
        (with("nbf", json!(now_s + 61)), "nbf"),
        (with("sub", json!("")), "sub"),
        (unsigned("none", ""), "algorithm \"none\""),
        (hs256, "algorithm \"HS256\""),
        (unsigned("RS256", ""), "signature"),
        (token(&other, "es", &good), "signature"),
        (token(&other, "rs", &good), "algorithm \"ES256\""),
        (token(&signer, "es", &good), "algorithm \"RS256\""),
        (token(&signer, "unknown", &good), "does not publish"),
        ("a.b.c".to_owned(), "base64"),
    ] {
        let refused = asks(&served, &token).await;
        assert_problem(&refused, 401, "token");
        assert!(refused.1["detail"].as_str().unwrap().contains(says), "{says}: {refused:?}");
    }
    assert_eq!(asks(&served, &with("exp", json!(now_s - 59))).await.0, 200, "clocks differ a little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_asked_for_again_where_a_token_names_another_one_and_not_too_often() {
    let provider = Provider::new();
    let (old, new) = (Signer::es(), Signer::ed());
    provider.publishes(&[old.jwk("old")]);
    let served = provider.serves().await;
    let claims = provider.claims(&["leads"]);
    let [of_old, of_new] = [token(&old, "old", &claims), token(&new, "new", &claims)];
    assert_eq!(asks(&served, &of_old).await.0, 200);
    provider.publishes(&[new.jwk("new")]);
    for _ in 0..3 {
        assert_eq!(asks(&served, &of_new).await.0, 401);
    }
    assert_eq!(provider.asked(), 1, "it is left alone for a while");
    provider.hand.forward(10_000);
    assert_eq!((asks(&served, &of_new).await.0, asks(&served, &of_old).await.0), (200, 401), "the key was changed");
    assert_eq!(provider.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_does_not_answer_is_no_fault_of_a_token_and_its_keys_hold_for_a_day() {
    let provider = Provider::new();
    let signer = Signer::es();
    let served = provider.serves().await;
    let hour_ms = 3_600_000;
    let mut claims = provider.claims(&["leads"]);
    claims["exp"] = json!(Hand::BEGIN_MS / 1_000 + 100 * 3_600);
    let token = token(&signer, "es", &claims);
    let down = asks(&served, &token).await;
    assert_problem(&down, 503, "oidc");
    let lies =
        [Answer::Status(500), Answer::Endless, Answer::Says(200, "{}".to_owned()), Answer::Elsewhere("/".to_owned())];
    for answer in lies {
        provider.hand.forward(10_000);
        provider.registry.answer("/keys", answer);
        assert_problem(&asks(&served, &token).await, 503, "oidc");
    }
    provider.publishes(&[signer.jwk("es")]);
    provider.hand.forward(10_000);
    assert_eq!(asks(&served, &token).await.0, 200);
    provider.registry.answer("/keys", Answer::Status(500));
    provider.hand.forward(23 * hour_ms);
    assert_eq!(asks(&served, &token).await.0, 200);
    provider.hand.forward(hour_ms);
    assert_problem(&asks(&served, &token).await, 503, "oidc");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_once_the_time_of_its_token_is_over_and_the_page_takes_such_a_token_too() {
    let provider = Provider::new();
    let signer = Signer::es();
    provider.publishes(&[signer.jwk("es")]);
    let oidc = Oidc::new(provider.settings(), provider.hand.clock()).unwrap();
    let limits = Limits { heartbeat: Duration::from_millis(20), ..Limits::default() };
    let served = Served::start(|server| server.oidc(oidc).limits(limits)).await;
    let token = token(&signer, "es", &provider.claims(&["leads"]));
    let client = Client { token: Some(token.clone()), ..served.anyone() };
    let stream = client.send("GET /v1/events", &[], "").await;
    assert_eq!(stream.status(), 200);
    let login = served.anyone().send("POST /login", &[], format!("token={token}")).await;
    assert!(login.headers()["set-cookie"].to_str().unwrap().starts_with(&format!("stockade={token};")));
    provider.hand.forward(661_000);
    stream.into_body().collect().await.unwrap();
    let login = served.anyone().send("POST /login", &[], format!("token={token}")).await;
    assert!(login.headers()["location"].to_str().unwrap().starts_with("/login?refused"));
}
