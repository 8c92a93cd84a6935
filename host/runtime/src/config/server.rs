use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};
use stockade_workflow::{Budget, amounts};

use crate::Role;

/// What `[server]` says: how `stockade serve` listens, and whom it knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The certificate with which the server speaks TLS. Without it, the server speaks plain HTTP.
    pub tls: Option<Tls>,
    /// A provider of OpenID Connect, whose tokens the server takes too.
    pub oidc: Option<Oidc>,
    /// How often a principal may ask.
    pub rate: Rate,
    /// The longest audit log, in bytes. Then each change is refused until the file is moved away.
    pub audit_bytes: u64,
}

/// What `[server.tls]` says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The file of the certificate, with the chain behind it, as PEM. It is read again within ten seconds after it has changed.
    pub certificate: PathBuf,
    /// The file of its private key, as PEM. Only its owner may read it.
    pub key: PathBuf,
}

/// What `[server.rate]` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// How many requests a second each principal may make, and each address without a token.
    pub per_second: u32,
    /// How many may come at once before that holds. While other principals ask, too, a principal has a tenth of those of a
    /// second at once.
    pub burst: u32,
}

/// What `[server.oidc]` says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The address of the provider, exactly as its tokens name it (`iss`): https, or a loopback address. Its discovery document
    /// is beneath it.
    pub issuer: String,
    /// The name of this server, which a token must be for (`aud`).
    pub audience: String,
    /// The claim that says which groups a person or a program is in: a text or a list of texts; with points, a claim within a
    /// claim, as in `realm_access.roles`.
    #[serde(default = "role_claim")]
    pub role_claim: String,
    /// The role of each group. Of several, that of an admin comes before that of an approver, an operator and a viewer; one who
    /// is in none of them is refused.
    pub roles: BTreeMap<String, Role>,
    /// What each role may give and call.
    #[serde(default)]
    pub limits: ByRole,
    /// The name of this server as a client of the provider. With it, people log in to the page through the provider, which sends
    /// them back to `/login/oidc/callback` of the page.
    pub client_id: Option<String>,
    /// The name of the secret of that client; absent where the provider takes the client without one.
    pub client_secret: Option<String>,
    /// The scopes that the provider is asked for where a person logs in: `openid` must be among them, and often the one that
    /// brings the claim of the groups.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

/// What `[server.oidc.limits]` says. A role that is not named has no limits of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ByRole {
    /// Those of a viewer.
    pub viewer: RoleLimits,
    /// Those of an operator.
    pub operator: RoleLimits,
    /// Those of an approver.
    pub approver: RoleLimits,
    /// Those of an admin.
    pub admin: RoleLimits,
}

/// What one with a role may give and call, as `stockade token create` says it of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleLimits {
    /// The most that it may give a run, as in `"money=$2,steps=50"`; other currencies have the default of a run.
    #[serde(deserialize_with = "budget")]
    pub budget: Option<Budget>,
    /// The tools that it may call, and code that it runs; by default all.
    pub tools: Option<BTreeSet<String>>,
}

impl Default for Server {
    fn default() -> Self {
        Self { tls: None, oidc: None, rate: Rate::default(), audit_bytes: 1 << 30 }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 500, burst: 1_000 }
    }
}

impl ByRole {
    /// Returns those of a role.
    pub fn of(&self, role: Role) -> &RoleLimits {
        match role {
            Role::Viewer => &self.viewer,
            Role::Operator => &self.operator,
            Role::Approver => &self.approver,
            Role::Admin => &self.admin,
        }
    }
}

impl Server {
    /// Makes relative paths relative to a folder.
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(Tls { certificate, key }) = &mut self.tls {
            (*certificate, *key) = (folder.join(&certificate), folder.join(&key));
        }
    }
}

fn budget<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Budget>, D::Error> {
    let text = String::deserialize(from)?;
    amounts::read(&text, Budget::default()).map(Some).map_err(|fault| de::Error::custom(fault.message))
}

fn role_claim() -> String {
    "roles".to_owned()
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).into()
}

#[cfg(test)]
mod tests {
    use crate::Config;

    use super::*;

    #[test]
    fn a_server_is_read_with_all_that_it_may_have() {
        let text = r#"
            [server]
            audit_bytes = 1_000_000
            [server.tls]
            certificate = "tls.pem"
            key = "/etc/tls.key"
            [server.rate]
            per_second = 7
            [server.oidc]
            issuer = "https://login.example.com"
            audience = "stockade"
            roles = { leads = "approver", all = "viewer" }
            client_id = "page"
            client_secret = "login"
            [server.oidc.limits.approver]
            budget = "steps=50"
            tools = ["purchases"]
        "#;
        let mut server = Config::parse(text).unwrap().server;
        server.anchor(Path::new("/home/dana"));
        let tls = server.tls.unwrap();
        assert_eq!((tls.certificate, tls.key), ("/home/dana/tls.pem".into(), "/etc/tls.key".into()));
        assert_eq!((server.audit_bytes, server.rate), (1_000_000, Rate { per_second: 7, burst: 1_000 }));
        let oidc = server.oidc.unwrap();
        assert_eq!((&*oidc.role_claim, oidc.roles["leads"]), ("roles", Role::Approver));
        assert_eq!((oidc.client_id.as_deref(), oidc.client_secret.as_deref()), (Some("page"), Some("login")));
        assert_eq!(oidc.scopes, ["openid", "profile", "email"]);
        let limits = oidc.limits.of(Role::Approver);
        assert_eq!(limits.budget, Some(amounts::read("steps=50", Budget::default()).unwrap()));
        assert!(limits.tools.as_ref().unwrap().contains("purchases"));
        assert_eq!(oidc.limits.of(Role::Admin), &RoleLimits::default());
        assert_eq!(Config::parse("").unwrap().server.audit_bytes, 1 << 30);
        for wrong in ["tls = {}", "oidc = { issuer = \"https://a\" }", "rates = {}", "rate = { burst = -1 }"] {
            assert!(Config::parse(&format!("[server]\n{wrong}")).is_err(), "{wrong}");
        }
        let wrong = Config::parse("[server.oidc.limits.viewer]\nbudget = \"step=1\"");
        assert!(wrong.is_err());
    }
}
