//! The way back from a provider: the demo's back end redeems the one-time result, for the browser that it sent out
//! and for no other (initiator = consenter).

use super::browser::{Browser, Purpose};
use super::card::label;
use super::flash::{Toast, Tone};
use super::problem::{PageError, home};
use super::state::Demo;
use actix_web::{HttpRequest, HttpResponse, web};
use coffer_core::caller::CallerVerb;
use coffer_wallet::WalletError;
use serde::Deserialize;

/// What the browser brings back.
#[derive(Deserialize)]
pub(super) struct Arrival {
    #[serde(default)]
    way: String,
    coffer_result: Option<String>,
    coffer_error: Option<String>,
}

/// Takes the result, tells how it ended, and shows the first page.
pub(super) async fn arrive(
    demo: web::Data<Demo>,
    request: HttpRequest,
    arrival: web::Query<Arrival>,
) -> Result<HttpResponse, PageError> {
    let Some(browser) = Browser::of(&request, demo.port()) else {
        return Ok(home());
    };
    let toast = if !browser.made(Purpose::Return, &arrival.way) {
        let text =
            "This way back belongs to another browser, or to an earlier visit. Connect again from here.";
        Toast::new(Tone::Warn, "Not connected", text)
    } else if let Some(result) = &arrival.coffer_result {
        match redeem(&demo, result).await {
            Ok(label) => Toast::new(
                Tone::Good,
                format!("{label} is connected"),
                "Its tokens lie here, sealed.",
            ),
            Err(error) => Toast::failed("Not connected", &error),
        }
    } else {
        refused(arrival.coffer_error.as_deref().unwrap_or_default())
    };
    demo.flashes.put(&browser, toast);
    Ok(home())
}

async fn redeem(demo: &Demo, result: &str) -> Result<String, WalletError> {
    let caller = demo.caller().await?;
    caller.scope(CallerVerb::Connect)?;
    Ok(label(&demo.wallet.redeem(&caller.asker, result).await?))
}

/// A refusal's code in words. Only codes that are known are shown: the text comes with the URL.
fn refused(code: &str) -> Toast {
    let (title, text) = match code {
        "access_denied" => (
            "Not connected",
            "Consent was not given at the provider. Nothing was changed.",
        ),
        "session_used" | "state_used" => ("Not connected", "That link was used before; each works once."),
        "session_expired" | "state_expired" => ("Not connected", "It took too long. Connect again."),
        "provider_unavailable" => (
            "Not connected",
            "The provider did not answer properly. Try again in a moment.",
        ),
        "integration_blocked" => ("Not connected", "The provider refuses the integration's client."),
        _ => (
            "Not connected",
            "The provider's answer could not be used. The audit log says more.",
        ),
    };
    Toast::new(Tone::Warn, title, text)
}
