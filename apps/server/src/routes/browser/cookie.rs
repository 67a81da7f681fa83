//! The cookie that binds a browser's flows to it: one value for all that it has under way.

use actix_web::HttpRequest;
use actix_web::http::header;
use std::time::Duration;

/// By https the name itself forbids that another host, or plain http, sets it (RFC 6265bis, section 4.1.3.2).
const ENCRYPTED: &str = "__Host-coffer";

/// On this machine without https: browsers refuse `__Host-` and `Secure` there.
const LOCAL: &str = "coffer-connect";

const fn name(encrypted: bool) -> &'static str {
    if encrypted { ENCRYPTED } else { LOCAL }
}

/// The cookie with this value. `SameSite=Lax`: it comes along when the provider sends the browser back, and with
/// nothing that another site posts or loads.
pub(super) fn set(value: &str, life: Duration, encrypted: bool) -> String {
    let secure = if encrypted { "; Secure" } else { "" };
    format!(
        "{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        name(encrypted),
        life.as_secs()
    )
}

/// What the browser brought. Two cookies of the name are none: one of them is somebody else's.
pub(super) fn read(request: &HttpRequest, encrypted: bool) -> Option<String> {
    let all = request
        .headers()
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok());
    let pairs = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs
        .filter(|(key, _)| *key == name(encrypted))
        .map(|(_, value)| value.to_owned());
    match (ours.next(), ours.next()) {
        (Some(value), None) => Some(value),
        (Some(_) | None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn brought(lines: &[&str]) -> Option<String> {
        let request = lines.iter().fold(TestRequest::default(), |request, line| {
            request.append_header(("cookie", *line))
        });
        read(&request.to_http_request(), true)
    }

    #[test]
    fn thr_33_the_cookie_is_bound_to_this_host_and_hidden_from_scripts() {
        let cookie = set("cfb_x", Duration::from_secs(600), true);
        assert_eq!(
            cookie,
            "__Host-coffer=cfb_x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(!set("x", Duration::ZERO, false).contains("Secure"));
    }

    #[test]
    fn the_cookie_is_found_among_others_and_two_of_them_are_none() {
        assert_eq!(
            brought(&["a=b; __Host-coffer=cfb_x; c=d"]).as_deref(),
            Some("cfb_x")
        );
        assert_eq!(brought(&["__Host-coffer=one; __Host-coffer=two"]), None);
        assert_eq!(brought(&["__Host-coffer=one", "__Host-coffer=two"]), None);
        assert_eq!(brought(&["coffer-connect=x"]), None);
    }
}
