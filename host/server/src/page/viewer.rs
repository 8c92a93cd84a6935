//! Who a view is drawn for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use stockade::{Fault, Filter, Kind, Principal, Right, WaitingFor};
use uuid::Uuid;

use super::form::KEY;
use super::form_token::{FIELD, form_token};
use super::html::{El, el};
use crate::problem::{Answer, Problem};
use crate::service::Service;

/// The most runs that wait for a person that are counted.
const WAITING_MAX: usize = 100;

/// Who a view is drawn for.
pub(crate) struct Viewer {
    pub(crate) principal: Principal,
    /// How many runs wait for a person.
    waiting: usize,
    /// Whether the browser keeps a session.
    pub(crate) has_session: bool,
    form_token: String,
    /// The address of the view, with its question mark.
    pub(crate) address: String,
}

impl FromRequestParts<Service> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Answer<Self> {
        // The guard has found out who it is.
        let principal = parts.extensions.get::<Principal>().cloned();
        let principal = principal.ok_or_else(|| Fault::new(Kind::HostBug, "a view has no principal"))?;
        let waiting_for = WaitingFor::OF_PEOPLE.into();
        let waiting = Filter { waiting_for, limit: Some(WAITING_MAX), ..Filter::default() };
        Ok(Self {
            principal,
            waiting: service.host().runs(&waiting).await?.len(),
            has_session: !service.is_open(),
            form_token: form_token(&parts.headers),
            address: parts.uri.path_and_query().map_or("/", |address| address.as_str()).to_owned(),
        })
    }
}

impl Viewer {
    /// Returns whether it has a right.
    pub(crate) fn may(&self, right: Right) -> bool {
        self.principal.role.has(right)
    }

    /// Begins a form that changes something.
    pub(crate) fn form(&self, action: &str) -> El {
        let token = el("input").attr("type", "hidden").attr("name", FIELD).value(&self.form_token);
        el("form").attr("method", "post").attr("action", action).with(token)
    }

    /// Begins a form that does one thing, however often it is sent.
    pub(crate) fn form_once(&self, action: &str) -> El {
        self.form(action).with(el("input").attr("type", "hidden").attr("name", KEY).value(Uuid::now_v7()))
    }

    /// Says how many runs wait for a person, as far as they are counted.
    pub(crate) fn waiting(&self) -> Option<String> {
        match self.waiting {
            0 => None,
            WAITING_MAX => Some(format!("{WAITING_MAX} or more")),
            some => Some(some.to_string()),
        }
    }
}
