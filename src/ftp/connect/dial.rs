//! TCP connections: resolves host names and tries the addresses in order, under one deadline.
//!
//! Nothing here speaks FTP. Data connections are dialled by address only: the control connection's
//! peer, never an address sent by a server. Behind a proxy they go to the same host as the control
//! connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, TcpKeepalive, Type};

use super::proxy::Proxy;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::error_text::connect_hint;
use crate::tls::socket::{CONTROL_BUFFER, Socket, Wait, cancel_reason};

/// An address family, for the order in which addresses are tried (setting `net:order`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFamily {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// How to make TCP connections.
#[derive(Debug, Clone)]
pub struct Dialer {
    /// Families in order of preference; others are not used.
    pub order: Vec<AddressFamily>,
    /// The local address to connect from.
    pub bind: Option<IpAddr>,
    /// The timeout for name resolution and all addresses together.
    pub timeout: Duration,
    /// Cancels every wait.
    pub cancel: Cancel,
    /// The proxy, if any.
    pub proxy: Option<Proxy>,
}

/// Idle time before the first keepalive probe: shorter than the idle timeouts of common NAT routers
/// (RFC 5382 allows two hours and four minutes, home routers time out after minutes).
const KEEPALIVE: Duration = Duration::from_secs(45);

impl Dialer {
    /// Connects to `host`: through the proxy if there is one, otherwise to the first of its
    /// addresses that answers.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] with the error of the last address; [`Kind::Interrupted`].
    pub fn connect(&self, host: &str, port: u16) -> Result<TcpStream> {
        match &self.proxy {
            Some(proxy) => proxy.connect(
                &|host, port, deadline| self.connect_without_proxy(host, port, deadline),
                self.timeout,
                &self.cancel,
                host,
                port,
            ),
            None => self.connect_without_proxy(host, port, Instant::now() + self.timeout),
        }
    }

    /// As [`Dialer::connect`], bypassing the proxy.
    fn connect_without_proxy(&self, host: &str, port: u16, deadline: Instant) -> Result<TcpStream> {
        let addresses = self.resolve_before(host, port, deadline)?;
        self.connect_first_of(addresses, host, port, deadline)
    }

    /// Connects to the first of a host's addresses that answers.
    fn connect_first_of(
        &self,
        addresses: Vec<SocketAddr>,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<TcpStream> {
        let mut failure = None;
        let count = addresses.len() as u32;
        for (index, address) in addresses.into_iter().enumerate() {
            // A dead address must not use up the time of the remaining ones.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / (count - index as u32);
            match self.connect_address(address, share) {
                Ok(stream) => {
                    enable_keepalive(&stream);
                    return Ok(stream);
                }
                Err(error) => match cancel_reason(&error) {
                    Some(reason) => return Err(reason.into()),
                    None => failure = Some((address, error)),
                },
            }
        }
        let (address, error) = failure.ok_or_else(|| resolve_error(host, "no usable address"))?;
        let shown = if host.parse::<IpAddr>().is_ok() {
            String::new()
        } else {
            format!(" ({})", address.ip())
        };
        let why = match error.kind() {
            io::ErrorKind::TimedOut => format!("no answer within {} s", self.timeout.as_secs()),
            _ => io_reason(&error),
        };
        let text = format!("connect to {host} port {port}{shown}: {why}");
        let failed = Error::new(Kind::Connect, text).as_transient();
        Err(match connect_hint(&error) {
            Some(hint) => failed.with_hint(hint),
            None => failed,
        })
    }

    /// Starts a connection to `address` without waiting for it.
    pub fn begin_connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket =
            RawSocket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if let Some(local) = self.bind.filter(|local| local.is_ipv4() == address.is_ipv4()) {
            socket.bind(&SocketAddr::new(local, 0).into())?;
        }
        // Commands and TLS flights are small and latency-sensitive.
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&address.into()) {
            Err(error)
                if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error())
                    && error.kind() != io::ErrorKind::WouldBlock =>
            {
                Err(error)
            }
            _ => Ok(socket.into()),
        }
    }

    /// Connects to `address` and waits for at most `bound`.
    ///
    /// # Errors
    ///
    /// The connection's error, `TimedOut`, or a cancel.
    pub fn connect_address(&self, address: SocketAddr, bound: Duration) -> io::Result<TcpStream> {
        self.finish_connect(self.begin_connect(address)?, bound)
    }

    /// Waits for at most `bound` until a connection that was begun is made.
    ///
    /// # Errors
    ///
    /// Why it was not made; cancellation.
    pub fn finish_connect(&self, stream: TcpStream, bound: Duration) -> io::Result<TcpStream> {
        let clone = stream.try_clone()?;
        let mut socket = Socket::new(clone, self.cancel.clone(), CONTROL_BUFFER)?;
        socket.set_wait(Wait::within(bound));
        socket.finish_connect()?;
        Ok(stream)
    }

    /// The host's addresses, in the order in which they are tried.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] if the name cannot be resolved in time; [`Kind::Interrupted`].
    pub fn resolve_host(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        self.resolve_before(host, port, Instant::now() + self.timeout)
    }

    /// The host's addresses, sorted by the order of families.
    fn resolve_before(&self, host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>> {
        let found = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.resolve_on_thread(host, port, deadline)?,
        };
        let mut sorted = Vec::new();
        for family in &self.order {
            sorted.extend(found.iter().filter(|a| a.is_ipv4() == (*family == AddressFamily::V4)));
        }
        if sorted.is_empty() {
            return Err(resolve_error(host, "it has no address of the families in net:order"));
        }
        Ok(sorted)
    }

    /// The system's resolver has no timeout, so it runs on a thread that may be abandoned.
    fn resolve_on_thread(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>> {
        let (sender, receiver) = mpsc::channel();
        let name = host.to_owned();
        let thread = std::thread::Builder::new().name("resolver".to_owned());
        let started = thread.spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
            let _ = sender.send(found);
        });
        started.map_err(|error| crate::threads::thread_error("resolver", &error))?;
        loop {
            self.cancel.check()?;
            match receiver.recv_timeout(Duration::from_millis(100)) {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => {
                    let why = io_reason(&error);
                    let why = why.strip_prefix("failed to lookup address information: ");
                    return Err(resolve_error(host, why.unwrap_or("the look-up failed")));
                }
                Err(_) if Instant::now() < deadline => {}
                Err(_) => return Err(resolve_error(host, "the name look-up timed out")),
            }
        }
    }
}

fn resolve_error(host: &str, why: &str) -> Error {
    Error::new(Kind::Connect, format!("cannot resolve {host}: {}", why.to_lowercase()))
        .with_hint("check the spelling of the host name and your network")
}

/// Enables keepalive probes, so that NAT routers keep the connection during long transfers.
fn enable_keepalive(stream: &TcpStream) {
    let probes = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    // If the system does not support this, the connection works anyway.
    let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer() -> Dialer {
        Dialer {
            order: vec![AddressFamily::V6, AddressFamily::V4],
            bind: None,
            timeout: Duration::from_secs(5),
            cancel: Cancel::new(),
            proxy: None,
        }
    }

    #[test]
    fn a_closed_port_is_a_connect_error_that_names_host_and_port() {
        let (_bound, closed) = closed_port();
        let port = closed.port();
        let error = dialer().connect("127.0.0.1", port).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(
            error.message(),
            format!("connect to 127.0.0.1 port {port}: connection refused")
        );
    }

    #[test]
    fn a_cancel_ends_a_connection_that_hangs() {
        let dialer = dialer();
        dialer.cancel.request(crate::cancel::Reason::Interrupted);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = dialer.connect("127.0.0.1", port).unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted);
    }

    #[test]
    fn only_the_named_families_are_used() {
        let mut dialer = dialer();
        dialer.order = vec![AddressFamily::V6];
        let error = dialer.connect("127.0.0.1", 9).unwrap_err();
        assert!(error.message().contains("net:order"), "{error}");
    }

    /// A port that is bound but not listening: it refuses connections.
    fn closed_port() -> (RawSocket, SocketAddr) {
        let socket = RawSocket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, address)
    }

    /// An address that does not answer: its accept queue is full.
    fn black_hole() -> (RawSocket, Vec<TcpStream>, SocketAddr) {
        let socket = RawSocket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(1).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let moment = Duration::from_millis(200);
        let full = std::iter::from_fn(|| TcpStream::connect_timeout(&address, moment).ok());
        let waiting = full.take(64).collect();
        (socket, waiting, address)
    }

    #[test]
    fn a_dead_address_does_not_eat_the_time_of_those_behind_it() {
        let (_socket, _waiting, dead) = black_hole();
        let good = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = good.local_addr().map(|address| (good, address)).unwrap();
        let (_bound, closed) = closed_port();
        let timeout = Duration::from_millis(1500);
        let dialer = Dialer { timeout, ..dialer() };
        let connect = |addresses: &[SocketAddr]| {
            let begun = Instant::now();
            let made =
                dialer.connect_first_of(addresses.to_vec(), "many.example", 21, begun + timeout);
            let late = begun.elapsed() > timeout + Duration::from_millis(500);
            assert!(!late, "{addresses:?}: {:?}", begun.elapsed());
            made.map(|stream| stream.peer_addr().unwrap())
        };
        assert_eq!(connect(&[dead, closed, good.1]).unwrap(), good.1);
        assert_eq!(connect(&[dead, dead, dead, good.1]).unwrap(), good.1);
        let error = connect(&[closed, dead, dead]).unwrap_err();
        assert!(error.message().contains("no answer within"), "{error}");
        assert_eq!(error.kind(), Kind::Connect);
        assert!(connect(&[dead, closed]).unwrap_err().message().contains("refused"));
    }
}
