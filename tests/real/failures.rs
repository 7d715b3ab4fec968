//! What real servers refuse, with the status and the words for it.

use crate::bench::{NAMES, on};
use support::closed_port::ClosedPort;
use support::program::Ftpsh;

#[test]
fn a_wrong_password_is_7_and_names_no_password() {
    on(&NAMES, |bench| {
        let call = bench.call().env("REAL_PASSWORD", "not-the-pass-word").args(["-vv"]);
        let ran = call.args(["-c", "get x"]).run().status(7);
        ran.stderr_has("refused").never_says("not-the-pass-word");
    });
}

#[test]
fn a_missing_file_is_8_and_leaves_nothing() {
    on(&NAMES, |bench| {
        let ran = bench.run(&format!("get {}absent", bench.prefix)).status(8);
        ran.stderr_has("550").stderr_has("no such file");
        assert_eq!(std::fs::read_dir(bench.local.path()).unwrap().count(), 0);
        bench.write("up", "x");
        bench.run(&format!("put up -o {}absent/up", bench.prefix)).status(8);
    });
}

#[test]
fn a_closed_port_is_3() {
    let closed = ClosedPort::new();
    let address = closed.addr;
    for scheme in ["ftpes", "ftps"] {
        let url = format!("{scheme}://tester@{address}");
        let ran = Ftpsh::new().args([&url, "-c", "get x"]).run().status(3);
        ran.stderr_has("connection refused");
    }
}

#[test]
fn the_wrong_kind_of_tls_is_4_or_3_with_a_hint_and_by_its_deadline() {
    on(&["vsftpd", "vsftpd-implicit", "proftpd"], |bench| {
        let right = bench.server.url();
        let wrong = match bench.server.mode.as_str() {
            "implicit" => right.replacen("ftps://", "ftpes://", 1),
            _ => right.replacen("ftpes://", "ftps://", 1),
        };
        let call = Ftpsh::at(&bench.home).arg(wrong).args(["--set", "net:timeout=2s"]);
        let ran = call.args(["--set", "net:max-retries=0", "-c", "get x"]).run();
        assert!(matches!(ran.status, 3 | 4), "{ran}");
    });
}

#[test]
fn the_platforms_tls_works_or_names_session_reuse() {
    on(&NAMES, |bench| {
        bench.write("up", "hello");
        let put = format!("put up -o {}native", bench.prefix);
        let ran = bench.call().args(["--set", "tls:backend=native-tls", "-c", &put]).run();
        if bench.server.can("reuse-required") {
            let ran = ran.status(4).stderr_has("session reuse").stderr_has("tls:backend openssl");
            assert!(ran.err().contains("hint:"), "{ran}");
        } else {
            ran.ok();
            let get = format!("get {}native -o down", bench.prefix);
            bench.call().args(["--set", "tls:backend=native-tls", "-c", &get]).run().ok();
            assert_eq!(bench.read("down"), b"hello");
        }
    });
}
