//! Sessions against a scripted peer, without TLS.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};

use super::login::{log_in, login_from_template, template};
use super::quirks::ServerQuirks;
use super::server_clock::ServerClock;
use super::*;
use crate::cancel::Cancel;
use crate::error::Kind;
use crate::ftp::connect::dial::{AddressFamily, Dialer};
use crate::ftp::control::testing::{Peer, TIMEOUT, with_control};
use crate::ftp::control::trace::ProtocolTrace;
use crate::ftp::data::open::open_data;

const LOGIN: LoginRequest<'_> = LoginRequest { user: "u", password: "p", account: None };

fn config() -> SessionConfig {
    let dialer = Dialer {
        order: vec![AddressFamily::V4],
        bind: None,
        timeout: TIMEOUT,
        cancel: Cancel::new(),
        proxy: None,
    };
    SessionConfig {
        host: "localhost".into(),
        port: 21,
        implicit: false,
        tls: crate::tls::Config::default(),
        dialer,
        timeout: TIMEOUT,
        mode: DataMode::Auto,
        list: ListMode::Auto,
        prefetch_first_port: false,
        max_listing: 1 << 20,
        clear_data: true,
        quirks: ServerQuirks::default(),
        timezone: None,
        clock: ServerClock::default(),
        charset: Charset::default(),
        trace: ProtocolTrace::default(),
    }
}

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).unwrap()
}

/// Agrees to the protection of data.
fn protects(peer: &mut Peer) {
    peer.takes(&["PBSZ 0", "PROT C"]);
    peer.sends("200 ok\r\n200 ok\r\n");
}

/// Lets the first session of a site in, in this directory.
fn lets_in(peer: &mut Peer, features: &str, directory: &str) {
    protects(peer);
    peer.takes(&["USER u", "PASS p", "FEAT", "TYPE I", "PWD", "SYST"]);
    peer.sends(&format!(
        "331 go on\r\n230 in\r\n211-Features:\r\n{features}211 End\r\n200 ok\r\n257 \"{directory}\"\r\n\
         215 UNIX Type: L8\r\n"
    ));
}

fn with_session<T>(
    serve: impl FnOnce(&mut Peer) + Send,
    act: impl FnOnce(Result<Session>) -> T,
) -> T {
    with_control(serve, |control| {
        let greeting =
            Reply { code: 220, lines: vec![b"hello".to_vec()], charset: Charset::default() };
        act(Session::new(Secured::without_tls(control, config(), greeting)))
    })
}

/// A session that has logged in to `/home`.
fn logged_in<T>(
    features: &str,
    serve: impl FnOnce(&mut Peer) + Send,
    act: impl FnOnce(&mut Session) -> T,
) -> T {
    let serve = |peer: &mut Peer| {
        lets_in(peer, features, "/home");
        serve(peer);
    };
    with_session(serve, |session| {
        let mut session = session.unwrap();
        log_in(&mut session, &LOGIN).unwrap();
        act(&mut session)
    })
}

#[test]
fn the_first_login_sends_its_queries_with_the_password_and_keeps_the_answers() {
    logged_in(
        " SIZE\r\n MDTM\r\n",
        |_| {},
        |session| {
            assert!(session.features().has("SIZE") && !session.features().utf8());
            assert_eq!((session.cwd().as_str(), session.user()), ("/home", Some("u")));
            assert_eq!(session.system_type().as_deref(), Some("UNIX Type: L8"));
        },
    );
}

#[test]
fn a_further_login_sends_everything_at_once_and_must_lead_to_the_same_directory() {
    let known = logged_in(" SIZE\r\n", |_| {}, |session| template(session));
    for (directory, is_same) in [("/home", true), ("/", false)] {
        let serve = |peer: &mut Peer| {
            protects(peer);
            peer.takes(&["USER u", "PASS p", "TYPE I", "PWD", "EPSV"]);
            peer.sends(&format!(
                "331 go on\r\n230 in\r\n200 ok\r\n257 \"{directory}\"\r\n229 (|||9|)\r\n"
            ));
        };
        with_session(serve, |session| {
            let mut session = session.unwrap();
            let result = login_from_template(&mut session, &known, &LOGIN);
            assert_eq!(
                result.map_err(|error| error.kind()),
                if is_same { Ok(()) } else { Err(Kind::Connect) }
            );
        });
    }
}

#[test]
fn a_refused_login_is_an_error_with_the_reply_and_nothing_else_is_sent() {
    let serve = |peer: &mut Peer| {
        protects(peer);
        peer.takes(&["USER u", "PASS p", "FEAT", "TYPE I", "PWD", "SYST"]);
        peer.sends("331 go on\r\n530 no\r\n530 no\r\n530 no\r\n530 no\r\n530 no\r\n");
        peer.takes_no_more();
    };
    with_session(serve, |session| {
        let mut session = session.unwrap();
        let error = log_in(&mut session, &LOGIN).unwrap_err();
        assert_eq!((error.kind(), error.reply_code()), (Kind::Login, Some(530)));
        drop(session);
    });
}

#[test]
fn a_type_that_is_set_is_not_sent_again() {
    let serve = |peer: &mut Peer| {
        peer.answers("TYPE A", "200 ok");
        peer.answers("TYPE I", "504 no");
        peer.answers("TYPE I", "200 ok");
        peer.answers("NOOP", "200 ok");
    };
    logged_in("", serve, |session| {
        session.set_ascii_type(false).unwrap();
        session.set_ascii_type(true).unwrap();
        session.set_ascii_type(true).unwrap();
        // A refused TYPE is tried again: the server still has the other one.
        session.set_ascii_type(false).unwrap_err();
        session.set_ascii_type(false).unwrap();
        session.set_ascii_type(false).unwrap();
        session.command("NOOP", "").unwrap();
    });
}

#[test]
fn size_and_time_are_asked_for_together_and_a_reply_that_is_no_fact_is_unknown() {
    let serve = |peer: &mut Peer| {
        peer.takes(&["SIZE a", "MDTM a"]);
        peer.sends("213 5\r\n500 unknown\r\n");
        peer.takes(&["SIZE b", "MDTM b"]);
        peer.sends("550 no such file\r\n550 no such file\r\n");
        peer.answers("NOOP", "200 ok");
    };
    logged_in("", serve, |session| {
        assert_eq!(session.size_and_modified(&path("a")).unwrap(), (Some(5), None));
        let error = session.size_and_modified(&path("b")).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        // The reply to the second MDTM is not credited to this one.
        assert_eq!(session.command("NOOP", "").unwrap().code, 200);
    });
}

#[test]
fn a_surprise_kills_the_session_and_its_reason_answers_every_further_command() {
    let serve = |peer: &mut Peer| {
        peer.answers("SIZE a", "250 deleted");
        peer.takes_no_more();
    };
    logged_in("", serve, |session| {
        let first = session.file_size(&path("a")).unwrap_err();
        assert_eq!(first.kind(), Kind::Connect);
        for _ in 0..2 {
            assert_eq!(session.command("DELE", "a").unwrap_err().message(), first.message());
        }
        session.poison(Error::new(Kind::Connect, "another reason"));
        assert_eq!(session.failure().unwrap().message(), first.message());
    });
}

#[test]
fn names_that_would_be_commands_are_never_sent() {
    let serve = |peer: &mut Peer| peer.answers("NOOP", "200 ok");
    logged_in("", serve, |session| {
        for argument in ["a\r\nDELE b", "a\nb", "a\0b"] {
            assert_eq!(session.command("SIZE", argument).unwrap_err().kind(), Kind::Usage);
        }
        assert!(session.failure().is_none());
        session.command("NOOP", "").unwrap();
    });
}

#[test]
fn a_session_that_cannot_return_to_its_directory_is_not_used() {
    let serve = |peer: &mut Peer| {
        peer.answers("CWD /work", "550 no such directory");
        peer.answers("CWD /work", "250 ok");
        peer.answers("PWD", "257 \"/\"");
        peer.answers("CWD /work", "250 ok");
        peer.answers("PWD", "257 \"/work\"");
    };
    logged_in("", serve, |session| {
        for _ in 0..2 {
            let error = session.return_to_directory(&path("/work")).unwrap_err();
            assert_eq!(error.kind(), Kind::Connect);
            assert_eq!(session.cwd().as_str(), "/home");
        }
        session.return_to_directory(&path("/work")).unwrap();
        assert_eq!(session.cwd().as_str(), "/work");
        // It is there: nothing is sent.
        session.return_to_directory(&path("/work")).unwrap();
    });
}

#[test]
fn a_session_that_cannot_change_back_after_a_query_is_poisoned() {
    let serve = |peer: &mut Peer| {
        peer.answers("CWD /d", "250 ok");
        peer.answers("CWD /home", "550 gone");
        peer.takes_no_more();
    };
    logged_in("", serve, |session| {
        session.in_directory(&path("/d"), |_| Ok(())).unwrap_err();
        assert!(session.failure().is_some());
        session.command("DELE", "a").unwrap_err();
    });
}

#[test]
fn a_download_takes_its_port_its_bytes_and_its_completion_reply() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = |peer: &mut Peer| {
        peer.answers("EPSV", &format!("229 (|||{port}|)"));
        peer.answers("RETR a", "150 here it comes");
        let (mut data, _) = listener.accept().unwrap();
        data.write_all(b"content").unwrap();
        drop(data);
        peer.sends("226 done\r\n");
        peer.answers("NOOP", "200 ok");
    };
    logged_in("", serve, |session| {
        let mut data = open_data(session, "a", "RETR", "a", 0).unwrap();
        let mut got = String::new();
        data.read_to_string(&mut got).unwrap();
        assert_eq!((got.as_str(), data.finish().unwrap().reply.code), ("content", 226));
        assert_eq!(session.command("NOOP", "").unwrap().code, 200);
    });
}

#[test]
fn a_refused_epsv_is_followed_by_pasv_which_is_used_from_then_on() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let pasv = format!("227 ok (10,9,8,7,{},{})", port >> 8, port & 255);
    let serve = |peer: &mut Peer| {
        peer.answers("EPSV", "500 unknown");
        for name in ["a", "b"] {
            peer.answers("PASV", &pasv);
            peer.answers(&format!("RETR {name}"), "150 ok");
            drop(listener.accept().unwrap());
            peer.sends("226 done\r\n");
        }
    };
    logged_in("", serve, |session| {
        for name in ["a", "b"] {
            let data = open_data(session, name, "RETR", name, 0).unwrap();
            assert_eq!(data.finish().unwrap().reply.code, 226);
        }
        assert_eq!(session.working_mode, Some(ConnectionMode::Passive));
    });
}
