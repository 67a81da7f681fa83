//! The sample connection: a true one. The whole flow runs, with a browser and a person that are played here.

use super::error::DemoError;
use super::simulator::Simulator;
use super::state::{Demo, USER};
use coffer_core::caller::CallerVerb;
use coffer_core::connection::ConnectionState;
use coffer_core::id::ConnectionId;
use coffer_core::page::PageRequest;
use coffer_core::ports::ConnectionFilter;
use coffer_core::secret::ExposeSecret;
use coffer_simulator::model::Moment;
use coffer_wallet::{NewConnectSession, Principal, Wallet, WalletError};
use url::Url;

/// The account at the simulated provider that is connected.
const ACCOUNT: &str = "alice";

const REQUEST: &str = "demo-start";

/// Makes a sample connection, unless one was ever made. One that was disconnected stays so. The server must listen:
/// the provider is asked over HTTP.
pub(super) async fn ensure(demo: &Demo, simulator: &Simulator) -> Result<(), DemoError> {
    let (wallet, integration, caller) = (&demo.wallet, demo.integration(), demo.caller().await?);
    let filter = ConnectionFilter {
        integration: Some(integration),
        ..ConnectionFilter::default()
    };
    let known = wallet
        .connections(&caller.principal, &filter, PageRequest::default())
        .await?
        .items;
    if known
        .iter()
        .any(|connection| connection.state != ConnectionState::Pending)
    {
        return Ok(());
    }
    caller.scope(CallerVerb::Connect)?;
    let new = NewConnectSession {
        integration,
        user: Some(USER.to_owned()),
        connection: None,
        scopes: Vec::new(),
        return_to: demo.url("/"),
    };
    let made = wallet.create_connect_session(&caller.asker, new).await?;
    let link = parsed(made.link.expose_secret())?;
    let token = link
        .path_segments()
        .and_then(|mut segments| segments.next_back())
        .unwrap_or_default();
    let departure = wallet.open_connect_session(token, None, REQUEST).await?;
    let moment = Moment {
        now: demo.clock().now(),
        random: demo.random(),
    };
    let back = simulator
        .provider
        .consent(&departure.authorize_url, ACCOUNT, moment)?;
    let (query, browser) = (
        back.query().unwrap_or_default(),
        departure.browser.expose_secret(),
    );
    let arrival = wallet
        .callback(integration, query, Some(browser), REQUEST)
        .await?;
    let arrived = parsed(arrival.return_to.expose_secret())?;
    let result = arrived.query_pairs().find(|(name, _)| name == "coffer_result");
    let (_, result) = result.ok_or(DemoError::Sample("the callback brought no result"))?;
    wallet.redeem(&caller.asker, &result).await?;
    Ok(())
}

fn parsed(text: &str) -> Result<Url, DemoError> {
    Url::parse(text).map_err(|_| DemoError::Sample("a URL of the flow is not one"))
}

/// The connection to show in a command line: the oldest that gives tokens now, which is the sample one while it lives.
pub(super) async fn to_show(
    wallet: &Wallet,
    caller: &Principal,
) -> Result<Option<ConnectionId>, WalletError> {
    let mut after = None;
    loop {
        let request = PageRequest::new(PageRequest::MAX, after);
        let page = wallet
            .connections(caller, &ConnectionFilter::default(), request)
            .await?;
        if let Some(live) = page.items.iter().find(|connection| is_served(connection.state)) {
            return Ok(Some(live.id));
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// Whether asking a connection in this state for a token can succeed without a person.
pub(super) const fn is_served(state: ConnectionState) -> bool {
    match state {
        ConnectionState::Fresh
        | ConnectionState::Refreshing
        | ConnectionState::BackingOff
        | ConnectionState::ProviderUnavailable => true,
        ConnectionState::Pending
        | ConnectionState::ConsentRequired
        | ConnectionState::IntegrationBlocked
        | ConnectionState::Quarantined
        | ConnectionState::Revoked => false,
    }
}
