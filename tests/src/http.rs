//! A web server for the pages and files of tests: on loopback, as small as can be.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a path answers: a content type and a body.
type Pages = Arc<Mutex<HashMap<String, (String, Vec<u8>)>>>;

/// A server on 127.0.0.1. Its thread ends with the process; its port stays open until then.
#[derive(Clone)]
pub struct Server {
    port: u16,
    pages: Pages,
    requests: Arc<Mutex<Vec<String>>>,
    protected: Arc<Mutex<HashMap<String, String>>>,
}

impl Server {
    /// Starts a server without pages.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Self {
            port: listener.local_addr().expect("an address").port(),
            pages: Pages::default(),
            requests: Arc::default(),
            protected: Arc::default(),
        };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.answer(&stream));
            }
        });
        server
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Puts a page there, or replaces it.
    ///
    /// # Panics
    /// Never in practice: the lock is held for an insert alone.
    pub fn put(&self, path: &str, kind: &str, body: impl Into<Vec<u8>>) {
        self.pages.lock().expect("a lock").insert(path.into(), (kind.into(), body.into()));
    }

    /// Puts a page of HTML there.
    pub fn page(&self, path: &str, body: &str) {
        let page = format!("<!doctype html><meta charset=utf-8><title>{path}</title>{body}");
        self.put(path, "text/html; charset=utf-8", page);
    }

    /// Gives a page only to whom brings this cookie, as a site does that one has to sign in to.
    ///
    /// # Panics
    /// Never in practice.
    pub fn protect(&self, path: &str, cookie: &str) {
        self.protected.lock().expect("a lock").insert(path.into(), cookie.into());
    }

    /// The URL of a path, with `127.0.0.1` as the host.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The URL of a path, with `localhost` as the host: another origin for a browser.
    #[must_use]
    pub fn other_origin(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The paths that were asked for, in order.
    ///
    /// # Panics
    /// Never in practice.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("a lock").clone()
    }

    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        reader.read_line(&mut first).ok()?;
        let (mut header, mut cookies) = (String::new(), String::new());
        while reader.read_line(&mut header).ok()? > 2 {
            if header.to_ascii_lowercase().starts_with("cookie:") {
                cookies.clone_from(&header);
            }
            header.clear();
        }
        let target = first.split(' ').nth(1)?;
        self.requests.lock().ok()?.push(target.into());
        let path = target.split('?').next()?;
        let wanted = self.protected.lock().ok()?.get(path).cloned();
        let known = wanted.is_none_or(|cookie| cookies.contains(&cookie));
        let page = self.pages.lock().ok()?.get(path).filter(|_| known).cloned();
        let (status, kind, body) = page.map_or_else(
            || ("404 Not Found", "text/plain".into(), b"There is no such page.".to_vec()),
            |(kind, body)| ("200 OK", kind, body),
        );
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut writer = stream;
        writer.write_all(head.as_bytes()).ok()?;
        writer.write_all(&body).ok()
    }
}
