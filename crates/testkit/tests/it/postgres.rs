use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use coffer_core::secret::{ExposeSecret as _, SecretText, secret_text};
use coffer_testkit::postgres::{Database, Server};
use tokio_postgres::{Client, Error, NoTls};

async fn connect(url: &SecretText) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url.expose_secret(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn ask<T: for<'a> tokio_postgres::types::FromSql<'a>>(client: &Client, query: &str) -> T {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Waits until `done`, and fails after ten seconds.
async fn eventually(what: &str, done: impl Fn() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..500 {
        if done() {
            return;
        }
        tick.tick().await;
    }
    panic!("not within ten seconds: {what}");
}

#[tokio::test]
async fn each_role_connects_and_only_system_bypasses_row_level_security() {
    let database = Database::create().await;
    for (role, bypasses) in [
        (database.owner(), false),
        (database.app(), false),
        (database.system(), true),
    ] {
        let client = connect(&role.url).await.unwrap();
        assert_eq!(
            ask::<String>(&client, "SELECT current_user::text").await,
            role.name
        );
        let found = ask::<bool>(
            &client,
            "SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user",
        )
        .await;
        assert_eq!(found, bypasses, "{}", role.name);
        assert!(
            !ask::<bool>(
                &client,
                "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
            )
            .await
        );
    }
}

#[tokio::test]
async fn only_the_owner_makes_tables_and_app_sees_what_it_was_granted() {
    let database = Database::create().await;
    let app = connect(&database.app().url).await.unwrap();
    let system = connect(&database.system().url).await.unwrap();
    assert!(app.batch_execute("CREATE TABLE app_owned (n int)").await.is_err());
    assert!(
        system
            .batch_execute("CREATE TABLE system_owned (n int)")
            .await
            .is_err()
    );

    let owner = connect(&database.owner().url).await.unwrap();
    owner
        .batch_execute("CREATE TABLE counted (n int); INSERT INTO counted VALUES (7)")
        .await
        .unwrap();
    assert!(app.query_one("SELECT n FROM counted", &[]).await.is_err());
    owner
        .batch_execute(&format!("GRANT SELECT ON counted TO {}", database.app().name))
        .await
        .unwrap();
    assert_eq!(ask::<i32>(&app, "SELECT n FROM counted").await, 7);
}

#[tokio::test]
async fn the_roles_of_one_test_cannot_enter_the_database_of_another() {
    let (mine, other) = (Database::create().await, Database::create().await);
    let entered = mine
        .app()
        .url
        .expose_secret()
        .replace(&mine.app().name, &other.app().name);
    assert!(connect(&secret_text(entered)).await.is_err());
}

#[tokio::test]
async fn a_dropped_database_is_gone_with_its_roles_even_when_somebody_is_connected() {
    let database = Database::create().await;
    let connected = connect(&database.owner().url).await.unwrap();
    let app = database.app().name.clone();
    drop(database);

    let server = connect(Server::shared().await.unwrap().superuser_url())
        .await
        .unwrap();
    let left = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{app}'");
    assert_eq!(ask::<i64>(&server, &left).await, 0);
    assert!(connected.query_one("SELECT 1", &[]).await.is_err());
}

#[tokio::test]
async fn databases_are_made_side_by_side() {
    let all = tokio::join!(
        Database::create(),
        Database::create(),
        Database::create(),
        Database::create()
    );
    for database in [all.0, all.1, all.2, all.3] {
        assert_eq!(
            ask::<i32>(&connect(&database.owner().url).await.unwrap(), "SELECT 1").await,
            1
        );
    }
}

#[tokio::test]
async fn a_stopped_server_leaves_no_folder_behind() {
    let server = Server::start().await.unwrap();
    let client = connect(server.superuser_url()).await.unwrap();
    let data = ask::<String>(&client, "SHOW data_directory").await;
    server.stop();
    let folder = Path::new(&data).parent().unwrap();
    assert!(!folder.exists(), "{}", folder.display());
    assert!(client.query_one("SELECT 1", &[]).await.is_err());
}

#[tokio::test]
async fn a_server_whose_starter_is_killed_stops_and_leaves_no_folder_behind() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres/serve.sh");
    // The starter holds the other end of the script's standard input, as a test process does.
    let mut starter = Command::new("sh")
        .args([
            "-c",
            "mkfifo \"$0\" && { sh \"$1\" <\"$0\" & exec 3>\"$0\"; read -r _; }",
        ])
        .arg(std::env::temp_dir().join(format!("coffer-testkit-{}", std::process::id())))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(starter.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = secret_text(line.trim_end().strip_prefix("ready ").unwrap().to_owned());
    let data = ask::<String>(&connect(&url).await.unwrap(), "SHOW data_directory").await;
    std::fs::remove_file(std::env::temp_dir().join(format!("coffer-testkit-{}", std::process::id())))
        .unwrap();

    starter.kill().unwrap();
    starter.wait().unwrap();
    let folder = Path::new(&data).parent().unwrap();
    eventually("the folder of the server is removed", || !folder.exists()).await;
    assert!(connect(&url).await.is_err());
}
