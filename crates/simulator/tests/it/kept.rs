//! What survives a restart.

use crate::setup::{Sim, provider};
use coffer_core::secret::ExposeSecret;
use coffer_simulator::model::Behaviour;
use coffer_simulator::service::StateFile;
use coffer_simulator::{Provider, Service, SimulatorError};
use std::net::TcpListener;

#[tokio::test]
async fn tokens_clients_and_key_survive_and_the_file_is_private_and_holds_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("simulator.json");
    assert!(StateFile::new(&path).load().unwrap().is_none());
    let sim = Sim::start_with(Behaviour::default(), |service| {
        service.kept_in(StateFile::new(&path))
    });
    let tokens = sim.exchange(&sim.code().await).await.json();
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let keys = crate::raw::get(sim.at, "/sim/jwks.json").await.body;

    // Not stopped: as after a kill -9, the file alone has to do.
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(access) && !text.contains(refresh) && !text.contains("s3cret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let file = StateFile::new(&path);
    let mut restored = file.load().unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    restored.set_issuer(&format!("http://{at}/sim")).unwrap();
    let before = restored.ledger().next_sequence();
    let running = Service::new(restored.into()).kept_in(file).run(listener).unwrap();
    let bearer = format!("Bearer {access}");
    let me = crate::raw::send(at, "GET", "/sim/api/me", &[("authorization", &bearer)], "").await;
    assert_eq!(me.status, 200);
    assert_eq!(crate::raw::get(at, "/sim/jwks.json").await.body, keys);
    assert!(before > 1, "the ledger's numbers go on");
    running.stop().await.unwrap();
    sim.stop().await;
}

#[tokio::test]
async fn the_whole_state_round_trips() {
    let sim = Sim::start(Behaviour::default());
    let token = sim.connected().await;
    sim.refresh(&token).await;
    let saved = sim.provider.with(|provider| provider.save().unwrap());
    let again = Provider::load(saved.expose_secret()).unwrap().save().unwrap();
    assert_eq!(saved.expose_secret(), again.expose_secret());
    sim.stop().await;
}

#[test]
fn a_state_that_cannot_be_read_says_what_to_do() {
    assert!(matches!(
        Provider::load(b"nonsense"),
        Err(SimulatorError::State(_))
    ));
    let newer = Provider::load(br#"{"version":99}"#).unwrap_err();
    assert!(newer.to_string().contains("version 99"), "{newer}");
    assert!(matches!(
        Provider::load(br#"{"version":1}"#),
        Err(SimulatorError::State(_))
    ));
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_not_answered_as_done() {
    let file = StateFile::new("/nonexistent-folder/state.json");
    let shared = provider("http://127.0.0.1:1", Behaviour::default());
    let error = file.write(&shared).await.unwrap_err();
    assert_eq!(error.code(), "simulator_state_file");
    let sim = Sim::start_with(Behaviour::default(), |service| {
        service.kept_in(StateFile::new("/nonexistent-folder/state.json"))
    });
    let answer = sim.refresh("simrt_1_x").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (500, &"server_error".into())
    );
    sim.stop().await;
}
