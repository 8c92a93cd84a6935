use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};
use stockade_workflow::{Access, Grant, Quota};

use super::{NEVER_WRITTEN, anchored};

/// What `[tool.NAME.grants]` says: a key for each capability.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Table")]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// Returns the grants.
    pub fn all(&self) -> &[Grant] {
        &self.0
    }

    /// Returns the names of the secrets whose values are needed to honour them.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|grant| match grant {
            Grant::Secret { name, .. } => Some(name.as_str()),
            Grant::Sql { password, .. } => password.as_deref(),
            Grant::Fs { .. }
            | Grant::Http { .. }
            | Grant::Kv { .. }
            | Grant::Config { .. }
            | Grant::Clock
            | Grant::Random
            | Grant::Log => None,
        })
    }

    /// Makes relative paths relative to a folder.
    pub(super) fn anchor(&mut self, folder: &Path) {
        for grant in &mut self.0 {
            match grant {
                Grant::Fs { path, .. } | Grant::Kv { path, .. } => *path = anchored(folder, path),
                Grant::Sql { url, .. } => {
                    if let Some(path) = url.strip_prefix("sqlite:") {
                        *url = format!("sqlite:{}", anchored(folder, path));
                    }
                }
                Grant::Http { .. }
                | Grant::Secret { .. }
                | Grant::Config { .. }
                | Grant::Clock
                | Grant::Random
                | Grant::Log => {}
            }
        }
    }
}

/// The grants as they are written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    /// Databases.
    sql: Vec<Sql>,
    /// Directories.
    fs: Vec<Fs>,
    /// HTTP requests.
    http: Vec<Http>,
    /// The use of secrets in requests.
    secrets: Vec<Secret>,
    /// Buckets of keys and values.
    kv: Vec<Kv>,
    /// Values that the tool reads by `wasi:config`.
    config: BTreeMap<String, String>,
    /// The machine's clock, in place of the virtual one.
    clock: Option<Real>,
    /// The machine's random numbers, in place of those that follow from the call.
    random: Option<Real>,
    /// The right to write log lines by `wasi:logging`; they are kept with the call.
    log: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sql {
    /// The name by which the tool opens the database.
    name: String,
    /// `sqlite:PATH`, or `postgres://USER@HOST:PORT/DATABASE`.
    #[serde(deserialize_with = "database")]
    url: String,
    /// `"read-only"` or `"read-write"`. The database itself enforces it.
    #[serde(default = "read_only")]
    access: Access,
    /// The name of the secret that is the password.
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fs {
    /// The directory on this machine.
    path: String,
    /// The absolute path at which the tool finds it.
    #[serde(deserialize_with = "guest_path")]
    at: String,
    /// `"read-only"` or `"read-write"`.
    #[serde(default = "read_only")]
    access: Access,
    /// How much one call may write there.
    #[serde(default)]
    quota: Quota,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    /// One method and one address, as in `POST https://api.stripe.com/v1/refunds`. Paths that continue the address
    /// are allowed as well.
    #[serde(deserialize_with = "request")]
    allow: String,
    /// Networks that the host name may resolve to besides the public internet, as in `10.1.0.0/16`.
    #[serde(default)]
    addresses: Vec<String>,
    /// Request headers that the tool may send besides the usual ones.
    #[serde(default)]
    headers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    /// The name of the secret, as in `[secrets]`.
    name: String,
    /// The one host to which the value may be sent.
    host: String,
    /// The one request header that may carry it.
    header: String,
    /// What people try to write; it is always refused.
    #[serde(default, rename = "value", deserialize_with = "refused")]
    _value: (),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kv {
    /// The name by which the tool opens the bucket.
    bucket: String,
    /// The SQLite file that holds it. The host creates it if it does not exist.
    path: String,
    /// `"read-only"` or `"read-write"`.
    #[serde(default = "read_only")]
    access: Access,
}

/// What of the machine is given in place of what only looks like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Real {
    /// The machine's own.
    Real,
}

impl From<Table> for Grants {
    fn from(table: Table) -> Self {
        let Table { sql, fs, http, secrets, kv, config, clock, random, log } = table;
        let mut all = Vec::new();
        all.extend(sql.into_iter().map(|Sql { name, url, access, password }| Grant::Sql {
            name,
            url,
            access,
            password,
        }));
        all.extend(fs.into_iter().map(|Fs { path, at, access, quota }| Grant::Fs { path, at, access, quota }));
        all.extend(http.into_iter().map(|Http { allow, addresses, headers }| Grant::Http {
            allow,
            addresses,
            headers,
        }));
        all.extend(secrets.into_iter().map(|Secret { name, host, header, .. }| Grant::Secret { name, host, header }));
        all.extend(kv.into_iter().map(|Kv { bucket, path, access }| Grant::Kv { bucket, path, access }));
        all.extend(config.into_iter().map(|(key, value)| Grant::Config { key, value }));
        all.extend(clock.map(|Real::Real| Grant::Clock));
        all.extend(random.map(|Real::Real| Grant::Random));
        all.extend(log.then_some(Grant::Log));
        Self(all)
    }
}

fn read_only() -> Access {
    Access::ReadOnly
}

fn refused<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    de::IgnoredAny::deserialize(deserializer)?;
    Err(de::Error::custom(format!("a secret's value {NEVER_WRITTEN}; NAME = {{ env = \"VARIABLE\" }} under [secrets]")))
}

/// A text that fits a rule, or an error that says what it should be.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    fits: impl Fn(&str) -> bool,
    what: impl Display,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if has_password(&text) {
        let message = format!("a password {NEVER_WRITTEN}; name a secret in its place: password = \"NAME\"");
        return Err(de::Error::custom(message));
    }
    if fits(&text) { Ok(text) } else { Err(de::Error::custom(format!("\"{text}\" is not {what}"))) }
}

fn database<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let known = |url: &str| ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    checked(deserializer, known, "a database; write sqlite:PATH or postgres://USER@HOST/DATABASE")
}

fn guest_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, |at| at.starts_with('/'), "where a guest can find it; write a path such as /data")
}

fn request<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let known = |allow: &str| {
        let (method, url) = allow.split_once(' ').unwrap_or_default();
        !method.is_empty() && ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))
    };
    checked(deserializer, known, "a request; write METHOD https://HOST/PATH")
}

/// Returns whether an address holds a password: `scheme://user:password@host`, or one among its parameters.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':')) || rest.contains("password=")
}
