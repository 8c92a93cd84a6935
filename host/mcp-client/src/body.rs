//! Bodies of answers, read up to a bound.

use reqwest::Response;
use stockade_system::http::{self, Unread};

/// Reads an answer up to so many bytes.
///
/// # Errors
///
/// It is longer, is not UTF-8, or breaks off.
pub(crate) async fn body(answer: Response, bytes_max: usize) -> Result<String, String> {
    let bytes = http::body(answer, bytes_max).await.map_err(|unread| match unread {
        Unread::TooLong => format!("the answer has more than {bytes_max} bytes"),
        Unread::BrokenOff(_) => "the answer broke off".to_owned(),
    })?;
    String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())
}
