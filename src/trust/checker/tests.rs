use super::*;
use crate::error::Kind;
use crate::trust::identity::Problem;
use crate::trust::testing::{Maker, date, ec_key};
use std::fs;

const HOST: &str = "FTP.Example.org.";

struct World {
    directory: tempfile::TempDir,
    gate: TrustChecker,
}

impl World {
    fn new(rules: TrustOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let gate =
            TrustChecker::new(TrustStore::new(directory.path().join("known_servers")), rules);
        Self { directory, gate }
    }

    fn policy(policy: TrustPolicy) -> Self {
        Self::new(TrustOptions { policy, ..TrustOptions::default() })
    }

    /// Makes the store unwritable.
    fn block(&self) {
        fs::create_dir(self.directory.path().join("known_servers.new")).unwrap();
    }

    fn entry(&self) -> Option<Entry> {
        self.gate.store().lookup(HOST, 21).unwrap()
    }

    fn remember(&self, identity: &Identity, why: TrustReason) {
        let cert = Certificate::from_der(&identity.der).unwrap();
        let entry = Entry::new(HOST, 21, &cert, why, date(2026, 1, 2)).unwrap();
        self.gate.store().put_entry(entry).unwrap();
    }

    fn check(&mut self, identity: &Identity) -> Result<Accepted, Refusal> {
        self.gate.check_identity(HOST, 21, identity, date(2026, 3, 4))
    }
}

fn valid() -> Identity {
    Identity { der: Maker::new("h").der(&ec_key()), problems: vec![] }
}

fn self_signed() -> Identity {
    Identity { problems: vec![Problem::SelfSigned], ..valid() }
}

fn fingerprint(identity: &Identity) -> Fingerprint {
    Fingerprint::of_certificate(&identity.der)
}

fn unknown(result: Result<Accepted, Refusal>) -> Unknown {
    match result {
        Err(Refusal::Unknown(unknown)) => *unknown,
        other => panic!("{other:?}"),
    }
}

#[test]
fn threads_can_share_a_gate() {
    fn send<T: Send>() {}
    send::<TrustChecker>();
}

#[test]
fn a_server_valid_by_the_roots_is_remembered_as_such_without_a_word() {
    for policy in TrustPolicy::WORDS {
        let mut world = World::policy(policy.0);
        let identity = valid();
        let accepted = world.check(&identity).unwrap();
        assert_eq!(accepted.verdict, Verdict::CaValid { first: true });
        assert_eq!((accepted.notice, accepted.warning), (None, None));
        assert_eq!(accepted.why, "valid by the system's roots");
        let entry = world.entry().unwrap();
        assert_eq!((entry.why, entry.certificate), (TrustReason::Ca, fingerprint(&identity)));

        let next = world.check(&identity).unwrap();
        assert_eq!(next.verdict, Verdict::Known);
        assert_eq!(next.why, "valid by the system's roots, known since 2026-03-04");

        // Later its certificate is invalid: changed, even if it is the same one.
        let expired = Identity { problems: vec![Problem::Expired], ..identity };
        let error = world.check(&expired).unwrap_err().into_error();
        assert_eq!(error.kind(), Kind::CertChanged);
        assert!(error.message().contains("no longer is: a certificate above it"), "{error}");
    }
}

#[test]
fn a_new_valid_certificate_replaces_an_old_valid_one_with_a_notice() {
    let mut world = World::policy(TrustPolicy::Ask);
    world.remember(&valid(), TrustReason::Ca);
    let identity = valid();
    let accepted = world.check(&identity).unwrap();
    assert_eq!(accepted.verdict, Verdict::CaValid { first: false });
    assert!(accepted.notice.unwrap().contains("new certificate"));
    let entry = world.entry().unwrap();
    assert_eq!((entry.why, entry.certificate), (TrustReason::Ca, fingerprint(&identity)));
    assert_eq!((entry.first, entry.last), (date(2026, 1, 2), date(2026, 3, 4)));
}

#[test]
fn a_renewal_is_one_notice_and_keeps_why_the_server_was_accepted() {
    let key = ec_key();
    let old = Identity { der: Maker::new("h").der(&key), problems: vec![Problem::SelfSigned] };
    let new = Identity { der: Maker::new("h").der(&key), ..old.clone() };
    let mut world = World::policy(TrustPolicy::Strict);
    world.remember(&old, TrustReason::Import);
    let accepted = world.check(&new).unwrap();
    assert_eq!(accepted.verdict, Verdict::Renewed);
    assert!(accepted.notice.unwrap().contains(&fingerprint(&new).to_string()));
    assert_eq!(accepted.why, "renewed with the same key, known since 2026-01-02");
    let entry = world.entry().unwrap();
    assert_eq!((entry.why, entry.certificate), (TrustReason::Import, fingerprint(&new)));
    assert_eq!((entry.first, entry.last), (date(2026, 1, 2), date(2026, 3, 4)));

    let again = world.check(&new).unwrap();
    assert_eq!((again.verdict, again.notice), (Verdict::Known, None));
}

#[test]
fn unknown_is_asked_about_only_by_the_policy_ask() {
    let identity = self_signed();
    let shown = fingerprint(&identity).to_string();

    let asked = unknown(World::policy(TrustPolicy::Ask).check(&identity));
    assert_eq!((asked.host.as_str(), asked.port), ("ftp.example.org", 21));
    assert_eq!(asked.problems, ["it is self-signed"]);

    let strict = World::policy(TrustPolicy::Strict).check(&identity).unwrap_err();
    assert!(matches!(strict, Refusal::Failed(_)), "{strict:?}");
    for error in [asked.into_error(), strict.into_error()] {
        assert_eq!(error.kind(), Kind::CertUnknown);
        let start = "ftp.example.org:21: the certificate is unknown: it is self-signed";
        assert_eq!(error.message(), start);
        assert_eq!(error.details(), [format!("fingerprint: {shown}")]);
        let hint = error.hint().unwrap();
        assert!(hint.contains(&format!("ftpsh --fingerprint {shown} TARGET")), "{hint}");
        assert!(hint.contains("--trust accept-new"), "{hint}");
    }
}

#[test]
fn the_policy_accept_new_remembers_a_server_but_no_change() {
    let mut world = World::policy(TrustPolicy::AcceptNew);
    let identity = self_signed();
    let accepted = world.check(&identity).unwrap();
    assert_eq!(accepted.verdict, Verdict::NewAccepted);
    assert!(accepted.notice.unwrap().contains(&fingerprint(&identity).to_string()));
    assert_eq!(world.entry().unwrap().why, TrustReason::AcceptNew);
    assert_eq!(world.check(&identity).unwrap().why, "known since 2026-03-04");

    for other in [self_signed(), valid()] {
        let before = world.entry();
        let error = world.check(&other).unwrap_err().into_error();
        assert_eq!(error.kind(), Kind::CertChanged);
        assert_eq!(world.entry(), before);
    }
}

#[test]
fn a_change_shows_both_fingerprints_the_dates_and_the_command() {
    let (old, new) = (self_signed(), self_signed());
    let mut world = World::policy(TrustPolicy::Ask);
    world.remember(&old, TrustReason::Yes);
    let refusal = world.check(&new).unwrap_err();
    assert!(matches!(refusal, Refusal::Changed(_)), "{refusal:?}");
    let error = refusal.into_error();
    assert_eq!(error.kind(), Kind::CertChanged);
    let message = "ftp.example.org:21: the certificate has changed: someone may be between you \
                   and the server";
    assert_eq!(error.message(), message);
    let dates = "first seen 2026-01-02, last seen 2026-01-02";
    let details = [
        format!("remembered: {} ({dates})", fingerprint(&old)),
        format!("shown now:  {}", fingerprint(&new)),
        "subject:    CN=h, valid 2025-01-01 to 2035-01-01".to_owned(),
        "nothing was sent; whoever runs the server can say which one is right".to_owned(),
    ];
    assert_eq!(error.details(), details);
    assert!(error.is_alarm());
    let hint = "if the change is meant: ftpsh trust remove ftp.example.org:21";
    assert_eq!(error.hint(), Some(hint));
    assert_eq!(world.entry().unwrap().certificate, fingerprint(&old));
}

#[test]
fn answers_are_acted_on() {
    for (answer, verdict, why) in [
        (Answer::Yes, Some(Verdict::Known), Some(TrustReason::Yes)),
        (Answer::Fingerprint, Some(Verdict::Known), Some(TrustReason::Fingerprint)),
        (Answer::Once, Some(Verdict::Once), None),
        (Answer::No, None, None),
    ] {
        let mut world = World::policy(TrustPolicy::Ask);
        let identity = self_signed();
        let asked = unknown(world.check(&identity));
        let accepted = world.gate.accept_answer(asked, answer, date(2026, 3, 4));
        match answer {
            Answer::No => assert_eq!(accepted.unwrap_err().kind(), Kind::CertUnknown),
            _ => assert_eq!(accepted.unwrap().is_some(), why.is_some(), "{answer:?}"),
        }
        assert_eq!(world.entry().map(|entry| entry.why), why, "{answer:?}");
        assert_eq!(world.check(&identity).ok().map(|a| a.verdict), verdict, "{answer:?}");
    }
}

#[test]
fn once_holds_for_this_server_and_this_certificate_only() {
    let mut world = World::policy(TrustPolicy::Ask);
    let identity = self_signed();
    let asked = unknown(world.check(&identity));
    world.gate.accept_answer(asked, Answer::Once, date(2026, 3, 4)).unwrap();
    let now = date(2026, 3, 4);
    assert_eq!(world.check(&identity).unwrap().why, "accepted once");
    unknown(world.check(&self_signed()));
    unknown(world.gate.check_identity(HOST, 990, &identity, now));
    unknown(world.gate.check_identity("other", 21, &identity, now));
    let store = world.gate.store().clone();
    assert!(!store.path().exists());
    unknown(
        TrustChecker::new(store, TrustOptions::default()).check_identity(HOST, 21, &identity, now),
    );
}

#[test]
fn an_answer_comes_too_late_for_what_another_process_stored() {
    let mut world = World::policy(TrustPolicy::Ask);
    let asked = unknown(world.check(&self_signed()));
    let theirs = self_signed();
    world.remember(&theirs, TrustReason::Yes);
    let error = world.gate.accept_answer(asked, Answer::Yes, date(2026, 3, 4)).unwrap_err();
    assert_eq!(error.kind(), Kind::CertChanged);
    assert_eq!(world.entry().unwrap().certificate, fingerprint(&theirs));
}

#[test]
fn a_given_fingerprint_lets_nothing_else_through_and_stores_nothing() {
    let (given, other) = (self_signed(), valid());
    let rules =
        || TrustOptions { fingerprints: vec![fingerprint(&given)], ..TrustOptions::default() };

    let mut world = World::new(rules());
    let accepted = world.check(&given).unwrap();
    assert_eq!((accepted.verdict, accepted.warning), (Verdict::Fingerprint, None));
    assert_eq!(accepted.why, "given with --fingerprint");
    let refusal = world.check(&other).unwrap_err();
    assert!(matches!(refusal, Refusal::Failed(_)), "{refusal:?}");
    assert_eq!(refusal.into_error().kind(), Kind::CertUnknown);
    assert_eq!(world.entry(), None);

    // The stored certificate is refused too if it is not the one given.
    world.remember(&other, TrustReason::Yes);
    let error = world.check(&other).unwrap_err().into_error();
    assert_eq!(error.kind(), Kind::CertUnknown);
    assert_eq!(error.details(), [format!("fingerprint: {}", fingerprint(&other))]);
    assert_eq!(world.check(&self_signed()).unwrap_err().into_error().kind(), Kind::CertChanged);
    let warning = world.check(&given).unwrap().warning.unwrap();
    assert!(warning.contains(&fingerprint(&other).to_string()), "{warning}");
    assert_eq!(world.entry().unwrap().certificate, fingerprint(&other));
}

#[test]
fn insecure_warns_every_time_and_stores_nothing() {
    let mut world = World::new(TrustOptions { insecure: true, ..TrustOptions::default() });
    let identity = self_signed();
    for _ in 0..2 {
        let accepted = world.check(&identity).unwrap();
        assert_eq!(accepted.verdict, Verdict::Insecure);
        let warning = accepted.warning.unwrap();
        assert!(warning.contains("was not verified: it is self-signed"), "{warning}");
        assert!(world.check(&valid()).unwrap().warning.is_some());
    }
    assert_eq!(world.entry(), None);
    let old = self_signed();
    world.remember(&old, TrustReason::Yes);
    let warning = world.check(&identity).unwrap().warning.unwrap();
    assert!(warning.contains(&format!("not the one remembered ({})", fingerprint(&old))));
    assert_eq!(world.entry().unwrap().certificate, fingerprint(&old));
}

#[test]
fn an_acceptance_that_cannot_be_written_fails() {
    let key = ec_key();
    let renewed = |problems| Identity { der: Maker::new("h").der(&key), problems };
    for (name, policy, remembered, shown) in [
        ("valid", TrustPolicy::Ask, None, valid()),
        ("new", TrustPolicy::AcceptNew, None, self_signed()),
        ("renewed", TrustPolicy::Ask, Some(renewed(vec![])), renewed(vec![Problem::SelfSigned])),
    ] {
        let mut world = World::policy(policy);
        if let Some(remembered) = remembered {
            world.remember(&remembered, TrustReason::Yes);
        }
        world.block();
        let error = world.check(&shown).unwrap_err().into_error();
        assert_eq!(error.kind(), Kind::Local, "{name}: {error}");
    }
    let mut world = World::policy(TrustPolicy::Ask);
    let asked = unknown(world.check(&self_signed()));
    world.block();
    let error = world.gate.accept_answer(asked, Answer::Yes, date(2026, 3, 4)).unwrap_err();
    assert_eq!(error.kind(), Kind::Local);
}

#[test]
fn a_known_server_is_let_in_though_its_date_cannot_be_written() {
    let mut world = World::policy(TrustPolicy::Ask);
    let identity = self_signed();
    world.remember(&identity, TrustReason::Yes);
    assert_eq!(world.check(&identity).unwrap().warning, None);
    assert_eq!(world.entry().unwrap().last, date(2026, 3, 4));
    world.remember(&identity, TrustReason::Yes);
    world.block();
    let accepted = world.check(&identity).unwrap();
    assert_eq!(accepted.verdict, Verdict::Known);
    assert!(accepted.warning.unwrap().contains("known_servers"));
}

#[test]
fn a_damaged_or_unreadable_store_fails_closed() {
    let identity = valid();
    let mut world = World::policy(TrustPolicy::AcceptNew);
    let path = world.gate.store().path().to_owned();
    fs::write(&path, "# first\n[ftp.example.org]:21 cert=SHA256:cut").unwrap();
    let error = world.check(&identity).unwrap_err().into_error();
    assert_eq!(error.kind(), Kind::CertUnknown);
    assert!(error.message().contains("line 2"), "{error}");
    let elsewhere = world.gate.check_identity("other", 21, &identity, date(2026, 3, 4)).unwrap();
    assert_eq!(elsewhere.verdict, Verdict::CaValid { first: true });

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = world.check(&identity).unwrap_err().into_error();
    assert_eq!(error.kind(), Kind::Local);
}

#[test]
fn what_is_not_a_certificate_is_never_accepted() {
    let rules = TrustOptions { insecure: true, ..TrustOptions::default() };
    let identity = Identity { der: b"junk".to_vec(), problems: vec![] };
    let error = World::new(rules).check(&identity).unwrap_err().into_error();
    assert_eq!(error.kind(), Kind::Tls);
}

/// The warning for a server stored with these exceptions, whose certificate expires in so many days
/// and has these problems.
fn remark_on(
    exceptions: Vec<Exception>,
    why: TrustReason,
    days: i64,
    problems: Vec<Problem>,
) -> [Option<String>; 2] {
    let now = date(2026, 3, 4);
    let maker = Maker::new("h").valid(date(2024, 1, 2), now + TimeDelta::days(days));
    let identity = Identity { der: maker.der(&ec_key()), problems };
    let mut world = World::policy(TrustPolicy::Ask);
    let cert = Certificate::from_der(&identity.der).unwrap();
    let entry = Entry::new(HOST, 21, &cert, why, date(2026, 1, 2)).unwrap();
    world.gate.store().put_entry(entry.with_exceptions(exceptions)).unwrap();
    // The second connection of a run does not repeat it.
    [0, 1].map(|_| world.check(&identity).unwrap().warning)
}

#[test]
fn the_end_of_a_remembered_certificate_is_told_once_two_weeks_ahead() {
    let own = || vec![Problem::SelfSigned];
    for days in [0, 1, 13] {
        let [first, second] = remark_on(Vec::new(), TrustReason::Yes, days, own());
        let first = first.unwrap();
        assert!(first.contains("expires on 2026-03-"), "{days}: {first}");
        assert!(first.contains(&format!("days left: {days}")), "{days}: {first}");
        assert_eq!(second, None);
    }
    assert_eq!(remark_on(Vec::new(), TrustReason::Yes, 14, own()), [None, None]);
    assert_eq!(remark_on(Vec::new(), TrustReason::Ca, 5, Vec::new()), [None, None]);
}

#[test]
fn what_was_wrong_when_it_was_accepted_is_not_told_again_and_what_became_wrong_is() {
    use Exception::{Expired, Name};
    let wrong = |problem| vec![Problem::SelfSigned, problem];
    assert_eq!(
        remark_on(vec![Expired], TrustReason::Yes, -9, wrong(Problem::Expired)),
        [None, None]
    );
    assert_eq!(
        remark_on(vec![Name], TrustReason::Yes, 99, wrong(Problem::WrongName)),
        [None, None]
    );
    let [told, again] = remark_on(vec![Name], TrustReason::Yes, -9, wrong(Problem::Expired));
    assert!(told.unwrap().contains("it expired on 2026-02-23"));
    assert_eq!(again, None);
    let [told, _] = remark_on(vec![Expired], TrustReason::Yes, -9, wrong(Problem::WrongName));
    assert!(told.unwrap().contains("it is for"));

    // Accepting it records exceptions in its entry.
    let mut world = World::policy(TrustPolicy::Ask);
    let identity = Identity { problems: vec![Problem::Expired, Problem::WrongName], ..valid() };
    let asked = unknown(world.check(&identity));
    world.gate.accept_answer(asked, Answer::Yes, date(2026, 3, 4)).unwrap();
    assert_eq!(world.entry().unwrap().exceptions, [Expired, Name]);
    assert_eq!(world.check(&identity).unwrap().warning, None);
}

#[test]
fn the_other_names_of_a_certificate_are_named() {
    let mut world = World::policy(TrustPolicy::Ask);
    let identity = self_signed();
    let asked = unknown(world.check(&identity));
    assert!(asked.known_as.is_empty());
    world.gate.accept_answer(asked, Answer::Yes, date(2026, 3, 4)).unwrap();
    let now = date(2026, 3, 5);
    let asked = unknown(world.gate.check_identity(HOST, 990, &identity, now));
    assert_eq!(asked.known_as, ["ftp.example.org:21"]);
    assert!(asked.into_error().details()[1].ends_with("known as:   ftp.example.org:21"));
    let old = self_signed();
    let cert = Certificate::from_der(&old.der).unwrap();
    let entry = Entry::new("b", 21, &cert, TrustReason::Yes, now).unwrap();
    world.gate.store().put_entry(entry).unwrap();
    let error = world.gate.check_identity("b", 21, &identity, now).unwrap_err().into_error();
    assert!(error.details().iter().any(|line| line.contains("ftp.example.org:21")), "{error:?}");
}

#[test]
fn own_roots_of_one_run_are_not_taken_for_the_systems() {
    let mut world = World::policy(TrustPolicy::Ask);
    let (identity, another) = (valid(), valid());
    world.gate.set_rules_of_host(TrustPolicy::Ask, true);
    let accepted = world.check(&identity).unwrap();
    assert_eq!(accepted.why, "valid by the system's roots and those of tls:ca-file");
    assert!(world.entry().unwrap().own_roots);

    // Without them it is not valid, which says nothing about the system's.
    world.gate.set_rules_of_host(TrustPolicy::Ask, false);
    let alone = |identity: &Identity| Identity {
        problems: vec![Problem::UnknownIssuer],
        ..identity.clone()
    };
    for (shown, banner) in [(&identity, false), (&another, true)] {
        let error = world.check(&alone(shown)).unwrap_err().into_error();
        assert_eq!((error.kind(), error.is_alarm()), (Kind::CertChanged, banner));
        assert!(error.message().contains("tls:ca-file, which is not set now: it is"), "{error}");
        assert!(error.hint().unwrap().contains("`set tls:ca-file FILE`"), "{error:?}");
    }
    // With them, it has changed.
    world.gate.set_rules_of_host(TrustPolicy::Ask, true);
    let error = world.check(&alone(&identity)).unwrap_err().into_error();
    assert!(error.message().contains("those of tls:ca-file and no longer is"), "{error}");

    // It is valid without them: that is noted.
    world.gate.set_rules_of_host(TrustPolicy::Ask, false);
    assert_eq!(world.check(&identity).unwrap().verdict, Verdict::Known);
    assert!(!world.entry().unwrap().own_roots);
}
