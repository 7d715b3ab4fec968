//! One data connection of the scripted server: opened, secured, filled or emptied, ended.

use super::stream::{Held, Stream};
use super::{Data, Event, Shared};
use openssl::ssl::SslContext;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

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
    /// A connection that stays open.
    pub kept: Option<Stream>,
}

impl Done {
    pub fn without_data(reply: &'static str) -> Self {
        Self { reply, received: Vec::new(), kept: None }
    }
}

const FINE: &str = "226 transfer complete";
const BROKEN: &str = "426 data connection broken";
const NO_TLS: &str = "425 no TLS on the data connection";

/// How long to wait for a handshake before the preliminary reply.
const PATIENCE: Duration = Duration::from_secs(1);

impl Transfer<'_> {
    /// Opens the connection and secures it; or the completion reply of a failure.
    pub fn begin(&self, peer: &Peer) -> Result<Stream, &'static str> {
        let tcp = self.open(peer).ok_or("425 no data connection")?;
        self.shared.wire.add(Event::DataConnected { session: self.session });
        let _ = tcp.set_nodelay(true);
        let patience = self.shared.script().handshake_first.then_some(PATIENCE);
        let _ = tcp.set_read_timeout(patience);
        let copy = tcp.try_clone();
        let mut stream = Stream::new(self.shared, tcp);
        match &self.data {
            Data::NoHandshake => {
                stream.drain();
                return Err(NO_TLS);
            }
            Data::CloseUnsecured => return Err(FINE),
            Data::Garbage(bytes) => {
                let _ = stream.write_all(bytes);
                stream.cut();
                return Err(NO_TLS);
            }
            Data::EndlessGarbage(bytes) => {
                while stream.write_all(bytes).is_ok() {}
                return Err(NO_TLS);
            }
            _ => {}
        }
        if self.protected {
            self.secure(&mut stream)?;
        }
        let _ = copy.map(|tcp| tcp.set_read_timeout(None));
        Ok(stream)
    }

    /// Sends the body, or receives where there is none. `before_end` is called when all of the body
    /// has been sent, before the client can see that.
    pub fn run(self, stream: Stream, body: Option<Vec<u8>>, before_end: impl FnOnce()) -> Done {
        match body {
            Some(body) => self.send(stream, &body, before_end),
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
            Data::Certificate(other) => stream.secure(&self.shared.context_with(other), false),
            _ => stream.secure(self.context, false),
        };
        let resumed = resumed.map_err(|_| NO_TLS)?;
        self.shared.wire.add(Event::DataSecured { session: self.session, resumed });
        if needs_resumption && !resumed {
            return Err("522 SSL connection failed: session reuse required");
        }
        Ok(())
    }

    fn send(&self, mut stream: Stream, body: &[u8], before_end: impl FnOnce()) -> Done {
        let part = |n: usize| &body[..n.min(body.len())];
        let mut bytes = 0;
        let mut write = |stream: &mut Stream, piece: &[u8]| {
            bytes += piece.len();
            stream.write_all(piece).is_ok()
        };
        let sent = match &self.data {
            Data::Body(other) => write(&mut stream, other),
            Data::Short(n) | Data::Cut(n) | Data::Reset(n) | Data::Stall(n) | Data::KeepOpen(n) => {
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
        before_end();
        let clean = match &self.data {
            Data::Cut(_) => stream.cut(),
            Data::Reset(_) => {
                stream.reset();
                false
            }
            Data::Stall(_) => {
                self.pause(bytes);
                stream.wait_for_end();
                stream.drain();
                return Done::without_data(BROKEN);
            }
            Data::KeepOpen(_) => return Done { kept: Some(stream), ..Done::without_data(FINE) },
            _ => stream.close(),
        };
        self.ended(bytes, clean);
        Done::without_data(if sent { FINE } else { BROKEN })
    }

    fn receive(&self, mut stream: Stream) -> Done {
        let limit = match &self.data {
            Data::Short(n) | Data::Cut(n) | Data::Reset(n) | Data::Stall(n) | Data::KeepOpen(n) => {
                *n
            }
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
        if let Data::KeepOpen(_) = &self.data {
            return Done { reply: FINE, received, kept: Some(stream) };
        }
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
        Done { reply, received, kept: None }
    }

    fn pause(&self, bytes: usize) {
        self.shared.wire.add(Event::DataPaused { session: self.session, bytes });
    }

    fn ended(&self, bytes: usize, clean: bool) {
        self.shared.wire.add(Event::DataEnded { session: self.session, bytes, clean });
    }
}
