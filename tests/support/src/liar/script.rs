//! What a scripted server is to do otherwise than a correct one.
//!
//! Every `on` and `data` adds to a queue for its verb: the first is for the verb's first
//! occurrence on this server, the second for the second; after the last the server is correct
//! again. `always` and `always_data` have no end.

use super::files::absolute;
use super::{Files, Spelling};
use crate::certificate::Certificate;
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// TLS versions that the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.1 only, which no client should accept.
    Tls11,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
    /// Both.
    Both,
    /// All from TLS 1.0 to TLS 1.3.
    All,
}

/// TLS records without payload that a server can send at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// A session ticket (TLS 1.3).
    Ticket,
    /// A key update that wants one in return (TLS 1.3).
    KeyUpdate,
    /// A request to renegotiate (TLS 1.2).
    HelloRequest,
}

/// A change of the tree.
pub type Change = Arc<dyn Fn(&mut Files) + Send + Sync>;

/// What to do with one command. Texts are sent as they are: with the CRLF, or without.
#[derive(Clone)]
pub enum Step {
    /// What a correct server does.
    Honest,
    /// Send these bytes and do nothing else. A `234` to AUTH still starts TLS, after all bytes.
    Reply(Vec<u8>),
    /// Send these bytes, then do what a correct server does.
    Before(Vec<u8>),
    /// Do what a correct server does, then send these bytes in one piece with its last reply.
    After(Vec<u8>),
    /// For a command with a transfer: the reply after the data, instead of `226`. May be empty.
    Final(Vec<u8>),
    /// For a command with a transfer: the reply before the data, instead of `150`. May be empty.
    Opening(Vec<u8>),
    /// For a command with a transfer: this with its data, whatever `data` and `always_data` say.
    Data(Data),
    /// Change the tree, then do what a correct server does.
    Change(Change),
    /// For a command with a transfer: do what a correct server does, and change the tree after the
    /// data and before the completion reply.
    ChangeAfter(Change),
    /// Send nothing, and go on with the next command.
    Silence,
    /// Send these bytes one by one, at this interval.
    Drip(Vec<u8>, Duration),
    /// Send these bytes again and again, until the client goes away.
    Endless(Vec<u8>),
    /// Send such TLS records again and again, until the client goes away.
    EndlessRecords(Record),
    /// Send these bytes, then close: with close_notify where TLS is up.
    Close(Vec<u8>),
    /// Send these bytes, then end the TCP stream without close_notify.
    Cut(Vec<u8>),
    /// Send these bytes, then reset the TCP connection.
    Reset(Vec<u8>),
}

impl Step {
    /// A reply; CRLF is added.
    pub fn reply(text: impl AsRef<[u8]>) -> Self {
        Self::Reply([text.as_ref(), b"\r\n"].concat())
    }

    /// A change of the tree before the command is done.
    pub fn change(change: impl Fn(&mut Files) + Send + Sync + 'static) -> Self {
        Self::Change(Arc::new(change))
    }

    /// A change of the tree after the data of a transfer.
    pub fn change_after(change: impl Fn(&mut Files) + Send + Sync + 'static) -> Self {
        Self::ChangeAfter(Arc::new(change))
    }

    /// A completion reply; CRLF is added.
    pub fn last(text: impl AsRef<[u8]>) -> Self {
        Self::Final([text.as_ref(), b"\r\n"].concat())
    }
}

/// What to do with the data of one transfer. Counts are bytes of the body.
///
/// The completion reply is a cheerful `226` whatever happens here; `Step::Final` changes it.
#[derive(Clone)]
pub enum Data {
    /// What a correct server does.
    Honest,
    /// These bytes instead of the file's or the listing's.
    Body(Vec<u8>),
    /// After so many bytes, a proper end of TLS (download) or no further reading (upload).
    Short(usize),
    /// After so many bytes, the end of the TCP stream without close_notify.
    Cut(usize),
    /// After so many bytes (sent or received), a reset.
    Reset(usize),
    /// After so many bytes (sent or received), nothing more, until the client closes.
    Stall(usize),
    /// One byte at each interval.
    Trickle(Duration),
    /// This body again and again, until the client goes away; for an upload, after all of it has
    /// come.
    Endless(Vec<u8>),
    /// Such TLS records again and again instead of a body, until the client goes away.
    EndlessRecords(Record),
    /// These bytes instead of a TLS handshake, again and again, until the client goes away.
    EndlessGarbage(Vec<u8>),
    /// These bytes instead of a TLS handshake.
    Garbage(Vec<u8>),
    /// Another certificate than on the control connection, and no session is resumed.
    Certificate(Certificate),
    /// In active mode: somebody else connects first, from 127.0.0.2, and says these bytes.
    Stranger(Vec<u8>),
    /// The connection is never accepted (the system completes it, nothing answers).
    NeverAccept,
    /// The connection is accepted, but there is no handshake.
    NoHandshake,
    /// The connection is accepted, and closed without a handshake.
    CloseUnsecured,
    /// After so many bytes (sent or received) the completion reply, while the connection stays
    /// open.
    KeepOpen(usize),
}

/// A script. Begin with [`Script::new`], which is a correct server.
#[derive(Clone)]
pub struct Script {
    pub(super) implicit: bool,
    pub(super) user: String,
    pub(super) password: String,
    /// Further users, and their passwords.
    others: Vec<(String, String)>,
    pub(super) certificate: Certificate,
    pub(super) versions: Versions,
    pub(super) needs_resumption: bool,
    pub(super) wants_certificate: bool,
    /// A client whose handshake is refused gets a reset after the alert.
    pub(super) resets_refused: bool,
    pub(super) files: Files,
    pub(super) missing: HashSet<Verb>,
    pub(super) extra_features: Vec<String>,
    pub(super) max_sessions: usize,
    /// The number of logins at one time, and the reply to one more.
    pub(super) max_logins: Option<(usize, String)>,
    /// The number of passive ports.
    pub(super) max_ports: usize,
    /// Apache FtpServer's way with listings.
    pub(super) apache: bool,
    /// The reply to LIST for a directory that does not exist.
    pub(super) no_directory: String,
    /// The handshake of a data connection comes before the preliminary reply.
    pub(super) handshake_first: bool,
    /// PBSZ and PROT are refused before the login.
    pub(super) protects_after_login: bool,
    /// Loses whatever comes together with a command.
    pub(super) forgetful: bool,
    /// Listings hold the directory itself: `.` with `LIST -a`, `cdir` with MLSD.
    pub(super) itself: bool,
    /// How many minutes the clock of LIST is ahead of UTC.
    pub(super) ahead: i64,
    /// How many minutes the clock of MDTM and MFMT is ahead of UTC.
    pub(super) mdtm_ahead: i64,
    /// LIST has no years.
    pub(super) omits_years: bool,
    pub(super) passive_address: Ipv4Addr,
    /// Where it listens.
    pub(super) address: IpAddr,
    /// By verb and directory; without a directory, for all others.
    listings: HashMap<(Verb, Option<Vec<u8>>), Vec<u8>>,
    steps: HashMap<Verb, Queue<Step>>,
    /// By verb and path.
    steps_of: HashMap<(Verb, Vec<u8>), Step>,
    data: HashMap<Verb, Queue<Data>>,
}

type Verb = Vec<u8>;

/// What is to come, and what is done when nothing of that is left.
#[derive(Clone)]
struct Queue<T> {
    next: VecDeque<T>,
    then: Option<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { next: VecDeque::new(), then: None }
    }
}

impl<T: Clone> Queue<T> {
    fn take(queues: &mut HashMap<Verb, Self>, verb: &[u8]) -> Option<T> {
        let queue = queues.get_mut(verb)?;
        queue.next.pop_front().or_else(|| queue.then.clone())
    }
}

fn verb(name: &str) -> Verb {
    name.to_ascii_uppercase().into_bytes()
}

impl Script {
    /// A correct server: explicit TLS 1.2 and 1.3, a new certificate, no files.
    pub fn new() -> Self {
        Self {
            implicit: false,
            user: "tester".to_owned(),
            password: "s3cret-word".to_owned(),
            others: Vec::new(),
            certificate: Certificate::make("localhost").unwrap(),
            versions: Versions::Both,
            needs_resumption: false,
            wants_certificate: false,
            resets_refused: false,
            files: Files::default(),
            listings: HashMap::new(),
            missing: HashSet::new(),
            extra_features: Vec::new(),
            max_sessions: usize::MAX,
            max_logins: None,
            max_ports: usize::MAX,
            apache: false,
            no_directory: "550 no such directory".to_owned(),
            handshake_first: false,
            protects_after_login: false,
            forgetful: false,
            itself: false,
            ahead: 0,
            mdtm_ahead: 0,
            omits_years: false,
            passive_address: Ipv4Addr::LOCALHOST,
            address: Ipv4Addr::LOCALHOST.into(),
            steps: HashMap::new(),
            steps_of: HashMap::new(),
            data: HashMap::new(),
        }
    }

    /// Listens on `::1`.
    pub fn ipv6(mut self) -> Self {
        self.address = Ipv6Addr::LOCALHOST.into();
        self
    }

    /// One more user.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.others.push((name.to_owned(), password.to_owned()));
        self
    }

    pub(super) fn takes(&self, user: &str, password: &str) -> bool {
        let other = |(name, word): &(String, String)| name == user && word == password;
        (self.user == user && self.password == password) || self.others.iter().any(other)
    }

    /// Sends the preliminary reply after the data connection's handshake, for which it waits a
    /// second.
    pub fn handshake_first(mut self) -> Self {
        self.handshake_first = true;
        self
    }

    /// Takes PBSZ and PROT only after the login.
    pub fn protects_after_login(mut self) -> Self {
        self.protects_after_login = true;
        self
    }

    /// Takes one command of those that come together, and loses the others.
    pub fn forgetful(mut self) -> Self {
        self.forgetful = true;
        self
    }

    /// Implicit TLS.
    pub fn implicit(mut self) -> Self {
        self.implicit = true;
        self
    }

    /// Only these TLS versions.
    pub fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// This certificate.
    pub fn certificate(mut self, certificate: &Certificate) -> Self {
        self.certificate = certificate.clone();
        self
    }

    /// Data connections must resume the control connection's session: otherwise 522.
    pub fn needs_resumption(mut self) -> Self {
        self.needs_resumption = true;
        self
    }

    /// A file, with the directories above it. Its time is 2024-01-02 03:04:05.
    pub fn file(mut self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.files.put(path.as_ref(), content.as_ref().to_vec());
        self
    }

    /// A change of the tree before the server starts.
    pub fn change(mut self, change: impl FnOnce(&mut Files)) -> Self {
        change(&mut self.files);
        self
    }

    /// An empty directory, with those above it.
    pub fn dir(mut self, path: impl AsRef<[u8]>) -> Self {
        self.files.make_dirs(path.as_ref());
        self
    }

    /// The time of a file or directory: YYYYMMDDHHMMSS, UTC.
    pub fn time(mut self, path: impl AsRef<[u8]>, time: &str) -> Self {
        assert!(self.files.set_time(path.as_ref(), time), "what is to have this time?");
        self
    }

    /// Listings hold the directory itself, as those of vsftpd, ProFTPD and Pure-FTPd do: `.` and `..`
    /// with `LIST -a`, `cdir` and `pdir` with MLSD.
    pub fn lists_itself(mut self) -> Self {
        self.itself = true;
        self
    }

    /// How names are spelled, from now on.
    pub fn spelling(mut self, spelling: Spelling) -> Self {
        self.files.spelling = spelling;
        self
    }

    /// LIST gives times on a clock that is so many minutes ahead of UTC.
    pub fn list_ahead(mut self, minutes: i64) -> Self {
        self.ahead = minutes;
        self
    }

    /// LIST, MDTM and MFMT have the times of a clock that is so many minutes ahead of UTC, as vsftpd
    /// has them with `use_localtime=YES`.
    pub fn local_time(mut self, minutes: i64) -> Self {
        (self.ahead, self.mdtm_ahead) = (minutes, minutes);
        self
    }

    /// LIST shows no years, however old a file is (goftp).
    pub fn list_omits_years(mut self) -> Self {
        self.omits_years = true;
        self
    }

    /// The client must show a certificate (any will do), or the handshake fails.
    pub fn wants_certificate(mut self) -> Self {
        self.wants_certificate = true;
        self
    }

    /// A client whose handshake is refused gets a reset right after the alert.
    pub fn resets_refused(mut self) -> Self {
        self.resets_refused = true;
        self
    }

    /// What the server says first, on every control connection. For one connection only, it is
    /// `on("", step)`.
    pub fn greeting(self, step: Step) -> Self {
        self.always("", step)
    }

    /// What to do at the next occurrence of a verb (see the top of this file).
    pub fn on(mut self, name: &str, step: Step) -> Self {
        self.steps.entry(verb(name)).or_default().next.push_back(step);
        self
    }

    /// What to do at every occurrence of a verb for which `on` says nothing.
    pub fn always(mut self, name: &str, step: Step) -> Self {
        self.steps.entry(verb(name)).or_default().then = Some(step);
        self
    }

    /// What to do at every occurrence of a verb with one path (an absolute one), whatever `on` and
    /// `always` say.
    pub fn of(mut self, name: &str, path: impl AsRef<[u8]>, step: Step) -> Self {
        self.steps_of.insert((verb(name), absolute(b"", path.as_ref())), step);
        self
    }

    /// What to do with the data of the next transfer of a verb.
    pub fn data(mut self, name: &str, data: Data) -> Self {
        self.data.entry(verb(name)).or_default().next.push_back(data);
        self
    }

    /// What to do with the data of every transfer of a verb for which `data` says nothing.
    pub fn always_data(mut self, name: &str, data: Data) -> Self {
        self.data.entry(verb(name)).or_default().then = Some(data);
        self
    }

    /// The server does not know this verb (500), and FEAT does not name it.
    pub fn without(mut self, name: &str) -> Self {
        self.missing.insert(verb(name));
        self
    }

    /// One more line in FEAT's reply (such as `HASH SHA-256*`). HASH (of the first algorithm),
    /// XSHA256, XSHA1, XMD5 and XCRC are answered where such a line promises them; everything
    /// else that one promises is for `on`.
    pub fn feature(mut self, line: &str) -> Self {
        self.extra_features.push(line.to_owned());
        self
    }

    /// More control connections than these at one time are turned away with 421.
    pub fn max_sessions(mut self, count: usize) -> Self {
        self.max_sessions = count;
        self
    }

    /// With more control connections than these at one time, PASS gets this reply.
    pub fn max_logins(mut self, count: usize, reply: &str) -> Self {
        self.max_logins = Some((count, reply.to_owned()));
        self
    }

    /// EPSV and PASV are refused with 425 while so many ports are in use.
    pub fn max_ports(mut self, count: usize) -> Self {
        self.max_ports = count;
        self
    }

    /// Apache FtpServer's way with listings: MLSD shows a directory that does not exist as empty, and
    /// a file as a directory with itself in it; names with `*`, `?` or `[` are patterns to MLSD and
    /// MLST; LIST refuses what does not exist with 450, MLST with 501; MLST replies with bare names.
    pub fn apache(mut self) -> Self {
        self.apache = true;
        self.list_refuses("450 Non-existing file")
    }

    /// LIST for a directory that does not exist gets this reply.
    pub fn list_refuses(mut self, reply: &str) -> Self {
        reply.clone_into(&mut self.no_directory);
        self
    }

    /// PASV names this address, as a server behind NAT does; it listens where it always does.
    pub fn passive_address(mut self, address: Ipv4Addr) -> Self {
        self.passive_address = address;
        self
    }

    /// Exactly these bytes are the listing by this verb (MLSD, LIST, NLST), in every directory,
    /// also in such as are not there.
    pub fn listing(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.listings.insert((verb(name), None), bytes.as_ref().to_vec());
        self
    }

    /// Exactly these bytes are the listing of one directory (an absolute path) by this verb.
    pub fn listing_of(
        mut self,
        name: &str,
        dir: impl AsRef<[u8]>,
        bytes: impl AsRef<[u8]>,
    ) -> Self {
        let key = (verb(name), Some(absolute(b"", dir.as_ref())));
        self.listings.insert(key, bytes.as_ref().to_vec());
        self
    }

    pub(super) fn raw_listing(&self, verb: &[u8], dir: &[u8]) -> Option<Vec<u8>> {
        let of = |dir| self.listings.get(&(verb.to_vec(), dir)).cloned();
        of(Some(dir.to_vec())).or_else(|| of(None))
    }

    pub(super) fn take_step(&mut self, verb: &[u8], path: &[u8]) -> Step {
        if let Some(step) = self.steps_of.get(&(verb.to_vec(), path.to_vec())) {
            return step.clone();
        }
        Queue::take(&mut self.steps, verb).unwrap_or(Step::Honest)
    }

    pub(super) fn take_data(&mut self, verb: &[u8]) -> Data {
        Queue::take(&mut self.data, verb).unwrap_or(Data::Honest)
    }
}
