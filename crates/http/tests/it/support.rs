//! A provider of which every byte is ours, and lookups that answer what they are told.

use async_trait::async_trait;
use coffer_core::http::{HttpClient, HttpError, HttpRequest, HttpResponse, Method};
use coffer_http::{Allowance, Builder, GuardedClient, Lookup};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// What a server does once it has read a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Writes this and closes.
    Whole(Vec<u8>),
    /// Writes this and leaves the connection open and idle, for as long as the client does.
    KeepOpen(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing.
    Silence,
    /// Writes the head and then zeros, up to 1 GiB.
    Flood(Vec<u8>),
    /// Writes the head and then a byte now and then.
    Drip(Vec<u8>),
}

impl Reply {
    pub fn ok(body: &str) -> Self {
        Self::Whole(answer("200 OK", &[], body.as_bytes()))
    }
}

/// A whole answer with its length.
pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let fields: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\n{fields}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// What a server saw.
#[derive(Debug, Default)]
pub struct Ledger {
    connections: AtomicUsize,
    written: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

/// A server on loopback.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    ledger: Arc<Ledger>,
}

impl Server {
    pub async fn start(reply: Reply) -> Self {
        Self::listen("127.0.0.1:0", reply, None).await
    }

    pub async fn start_tls(reply: Reply, tls: TlsAcceptor) -> Self {
        Self::listen("127.0.0.1:0", reply, Some(tls)).await
    }

    pub async fn listen(address: &str, reply: Reply, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            ledger: Arc::default(),
        };
        tokio::spawn(serve(listener, reply, tls, Arc::clone(&server.ledger)));
        server
    }

    pub fn connections(&self) -> usize {
        self.ledger.connections.load(Ordering::SeqCst)
    }

    pub fn written(&self) -> usize {
        self.ledger.written.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> Vec<String> {
        self.ledger.requests.lock().unwrap().clone()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A URL of this server under some host name.
    pub fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/path-canary?query=canary", self.port())
    }

    /// A client that may speak to this server over plain HTTP.
    pub fn client(&self) -> GuardedClient {
        GuardedClient::builder()
            .allow(self.allowance("http", "127.0.0.1"))
            .build()
            .unwrap()
    }

    pub fn allowance(&self, scheme: &str, host: &str) -> Allowance {
        format!("{scheme}://{host}:{}", self.port()).parse().unwrap()
    }

    pub async fn get(&self) -> Result<HttpResponse, HttpError> {
        self.client().send(self.request(Method::Get)).await
    }

    pub fn request(&self, method: Method) -> HttpRequest {
        request(method, &self.url("http", "127.0.0.1"))
    }
}

pub fn request(method: Method, url: &str) -> HttpRequest {
    HttpRequest::new(method, url.parse().unwrap())
}

pub fn get(url: &str) -> HttpRequest {
    request(Method::Get, url)
}

async fn serve(listener: TcpListener, reply: Reply, tls: Option<TlsAcceptor>, ledger: Arc<Ledger>) {
    while let Ok((stream, _)) = listener.accept().await {
        ledger.connections.fetch_add(1, Ordering::SeqCst);
        let (reply, tls, ledger) = (reply.clone(), tls.clone(), Arc::clone(&ledger));
        tokio::spawn(async move {
            match tls {
                None if matches!(reply, Reply::Reset) => reset(stream, &ledger).await,
                None => speak(stream, reply, &ledger).await,
                // A handshake that the client refuses ends the connection; that is what is tested.
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => speak(stream, reply, &ledger).await,
                    Err(_refused) => Ok(()),
                },
            }
        });
    }
}

async fn reset(mut stream: TcpStream, ledger: &Ledger) -> io::Result<()> {
    read_request(&mut stream, ledger).await?;
    stream.set_zero_linger()
}

async fn speak(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: Reply,
    ledger: &Ledger,
) -> io::Result<()> {
    read_request(&mut stream, ledger).await?;
    match reply {
        Reply::Whole(answer) => {
            stream.write_all(&answer).await?;
            stream.shutdown().await
        }
        Reply::KeepOpen(answer) => {
            stream.write_all(&answer).await?;
            until_closed(&mut stream).await
        }
        Reply::Close | Reply::Reset => stream.shutdown().await,
        Reply::Silence => until_closed(&mut stream).await,
        Reply::Flood(head) => {
            stream.write_all(&head).await?;
            let zeros = vec![0; 64 * 1024];
            while ledger.written.fetch_add(zeros.len(), Ordering::SeqCst) < 1 << 30 {
                stream.write_all(&zeros).await?;
            }
            Ok(())
        }
        Reply::Drip(head) => {
            stream.write_all(&head).await?;
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                ticks.tick().await;
                stream.write_all(b"x").await?;
                stream.flush().await?;
            }
        }
    }
}

/// Reads one request, head and body, into the ledger. Anything that comes after it is counted as one more.
async fn read_request(stream: &mut (impl AsyncRead + Unpin), ledger: &Ledger) -> io::Result<()> {
    let mut seen = Vec::new();
    loop {
        if stream.read_buf(&mut seen).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&seen).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            ledger.requests.lock().unwrap().push(text);
            return Ok(());
        }
    }
}

async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await?;
    assert!(rest.is_empty(), "more came on a connection that had its request");
    Ok(())
}

/// Answers one list of addresses after the other, the last of them for ever, and counts the questions.
#[derive(Debug)]
pub struct Answers {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Answers {
    pub fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().map(parse).collect()),
            asked: AtomicUsize::new(0),
        })
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Lookup for Answers {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 {
            return Ok(answers.pop_front().unwrap());
        }
        answers
            .front()
            .cloned()
            .ok_or_else(|| io::Error::other("no such host"))
    }
}

/// A resolver that never answers.
#[derive(Debug)]
pub struct NoAnswer;

#[async_trait]
impl Lookup for NoAnswer {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

pub fn strict_with(lookup: Arc<dyn Lookup>) -> GuardedClient {
    builder_with(lookup).build().unwrap()
}

pub fn builder_with(lookup: Arc<dyn Lookup>) -> Builder {
    GuardedClient::builder().lookup(lookup)
}
