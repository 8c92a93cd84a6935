//! Sends one request over HTTP. The host calls it where a tool is made of a document that describes a service: the
//! grants, the limits and the secrets of that tool hold for it as for any other component.

use lean as _; // the allocator

wit_bindgen::generate!({ path: ["../../wit", "wit"], world: "stockade:request/tool", generate_all });

mod http;

use exports::stockade::request::request::{Guest, Response, Secret};
use stockade::host::secrets;

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn send(
        method: String,
        url: String,
        mut headers: Vec<(String, String)>,
        secrets: Vec<Secret>,
        body: Option<String>,
        bytes_max: u32,
    ) -> Result<Response, String> {
        let (is_tls, authority, path) = parts(&url)?;
        for Secret { header, prefix, name } in secrets {
            let placeholder = secrets::get(&name).map_err(|secrets::Error::Denied(text)| text)?;
            headers.push((header, format!("{prefix}{placeholder}")));
        }
        let (headers, body) = (headers.as_slice(), body.as_ref().map(String::as_bytes));
        let bytes_max = bytes_max as usize;
        let request = http::Request { method: &method, is_tls, authority, path, headers, body, bytes_max };
        let answer = http::send(&request).map_err(|error| error.to_string())?;
        Ok(Response {
            status: answer.status,
            content_type: answer.header("content-type").map(str::to_owned),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
            truncated: answer.is_truncated,
        })
    }
}

/// Takes an address apart: whether it is of TLS, the authority, and the path with the query.
fn parts(url: &str) -> Result<(bool, &str, &str), String> {
    let wrong = || format!("\"{url}\" is not http://HOST/PATH or https://HOST/PATH");
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let is_tls = match scheme {
        "https" => true,
        "http" => false,
        _ => return Err(wrong()),
    };
    let (authority, path) = rest.split_at(rest.find('/').ok_or_else(wrong)?);
    Ok((is_tls, authority, path))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_address_has_three_parts() {
        assert_eq!(parts("https://a.example:8443/b?c=d").unwrap(), (true, "a.example:8443", "/b?c=d"));
        assert_eq!(parts("http://a/").unwrap(), (false, "a", "/"));
        for url in ["a/b", "ftp://a/", "https://a"] {
            assert!(parts(url).unwrap_err().contains(url), "{url}");
        }
    }
}
