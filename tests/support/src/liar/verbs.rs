//! What a correct server answers to each command (RFC 959, 2228, 2428, 3659, 4217).

use super::control::Control;
use super::files::{Node, parent, shifted};
use openssl::hash::MessageDigest;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// What may be sent before the login.
const BEFORE_LOGIN: [&[u8]; 10] =
    [b"AUTH", b"USER", b"PASS", b"PBSZ", b"PROT", b"FEAT", b"OPTS", b"SYST", b"NOOP", b"QUIT"];

/// The reply to a passive command when all ports are in use.
const NO_PORT: &str = "425 Can't open passive connection.";

impl Control<'_> {
    /// The reply to one login too many.
    fn is_full(&self) -> Option<String> {
        let open = self.shared.wire.open_sessions();
        let (max, reply) = self.shared.script().max_logins.clone()?;
        (open > max).then_some(reply)
    }

    /// Answers one command; the empty verb asks for the greeting.
    pub(super) fn answer(&mut self, verb: &[u8], argument: &[u8]) -> io::Result<()> {
        if verb.is_empty() {
            return self.greet();
        }
        if self.shared.script().missing.contains(verb) {
            return self.reply("500 unknown command");
        }
        if !self.logged_in && !BEFORE_LOGIN.contains(&verb) {
            return self.reply("530 log in first");
        }
        let text = String::from_utf8_lossy(argument).into_owned();
        let early = !self.logged_in && self.shared.script().protects_after_login;
        match verb {
            b"PBSZ" | b"PROT" if early => self.reply("503 log in first"),
            b"AUTH" => {
                self.reply("234 go ahead")?;
                self.secure()
            }
            b"USER" => {
                self.user = text;
                self.reply("331 password, please")
            }
            b"PASS" if self.logged_in => self.reply("503 already logged in"),
            b"PASS" if self.is_full().is_some() => {
                let reply = self.is_full().unwrap_or_default();
                self.reply(reply)
            }
            b"PASS" => {
                self.logged_in = self.shared.script().takes(&self.user, &text);
                self.reply(if self.logged_in { "230 welcome" } else { "530 login incorrect" })
            }
            b"PROT" => {
                self.protected = text.eq_ignore_ascii_case("P");
                self.reply("200 so be it")
            }
            b"FEAT" => self.features(),
            b"SYST" => self.reply("215 UNIX Type: L8"),
            b"PBSZ" => self.reply("200 PBSZ=0"),
            b"TYPE" | b"OPTS" | b"NOOP" | b"CLNT" | b"MODE" | b"STRU" => self.reply("200 ok"),
            b"ALLO" => self.reply("202 not needed"),
            b"ABOR" => self.reply("226 nothing to abort"),
            b"QUIT" => self.goodbye(),
            b"PWD" | b"XPWD" => self.current(),
            b"CWD" => self.change(argument),
            b"CDUP" => self.change(b".."),
            b"MKD" | b"RMD" | b"DELE" | b"RNFR" | b"RNTO" | b"SITE" | b"MFMT" => {
                self.modify(verb, argument, &text)
            }
            b"SIZE" | b"MDTM" | b"MLST" => self.facts(verb, argument),
            b"HASH" | b"XSHA256" | b"XSHA1" | b"XMD5" | b"XCRC" => self.checksum(verb, argument),
            b"REST" => {
                self.restart = text.trim().parse().unwrap_or(0);
                self.reply(format!("350 restarting at {}", self.restart))
            }
            b"EPSV" => {
                let Some(port) = self.listen()? else { return self.reply(NO_PORT) };
                self.reply(format!("229 entering extended passive mode (|||{port}|)"))
            }
            b"PASV" => {
                let Some(port) = self.listen()? else { return self.reply(NO_PORT) };
                let (high, low) = (port >> 8, port & 255);
                let [a, b, c, d] = self.shared.script().passive_address.octets();
                self.reply(format!("227 entering passive mode ({a},{b},{c},{d},{high},{low})"))
            }
            b"EPRT" | b"PORT" => match active(verb, &text) {
                Some(address) => {
                    self.dial(address);
                    self.reply("200 ok")
                }
                None => self.reply("501 not an address"),
            },
            b"LIST" | b"NLST" | b"MLSD" => self.list(verb, argument),
            b"RETR" => self.download(argument),
            b"STOR" | b"APPE" => self.upload(verb, argument),
            _ => self.reply("500 unknown command"),
        }
    }

    fn features(&mut self) -> io::Result<()> {
        let mut lines = String::from("211-features:\r\n");
        let known = [
            ("AUTH", "AUTH TLS"),
            ("EPSV", "EPSV"),
            ("MDTM", "MDTM"),
            ("MFMT", "MFMT"),
            ("MLSD", "MLST type*;size*;modify*;UNIX.mode*;"),
            ("PBSZ", "PBSZ"),
            ("PROT", "PROT"),
            ("REST", "REST STREAM"),
            ("SIZE", "SIZE"),
            ("TVFS", "TVFS"),
            ("UTF8", "UTF8"),
        ];
        for (verb, line) in known {
            if !self.shared.script().missing.contains(verb.as_bytes()) {
                lines.push_str(&format!(" {line}\r\n"));
            }
        }
        for line in &self.shared.script().extra_features {
            lines.push_str(&format!(" {line}\r\n"));
        }
        self.reply(lines + "211 end")
    }

    fn current(&mut self) -> io::Result<()> {
        let mut quoted = Vec::new();
        for byte in if self.cwd.is_empty() { b"/" } else { &self.cwd[..] } {
            quoted.push(*byte);
            if *byte == b'"' {
                quoted.push(*byte);
            }
        }
        self.reply([b"257 \"", &quoted[..], b"\" is the current directory"].concat())
    }

    fn change(&mut self, argument: &[u8]) -> io::Result<()> {
        let path = self.path(argument);
        if self.files().is_dir(&path) {
            self.cwd = path;
            self.reply("250 ok")
        } else {
            self.reply("550 no such directory")
        }
    }

    /// The commands that change the tree without a transfer.
    fn modify(&mut self, verb: &[u8], argument: &[u8], text: &str) -> io::Result<()> {
        let path = self.path(argument);
        let done = match verb {
            b"MKD" => {
                let mut files = self.files();
                let free = files.get(&path).is_none() && files.is_dir(parent(&path));
                if free {
                    files.make_dirs(&path);
                }
                free
            }
            b"RMD" => self.files().remove(&path, true),
            b"DELE" => self.files().remove(&path, false),
            b"RNFR" => {
                let found = self.files().get(&path).is_some();
                self.rename = found.then_some(path);
                return self.reply(if found { "350 and now?" } else { "550 no such file" });
            }
            b"RNTO" => match self.rename.take() {
                Some(from) => self.files().rename(&from, &path),
                None => return self.reply("503 RNFR first"),
            },
            // SITE CHMOD mode name, SITE UTIME time name, MFMT time name: any byte may be in a name.
            _ => {
                let words = if verb == b"SITE" { 2 } else { 1 };
                let end = argument.iter().enumerate().filter(|(_, b)| **b == b' ');
                let Some(end) = end.map(|(at, _)| at).nth(words - 1) else {
                    return self.reply("501 what, and of which file?");
                };
                let path = self.path(&argument[end + 1..]);
                let value = text.split(' ').nth(words - 1).unwrap_or("");
                let what = text.split(' ').next().unwrap_or("").to_ascii_uppercase();
                match (verb, &what[..]) {
                    (b"SITE", "CHMOD") => self.files().set_mode(&path, value),
                    (b"SITE", "UTIME") => self.files().set_time(&path, value),
                    (b"SITE", _) => return self.reply("500 unknown SITE command"),
                    _ if value.len() != 14 => return self.reply("501 not a time"),
                    _ if self.set_local_time(&path, value) => {
                        return self.reply(format!("213 Modify={value};"));
                    }
                    _ => false,
                }
            }
        };
        match verb {
            _ if !done => self.reply("550 not done"),
            b"MKD" => self.reply("257 \"directory\" created"),
            b"SITE" => self.reply("200 ok"),
            _ => self.reply("250 ok"),
        }
    }

    fn set_local_time(&self, path: &[u8], time: &str) -> bool {
        let time = self.to_utc(time);
        self.files().set_time(path, &time)
    }

    /// A time of the clock of MDTM and MFMT.
    fn to_utc(&self, time: &str) -> String {
        shifted(time, -self.shared.script().mdtm_ahead)
    }

    fn facts(&mut self, verb: &[u8], argument: &[u8]) -> io::Result<()> {
        // With a time before the name, MDTM sets it.
        if let (b"MDTM", Some((time, name))) = (verb, argument.split_at_checked(14))
            && time.iter().all(u8::is_ascii_digit)
            && name.starts_with(b" ")
        {
            let path = self.path(&name[1..]);
            let time = self.to_utc(&String::from_utf8_lossy(time));
            let done = self.files().set_time(&path, &time);
            return self.reply(if done { "213 ok" } else { "550 no such file" });
        }
        let apache = verb == b"MLST" && self.shared.script().apache;
        let mut path = self.path(argument);
        if apache {
            match split_pattern(&path) {
                Some((above, _)) if split_pattern(above).is_some() => {
                    return self.reply("550 Requested action not taken.");
                }
                Some((above, _)) => path = above.to_vec(),
                None => {}
            }
        }
        let node = self.files().get(&path).cloned();
        let node = node.or_else(|| (apache && path.is_empty()).then(Node::directory));
        let Some(node) = node else {
            let missing = if apache { "501 Not a valid pathname." } else { "550 no such file" };
            return self.reply(missing);
        };
        if apache {
            let name = path.rsplit(|byte| *byte == b'/').next().filter(|name| !name.is_empty());
            path = name.unwrap_or(b"/").to_vec();
        }
        match (verb, &node.content) {
            (b"SIZE", Some(content)) => self.reply(format!("213 {}", content.len())),
            (b"MDTM", Some(_)) => {
                let ahead = self.shared.script().mdtm_ahead;
                self.reply(format!("213 {}", shifted(&node.time, ahead)))
            }
            (b"MLST", _) => {
                let facts = node.facts();
                self.reply([b"250-\r\n ", facts.as_bytes(), &path, b"\r\n250 end"].concat())
            }
            _ => self.reply("550 not a plain file"),
        }
    }

    /// The checksum of a file, where FEAT promises this verb.
    fn checksum(&mut self, verb: &[u8], argument: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(verb).into_owned();
        let promised = self.shared.script().extra_features.iter().find_map(|line| {
            let mut words = line.split([' ', ';', '*']);
            (words.next() == Some(&text)).then(|| words.next().unwrap_or("").to_owned())
        });
        let Some(algorithm) = promised else { return self.reply("500 unknown command") };
        let path = self.path(argument);
        let content = self.files().content(&path).map(<[u8]>::to_vec);
        let Some(content) = content else { return self.reply("550 no such file") };
        let hex = |digest| {
            let digits = openssl::hash::hash(digest, &content).unwrap();
            digits.iter().map(|byte| format!("{byte:02X}")).collect::<String>()
        };
        let digits = match &*text {
            "XSHA256" => hex(MessageDigest::sha256()),
            "XSHA1" => hex(MessageDigest::sha1()),
            "XMD5" => hex(MessageDigest::md5()),
            "XCRC" => format!("{:08X}", crc32fast::hash(&content)),
            _ => hex(MessageDigest::from_name(&algorithm.replace('-', "")).unwrap()),
        };
        let name = String::from_utf8_lossy(argument).into_owned();
        match &*text {
            "HASH" => self.reply(format!("213 {algorithm} 0-{} {digits} {name}", content.len())),
            _ => self.reply(format!("250 {digits}")),
        }
    }

    fn list(&mut self, verb: &[u8], argument: &[u8]) -> io::Result<()> {
        // Options, as `ls` takes them, come before the name.
        let mut argument = argument;
        let mut itself = verb == b"MLSD";
        while verb == b"LIST" && argument.starts_with(b"-") {
            let end = argument.iter().position(|b| *b == b' ').map_or(argument.len(), |at| at + 1);
            itself |= argument[..end].contains(&b'a');
            argument = &argument[end..];
        }
        let mut path = self.path(argument);
        let raw = self.shared.script().raw_listing(verb, &path);
        let apache = verb == b"MLSD" && self.shared.script().apache;
        let pattern = split_pattern(&path).map(|(above, name)| (above.to_vec(), name.to_vec()));
        let pattern = pattern.filter(|_| apache && !argument.is_empty());
        if let Some((above, _)) = &pattern {
            if split_pattern(above).is_some() {
                self.send_body(verb, Vec::new())?;
                return self.reply("501 Syntax error in parameters or arguments.");
            }
            path.clone_from(above);
        }
        let is_shown = |name: &[u8]| {
            pattern.as_ref().is_none_or(|(_, pattern)| matches_pattern(pattern, name))
        };
        let itself_only = self.files().get(&path).filter(|_| apache).cloned();
        let body = match raw {
            Some(bytes) => bytes,
            None if apache && !self.files().is_dir(&path) => {
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let line = |node: Node| [node.facts().as_bytes(), name, b"\r\n"].concat();
                itself_only.map(line).unwrap_or_default()
            }
            None if !self.files().is_dir(&path) => {
                let refusal = match verb {
                    b"LIST" => self.shared.script().no_directory.clone(),
                    _ => "550 no such directory".to_owned(),
                };
                return self.reply(refusal);
            }
            None => {
                let (ahead, omits_years) = {
                    let script = self.shared.script();
                    (script.ahead, script.omits_years)
                };
                itself &= self.shared.script().itself;
                let files = self.files();
                let mut body = Vec::new();
                for (kind, name) in [("cdir", "."), ("pdir", "..")] {
                    let before = match verb {
                        _ if !itself => break,
                        b"MLSD" => format!("type={kind};perm=flcdmpe; "),
                        _ => Node::directory().long(ahead, omits_years),
                    };
                    body.extend(format!("{before}{name}\r\n").into_bytes());
                }
                for (name, node) in files.children(&path).into_iter().filter(|(n, _)| is_shown(n)) {
                    let before = match verb {
                        b"MLSD" => node.facts(),
                        b"LIST" => node.long(ahead, omits_years),
                        _ => String::new(),
                    };
                    body.extend([before.as_bytes(), name, b"\r\n"].concat());
                }
                body
            }
        };
        self.send_body(verb, body)
    }

    fn download(&mut self, argument: &[u8]) -> io::Result<()> {
        let offset = std::mem::take(&mut self.restart);
        let path = self.path(argument);
        let Some(content) = self.files().get(&path).and_then(|node| node.content.clone()) else {
            return self.reply("550 no such file");
        };
        match content.get(offset..) {
            Some(rest) => self.send_body(b"RETR", rest.to_vec()),
            None => self.reply("554 restart offset past the end"),
        }
    }

    /// The file is there, as far as it came, before the completion reply is sent.
    fn upload(&mut self, verb: &[u8], argument: &[u8]) -> io::Result<()> {
        let offset = std::mem::take(&mut self.restart);
        let path = self.path(argument);
        let before = {
            let files = self.files();
            if files.is_dir(&path) || !files.is_dir(super::files::parent(&path)) {
                drop(files);
                return self.reply("553 cannot be stored there");
            }
            files.get(&path).and_then(|node| node.content.clone()).unwrap_or_default()
        };
        let keep = if verb == b"APPE" { before.len() } else { offset.min(before.len()) };
        self.receive(verb, path, before[..keep].to_vec())
    }
}

/// The address in `EPRT |1|127.0.0.1|1234|` or `PORT 127,0,0,1,4,210`.
fn active(verb: &[u8], text: &str) -> Option<SocketAddr> {
    if verb == b"EPRT" {
        let mut parts = text.split(text.chars().next()?).skip(2);
        return Some(SocketAddr::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?));
    }
    let n: Vec<u8> = text.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [a, b, c, d, high, low] = n[..] else { return None };
    Some((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])).into())
}

/// The directory above and the name, of a path whose last component is a pattern.
fn split_pattern(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    let (above, name) = (&path[..slash], &path[slash + 1..]);
    let is_pattern = |name: &[u8]| name.iter().any(|byte| b"*?[".contains(byte));
    // A pattern further up is one as well, to Apache FtpServer.
    (is_pattern(name) || is_pattern(above)).then_some((above, name))
}

/// Whether a name matches a pattern of `*`, `?` and `[…]`.
fn matches_pattern(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|at| matches_pattern(rest, &name[at..])),
        (_, []) => false,
        ([b'?', rest @ ..], [_, after @ ..]) => matches_pattern(rest, after),
        ([b'[', rest @ ..], [byte, after @ ..]) => match rest.iter().position(|b| *b == b']') {
            Some(end) => rest[..end].contains(byte) && matches_pattern(&rest[end + 1..], after),
            None => false,
        },
        ([letter, rest @ ..], [byte, after @ ..]) => letter == byte && matches_pattern(rest, after),
    }
}
