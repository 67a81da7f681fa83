//! Tenants, callers and connections, by the server's own API.

use crate::api::at;
use crate::error::{Error, read};
use crate::journey::Journey;
use serde_json::json;
use std::path::Path;

/// Makes tenants with a caller each, and connects an account of each if that is wanted.
pub(crate) async fn seed(
    journey: Journey,
    operator_key: &Path,
    tenants: u32,
    connect: bool,
) -> Result<String, Error> {
    let Journey {
        web,
        server,
        integration,
    } = &journey;
    let operator = read(operator_key)?;
    let operator = operator.trim();
    let enable = at(server, &format!("v1/integrations/{integration}/enable"))?;
    web.post("enable integration", enable, operator, &json!({}), 200)
        .await?;
    let mut lines = String::new();
    for number in 0..tenants {
        let name = format!("tenant-{number}");
        let tenant = json!({ "external_id": name, "name": name });
        web.post("create tenant", at(server, "v1/tenants")?, operator, &tenant, 201)
            .await?;
        let caller = json!({ "name": "bench", "verbs": ["token", "read", "connect"] });
        let callers = at(server, &format!("v1/tenants/{name}/callers"))?;
        let key = web
            .post("create caller", callers, operator, &caller, 201)
            .await?
            .text("key")?;
        let connection = if connect {
            journey.run(&key, "user").await?.connection
        } else {
            "-".to_owned()
        };
        lines.push_str(&format!("{connection} {key}\n"));
    }
    Ok(lines)
}
