//! One control connection of the scripted server: reads lines, asks the script, answers.

use super::data::{Done, Peer, Transfer};
use super::files::absolute;
use super::script::Change;
use super::stream::Stream;
use super::{Data, Event, Files, Shared, Step};
use openssl::ssl::SslContext;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, MutexGuard};

/// The state of one session.
pub struct Control<'a> {
    pub(super) number: usize,
    pub(super) shared: &'a Arc<Shared>,
    pub(super) context: SslContext,
    stream: Option<Stream>,
    pub(super) logged_in: bool,
    ended: bool,
    pub(super) user: String,
    pub(super) protected: bool,
    pub(super) cwd: Vec<u8>,
    pub(super) restart: usize,
    pub(super) rename: Option<Vec<u8>>,
    pub(super) peer: Option<Peer>,
    /// Data connections that are never accepted: kept open with the session.
    kept: Vec<Peer>,
    /// Data connections that stay open with the session.
    open: Vec<Stream>,
    opening: Option<Vec<u8>>,
    data: Option<Data>,
    last: Option<Vec<u8>>,
    change_after: Option<Change>,
    trailer: Vec<u8>,
}

/// TELNET takes 0xFF for a command unless there are two of them (RFC 854).
fn doubled(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in text {
        out.push(*byte);
        if *byte == 0xff {
            out.push(*byte);
        }
    }
    out
}

/// What was meant by [`doubled`] text.
fn undoubled(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == 0xff {
            bytes.next_if_eq(&byte);
        }
    }
    out
}

/// The session is over.
fn over<T>() -> io::Result<T> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

impl<'a> Control<'a> {
    pub fn new(number: usize, tcp: TcpStream, shared: &'a Arc<Shared>) -> Self {
        Self {
            number,
            shared,
            context: shared.control_context(),
            stream: Some(Stream::new(shared, tcp)),
            logged_in: false,
            ended: false,
            user: String::new(),
            protected: false,
            cwd: Vec::new(),
            restart: 0,
            rename: None,
            peer: None,
            kept: Vec::new(),
            open: Vec::new(),
            opening: None,
            data: None,
            last: None,
            change_after: None,
            trailer: Vec::new(),
        }
    }

    /// Tells, once, that the session is over.
    pub fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.shared.wire.add(Event::Ended { session: self.number });
        }
    }

    /// Serves until the connection ends, whoever ends it.
    pub fn run(&mut self) {
        let _ = self.serve();
    }

    fn serve(&mut self) -> io::Result<()> {
        if self.shared.script().implicit {
            self.secure()?;
        }
        let greeting = self.shared.script().take_step(b"", b"");
        self.obey(greeting, b"", b"")?;
        loop {
            let Some(line) = self.read_line()? else { return over() };
            let (verb, argument) = match line.iter().position(|b| *b == b' ') {
                Some(space) => (&line[..space], &line[space + 1..]),
                None => (&line[..], &b""[..]),
            };
            let verb = verb.to_ascii_uppercase();
            let argument = &undoubled(argument)[..];
            let path = self.path(argument);
            let step = self.shared.script().take_step(&verb, &path);
            self.obey(step, &verb, argument)?;
        }
    }

    /// Does what the script says. The empty verb stands for the greeting.
    fn obey(&mut self, step: Step, verb: &[u8], argument: &[u8]) -> io::Result<()> {
        match step {
            Step::Honest => return self.answer(verb, argument),
            Step::Reply(bytes) => {
                self.send(&bytes)?;
                self.logged_in |= verb != b"AUTH" && bytes.starts_with(b"23");
                if verb == b"AUTH" && bytes.starts_with(b"234") {
                    self.secure()?;
                }
            }
            Step::Before(bytes) => {
                self.send(&bytes)?;
                return self.answer(verb, argument);
            }
            Step::After(bytes) => {
                self.trailer = bytes;
                return self.answer(verb, argument);
            }
            Step::Final(bytes) => {
                self.last = Some(bytes);
                return self.answer(verb, argument);
            }
            Step::Opening(bytes) => {
                self.opening = Some(bytes);
                return self.answer(verb, argument);
            }
            Step::Data(data) => {
                self.data = Some(data);
                return self.answer(verb, argument);
            }
            Step::Change(change) => {
                change(&mut self.files());
                return self.answer(verb, argument);
            }
            Step::ChangeAfter(change) => {
                self.change_after = Some(change);
                return self.answer(verb, argument);
            }
            Step::Silence => {}
            Step::Drip(bytes, interval) => {
                for byte in bytes {
                    self.send(&[byte])?;
                    self.shared.pause(interval);
                }
            }
            Step::Endless(bytes) => loop {
                self.send(&bytes)?;
            },
            Step::EndlessRecords(record) => loop {
                let Some(stream) = &mut self.stream else { return over() };
                stream.send_record(record)?;
            },
            Step::Close(bytes) => {
                self.send(&bytes)?;
                self.stream.take().map(Stream::close);
                return over();
            }
            Step::Cut(bytes) => {
                self.send(&bytes)?;
                self.stream.take().map(Stream::cut);
                return over();
            }
            Step::Reset(bytes) => {
                self.send(&bytes)?;
                self.stream.take().map(Stream::reset).unwrap_or_default();
                return over();
            }
        }
        Ok(())
    }

    /// Sends a body for a command that was found to be in order.
    pub(super) fn send_body(&mut self, verb: &[u8], body: Vec<u8>) -> io::Result<()> {
        self.transfer(verb, Some(body), |_| {})
    }

    /// Receives a file, and puts it there behind what is kept of the old one.
    pub(super) fn receive(&mut self, verb: &[u8], path: Vec<u8>, kept: Vec<u8>) -> io::Result<()> {
        let shared = self.shared;
        self.transfer(verb, None, |received| {
            let now = chrono::Utc::now().format("%Y%m%d%H%M%S").to_string();
            let mut files = shared.files.lock().unwrap();
            files.put(&path, [kept, received].concat());
            files.set_time(&path, &now);
        })
    }

    /// `store` is called with what an upload brought, before the completion reply is sent.
    fn transfer(
        &mut self,
        verb: &[u8],
        body: Option<Vec<u8>>,
        store: impl FnOnce(Vec<u8>),
    ) -> io::Result<()> {
        let opening = self.opening.take();
        let last = self.last.take();
        let Some(peer) = self.peer.take() else {
            return self.reply("425 use EPSV or PASV first");
        };
        let handshake_first = self.shared.script().handshake_first;
        let opening = opening.unwrap_or_else(|| b"150 here it comes\r\n".to_vec());
        let refused = opening.starts_with(b"4") || opening.starts_with(b"5");
        if !handshake_first {
            self.send(&opening)?;
            if refused {
                return Ok(());
            }
        }
        let data = self.data.take().unwrap_or_else(|| self.shared.script().take_data(verb));
        if matches!(data, Data::NeverAccept) {
            self.kept.push(peer);
            return Ok(());
        }
        let context = self.context.clone();
        let transfer = Transfer {
            shared: self.shared,
            session: self.number,
            context: &context,
            protected: self.protected,
            data,
        };
        let begun = transfer.begin(&peer);
        if handshake_first {
            if let Err(failure) = begun {
                return self.reply(failure);
            }
            self.send(&opening)?;
            if refused {
                return Ok(());
            }
        }
        let (upload, shared) = (body.is_none(), self.shared);
        let mut change_after = self.change_after.take();
        let done = match begun {
            // A client that lost this connection may ask for the file again at once.
            Ok(stream) => transfer.run(stream, body, || {
                if let Some(change) = change_after.take_if(|_| !upload) {
                    change(&mut shared.files.lock().unwrap());
                }
            }),
            Err(failure) => Done::without_data(failure),
        };
        self.open.extend(done.kept);
        if upload {
            store(done.received);
        }
        if let Some(change) = change_after {
            change(&mut self.files());
        }
        match last {
            Some(bytes) => self.send(&bytes),
            None => self.reply(done.reply),
        }
    }

    /// A port for the client to connect to; none if all are in use.
    pub(super) fn listen(&mut self) -> io::Result<Option<u16>> {
        self.peer = None;
        let max = self.shared.script().max_ports;
        let mut ports = self.shared.ports.lock().unwrap();
        ports.retain(|port| port.strong_count() > 0);
        if ports.len() >= max {
            return Ok(None);
        }
        let listener = TcpListener::bind((self.shared.script().address, 0))?;
        let port = listener.local_addr()?.port();
        let listener = Arc::new(listener);
        ports.push(Arc::downgrade(&listener));
        self.peer = Some(Peer::Listen(listener));
        Ok(Some(port))
    }

    /// A port of the client's to connect to.
    pub(super) fn dial(&mut self, address: SocketAddr) {
        self.peer = Some(Peer::Dial(address));
    }

    /// The path that an argument means.
    pub(super) fn path(&self, argument: &[u8]) -> Vec<u8> {
        absolute(&self.cwd, argument)
    }

    pub(super) fn files(&self) -> MutexGuard<'a, Files> {
        self.shared.files.lock().unwrap()
    }

    /// Sends a reply; CRLF and what the script adds come after it, in one piece.
    pub(super) fn reply(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        let trailer = std::mem::take(&mut self.trailer);
        self.send(&[&doubled(text.as_ref())[..], b"\r\n", &trailer].concat())
    }

    /// Says hello, unless there are too many sessions already.
    pub(super) fn greet(&mut self) -> io::Result<()> {
        let open = self.shared.wire.open_sessions();
        if open > self.shared.script().max_sessions {
            self.reply("421 too many connections")?;
            self.stream.take().map(Stream::close);
            return over();
        }
        self.reply("220 scripted server")
    }

    /// Says goodbye, and ends the session.
    pub(super) fn goodbye(&mut self) -> io::Result<()> {
        self.reply("221 goodbye")?;
        // Who sees the end of the connection finds it told.
        self.end();
        self.stream.take().map(Stream::close);
        over()
    }

    pub(super) fn secure(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return over() };
        let resets = self.shared.script().resets_refused;
        let resumed = stream.secure(&self.context, resets)?;
        self.shared.wire.add(Event::Secured { session: self.number, resumed });
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            // An empty write would be an error to OpenSSL.
            Some(stream) if !bytes.is_empty() => stream.write_all(bytes),
            Some(_) => Ok(()),
            None => over(),
        }
    }

    /// The next command line, without CRLF. What is left at the end of the stream is recorded.
    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(stream) = &mut self.stream else { return over() };
        let tls = stream.is_tls();
        let mut line = Vec::new();
        let mut byte = [0];
        let whole = loop {
            match stream.read(&mut byte) {
                Ok(1..) if byte[0] == b'\n' => break true,
                Ok(1..) => line.push(byte[0]),
                Ok(0) | Err(_) => break false,
            }
        };
        if line.ends_with(b"\r") {
            line.pop();
        }
        if whole && tls && self.shared.script().forgetful {
            stream.forget_input();
        }
        if whole || !line.is_empty() {
            self.shared.wire.add(Event::Line { session: self.number, tls, line: line.clone() });
        }
        Ok(whole.then_some(line))
    }
}
