//! Gets a document from its address, with bounds.

use std::time::Duration;

use reqwest::Url;
use stockade_system::http::{Unread, body, cause, client, is_safe};
use stockade_workflow::{Fault, Kind};
use tokio::time::timeout;

use crate::Result;

/// How long it may take, for which a person waits.
const TIME: Duration = Duration::from_secs(30);

/// Gets a document. No redirect is followed: a person has named this address, and no other one.
///
/// # Errors
///
/// The address is not safe, the server does not answer with a document of text in time, or it is longer than `bytes_max`.
pub(crate) async fn fetched(address: &str, bytes_max: u64) -> Result<String> {
    let url = Url::parse(address).ok().filter(is_safe);
    let url = url.ok_or_else(|| {
        let message =
            format!("\"{address}\" is neither an address of https:// without a password nor one of this machine");
        Fault::invalid("openapi", message)
    })?;
    let text = timeout(TIME, answered(url, bytes_max)).await;
    text.unwrap_or_else(|_| Err(format!("it takes longer than {TIME:?}")))
        .map_err(|why| Fault::new(Kind::Unavailable, format!("\"{address}\": {why}")).detail("openapi"))
}

async fn answered(url: Url, bytes_max: u64) -> std::result::Result<String, String> {
    let lost = |error: reqwest::Error| cause(&error);
    let client = client().map_err(|fault| fault.message)?;
    let response = client.get(url).header("accept", "application/json").send().await.map_err(lost)?;
    if response.status().as_u16() != 200 {
        return Err(format!("the server answers with status {}, and 200 is wanted", response.status().as_u16()));
    }
    let bytes =
        body(response, usize::try_from(bytes_max).unwrap_or(usize::MAX)).await.map_err(|unread| match unread {
            Unread::TooLong => format!("the server answers with more than {bytes_max} bytes"),
            Unread::BrokenOff(error) => cause(&error),
        })?;
    String::from_utf8(bytes).map_err(|_| "the answer is not text in UTF-8".to_owned())
}
