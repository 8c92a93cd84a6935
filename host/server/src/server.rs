//! A server of one host: mounted in a service of an embedder, or listening by itself.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use stockade::outage::{News, Outage};
use stockade::{Clock, Fault, Host, Kind, RunId};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::audit::Audit;
use crate::doors::doors;
use crate::guard::guard;
use crate::listening::Doorway;
#[cfg(feature = "oidc")]
use crate::oidc::Oidc;
use crate::problem::Problem;
use crate::service::{Service, Settings, Told};
use crate::tls::Tls;
use crate::{Access, Answered, Limits, listening, openapi, page};

/// How often the journal is looked into for runs to take up.
const LOOK: Duration = Duration::from_millis(500);

/// A server of one host.
///
/// ```no_run
/// # async fn example(host: stockade::Host) -> Result<(), Box<dyn std::error::Error>> {
/// use stockade_server::{Access, Server};
///
/// let server = Server::new(host).access(Access::open("dana")).on_fault(|fault| eprintln!("{fault}"));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:7700").await?;
/// let late = server.serve(listener, std::future::pending()).await?;
/// # Ok(()) }
/// ```
pub struct Server {
    settings: Settings,
    tls: Option<Arc<Tls>>,
    closing: watch::Sender<bool>,
    #[cfg(feature = "mcp")]
    mcp: Option<Arc<stockade_mcp::Http>>,
}

/// Returns the routes of a server that knows its clients by their [tokens](Access::Tokens), to be merged into those of a
/// service: all are beneath `/v1`, but for `/healthz`, `/readyz`, `/metrics`, `/openapi.json` and
/// `/.well-known/agent-card.json`.
///
/// The service listens, drives what is due (see [`Host::timers`]), and shuts the host down. The limits of connections, of the
/// time for a head and of a client that takes nothing are those of its own listener; [`Server::serve`] has them.
pub fn router(host: Host) -> Router {
    Server::new(host).router()
}

/// Serves until `shutdown` ends, as [`Server::serve`] does, to clients that it knows by their [tokens](Access::Tokens).
///
/// # Errors
///
/// As [`Server::serve`].
pub async fn serve(
    listener: TcpListener,
    host: Host,
    shutdown: impl Future<Output = ()>,
) -> stockade::Result<Vec<RunId>> {
    Server::new(host).serve(listener, shutdown).await
}

impl Server {
    /// Makes a server that knows its clients by their tokens.
    pub fn new(host: Host) -> Self {
        let (access, limits, clock) = (Access::default(), Limits::default(), Clock::default());
        let (told, heard) = (Arc::new(|_: &Fault| {}), Arc::new(|_: &Answered<'_>| {}));
        Self {
            settings: Settings { host, access, oidc: None, audit: None, limits, clock, told, heard },
            tls: None,
            closing: watch::Sender::new(false),
            #[cfg(feature = "mcp")]
            mcp: None,
        }
    }

    /// Says how it knows its clients.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.settings.access = access;
        self
    }

    /// Lets it know those too who have a token of a provider of OpenID Connect.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn oidc(mut self, oidc: Oidc) -> Self {
        self.settings.oidc = Some(Arc::new(oidc));
        self
    }

    /// Lets it speak TLS where it [listens](Self::serve) by itself.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(Arc::new(tls));
        self
    }

    /// Lets it note each change that is asked of it, and what became of it, before it answers. A change that the log cannot take
    /// is not made.
    #[must_use]
    pub fn audit(mut self, audit: Audit) -> Self {
        self.settings.audit = Some(audit);
        self
    }

    /// Says what clients may take.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Gives it a clock of its own, by which rates are limited and certificates are looked at again.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Says who is told the errors of which a client is told little, for they may speak of the inside, and those of runs that
    /// cannot go on here. What is told must not block.
    #[must_use]
    pub fn on_fault(mut self, told: impl Fn(&Fault) + Send + Sync + 'static) -> Self {
        self.settings.told = Arc::new(told);
        self
    }

    /// Says who is told of each request that was answered, for a log. It must not block.
    #[must_use]
    pub fn on_answer(self, heard: impl Fn(&Answered<'_>) + Send + Sync + 'static) -> Self {
        Self { settings: Settings { heard: Arc::new(heard), ..self.settings }, ..self }
    }

    /// Answers agents at `/mcp`, by the Model Context Protocol, behind the tokens and the limits of this server.
    #[cfg(feature = "mcp")]
    #[must_use]
    pub fn mcp(self, mcp: stockade_mcp::Http) -> Self {
        Self { mcp: Some(Arc::new(mcp)), ..self }
    }

    /// Returns its routes, to be merged into those of a service; see [`router`].
    pub fn router(&self) -> Router {
        self.routes(&self.service())
    }

    /// Returns all routes for programs.
    fn routes(&self, service: &Service) -> Router {
        interface(service.clone()).merge(self.for_agents(service))
    }

    #[cfg(feature = "mcp")]
    fn for_agents(&self, service: &Service) -> Router {
        let routes = |mcp| crate::mcp::routes(service.clone(), Arc::clone(mcp));
        self.mcp.as_ref().map(routes).unwrap_or_default()
    }

    #[cfg(not(feature = "mcp"))]
    fn for_agents(&self, _: &Service) -> Router {
        Router::new()
    }

    /// Returns the routes of its page for browsers, to be merged into those of a service that has nothing itself at `/`, and
    /// beneath `/assets`, `/runs`, `/inbox`, `/docs` and the other views. It counts its requests apart from those of
    /// [`Server::router`].
    pub fn page(&self) -> Router {
        page::routes(&self.service()).merge(page::reader(&openapi::document(&doors())))
    }

    fn service(&self) -> Service {
        Service::new(self.settings.clone(), self.closing.subscribe())
    }

    /// Serves until `shutdown` ends: answers clients, with a page for browsers, and drives the runs that are due, and those that
    /// no process drives.
    ///
    /// Then it takes up no further run and no further connection, streams end, and what is in flight has [the
    /// grace](Limits::grace) to end. Returns the runs that were late; another host goes on with them, and with those that wait.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `listen` where the server is open and would listen to other machines.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> stockade::Result<Vec<RunId>> {
        self.check_place(&listener)?;
        let Settings { host, limits, clock, told, .. } = self.settings.clone();
        let (timers, taking) = (host.timers(), tokio::spawn(take_up(host.clone(), Arc::clone(&told))));
        let service = self.service();
        let router = page::routes(&service).merge(page::reader(&openapi::document(&doors())));
        let router = router.merge(self.routes(&service)).fallback(unknown);
        let shutdown = async move {
            shutdown.await;
            taking.abort();
            drop(timers);
        };
        let doorway = Doorway { router, tls: self.tls, limits, clock, told };
        let grace = listening::listen(listener, doorway, &self.closing, shutdown).await;
        #[cfg(feature = "mcp")]
        if let Some(mcp) = &self.mcp {
            mcp.close().await;
        }
        if let Some(audit) = &self.settings.audit
            && let Err(fault) = audit.write_counted().await
        {
            (self.settings.told)(&fault);
        }
        Ok(host.shutdown(grace).await)
    }

    /// Checks that a server which asks for no token is heard by this machine alone.
    fn check_place(&self, listener: &TcpListener) -> stockade::Result<()> {
        let address = listener.local_addr().map_err(|error| Fault::new(Kind::System, error.to_string()))?;
        match self.settings.access {
            Access::Open(_) if !address.ip().is_loopback() => {
                let message = format!(
                    "a server without tokens listens on this machine's own address alone, and not on {address}"
                );
                Err(Fault::invalid("listen", message))
            }
            Access::Open(_) | Access::Tokens => Ok(()),
        }
    }
}

/// Returns the routes of the interface for programs.
fn interface(service: Service) -> Router {
    let doors = doors();
    let document = openapi::document(&doors).to_string();
    let description = get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) });
    let routes = doors.into_iter().fold(Router::new(), |routes, door| {
        let guard = from_fn_with_state((service.clone(), door.entry, door.path), guard);
        routes.route(door.path, door.handler.route_layer(guard))
    });
    let routes = routes.route("/openapi.json", description).method_not_allowed_fallback(wrong_method);
    // The guard bounds bodies, before they are looked at.
    routes.layer(DefaultBodyLimit::disable()).with_state(service)
}

/// Takes up the runs that no process drives. A journal that fails now may not fail the next time: it is told of once, and left
/// alone for longer after each failure.
async fn take_up(host: Host, told: Told) {
    let (mut worker, mut outage) = (host.worker(), Outage::default());
    loop {
        let turned = worker.turn().await;
        match (outage.note(turned.is_err()), turned) {
            (News::Fails, Err(fault)) => told(&fault.reworded(|why| format!("no run is taken up while {why}"))),
            (_, Err(_)) => {}
            (_, Ok(fired)) => {
                fired.iter().filter_map(|fired| fired.resumed.as_ref().err()).for_each(|fault| told(fault))
            }
        }
        sleep(outage.pause(LOOK)).await;
    }
}

async fn unknown(uri: Uri) -> Problem {
    Fault::new(Kind::NotFound, format!("there is no \"{}\"; /openapi.json lists what there is", uri.path()))
        .detail("path")
        .into()
}

async fn wrong_method(uri: Uri) -> Problem {
    let message = format!("\"{}\" is not asked for so; /openapi.json lists how", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Fault::invalid("method", message))
}
