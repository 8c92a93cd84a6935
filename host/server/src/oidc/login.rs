//! Logging in to the page through the provider: the authorization code flow of OpenID Connect, with PKCE (RFC 7636).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use stockade::{Digest, Fault, Kind, Principal, config};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize, parse};

use super::Oidc;
use super::issuer::{Endpoints, safe};
use super::ticket::{TIME_MS, Ticket};
use crate::gate::Gate;
use crate::problem::{Answer, Problem};

/// Where the provider sends people back to, beneath the address of the page.
const CALLBACK: &str = "/login/oidc/callback";

/// How many codes are exchanged at the same time, and how many of one address: each waits for the provider.
const EXCHANGES_MAX: usize = 16;
const EXCHANGES_EACH_MAX: usize = 4;

/// How long one waits for room among those.
const QUEUE_TIME: Duration = Duration::from_secs(5);

/// How many answers are remembered as used. The provider itself takes a code once.
const USED_MAX: usize = 4_096;

/// How much of what a provider says of an error is told, in letters.
const SAID_LETTERS_MAX: usize = 200;

/// How people log in to the page through the provider.
pub(crate) struct Login {
    client_id: String,
    secret: Option<String>,
    scopes: String,
    /// The address of the page, without a slash at its end.
    page: String,
    exchanges: Gate,
    /// The `state` of each answer that came last.
    used: Mutex<VecDeque<String>>,
}

/// A person who has logged in.
pub(crate) struct LoggedIn {
    pub(crate) principal: Principal,
    /// The token of the session.
    pub(crate) token: String,
    /// How long that holds.
    pub(crate) time: Duration,
    /// Where the login leads, as the browser says.
    pub(crate) next: String,
}

/// What the provider has a browser say.
#[derive(Default)]
struct Returned {
    state: String,
    code: Option<String>,
    error: Option<String>,
    description: String,
}

/// What the provider answers to a code.
#[derive(Deserialize)]
struct Exchanged {
    id_token: Option<String>,
    error: Option<String>,
}

/// Checks what settings say of the client.
pub(super) fn check(settings: &config::Oidc) -> stockade::Result<()> {
    let config::Oidc { client_id, client_secret, scopes, .. } = settings;
    if let (None, Some(secret)) = (client_id, client_secret) {
        let message = format!("the secret \"{secret}\" is of no client; write client_id under [server.oidc]");
        return Err(Fault::invalid("oidc", message));
    }
    if let Some(wrong) = scopes.iter().find(|scope| scope.is_empty() || scope.contains(char::is_whitespace)) {
        return Err(Fault::invalid("oidc", format!("\"{wrong}\" is not one scope; write each by itself in `scopes`")));
    }
    if client_id.is_some() && !scopes.iter().any(|scope| scope == "openid") {
        let message = "a provider tells who has logged in only under the scope \"openid\"; write it in `scopes`";
        return Err(Fault::invalid("oidc", message));
    }
    Ok(())
}

impl Login {
    pub(super) fn new(settings: &config::Oidc, page: &str, secret: Option<String>) -> stockade::Result<Self> {
        let client_id = settings.client_id.clone().ok_or_else(|| {
            Fault::invalid("oidc", "there is no client for people to log in by; write client_id under [server.oidc]")
        })?;
        let is_root = |url: &Url| url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let page = safe(page).filter(is_root).map(|url| url.origin().ascii_serialization()).ok_or_else(|| {
            let message = format!(
                "a provider cannot send people back to a page at \"{page}\"; say its address as people reach it \
                 (`--page`), as in https://stockade.example.com"
            );
            Fault::invalid("oidc", message)
        })?;
        let exchanges = Gate::new("logins", EXCHANGES_MAX, EXCHANGES_EACH_MAX, QUEUE_TIME);
        Ok(Self { client_id, secret, scopes: settings.scopes.join(" "), page, exchanges, used: Mutex::default() })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the address of the page, without a slash at its end.
    pub(crate) fn page(&self) -> &str {
        &self.page
    }

    fn redirect(&self) -> String {
        format!("{}{CALLBACK}", self.page)
    }

    /// Returns where a browser is sent that begins a login.
    fn address(&self, endpoint: &Url, ticket: &Ticket) -> String {
        let mut address = endpoint.clone();
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect().as_str()),
            ("scope", self.scopes.as_str()),
            ("state", ticket.state().as_str()),
            ("nonce", ticket.nonce().as_str()),
            ("code_challenge", ticket.challenge().as_str()),
            ("code_challenge_method", "S256"),
        ]);
        address.into()
    }

    /// Checks that an answer is that of the login that a browser has begun, and is used for the first time.
    fn check(&self, ticket: &Ticket, state: &str, now_ms: u64) -> Result<(), String> {
        let refused = |why: &str| Err(format!("{why}; begin anew at {}/login", self.page));
        // Digests are compared, so that the time of a comparison tells nothing.
        if Digest::of(ticket.state().as_bytes()) != Digest::of(state.as_bytes()) {
            return refused("the answer of the provider is not that of the login that this browser has begun last");
        }
        if !ticket.is_of_now(now_ms) {
            return refused(&format!("the login was begun more than {} minutes ago", TIME_MS / 60_000));
        }
        if !self.is_first(state) {
            return refused("the answer of the provider was used before");
        }
        Ok(())
    }

    /// Refuses a browser without a ticket. This does not count against its address: a page of another site can have the browser
    /// of a person come here without it, as often as it likes.
    fn not_begun(&self) -> Fault {
        let message = format!("this browser has begun no login; begin one at {}/login", self.page);
        Fault::new(Kind::Denied, message).detail("login")
    }

    /// Takes note that an answer is used; returns whether it was not before.
    fn is_first(&self, state: &str) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !used.iter().any(|other| other == state);
        if is_first {
            used.push_back(state.to_owned());
        }
        if used.len() > USED_MAX {
            used.pop_front();
        }
        is_first
    }

    /// Returns what is sent to exchange a code: the client with its secret, where that is a header, and a form.
    fn request(&self, endpoints: &Endpoints, ticket: &Ticket, code: &str) -> (Option<(String, String)>, String) {
        let mut form = Serializer::new(String::new());
        form.extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect().as_str()),
            ("code_verifier", ticket.verifier().as_str()),
        ]);
        let secret = self.secret.as_deref();
        if let Some(secret) = secret.filter(|_| endpoints.takes_header) {
            return (Some((escaped(&self.client_id), escaped(secret))), form.finish());
        }
        form.append_pair("client_id", &self.client_id);
        form.extend_pairs(secret.map(|secret| ("client_secret", secret)));
        (None, form.finish())
    }
}

impl Returned {
    fn read(query: &str) -> Self {
        let mut returned = Self::default();
        for (name, value) in parse(query.as_bytes()) {
            match &*name {
                "state" => returned.state = value.into_owned(),
                "code" => returned.code = Some(value.into_owned()),
                "error" => returned.error = Some(value.into_owned()),
                "error_description" => returned.description = value.into_owned(),
                _ => {}
            }
        }
        returned
    }

    /// Returns the code, where the provider has not refused the login.
    fn code(self) -> Result<String, String> {
        match (self.error, self.code) {
            (Some(error), _) => {
                let said = format!("the provider says \"{}\" {}", cut(&error), cut(&self.description));
                Err(said.trim_end().to_owned())
            }
            (None, Some(code)) => Ok(code),
            (None, None) => Err("the answer of the provider has no code".to_owned()),
        }
    }
}

impl Oidc {
    /// Begins a login: returns where the browser is sent, and the ticket that it keeps meanwhile.
    ///
    /// # Errors
    ///
    /// The provider does not answer.
    pub(crate) async fn begin(self: &Arc<Self>, login: &Login, next: &str) -> Answer<(String, String)> {
        let endpoints = self.endpoints().await?;
        let ticket = Ticket::new(next, self.clock.now_ms());
        Ok((login.address(&endpoints.authorization, &ticket), ticket.text().to_owned()))
    }

    /// Ends the login of a browser that comes back with its ticket. `peer` is the address that it comes from.
    ///
    /// # Errors
    ///
    /// Status 401 where the login is refused, and 403 where none was begun. Else as those of a token, and where there is no room
    /// or no answer of the provider.
    pub(crate) async fn finish(
        self: &Arc<Self>,
        login: &Login,
        ticket: Option<&str>,
        query: &str,
        peer: &str,
    ) -> Answer<LoggedIn> {
        let ticket = ticket.map(Ticket::of).ok_or_else(|| login.not_begun())?;
        let returned = Returned::read(query);
        login.check(&ticket, &returned.state, self.clock.now_ms()).map_err(refused)?;
        let code = returned.code().map_err(refused)?;
        let room = login.exchanges.enter(peer).await?;
        let token = self.exchange(login, &ticket, &code).await?;
        drop(room);
        let claims = self.claims(&token).await?;
        claims.check_login(&login.client_id, &ticket.nonce()).map_err(super::refused)?;
        let principal = self.of(&claims)?;
        let time = Duration::from_secs(claims.left_s(self.clock.now_ms() / 1_000));
        Ok(LoggedIn { principal, token, time, next: ticket.next() })
    }

    /// Exchanges a code for a token that says who has logged in. What stands in a refusal may have the secret in it.
    async fn exchange(self: &Arc<Self>, login: &Login, ticket: &Ticket, code: &str) -> Answer<String> {
        let endpoints = self.endpoints().await?;
        let (basic, form) = login.request(&endpoints, ticket, code);
        let url = &endpoints.token;
        let (status, bytes) = self.issuer.post(url, basic, form).await?;
        if !status.is_success() && !status.is_client_error() {
            return Err(self.issuer.unavailable(&format!("{url} answers {status}")).into());
        }
        let Exchanged { id_token, error } = self.issuer.read(url.as_str(), &bytes)?;
        match (id_token, error) {
            (Some(token), _) if status.is_success() => Ok(token),
            (_, Some(error)) => Err(refused(format!("the provider does not take the code: \"{}\"", cut(&error)))),
            (_, None) => Err(refused(format!("the provider answers {status} to the code, without an id_token"))),
        }
    }
}

fn refused(why: String) -> Problem {
    Problem::unauthorized(format!("the login is refused: {why}"))
}

/// Shortens what another has written.
fn cut(text: &str) -> String {
    text.chars().take(SAID_LETTERS_MAX).collect()
}

/// Escapes a name or a secret as RFC 6749 wants it in a header.
fn escaped(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn settings() -> config::Oidc {
        config::Oidc {
            issuer: "https://login.example.com".to_owned(),
            audience: "stockade".to_owned(),
            role_claim: "roles".to_owned(),
            roles: BTreeMap::new(),
            limits: config::ByRole::default(),
            client_id: Some("the page".to_owned()),
            client_secret: None,
            scopes: vec!["openid".to_owned(), "groups".to_owned()],
        }
    }

    fn login(secret: Option<&str>) -> Login {
        Login::new(&settings(), "https://stockade.example.com/", secret.map(str::to_owned)).unwrap()
    }

    fn endpoints(takes_header: bool) -> Endpoints {
        let url = Url::parse("https://login.example.com/token?a=b").unwrap();
        Endpoints { authorization: url.clone(), token: url, takes_header }
    }

    #[test]
    fn a_page_is_at_the_root_of_an_address_that_people_reach_safely() {
        for page in ["https://stockade.example.com", "http://127.0.0.1:7700", "http://localhost:7700/"] {
            assert!(Login::new(&settings(), page, None).is_ok(), "{page}");
        }
        for page in ["", "stockade.example.com", "http://0.0.0.0:7700", "https://a.example/b", "https://a.example/?b"] {
            let refused = Login::new(&settings(), page, None).err().unwrap();
            assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("oidc")), "{page}");
        }
    }

    #[test]
    fn a_client_has_a_name_and_asks_who_has_logged_in() {
        assert!(check(&settings()).is_ok());
        for wrong in [
            config::Oidc { client_id: None, client_secret: Some("page".to_owned()), ..settings() },
            config::Oidc { scopes: vec!["profile".to_owned()], ..settings() },
            config::Oidc { scopes: vec!["openid profile".to_owned()], ..settings() },
        ] {
            assert_eq!(check(&wrong).unwrap_err().detail.as_deref(), Some("oidc"));
        }
        let without = config::Oidc { client_id: None, ..settings() };
        assert!(check(&without).is_ok() && Login::new(&without, "https://a.example", None).is_err());
    }

    #[test]
    fn an_address_says_all_that_a_provider_wants_to_know_behind_what_it_has() {
        let ticket = Ticket::new("/", 7_000);
        let address = login(None).address(&endpoints(true).authorization, &ticket);
        let begin = "https://login.example.com/token?a=b&response_type=code&client_id=the+page&redirect_uri=\
                     https%3A%2F%2Fstockade.example.com%2Flogin%2Foidc%2Fcallback&scope=openid+groups&state=";
        assert!(address.starts_with(begin) && address.ends_with("&code_challenge_method=S256"), "{address}");
        assert!(!address.contains(&ticket.verifier()) && !address.contains(ticket.text()), "{address}");
    }

    #[test]
    fn a_secret_is_sent_as_the_provider_takes_it() {
        let ticket = Ticket::new("/", 7_000);
        let (basic, form) = login(Some("a:b")).request(&endpoints(true), &ticket, "c&d");
        assert_eq!(basic, Some(("the+page".to_owned(), "a%3Ab".to_owned())));
        assert!(form.starts_with("grant_type=authorization_code&code=c%26d&") && !form.contains("client"), "{form}");
        let (basic, form) = login(Some("a:b")).request(&endpoints(false), &ticket, "c");
        assert!(basic.is_none() && form.ends_with("&client_id=the+page&client_secret=a%3Ab"), "{form}");
        let (basic, form) = login(None).request(&endpoints(true), &ticket, "c");
        assert!(basic.is_none() && form.ends_with("&client_id=the+page"), "{form}");
    }

    #[test]
    fn an_answer_is_used_once_and_what_is_remembered_of_used_ones_is_bounded() {
        let login = login(None);
        let ticket = Ticket::new("/", 7_000);
        let check = || login.check(&ticket, &ticket.state(), 7_000);
        assert!(check().is_ok() && check().unwrap_err().contains("used before"));
        assert!(login.check(&ticket, "", 7_000).is_err() && login.check(&ticket, &ticket.nonce(), 7_000).is_err());
        (0..USED_MAX + 10).for_each(|number| assert!(login.is_first(&number.to_string())));
        assert_eq!(login.used.lock().unwrap().len(), USED_MAX);
    }

    #[test]
    fn an_error_of_the_provider_is_told_in_short() {
        let code = |query: &str| Returned::read(query).code();
        assert_eq!(code("code=a%2Bb&state=c"), Ok("a+b".to_owned()));
        let long = code(&format!("error=access_denied&code=a&error_description={}", "x".repeat(9_000))).unwrap_err();
        assert!(long.contains("\"access_denied\" xxx") && long.len() < 300, "{long}");
        assert!(code("state=c").unwrap_err().contains("no code"));
    }
}
