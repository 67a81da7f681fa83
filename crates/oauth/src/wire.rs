//! Requests as they go out: parameters, client authentication, bodies.

use crate::error::Error;
use crate::integration::Integration;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use coffer_catalog::provider::client::{BodyFormat, ClientAuthentication};
use coffer_catalog::{ValueTemplate, Variables};
use coffer_core::http::{HttpRequest, Method};
use coffer_core::secret::{ExposeSecret, secret_bytes, secret_text};
use coffer_core::{SecretBytes, SecretText};
use std::collections::BTreeMap;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// The parameters of a body, in order; a value may be a secret.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, SecretText)>);

impl Parameters {
    /// Adds a parameter.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<SecretText>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Adds those of a catalogue entry. What the protocol has set already cannot be overridden.
    pub(crate) fn extend(&mut self, templates: &BTreeMap<String, ValueTemplate>, variables: &Variables) {
        for (name, template) in templates {
            if self.0.iter().any(|(taken, _)| taken == name) {
                continue;
            }
            for value in template.resolve_all(variables) {
                self.push(name, value);
            }
        }
    }

    /// The body in this format, with its media type.
    pub(crate) fn write(&self, format: BodyFormat) -> (&'static str, SecretBytes) {
        match format {
            BodyFormat::Form => ("application/x-www-form-urlencoded", self.form()),
            BodyFormat::Json => ("application/json", self.json()),
        }
    }

    fn form(&self) -> SecretBytes {
        // Room for the worst case, so that the buffer never moves and leaves a copy behind.
        let size = self
            .0
            .iter()
            .map(|(name, value)| 3 * (name.len() + value.expose_secret().len()) + 2)
            .sum();
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(size));
        for (name, value) in &self.0 {
            form.append_pair(name, value.expose_secret());
        }
        secret_bytes(form.finish().into_bytes())
    }

    fn json(&self) -> SecretBytes {
        let size = self
            .0
            .iter()
            .map(|(name, value)| 6 * (name.len() + value.expose_secret().len()) + 6)
            .sum();
        let mut json = String::with_capacity(size);
        for (name, value) in &self.0 {
            let value = Zeroizing::new(serde_json::Value::from(value.expose_secret()).to_string());
            json.push(if json.is_empty() { '{' } else { ',' });
            json.push_str(&serde_json::Value::from(name.as_str()).to_string());
            json.push(':');
            json.push_str(&value);
        }
        json.push_str(if json.is_empty() { "{}" } else { "}" });
        secret_bytes(json.into_bytes())
    }
}

/// A POST to a token or revocation endpoint with the client's authentication, by exactly one method (RFC 6749, section
/// 2.3; OA-C11). The secret is never in the URL.
pub(crate) fn client_post(
    integration: &Integration,
    url: Url,
    mut parameters: Parameters,
    extra: &BTreeMap<String, ValueTemplate>,
) -> Result<HttpRequest, Error> {
    let client = &integration.provider.client;
    let id = integration.client_id()?;
    let authorization = match integration.authentication() {
        ClientAuthentication::Basic => Some(basic(id, integration.client_secret()?)),
        ClientAuthentication::BasicAndBody => {
            parameters.push(&client.id_parameter, id);
            Some(basic(id, integration.client_secret()?))
        }
        ClientAuthentication::Post => {
            parameters.push(&client.id_parameter, id);
            parameters.push(&client.secret_parameter, integration.client_secret()?.clone());
            None
        }
        ClientAuthentication::None => {
            parameters.push(&client.id_parameter, id);
            None
        }
    };
    let variables = integration.variables()?;
    parameters.extend(extra, &variables);
    let (media_type, body) = parameters.write(client.body);
    let mut request = HttpRequest::new(Method::Post, url).body(media_type, body);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    Ok(with_headers(request, &client.headers, &variables))
}

/// HTTP Basic with the client's id and secret, each form-encoded first (RFC 6749, section 2.3.1).
pub(crate) fn basic(id: &str, secret: &SecretText) -> SecretText {
    let secret = secret.expose_secret();
    let mut pair = Zeroizing::new(String::with_capacity(3 * (id.len() + secret.len()) + 1));
    pair.extend(form_urlencoded::byte_serialize(id.as_bytes()));
    pair.push(':');
    pair.extend(form_urlencoded::byte_serialize(secret.as_bytes()));
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
    secret_text(format!("Basic {}", encoded.as_str()))
}

/// Adds a catalogue entry's headers, and `Accept: application/json` where it does not say otherwise: without it GitHub
/// answers with a form.
pub(crate) fn with_headers(
    mut request: HttpRequest,
    headers: &BTreeMap<String, ValueTemplate>,
    variables: &Variables,
) -> HttpRequest {
    for (name, template) in headers {
        let name = name.to_ascii_lowercase();
        let is_set = request.headers.iter().any(|(taken, _)| *taken == name);
        if let (false, Some(value)) = (is_set, template.resolve_secret(variables)) {
            request = request.header(name, value);
        }
    }
    if request.headers.iter().any(|(name, _)| name == "accept") {
        request
    } else {
        request.header("accept", SecretText::from("application/json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa_c11_basic_encodes_id_and_secret_before_it_joins_them() {
        let header = basic("id:with colon", &SecretText::from("p%ss+w&rd é"));
        let encoded = header.expose_secret().strip_prefix("Basic ").unwrap();
        let pair = String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
        assert_eq!(pair, "id%3Awith+colon:p%25ss%2Bw%26rd+%C3%A9");
    }

    #[test]
    fn a_body_is_the_same_parameters_in_both_formats() {
        let mut parameters = Parameters::default();
        parameters.push("code", "a&b=\"c\"\n");
        parameters.push("n", "é");
        let (_, form) = parameters.write(BodyFormat::Form);
        assert_eq!(form.expose_secret(), b"code=a%26b%3D%22c%22%0A&n=%C3%A9");
        let (_, json) = parameters.write(BodyFormat::Json);
        let json: serde_json::Value = serde_json::from_slice(json.expose_secret()).unwrap();
        assert_eq!(json, serde_json::json!({"code": "a&b=\"c\"\n", "n": "é"}));
        assert_eq!(
            Parameters::default().write(BodyFormat::Json).1.expose_secret(),
            b"{}"
        );
    }
}
