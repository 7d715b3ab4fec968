//! Connections through proxies: control and data both, names looked up behind the proxy, its login
//! given only where it is wanted, and no wait without an end.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};
use support::closed_port::ClosedPort;
use support::liar::{Script, Step};
use support::program::{Ftpsh, Ran};
use support::proxy::{Manner, Proxy};
use support::scene::Scene;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", "hello"))
}

/// The program, with a host that nobody but the proxy can find.
fn through(scene: &Scene, proxy: &str) -> Ftpsh {
    let port = scene.liar.addr.port();
    let call = scene.unconnected().args(["--set", &format!("net:proxy={proxy}")]);
    call.arg(format!("ftpes://tester@server.invalid:{port}"))
}

fn fetched(scene: &Scene, proxy: &Proxy, ran: Ran) {
    let ran = ran.ok();
    assert_eq!(scene.read("a").as_deref(), Some(&b"hello"[..]), "{ran}");
    let asked: Vec<_> = proxy.asked().into_iter().filter(|what| what != "login").collect();
    assert!(asked.len() >= 2, "control and data: {asked:?}\n{ran}");
    assert!(asked.iter().all(|what| what.starts_with("server.invalid:")), "{asked:?}\n{ran}");
}

#[test]
fn control_and_data_go_through_the_proxy_by_the_servers_name() {
    for (scheme, manner) in [("http", Manner::Http), ("socks5", Manner::Socks5)] {
        for missing in ["", "EPSV"] {
            let (proxy, script) = (Proxy::start(manner.clone()), Script::new().without(missing));
            let scene = Scene::new(script.file("/a", "hello"));
            let url = format!("{scheme}://{}", proxy.addr);
            let ran = through(&scene, &url).args(["-c", "get a; status"]).run();
            fetched(&scene, &proxy, ran.stdout_has(&url));
        }
    }
}

#[test]
fn a_passive_reply_does_not_choose_the_host() {
    let proxy = Proxy::start(Manner::Socks5);
    let reply = Step::reply("227 Entering Passive Mode (10,9,8,7,0,1)");
    let scene = Scene::new(Script::new().without("EPSV").on("PASV", reply));
    let call = through(&scene, &format!("socks5://{}", proxy.addr)).args(["-c", "ls"]);
    let call = call.args(["--set", "net:max-retries=0"]);
    call.run().status(3).stderr_has("port 1: connection refused");
    assert!(proxy.asked().contains(&"server.invalid:1".to_owned()), "{:?}", proxy.asked());
}

#[test]
fn the_login_comes_from_the_setting_or_the_netrc_file() {
    for (scheme, manner) in [
        ("http", Manner::HttpLogin("bob:p@ss word")),
        ("socks5", Manner::Socks5Login("bob", "p@ss word")),
    ] {
        let (scene, proxy) = (scene(), Proxy::start(manner));
        let url = format!("{scheme}://bob:p%40ss%20word@{}", proxy.addr);
        let ran = through(&scene, &url).args(["-vv", "-c", "set; get a"]).run();
        fetched(&scene, &proxy, ran.never_says("p@ss").never_says("p%40ss"));
        assert!(!proxy.asked().contains(&"login".to_owned()));

        std::fs::remove_file(scene.path("a")).unwrap();
        let netrc = scene.home.path().join("netrc");
        std::fs::write(&netrc, "machine 127.0.0.1 login bob password \"p@ss word\"\n").unwrap();
        std::fs::set_permissions(&netrc, Permissions::from_mode(0o600)).unwrap();
        let call = through(&scene, &format!("{scheme}://{}", proxy.addr)).env("NETRC", &netrc);
        fetched(&scene, &proxy, call.args(["-c", "get a"]).run());
        let refused = proxy.asked().iter().filter(|what| *what == "login").count();
        assert_eq!(refused, 1, "once it is known that the proxy wants a login, it gets it");
    }
}

#[test]
fn a_wrong_or_missing_login_is_a_refusal_in_the_proxys_words() {
    let (scene, proxy) = (scene(), Proxy::start(Manner::HttpLogin("bob:right")));
    let run = |url: String| through(&scene, &url).args(["-c", "get a"]).run();
    let ran = run(format!("http://bob:wr0ng@{}", proxy.addr)).status(3);
    ran.never_says("wr0ng").stderr_has("\"407 Who are you\"").stderr_has("hint: check");
    run(format!("http://{}", proxy.addr)).status(3).stderr_has("netrc");
    assert!(!scene.liar.wire.has("USER"));
    let proxy = Proxy::start(Manner::Socks5Login("bob", "right"));
    run(format!("socks5://bob:wr0ng@{}", proxy.addr)).status(3).stderr_has("another login");
}

#[test]
fn what_makes_no_sense_ends_by_the_deadline_with_the_cause() {
    for (scheme, manner, why) in [
        ("http", Manner::Says(b"HTTP/1.1 403 No FTP here\r\n\r\n"), "\"403 No FTP here\""),
        ("http", Manner::Says(b"HTTP/1.1 503 Busy\r\nX: y\r\n\r\n"), "\"503 Busy\""),
        ("http", Manner::Says(b"220 ready\r\n\r\n"), "not an HTTP proxy"),
        ("http", Manner::Says(b"HTTP/1.1 2"), "closed the connection"),
        ("http", Manner::Says(b""), "closed the connection"),
        ("http", Manner::Hangs(b"HTTP/1.1 200 OK\r\nX"), "no answer within 0.5 s"),
        ("http", Manner::Endless(b"X-Header: more\r\n"), "its answer has no end"),
        ("http", Manner::Endless(b"HTTP/1.1 100 Wait\r\n\r\n"), "its answer has no end"),
        ("http", Manner::Drips, "no answer within 0.5 s"),
        ("socks5", Manner::Says(b""), "closed the connection"),
        ("socks5", Manner::Hangs(b""), "no answer within 0.5 s"),
        ("socks5", Manner::Hangs(b"\x05\0\x05\0\0\x03\xff"), "no answer within 0.5 s"),
        ("socks5", Manner::Hangs(b"HTTP/1.1 400"), "not a SOCKS5 proxy"),
        ("socks5", Manner::Hangs(b"\x05\xff"), "no way to log in"),
        ("socks5", Manner::Hangs(b"\x05\0\x05\x02\0\x01"), "not allowed by its rules"),
        ("socks5", Manner::Hangs(b"\x05\0\x05\x04\0\x01"), "host unreachable"),
        ("socks5", Manner::Hangs(b"\x05\0\x05\0\0\x09"), "does not have"),
    ] {
        let (scene, proxy) = (scene(), Proxy::start(manner));
        let call = through(&scene, &format!("{scheme}://{}", proxy.addr));
        let call = call.args(["--set", "net:timeout=500ms", "--set", "net:max-retries=0"]);
        let ran = call.args(["-c", "get a"]).timeout(Duration::from_secs(10)).run();
        ran.status(3).stderr_has(why).stderr_has(&format!("proxy {scheme}://127.0.0.1:"));
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let scene = scene();
    let closed = ClosedPort::new();
    let port = closed.port();
    let call = through(&scene, &format!("http://127.0.0.1:{port}")).args(["-c", "get a"]);
    let ran = call.run().status(3);
    ran.stderr_has(&format!("proxy: connect to 127.0.0.1 port {port}"))
        .stderr_has("hint: the proxy is that of net:proxy");
}

#[test]
fn a_cancel_ends_the_wait_for_a_proxy() {
    let (scene, proxy) = (scene(), Proxy::start(Manner::Hangs(b"")));
    let mut call =
        through(&scene, &format!("http://{}", proxy.addr)).args(["-c", "get a"]).command();
    let mut child = call.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while proxy.asked().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let status = support::program::wait(&mut child, Duration::from_secs(1));
    assert_eq!(status, 130);
}

#[test]
fn active_mode_is_refused_with_a_proxy() {
    let (scene, proxy) = (scene(), Proxy::start(Manner::Http));
    let call = through(&scene, &format!("http://{}", proxy.addr));
    let ran = call.args(["--set", "ftp:mode=active", "-c", "get a"]).run();
    ran.status(2).stderr_has("active");
    assert!(proxy.asked().is_empty());
}

/// The program without the setting, and with these variables in its environment.
fn with_environment(scene: &Scene, scheme: &str, variables: &[(&str, &str)]) -> Ftpsh {
    let port = scene.liar.addr.port();
    let call = scene.unconnected().arg(format!("{scheme}://tester@server.invalid:{port}"));
    variables.iter().fold(call, |call, (name, value)| call.env(name, value))
}

#[test]
fn the_proxy_of_the_environment_is_used_as_curl_uses_it() {
    for (scheme, variable, manner, url) in [
        ("ftp", "ftp_proxy", Manner::Http, "http://"),
        ("ftpes", "FTP_PROXY", Manner::Http, ""),
        ("ftps", "ftps_proxy", Manner::Socks5, "socks5://"),
        ("ftp", "all_proxy", Manner::Socks5, "socks5h://"),
        ("ftps", "ALL_PROXY", Manner::Http, "http://"),
    ] {
        let (script, proxy) = (Script::new().file("/a", "hello"), Proxy::start(manner));
        let scene = Scene::new(if scheme == "ftps" { script.implicit() } else { script });
        let value = format!("{url}{}", proxy.addr);
        let call = with_environment(&scene, scheme, &[(variable, &value)]);
        let ran = call.args(["-c", "get a; status"]).run();
        fetched(&scene, &proxy, ran.stdout_has(&format!("//{}", proxy.addr)));
    }
}

#[test]
fn the_login_of_a_proxy_of_the_environment_is_shown_nowhere() {
    let (scene, proxy) = (scene(), Proxy::start(Manner::HttpLogin("bob:p@ss word")));
    let value = format!("http://bob:p%40ss%20word@{}", proxy.addr);
    let call = with_environment(&scene, "ftp", &[("ftp_proxy", &value)]);
    let ran = call.args(["-vv", "-c", "set -a; get a; status"]).run();
    fetched(&scene, &proxy, ran.never_says("p@ss").never_says("p%40ss"));
}

#[test]
fn settings_and_no_proxy_come_before_the_proxy_of_the_environment() {
    let (scene, other) = (scene(), Proxy::start(Manner::Http));
    let value = format!("http://{}", other.addr);
    let direct = || scene.call().env("ftp_proxy", &value);
    direct().env("no_proxy", "10.0.0.0/8,127.0.0.0/8").args(["-c", "get a"]).run().ok();
    direct().args(["--set", "net:use-env-proxy=no", "-c", "get a --overwrite=yes"]).run().ok();
    let proxy = Proxy::start(Manner::Socks5);
    std::fs::remove_file(scene.path("a")).unwrap();
    let call = with_environment(&scene, "ftp", &[("ftp_proxy", &value)]);
    let set = format!("net:proxy=socks5://{}", proxy.addr);
    fetched(&scene, &proxy, call.args(["--set", &set, "-c", "get a"]).run());
    assert!(other.asked().is_empty(), "{:?}", other.asked());
}

#[test]
fn a_proxy_of_the_environment_that_cannot_be_used_never_leads_to_a_direct_connection() {
    let scene = scene();
    for (value, why) in [
        ("ftp://bob:s3cret@proxy.example", "ftp_proxy: ftp://bob@proxy.example is an FTP proxy"),
        ("socks4://bob:s3cret@proxy.example:1", "not supported"),
        ("http://bob:s3cret@proxy.example:0", "is not a proxy's URL"),
    ] {
        let ran = scene.call().env("ftp_proxy", value).args(["-c", "get a"]).run().status(2);
        ran.stderr_has(why).stderr_has("set net:use-env-proxy no").never_says("s3cret");
    }
    assert_eq!(scene.liar.wire.connections(), 0);
}
