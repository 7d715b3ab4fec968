//! Client certificates: PEM and PKCS#12, both backends, what is wrong with a file, and the refusal
//! that with TLS 1.3 arrives after the handshake.

use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use support::certificate::Certificate;
use support::liar::{Script, Versions};
use support::program::Ran;
use support::scene::Scene;

const BACKENDS: [&str; 2] = ["openssl", "native-tls"];

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", "hello").wants_certificate())
}

fn own() -> Certificate {
    Certificate::make("tester").unwrap()
}

fn pkcs12(own: &Certificate, passphrase: &str) -> Vec<u8> {
    let mut builder = Pkcs12::builder();
    builder.name("own").pkey(&own.key).cert(&own.x509);
    builder.build2(passphrase).unwrap().to_der().unwrap()
}

fn get(scene: &Scene, backend: &str, settings: &[&str]) -> Ran {
    let mut call = scene.call().args(["--set", &format!("tls:backend={backend}")]);
    for setting in settings {
        call = call.args(["--set", setting]);
    }
    call.args(["-c", "get --overwrite=yes a"]).run()
}

#[test]
fn pem_and_pkcs12_files_are_shown_on_both_backends() {
    let (scene, own) = (scene(), own());
    let (certificate, key) = (own.pem().unwrap(), own.key_pem().unwrap());
    scene.write("own.crt", &certificate);
    scene.write("own.key", &key);
    scene.write("key-first.pem", [&key[..], &certificate].concat());
    scene.write("own.p12", pkcs12(&own, ""));
    let traditional = own.key.ec_key().unwrap().private_key_to_pem().unwrap();
    scene.write("traditional.key", traditional);
    for backend in BACKENDS {
        for settings in [
            &["tls:cert-file=own.crt", "tls:key-file=own.key"][..],
            &["tls:cert-file=own.crt", "tls:key-file=traditional.key"],
            &["tls:cert-file=key-first.pem"],
            &["tls:cert-file=own.p12"],
        ] {
            let ran = get(&scene, backend, settings).ok();
            assert_eq!(scene.read("a").as_deref(), Some(&b"hello"[..]), "{backend}\n{ran}");
            std::fs::remove_file(scene.path("a")).unwrap();
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_before_anything_is_sent() {
    let (scene, own) = (scene(), own());
    let other = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let encrypted = own.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"w-of-key");
    let mut no_key = Pkcs12::builder();
    no_key.cert(&own.x509);
    scene.write("own.crt", own.pem().unwrap());
    scene.write("own.key", own.key_pem().unwrap());
    scene.write("other.key", other.private_key_to_pem_pkcs8().unwrap());
    scene.write("encrypted.key", encrypted.unwrap());
    scene.write("locked.p12", pkcs12(&own, "w-of-key"));
    scene.write("no-key.p12", no_key.build2("").unwrap().to_der().unwrap());
    scene.write("text", "hello");
    for backend in BACKENDS {
        for (settings, why, hint) in [
            (&["tls:cert-file=own.crt"][..], "own.crt: holds no private key", "set tls:key-file"),
            (&["tls:cert-file=own.key"], "own.key: holds no certificate", ""),
            (&["tls:cert-file=own.crt", "tls:key-file=other.key"], "does not belong to", ""),
            (&["tls:cert-file=own.crt", "tls:key-file=text"], "text: holds no private key", ""),
            (&["tls:cert-file=no-key.p12"], "no-key.p12: holds no private key", "tls:key-file"),
            (&["tls:cert-file=locked.p12"], "locked.p12: the passphrase is missing or wrong", ""),
            (
                &["tls:cert-file=own.crt", "tls:key-file=encrypted.key"],
                "encrypted.key: the passphrase is missing or wrong",
                "",
            ),
            (&["tls:cert-file=text"], "text: holds neither PEM nor PKCS#12", ""),
            (&["tls:cert-file=missing"], "missing: no such file", ""),
        ] {
            let ran = get(&scene, backend, settings).status(9).stderr_has(why);
            ran.stderr_has(hint).never_says("w-of-key");
        }
    }
    assert!(!scene.liar.wire.has("USER"));
}

#[test]
fn a_missing_certificate_is_named_on_every_connection_whenever_the_refusal_arrives() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        for reset in [false, true] {
            let script = Script::new().wants_certificate().versions(versions);
            let scene = Scene::new(if reset { script.resets_refused() } else { script });
            for backend in BACKENDS {
                for _ in 0..5 {
                    let ran = get(&scene, backend, &[]).status(4);
                    ran.stderr_has("client certificate").stderr_has("set tls:cert-file FILE");
                }
            }
            assert!(!scene.liar.wire.has("USER"));
        }
    }
}
