//! Our request as the library wants it, and its answer as we want it.

use crate::{error, policy::Target};
use bytes::Bytes;
use coffer_core::{
    SecretBytes,
    http::{HttpError, HttpRequest, HttpResponse, Method},
    secret::{ExposeSecret, secret_bytes},
};
use reqwest::{
    Request, Response,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use zeroize::Zeroizing;

/// The most that the header fields of an answer may have, in bytes (THR-42).
pub(crate) const HEADER_CAP: usize = 32 * 1024;

/// Builds the request. Nothing is copied out of its secrets but the header values.
pub(crate) fn outgoing(target: &Target, request: HttpRequest) -> Result<Request, HttpError> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut outgoing = Request::new(method, request.url);
    for (name, value) in &request.headers {
        let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_invalid| {
            error::bad_request(target, "a header name has characters that are not allowed")
        })?;
        if OURS.contains(&field) {
            return Err(error::bad_request(
                target,
                format_args!("the header {field} is set by the client"),
            ));
        }
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_invalid| {
            error::bad_request(
                target,
                format_args!("the header {field} has a line break or another control character"),
            )
        })?;
        value.set_sensitive(true);
        outgoing.headers_mut().append(field, value);
    }
    outgoing
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    outgoing
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    *outgoing.body_mut() = request.body.map(|body| Bytes::from_owner(Owned(body)).into());
    Ok(outgoing)
}

/// Reads the whole answer.
pub(crate) async fn incoming(
    target: &Target,
    mut response: Response,
    cap: usize,
) -> Result<HttpResponse, IncomingError> {
    let refuse = |error| Err(IncomingError::Refused(error));
    check_headers(target, response.headers()).map_err(IncomingError::Refused)?;
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > cap) {
        return refuse(error::too_large(target, cap));
    }
    let mut body = Buffer::default();
    while let Some(chunk) = response.chunk().await.map_err(IncomingError::Failed)? {
        if chunk.len() > cap.saturating_sub(body.len()) {
            return refuse(error::too_large(target, cap));
        }
        body.extend(&chunk);
    }
    Ok(HttpResponse {
        status: response.status().as_u16(),
        headers: header_list(response.headers()),
        body: body.into_secret(),
    })
}

/// Why an answer could not be read.
#[derive(Debug)]
pub(crate) enum IncomingError {
    /// By us.
    Refused(HttpError),
    /// By the network.
    Failed(reqwest::Error),
}

/// Header fields that decide how a message is framed or where it goes.
static OURS: [HeaderName; 9] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

fn check_headers(target: &Target, headers: &HeaderMap) -> Result<(), HttpError> {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > HEADER_CAP {
        return Err(error::broken(
            target,
            format_args!("its headers are larger than {HEADER_CAP} bytes"),
        ));
    }
    let identity =
        |value: &HeaderValue| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(identity) {
        return Err(error::broken(
            target,
            "its answer is compressed though we did not accept that",
        ));
    }
    Ok(())
}

fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// A request body that is wiped when the library is done with it.
struct Owned(SecretBytes);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

/// A growing body that leaves no copy of itself behind when it moves.
#[derive(Default)]
struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn extend(&mut self, chunk: &[u8]) {
        let needed = self.0.len().saturating_add(chunk.len());
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(chunk);
    }

    fn into_secret(self) -> SecretBytes {
        secret_bytes(self.0.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_keeps_every_byte_while_it_grows() {
        let (mut buffer, expected): (_, Vec<u8>) =
            (Buffer::default(), (0..=255).cycle().take(5_000).collect());
        for chunk in expected.chunks(7) {
            buffer.extend(chunk);
        }
        assert_eq!(buffer.len(), expected.len());
        assert_eq!(buffer.into_secret().expose_secret(), expected);
    }
}
