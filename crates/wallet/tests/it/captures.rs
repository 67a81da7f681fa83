//! Values that a connection cannot do without, and a provider that does not send them.

use crate::serve::SIMULATOR;
use crate::world::{PAGE, Setup, World, result_of};
use coffer_catalog::Catalog;
use coffer_core::page::PageRequest;
use coffer_core::ports::{ConnectionFilter, Stores};
use coffer_wallet::WalletError;
use url::Url;

/// A world whose provider has to send a value, in the callback or with the tokens.
async fn demanding(source: &str) -> World {
    let capture = format!("\n[[captures]]\nname = \"realm\"\nkind = \"text\"\nrequired = true\n{source}\n");
    let catalog = Catalog::with_overrides([("simulator.toml", format!("{SIMULATOR}{capture}"))]).unwrap();
    World::new(Setup {
        catalog,
        ..Setup::default()
    })
    .await
}

const IN_THE_CALLBACK: &str = "from = \"callback\"\nparameter = \"realm_id\"\npattern = \"[0-9]+\"";
const WITH_THE_TOKENS: &str = "from = \"token\"\npointer = \"/realm_id\"";

fn with_realm(callback: &Url, realm: &str) -> Url {
    let mut callback = callback.clone();
    callback.query_pairs_mut().append_pair("realm_id", realm);
    callback
}

#[tokio::test(start_paused = true)]
async fn thr_44_a_connection_without_a_value_that_it_needs_is_not_made_and_its_grant_is_given_back() {
    for (source, realm) in [
        (IN_THE_CALLBACK, None),
        (WITH_THE_TOKENS, None),
        (WITH_THE_TOKENS, Some("1234")),
    ] {
        let world = demanding(source).await;
        let departure = world.depart().await;
        let mut callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
        if let Some(realm) = realm {
            callback = with_realm(&callback, realm);
        }
        let refused = world.come_back(&callback, &departure).await.unwrap_err();
        let WalletError::Flow {
            code,
            message,
            return_to,
        } = refused
        else {
            panic!("{source} {realm:?}: {refused:?}");
        };
        assert_eq!(code, "invalid_config");
        assert!(message.contains("the provider did not send a value"), "{message}");
        assert_eq!(return_to.unwrap().as_str(), PAGE, "the person comes back");
        assert_eq!(world.grants().len(), 1, "the provider had granted it");
        assert!(!world.has_live_tokens(), "{source} {realm:?}");
        let connections = Stores::of(&world.store).connections;
        let (every, page) = (ConnectionFilter::default(), PageRequest::default());
        let all = connections.list(&world.scope, &every, page).await.unwrap();
        assert_eq!(all.items, [], "{source} {realm:?}");
        let verbs = world.audit_verbs().await;
        assert!(verbs.contains(&"OAuthAuthorizeFailed"), "{verbs:?}");
        assert!(
            world.come_back(&callback, &departure).await.is_err(),
            "the flow is over"
        );
        assert_eq!(world.totals().exchanges, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_provider_sends_the_value_that_it_needs_is_made() {
    let world = demanding(IN_THE_CALLBACK).await;
    let departure = world.depart().await;
    let callback = world.http.consent(&departure.authorize_url, "alice").unwrap();
    let callback = with_realm(&callback, "1234");
    let arrival = world.come_back(&callback, &departure).await.unwrap();
    let result = result_of(&arrival);
    let id = world.wallet.redeem(&world.asker(), &result).await.unwrap().id;
    assert!(world.token(id).await.is_ok());
}
