//! Bodies of answers, read up to a bound.

use reqwest::Response;

/// Reads an answer up to so many bytes.
///
/// # Errors
///
/// It is longer, is not UTF-8, or breaks off.
pub(crate) async fn body(mut answer: Response, bytes_max: usize) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| "the answer broke off".to_owned())? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(format!("the answer has more than {bytes_max} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())
}
