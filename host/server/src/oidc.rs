//! Tokens of a provider of OpenID Connect: signed claims, by a key that the provider publishes.

mod claims;
mod issuer;
mod jwk;
mod jwt;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stockade::{Clock, Fault, Kind, Principal, Role, config};

use claims::Claims;
use issuer::Issuer;
use jwk::Keys;
use jwt::{Header, Jwt};

use crate::problem::{Answer, Problem};

/// How long keys are used before the provider is asked for them again, in milliseconds.
const FRESH_MS: u64 = 3_600_000;

/// How long they are used where the provider does not answer, in milliseconds.
const STALE_MS: u64 = 24 * 3_600_000;

/// How long the provider is left alone after it was asked, in milliseconds: a client may make up as many names of keys as it
/// likes.
const PAUSE_MS: u64 = 10_000;

/// A provider of OpenID Connect whose tokens a server takes.
///
/// A token is one of RS256, ES256 or EdDSA, by a key that the provider has published, for the audience of this server, within
/// its time. Its principal is named `ISSUER#SUBJECT`, and has the role of its groups.
pub struct Oidc {
    settings: config::Oidc,
    issuer: Issuer,
    clock: Clock,
    kept: Mutex<Kept>,
    /// Held while the provider is asked.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// The keys, as they were when the provider was asked last.
#[derive(Default)]
struct Kept {
    keys: Keys,
    /// When they came.
    fetched_ms: Option<u64>,
    /// When the provider was asked last, and what has failed then.
    asked_ms: Option<u64>,
    failed: Option<Fault>,
}

impl Kept {
    /// Returns whether they are older than so long, or have never come.
    fn is_older(&self, ms: u64, now_ms: u64) -> bool {
        self.fetched_ms.is_none_or(|at_ms| now_ms.abs_diff(at_ms) >= ms)
    }

    /// Returns whether a key is known, and the provider need not be asked.
    fn is_current(&self, header: &Header, now_ms: u64) -> bool {
        self.keys.find(header).is_some() && !self.is_older(FRESH_MS, now_ms)
    }

    /// Returns whether a key is known, and the provider was asked a moment ago.
    fn can_wait(&self, header: &Header, now_ms: u64) -> bool {
        self.keys.find(header).is_some() && !self.may_ask(now_ms)
    }

    fn may_ask(&self, now_ms: u64) -> bool {
        self.asked_ms.is_none_or(|at_ms| now_ms.abs_diff(at_ms) >= PAUSE_MS)
    }
}

impl Oidc {
    /// Makes one. The provider is asked with the first token.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `oidc` where the address of the issuer cannot be used, or no group has a role.
    pub fn new(settings: config::Oidc, clock: Clock) -> stockade::Result<Self> {
        if settings.roles.is_empty() {
            let message = "no group has a role; write roles = { GROUP = \"approver\" } under [server.oidc]";
            return Err(Fault::invalid("oidc", message));
        }
        let issuer = Issuer::new(&settings.issuer)?;
        Ok(Self { settings, issuer, clock, kept: Mutex::default(), asking: Arc::default() })
    }

    /// Returns whose a token is.
    pub(crate) async fn principal(self: &Arc<Self>, token: &str) -> Answer<Principal> {
        let jwt = Jwt::read(token).map_err(refused)?;
        let signed = self.with_key(&jwt).await?;
        let claims = Claims::read(signed).map_err(refused)?;
        let (config::Oidc { issuer, audience, .. }, now_s) = (&self.settings, self.clock.now_ms() / 1_000);
        claims.check(issuer, audience, now_s).map_err(refused)?;
        self.of(&claims)
    }

    /// Checks the signature, and returns what is signed.
    async fn with_key<'a>(self: &Arc<Self>, jwt: &'a Jwt) -> Answer<&'a [u8]> {
        if !self.kept().is_current(&jwt.header, self.clock.now_ms()) {
            self.renew(&jwt.header).await;
        }
        let (kept, now_ms) = (self.kept(), self.clock.now_ms());
        match (kept.keys.find(&jwt.header).filter(|_| !kept.is_older(STALE_MS, now_ms)), &kept.failed) {
            (Some(key), _) => key.check(jwt).map_err(refused),
            (None, Some(failed)) => Err(failed.clone().into()),
            (None, None) => Err(refused("it is signed by a key that its issuer does not publish".to_owned())),
        }
    }

    /// Asks for the keys, where that may be done again. Those who come meanwhile wait for the one answer, but for those whose
    /// key is known. The answer is waited for also where the client has gone: one that comes and goes would keep it from all.
    async fn renew(self: &Arc<Self>, header: &Header) {
        if self.kept().can_wait(header, self.clock.now_ms()) {
            return;
        }
        let asking = Arc::clone(&self.asking).lock_owned().await;
        let now_ms = self.clock.now_ms();
        if !self.begin(header, now_ms) {
            return;
        }
        let oidc = Arc::clone(self);
        let asked = tokio::spawn(async move {
            let _asking = asking;
            let found = oidc.issuer.keys().await;
            oidc.came(found, now_ms);
        });
        // What has ended by itself leaves the provider as one that has not answered.
        let _ = asked.await;
    }

    fn came(&self, found: stockade::Result<Keys>, now_ms: u64) {
        let mut kept = self.kept();
        match found {
            Ok(keys) => (kept.keys, kept.fetched_ms, kept.failed) = (keys, Some(now_ms), None),
            Err(fault) => kept.failed = Some(fault),
        }
    }

    /// Takes note that the provider is asked now, unless another has done so. A client that goes away meanwhile has asked all the
    /// same.
    fn begin(&self, header: &Header, now_ms: u64) -> bool {
        let mut kept = self.kept();
        let may_ask = !kept.is_current(header, now_ms) && kept.may_ask(now_ms);
        if may_ask {
            kept.asked_ms = Some(now_ms);
            kept.failed = Some(self.issuer.unavailable("it was asked, and has not answered yet"));
        }
        may_ask
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the principal of claims that were checked.
    fn of(&self, claims: &Claims) -> Answer<Principal> {
        let config::Oidc { issuer, role_claim, roles, limits, .. } = &self.settings;
        let name = format!("{issuer}#{}", claims.subject());
        let groups = claims.texts(role_claim);
        let has = |role: &Role| groups.iter().any(|group| roles.get(*group) == Some(role));
        let Some(role) = [Role::Admin, Role::Approver, Role::Operator, Role::Viewer].into_iter().find(has) else {
            let message = format!("\"{name}\" is in no group that has a role here (claim \"{role_claim}\")");
            return Err(Fault::new(Kind::Denied, message).detail("role").into());
        };
        let config::RoleLimits { budget, tools } = limits.of(role).clone();
        Ok(Principal { budget, tools, ..Principal::new(name, role) })
    }
}

fn refused(why: String) -> Problem {
    Problem::unauthorized(format!("the token is not taken: {why}"))
}
