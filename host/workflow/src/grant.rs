use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, Label};

/// What an operator gives to a tool. What is not granted is denied.
///
/// A grant is data: it is shown, digested for approvals, and written in `stockade.toml` under `[tool.NAME.grants]`. It
/// never holds the value of a secret, only a name. Whether it can be honoured is found out when the tool is linked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "capability", rename_all = "snake_case")]
pub enum Grant {
    /// A database, under the name by which the tool asks for it.
    ///
    /// Give each grant of a PostgreSQL database a role of its own, with rights on its tables alone. The server lets
    /// the sessions of one role see each other's statements (`pg_stat_activity`) and end them
    /// (`pg_terminate_backend`), read-only or not; so two tools, or a tool and another program, must not share one.
    /// Revoke from PUBLIC what else the role should not call, as in `REVOKE EXECUTE ON FUNCTION
    /// pg_logical_emit_message(boolean, text, text, boolean) FROM PUBLIC`: such functions write though a query is
    /// read-only.
    Sql {
        /// The name that the guest uses.
        name: String,
        /// Where the database is: `sqlite:PATH` or `postgres://USER@HOST:PORT/DATABASE`. The guest never sees it.
        url: String,
        /// What may be done there.
        access: Access,
        /// The name of the secret that is the password, where the database wants one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<String>,
    },
    /// A directory of the host.
    Fs {
        /// The directory. The guest never sees this path.
        path: String,
        /// Where the guest finds it: an absolute path such as `/data`.
        at: String,
        /// What may be done there.
        access: Access,
        /// How much one call may read and write there.
        quota: Quota,
    },
    /// Requests to one place of the network.
    Http {
        /// `METHOD scheme://host[:port]/path-prefix`, as in `POST https://api.stripe.com/v1/refunds`.
        allow: String,
        /// Addresses, or ranges as in `10.1.0.0/16`, that may be connected to although they are private, loopback or
        /// link-local.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<String>,
        /// Request headers that may be sent beside those that most services take, as in `x-tenant`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<String>,
    },
    /// The use of a secret whose value the guest never sees: it gets a placeholder, which the host replaces.
    Secret {
        /// The name under which the operator has stored the value, and by which the guest asks for the placeholder.
        name: String,
        /// The one host to which the value may be sent.
        host: String,
        /// The one request header in which it may be sent.
        header: String,
    },
    /// A bucket of keys and values.
    Kv {
        /// The name by which the guest opens it.
        bucket: String,
        /// The SQLite file in which it is kept, created if absent. The guest never sees this path.
        path: String,
        /// What may be done there.
        access: Access,
    },
    /// One value of the tool's configuration.
    Config {
        /// The key by which the guest asks.
        key: String,
        /// The value.
        value: String,
    },
    /// The machine's clock, in place of the virtual one.
    Clock,
    /// The machine's random numbers, in place of those that follow from the call's seed.
    Random,
    /// The right to write lines to the log.
    Log,
}

/// Whether a grant allows changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads only.
    #[serde(alias = "read-only")]
    ReadOnly,
    /// Reads and writes.
    #[serde(alias = "read-write")]
    ReadWrite,
}

/// How much one call may do with a granted directory. Zero means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Bytes written, holes included.
    pub bytes: u64,
    /// Files and directories created.
    pub files: u64,
    /// How deep a path may go below the directory.
    pub depth: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { bytes: 64 << 20, files: 1_000, depth: 16 }
    }
}

/// What a component asks for: its imports, in our terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// `stockade:host/sql`.
    Sql,
    /// `wasi:filesystem`.
    Fs,
    /// `wasi:http`.
    Http,
    /// `stockade:host/secrets`.
    Secrets,
    /// `wasi:keyvalue`.
    Kv,
    /// `wasi:config`.
    Config,
    /// `wasi:clocks`.
    Clock,
    /// `wasi:random`.
    Random,
    /// `wasi:logging`.
    Log,
}

impl Grant {
    /// Grants reading a database under a name; add [`Grant::writable`] to allow changes.
    pub fn sql(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Sql { name: name.into(), url: url.into(), access: Access::ReadOnly, password: None }
    }

    /// Grants reading a directory, which the guest finds at the absolute path `at`; add [`Grant::writable`] to allow
    /// changes.
    pub fn fs(path: impl Into<String>, at: impl Into<String>) -> Self {
        Self::Fs { path: path.into(), at: at.into(), access: Access::ReadOnly, quota: Quota::default() }
    }

    /// Grants requests such as `POST https://api.stripe.com/v1/refunds`: a method, a scheme, a host, and what the path
    /// begins with.
    pub fn http(allow: impl Into<String>) -> Self {
        Self::Http { allow: allow.into(), addresses: Vec::new(), headers: Vec::new() }
    }

    /// Grants the use of a secret in one header of requests to one host.
    pub fn secret(name: impl Into<String>, host: impl Into<String>, header: impl Into<String>) -> Self {
        Self::Secret { name: name.into(), host: host.into(), header: header.into() }
    }

    /// Grants reading a bucket that is kept in a SQLite file; add [`Grant::writable`] to allow changes.
    pub fn kv(bucket: impl Into<String>, path: impl Into<String>) -> Self {
        Self::Kv { bucket: bucket.into(), path: path.into(), access: Access::ReadOnly }
    }

    /// Grants one value of configuration.
    pub fn config(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Config { key: key.into(), value: value.into() }
    }

    /// Returns whether it is one of a database, a directory or a bucket that may be written.
    pub fn is_writable(&self) -> bool {
        matches!(
            self,
            Self::Sql { access: Access::ReadWrite, .. }
                | Self::Fs { access: Access::ReadWrite, .. }
                | Self::Kv { access: Access::ReadWrite, .. }
        )
    }

    /// Widens a grant of a database, a directory or a bucket to writing; other grants stay as they are.
    #[must_use]
    pub fn writable(mut self) -> Self {
        if let Self::Sql { access, .. } | Self::Fs { access, .. } | Self::Kv { access, .. } = &mut self {
            *access = Access::ReadWrite;
        }
        self
    }

    /// Sets the quota of a grant of a directory; other grants stay as they are.
    #[must_use]
    pub fn quota(mut self, new: Quota) -> Self {
        if let Self::Fs { quota, .. } = &mut self {
            *quota = new;
        }
        self
    }

    /// Lets a grant of requests connect to private addresses or ranges; other grants stay as they are.
    #[must_use]
    pub fn addresses<I: Into<String>>(mut self, more: impl IntoIterator<Item = I>) -> Self {
        if let Self::Http { addresses, .. } = &mut self {
            addresses.extend(more.into_iter().map(Into::into));
        }
        self
    }

    /// Lets a grant of requests send further headers; other grants stay as they are.
    #[must_use]
    pub fn headers<I: Into<String>>(mut self, more: impl IntoIterator<Item = I>) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.extend(more.into_iter().map(Into::into));
        }
        self
    }

    /// Names the secret that is the password of a database; other grants stay as they are.
    #[must_use]
    pub fn password(mut self, secret: impl Into<String>) -> Self {
        if let Self::Sql { password, .. } = &mut self {
            *password = Some(secret.into());
        }
        self
    }

    /// Returns the capability that this grant is of.
    pub fn capability(&self) -> Capability {
        match self {
            Self::Sql { .. } => Capability::Sql,
            Self::Fs { .. } => Capability::Fs,
            Self::Http { .. } => Capability::Http,
            Self::Secret { .. } => Capability::Secrets,
            Self::Kv { .. } => Capability::Kv,
            Self::Config { .. } => Capability::Config,
            Self::Clock => Capability::Clock,
            Self::Random => Capability::Random,
            Self::Log => Capability::Log,
        }
    }

    /// Returns the label of what this grant brings in.
    pub fn label(&self) -> Option<Label> {
        match self {
            Self::Http { .. } => Some(Label::Untrusted),
            Self::Sql { .. } | Self::Fs { .. } | Self::Kv { .. } => Some(Label::Private),
            Self::Secret { .. } | Self::Config { .. } | Self::Clock | Self::Random | Self::Log => None,
        }
    }

    /// Returns whether a tool that holds only this grant can send something to another machine: by any request, whose path
    /// says something too, or by writing to a database that is not a file of this machine.
    pub fn can_send(&self) -> bool {
        match self {
            Self::Http { .. } => true,
            Self::Sql { url, access, .. } => *access == Access::ReadWrite && !url.starts_with("sqlite:"),
            Self::Fs { .. }
            | Self::Secret { .. }
            | Self::Kv { .. }
            | Self::Config { .. }
            | Self::Clock
            | Self::Random
            | Self::Log => false,
        }
    }

    /// Returns whether a tool that holds only this grant can change anything outside of its own call.
    pub fn has_effects(&self) -> bool {
        match self {
            Self::Sql { access, .. } | Self::Fs { access, .. } | Self::Kv { access, .. } => {
                *access == Access::ReadWrite
            }
            Self::Http { allow, .. } => !["GET ", "HEAD "].iter().any(|safe| allow.starts_with(safe)),
            Self::Secret { .. } | Self::Config { .. } | Self::Clock | Self::Random | Self::Log => false,
        }
    }
}

/// Returns one digest of a set of grants, whatever their order; an approval is bound to it.
pub fn grants_digest(grants: &[Grant]) -> Digest {
    let mut sorted = grants.to_vec();
    sorted.sort();
    Digest::of_json(&sorted)
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql { name, access, .. } => write!(f, "sql \"{name}\" ({access})"),
            Self::Fs { at, access, .. } => write!(f, "fs \"{at}\" ({access})"),
            Self::Http { allow, .. } => write!(f, "http \"{allow}\""),
            Self::Secret { name, host, header } => write!(f, "secret \"{name}\" (in \"{header}\" to {host})"),
            Self::Kv { bucket, access, .. } => write!(f, "kv \"{bucket}\" ({access})"),
            Self::Config { key, .. } => write!(f, "config \"{key}\""),
            Self::Clock => f.write_str("clock (real)"),
            Self::Random => f.write_str("random (real)"),
            Self::Log => f.write_str("log"),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        })
    }
}

impl Capability {
    /// All capabilities, in the order in which they are shown.
    pub const ALL: [Self; 9] =
        [Self::Sql, Self::Fs, Self::Http, Self::Secrets, Self::Kv, Self::Config, Self::Clock, Self::Random, Self::Log];

    /// Returns the name, which is also the key under `[tool.NAME.grants]` in `stockade.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Fs => "fs",
            Self::Http => "http",
            Self::Secrets => "secrets",
            Self::Kv => "kv",
            Self::Config => "config",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_writes_to_a_remote_database_can_send() {
        let remote = Grant::sql("shop", "postgres://shop@db.example.com/shop");
        assert!(!remote.can_send() && remote.clone().writable().can_send());
        assert!(!Grant::sql("shop", "sqlite:shop.db").writable().can_send());
        assert!(Grant::http("GET https://example.com/").can_send());
        assert!(!Grant::kv("notes", "notes.kv").writable().can_send());
        assert_eq!(remote.label(), Some(Label::Private));
    }
}
