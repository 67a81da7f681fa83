//! OA-C10: whom we believe to be who he says.

use crate::support::{Answers, Reply, Server, builder_with, get};
use coffer_core::http::{HttpClient, HttpErrorKind, Sent};
use coffer_http::{Builder, GuardedClient};
use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd};
use std::sync::Arc;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

fn certified(params: CertificateParams) -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey {
        cert: params.self_signed(&signing_key).unwrap(),
        signing_key,
    }
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

async fn server(identity: &CertifiedKey<KeyPair>) -> Server {
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(identity.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key)
        .unwrap();
    Server::start_tls(Reply::ok("secret"), TlsAcceptor::from(Arc::new(config))).await
}

fn builder(server: &Server, name: &str) -> Builder {
    builder_with(Answers::new(&[&["127.0.0.1"]])).allow(server.allowance("https", name))
}

async fn assert_refused(client: &GuardedClient, server: &Server, name: &str, reason: &str) {
    let error = client.send(get(&server.url("https", name))).await.unwrap_err();
    assert_eq!(
        (error.kind, error.sent),
        (HttpErrorKind::Tls, Sent::DefinitelyNot),
        "{error}"
    );
    assert!(
        error.message.contains(name) && error.message.contains(reason),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn oa_c10_a_certificate_that_nobody_vouches_for_is_refused() {
    let server = server(&certified(params("idp.example"))).await;
    let client = builder(&server, "idp.example").build().unwrap();
    assert_refused(&client, &server, "idp.example", "UnknownIssuer").await;
}

#[tokio::test]
async fn oa_c10_an_extra_root_is_believed_and_sessions_resume() {
    let identity = certified(params("idp.example"));
    let server = server(&identity).await;
    let client = builder(&server, "idp.example")
        .extra_roots(identity.cert.pem())
        .build()
        .unwrap();
    for calls in 1..=3 {
        assert_eq!(
            client
                .send(get(&server.url("https", "idp.example")))
                .await
                .unwrap()
                .status,
            200
        );
        assert_eq!((server.connections(), server.requests().len()), (calls, calls));
    }
}

#[tokio::test]
async fn oa_c10_an_extra_root_does_not_vouch_for_another_name() {
    let identity = certified(params("idp.example"));
    let server = server(&identity).await;
    let client = builder(&server, "other.example")
        .extra_roots(identity.cert.pem())
        .build()
        .unwrap();
    assert_refused(&client, &server, "other.example", "not valid for").await;
}

#[tokio::test]
async fn oa_c10_an_expired_certificate_is_refused() {
    let mut expired = params("idp.example");
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
    let identity = certified(expired);
    let server = server(&identity).await;
    let client = builder(&server, "idp.example")
        .extra_roots(identity.cert.pem())
        .build()
        .unwrap();
    assert_refused(&client, &server, "idp.example", "expired").await;
}

#[tokio::test]
async fn oa_c10_a_certificate_for_an_address_is_believed_for_that_address() {
    let identity = certified(params("127.0.0.1"));
    let server = server(&identity).await;
    let client = builder(&server, "127.0.0.1")
        .extra_roots(identity.cert.pem())
        .build()
        .unwrap();
    assert_eq!(
        client
            .send(get(&server.url("https", "127.0.0.1")))
            .await
            .unwrap()
            .status,
        200
    );
}

#[test]
fn a_setting_that_cannot_be_used_is_refused_when_the_client_is_made() {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".as_slice();
    for (builder, code) in [
        (
            GuardedClient::builder().extra_roots("no certificate here"),
            "http_ca_certificates",
        ),
        (GuardedClient::builder().extra_roots(pem), "http_ca_certificates"),
        (
            GuardedClient::builder().user_agent("line\nbreak"),
            "http_user_agent",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().code(), code);
    }
    let mut nowhere: coffer_http::Allowance = "https://idp.example".parse().unwrap();
    nowhere.host = "a b".into();
    assert_eq!(
        GuardedClient::builder()
            .allow(nowhere)
            .build()
            .unwrap_err()
            .code(),
        "http_allowance"
    );
}
