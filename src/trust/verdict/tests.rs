use super::*;
use crate::error::Kind;
use crate::trust::identity::Problem;
use crate::trust::testing::{Maker, date, ec_key};
use Verdict::*;

/// The stored entry compared with what the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Nothing,
    SameCertificate,
    SameKey,
    Other,
}

/// The trust options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    None,
    Insecure,
    FingerprintOfThis,
    FingerprintOfAnother,
    FingerprintOfAnotherAndInsecure,
    OnceThis,
    OnceAnother,
}

const OPTIONS: [Asked; 7] = [
    Asked::None,
    Asked::Insecure,
    Asked::FingerprintOfThis,
    Asked::FingerprintOfAnother,
    Asked::FingerprintOfAnotherAndInsecure,
    Asked::OnceThis,
    Asked::OnceAnother,
];

const WHYS: [TrustReason; 6] = [
    TrustReason::Ca,
    TrustReason::Yes,
    TrustReason::AcceptNew,
    TrustReason::Fingerprint,
    TrustReason::Add,
    TrustReason::Import,
];

fn problems() -> Vec<Vec<Problem>> {
    vec![
        vec![],
        vec![Problem::SelfSigned],
        vec![Problem::UnknownIssuer],
        vec![Problem::Expired],
        vec![Problem::NotYetValid],
        vec![Problem::WrongName],
        vec![Problem::SelfSigned, Problem::WrongName],
        vec![Problem::Other("bad key usage".into())],
    ]
}

/// The verdicts without an option that decides on its own, per row: what is stored, whether it was
/// accepted by the roots, and the verdict on a valid and on an invalid certificate.
const REMEMBERED: [(Memory, bool, Verdict, Verdict); 6] = [
    // what              CA      valid                    not valid
    (Memory::SameCertificate, true, Known, Changed),
    (Memory::SameKey, true, Renewed, Changed),
    (Memory::Other, true, CaValid { first: false }, Changed),
    (Memory::SameCertificate, false, Known, Known),
    (Memory::SameKey, false, Renewed, Renewed),
    (Memory::Other, false, Changed, Changed),
];

fn expected(memory: Memory, ca: bool, valid: bool, policy: TrustPolicy, option: Asked) -> Verdict {
    match option {
        Asked::FingerprintOfThis => return Verdict::Fingerprint,
        Asked::FingerprintOfAnother | Asked::FingerprintOfAnotherAndInsecure => {
            let differs = matches!(memory, Memory::SameKey | Memory::Other);
            return if differs { Changed } else { NotGiven };
        }
        Asked::Insecure => return Insecure,
        Asked::None | Asked::OnceThis | Asked::OnceAnother => {}
    }
    if let Some(row) = REMEMBERED.iter().find(|row| (row.0, row.1) == (memory, ca)) {
        return if valid { row.2 } else { row.3 };
    }
    match (valid, option, policy) {
        (true, _, _) => CaValid { first: true },
        (false, Asked::OnceThis, _) => Once,
        (false, _, TrustPolicy::AcceptNew) => NewAccepted,
        (false, _, TrustPolicy::Ask | TrustPolicy::Strict) => Unknown,
    }
}

#[test]
fn every_combination_has_its_verdict() {
    let (key, now) = (ec_key(), date(2026, 1, 2));
    let der = Maker::new("h").der(&key);
    let cert = Certificate::from_der(&der).unwrap();
    let same_key = Maker::new("h").certificate(&key);
    let other = Maker::new("h").certificate(&ec_key());
    assert_ne!(cert.fingerprint, same_key.fingerprint);

    let mut judged = 0;
    let memories = [Memory::Nothing, Memory::SameCertificate, Memory::SameKey, Memory::Other];
    for (memory, why) in memories.into_iter().flat_map(|m| WHYS.map(|why| (m, why))) {
        let entry = |cert| Some(Entry::new("h", 21, cert, why, now).unwrap());
        let entry = match memory {
            Memory::Nothing => None,
            Memory::SameCertificate => entry(&cert),
            Memory::SameKey => entry(&same_key),
            Memory::Other => entry(&other),
        };
        for problems in problems() {
            let identity = Identity { der: der.clone(), problems };
            for (policy, _) in TrustPolicy::WORDS {
                for option in OPTIONS {
                    let insecure =
                        matches!(option, Asked::Insecure | Asked::FingerprintOfAnotherAndInsecure);
                    let fingerprints = match option {
                        Asked::FingerprintOfThis => vec![other.fingerprint, cert.fingerprint],
                        Asked::FingerprintOfAnother | Asked::FingerprintOfAnotherAndInsecure => {
                            vec![other.fingerprint]
                        }
                        _ => vec![],
                    };
                    let once = match option {
                        Asked::OnceThis => vec![other.fingerprint, cert.fingerprint],
                        Asked::OnceAnother => vec![other.fingerprint],
                        _ => vec![],
                    };
                    let rules = TrustOptions { policy, fingerprints, insecure, own_roots: false };
                    let verdict =
                        judge_certificate(&identity, &cert, entry.as_ref(), &rules, &once);
                    let valid = identity.problems.is_empty();
                    assert_eq!(
                        verdict,
                        expected(memory, why == TrustReason::Ca, valid, policy, option),
                        "{memory:?} {why:?} {:?} {policy} {option:?}",
                        identity.problems
                    );
                    judged += 1;
                }
            }
        }
    }
    assert_eq!(judged, 4 * 6 * 8 * 3 * 7);
}

#[test]
fn a_given_fingerprint_is_the_certificates_and_never_the_keys() {
    let der = Maker::new("h").der(&ec_key());
    let cert = Certificate::from_der(&der).unwrap();
    let rules = TrustOptions { fingerprints: vec![cert.public_key], ..TrustOptions::default() };
    let identity = Identity { der, problems: vec![] };
    assert_eq!(judge_certificate(&identity, &cert, None, &rules, &[]), NotGiven);
}

#[test]
fn policies_read_as_they_are_written() {
    for (policy, word) in TrustPolicy::WORDS {
        assert_eq!(policy.to_string(), word);
        assert_eq!(word.parse::<TrustPolicy>().unwrap(), policy);
    }
    assert_eq!(TrustPolicy::default(), TrustPolicy::Ask);
    for wrong in ["", "Ask", "accept", "accept_new", "no", "off"] {
        assert_eq!(wrong.parse::<TrustPolicy>().unwrap_err().kind(), Kind::Usage, "{wrong}");
    }
}
