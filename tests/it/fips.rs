//! OpenSSL configurations that forbid what FIPS forbids: what is possible works, and what is not is
//! said.
//!
//! A FIPS provider is not part of every system. With `FTPSH_FIPS_CONF` and `OPENSSL_MODULES`, the tests
//! run with it; without, with a configuration in which OpenSSL itself allows only approved
//! versions, ciphers, groups and signatures.

use openssl::pkcs12::Pkcs12;
use support::certificate::Certificate;
use support::liar::{Script, Versions};
use support::program::Ftpsh;
use support::scene::Scene;

/// TLS 1.2 and 1.3 with AES-GCM, NIST curves and SHA-2, as OpenSSL's own policy.
const STRICT: &str = "openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = policy
[policy]
MinProtocol = TLSv1.2
CipherString = ECDHE+AESGCM:@SECLEVEL=2
Ciphersuites = TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256
Groups = P-256:P-384
SignatureAlgorithms = ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256
";

/// Whether a FIPS provider is at hand.
fn has_provider() -> bool {
    std::env::var_os("FTPSH_FIPS_CONF").is_some()
}

fn restricted(scene: &Scene, call: Ftpsh) -> Ftpsh {
    let strict = scene.home.path().join("openssl.cnf");
    std::fs::write(&strict, STRICT).unwrap();
    let call = match std::env::var_os("OPENSSL_MODULES") {
        Some(modules) => call.env("OPENSSL_MODULES", modules),
        None => call,
    };
    call.env("OPENSSL_CONF", std::env::var_os("FTPSH_FIPS_CONF").unwrap_or(strict.into()))
}

#[test]
fn transfers_resumption_and_trust_work() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let script = Script::new().versions(versions).needs_resumption();
        let scene = Scene::new(script.file("/a", "hello").feature("XSHA256"));
        scene.write("b", "world");
        let hash = ["--set", "xfer:verify=hash"];
        let commands = "get a; put b; get -c a; mirror -R . up; ls; trust list; status";
        let ran = restricted(&scene, scene.call()).args(hash).args(["-c", commands]).run().ok();
        assert_eq!(scene.read("a").as_deref(), Some(&b"hello"[..]));
        assert_eq!(scene.liar.content("/b").as_deref(), Some(&b"world"[..]));
        ran.stdout_has("providers").stdout_has(if has_provider() { "enforced" } else { "default" });
    }
}

#[test]
fn client_certificates_in_pem_work() {
    let scene = Scene::new(Script::new().wants_certificate().file("/a", "hello"));
    let own = Certificate::make("tester").unwrap();
    scene.write("own.pem", [own.pem().unwrap(), own.key_pem().unwrap()].concat());
    for backend in ["openssl", "native-tls"] {
        let call = scene.call().args(["--set", "tls:cert-file=own.pem"]);
        let call = call.args(["--set", &format!("tls:backend={backend}")]);
        restricted(&scene, call).args(["-c", "get a --overwrite=yes"]).run().ok();
    }
}

#[test]
fn a_pkcs12_file_that_may_not_be_opened_is_named_with_a_way_out() {
    let scene = Scene::new(Script::new().wants_certificate().file("/a", "hello"));
    let own = Certificate::make("tester").unwrap();
    let mut builder = Pkcs12::builder();
    builder.pkey(&own.key).cert(&own.x509);
    scene.write("own.p12", builder.build2("").unwrap().to_der().unwrap());
    let call = scene.call().args(["--set", "tls:cert-file=own.p12", "-c", "get a"]);
    let ran = restricted(&scene, call).run();
    if has_provider() {
        ran.status(9).stderr_has("own.p12: protected with an algorithm").stderr_has("FILE.pem");
    } else {
        ran.ok();
    }
}

#[test]
fn a_checksum_that_is_forbidden_is_no_verification() {
    for (verb, name) in [("XMD5", "Md5"), ("XSHA1", "Sha1")] {
        let scene = Scene::new(Script::new().file("/a", "hello").feature(verb));
        let call = scene.call().args(["--set", "xfer:verify=hash", "-c", "get a"]);
        let ran = restricted(&scene, call).run();
        // A FIPS provider has SHA-1, for what is not a signature.
        if has_provider() && verb == "XMD5" {
            let ran = ran.status(10).stderr_has("the content cannot be verified").stderr_has(name);
            ran.stderr_has("set xfer:verify size");
            assert_eq!(scene.read("a"), None);
        } else {
            ran.ok();
        }
    }
}

#[test]
fn a_server_that_offers_only_what_is_forbidden_is_a_failed_handshake() {
    let scene = Scene::new(Script::new().versions(Versions::Tls11));
    let call = scene.call().args(["-c", "ls"]);
    restricted(&scene, call).run().status(4).stderr_has("hint: ");
    assert!(!scene.liar.wire.has("USER"));
}
