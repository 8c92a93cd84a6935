//! Tokens of a provider of OpenID Connect: signed claims, by a key that the provider publishes.

mod claims;
mod issuer;
mod jwk;
mod jwt;
mod login;
mod ticket;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stockade::{Clock, Fault, Kind, Principal, Role, config};

use claims::Claims;
use issuer::{Endpoints, Issuer, Published};
use jwt::{Header, Jwt};
pub(crate) use login::{LoggedIn, Login};

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
    login: Option<Login>,
    clock: Clock,
    kept: Mutex<Kept>,
    /// Held while the provider is asked.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// What the provider is asked for.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// The key of a token.
    Key(&'a Header),
    /// Where people log in.
    Endpoints,
}

/// What the provider publishes, as it was when it was asked last.
#[derive(Default)]
struct Kept {
    published: Published,
    /// When that came.
    fetched_ms: Option<u64>,
    /// When the provider was asked last, and what has failed then.
    asked_ms: Option<u64>,
    failed: Option<Fault>,
}

impl Kept {
    /// Returns whether it is older than so long, or has never come.
    fn is_older(&self, ms: u64, now_ms: u64) -> bool {
        self.fetched_ms.is_none_or(|at_ms| now_ms.abs_diff(at_ms) >= ms)
    }

    fn has(&self, wanted: Wanted<'_>) -> bool {
        match wanted {
            Wanted::Key(header) => self.published.keys.find(header).is_some(),
            Wanted::Endpoints => self.published.endpoints.is_some(),
        }
    }

    /// Returns whether what is wanted is known, and the provider need not be asked.
    fn is_current(&self, wanted: Wanted<'_>, now_ms: u64) -> bool {
        self.has(wanted) && !self.is_older(FRESH_MS, now_ms)
    }

    /// Returns whether what is wanted is known, and is fresh or was asked for a moment ago.
    fn can_wait(&self, wanted: Wanted<'_>, now_ms: u64) -> bool {
        self.is_current(wanted, now_ms) || (self.has(wanted) && !self.may_ask(now_ms))
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
    /// Kind [`Kind::Invalid`] with detail `oidc` where the address of the issuer cannot be used, no group has a role, or what a
    /// login takes does not fit together.
    pub fn new(settings: config::Oidc, clock: Clock) -> stockade::Result<Self> {
        if settings.roles.is_empty() {
            let message = "no group has a role; write roles = { GROUP = \"approver\" } under [server.oidc]";
            return Err(Fault::invalid("oidc", message));
        }
        login::check(&settings)?;
        let issuer = Issuer::new(&settings.issuer)?;
        Ok(Self { settings, issuer, login: None, clock, kept: Mutex::default(), asking: Arc::default() })
    }

    /// Lets people log in to the page through the provider, as the client that the settings name. `page` is the address of the
    /// page as people reach it, and `secret` the value of the client's secret, if it has one.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `oidc` where the settings name no client, or people cannot be sent back to the page
    /// safely: it must be at the root of an address with https, or of one of this machine.
    pub fn with_login(mut self, page: &str, secret: Option<String>) -> stockade::Result<Self> {
        self.login = Some(Login::new(&self.settings, page, secret)?);
        Ok(self)
    }

    /// Returns how people log in through the provider, if they do.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Returns the name of the provider's machine.
    pub(crate) fn host(&self) -> &str {
        &self.issuer.host
    }

    /// Returns whose a token is.
    pub(crate) async fn principal(self: &Arc<Self>, token: &str) -> Answer<Principal> {
        self.of(&self.claims(token).await?)
    }

    /// Checks a token, and returns what it claims.
    async fn claims(self: &Arc<Self>, token: &str) -> Answer<Claims> {
        let jwt = Jwt::read(token).map_err(refused)?;
        let signed = self.with_key(&jwt).await?;
        let claims = Claims::read(signed).map_err(refused)?;
        let now_s = self.clock.now_ms() / 1_000;
        claims.check(&self.settings.issuer, &self.audiences(), now_s).map_err(refused)?;
        Ok(claims)
    }

    /// Returns the audiences that a token may be for. The token that a login gives is for the client that has begun the login,
    /// and is the token of the session.
    fn audiences(&self) -> Vec<&str> {
        let client = self.login.as_ref().map(Login::client_id);
        [self.settings.audience.as_str()].into_iter().chain(client).collect()
    }

    /// Returns where people log in.
    async fn endpoints(self: &Arc<Self>) -> Answer<Endpoints> {
        self.renew(Wanted::Endpoints).await;
        let (kept, now_ms) = (self.kept(), self.clock.now_ms());
        match (kept.published.endpoints.as_ref().filter(|_| !kept.is_older(STALE_MS, now_ms)), &kept.failed) {
            (Some(endpoints), _) => Ok(endpoints.clone()),
            (None, Some(failed)) => Err(failed.clone().into()),
            (None, None) => {
                let why = "it names no authorization_endpoint and token_endpoint with https";
                Err(self.issuer.unavailable(why).into())
            }
        }
    }

    /// Checks the signature, and returns what is signed.
    async fn with_key<'a>(self: &Arc<Self>, jwt: &'a Jwt) -> Answer<&'a [u8]> {
        self.renew(Wanted::Key(&jwt.header)).await;
        let (kept, now_ms) = (self.kept(), self.clock.now_ms());
        match (kept.published.keys.find(&jwt.header).filter(|_| !kept.is_older(STALE_MS, now_ms)), &kept.failed) {
            (Some(key), _) => key.check(jwt).map_err(refused),
            (None, Some(failed)) => Err(failed.clone().into()),
            (None, None) => Err(refused("it is signed by a key that its issuer does not publish".to_owned())),
        }
    }

    /// Asks the provider, where what is wanted is not known or not fresh, and the provider may be asked again. Requests that come
    /// meanwhile wait for the one answer, but for those whose key is known. The answer is waited for also where the client has
    /// gone: a client that comes and goes would keep the answer from all.
    async fn renew(self: &Arc<Self>, wanted: Wanted<'_>) {
        if self.kept().can_wait(wanted, self.clock.now_ms()) {
            return;
        }
        let asking = Arc::clone(&self.asking).lock_owned().await;
        let now_ms = self.clock.now_ms();
        if !self.asks(wanted, now_ms) {
            return;
        }
        let oidc = Arc::clone(self);
        let asked = tokio::spawn(async move {
            let _asking = asking;
            let found = oidc.issuer.published().await;
            oidc.came(found, now_ms);
        });
        // What has ended by itself leaves the provider as one that has not answered.
        let _ = asked.await;
    }

    fn came(&self, found: stockade::Result<Published>, now_ms: u64) {
        let mut kept = self.kept();
        match found {
            Ok(published) => (kept.published, kept.fetched_ms, kept.failed) = (published, Some(now_ms), None),
            Err(fault) => kept.failed = Some(fault),
        }
    }

    /// Takes note that the provider is asked now, unless another has done so. A client that goes away meanwhile has asked all the
    /// same.
    fn asks(&self, wanted: Wanted<'_>, now_ms: u64) -> bool {
        let mut kept = self.kept();
        let may_ask = !kept.is_current(wanted, now_ms) && kept.may_ask(now_ms);
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
