//! A scripted proxy: HTTP CONNECT or SOCKS5, honest or not.
//!
//! In: what it does. Out: an address, and what it was asked for. Whatever host it is told, it
//! connects to this machine, so that a test sees that names are looked up behind it. A server can
//! stand for port 21. Its threads
//! end with the connections, which the other sides close.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a proxy does.
#[derive(Clone)]
pub enum Manner {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT, with this port in place of 21.
    HttpTo(u16),
    /// HTTP CONNECT, for this `user:password` only.
    HttpLogin(&'static str),
    /// SOCKS5.
    Socks5,
    /// SOCKS5, for this user name and password only.
    Socks5Login(&'static str, &'static str),
    /// Reads something, says this, and closes.
    Says(&'static [u8]),
    /// Reads something, says this, and waits for the client to go.
    Hangs(&'static [u8]),
    /// Says this again and again, until the client goes.
    Endless(&'static [u8]),
    /// Says a byte every 20 ms, until the client goes.
    Drips,
}

/// A running proxy.
pub struct Proxy {
    /// Where it listens.
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (manner, log) = (manner.clone(), Arc::clone(&log));
                // A client that goes away ends it.
                thread::spawn(move || serve(stream, &manner, &log).ok());
            }
        });
        Self { addr, asked }
    }

    /// What it was asked for so far: `host:port`, or `login` for one without what it wants.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, manner: &Manner, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let note = |what: &str| log.lock().unwrap().push(what.to_owned());
    match manner {
        Manner::Http => http(client, None, 21, note),
        Manner::HttpTo(port) => http(client, None, *port, note),
        Manner::HttpLogin(login) => http(client, Some(login), 21, note),
        Manner::Socks5 => socks5(client, None, note),
        Manner::Socks5Login(user, password) => socks5(client, Some((user, password)), note),
        Manner::Says(words) => {
            let _ = client.read(&mut [0; 1024])?;
            note("said");
            client.write_all(words)
        }
        Manner::Hangs(words) => {
            let _ = client.read(&mut [0; 1024])?;
            client.write_all(words)?;
            note("hangs");
            client.read_to_end(&mut Vec::new()).map(|_| ())
        }
        Manner::Endless(words) => loop {
            client.write_all(words)?;
        },
        Manner::Drips => loop {
            client.write_all(b"x")?;
            thread::park_timeout(Duration::from_millis(20));
        },
    }
}

fn http(
    mut client: TcpStream,
    login: Option<&str>,
    port_21: u16,
    note: impl Fn(&str),
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(head.contains(&format!("\r\nHost: {target}\r\n")), "{head}");
    if let Some(login) = login {
        let basic = openssl::base64::encode_block(login.as_bytes());
        if !head.contains(&format!("\r\nProxy-Authorization: Basic {basic}\r\n")) {
            note("login");
            return client
                .write_all(b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\n\r\n");
        }
    }
    note(target);
    let port = match target.rsplit(':').next().unwrap().parse().unwrap() {
        21 => port_21,
        other => other,
    };
    match connect(port) {
        Err(_) => client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
        Ok(server) => {
            client
                .write_all(b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 Here you are\r\nX: y\r\n\r\n")?;
            relay(client, server)
        }
    }
}

fn socks5(
    mut client: TcpStream,
    login: Option<(&str, &str)>,
    note: impl Fn(&str),
) -> std::io::Result<()> {
    let methods = counted(&mut client, 1)?;
    let wanted = if login.is_some() { 2 } else { 0 };
    assert!(methods.contains(&wanted));
    client.write_all(&[5, wanted])?;
    if let Some((user, password)) = login {
        let mut version = [0];
        // Without a login, the client goes.
        if client.read(&mut version)? == 0 {
            note("login");
            return Ok(());
        }
        let given = (counted(&mut client, 0)?, counted(&mut client, 0)?);
        if given != (user.into(), password.into()) {
            note("login");
            return client.write_all(&[1, 1]);
        }
        client.write_all(&[1, 0])?;
    }
    let mut request = [0; 4];
    client.read_exact(&mut request)?;
    let host = match request {
        [5, 1, 0, 3] => String::from_utf8(counted(&mut client, 0)?).unwrap(),
        [5, 1, 0, 1] => {
            let mut address = [0; 4];
            client.read_exact(&mut address)?;
            Ipv4Addr::from(address).to_string()
        }
        other => panic!("{other:?}"),
    };
    let mut port = [0; 2];
    client.read_exact(&mut port)?;
    let port = u16::from_be_bytes(port);
    note(&format!("{host}:{port}"));
    match connect(port) {
        Err(_) => client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
        Ok(server) => {
            client.write_all(b"\x05\0\0\x03\x05bound\0\x01")?;
            relay(client, server)
        }
    }
}

/// Bytes after their count, which stands after `skip` others.
fn counted(client: &mut TcpStream, skip: usize) -> std::io::Result<Vec<u8>> {
    let mut head = vec![0; skip + 1];
    client.read_exact(&mut head)?;
    let mut bytes = vec![0; usize::from(head[skip])];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
}

/// Both directions, until both have ended.
fn relay(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    let (mut up, mut to) = (client.try_clone()?, server.try_clone()?);
    let there = thread::spawn(move || {
        let _ = std::io::copy(&mut up, &mut to);
        to.shutdown(Shutdown::Write)
    });
    let (mut down, mut back) = (server, client);
    let _ = std::io::copy(&mut down, &mut back);
    let _ = back.shutdown(Shutdown::Write);
    there.join().unwrap()
}
