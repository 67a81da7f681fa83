//! Who may use the demo's pages, which ask for no log-in: a browser on this machine that was sent there by nobody
//! else. A name that another site points here (DNS rebinding) is in `Host`, another site's form in `Origin` (THR-54).

use super::problem::refusal;
use super::state::Demo;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

/// What a request's `Host` and `Origin` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is for us, and from us.
    Pass,
    /// The same page stands at the other name of this machine.
    Elsewhere,
    /// It is for somebody else, or from somebody else.
    Refuse(&'static str),
}

/// The middleware of the demo's routes.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(demo) = request.app_data::<web::Data<Demo>>().cloned() else {
        return Err(crate::error::ApiError::Internal("the demo's state is missing").into());
    };
    let verdict = judge(demo.port(), &Seen::of(&request));
    let answer = match verdict {
        Verdict::Pass => return next.call(request).await.map(ServiceResponse::map_into_left_body),
        Verdict::Elsewhere => see_other(
            &demo.url(
                request
                    .uri()
                    .path_and_query()
                    .map_or("/", |target| target.as_str()),
            ),
        ),
        Verdict::Refuse(why) => refusal(&demo, why),
    };
    Ok(request.into_response(answer).map_into_right_body())
}

/// Goes on at another address, with GET (never 307: it would send the form along).
pub(super) fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .finish()
}

/// The parts of a request that tell where it comes from.
struct Seen<'a> {
    safe: bool,
    host: Option<&'a str>,
    origin: Option<&'a str>,
    site: Option<&'a str>,
}

impl<'a> Seen<'a> {
    fn of(request: &'a ServiceRequest) -> Self {
        let text = |name: header::HeaderName| {
            let mut values = request.headers().get_all(name);
            let first = values.next().map(|value| value.to_str().unwrap_or_default());
            // Two of them are as good as a wrong one.
            if values.next().is_some() { Some("") } else { first }
        };
        Self {
            safe: matches!(*request.method(), Method::GET | Method::HEAD),
            host: text(header::HOST),
            origin: text(header::ORIGIN),
            site: text(header::HeaderName::from_static("sec-fetch-site")),
        }
    }
}

fn judge(port: u16, seen: &Seen<'_>) -> Verdict {
    let (address, name) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
    let host = match seen.host {
        Some(host) if host == address || host == name => host,
        Some(_) | None => return Verdict::Refuse("This page is for the machine that the demo runs on."),
    };
    if seen.safe {
        // One of the two names, so that the cookie of the way out is there on the way back.
        return if host == name {
            Verdict::Elsewhere
        } else {
            Verdict::Pass
        };
    }
    let own = format!("http://{host}");
    match (seen.origin, seen.site) {
        (Some(origin), None | Some("same-origin")) if origin == own => Verdict::Pass,
        _ => Verdict::Refuse("This request was not made by a page of the demo."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(host: &str) -> Verdict {
        judge(
            8080,
            &Seen {
                safe: true,
                host: Some(host),
                origin: None,
                site: None,
            },
        )
    }

    fn post(origin: Option<&str>, site: Option<&str>) -> Verdict {
        judge(
            8080,
            &Seen {
                safe: false,
                host: Some("127.0.0.1:8080"),
                origin,
                site,
            },
        )
    }

    #[test]
    fn thr_54_a_name_that_somebody_else_points_here_is_refused() {
        assert_eq!(get("127.0.0.1:8080"), Verdict::Pass);
        assert_eq!(get("localhost:8080"), Verdict::Elsewhere);
        for host in [
            "evil.example",
            "evil.example:8080",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:8080.evil",
            "",
        ] {
            assert!(matches!(get(host), Verdict::Refuse(_)), "{host}");
        }
        assert!(matches!(
            judge(
                8080,
                &Seen {
                    safe: true,
                    host: None,
                    origin: None,
                    site: None
                }
            ),
            Verdict::Refuse(_)
        ));
    }

    #[test]
    fn thr_54_a_form_of_another_origin_is_refused() {
        let own = Some("http://127.0.0.1:8080");
        assert_eq!(post(own, None), Verdict::Pass);
        assert_eq!(post(own, Some("same-origin")), Verdict::Pass);
        for origin in [
            None,
            Some("null"),
            Some("http://127.0.0.1:9090"),
            Some("http://localhost:8080"),
            Some(""),
        ] {
            assert!(matches!(post(origin, None), Verdict::Refuse(_)), "{origin:?}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert!(matches!(post(own, Some(site)), Verdict::Refuse(_)), "{site}");
        }
    }
}
