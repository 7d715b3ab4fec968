//! The question at a terminal: what is shown, what counts as an answer, what becomes of it.
//!
//! The library is asked instead of the program, with answers from memory.

use super::{Home, Liar, logins, script};
use ftpsh::cancel::Cancel;
use ftpsh::client::{Client, Connection};
use ftpsh::commands::trust::args::TrustCommand;
use ftpsh::commands::{Context, trust};
use ftpsh::credentials::{Secret, Sources};
use ftpsh::error::{Kind, Result, kind_of};
use ftpsh::output::{Output, OutputOptions};
use ftpsh::settings::Settings;
use ftpsh::target;
use ftpsh::trust::checker::TrustChecker;
use ftpsh::trust::store::TrustStore;
use ftpsh::trust::verdict::TrustOptions;
use support::certificate::Certificate;

/// Somebody at a terminal who gives these answers.
fn context(home: &Home, answers: &[&str]) -> Context {
    let gate = TrustChecker::new(TrustStore::new(home.known_servers()), TrustOptions::default());
    let connection = Connection::new(gate, Sources::default());
    let out = Output::memory_answering(OutputOptions::default(), answers);
    let place = ftpsh::fs::app_dirs::AppDirs::all_in(home.known_servers().parent().unwrap());
    let client = Client::new(out.clone(), Settings::new(), Cancel::new(), connection, place);
    Context::new(out, client, |_, _, _| Ok(()))
}

/// Connects and logs in.
fn open(ctx: &mut Context, liar: &Liar) -> Result<()> {
    let mut target = target::parse_target(&liar.url()).unwrap();
    target.password = Some(Secret::new(liar.password.clone()).unwrap());
    ctx.client.open(target, None)
}

#[test]
fn yes_the_fingerprint_and_once_let_in_and_only_once_is_not_remembered() {
    let liar = Liar::start(script());
    for (answer, why) in [("yes", Some("why=yes")), ("once", None), ("", None)] {
        let answer = if answer.is_empty() { &liar.fingerprint } else { answer };
        let why = if answer == liar.fingerprint { Some("why=fingerprint") } else { why };
        let home = Home::new();
        let mut ctx = context(&home, &[answer]);
        open(&mut ctx, &liar).unwrap();
        let asked = ctx.out.stderr_text();
        assert!(asked.contains(&format!("Fingerprint: {}", liar.fingerprint)), "{asked}");
        assert!(asked.contains("it is self-signed"), "{asked}");
        match why {
            Some(why) => assert!(home.stored().contains(why), "{answer}: {}", home.stored()),
            None => assert_eq!(home.stored(), "", "{answer}"),
        }
        // For this run it is accepted in any case: the same context can connect again.
        ctx.client.connection.close();
        ctx.client.reconnect().unwrap();
    }
}

#[test]
fn no_nothing_and_the_end_of_the_input_refuse_before_any_name_is_sent() {
    let liar = Liar::start(script());
    for answers in [&["no"][..], &[""], &[], &["y", "No"]] {
        let home = Home::new();
        let error = open(&mut context(&home, answers), &liar).unwrap_err();
        assert_eq!(error.kind(), Kind::CertUnknown, "{answers:?}");
        let said = format!("{}: not trusted; nothing was sent", liar.addr);
        assert_eq!((error.message(), error.hint()), (&*said, None), "{answers:?}");
        assert!(error.details().is_empty(), "{error:?}");
        assert_eq!(home.stored(), "", "{answers:?}");
    }
    assert_eq!(logins(&liar), (0, 0));
}

#[test]
fn an_invalid_answer_is_asked_again_and_another_fingerprint_says_so() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let other = Certificate::make("localhost").unwrap().fingerprint().unwrap();
    let mut ctx = context(&home, &["y", &other, "ye", "yes"]);
    open(&mut ctx, &liar).unwrap();
    let said = ctx.out.stderr_text();
    assert_eq!(said.matches("Trust this server").count(), 4, "{said}");
    assert_eq!(said.matches("another fingerprint than the server's").count(), 1, "{said}");
    assert_eq!(said.matches("please type `yes`").count(), 2, "{said}");
}

#[test]
fn no_connection_waits_for_an_answer() {
    // The server is hung up on before the question: the answer's connection is the second one.
    let (home, liar) = (Home::new(), Liar::start(script()));
    open(&mut context(&home, &["yes"]), &liar).unwrap();
    assert_eq!(liar.wire.connections(), 2);
    assert_eq!(logins(&liar), (1, 1));
}

#[test]
fn a_certificate_that_changes_behind_the_question_is_asked_about_again() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let mut ctx = context(&home, &["once", "no"]);
    open(&mut ctx, &liar).unwrap();
    let before = logins(&liar);
    liar.show(&Certificate::make("localhost").unwrap());
    ctx.client.connection.close();
    assert_eq!(ctx.client.reconnect().unwrap_err().kind(), Kind::CertUnknown);
    assert_eq!(logins(&liar), before);
}

#[test]
fn a_changed_certificate_is_never_asked_about() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    open(&mut context(&home, &["yes"]), &liar).unwrap();
    liar.show(&Certificate::make("localhost").unwrap());
    let mut ctx = context(&home, &["yes"]);
    let (before, stored) = (logins(&liar), home.stored());
    assert_eq!(open(&mut ctx, &liar).unwrap_err().kind(), Kind::CertChanged);
    assert!(!ctx.out.stderr_text().contains("Trust this server"), "{}", ctx.out.stderr_text());
    assert_eq!((logins(&liar), home.stored()), (before, stored));
}

#[test]
fn trust_add_asks_and_stores_what_was_agreed_to() {
    let liar = Liar::start(script());
    let add =
        TrustCommand::Add { server: liar.addr.to_string(), fingerprint: None, implicit: false };
    for (answer, refused, stored) in
        [("yes", false, true), ("once", false, false), ("no", true, false)]
    {
        let home = Home::new();
        let mut ctx = context(&home, &[answer]);
        let result = trust::run(&add, &mut ctx);
        let kind = result.err().map(|error| kind_of(&error));
        assert_eq!(kind, refused.then_some(Kind::CertUnknown), "{answer}");
        assert_eq!(!home.stored().is_empty(), stored, "{answer}");
    }
    assert_eq!(logins(&liar), (0, 0));
}
