//! `/_sim/`: set clients, people and faults, read the ledger. From this machine only, JSON, no browser.

use super::Service;
use crate::SimulatorError;
use crate::model::{Account, Behaviour, ClientSetup, FaultRule};
use actix_web::dev::RequestHead;
use actix_web::guard::{self, GuardContext};
use actix_web::http::header;
use actix_web::{HttpResponse, Scope, web};
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;

/// The routes. For anybody else there is nothing here.
pub(super) fn scope() -> Scope {
    let json = web::JsonConfig::default().error_handler(|error, _| {
        let body = json!({ "error": "invalid", "detail": error.to_string() });
        actix_web::error::InternalError::from_response(error, HttpResponse::BadRequest().json(body)).into()
    });
    web::scope("/_sim")
        .guard(guard::fn_guard(from_this_machine))
        .app_data(json)
        .route("/status", web::get().to(status))
        .route("/clients", web::get().to(clients))
        .route("/clients", web::put().to(set_client))
        .route("/clients/{id}", web::delete().to(remove_client))
        .route("/clients/{id}/behaviour", web::put().to(set_behaviour))
        .route("/accounts", web::get().to(accounts))
        .route("/accounts", web::put().to(set_accounts))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::post().to(add_fault))
        .route("/faults", web::delete().to(clear_faults))
        .route("/faults/{id}", web::delete().to(remove_fault))
        .route("/grants", web::get().to(grants))
        .route("/grants/{id}", web::delete().to(revoke_grant))
        .route("/ledger", web::get().to(ledger))
        .default_service(web::to(HttpResponse::NotFound))
}

/// A loopback peer, a loopback `Host` (against DNS rebinding), and no `Origin`: no page of a browser asks here.
fn from_this_machine(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let peer = head.peer_addr.is_some_and(|peer| peer.ip().is_loopback());
    peer && host_is_loopback(head) && !head.headers().contains_key(header::ORIGIN)
}

fn host_is_loopback(head: &RequestHead) -> bool {
    let named = head
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let Some(url) = named.and_then(|host| url::Url::parse(&format!("http://{host}/")).ok()) else {
        return false;
    };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(url::Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

type Sim = web::Data<Service>;

async fn status(sim: Sim) -> HttpResponse {
    sim.provider().with(|provider| {
        HttpResponse::Ok().json(json!({
            "issuer": provider.issuer(),
            "clients": provider.clients().count(),
            "faults": provider.faults().len(),
            "in_flight": provider.ledger().in_flight(),
            "next_sequence": provider.ledger().next_sequence(),
            "totals": provider.ledger().totals(),
        }))
    })
}

async fn clients(sim: Sim) -> HttpResponse {
    sim.provider().with(|provider| {
        let clients = provider.clients().map(|(id, redirect_uris, behaviour)| {
            json!({ "client_id": id, "redirect_uris": redirect_uris, "behaviour": behaviour })
        });
        HttpResponse::Ok().json(json!({ "clients": clients.collect::<Vec<_>>() }))
    })
}

async fn set_client(sim: Sim, setup: web::Json<ClientSetup>) -> HttpResponse {
    sim.provider()
        .with(|provider| provider.set_client(setup.into_inner()));
    done(&sim, true).await
}

async fn remove_client(sim: Sim, id: web::Path<String>) -> HttpResponse {
    let found = sim.provider().with(|provider| provider.remove_client(&id));
    done(&sim, found).await
}

async fn set_behaviour(sim: Sim, id: web::Path<String>, behaviour: web::Json<Behaviour>) -> HttpResponse {
    let behaviour = behaviour.into_inner();
    let found = sim
        .provider()
        .with(|provider| provider.set_behaviour(&id, behaviour));
    done(&sim, found).await
}

async fn accounts(sim: Sim) -> HttpResponse {
    sim.provider()
        .with(|provider| HttpResponse::Ok().json(json!({ "accounts": provider.accounts() })))
}

async fn set_accounts(sim: Sim, accounts: web::Json<Vec<Account>>) -> HttpResponse {
    sim.provider()
        .with(|provider| provider.set_accounts(accounts.into_inner()));
    done(&sim, true).await
}

async fn faults(sim: Sim) -> HttpResponse {
    sim.provider().with(|provider| {
        let rules = provider
            .faults()
            .iter()
            .map(|(id, rule)| json!({ "id": id, "rule": rule }));
        HttpResponse::Ok().json(json!({ "faults": rules.collect::<Vec<_>>() }))
    })
}

async fn add_fault(sim: Sim, rule: web::Json<FaultRule>) -> HttpResponse {
    let id = sim
        .provider()
        .with(|provider| provider.add_fault(rule.into_inner()));
    match sim.keep().await {
        Ok(()) => HttpResponse::Created().json(json!({ "id": id })),
        Err(error) => failed(&error),
    }
}

async fn clear_faults(sim: Sim) -> HttpResponse {
    sim.provider().with(crate::Provider::clear_faults);
    done(&sim, true).await
}

async fn remove_fault(sim: Sim, id: web::Path<u64>) -> HttpResponse {
    let found = sim.provider().with(|provider| provider.remove_fault(*id));
    done(&sim, found).await
}

async fn grants(sim: Sim) -> HttpResponse {
    let now = sim.driver.clock.now();
    let grants = sim
        .provider()
        .with(|provider| provider.grants(now).collect::<Vec<_>>());
    HttpResponse::Ok().json(json!({ "grants": grants }))
}

async fn revoke_grant(sim: Sim, id: web::Path<u64>) -> HttpResponse {
    let now = sim.driver.clock.now();
    let found = sim.provider().with(|provider| provider.revoke_grant(*id, now));
    done(&sim, found).await
}

/// What part of the ledger to show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    #[serde(default)]
    after: u64,
    grant: Option<u64>,
    limit: Option<usize>,
}

async fn ledger(sim: Sim, query: web::Query<LedgerQuery>) -> HttpResponse {
    let limit = query.limit.unwrap_or(1000).min(10_000);
    let entries = sim.provider().with(|provider| {
        let wanted = |grant| query.grant.is_none() || query.grant == grant;
        let entries = provider.ledger().after(query.after);
        entries
            .filter(|entry| wanted(entry.grant))
            .take(limit)
            .cloned()
            .collect::<Vec<_>>()
    });
    let next = entries.last().map_or(query.after, |entry| entry.sequence);
    HttpResponse::Ok().json(json!({ "entries": entries, "after": next }))
}

async fn done(sim: &Service, found: bool) -> HttpResponse {
    match (sim.keep().await, found) {
        (Ok(()), true) => HttpResponse::NoContent().finish(),
        (Ok(()), false) => HttpResponse::NotFound().finish(),
        (Err(error), _) => failed(&error),
    }
}

fn failed(error: &SimulatorError) -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(json!({ "error": error.code(), "detail": error.to_string() }))
}
