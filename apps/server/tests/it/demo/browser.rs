//! A browser as far as the demo needs one: cookies, forms, and 303 step by step.

use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    /// The first header of this name, in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }

    /// Where a 303 leads.
    pub(super) fn location(&self) -> String {
        assert_eq!(self.status, 303, "{}\n{}", self.head, self.body);
        self.header("location").unwrap().to_owned()
    }
}

/// Sends one request as it is written, and reads the whole answer.
pub(super) async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// A browser with its cookies.
pub(super) struct Browser {
    port: u16,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(super) fn new(port: u16) -> Self {
        Self {
            port,
            cookies: BTreeMap::new(),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Opens a page, without following where it leads.
    pub(super) async fn get(&mut self, url: &str) -> Answer {
        self.ask("GET", url, None).await
    }

    /// Sends a form, as a page of the demo does.
    pub(super) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.ask("POST", url, Some(&form)).await
    }

    /// The first page, where it must be.
    pub(super) async fn home(&mut self) -> String {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Presses a button of the first page.
    pub(super) async fn press(&mut self, path: &str, more: &[(&str, &str)]) -> Answer {
        let token = value_of(&self.home().await, "token");
        let mut form = vec![("token", token.as_str())];
        form.extend_from_slice(more);
        self.post(path, &form).await
    }

    /// Goes from a link of a connect session to the provider and through its consent, up to the way back into the demo.
    pub(super) async fn consent(&mut self, link: &str, form: &[(&str, &str)]) -> String {
        let authorize = self.get(link).await.location();
        assert_eq!(self.get(&authorize).await.status, 200);
        let callback = self.post(&authorize, form).await.location();
        self.get(&callback).await.location()
    }

    async fn ask(&mut self, method: &str, url: &str, form: Option<&str>) -> Answer {
        let own = self.url("");
        let path = url.strip_prefix(own.as_str()).unwrap_or(url);
        assert!(path.starts_with('/'), "{url} leads away");
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let (cookies, host) = (cookies.join("; "), format!("127.0.0.1:{}", self.port));
        let mut headers = vec![("Host", host.as_str()), ("Cookie", cookies.as_str())];
        if form.is_some() {
            headers.push(("Origin", own.as_str()));
            headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        }
        let answer = send(self.port, method, path, &headers, form.unwrap_or_default()).await;
        for line in answer.head.lines().filter_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("set-cookie: ")
                .map(|_| line)
        }) {
            let pair = line.split_once(": ").unwrap().1.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// The value of the first input of this name.
pub(super) fn value_of(page: &str, name: &str) -> String {
    let input = page
        .split("<input ")
        .find(|input| input.contains(&format!("name=\"{name}\"")))
        .unwrap();
    input
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}
