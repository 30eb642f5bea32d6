//! Raw ends of both sides: an upstream that notes every byte it receives, and a client that sends any.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a read may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// An upstream that answers what it is told and notes what it receives.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Origin {
    /// `reply` is given each request, and how many came before it on its connection; `None` closes without an answer.
    pub(crate) fn start(reply: impl Fn(&str, usize) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<usize>>::default());
        let (notes, count, reply) = (Arc::clone(&received), Arc::clone(&connections), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *count.lock().unwrap() += 1;
                let (notes, reply) = (Arc::clone(&notes), Arc::clone(&reply));
                std::thread::spawn(move || Self::connection(stream, &notes, &*reply));
            }
        });
        Self { address, received, connections }
    }

    /// Answers 200 with `ok` to everything.
    pub(crate) fn plain() -> Self {
        Self::start(|_, _| Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Up: 1\r\n\r\nok".into()))
    }

    fn connection(mut stream: TcpStream, notes: &Mutex<Vec<String>>, reply: &dyn Fn(&str, usize) -> Option<String>) {
        let mut buffer = Vec::new();
        for number in 0.. {
            let Some(request) = read_message(&mut stream, &mut buffer, false) else { return };
            notes.lock().unwrap().push(request.clone());
            let Some(answer) = reply(&request, number) else { return };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            if answer.contains("Connection: close") {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> String {
        self.received().last().cloned().expect("a request was forwarded")
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// One message off a stream: head and body, as text.
fn read_message(stream: &mut TcpStream, buffer: &mut Vec<u8>, to_head: bool) -> Option<String> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut piece = vec![0; 65_536];
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some(end) = text.find("\r\n\r\n").map(|at| at + 4) {
            let head = text[..end].to_ascii_lowercase();
            let interim = head.starts_with("http/1.1 100");
            let bodiless = to_head || head.starts_with("http/1.1 204") || head.starts_with("http/1.1 304") || interim;
            let length = head.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let whole = match length.and_then(|length| length.parse::<usize>().ok()) {
                _ if bodiless => Some(end),
                Some(length) => Some(end + length).filter(|whole| *whole <= text.len()),
                None if head.contains("transfer-encoding: chunked") => {
                    text[end..].find("0\r\n\r\n").map(|at| end + at + 5)
                }
                None if head.starts_with("http/") => None,
                None => Some(end),
            };
            if let Some(whole) = whole {
                let message = String::from_utf8_lossy(&buffer[..whole]).into_owned();
                buffer.drain(..whole);
                return Some(message);
            }
        }
        match stream.read(&mut piece) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing came in {PATIENCE:?}"),
            Ok(0) | Err(_) if buffer.is_empty() => return None,
            Ok(0) | Err(_) => return Some(String::from_utf8_lossy(&std::mem::take(buffer)).into_owned()),
            Ok(bytes) => buffer.extend_from_slice(&piece[..bytes]),
        }
    }
}

/// One client connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).unwrap(), buffer: Vec::new() }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn send(&mut self, head: &str, body: &str) -> Reply {
        self.write(&format!("{head}\r\n\r\n{body}"));
        self.read_to(head.starts_with("HEAD"))
    }

    pub(crate) fn read(&mut self) -> Reply {
        self.read_to(false)
    }

    fn read_to(&mut self, to_head: bool) -> Reply {
        Reply::parse(&read_message(&mut self.stream, &mut self.buffer, to_head).unwrap_or_default())
    }

    /// Whether the other side closes, saying nothing more.
    pub(crate) fn is_closed(&mut self) -> bool {
        read_message(&mut self.stream, &mut self.buffer, false).is_none()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: BTreeMap<String, Vec<String>>,
    pub(crate) body: String,
}

impl Reply {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
        }
        Self { status: status.unwrap_or(0), headers, body: body.to_owned() }
    }

    /// A header's values, joined.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|values| values.join(" | "))
    }

    pub(crate) fn code(&self) -> String {
        self.header("x-keyward-error").unwrap_or_default()
    }

    /// All of it but what differs between any two answers.
    pub(crate) fn without_ids(mut self) -> Self {
        self.headers.remove("x-request-id");
        self.headers.remove("date");
        self
    }
}
