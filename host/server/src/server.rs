//! A server of one host: mounted in a service of an embedder, or listening by itself.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use stockade::{Fault, Host, Kind, RunId};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::doors::doors;
use crate::guard::guard;
use crate::problem::Problem;
use crate::service::{Service, Told};
use crate::{Access, Limits, listening, openapi, page};

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
    host: Host,
    access: Access,
    limits: Limits,
    told: Told,
    closing: watch::Sender<bool>,
    #[cfg(feature = "mcp")]
    mcp: Option<Arc<stockade_mcp::Http>>,
}

/// Returns the routes of a server that knows its clients by their [tokens](Access::Tokens), to be merged into those of a
/// service: all are beneath `/v1`, but for `/healthz`, `/readyz` and `/openapi.json`.
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
        let (access, limits, told) = (Access::default(), Limits::default(), Arc::new(|_: &Fault| {}));
        Self {
            host,
            access,
            limits,
            told,
            closing: watch::Sender::new(false),
            #[cfg(feature = "mcp")]
            mcp: None,
        }
    }

    /// Says how it knows its clients.
    #[must_use]
    pub fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Says what clients may take.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Says who is told the errors of which a client is told little, for they may speak of the inside, and those of runs that
    /// cannot go on here. What is told must not block.
    #[must_use]
    pub fn on_fault(self, told: impl Fn(&Fault) + Send + Sync + 'static) -> Self {
        Self { told: Arc::new(told), ..self }
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
    /// beneath `/assets`, `/runs`, `/inbox` and the other views. It counts its requests apart from those of
    /// [`Server::router`].
    pub fn page(&self) -> Router {
        page::routes(&self.service())
    }

    fn service(&self) -> Service {
        let Self { host, access, limits, told, closing, .. } = self;
        Service::new(host.clone(), access.clone(), limits.clone(), Arc::clone(told), closing.subscribe())
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
        let (timers, taking) = (self.host.timers(), tokio::spawn(take_up(self.host.clone(), Arc::clone(&self.told))));
        let service = self.service();
        let router = page::routes(&service).merge(self.routes(&service)).fallback(unknown);
        let shutdown = async move {
            shutdown.await;
            taking.abort();
            drop(timers);
        };
        let grace = listening::listen(listener, router, &self.limits, &self.closing, shutdown).await;
        #[cfg(feature = "mcp")]
        if let Some(mcp) = &self.mcp {
            mcp.close().await;
        }
        Ok(self.host.shutdown(grace).await)
    }

    /// Checks that a server which asks for no token is heard by this machine alone.
    fn check_place(&self, listener: &TcpListener) -> stockade::Result<()> {
        let address = listener.local_addr().map_err(|error| Fault::new(Kind::System, error.to_string()))?;
        match self.access {
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
        let guard = from_fn_with_state((service.clone(), door.entry), guard);
        routes.route(door.path, door.handler.route_layer(guard))
    });
    let routes = routes.route("/openapi.json", description).method_not_allowed_fallback(wrong_method);
    // The guard bounds bodies, before they are looked at.
    routes.layer(DefaultBodyLimit::disable()).with_state(service)
}

/// Takes up the runs that no process drives. A journal that fails now may not fail the next time, and is told of once.
async fn take_up(host: Host, told: Told) {
    let (mut worker, mut fails) = (host.worker(), false);
    loop {
        match worker.turn().await {
            Ok(fired) => {
                fails = false;
                fired.iter().filter_map(|fired| fired.resumed.as_ref().err()).for_each(|fault| told(fault));
            }
            Err(fault) => {
                if !fails {
                    told(&fault);
                }
                fails = true;
            }
        }
        sleep(LOOK).await;
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
