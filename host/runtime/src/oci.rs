//! Components from OCI registries, as the "Wasm OCI artifact" of the CNCF lays them out: a manifest with one layer of
//! type `application/wasm`, which is the component.
//!
//! A registry is believed in nothing. What comes is the component that was pinned, or it is refused; a lie can at most
//! make it fail.

mod resolver;
mod token;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use oci_client::Reference;
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use reqwest::header::ACCEPT;
use reqwest::{Response, StatusCode, Url, redirect};
use stockade_sandbox::is_public;
use stockade_workflow::{Digest, Fault, Hint, Kind};

use self::resolver::{Inside, Resolver, spelled};
use crate::Result;
use crate::file::write_whole;
use crate::hooks::Hooks;

/// What a reference to a component in a registry begins with.
pub(crate) const SCHEME: &str = "oci://";

const LAYER_MEDIA_TYPE: &str = "application/wasm";
/// Half of what the engine looks at.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;
/// A manifest of one layer has about 1 KiB; annotations are free text.
const MANIFEST_BYTES_MAX: u64 = 256 << 10;
/// A registry and the store of blobs that it may send us to, and one to spare.
const REDIRECTS_MAX: usize = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest silence.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest pull: 32 MiB at 1 Mbit/s take less.
const PULL_TIMEOUT: Duration = Duration::from_secs(300);

/// What an error shows: our own sentence has a tenth of it, and the rest may be a stranger's.
const SHOWN_CHARS_MAX: usize = 1_000;

/// The components that were pulled from registries, each in a file under its digest.
#[derive(Clone, Default)]
pub(crate) struct Store {
    folder: Option<PathBuf>,
    hooks: Option<Arc<dyn Hooks>>,
    resolver: Resolver,
}

/// A component that came from a registry.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The digest of its manifest, by which `oci://HOST/REPOSITORY@DIGEST` means this very component.
    pub manifest: Digest,
    /// The digest of the component itself: what `digest = "…"` pins.
    pub component: Digest,
    /// The component.
    pub bytes: Vec<u8>,
    manifest_bytes: Vec<u8>,
}

impl Store {
    /// Keeps components in this folder; without one they are pulled at each start.
    pub(crate) fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    /// Tells these hooks how each pull goes on.
    pub(crate) fn tell(&mut self, hooks: Arc<dyn Hooks>) {
        self.hooks = Some(hooks);
    }

    /// Lets these names lead to a private network.
    pub(crate) fn allow_private(&mut self, names: impl IntoIterator<Item = String>) {
        self.resolver.private.extend(names.into_iter().map(|name| spelled(&name)));
    }

    /// Looks names up here before the system is asked.
    pub(crate) fn resolve_by(&mut self, hosts: BTreeMap<String, Vec<IpAddr>>) {
        self.resolver.hosts = hosts;
    }

    /// Returns the component that a reference means: from the folder, else from its registry.
    ///
    /// # Errors
    ///
    /// Neither the reference nor `pin` says which bytes are meant, the registry cannot be asked, or it has others.
    pub(crate) async fn get(&self, reference: &str, pin: Option<&Digest>) -> Result<Vec<u8>> {
        let address: Address = reference.parse()?;
        if pin.is_none() && address.digest()?.is_none() {
            return Err(unpinned(&address));
        }
        if let Some(bytes) = self.stored(&address, pin) {
            return Ok(bytes);
        }
        Ok(self.pull_pinned(&address, pin).await?.bytes)
    }

    /// Asks a registry for what a reference means now.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, has no such component, or answers what its own digests contradict.
    pub(crate) async fn pull(&self, reference: &str) -> Result<Pulled> {
        self.pull_pinned(&reference.parse()?, None).await
    }

    async fn pull_pinned(&self, address: &Address, pin: Option<&Digest>) -> Result<Pulled> {
        let registry = Registry::new(address, self.resolver.clone())?;
        let pull = registry.pull(pin, self.hooks.as_deref());
        let late = |_| address.failed(Kind::NotFound, format!("it took more than {} s", PULL_TIMEOUT.as_secs()));
        let pulled = tokio::time::timeout(PULL_TIMEOUT, pull).await.map_err(late)??;
        if let Some(folder) = &self.folder {
            let kept = keep(folder, &pulled);
            kept.map_err(|error| address.failed(Kind::NotFound, format!("\"{}\": {error}", folder.display())))?;
        }
        Ok(pulled)
    }

    /// Finds it in the folder. A file whose content is not that of its name is as good as none.
    fn stored(&self, address: &Address, pin: Option<&Digest>) -> Option<Vec<u8>> {
        let folder = self.folder.as_deref()?;
        let read = |digest: &Digest, ending| {
            let bytes = fs::read(file(folder, digest, ending)).ok()?;
            (Digest::of(&bytes) == *digest).then_some(bytes)
        };
        let named = match address.digest().ok()? {
            Some(manifest) => Some(layer(&read(&manifest, "json")?).ok()?.digest.parse().ok()?),
            None => None,
        };
        let component = match (named, pin) {
            (Some(named), Some(pin)) if named != *pin => return None,
            (named, pin) => named.or_else(|| pin.cloned())?,
        };
        read(&component, "wasm")
    }
}

/// A place in a registry, with an unmistakable host.
struct Address {
    text: String,
    reference: Reference,
}

impl FromStr for Address {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = |why: &dyn Display| Fault::invalid("component", format!("\"{text}\" is not a reference: {why}"));
        let name = text.strip_prefix(SCHEME).unwrap_or_default();
        let reference: Reference = name.parse().map_err(|error| invalid(&error))?;
        if !name.starts_with(reference.registry()) {
            return Err(invalid(&"it names no registry; write oci://HOST/REPOSITORY:TAG"));
        }
        let address = Self { text: text.to_owned(), reference };
        address.digest().map_err(|fault| invalid(&fault))?;
        Ok(address)
    }
}

impl Address {
    /// The digest of the manifest, where the reference is by digest.
    fn digest(&self) -> Result<Option<Digest>> {
        self.reference.digest().map(str::parse).transpose()
    }

    /// Only a registry on this machine is spoken to in the clear.
    fn scheme(&self) -> &'static str {
        let registry = self.reference.resolve_registry();
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
        let is_loopback = host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
        if is_loopback { "http" } else { "https" }
    }

    fn url(&self, what: &str, which: &str) -> String {
        let (registry, repository) = (self.reference.resolve_registry(), self.reference.repository());
        format!("{}://{registry}/v2/{repository}/{what}/{which}", self.scheme())
    }

    fn failed(&self, kind: Kind, why: impl Display) -> Fault {
        let why = shown(&why.to_string());
        Fault::new(kind, format!("\"{}\" cannot be pulled: {why}", self.text)).detail("component")
    }

    fn lied(&self, why: impl Display) -> Fault {
        self.failed(Kind::Invalid, why)
    }
}

/// Checks that a text is a reference to a component in a registry.
pub(crate) fn check(reference: &str) -> Result<()> {
    reference.parse::<Address>().map(drop)
}

/// A registry, about to be asked for one component.
///
/// `oci-client` would do it, and read manifests and tokens of any length, from anywhere; so it only names things here.
struct Registry<'a> {
    address: &'a Address,
    http: reqwest::Client,
    /// Goes where it is sent to and no further.
    straight: reqwest::Client,
}

impl<'a> Registry<'a> {
    fn new(address: &'a Address, resolver: Resolver) -> Result<Self> {
        let is_inside = address.url("", "").parse().is_ok_and(|url| is_inside(&url));
        let resolver = Arc::new(Resolver { is_inside, ..resolver });
        let client = |redirects| {
            let client = stockade_system::http::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
            let client = client.dns_resolver(Arc::clone(&resolver)).redirect(redirects).build();
            client.map_err(|error| address.failed(Kind::HostBug, chain(&error)))
        };
        let (http, straight) = (
            client(redirect::Policy::custom(move |attempt| follow(attempt, is_inside)))?,
            client(redirect::Policy::none())?,
        );
        Ok(Self { address, http, straight })
    }

    async fn pull(&self, pin: Option<&Digest>, hooks: Option<&dyn Hooks>) -> Result<Pulled> {
        let reference = &self.address.reference;
        let token = self.token().await?;
        let which = reference.digest().or(reference.tag()).unwrap_or("latest");
        let response = self.ask(&self.address.url("manifests", which), OCI_IMAGE_MEDIA_TYPE, token.as_deref()).await?;
        let manifest_bytes = self.body(response, MANIFEST_BYTES_MAX, |_| {}).await?;
        let manifest = self.verified(&manifest_bytes, self.address.digest()?.as_ref(), "manifest")?;
        let layer = layer(&manifest_bytes).map_err(|why| self.address.lied(why))?;
        let (component, size) = self.admitted(&layer, pin)?;
        let response = self.ask(&self.address.url("blobs", component.as_str()), "*/*", token.as_deref()).await?;
        let tell = |done| hooks.iter().for_each(|hooks| hooks.pulling(&self.address.text, done, size));
        let bytes = self.body(response, size, tell).await?;
        self.verified(&bytes, Some(&component), "component")?;
        Ok(Pulled { manifest, component, bytes, manifest_bytes })
    }

    /// Refuses what would be refused in the end, before it is downloaded.
    fn admitted(&self, layer: &OciDescriptor, pin: Option<&Digest>) -> Result<(Digest, u64)> {
        let component: Digest = layer.digest.parse().map_err(|fault: Fault| self.address.lied(fault))?;
        if let Some(pin) = pin.filter(|pin| **pin != component) {
            return Err(self.address.lied(format!("its component is {component}, and {pin} is pinned")));
        }
        match u64::try_from(layer.size) {
            Ok(size) if size <= COMPONENT_BYTES_MAX => Ok((component, size)),
            _ => Err(self.address.lied(format!("it has {} bytes and {COMPONENT_BYTES_MAX} are allowed", layer.size))),
        }
    }

    async fn ask(&self, url: &str, accept: &str, token: Option<&str>) -> Result<Response> {
        let mut request = self.http.get(url).header(ACCEPT, accept);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let failed = |why: String| self.address.failed(Kind::NotFound, why);
        let response = request.send().await.map_err(|error| self.unsent(&error))?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let why = "the registry wants credentials, and is asked without any; pull it by other means and name the file";
                Err(self.address.failed(Kind::Denied, why))
            }
            status => Err(failed(format!("the registry answered {status}"))),
        }
    }

    /// Says why a request was not answered: it was refused here, or it failed.
    fn unsent(&self, error: &reqwest::Error) -> Fault {
        match Inside::among(error) {
            Some(inside) => self.address.failed(Kind::Denied, inside),
            None => self.address.failed(Kind::NotFound, chain(error)),
        }
    }

    /// Reads an answer up to a cap, whatever the registry said of its length.
    async fn body(&self, mut response: Response, bytes_max: u64, tell: impl Fn(u64)) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let cut = |error| self.address.failed(Kind::NotFound, chain(&error));
        while let Some(chunk) = response.chunk().await.map_err(cut)? {
            let length = (body.len() as u64).saturating_add(chunk.len() as u64);
            if length > bytes_max {
                return Err(self.address.lied(format!("the registry sent more than {bytes_max} bytes")));
            }
            body.extend_from_slice(&chunk);
            tell(length);
        }
        Ok(body)
    }

    fn verified(&self, bytes: &[u8], expected: Option<&Digest>, what: &str) -> Result<Digest> {
        let digest = Digest::of(bytes);
        match expected {
            Some(expected) if *expected != digest => {
                Err(self.address.lied(format!("the registry sent a {what} of {digest} in place of {expected}")))
            }
            _ => Ok(digest),
        }
    }
}

/// Follows a registry to its store of blobs, but not from a secret connection to an open one. reqwest leaves the token
/// behind when the host changes. One that is on the internet cannot have us ask this machine or its network.
fn follow(attempt: redirect::Attempt<'_>, from_inside: bool) -> redirect::Action {
    let was_secret = attempt.previous().iter().any(|url| url.scheme() == "https");
    match attempt.previous().len() {
        hops if hops > REDIRECTS_MAX => attempt.error("too many redirects"),
        _ if was_secret && attempt.url().scheme() != "https" => attempt.error("a redirect from https to http"),
        _ if !from_inside && is_inside(attempt.url()) => attempt.error("a redirect to what is not on the internet"),
        _ => attempt.follow(),
    }
}

/// Returns whether an address is this machine's or its network's, where it is written out. A name is looked up, and checked,
/// where it is connected to.
fn is_inside(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    match host.trim_matches(['[', ']']).parse() {
        Ok(ip) => !is_public(ip),
        Err(_) => host.is_empty() || host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Finds the component's layer in a manifest.
fn layer(manifest: &[u8]) -> std::result::Result<OciDescriptor, String> {
    let manifest: OciImageManifest =
        serde_json::from_slice(manifest).map_err(|error| format!("its manifest is not one of a component: {error}"))?;
    match <[OciDescriptor; 1]>::try_from(manifest.layers) {
        Ok([layer]) if layer.media_type == LAYER_MEDIA_TYPE => Ok(layer),
        Ok([layer]) => Err(format!("it is \"{}\", and a component is \"{LAYER_MEDIA_TYPE}\"", layer.media_type)),
        Err(layers) => Err(format!("it has {} layers, and a component is one", layers.len())),
    }
}

fn unpinned(address: &Address) -> Fault {
    let text = &address.text;
    let message = format!("\"{text}\" is a name, and what it means may change; write digest = \"sha256:…\" beside it");
    Fault::invalid("component", message).hint(Hint::PullComponent(text.clone()))
}

fn file(folder: &Path, digest: &Digest, ending: &str) -> PathBuf {
    folder.join(format!("sha256-{}.{ending}", digest.hex()))
}

fn keep(folder: &Path, pulled: &Pulled) -> io::Result<()> {
    write_whole(&file(folder, &pulled.component, "wasm"), &pulled.bytes)?;
    write_whole(&file(folder, &pulled.manifest, "json"), &pulled.manifest_bytes)
}

/// Cuts what a stranger may have written, and leaves it one line.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Writes an error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| error.to_string().replace('\n', " ")).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A name of a registry on the internet can be given an address of this machine, and so can the names that it sends to:
    /// its token service, its store of blobs. None of them is connected to.
    #[tokio::test]
    async fn a_name_is_not_connected_to_where_it_leads_inside() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let names = ["registry.test", "auth.registry.test"].map(|name| (name.to_owned(), vec![[127, 0, 0, 1].into()]));
        let resolver = Resolver { hosts: names.into(), ..Resolver::default() };
        let address: Address = format!("oci://registry.test:{port}/acme/tool:1").parse().unwrap();
        let registry = Registry::new(&address, resolver.clone()).unwrap();
        let auth = format!("http://auth.registry.test:{port}/token");
        for fault in [registry.token().await.unwrap_err(), registry.visit(&auth).await.unwrap_err()] {
            assert!(
                fault.kind == Kind::Denied && fault.message.contains("test\" is at 127.0.0.1, which is"),
                "{fault}"
            );
        }
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);

        let private = ["registry.test".to_owned()].into();
        let registry = Registry::new(&address, Resolver { private, ..resolver }).unwrap();
        let redirecting = std::thread::spawn(move || {
            listener.set_nonblocking(false).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 1_024]).unwrap() > 0);
            write!(stream, "HTTP/1.1 307 There\r\nlocation: {auth}\r\ncontent-length: 0\r\n\r\n").unwrap();
            listener.set_nonblocking(true).unwrap();
            (listener, stream)
        });
        let asked = registry.ask(&format!("http://registry.test:{port}/blob"), "*/*", None).await;
        let fault = asked.unwrap_err();
        assert!(fault.kind == Kind::Denied && fault.message.contains("auth.registry.test"), "{fault}");
        let (listener, _stream) = redirecting.join().unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    /// A registry on the internet once had the host ask the ports of its own machine.
    #[test]
    fn what_is_not_on_the_internet_is_known() {
        let is_inside = |host: &str| is_inside(&format!("https://{host}/v2/").parse().unwrap());
        for host in [
            "localhost",
            "localhost.",
            "a.localhost:80",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "10.1.2.3:5000",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_inside(host), "{host}");
        }
        for host in ["ghcr.io", "localhost.example.com", "8.8.8.8", "[2606:4700::1111]", "100.128.0.1"] {
            assert!(!is_inside(host), "{host}");
        }
    }
}
