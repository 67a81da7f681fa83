//! The admin routes, and who may ask.

use crate::raw;
use crate::setup::Sim;
use coffer_simulator::model::Behaviour;
use serde_json::json;

#[tokio::test]
async fn a_client_and_a_fault_are_set_and_the_ledger_is_read() {
    let sim = Sim::start(Behaviour::default());
    let setup = json!({
        "client_id": "app", "client_secret": "s3cret", "redirect_uris": [crate::setup::CALLBACK],
        "behaviour": { "rotation": "static", "response": { "encoding": "form", "expires_in": "absent" } },
    });
    let set = raw::json(sim.at, "PUT", "/sim/_sim/clients", &setup).await;
    assert_eq!(set.status, 204, "{set:?}");
    let clients = raw::get(sim.at, "/sim/_sim/clients").await;
    assert_eq!(clients.json()["clients"][0]["behaviour"]["rotation"], "static");
    assert!(!clients.body.contains("s3cret"));
    let tokens = sim.exchange(&sim.code().await).await;
    assert!(tokens.body.starts_with("access_token=simat_1_"), "{tokens:?}");
    let refresh = url::form_urlencoded::parse(tokens.body.as_bytes())
        .find(|(name, _)| name == "refresh_token")
        .unwrap()
        .1
        .into_owned();

    let rule = json!({
        "endpoint": "refresh", "grant": 1, "when": { "kind": "next", "count": 1 },
        "fault": { "commits": false, "effect": { "kind": "status", "status": 503, "retry_after": { "seconds": 3 } } },
    });
    let added = raw::json(sim.at, "POST", "/sim/_sim/faults", &rule).await;
    assert_eq!((added.status, added.json()["id"].as_u64()), (201, Some(1)));
    assert_eq!(sim.refresh(&refresh).await.status, 503);
    assert_eq!(sim.refresh(&refresh).await.status, 200);

    let ledger = raw::get(sim.at, "/sim/_sim/ledger?after=0&grant=1").await;
    assert!(!ledger.body.contains(&refresh));
    let ledger = ledger.json();
    let verdicts = ledger["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["verdict"].clone());
    assert_eq!(
        verdicts.collect::<Vec<_>>(),
        ["issued", "not_processed", "issued"]
    );
    let grants = raw::get(sim.at, "/sim/_sim/grants").await.json();
    assert_eq!(grants["grants"][0]["live"]["refresh"], json!([1]));
    assert_eq!(
        raw::send(sim.at, "DELETE", "/sim/_sim/grants/1", &[], "")
            .await
            .status,
        204
    );
    assert_eq!(sim.refresh(&refresh).await.status, 400);
    let status = raw::get(sim.at, "/sim/_sim/status").await.json();
    assert_eq!(status["totals"]["refreshes"], 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_browser_page_and_a_foreign_host_find_no_admin_routes() {
    let sim = Sim::start(Behaviour::default());
    for headers in [
        [("host", "rebound.example")].as_slice(),
        &[("origin", "http://rebound.example")],
        &[("host", "127.0.0.1.example")],
    ] {
        let answer = raw::send(sim.at, "GET", "/sim/_sim/clients", headers, "").await;
        assert_eq!(answer.status, 404, "{headers:?}");
    }
    let local = raw::send(sim.at, "GET", "/sim/_sim/clients", &[("host", "localhost")], "").await;
    assert_eq!(local.status, 200);
    sim.stop().await;
    let closed = Sim::start_with(Behaviour::default(), coffer_simulator::Service::without_admin);
    assert_eq!(raw::get(closed.at, "/sim/_sim/clients").await.status, 404);
    closed.stop().await;
}

#[tokio::test]
async fn nonsense_is_refused_with_a_reason() {
    let sim = Sim::start(Behaviour::default());
    let answer = raw::json(sim.at, "PUT", "/sim/_sim/clients", &json!({ "client": "x" })).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("unknown field `client`")
    );
    let missing = raw::send(sim.at, "DELETE", "/sim/_sim/faults/9", &[], "").await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        raw::send(sim.at, "PATCH", "/sim/token", &[], "").await.status,
        405
    );
    let large = "x".repeat(70_000);
    let too_large = raw::post(sim.at, "/sim/token", &[("a", &large)]).await;
    assert_eq!(too_large.status, 413);
    sim.stop().await;
}
