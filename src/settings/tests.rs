//! Tests of the whole table, and of its use.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::error::Kind;

fn with(assignments: &[&str]) -> Settings {
    let mut settings = Settings::new();
    for assignment in assignments {
        settings.set_assignment(assignment).unwrap_or_else(|e| panic!("{assignment}: {e}"));
    }
    settings
}

fn shown(settings: &Settings, name: &str, host: Option<&str>) -> String {
    settings.value(name, host).unwrap().to_string()
}

#[test]
fn the_table_holds_for_every_row() {
    let mut wrong = Vec::new();
    for row in SETTINGS {
        let mut check = |fine: bool, what: &str| {
            if !fine {
                wrong.push(format!("{}: {what}", row.name));
            }
        };
        check(row.name.matches(':').count() == 1, "is not group:name");
        check(row.name.chars().all(|c| c.is_ascii_lowercase() || ":-".contains(c)), "bad letters");
        check(SETTINGS.iter().filter(|r| r.name == row.name).count() == 1, "is there twice");
        check(resolve(row.name).is_ok_and(|r| r.name == row.name), "does not mean itself");
        check(!row.help.is_empty() && !row.help.ends_with('.'), "has no help, or a full stop");
        match Value::parse(&row.kind, row.default) {
            Ok(value) => check(value.to_string() == row.default, "default is not canonical"),
            Err(_) => check(false, "default does not parse"),
        }
        for word in row.kind.choices() {
            check(
                Value::parse(&row.kind, word).is_ok_and(|v| v.to_string() == *word),
                "a choice does not parse",
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn constants_and_rows_go_together() {
    assert_eq!(CONSTANTS.len(), SETTINGS.len());
    for (constant, name, _) in CONSTANTS {
        assert_eq!(*constant, name.to_uppercase().replace([':', '-'], "_"));
    }
}

#[test]
fn a_key_reads_every_value_of_its_setting() {
    for (_, name, reads) in CONSTANTS {
        let setting = resolve(name).unwrap();
        for text in setting.kind.choices().iter().chain([&setting.default]) {
            assert!(reads(&Value::parse(&setting.kind, text).unwrap()), "{name} {text}");
        }
    }
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let documented = [
        ("net:timeout", "30s"),
        ("net:max-retries", "3"),
        ("net:reconnect-interval", "1s"),
        ("net:idle", "3m"),
        ("net:connection-limit", "8"),
        ("net:limit-rate", "0"),
        ("net:limit-total-rate", "0"),
        ("net:limit-max", "0"),
        ("net:charset", "utf-8"),
        ("net:order", "ipv6 ipv4"),
        ("net:bind-address", ""),
        ("net:proxy", ""),
        ("net:use-env-proxy", "yes"),
        ("ftp:mode", "auto"),
        ("ftp:timezone", "auto"),
        ("ftp:list", "auto"),
        ("ftp:max-listing", "30"),
        ("ftp:list-options", ""),
        ("ftp:sync-mode", "no"),
        ("tls:backend", "openssl"),
        ("tls:min-version", "1.2"),
        ("tls:max-version", "1.3"),
        ("tls:session-tickets", "yes"),
        ("tls:ca-file", ""),
        ("tls:cert-file", ""),
        ("tls:key-file", ""),
        ("tls:data", "private"),
        ("trust:policy", "ask"),
        ("trust:alias", ""),
        ("xfer:overwrite", "ask"),
        ("xfer:overwrite-remote", "auto"),
        ("xfer:parallel", "1"),
        ("xfer:segments", "1"),
        ("xfer:verify", "size"),
        ("xfer:preserve-times", "yes"),
        ("xfer:atomic", "auto"),
        ("xfer:sync", "auto"),
        ("mirror:parallel", "4"),
        ("mirror:max-delete", ""),
        ("mirror:exclude-regex", r"(^|/)(\.in\.|\.nfs)"),
        ("mirror:set-permissions", "yes"),
        ("mirror:dereference", "no"),
        ("mirror:no-empty-dirs", "no"),
        ("mirror:skip-noaccess", "no"),
        ("mirror:confirm-delete", "yes"),
        ("mirror:max-depth", "64"),
        ("mirror:max-directories", "1000000"),
        ("cmd:fail-exit", "auto"),
        ("cmd:prompt", r"\?ftpsh \u@\h:\w> "),
        ("cmd:history-size", "1000"),
        ("cmd:completion-timeout", "300ms"),
        ("glob:nomatch", "error"),
        ("cache:expire", "60s"),
        ("log:file", ""),
    ];
    let rows: Vec<_> = SETTINGS.iter().map(|row| (row.name, row.default)).collect();
    assert_eq!(rows, documented);
    assert!(Settings::new().changed().next().is_none());
    assert_eq!(Settings::new().all().count(), SETTINGS.len());
}

#[test]
fn nothing_stores_the_acceptance_of_any_certificate() {
    assert!(
        SETTINGS.iter().all(|row| !row.name.contains("insecure") && !row.name.contains("verify-c"))
    );
    assert!(Settings::new().set("trust:policy", "insecure").is_err());
}

#[test]
fn values_are_checked_and_shown_in_canonical_spelling() {
    for (name, given, canonical) in [
        ("xfer:atomic", "on", "yes"),
        ("xfer:atomic", "TRUE", "yes"),
        ("xfer:atomic", "1", "yes"),
        ("xfer:atomic", "off", "no"),
        ("xfer:atomic", "false", "no"),
        ("xfer:atomic", "0", "no"),
        ("xfer:overwrite", "on", "yes"),
        ("xfer:overwrite", "Newer", "newer"),
        ("cmd:fail-exit", "off", "no"),
        ("net:timeout", "5", "5s"),
        ("net:timeout", " 1m30s ", "1m30s"),
        ("net:timeout", "0.5", "0.5s"),
        ("cache:expire", "0", "0"),
        ("net:max-retries", "0", "0"),
        ("net:limit-rate", "1M:500k", "1M:500k"),
        ("net:order", "IPv4,ipv6", "ipv4 ipv6"),
        ("net:order", "ipv4", "ipv4"),
        ("net:charset", "latin1", "iso-8859-1"),
        ("net:charset", "UTF8", "utf-8"),
        ("net:bind-address", "0:0:0:0:0:0:0:1", "::1"),
        ("ftp:timezone", "utc", "UTC"),
        ("ftp:timezone", "+2", "+02:00"),
        ("ftp:timezone", "-0530", "-05:30"),
        ("net:charset", "Shift_JIS", "shift_jis"),
        ("net:charset", "cp1251", "windows-1251"),
        ("net:charset", "IBM850", "cp850"),
        ("net:charset", "cp437", "cp437"),
        ("net:charset", "cp866", "ibm866"),
        ("mirror:max-delete", "10%", "10%"),
        ("net:proxy", "SOCKS5://h:1080/", "SOCKS5://h:1080/"),
        ("cmd:prompt", " a b ", " a b "),
    ] {
        let settings = with(&[&format!("{name}={given}")]);
        assert_eq!(shown(&settings, name, None), canonical, "{name} {given}");
    }
    for (name, given) in [
        ("xfer:atomic", "maybe"),
        ("xfer:atomic", ""),
        ("ftp:mode", "yes"),
        ("net:timeout", ""),
        ("net:timeout", "-1s"),
        ("net:timeout", "+1s"),
        ("net:timeout", "1m30"),
        ("net:timeout", "5 parsecs"),
        ("net:timeout", "1e9"),
        ("net:timeout", "999999999999h"),
        ("net:max-retries", "-1"),
        ("net:max-retries", "+1"),
        ("net:connection-limit", "99999999999999999999"),
        ("net:limit-rate", "fast"),
        ("net:limit-rate", "1:2:3"),
        ("net:limit-rate", "99999999999T"),
        ("net:order", ""),
        ("net:order", "ipv4 ipv4"),
        ("net:order", "ipv5"),
        ("net:charset", "klingon"),
        ("net:charset", "cp99999999"),
        ("net:charset", "cp-437"),
        ("net:bind-address", "example.org"),
        ("net:proxy", "ftp://h:21"),
        ("net:proxy", "http://h"),
        ("net:proxy", "http://h:99999"),
        ("net:proxy", "http://h:80/path"),
        ("net:charset", "utf-16le"),
        ("net:charset", "iso-2022-jp"),
        ("ftp:timezone", "+25:00"),
        ("ftp:timezone", "Europe/Berlin"),
        ("ftp:timezone", "+é"),
        ("ftp:timezone", "$(id)"),
        ("tls:min-version", "1.1"),
        ("tls:ca-file", "a\0b"),
        ("mirror:max-delete", "101%"),
        ("mirror:max-delete", "few"),
    ] {
        let mut settings = Settings::new();
        let error = settings.set(name, given).expect_err(&format!("{name} {given:?} is wrong"));
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.message().starts_with(&format!("{name}: ")), "{error}");
        assert!(settings.changed().next().is_none(), "{name} changed");
    }
}

#[test]
fn getters_give_what_the_text_means() {
    let s = with(&[
        "net:timeout=1m30s",
        "net:limit-rate=2k:1.5M",
        "mirror:max-delete=25%",
        "net:bind-address=127.0.0.2",
        "xfer:parallel=3",
        "tls:ca-file=~/ca.pem",
        "log:file=/tmp/log",
    ]);
    assert_eq!(s.get(NET_TIMEOUT, None), Duration::from_secs(90));
    assert_eq!(s.get(CMD_COMPLETION_TIMEOUT, None), Duration::from_millis(300));
    assert_eq!(s.get(NET_LIMIT_RATE, None), Rate { down: 2048, up: 1_572_864 });
    assert_eq!(s.get(MIRROR_MAX_DELETE, None), Some(DeleteLimit::Percent(25)));
    assert_eq!(s.get(NET_BIND_ADDRESS, None), Some("127.0.0.2".parse().unwrap()));
    assert_eq!(s.get(XFER_PARALLEL, None), 3);
    assert!(s.get(XFER_PRESERVE_TIMES, None) && s.get(XFER_ATOMIC, None) == AtomicUpload::Auto);
    assert_eq!(s.get(NET_ORDER, None), [IpVersion::V6, IpVersion::V4]);
    assert_eq!(s.get(TLS_CA_FILE, None), dirs::home_dir().map(|home| home.join("ca.pem")));
    assert_eq!(s.get(LOG_FILE, None), Some(PathBuf::from("/tmp/log")));
    assert_eq!(s.get(TLS_KEY_FILE, None), None);
    assert_eq!(Settings::new().get(MIRROR_MAX_DELETE, None), None);
}

#[test]
fn sizes_are_powers_of_1024_and_never_wrap() {
    for (text, bytes) in [
        ("0", Some(0)),
        ("1500", Some(1500)),
        ("64k", Some(65_536)),
        ("10M", Some(10_485_760)),
        ("1GiB", Some(1 << 30)),
        ("2TB", Some(2 << 40)),
        ("1.5k", Some(1536)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("16777216T", None),
        ("1.5", None),
        ("1.k", None),
        ("", None),
        ("k", None),
        ("-1", None),
        ("1 k", None),
    ] {
        assert_eq!(parse_size(text), bytes, "{text:?}");
    }
}

#[test]
fn a_limit_is_exceeded_only_beyond_it() {
    assert!(!DeleteLimit::Count(5).exceeded(5, 100) && DeleteLimit::Count(5).exceeded(6, 100));
    assert!(
        !DeleteLimit::Percent(10).exceeded(10, 100) && DeleteLimit::Percent(10).exceeded(11, 100)
    );
    assert!(
        DeleteLimit::Percent(0).exceeded(1, u64::MAX) && !DeleteLimit::Percent(100).exceeded(9, 9)
    );
}

#[test]
fn unique_abbreviations_mean_one_setting() {
    for (short, name) in [
        ("net:time", "net:timeout"),
        ("n:t", "net:timeout"),
        ("timeout", "net:timeout"),
        ("NET:Timeout", "net:timeout"),
        ("trust:p", "trust:policy"),
        ("xfer:ov", "xfer:overwrite"),
        ("overwrite", "xfer:overwrite"),
        ("overwrite-r", "xfer:overwrite-remote"),
        ("prompt", "cmd:prompt"),
        ("m:max-del", "mirror:max-delete"),
    ] {
        assert_eq!(resolve(short).map(|row| row.name).unwrap(), name, "{short}");
    }
}

#[test]
fn unknown_and_ambiguous_names_are_errors_with_a_suggestion() {
    for (wrong, message, hint) in [
        ("net:timeuot", "no such setting", "did you mean net:timeout?"),
        ("timoeut", "no such setting", "did you mean net:timeout?"),
        ("bananas", "no such setting", "set -a lists all settings"),
        ("", "no such setting", "set -a lists all settings"),
        ("parallel", "ambiguous", "it may be xfer:parallel, mirror:parallel"),
        ("trust", "ambiguous", "it may be trust:policy, trust:alias"),
        ("tls:m", "ambiguous", "it may be tls:min-version, tls:max-version"),
        ("net:limit", "ambiguous", "it may be net:limit-rate, net:limit-total-rate, net:limit-max"),
    ] {
        let error = resolve(wrong).expect_err(wrong);
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.message(), format!("setting {wrong:?}: {message}"));
        assert_eq!(error.hint(), Some(hint), "{wrong}");
    }
    assert!(resolve(&"x".repeat(100_000)).is_err());
}

#[test]
fn the_most_specific_host_wins() {
    let settings = with(&[
        "net:timeout=10",
        "net:timeout/*=20",
        "net:timeout/*.example.org=30",
        "net:timeout/ftp?.example.org=40",
        "net:timeout/ftp1.example.org=50",
        "n:t/[::1]=60",
    ]);
    for (host, value) in [
        (Some("ftp1.example.org"), "50s"),
        (Some("FTP1.example.org."), "50s"),
        (Some("ftp2.example.org"), "40s"),
        (Some("ftp22.example.org"), "30s"),
        (Some("example.org"), "20s"),
        (Some("a.example.org.evil"), "20s"),
        (Some("::1"), "60s"),
        (None, "10s"),
    ] {
        assert_eq!(shown(&settings, NET_TIMEOUT.name(), host), value, "{host:?}");
    }
    assert_eq!(shown(&settings, NET_IDLE.name(), Some("ftp1.example.org")), "3m");
}

#[test]
fn of_equally_specific_patterns_the_later_one_wins() {
    let mut settings = with(&["net:timeout/a*=1", "net:timeout/*c=2"]);
    assert_eq!(shown(&settings, NET_TIMEOUT.name(), Some("abc")), "2s");
    settings.set("net:timeout/A*", "3").unwrap();
    assert_eq!(settings.changed().count(), 2, "the same pattern is replaced");
}

#[test]
fn patterns_match_in_bounded_time() {
    let pattern = HostPattern::parse(&format!("{}x", "*a".repeat(100))).unwrap();
    assert!(!pattern.matches(&"a".repeat(5000)));
    assert!(HostPattern::parse("***").unwrap().matches(""));
    assert!(HostPattern::parse("a*b*c").unwrap().matches("abbcbc"));
    assert!(!HostPattern::parse("a*b*c").unwrap().matches("abbcb"));
}

#[test]
fn a_setting_without_hosts_refuses_one() {
    let mut settings = Settings::new();
    assert!(settings.set("cmd:prompt/example.org", "x").is_err());
    assert!(settings.set("net:timeout/", "5").is_err());
    assert!(settings.set("net:timeout/a b", "5").is_err());
    assert!(settings.set_assignment("net:timeout").is_err());
    assert!(settings.changed().next().is_none());
}

#[test]
fn changed_lists_what_differs_and_unset_takes_it_back() {
    let mut settings =
        with(&["net:idle=180s", "xfer:atomic=on", "net:timeout=5", "net:timeout/h=30s"]);
    let list = |s: &Settings| -> Vec<String> {
        s.changed().map(|i| format!("{}/{:?} {}", i.row.name, i.host, i.value)).collect()
    };
    assert_eq!(
        list(&settings),
        ["net:timeout/None 5s", "net:timeout/Some(\"h\") 30s", "xfer:atomic/None yes"]
    );
    settings.unset("net:timeout").unwrap();
    settings.unset("atomic").unwrap();
    assert_eq!(list(&settings), ["net:timeout/Some(\"h\") 30s"]);
    settings.unset("net:timeout/h").unwrap();
    settings.unset("net:timeout/h").unwrap();
    assert!(list(&settings).is_empty());
    assert!(settings.unset("nope").is_err());
}

#[test]
fn a_proxy_password_is_used_but_never_shown() {
    let url = "http://bob:s3cr:e@t@proxy.example.org:3128";
    let settings = with(&[&format!("net:proxy={url}")]);
    let value = settings.value(NET_PROXY.name(), None).unwrap();
    assert_eq!(value.to_string(), "http://bob:***@proxy.example.org:3128");
    assert!(!format!("{settings:?}").contains("s3cr"));
    assert_eq!(settings.get(NET_PROXY, None), url);
    let error = Settings::new().set("net:proxy", "http://bob:s3cret@proxy").unwrap_err();
    assert!(!error.message().contains("s3cret"), "{error}");
}

/// The list of `lftp -c 'set -a'`, version 4.9.2, each with the value that it has there.
const OF_LFTP: &str = include_str!("lftp-4.9.2.txt");

#[test]
fn every_setting_of_lftp_has_one_row_and_its_default_is_accepted() {
    let names: Vec<&str> = LFTP_SETTINGS.iter().map(|row| row.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len(), "a name is there twice");
    let mut wrong = Vec::new();
    for line in OF_LFTP.lines() {
        let (name, value) = line.split_once(' ').unwrap();
        let row = find_lftp_setting(name);
        if row.is_none_or(|row| !name.starts_with(row.name)) {
            wrong.push(format!("{name}: no row"));
            continue;
        }
        // Its own default is for servers without TLS.
        if let Err(error) = Settings::new().set(name, value) {
            wrong.push(format!("{name} {value}: {error}"));
        }
    }
    for row in LFTP_SETTINGS {
        if let Fate::Sets(name, _) = row.fate
            && !resolve(name).is_ok_and(|own| own.name == name)
        {
            wrong.push(format!("{} sets {name}, which is none", row.name));
        }
        if matches!(row.fate, Fate::Same) && !resolve(row.name).is_ok_and(|o| o.name == row.name) {
            wrong.push(format!("{}: there is none of the same name", row.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn settings_of_lftp_set_ours() {
    for (assignment, name, value) in [
        ("net:reconnect-interval-base=5", "net:reconnect-interval", "5s"),
        ("mirror:parallel-transfer-count=6", "mirror:parallel", "6"),
        ("mirror:parallel-transfer-count=0", "mirror:parallel", "1"),
        ("mirror:use-pget-n=3", "xfer:segments", "3"),
        ("xfer:clobber=on", "xfer:overwrite", "yes"),
        ("xfer:clobber=0", "xfer:overwrite", "no"),
        ("ssl:ca-file=/x", "tls:ca-file", "/x"),
        ("ssl:cert-file=/x", "tls:cert-file", "/x"),
        ("ssl:key-file=/x", "tls:key-file", "/x"),
        ("ftp:charset=latin1", "net:charset", "iso-8859-1"),
        ("ftp:passive-mode=off", "ftp:mode", "active"),
        ("ftp:passive-mode=+", "ftp:mode", "auto"),
        ("passive-mode=no", "ftp:mode", "active"),
        ("ftp:prefer-epsv=false", "ftp:mode", "pasv"),
        ("ftp:list-options=-a", "ftp:list-options", "-a"),
        ("net:limit-max=64k", "net:limit-max", "64k"),
        ("mirror:exclude-regex=x", "mirror:exclude-regex", "x"),
        ("net:connection-limit=0", "net:connection-limit", "256"),
        ("net:timeout=infinity", "net:timeout", "unlimited"),
        ("net:timeout=0", "net:timeout", "unlimited"),
        ("net:idle=unlimited", "net:idle", "unlimited"),
        ("net:max-retries=infinity", "net:max-retries", "1000"),
        ("net:limit-rate=unlimited", "net:limit-rate", "0"),
        ("net:limit-rate=1M:infinity", "net:limit-rate", "1M:infinity"),
        ("mirror:max-delete=unlimited", "mirror:max-delete", ""),
        ("dns:order=inet inet6", "net:order", "ipv4 ipv6"),
        ("cmd:nullglob=no", "glob:nomatch", "literal"),
        ("cache:enable=no", "cache:expire", "0"),
        ("xfer:use-temp-file=yes", "xfer:atomic", "yes"),
        ("xfer:verify=yes", "xfer:verify", "hash"),
        ("xfer:verify=none", "xfer:verify", "none"),
        ("net:socket-bind-ipv4=127.0.0.1", "net:bind-address", "127.0.0.1"),
    ] {
        let settings = with(&[assignment]);
        assert_eq!(shown(&settings, name, None), value, "{assignment}");
        assert_eq!(settings.take_notes(), None, "{assignment}");
    }
    let settings = with(&["ssl:ca-file/*.example.org=/x"]);
    assert_eq!(shown(&settings, "tls:ca-file", Some("a.example.org")), "/x");
    assert_eq!(shown(&settings, "tls:ca-file", Some("a.example.com")), "");
}

#[test]
fn settings_of_lftp_that_change_nothing_are_told_in_one_notice() {
    let silent = [
        "ftp:ssl-force=true",
        "ftp:ssl-protect-data=yes",
        "ftp:ssl-protect-list=1",
        "ftps:initial-prot=",
        "ftp:ssl-allow=yes",
        "ssl:verify-certificate=yes",
        "ssl:check-hostname=on",
        "ftp:passive-mode=on",
        "cmd:interactive=no",
    ];
    let settings = with(&silent);
    assert_eq!((settings.take_notes(), settings.changed().count()), (None, 0));
    let settings = with(&[
        "ssl:verify-certificate=no",
        "ssl:verify-certificate/h=no",
        "ssl:check-hostname=false",
        "ftp:ssl-protect-data=false",
        "ftp:use-mdtm=no",
        "net:socket-buffer=0",
        "net:persist-retries=2",
        "net:reconnect-interval-max=9",
        "net:reconnect-interval-multiplier=1",
        "sftp:auto-confirm=yes",
        "http:proxy=",
        "file:charset=x",
        "xfer:log=yes",
        "log:enabled/xfer=no",
        "bmk:auto-sync=no",
        "color:use-color=yes",
        "dns:cache-enable=no",
    ]);
    let copy = settings.clone();
    let notice = copy.take_notes().unwrap();
    assert_eq!(notice.lines().count(), 3, "{notice}");
    for part in [
        "ssl:check-hostname, ssl:verify-certificate: certificates stay checked",
        "--fingerprint",
        "ftp:ssl-protect-data: data stays private",
        "without effect here: bmk:auto-sync, color:use-color, dns:cache-enable, file:charset, \
         ftp:use-mdtm, http:proxy, log:enabled/xfer, net:persist-retries",
    ] {
        assert!(notice.contains(part), "{part}\n{notice}");
    }
    assert_eq!((settings.take_notes(), settings.changed().count()), (None, 0), "told once");
}

#[test]
fn settings_of_lftp_that_are_dangerous_to_ignore_are_refused() {
    for (name, value) in [
        ("ftp:ssl-allow", "no"),
        ("ssl-allow", "off"),
        ("cmd:at-exit", "put log"),
        ("cmd:default-protocol", "ftps"),
        ("xfer:destination-directory", "/x"),
        ("ssl:crl-file", "/x"),
        ("ftp:site", "umask 022"),
        ("ftp:anon-user", "bob"),
    ] {
        let error = Settings::new().set(name, value).unwrap_err();
        assert!(error.hint().is_some(), "{name}");
        assert!(!error.message().contains(value) || value == "no", "{error}");
    }
    // A mistake is compared with the names of both.
    let error = Settings::new().set("ssl:verify-certficate", "no").unwrap_err();
    assert_eq!(error.hint(), Some("did you mean ssl:verify-certificate?"));
}
