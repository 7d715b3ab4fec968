//! A port on which nothing listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port of this host that refuses connections until it is dropped.
///
/// It is bound without listening: a port that was given back could be another test's server a
/// moment later.
pub struct ClosedPort {
    pub addr: SocketAddr,
    _bound: Socket,
}

impl ClosedPort {
    pub fn new() -> Self {
        Self::on(Ipv4Addr::LOCALHOST.into())
    }

    pub fn on(address: IpAddr) -> Self {
        let address = SocketAddr::from((address, 0));
        let bound = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        bound.bind(&address.into()).unwrap();
        let addr = bound.local_addr().unwrap().as_socket().unwrap();
        Self { addr, _bound: bound }
    }

    pub fn port(&self) -> u16 {
        self.addr.port()
    }
}
