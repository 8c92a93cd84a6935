use serde_json::Value;

use crate::form;
use crate::http::{self, Post};
use crate::stockade::host::secrets;
use crate::wasi::config::store;

const SECRET: &str = "stripe-key";
const ENDPOINT: &str = "https://api.stripe.com";
const REFUNDS: &str = "/v1/refunds";
/// How often a refund is asked for: once, and twice again where no answer came of which anything could be made.
const ATTEMPTS: u32 = 3;

/// The payment server.
pub struct Server {
    endpoint: String,
    authorization: String,
}

/// Why an attempt did not pay.
enum Miss {
    /// Nobody knows whether it did: the answer got lost, or makes no sense.
    Lost(String),
    /// The server, or the host, says no; it would say so again.
    Refused(String),
}

impl Server {
    /// Returns the server that the operator configured, with the placeholder of its key.
    pub fn configured() -> Result<Self, String> {
        let endpoint = store::get("endpoint").map_err(|error| format!("no configuration: {error:?}"))?;
        let endpoint = endpoint.unwrap_or_else(|| ENDPOINT.into());
        let key = secrets::get(SECRET).map_err(|secrets::Error::Denied(text)| text)?;
        Ok(Self { endpoint, authorization: format!("Bearer {key}") })
    }

    /// Has a refund paid, and returns what the server calls it.
    pub fn refund(&self, key: &str, user: &str, cents: u64) -> Result<String, String> {
        let form = form::encode(&[("amount", &cents.to_string()), ("metadata[user_id]", user)]);
        let headers = [
            ("authorization", self.authorization.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("idempotency-key", key),
        ];
        let post = Post { endpoint: &self.endpoint, path: REFUNDS, headers: &headers, body: form.as_bytes() };
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            match attempt(&post, cents) {
                Ok(reference) => return Ok(reference),
                Err(Miss::Refused(text)) => return Err(text),
                Err(Miss::Lost(text)) => why = text,
            }
        }
        Err(format!("the payment server gave no usable answer in {ATTEMPTS} attempts, the refund may be paid: {why}"))
    }
}

fn attempt(post: &Post, cents: u64) -> Result<String, Miss> {
    let (status, body) = http::send(post).map_err(|error| match error {
        http::Error::Denied => Miss::Refused("the host denied the request to the payment server".into()),
        http::Error::Failed(text) => Miss::Lost(text),
    })?;
    read(status, &body, cents)
}

/// Makes the reference of the refund, or the reason why there is none, of an answer.
fn read(status: u16, body: &[u8], cents: u64) -> Result<String, Miss> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    match status {
        200 => {
            let answer = answer.ok_or_else(|| Miss::Lost("an answer that is not JSON".into()))?;
            receipt(&answer, cents)
        }
        // Another 2xx: taken, but no receipt. 408, 425: too slow, too early. 409: the same request is still under way.
        // 429: too many. 5xx: the server failed, and may have paid.
        201..=299 | 408 | 409 | 425 | 429 | 500.. => Err(Miss::Lost(format!("status {status}"))),
        _ => Err(Miss::Refused(format!("the payment server refused with status {status}: {}", said(answer.as_ref())))),
    }
}

fn receipt(answer: &Value, cents: u64) -> Result<String, Miss> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let (Some(id), Some(status)) = (text("id"), text("status")) else {
        return Err(Miss::Lost("an answer without \"id\" and \"status\"".into()));
    };
    let amount = answer.get("amount").and_then(Value::as_u64);
    match (status, amount) {
        ("succeeded" | "pending", Some(amount)) if amount == cents => Ok(id.into()),
        ("succeeded" | "pending", _) => Err(Miss::Refused(format!("refund \"{id}\" is not of \"{cents}\" cents"))),
        _ => Err(Miss::Refused(format!("refund \"{id}\" is \"{status}\""))),
    }
}

fn said(answer: Option<&Value>) -> &str {
    let message = answer.and_then(|answer| answer.get("error")?.get("message")?.as_str());
    message.unwrap_or("it did not say why")
}

#[cfg(test)]
mod tests {
    use super::{Miss, read};

    fn paid(status: u16, body: &str) -> Result<String, String> {
        read(status, body.as_bytes(), 14_900).map_err(|miss| match miss {
            Miss::Lost(text) => format!("lost: {text}"),
            Miss::Refused(text) => format!("refused: {text}"),
        })
    }

    #[test]
    fn a_refund_is_paid_when_its_amount_and_its_status_say_so() {
        assert_eq!(paid(200, r#"{"id":"re_1","amount":14900,"status":"succeeded"}"#), Ok("re_1".into()));
        for (status, body, expected) in [
            (200, r#"{"id":"re_1","amount":14901,"status":"succeeded"}"#, "refused: refund \"re_1\" is not of"),
            (200, r#"{"id":"re_1","amount":14900,"status":"failed"}"#, "refused: refund \"re_1\" is \"failed\""),
            (200, r#"{"id":"re_1","#, "lost: an answer that is not JSON"),
            (200, "{}", "lost: an answer without"),
            (500, "", "lost: status 500"),
            (202, "{}", "lost: status 202"),
            (204, "", "lost: status 204"),
            (408, "", "lost: status 408"),
            (409, "{}", "lost: status 409"),
            (425, "", "lost: status 425"),
            (
                402,
                r#"{"error":{"message":"no funds"}}"#,
                "refused: the payment server refused with status 402: no funds",
            ),
            (302, "", "refused: the payment server refused with status 302: it did not say why"),
        ] {
            let error = paid(status, body).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
