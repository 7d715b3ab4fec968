//! A small FTPS client on the openssl crate alone, to test the tests' servers with.
//!
//! It shares no code with ftpsh, so the servers and the program cannot agree on a mistake.

use openssl::ssl::{
    ShutdownState, Ssl, SslContext, SslMethod, SslSession, SslSessionCacheMode, SslStream,
};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A control connection with TLS.
pub struct Client {
    control: SslStream<TcpStream>,
    context: SslContext,
    session: Arc<Mutex<Option<Vec<u8>>>>,
    peer: SocketAddr,
    /// Whether data connections resume the control connection's session.
    pub resume: bool,
}

impl Client {
    /// Explicit TLS, up to the end of the handshake.
    pub fn explicit(peer: SocketAddr) -> Self {
        let mut tcp = connect(peer);
        assert_eq!(&read_reply(&mut tcp)[..3], "220");
        tcp.write_all(b"AUTH TLS\r\n").unwrap();
        assert_eq!(&read_reply(&mut tcp)[..3], "234");
        Self::secure(tcp, peer)
    }

    /// Implicit TLS, up to the greeting.
    pub fn implicit(peer: SocketAddr) -> Self {
        let mut client = Self::secure(connect(peer), peer);
        assert_eq!(&client.reply()[..3], "220");
        client
    }

    fn secure(tcp: TcpStream, peer: SocketAddr) -> Self {
        let session = Arc::new(Mutex::new(None));
        let mut builder = SslContext::builder(SslMethod::tls_client()).unwrap();
        builder
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        builder.set_new_session_callback({
            let session = Arc::clone(&session);
            move |_, new| *session.lock().unwrap() = Some(new.to_der().unwrap())
        });
        let context = builder.build();
        let mut control = SslStream::new(Ssl::new(&context).unwrap(), tcp).unwrap();
        control.connect().unwrap();
        Self { control, context, session, peer, resume: true }
    }

    /// Logs in, with PROT P.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.command(&format!("USER {user}"));
        assert_eq!(&self.command(&format!("PASS {password}"))[..3], "230");
        self.command("PBSZ 0");
        assert_eq!(&self.command("PROT P")[..3], "200");
        self.command("TYPE I");
        self
    }

    /// SHA-256 of the certificate, as ftpsh prints it.
    pub fn fingerprint(&self) -> String {
        let certificate = self.control.ssl().peer_certificate().unwrap();
        let digest = certificate.digest(openssl::hash::MessageDigest::sha256()).unwrap();
        format!("SHA256:{}", openssl::base64::encode_block(&digest).trim_end_matches('='))
    }

    /// Sends a command without waiting for its reply.
    pub fn send(&mut self, command: &str) {
        self.control.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    }

    /// Reads one reply, whole.
    pub fn reply(&mut self) -> String {
        read_reply(&mut self.control)
    }

    /// Sends a command and reads its reply.
    pub fn command(&mut self, command: &str) -> String {
        self.send(command);
        self.reply()
    }

    /// Reads to the end of the control connection: what came, and whether close_notify did.
    pub fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut rest = Vec::new();
        let _ = self.control.read_to_end(&mut rest);
        (rest, self.control.get_shutdown().contains(ShutdownState::RECEIVED))
    }

    /// EPSV and a command: the opened data connection, not yet secured.
    pub fn open(&mut self, command: &str) -> (String, TcpStream) {
        let reply = self.command("EPSV");
        let port = reply.split('|').nth(3).unwrap_or_else(|| panic!("{reply}")).parse().unwrap();
        self.send(command);
        let tcp = connect((Ipv4Addr::LOCALHOST, port).into());
        (self.reply(), tcp)
    }

    /// TLS on a data connection.
    #[allow(unsafe_code)]
    pub fn secure_data(&self, tcp: TcpStream) -> Result<SslStream<TcpStream>, String> {
        let mut ssl = Ssl::new(&self.context).unwrap();
        // Not every server gives one.
        let session = self.session.lock().unwrap().clone();
        if let (true, Some(der)) = (self.resume, session) {
            let session = SslSession::from_der(&der).unwrap();
            // SAFETY: the session was made for this context.
            unsafe { ssl.set_session(&session) }.unwrap();
        }
        let mut stream = SslStream::new(ssl, tcp).unwrap();
        stream.connect().map_err(|error| error.to_string())?;
        Ok(stream)
    }

    /// A transfer to the client: its body, whether it ended with close_notify, the last reply.
    pub fn fetch(&mut self, command: &str) -> (Vec<u8>, bool, String) {
        let (opening, tcp) = self.open(command);
        assert_eq!(&opening[..3], "150");
        let mut stream = self.secure_data(tcp).unwrap();
        let mut body = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            body.extend_from_slice(&buffer[..n]);
        }
        let clean = stream.get_shutdown().contains(ShutdownState::RECEIVED);
        let _ = stream.shutdown();
        drop(stream);
        (body, clean, self.reply())
    }

    /// A transfer from the client, ended properly: the last reply.
    pub fn store(&mut self, command: &str, body: &[u8]) -> String {
        let (opening, tcp) = self.open(command);
        assert_eq!(&opening[..3], "150");
        let mut stream = self.secure_data(tcp).unwrap();
        if stream.write_all(body).is_ok() {
            let _ = stream.shutdown();
            let _ = stream.get_ref().shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        drop(stream);
        self.reply()
    }

    /// Where the server is.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }
}

/// A connection whose reads end after a while.
pub fn connect(peer: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(peer).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp
}

/// One reply: all its lines.
pub fn read_reply(stream: &mut impl Read) -> String {
    let mut reply = String::new();
    let mut start = 0;
    loop {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "end of stream after {reply:?}");
        reply.push(char::from(byte[0]));
        if byte[0] == b'\n' {
            let line = &reply[start..];
            if line.as_bytes().get(3) == Some(&b' ') && line[..3] == reply[..3] {
                return reply;
            }
            start = reply.len();
        }
    }
}
