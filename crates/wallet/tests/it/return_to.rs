//! Where a browser may be sent back to (THR-37, OA-C32).

use crate::world::World;
use coffer_core::rotation::RotationClass;
use coffer_wallet::{NewConnectSession, WalletError};

const GOOD: [&str; 9] = [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:443/a/b?c=d&e=f#g",
    "https://APP.example.com/path",
    "https://app.example.com/?next=https://evil.example/",
    "https://app.example.com/a//evil.example",
    "https://app.example.com/%2e%2e/%2e%2e/x",
    "https://app.example.com/#https://evil.example",
    "https://coffer.example/demo?x=1",
];

/// Prefixes that do not change the host that a browser takes, and forms that browsers and parsers read differently.
const FORMS: [&str; 40] = [
    "https://{}",
    "https://{}/",
    "http://{}/",
    "//{}",
    "///{}",
    "////{}/",
    "/\\{}",
    "\\\\{}",
    "\\/{}",
    "https:{}",
    "https:/{}",
    "https:///{}",
    "https:////{}",
    "https:\\\\{}",
    "https:/\\{}",
    "HTTPS://{}",
    "hTTps:{}",
    " https://{}",
    "\thttps://{}",
    "\nhttps://{}",
    "\u{0}https://{}",
    "ht\ttps://{}",
    "https\n://{}",
    "https://\t{}",
    "https://{} ",
    "https://{}\r\nSet-Cookie: a=b",
    "https://app.example.com@{}",
    "https://app.example.com:pass@{}/",
    "https://app.example.com%40{}",
    "https://app.example.com\\@{}",
    "https://{}\\@app.example.com",
    "https://@{}",
    "https://{}?app.example.com",
    "https://{}#app.example.com",
    "https://{}/app.example.com",
    "ftp://{}/",
    "ws://{}/",
    "https://{}:443@app.example.com.{}/",
    "https://app.example.com.{}/",
    "https://app.example.com-{}/",
];
const HOSTS: [&str; 5] = [
    "evil.example",
    "evil.example:443",
    "%65vil.example",
    "[::1]",
    "3232235777",
];
const OTHERS: [&str; 28] = [
    "",
    "/",
    "/settings",
    "settings",
    "?x=1",
    "#x",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://app.example.com",
    "data:text/html,<script>alert(1)</script>",
    "blob:https://app.example.com/1",
    "file:///etc/passwd",
    "about:blank",
    "mailto:a@app.example.com",
    "view-source:https://app.example.com",
    "https://",
    "https://app.example.com:8443/",
    "https://app.example.com:80/",
    "http://app.example.com/",
    "https://user@app.example.com/",
    "https://user:pass@app.example.com/",
    "https://sub.app.example.com/",
    "https://example.com/",
    "https://app.example.com./",
    "https://app.example.co/",
    "https://app.example.comm/",
    "https://xapp.example.com/",
    "https://app。example.com.evil.example/",
    "http://localhost:3000/",
];

async fn refused(world: &World, url: &str) -> bool {
    let new = NewConnectSession {
        integration: world.integration,
        user: None,
        connection: None,
        scopes: vec![],
        return_to: url.into(),
    };
    match world.wallet.create_connect_session(&world.asker(), new).await {
        Ok(_) => false,
        Err(WalletError::Invalid { field, .. }) => field == "return_to",
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn thr_37_oa_c32_none_of_200_bypasses_gets_through() {
    let world = World::of_class(RotationClass::Static).await;
    let mut tried = 0;
    for form in FORMS {
        for host in HOSTS {
            let url = form.replace("{}", host);
            assert!(refused(&world, &url).await, "{url:?}");
            tried += 1;
        }
    }
    for url in OTHERS {
        assert!(refused(&world, url).await, "{url:?}");
        tried += 1;
    }
    let long = format!("https://app.example.com/{}", "a".repeat(2000));
    assert!(refused(&world, &long).await);
    assert!(tried >= 200, "{tried}");
}

#[tokio::test(start_paused = true)]
async fn w6_a_registered_origin_is_taken_with_whatever_path_query_and_fragment() {
    let world = World::of_class(RotationClass::Static).await;
    for url in GOOD {
        assert!(!refused(&world, url).await, "{url:?}");
    }
}
