//! One data connection of the scripted server: opened, secured, filled or emptied, ended.

use super::stream::{Held, Stream};
use super::{Data, Event, Shared};
use openssl::ssl::SslContext;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// Where the data connection comes from.
pub enum Peer {
    /// The client connects here (EPSV, PASV).
    Listen(Arc<TcpListener>),
    /// We connect there (EPRT, PORT).
    Dial(SocketAddr),
}

/// What one transfer is about.
pub struct Transfer<'a> {
    pub shared: &'a Arc<Shared>,
    pub session: usize,
    pub context: &'a SslContext,
    pub protected: bool,
    pub data: Data,
}

/// What came of it: the completion reply of a server that tells the truth or, where the data
/// was a lie, of one that does not; and what an upload brought.
pub struct Done {
    pub reply: &'static str,
    pub received: Vec<u8>,
}

const FINE: &str = "226 transfer complete";
const BROKEN: &str = "426 data connection broken";
const NO_TLS: &str = "425 no TLS on the data connection";

impl Transfer<'_> {
    /// Sends the body, or receives where there is none.
    pub fn run(self, peer: &Peer, body: Option<Vec<u8>>) -> Done {
        let done = |reply| Done { reply, received: Vec::new() };
        let Some(tcp) = self.open(peer) else { return done("425 no data connection") };
        self.shared.wire.add(Event::DataConnected { session: self.session });
        let _ = tcp.set_nodelay(true);
        let mut stream = Stream::new(self.shared, tcp);
        match &self.data {
            Data::NoHandshake => {
                stream.drain();
                return done(NO_TLS);
            }
            Data::Garbage(bytes) => {
                let _ = stream.write_all(bytes);
                stream.cut();
                return done(NO_TLS);
            }
            Data::EndlessGarbage(bytes) => {
                while stream.write_all(bytes).is_ok() {}
                return done(NO_TLS);
            }
            _ => {}
        }
        if self.protected {
            match self.secure(&mut stream) {
                Ok(()) => {}
                Err(reply) => return done(reply),
            }
        }
        match body {
            Some(body) => done(self.send(stream, &body)),
            None => self.receive(stream),
        }
    }

    fn open(&self, peer: &Peer) -> Option<TcpStream> {
        match peer {
            Peer::Listen(listener) => {
                let _held = Held::new(self.shared, listener.try_clone().ok()?.into());
                listener.accept().ok().map(|(tcp, _)| tcp)
            }
            Peer::Dial(address) => {
                if let Data::Stranger(bytes) = &self.data {
                    self.intrude(*address, bytes);
                }
                TcpStream::connect(address).ok()
            }
        }
    }

    /// Connects from another address of this machine, and stays.
    fn intrude(&self, address: SocketAddr, bytes: &[u8]) {
        use socket2::{Domain, Socket, Type};
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        let _ = TcpStream::from(socket).write_all(bytes);
        self.shared.wire.add(Event::DataConnected { session: self.session });
    }

    fn secure(&self, stream: &mut Stream) -> Result<(), &'static str> {
        let needs_resumption = self.shared.script().needs_resumption;
        let resumed = match &self.data {
            Data::Certificate(other) => stream.secure(&self.shared.context_with(other)),
            _ => stream.secure(self.context),
        };
        let resumed = resumed.map_err(|_| NO_TLS)?;
        self.shared.wire.add(Event::DataSecured { session: self.session, resumed });
        if needs_resumption && !resumed {
            return Err("522 SSL connection failed: session reuse required");
        }
        Ok(())
    }

    fn send(&self, mut stream: Stream, body: &[u8]) -> &'static str {
        let part = |n: usize| &body[..n.min(body.len())];
        let mut bytes = 0;
        let mut write = |stream: &mut Stream, piece: &[u8]| {
            bytes += piece.len();
            stream.write_all(piece).is_ok()
        };
        let sent = match &self.data {
            Data::Body(other) => write(&mut stream, other),
            Data::Short(n) | Data::Cut(n) | Data::Reset(n) | Data::Stall(n) => {
                write(&mut stream, part(*n))
            }
            Data::Trickle(interval) => body.iter().all(|byte| {
                self.shared.pause(*interval);
                write(&mut stream, &[*byte])
            }),
            Data::Endless(piece) => {
                while write(&mut stream, piece) {}
                false
            }
            Data::EndlessRecords(record) => {
                while stream.send_record(*record).is_ok() {}
                false
            }
            _ => write(&mut stream, body),
        };
        let clean = match &self.data {
            Data::Cut(_) => stream.cut(),
            Data::Reset(_) => {
                stream.reset();
                false
            }
            Data::Stall(_) => {
                self.pause(bytes);
                stream.drain();
                return BROKEN;
            }
            _ => stream.close(),
        };
        self.ended(bytes, clean);
        if sent { FINE } else { BROKEN }
    }

    fn receive(&self, mut stream: Stream) -> Done {
        let limit = match &self.data {
            Data::Short(n) | Data::Cut(n) | Data::Reset(n) | Data::Stall(n) => *n,
            _ => usize::MAX,
        };
        let mut received = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        let mut ended = Ok(());
        while received.len() < limit {
            let want = buffer.len().min(limit - received.len());
            match stream.read(&mut buffer[..want]) {
                Ok(0) => break,
                Ok(n) => received.extend_from_slice(&buffer[..n]),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
            if let Data::Trickle(interval) = &self.data {
                self.shared.pause(*interval);
            }
        }
        let bytes = received.len();
        let full = received.len() >= limit;
        let reply = match &self.data {
            Data::Reset(_) if full => {
                stream.reset();
                self.ended(bytes, false);
                FINE
            }
            Data::Stall(_) if full => {
                // Not even reading: the client's buffers fill up, until it or the server goes.
                self.pause(bytes);
                stream.wait_for_end();
                BROKEN
            }
            Data::Cut(_) if full => {
                self.ended(bytes, stream.cut());
                FINE
            }
            Data::Short(_) if full => {
                self.ended(bytes, stream.close());
                FINE
            }
            _ => {
                let clean = stream.said_goodbye();
                if let Data::Endless(piece) = &self.data {
                    while stream.write_all(piece).is_ok() {}
                }
                stream.close();
                self.ended(bytes, clean);
                // A server that is strict about the end of TLS, as ours should be.
                if ended.is_ok() && (clean || !self.protected) { FINE } else { BROKEN }
            }
        };
        Done { reply, received }
    }

    fn pause(&self, bytes: usize) {
        self.shared.wire.add(Event::DataPaused { session: self.session, bytes });
    }

    fn ended(&self, bytes: usize, clean: bool) {
        self.shared.wire.add(Event::DataEnded { session: self.session, bytes, clean });
    }
}
