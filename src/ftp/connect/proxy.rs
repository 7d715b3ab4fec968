//! Connections through a proxy: HTTP CONNECT (RFC 9110 section 9.3.6) and SOCKS5 (RFC 1928, with
//! the login of RFC 1929).
//!
//! Takes a TCP connection to the proxy; after the proxy has agreed, the same connection leads to
//! the server. The proxy resolves host names. Its replies are read byte by byte, within size limits
//! and under one deadline, so that no byte of the server after them is lost.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result, io_reason};
use crate::tls::socket::{Socket, Wait, cancel_reason};

/// The longest accepted reply of an HTTP proxy, in bytes.
const ANSWER_MAX: usize = 16 * 1024;

/// How much of a proxy's text is quoted, in characters.
const QUOTED: usize = 200;

/// The proxy's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `CONNECT` of HTTP/1.1.
    Http,
    /// SOCKS version 5.
    Socks5,
}

/// The user name and password for a proxy; requested only if the proxy requires them.
pub trait ProxyCredentials: fmt::Debug + Send + Sync {
    /// Passes the known user name and password to `send`; `false` if none are known.
    fn send_known(&self, send: &mut dyn FnMut(&str, &str)) -> bool;

    /// Gets a user name and password; `false` if there are none.
    fn find_credentials(&self) -> Result<bool>;

    /// The proxy refused the known ones.
    fn mark_refused(&self);
}

/// The address and protocol of a proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its protocol.
    pub protocol: Protocol,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The login for the proxy.
    pub credentials: Arc<dyn ProxyCredentials>,
}

/// What to do when the proxy cannot be reached: the hints for servers would mislead.
const WHICH_PROXY: &str = "the proxy is that of net:proxy, else of ftp_proxy, ftps_proxy or \
     all_proxy in the environment; `set net:use-env-proxy no` ignores those";

impl Proxy {
    /// The proxy as a URL, without a login.
    pub fn url(&self) -> String {
        let scheme = match self.protocol {
            Protocol::Http => "http",
            Protocol::Socks5 => "socks5",
        };
        format!("{scheme}://{}", authority(&self.host, self.port))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {}", self.url())
    }
}

/// Why the proxy did not connect.
enum Refusal {
    /// The proxy requires a login, or a different one.
    Login(Error),
    /// Anything else.
    Final(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Proxy {
    /// Connects through the proxy to `host`, which the proxy resolves, and `port`; `dial` connects
    /// to the proxy. The timeout is for everything except the time to type a password.
    pub(super) fn connect(
        &self,
        dial: &dyn Fn(&str, u16, Instant) -> Result<TcpStream>,
        timeout: Duration,
        cancel: &Cancel,
        host: &str,
        port: u16,
    ) -> Result<TcpStream> {
        let mut found = false;
        loop {
            let deadline = Instant::now() + timeout;
            let tcp = dial(&self.host, self.port, deadline).map_err(|error| {
                let is_connect = error.kind() == Kind::Connect;
                let error = error.with_context("proxy");
                if is_connect { error.with_hint(WHICH_PROXY) } else { error }
            })?;
            let lost = |error: io::Error| self.lost_connection(&error, timeout);
            let clone = tcp.try_clone().map_err(lost)?;
            // With a buffer of one byte, what the server sends is left in the socket.
            let mut socket = Socket::new(clone, cancel.clone(), 1).map_err(lost)?;
            socket.set_wait(Wait::Deadline(deadline));
            let mut login = None;
            let known = self.credentials.send_known(&mut |user, password| {
                login = Some(ProxyLogin { user: user.to_owned(), password: password.to_owned() });
            });
            let mut talk = Talk { proxy: self, timeout, socket, login };
            let result = match self.protocol {
                Protocol::Http => talk.http(host, port),
                Protocol::Socks5 => talk.socks5(host, port),
            };
            match result {
                Ok(()) => return Ok(tcp),
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Login(error)) if known || found => {
                    self.credentials.mark_refused();
                    return Err(error.with_hint("check the user name and password for the proxy"));
                }
                Err(Refusal::Login(error)) => {
                    found = self.credentials.find_credentials()?;
                    if !found {
                        return Err(error.with_hint(
                            "put the proxy's login into the netrc file, or its user into net:proxy",
                        ));
                    }
                }
            }
        }
    }

    fn lost_connection(&self, error: &io::Error, timeout: Duration) -> Error {
        if let Some(reason) = cancel_reason(error) {
            return reason.into();
        }
        let why = match error.kind() {
            io::ErrorKind::TimedOut => {
                format!("no answer within {} s", timeout.as_secs_f32())
            }
            io::ErrorKind::UnexpectedEof => "closed the connection".to_owned(),
            _ => io_reason(error),
        };
        self.proxy_error(why).as_transient()
    }

    fn proxy_error(&self, why: impl fmt::Display) -> Error {
        Error::new(Kind::Connect, format!("{self}: {why}"))
    }

    fn refusal_error(&self, host: &str, port: u16, why: &str) -> Error {
        self.proxy_error(format!("refuses a connection to {host} port {port}: {why}"))
    }
}

/// The login of one attempt.
struct ProxyLogin {
    user: String,
    password: String,
}

/// One attempt to connect through the proxy.
struct Talk<'a> {
    proxy: &'a Proxy,
    timeout: Duration,
    socket: Socket,
    login: Option<ProxyLogin>,
}

impl Talk<'_> {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = self.socket.write_all(bytes).and_then(|()| self.socket.flush());
        sent.map_err(|error| self.proxy.lost_connection(&error, self.timeout))
    }

    fn receive<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        let read = self.socket.read_exact(&mut bytes);
        read.map_err(|error| self.proxy.lost_connection(&error, self.timeout))?;
        Ok(bytes)
    }

    fn http(&mut self, host: &str, port: u16) -> Result<(), Refusal> {
        let target = authority(host, port);
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(login) = &self.login {
            let basic = STANDARD.encode(format!("{}:{}", login.user, login.password));
            request.push_str(&format!("Proxy-Authorization: Basic {basic}\r\n"));
        }
        self.send(format!("{request}\r\n").as_bytes())?;
        let mut left = ANSWER_MAX;
        loop {
            let head = self.http_head(&mut left)?;
            let line = head.lines().next().unwrap_or_default();
            let Some((status, words)) = status_line(line) else {
                let shown: String = line.chars().take(QUOTED).collect();
                return Err(self
                    .proxy
                    .proxy_error(format!("not an HTTP proxy: \"{shown}\""))
                    .into());
            };
            let refused = || self.proxy.refusal_error(host, port, &format!("\"{words}\""));
            match status {
                100..=199 => {}
                200..=299 => return Ok(()),
                407 => return Err(Refusal::Login(refused())),
                500.. => return Err(refused().as_transient().into()),
                _ => return Err(refused().into()),
            }
        }
    }

    /// The status line and the header fields of a reply, up to the empty line.
    fn http_head(&mut self, left: &mut usize) -> Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
            if *left == 0 {
                return Err(self.proxy.proxy_error("its answer has no end"));
            }
            *left -= 1;
            head.extend(self.receive::<1>()?);
        }
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    fn socks5(&mut self, host: &str, port: u16) -> Result<(), Refusal> {
        // Offers both methods, without and with a login; the proxy chooses.
        self.send(&[5, 2, 0, 2])?;
        let refused = |why: &str| self.proxy.refusal_error(host, port, why);
        let (no_login, other) = (refused("it wants a login"), refused("it wants another login"));
        match self.receive::<2>()? {
            [5, 0] => {}
            [5, 2] => {
                let Some(message) = self.login.as_ref().map(socks5_login) else {
                    return Err(Refusal::Login(no_login));
                };
                let too_long = "user name or password longer than 255 bytes";
                self.send(&message.ok_or_else(|| self.proxy.proxy_error(too_long))?)?;
                let [_, status] = self.receive::<2>()?;
                if status != 0 {
                    return Err(Refusal::Login(other));
                }
            }
            [5, _] => {
                let why = "no way to log in to it that is known here (RFC 1928: none, user name)";
                return Err(self.proxy.proxy_error(why).into());
            }
            _ => return Err(self.proxy.proxy_error("not a SOCKS5 proxy").into()),
        }
        let request = socks5_request(host, port)
            .ok_or_else(|| Error::usage(format!("{host}: longer than SOCKS5 takes")))?;
        self.send(&request)?;
        let [version, status, _, kind] = self.receive::<4>()?;
        if version != 5 {
            return Err(self.proxy.proxy_error("not a SOCKS5 proxy").into());
        }
        if status != 0 {
            let (why, transient) = socks5_status(status);
            let error = self.proxy.refusal_error(host, port, why);
            return Err(if transient { error.as_transient() } else { error }.into());
        }
        // The proxy's outgoing address is not used, but has to be read.
        let length = match kind {
            1 => 4,
            4 => 16,
            3 => usize::from(self.receive::<1>()?[0]),
            _ => return Err(self.proxy.proxy_error("an answer that SOCKS5 does not have").into()),
        };
        for _ in 0..length + 2 {
            self.receive::<1>()?;
        }
        Ok(())
    }
}

/// `HTTP/1.1 200 Connection established`: the status code, and the text after the version.
fn status_line(line: &str) -> Option<(u16, String)> {
    let (version, words) = line.split_once(' ')?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let number = words.trim_start().get(..3)?;
    let status = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())??;
    Some((status, words.trim().chars().take(QUOTED).collect()))
}

/// RFC 1929 section 2; `None` if the login is too long.
fn socks5_login(login: &ProxyLogin) -> Option<Vec<u8>> {
    let mut message = vec![1];
    for part in [&login.user, &login.password] {
        message.push(u8::try_from(part.len()).ok()?);
        message.extend(part.as_bytes());
    }
    Some(message)
}

/// RFC 1928 section 4; `None` if the host name is too long.
fn socks5_request(host: &str, port: u16) -> Option<Vec<u8>> {
    let mut message = vec![5, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            message.push(1);
            message.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            message.push(4);
            message.extend(address.octets());
        }
        Err(_) => {
            message.extend([3, u8::try_from(host.len()).ok()?]);
            message.extend(host.as_bytes());
        }
    }
    message.extend(port.to_be_bytes());
    Some(message)
}

/// The meaning of a status of RFC 1928 section 6, and whether a retry may help.
fn socks5_status(status: u8) -> (&'static str, bool) {
    match status {
        2 => ("not allowed by its rules", false),
        3 => ("network unreachable", true),
        4 => ("host unreachable", true),
        5 => ("connection refused", true),
        6 => ("no answer in time", true),
        7 | 8 => ("it cannot do that", false),
        _ => ("general failure", true),
    }
}

/// Host and port as in a URL.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read_and_others_refused() {
        let status = |line| status_line(line).map(|(status, words)| format!("{status}|{words}"));
        assert_eq!(status("HTTP/1.1 200 OK").as_deref(), Some("200|200 OK"));
        assert_eq!(status("HTTP/1.0 407").as_deref(), Some("407|407"));
        for wrong in ["", "220 ftp ready", "HTTP/2 200", "HTTP/1.1 20", "HTTP/1.1 +20", "HTTP/1.1 "]
        {
            assert_eq!(status(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn socks5_requests_hold_names_and_addresses() {
        let name = socks5_request("h.example", 21).unwrap();
        assert_eq!(name, b"\x05\x01\0\x03\x09h.example\0\x15");
        assert_eq!(socks5_request("10.0.0.1", 990).unwrap(), [5, 1, 0, 1, 10, 0, 0, 1, 3, 222]);
        let v6 = socks5_request("::1", 256).unwrap();
        assert_eq!((v6.len(), v6[3], &v6[19..]), (22, 4, &[1, 1, 0][..]));
        assert!(socks5_request(&"a".repeat(256), 1).is_none());
    }
}
