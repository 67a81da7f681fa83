//! A call of the provider's API as the catalogue describes it (OA-C28: tokens go in headers, never in a URL).

use crate::client::Client;
use crate::error::Error;
use crate::integration::Integration;
use crate::wire::{Parameters, basic, with_headers};
use coffer_catalog::provider::call::{CallAuth, HttpCall, Method as CallMethod};
use coffer_catalog::provider::endpoints::Endpoint;
use coffer_core::SecretText;
use coffer_core::http::{HttpRequest, HttpResponse, Method};
use coffer_core::secret::{ExposeSecret, secret_text};
use url::Url;
use zeroize::Zeroizing;

/// The tokens that a call may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallTokens<'a> {
    pub(crate) access: &'a SecretText,
    pub(crate) refresh: Option<&'a SecretText>,
}

impl Client {
    /// Makes a call.
    pub(crate) async fn call(
        &self,
        integration: &Integration,
        call: &HttpCall,
        tokens: CallTokens<'_>,
    ) -> Result<HttpResponse, Error> {
        let url = self.call_url(integration, call).await?;
        let mut variables = integration
            .variables()?
            .with_secret("access_token", tokens.access.clone());
        if let Some(refresh) = tokens.refresh {
            variables = variables.with_secret("refresh_token", refresh.clone());
        }
        let mut request = HttpRequest::new(method(call.method)?, url);
        if !call.body.is_empty() {
            let mut parameters = Parameters::default();
            for (name, template) in &call.body {
                if let Some(value) = template.resolve_secret(&variables) {
                    parameters.push(name, value);
                }
            }
            let (media_type, body) = parameters.write(call.body_format);
            request = request.body(media_type, body);
        }
        let api = &integration.provider().api;
        request = match call.auth {
            CallAuth::AccessToken => {
                let value = Zeroizing::new(format!("{}{}", api.prefix(), tokens.access.expose_secret()));
                request.header(
                    api.header.to_ascii_lowercase(),
                    secret_text(value.as_str().to_owned()),
                )
            }
            CallAuth::ClientBasic => request.header(
                "authorization",
                basic(integration.client_id()?, integration.client_secret()?),
            ),
            CallAuth::None => request,
        };
        let mut headers = call.headers.clone();
        for (name, template) in &api.headers {
            headers.entry(name.clone()).or_insert_with(|| template.clone());
        }
        self.send(with_headers(request, &headers, &variables)).await
    }

    async fn call_url(&self, integration: &Integration, call: &HttpCall) -> Result<Url, Error> {
        if let Some(template) = &call.url {
            let url = template.resolve(&integration.variables()?);
            return url.ok().flatten().ok_or(Error::Config(
                "a value that the provider's API address needs is missing; check the integration's fields",
            ));
        }
        let url = match integration.endpoint(Endpoint::Userinfo)? {
            Some(own) => Some(own),
            None => self
                .metadata(integration)
                .await?
                .and_then(|metadata| metadata.userinfo_endpoint.clone()),
        };
        url.ok_or(Error::Config(
            "the provider has no userinfo endpoint; enter its address in the integration",
        ))
    }
}

fn method(method: CallMethod) -> Result<Method, Error> {
    match method {
        CallMethod::Get => Ok(Method::Get),
        CallMethod::Post => Ok(Method::Post),
        CallMethod::Delete => Ok(Method::Delete),
        CallMethod::Put | CallMethod::Patch => Err(Error::Config(
            "the provider's file uses PUT or PATCH, which calls cannot have; use POST",
        )),
    }
}
