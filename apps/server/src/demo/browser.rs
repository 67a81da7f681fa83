//! What ties a form, and the way back from a provider, to the browser that they were made for (THR-54, THR-62): a
//! random cookie that no script reads and no other site sends, and codes that only who has the cookie can make.

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_core::SecureRandom;
use ring::hmac;
use zeroize::Zeroizing;

const BYTES: usize = 32;

/// A browser, known by its cookie. The codes need no memory here: they hold after a restart.
pub(super) struct Browser {
    cookie: Zeroizing<String>,
    key: hmac::Key,
}

/// What a code is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Sending a form.
    Form,
    /// Coming back from a provider.
    Return,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Form => b"coffer demo: form",
            Self::Return => b"coffer demo: return",
        }
    }
}

impl Browser {
    /// The browser that sent a request, where it has the cookie.
    pub(super) fn of(request: &HttpRequest, port: u16) -> Option<Self> {
        let all = request
            .headers()
            .get_all(header::COOKIE)
            .filter_map(|value| value.to_str().ok());
        let pairs = all
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs
            .filter(|(key, _)| *key == name(port))
            .map(|(_, value)| value);
        // Of two cookies, one is somebody else's.
        match (ours.next(), ours.next()) {
            (Some(value), None) => Self::from_cookie(value.to_owned()),
            (Some(_) | None, _) => None,
        }
    }

    /// A browser that comes for the first time.
    pub(super) fn new(random: &dyn SecureRandom) -> Self {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        random.fill(bytes.as_mut_slice());
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()),
            cookie: URL_SAFE_NO_PAD.encode(bytes).into(),
        }
    }

    fn from_cookie(value: String) -> Option<Self> {
        let value = Zeroizing::new(value);
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(value.as_bytes()).ok()?);
        (bytes.len() == BYTES).then(|| Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            cookie: value,
        })
    }

    /// The cookie to set (RFC 6265). It ends with the browser's session. Cookies do not tell ports apart, so the name
    /// does: two demos do not disturb each other.
    pub(super) fn cookie(&self, port: u16) -> String {
        format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict",
            name(port),
            self.cookie.as_str()
        )
    }

    /// The code for a purpose.
    pub(super) fn code(&self, purpose: Purpose) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, purpose.label()))
    }

    /// Whether a code is this browser's for the purpose, in constant time.
    pub(super) fn made(&self, purpose: Purpose, code: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(code)
            .is_ok_and(|tag| hmac::verify(&self.key, purpose.label(), &tag).is_ok())
    }
}

fn name(port: u16) -> String {
    format!("coffer_demo_{port}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use coffer_core::SystemRandom;

    #[test]
    fn thr_54_a_code_is_good_for_one_browser_and_one_purpose() {
        let (a, b) = (Browser::new(&SystemRandom), Browser::new(&SystemRandom));
        let code = a.code(Purpose::Form);
        assert!(a.made(Purpose::Form, &code));
        assert!(!a.made(Purpose::Return, &code) && !b.made(Purpose::Form, &code));
        for wrong in ["", "x", &code[1..], &format!("{code}A")] {
            assert!(!a.made(Purpose::Form, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_code_holds_for_the_same_cookie_after_a_restart() {
        let before = Browser::new(&SystemRandom);
        let brought = before.cookie(8080).split(';').next().unwrap().to_owned();
        let request = |lines: &str| {
            TestRequest::default()
                .append_header(("cookie", lines))
                .to_http_request()
        };
        let after = Browser::of(&request(&format!("other=1; {brought}")), 8080).unwrap();
        assert!(Browser::of(&request(&format!("{brought}; {brought}")), 8080).is_none());
        assert!(Browser::of(&request(&brought), 9090).is_none());
        assert!(after.made(Purpose::Return, &before.code(Purpose::Return)));
        assert!(Browser::from_cookie("short".into()).is_none());
    }

    #[test]
    fn thr_62_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
        let cookie = Browser::new(&SystemRandom).cookie(8080);
        assert!(
            cookie.starts_with("coffer_demo_8080=")
                && cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict")
        );
    }
}
