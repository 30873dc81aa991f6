//! Scripted routers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;

/// A way in which a scripted UPnP router differs from a good one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trait {
    /// Refuses leases that end (725).
    OnlyPermanent,
    /// These external ports, as `port protocol`, belong to others (718); empty for all.
    Taken(&'static str),
    /// Sends a description without an end.
    EndlessXml,
    /// Sends headers without an end.
    EndlessHeader,
    /// Sends a description of nested elements.
    DeepXml,
    /// Sends a description that is no XML.
    NoXml,
    /// Sends the client elsewhere.
    Redirect,
    /// Its location is at another address.
    OtherHost,
    /// Has no external address.
    Disconnected,
    /// Accepts connections, and never answers.
    Mute,
}

/// A scripted UPnP router.
pub struct Igd {
    pub ssdp: SocketAddrV4,
    state: Arc<State>,
}

struct State {
    address: SocketAddrV4,
    traits: Vec<Trait>,
    /// What has been taken since.
    taken: Mutex<Option<&'static str>>,
    mapped: Mutex<BTreeMap<String, String>>,
    searched: Mutex<Vec<String>>,
    actions: watch::Sender<Vec<String>>,
    connections: watch::Sender<usize>,
}

fn v4(address: SocketAddr) -> SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(address) => panic!("{address} is IPv6"),
    }
}

/// A UDP address where nobody listens.
pub async fn nobody() -> SocketAddrV4 {
    silent_socket().await.1
}

/// A UDP address where somebody listens, and never answers.
pub async fn silent() -> SocketAddrV4 {
    let (socket, address) = silent_socket().await;
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while socket.recv(&mut buffer).await.is_ok() {}
    });
    address
}

async fn silent_socket() -> (UdpSocket, SocketAddrV4) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = v4(socket.local_addr().unwrap());
    (socket, address)
}

impl Igd {
    pub async fn start(traits: &[Trait]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (socket, ssdp) = silent_socket().await;
        let state = Arc::new(State {
            address: v4(listener.local_addr().unwrap()),
            traits: traits.to_vec(),
            taken: Mutex::default(),
            mapped: Mutex::default(),
            searched: Mutex::default(),
            actions: watch::Sender::default(),
            connections: watch::Sender::default(),
        });
        tokio::spawn(answer_searches(socket, state.clone()));
        let accepting = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.connections.send_modify(|count| *count += 1);
                tokio::spawn(serve(stream, accepting.clone()));
            }
        });
        Self { ssdp, state }
    }

    /// `external protocol client:internal lease` of each mapping.
    pub fn mapped(&self) -> Vec<String> {
        let mapped = self.state.mapped.lock();
        mapped.iter().map(|(key, value)| format!("{key} {value}")).collect()
    }

    /// Loses all mappings, as a router does that restarts.
    pub fn forget(&self) {
        self.state.mapped.lock().clear();
    }

    /// Refuses these external ports, as `port protocol`, from now on.
    pub fn take(&self, ports: &'static str) {
        *self.state.taken.lock() = Some(ports);
    }

    pub fn searched(&self) -> Vec<String> {
        self.state.searched.lock().clone()
    }

    /// How often an action was called.
    pub fn actions(&self, name: &str) -> usize {
        count(&self.state.actions.borrow(), name)
    }

    pub async fn wait_for_actions(&self, name: &str, least: usize) {
        let mut actions = self.state.actions.subscribe();
        actions.wait_for(|actions| count(actions, name) >= least).await.unwrap();
    }

    /// Waits for a connection.
    pub async fn connected(&self) {
        self.state.connections.subscribe().wait_for(|count| *count > 0).await.unwrap();
    }
}

fn count(actions: &[String], name: &str) -> usize {
    actions.iter().filter(|action| *action == name).count()
}

async fn answer_searches(socket: UdpSocket, state: Arc<State>) {
    let mut buffer = [0; 2048];
    while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
        state.searched.lock().push(String::from_utf8_lossy(&buffer[..len]).into_owned());
        let address = match state.traits.contains(&Trait::OtherHost) {
            true => SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), state.address.port()),
            false => state.address,
        };
        let answer = format!("HTTP/1.1 200 OK\r\nLOCATION: http://{address}/root.xml\r\n\r\n");
        socket.send_to(answer.as_bytes(), from).await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let has = |behaviour| state.traits.contains(&behaviour);
    let Some(request) = read_request(&mut stream).await else { return };
    if has(Trait::Mute) {
        std::future::pending::<()>().await;
    }
    let endless = if has(Trait::EndlessXml) {
        Some("HTTP/1.1 200 OK\r\n\r\n<root>")
    } else if has(Trait::EndlessHeader) {
        Some("HTTP/1.1 200 OK\r\nX: ")
    } else {
        None
    };
    if let Some(start) = endless {
        let mut part = start.to_owned();
        while stream.write_all(part.as_bytes()).await.is_ok() {
            part = "<a>x</a>".repeat(500);
        }
        return;
    }
    let (status, body) = if request.starts_with("GET ") {
        describe(&state)
    } else {
        match call(&state, &request) {
            Ok(body) => ("200 OK", body),
            Err(code) => {
                let fault = format!("<s:Fault><errorCode>{code}</errorCode></s:Fault>");
                ("500 Internal Server Error", fault)
            }
        }
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn describe(state: &State) -> (&'static str, String) {
    match state.traits.first() {
        Some(Trait::DeepXml) => ("200 OK", "<a>".repeat(20_000)),
        Some(Trait::NoXml) => ("200 OK", "\u{1}&<>".repeat(1_000)),
        Some(Trait::Redirect) => ("302 Found", String::new()),
        _ => (
            "200 OK",
            "<root><device><serviceList><service>\
             <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>\
             <controlURL>/control</controlURL></service></serviceList></device></root>"
                .into(),
        ),
    }
}

fn call(state: &State, request: &str) -> Result<String, u16> {
    let argument = |name: &str| {
        let (_, rest) = request.split_once(&format!("<{name}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let (_, action) = request.split_once("SOAPAction: \"").unwrap();
    let (_, action) = action.split_once('#').unwrap();
    let action = action.split_once('"').unwrap().0;
    let has = |behaviour| state.traits.contains(&behaviour);
    let outcome = match action {
        "GetExternalIPAddress" => {
            let address = if has(Trait::Disconnected) { "0.0.0.0" } else { "203.0.113.7" };
            Ok(format!("<NewExternalIPAddress>{address}</NewExternalIPAddress>"))
        }
        "AddPortMapping" => {
            let key = format!("{} {}", argument("NewExternalPort"), argument("NewProtocol"));
            let lease = argument("NewLeaseDuration");
            let taken = |behaviour: &Trait| match behaviour {
                Trait::Taken(taken) => key.starts_with(taken),
                _ => false,
            };
            if has(Trait::OnlyPermanent) && lease != "0" {
                Err(725)
            } else if state.traits.iter().any(taken)
                || state.taken.lock().is_some_and(|taken| key.starts_with(taken))
            {
                Err(718)
            } else {
                let (client, port) = (argument("NewInternalClient"), argument("NewInternalPort"));
                state.mapped.lock().insert(key, format!("{client}:{port} {lease}"));
                Ok(String::new())
            }
        }
        "DeletePortMapping" => {
            let key = format!("{} {}", argument("NewExternalPort"), argument("NewProtocol"));
            state.mapped.lock().remove(&key).map(|_| String::new()).ok_or(714)
        }
        _ => Err(401),
    };
    state.actions.send_modify(|actions| actions.push(action.to_owned()));
    outcome
}

/// Reads a request with its body. `None` when the client has gone.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let len = stream.read(&mut buffer).await.ok().filter(|len| *len > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..len]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let wanted = head
            .split_once("Content-Length: ")
            .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap().parse().unwrap());
        if body.len() >= wanted {
            return Some(text);
        }
    }
}

/// A scripted PCP server. Gives leases of 1 s.
pub struct Pcp {
    pub address: SocketAddrV4,
    /// How many requests it has answered.
    pub requests: watch::Receiver<usize>,
    mapped: Arc<Mutex<BTreeSet<u8>>>,
}

impl Pcp {
    /// Maps every port to `external`; 0 for another one each time.
    pub async fn start(external: u16) -> Self {
        let (socket, address) = silent_socket().await;
        let (count, requests) = watch::channel(0);
        let mapped = Arc::new(Mutex::new(BTreeSet::new()));
        let table = mapped.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 1100];
            let mut other = 20_000_u16;
            while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                assert_eq!((len, buffer[0], buffer[1]), (60, 2, 1));
                let packet = &mut buffer[..60];
                let lifetime = u32::from_be_bytes(packet[4..8].try_into().unwrap());
                other += 1;
                let port = if external == 0 { other } else { external };
                packet[1] = 0x81;
                if lifetime == 0 {
                    table.lock().remove(&packet[36]);
                } else {
                    table.lock().insert(packet[36]);
                    packet[4..8].copy_from_slice(&1_u32.to_be_bytes());
                    packet[42..44].copy_from_slice(&port.to_be_bytes());
                    packet[56..60].copy_from_slice(&[203, 0, 113, 7]);
                }
                // Packets that are no answer to the request are skipped.
                let mut wrong = packet.to_vec();
                wrong[25] ^= 1;
                socket.send_to(&wrong, from).await.unwrap();
                socket.send_to(&[], from).await.unwrap();
                socket.send_to(packet, from).await.unwrap();
                count.send_modify(|count| *count += 1);
            }
        });
        Self { address, requests, mapped }
    }

    /// The protocol numbers that are mapped.
    pub fn mapped(&self) -> Vec<u8> {
        self.mapped.lock().iter().copied().collect()
    }
}

/// A scripted router that speaks NAT-PMP alone.
pub struct NatPmp {
    pub address: SocketAddrV4,
    mapped: Arc<Mutex<BTreeSet<u8>>>,
}

impl NatPmp {
    pub async fn start() -> Self {
        let (socket, address) = silent_socket().await;
        let mapped = Arc::new(Mutex::new(BTreeSet::new()));
        let table = mapped.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 1100];
            while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                let packet = &buffer[..len];
                let answer = match packet {
                    [0, 0] => vec![0, 128, 0, 0, 0, 0, 0, 1, 203, 0, 113, 8],
                    [0, kind @ 1..=2, _, _, ports @ ..] => {
                        if ports[4..8] == [0; 4] {
                            table.lock().remove(kind);
                        } else {
                            table.lock().insert(*kind);
                        }
                        [&[0, 128 | kind, 0, 0, 0, 0, 0, 1], ports].concat()
                    }
                    _ => vec![0, 128 | packet[1], 0, 1, 0, 0, 0, 1],
                };
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self { address, mapped }
    }

    /// The opcodes of the protocols that are mapped.
    pub fn mapped(&self) -> Vec<u8> {
        self.mapped.lock().iter().copied().collect()
    }
}
