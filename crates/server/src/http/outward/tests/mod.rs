use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::*;

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const BESIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

/// Made for these tests alone.
const AUTHORITY: &[u8] = include_bytes!("authority.pem");
const HOOKS: &[u8] = include_bytes!("hooks.example.test.pem");

fn settings(allow: &[&str], loopback: bool) -> OutwardSettings {
    OutwardSettings {
        allow: allow.iter().map(|range| range.parse().unwrap()).collect(),
        ports: vec![443, 8_443, 80],
        loopback,
        authorities: vec![],
        connect_timeout: Duration::from_millis(200),
        timeout: Duration::from_millis(400),
    }
}

fn post(url: &str) -> Outgoing {
    Outgoing { url: url.into(), body: Some(b"{}".to_vec()), headers: vec![("webhook-id", "pcl_1".into())], read_max: 0 }
}

/// A receiver that answers whatever it is sent with these bytes, and keeps the first that it is sent.
struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn at(address: IpAddr, answer: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&heard), answer.to_owned());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (kept, answer) = (Arc::clone(&kept), answer.clone());
                tokio::spawn(async move {
                    let mut bytes = vec![0; 8_192];
                    let length = stream.read(&mut bytes).await.unwrap_or(0);
                    kept.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn what_is_sent_arrives_and_the_status_comes_back() {
    let receiver = Receiver::at(HERE, OK).await;
    let outward = Outward::new(&settings(&[], true));
    let answered = outward.send(post(&format!("http://127.0.0.1:{}/hook?x=1", receiver.port))).await.unwrap();
    assert_eq!(answered.status, 204);
    let heard = receiver.heard().join("");
    assert!(heard.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains(&format!("host: 127.0.0.1:{}\r\n", receiver.port)) && heard.contains("webhook-id: pcl_1"));
}

#[test]
fn urls_that_are_not_public_are_refused_before_anything_is_sent() {
    let outward = Outward::new(&settings(&[], false));
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://x.localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::808:808]/",
        "https://[2002:808:808::1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://user@hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:6379/",
    ] {
        assert!(outward.check(url).is_err(), "{url}");
    }
    for url in ["https://hooks.example.com/", "https://93.184.215.14:8443/x", "https://[2606:4700::1]/"] {
        assert_eq!(outward.check(url), Ok(()), "{url}");
    }
    let inner = Outward::new(&settings(&["10.0.0.0/8"], false));
    assert_eq!(inner.check("https://10.1.2.3/"), Ok(()));
    assert_eq!(inner.check("http://10.1.2.3/"), Err(Unanswered::Url("a URL that begins with https://")));
    assert_eq!(inner.check("https://192.168.0.1/"), Err(Unanswered::NotPublic));
}

#[tokio::test]
async fn a_name_with_one_private_address_among_public_ones_is_refused() {
    for private in ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "100.64.0.1"] {
        let names = Names::given(move |_| vec![PUBLIC, private.parse().unwrap()]);
        let outward = Outward::with_names(&settings(&[], false), names);
        let sent = outward.send(post("https://hooks.example.test/")).await;
        assert_eq!(sent, Err(Unanswered::NotPublic), "{private}");
    }
    let nobody = Outward::with_names(&settings(&[], false), Names::given(|_| vec![]));
    assert_eq!(nobody.send(post("https://hooks.example.test/")).await, Err(Unanswered::NotFound));
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked() {
    // A rebinding name: first an address that may be reached, from then on another.
    let (good, bad) = (Receiver::at(BESIDE, OK).await, Receiver::at(HERE, OK).await);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let names = Names::given(move |_| vec![if count.fetch_add(1, Ordering::SeqCst) == 0 { BESIDE } else { HERE }]);
    let settings = OutwardSettings { ports: vec![good.port, bad.port], ..settings(&["127.0.0.2/32"], false) };
    let outward = Outward::with_names(&settings, names);
    let url = format!("https://hooks.example.test:{}/", good.port);
    // Its answer is no TLS: that it was reached is what counts here.
    assert_eq!(outward.send(post(&url)).await, Err(Unanswered::Tls));
    assert_eq!((asked.load(Ordering::SeqCst), good.heard().len()), (1, 1));
    assert_eq!(outward.send(post(&url)).await, Err(Unanswered::NotPublic));
    assert_eq!((asked.load(Ordering::SeqCst), good.heard().len(), bad.heard().len()), (2, 1, 0));
}

#[tokio::test]
async fn without_tls_only_this_machine_is_told_whatever_its_name_resolves_to() {
    let outward =
        Outward::with_names(&settings(&["10.0.0.0/8"], true), Names::given(|_| vec!["10.0.0.1".parse().unwrap()]));
    assert_eq!(outward.send(post("http://localhost:9/")).await, Err(Unanswered::NotPublic));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let inner = Receiver::at(HERE, OK).await;
    let moved =
        format!("HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n", inner.port);
    let receiver = Receiver::at(HERE, &moved).await;
    let outward = Outward::new(&settings(&[], true));
    let answered = outward.send(post(&format!("http://127.0.0.1:{}/", receiver.port))).await.unwrap();
    assert_eq!((answered.status, inner.heard().len()), (307, 0));
}

#[tokio::test]
async fn p8_targets_that_refuse_stall_drip_or_lie_are_bounded() {
    let outward = Outward::new(&settings(&[], true));
    let send = async |port: u16| outward.send(post(&format!("http://127.0.0.1:{port}/"))).await;
    let refusing = TcpListener::bind((HERE, 0)).await.unwrap().local_addr().unwrap().port();
    assert_eq!(send(refusing).await, Err(Unanswered::Unreached));
    // Accepts by the kernel alone, and says nothing.
    let stalling = TcpListener::bind((HERE, 0)).await.unwrap();
    assert_eq!(send(stalling.local_addr().unwrap().port()).await, Err(Unanswered::TimedOut));
    let dripping = TcpListener::bind((HERE, 0)).await.unwrap();
    let port = dripping.local_addr().unwrap().port();
    let drip = tokio::spawn(async move {
        let (mut stream, _) = dripping.accept().await.unwrap();
        let mut every = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"H").await.is_ok() {
            every.tick().await;
        }
    });
    assert!(matches!(send(port).await, Err(Unanswered::TimedOut | Unanswered::Broken)));
    drip.abort();
    for lie in
        ["", "not http", "HTTP/1.1 999999\r\n\r\n", &format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(40_000))]
    {
        assert_eq!(send(Receiver::at(HERE, lie).await.port).await, Err(Unanswered::Broken), "{lie:.30}");
    }
}

#[tokio::test]
async fn p8_of_a_huge_answer_only_the_beginning_is_read() {
    let huge = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(4 << 20));
    let receiver = Receiver::at(HERE, &huge).await;
    let outward = Outward::new(&settings(&[], true));
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    let all = Outgoing { body: None, read_max: 1_024, ..post(&url) };
    let answered = outward.send(all).await.unwrap();
    assert_eq!((answered.status, answered.body.len(), answered.cut), (200, 1_024, true));
    let answered = outward.send(post(&url)).await.unwrap();
    assert_eq!((answered.status, answered.body.len()), (200, 0));
}

/// A receiver with a certificate of hooks.example.test.
async fn encrypted(address: IpAddr) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let chain = CertificateDer::pem_slice_iter(HOOKS).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(HOOKS).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return String::new() };
        let asked = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
        let mut bytes = vec![0; 8_192];
        let length = stream.read(&mut bytes).await.unwrap();
        stream.write_all(OK.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
        format!("{asked}\n{}", String::from_utf8_lossy(&bytes[..length]))
    });
    (port, serving)
}

#[tokio::test]
async fn tls_and_the_host_header_keep_the_name_of_a_pinned_address() {
    let (port, serving) = encrypted(BESIDE).await;
    let authorities = CertificateDer::pem_slice_iter(AUTHORITY).map(|der| der.unwrap().to_vec()).collect();
    let settings = OutwardSettings {
        ports: vec![port],
        authorities,
        timeout: Duration::from_secs(5),
        ..settings(&["127.0.0.2/32"], false)
    };
    let outward = Outward::with_names(&settings, Names::given(|_| vec![BESIDE]));
    let answered = outward.send(post(&format!("https://hooks.example.test:{port}/x"))).await.unwrap();
    assert_eq!(answered.status, 204);
    let heard = serving.await.unwrap();
    assert!(heard.starts_with("hooks.example.test\nPOST /x"), "{heard}");
    assert!(heard.contains(&format!("host: hooks.example.test:{port}\r\n")), "{heard}");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_or_of_another_name_is_refused() {
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(AUTHORITY).map(|der| der.unwrap().to_vec()).collect();
    for (name, authorities) in [("hooks.example.test", vec![]), ("other.example.test", authorities)] {
        let (port, _serving) = encrypted(BESIDE).await;
        let settings = OutwardSettings { ports: vec![port], authorities, ..settings(&["127.0.0.2/32"], false) };
        let settings = OutwardSettings { timeout: Duration::from_secs(5), ..settings };
        let outward = Outward::with_names(&settings, Names::given(|_| vec![BESIDE]));
        assert_eq!(outward.send(post(&format!("https://{name}:{port}/"))).await, Err(Unanswered::Tls), "{name}");
    }
}
