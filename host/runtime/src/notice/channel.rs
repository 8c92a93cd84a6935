//! How a message is sent: posted to a webhook, or read by a command.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Url};
use sha2::Sha256;
use stockade_system::http::{self, cause};
use stockade_workflow::{Fault, Kind};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::Result;
use crate::config::{Notify, key_of};

/// What a secret of Standard Webhooks begins with, before its base64.
const PREFIX: &str = "whsec_";

/// Where a command, and what it starts, is looked for: all that its environment says.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One way to send messages.
pub(super) enum Channel {
    /// Messages are posted here, signed where there is a secret.
    Webhook { http: Client, url: Url, secret: Option<Vec<u8>> },
    /// Messages are read by a new process of this program each.
    Command { program: String, arguments: Vec<String> },
}

impl Channel {
    /// Makes the one that is configured.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where none is, or two; a secret without a value, or whose base64 is wrong.
    pub(super) fn open(name: &str, notify: &Notify, secrets: &BTreeMap<String, String>) -> Result<Self> {
        let invalid = |why: String| Fault::invalid("notify", why);
        match (&notify.url, notify.command.as_deref(), &notify.secret) {
            (Some(url), None, secret) => {
                let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                let url = url.ok_or_else(|| invalid("`url` is not an address of http:// or https://".to_owned()))?;
                let whose = format!("the webhook \"{name}\"");
                let secret = secret.as_ref().map(|secret| decoded(&key_of(secret, &whose, secrets)?)).transpose()?;
                Ok(Self::Webhook { http: http::client()?, url, secret })
            }
            (None, Some([program, arguments @ ..]), None) => {
                Ok(Self::Command { program: program.clone(), arguments: arguments.to_vec() })
            }
            (None, Some(_), Some(_)) => {
                Err(invalid("`secret` signs messages of a webhook, and this is a command".to_owned()))
            }
            (_, _, _) => Err(invalid("needs either `url` or `command = [\"PROGRAM\", …]`".to_owned())),
        }
    }

    /// Sends a message once. The id is the same each time that it is sent.
    ///
    /// # Errors
    ///
    /// It was not taken: the server answered with no status of 200 to 299, the program ended with another code than 0, or it
    /// took too long.
    pub(super) async fn send(&self, id: &str, at_s: u64, body: &str, timeout_ms: u64) -> Result<()> {
        let sent = async {
            match self {
                Self::Webhook { http, url, secret } => post(http, url, secret.as_deref(), id, at_s, body).await,
                Self::Command { program, arguments } => run(program, arguments, body).await,
            }
        };
        let late = |_| failed(format!("it took longer than {timeout_ms} ms"));
        tokio::time::timeout(Duration::from_millis(timeout_ms), sent).await.map_err(late)?
    }
}

fn decoded(secret: &str) -> Result<Vec<u8>> {
    let Some(text) = secret.strip_prefix(PREFIX) else { return Ok(secret.as_bytes().to_vec()) };
    STANDARD
        .decode(text)
        .map_err(|_| Fault::invalid("secret", format!("a secret that begins with {PREFIX} goes on in base64")))
}

/// Posts a message with the headers of Standard Webhooks.
async fn post(http: &Client, url: &Url, secret: Option<&[u8]>, id: &str, at_s: u64, body: &str) -> Result<()> {
    let request = http.post(url.clone()).header("content-type", "application/json");
    let mut request = request.header("webhook-id", id).header("webhook-timestamp", at_s.to_string());
    if let Some(secret) = secret {
        request = request.header("webhook-signature", signature(secret, id, at_s, body)?);
    }
    let answer = request
        .body(body.to_owned())
        .send()
        .await
        .map_err(|error| failed(format!("the server was not reached: {}", cause(&error))))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(failed(format!("the server answered with status {}", answer.status().as_u16())))
}

fn signature(secret: &[u8], id: &str, at_s: u64, body: &str) -> Result<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret);
    let mut mac = mac.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
    mac.update(format!("{id}.{at_s}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Lets a program read a message. It gets no variable of this process, and is killed if it takes too long.
async fn run(program: &str, arguments: &[String], body: &str) -> Result<()> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let failed_to = |what: &str, error: std::io::Error| failed(format!("\"{program}\" {what}: {error}"));
    let mut child = command.kill_on_drop(true).spawn().map_err(|error| failed_to("was not started", error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program need not read it to its end.
        let _ = stdin.write_all(body.as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| failed_to("was lost", error))?;
    if status.success() { Ok(()) } else { Err(failed(format!("\"{program}\" ended with {status}"))) }
}

fn failed(why: String) -> Fault {
    Fault::new(Kind::System, why).detail("notify")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Standard Webhooks' specification and libraries.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = decoded("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}").unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_channel_is_a_webhook_or_a_command() {
        let open = |text: &str| Channel::open("ops", &toml::from_str(text).unwrap(), &BTreeMap::new()).err();
        assert!(open("url = \"https://example.com/hook\"").is_none());
        assert!(open("command = [\"mail\", \"ops\"]").is_none());
        for (text, says) in [
            ("", "needs either `url` or `command"),
            ("command = []", "needs either `url` or `command"),
            ("url = \"https://example.com\"\ncommand = [\"mail\"]", "needs either `url` or `command"),
            ("url = \"ftp://example.com\"", "`url` is not an address"),
            ("command = [\"mail\"]\nsecret = \"s\"", "`secret` signs messages of a webhook"),
            ("url = \"https://example.com\"\nsecret = \"hook\"", "the secret \"hook\", which has no value"),
        ] {
            let fault = open(text).unwrap_or_else(|| panic!("{text} is taken"));
            assert!(fault.message.contains(says), "{text}: {fault}");
        }
        assert!(decoded("whsec_%").is_err());
        assert_eq!(decoded("plain").unwrap(), b"plain");
    }
}
