//! The settings of lftp 4.9, one row each: what becomes of them here.
//!
//! A row maps a name and its values to a setting of [`super::SETTINGS`], or says that it is as
//! wanted, has no effect, or is refused. Scripts for lftp run with them; nothing here stores a
//! value.

use strsim::levenshtein;

use super::names::abbreviates;
use super::parse::parse_lftp_flag;

/// A setting of lftp.
#[derive(Debug)]
pub struct LftpSetting {
    /// Its name; with `/` and a closure where only that one is meant.
    pub name: &'static str,
    /// What it does here.
    pub fate: Fate,
}

/// What becomes of a setting.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// There is a setting of the same name, with the same values.
    Same,
    /// It sets this setting of ours.
    Sets(&'static str, Values),
    /// It is accepted, and mentioned after the script.
    NoEffect,
    /// These values are what ftpsh does; another one is accepted, with this notice.
    Always(&'static [&'static str], &'static str),
    /// These values are what ftpsh does; another one is refused, for this reason and with this hint.
    Only(&'static [&'static str], &'static str, &'static str),
}

/// How values are converted.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// They are the same.
    AsIs,
    /// What yes and no become; other values are the same.
    YesNo(&'static str, &'static str),
    /// The first value becomes the second; others are the same.
    Instead(&'static str, &'static str),
    /// `inet` and `inet6` become `ipv4` and `ipv6`.
    Families,
}

/// What setting one of them to a value comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This setting of ours gets this value.
    Set(&'static str, String),
    /// ftpsh does so anyway.
    Nothing,
    /// None; mentioned after the script.
    NoEffect,
    /// Accepted with this notice.
    Notice(&'static str),
    /// Refused: the reason, and the hint.
    Refused(&'static str, &'static str),
}

const YES: &[&str] = &["yes"];
const NO: &[&str] = &["no"];
const EMPTY: &[&str] = &[""];
const CHECKED: &str = "certificates stay checked; accept this server's once: \
    `trust add HOST`, or --fingerprint SHA256:…";
const PRIVATE: &str = "data stays private; `set tls:data clear` if the server needs it";
const AT_EXIT: Fate =
    Fate::Only(EMPTY, "no commands run by themselves", "put them where they are to run");
const ONLY_FTPS: Fate =
    Fate::Only(&["ftp"], "HOST alone means explicit TLS", "write ftps://HOST for implicit TLS");

macro_rules! rows {
    ($($name:literal => $fate:expr;)*) => {
        /// Every setting of lftp 4.9.2 (`lftp -c 'set -a'`), and two older names.
        pub const LFTP_SETTINGS: &[LftpSetting] =
            &[$(LftpSetting { name: $name, fate: $fate }),*];
    };
}

use Fate::{Always, NoEffect, Only, Same, Sets};
use Values::{AsIs, Families, Instead, YesNo};

rows! {
    "bmk:auto-sync" => NoEffect;
    "bmk:save-passwords" => Always(NO, "bookmarks hold no passwords");
    "cache:cache-empty-listings" => NoEffect;
    "cache:enable" => Sets("cache:expire", YesNo("60s", "0"));
    "cache:expire" => Same;
    "cache:expire-negative" => NoEffect;
    "cache:size" => NoEffect;
    "cmd:at-background" => AT_EXIT;
    "cmd:at-exit" => AT_EXIT;
    "cmd:at-exit-bg" => AT_EXIT;
    "cmd:at-exit-fg" => AT_EXIT;
    "cmd:at-finish" => AT_EXIT;
    "cmd:at-queue-finish" => AT_EXIT;
    "cmd:at-terminate" => AT_EXIT;
    "cmd:cls-completion-default" => NoEffect;
    "cmd:cls-default" => NoEffect;
    "cmd:cls-exact-time" => NoEffect;
    "cmd:csh-history" => NoEffect;
    "cmd:default-protocol" => ONLY_FTPS;
    "cmd:default-title" => NoEffect;
    "cmd:fail-exit" => Same;
    "cmd:interactive" => Always(&["auto", "yes", "no"], "questions are asked at a terminal only");
    "cmd:long-running" => NoEffect;
    "cmd:ls-default" => NoEffect;
    "cmd:move-background" => NoEffect;
    "cmd:move-background-detach" => NoEffect;
    "cmd:nullglob" => Sets("glob:nomatch", YesNo("empty", "literal"));
    "cmd:parallel" => NoEffect;
    "cmd:prompt" => Same;
    "cmd:queue-parallel" => NoEffect;
    "cmd:remote-completion" => Sets("cmd:completion-timeout", YesNo("300ms", "0"));
    "cmd:save-cwd-history" => NoEffect;
    "cmd:save-rl-history" => Sets("cmd:history-size", YesNo("1000", "0"));
    "cmd:set-term-status" => NoEffect;
    "cmd:show-status" => NoEffect;
    "cmd:status-interval" => NoEffect;
    "cmd:stifle-rl-history" => Sets("cmd:history-size", AsIs);
    "cmd:term-status" => NoEffect;
    "cmd:time-style" => NoEffect;
    "cmd:trace" => NoEffect;
    "cmd:verbose" => NoEffect;
    "cmd:verify-host" => NoEffect;
    "cmd:verify-path" => Always(YES, "`cd` always asks the server");
    "cmd:verify-path-cached" => NoEffect;
    "color:dir-colors" => NoEffect;
    "color:use-color" => NoEffect;
    "dns:SRV-query" => NoEffect;
    "dns:cache-enable" => NoEffect;
    "dns:cache-expire" => NoEffect;
    "dns:cache-size" => NoEffect;
    "dns:fatal-timeout" => NoEffect;
    "dns:max-retries" => NoEffect;
    "dns:name" => Only(EMPTY, "a host has one name here", "`open` the other name; its certificate: trust:alias");
    "dns:order" => Sets("net:order", Families);
    "dns:use-fork" => NoEffect;
    "file:charset" => NoEffect;
    "file:use-fallocate" => NoEffect;
    "file:use-lock" => NoEffect;
    "fish:auto-confirm" => NoEffect;
    "fish:charset" => NoEffect;
    "fish:connect-program" => NoEffect;
    "fish:shell" => NoEffect;
    "ftp:abor-max-wait" => NoEffect;
    "ftp:acct" => Only(EMPTY, "the account comes from the netrc file", "`account` in ~/.netrc");
    "ftp:anon-pass" => NoEffect;
    "ftp:anon-user" => Only(&["anonymous"], "nobody is anonymous unasked", "`open -u anonymous HOST`");
    "ftp:auto-passive-mode" => NoEffect;
    "ftp:auto-sync-mode" => NoEffect;
    "ftp:bind-data-socket" => NoEffect;
    "ftp:catch-size" => NoEffect;
    "ftp:charset" => Sets("net:charset", Instead("", "utf-8"));
    "ftp:client" => NoEffect;
    "ftp:compressed-re" => NoEffect;
    "ftp:device-prefix" => NoEffect;
    "ftp:fix-pasv-address" => Always(YES, "data connections go to the server's own address");
    "ftp:fxp-force" => Always(NO, "files between servers go through ftpsh");
    "ftp:fxp-passive-source" => NoEffect;
    "ftp:fxp-passive-sscn" => NoEffect;
    "ftp:home" => Only(EMPTY, "the home directory is that of the login", "`cd DIRECTORY`, or ftp://HOST/DIRECTORY");
    "ftp:ignore-pasv-address" => NoEffect;
    "ftp:lang" => NoEffect;
    "ftp:list-empty-ok" => NoEffect;
    "ftp:list-options" => Same;
    "ftp:mode-z-level" => NoEffect;
    "ftp:netkey-allow" => NoEffect;
    "ftp:nop-interval" => NoEffect;
    "ftp:passive-mode" => Sets("ftp:mode", YesNo("auto", "active"));
    "ftp:port-ipv4" => Only(EMPTY, "PORT names our own address", "net:bind-address, or ftp:mode pasv");
    "ftp:port-range" => Only(&["full"], "the system chooses the port", "ftp:mode pasv needs none");
    "ftp:prefer-epsv" => Sets("ftp:mode", YesNo("auto", "pasv"));
    "ftp:proxy" => Sets("net:proxy", AsIs);
    "ftp:proxy-auth-type" => NoEffect;
    "ftp:rest-list" => NoEffect;
    "ftp:rest-stor" => NoEffect;
    "ftp:retry-530" => NoEffect;
    "ftp:retry-530-anonymous" => NoEffect;
    "ftp:site" => Only(EMPTY, "no SITE command is sent by itself", "`site …` after `open`");
    "ftp:site-group" => Only(EMPTY, "no SITE command is sent by itself", "`site …` after `open`");
    "ftp:skey-allow" => NoEffect;
    "ftp:skey-force" => Only(NO, "S/Key is not supported", "TLS protects the password");
    "ftp:ssl-allow" => Only(YES, "FTP with TLS only", "a server without TLS is not for ftpsh");
    "ftp:ssl-allow-anonymous" => Always(YES, "TLS is always used");
    "ftp:ssl-auth" => NoEffect;
    "ftp:ssl-copy-sid" => Always(YES, "data connections resume the TLS session anyway");
    "ftp:ssl-data-use-keys" => Always(YES, "data connections present the client certificate anyway");
    "ftp:ssl-force" => Always(YES, "TLS is always required");
    "ftp:ssl-protect-data" => Always(YES, PRIVATE);
    "ftp:ssl-protect-fxp" => Always(YES, PRIVATE);
    "ftp:ssl-protect-list" => Always(YES, PRIVATE);
    "ftp:ssl-shutdown-timeout" => NoEffect;
    "ftp:ssl-use-ccc" => Always(NO, "the control connection stays private");
    "ftp:stat-interval" => NoEffect;
    "ftp:strict-multiline" => NoEffect;
    "ftp:sync-mode" => Same;
    "ftp:timezone" => Same;
    "ftp:too-many-re" => NoEffect;
    "ftp:trust-feat" => NoEffect;
    "ftp:use-abor" => NoEffect;
    "ftp:use-allo" => NoEffect;
    "ftp:use-feat" => NoEffect;
    "ftp:use-fxp" => NoEffect;
    "ftp:use-hftp" => NoEffect;
    "ftp:use-ip-tos" => NoEffect;
    "ftp:use-mdtm" => NoEffect;
    "ftp:use-mdtm-overloaded" => NoEffect;
    "ftp:use-mlsd" => NoEffect;
    "ftp:use-mode-z" => NoEffect;
    "ftp:use-pret" => NoEffect;
    "ftp:use-quit" => NoEffect;
    "ftp:use-site-chmod" => NoEffect;
    "ftp:use-site-idle" => NoEffect;
    "ftp:use-site-utime" => NoEffect;
    "ftp:use-site-utime2" => NoEffect;
    "ftp:use-size" => NoEffect;
    "ftp:use-stat" => NoEffect;
    "ftp:use-stat-for-list" => NoEffect;
    "ftp:use-telnet-iac" => NoEffect;
    "ftp:use-tvfs" => NoEffect;
    "ftp:use-utf8" => NoEffect;
    "ftp:verify-address" => NoEffect;
    "ftp:verify-port" => NoEffect;
    "ftp:waiting-150-timeout" => NoEffect;
    "ftp:web-mode" => NoEffect;
    "ftps:initial-prot" => Always(&["", "P", "yes"], PRIVATE);
    "hftp:cache" => NoEffect;
    "hftp:cache-control" => NoEffect;
    "hftp:decode" => NoEffect;
    "hftp:proxy" => NoEffect;
    "hftp:use-allprop" => NoEffect;
    "hftp:use-authorization" => NoEffect;
    "hftp:use-head" => NoEffect;
    "hftp:use-mkcol" => NoEffect;
    "hftp:use-propfind" => NoEffect;
    "hftp:use-range" => NoEffect;
    "hftp:use-type" => NoEffect;
    "http:accept" => NoEffect;
    "http:accept-charset" => NoEffect;
    "http:accept-encoding" => NoEffect;
    "http:accept-language" => NoEffect;
    "http:authorization" => NoEffect;
    "http:cache" => NoEffect;
    "http:cache-control" => NoEffect;
    "http:cookie" => NoEffect;
    "http:decode" => NoEffect;
    "http:post-content-type" => NoEffect;
    "http:proxy" => NoEffect;
    "http:put-content-type" => NoEffect;
    "http:put-method" => NoEffect;
    "http:referer" => NoEffect;
    "http:set-cookies" => NoEffect;
    "http:use-allprop" => NoEffect;
    "http:use-mkcol" => NoEffect;
    "http:use-propfind" => NoEffect;
    "http:use-range" => NoEffect;
    "http:user-agent" => NoEffect;
    "https:proxy" => NoEffect;
    "log:enabled" => NoEffect;
    "log:enabled/xfer" => NoEffect;
    "log:file" => Same;
    "log:file/xfer" => NoEffect;
    "log:level" => NoEffect;
    "log:max-size" => NoEffect;
    "log:prefix-error" => NoEffect;
    "log:prefix-note" => NoEffect;
    "log:prefix-recv" => NoEffect;
    "log:prefix-send" => NoEffect;
    "log:show-ctx" => NoEffect;
    "log:show-pid" => NoEffect;
    "log:show-time" => NoEffect;
    "log:show-time/xfer" => NoEffect;
    "mirror:dereference" => Same;
    "mirror:exclude-regex" => Same;
    "mirror:include-regex" => Only(EMPTY, "patterns are options of mirror", "`mirror -i REGEX …`");
    "mirror:no-empty-dirs" => Same;
    "mirror:order" => NoEffect;
    "mirror:overwrite" => NoEffect;
    "mirror:parallel-directories" => NoEffect;
    "mirror:parallel-transfer-count" => Sets("mirror:parallel", Instead("0", "1"));
    "mirror:require-source" => NoEffect;
    "mirror:set-permissions" => Same;
    "mirror:skip-noaccess" => Same;
    "mirror:sort-by" => NoEffect;
    "mirror:use-pget-n" => Sets("xfer:segments", Instead("0", "1"));
    "module:path" => NoEffect;
    "net:connection-limit" => Sets("net:connection-limit", Instead("0", "256"));
    "net:connection-limit-timer" => NoEffect;
    "net:connection-takeover" => NoEffect;
    "net:idle" => Same;
    "net:limit-max" => Same;
    "net:limit-rate" => Same;
    "net:limit-total-max" => NoEffect;
    "net:limit-total-rate" => Same;
    "net:max-retries" => Same;
    "net:no-proxy" => Only(EMPTY, "a host without the proxy is a setting of its own", "`set net:proxy/HOST ''`");
    "net:persist-retries" => NoEffect;
    "net:reconnect-interval-base" => Sets("net:reconnect-interval", AsIs);
    "net:reconnect-interval-max" => NoEffect;
    "net:reconnect-interval-multiplier" => NoEffect;
    "net:socket-bind-ipv4" => Sets("net:bind-address", AsIs);
    "net:socket-bind-ipv6" => Sets("net:bind-address", AsIs);
    "net:socket-buffer" => NoEffect;
    "net:socket-maxseg" => NoEffect;
    "net:timeout" => Same;
    "pget:default-n" => Sets("xfer:segments", Instead("0", "1"));
    "pget:min-chunk-size" => NoEffect;
    "pget:save-status" => NoEffect;
    "sftp:auto-confirm" => NoEffect;
    "sftp:charset" => NoEffect;
    "sftp:connect-program" => NoEffect;
    "sftp:max-packets-in-flight" => NoEffect;
    "sftp:protocol-version" => NoEffect;
    "sftp:server-program" => NoEffect;
    "sftp:size-read" => NoEffect;
    "sftp:size-write" => NoEffect;
    "sftp:use-full-path" => NoEffect;
    "ssl:ca-file" => Sets("tls:ca-file", AsIs);
    "ssl:ca-path" => Only(EMPTY, "roots are in a file", "`tls:ca-file FILE`, or SSL_CERT_DIR in the environment");
    "ssl:cert-file" => Sets("tls:cert-file", AsIs);
    "ssl:check-hostname" => Always(YES, CHECKED);
    "ssl:crl-file" => Only(EMPTY, "revocation lists are not checked", "`trust remove HOST` ends the trust in a server");
    "ssl:crl-path" => Only(EMPTY, "revocation lists are not checked", "`trust remove HOST` ends the trust in a server");
    "ssl:key-file" => Sets("tls:key-file", AsIs);
    "ssl:priority" => Always(EMPTY, "TLS 1.2 and 1.3 with the system's ciphers; see tls:min-version, tls:max-version");
    "ssl:use-sni" => NoEffect;
    "ssl:verify-certificate" => Always(YES, CHECKED);
    "torrent:ip" => NoEffect;
    "torrent:ipv6" => NoEffect;
    "torrent:max-peers" => NoEffect;
    "torrent:port-range" => NoEffect;
    "torrent:retracker" => NoEffect;
    "torrent:save-metadata" => NoEffect;
    "torrent:seed-max-time" => NoEffect;
    "torrent:seed-min-peers" => NoEffect;
    "torrent:stop-min-ppr" => NoEffect;
    "torrent:stop-on-ratio" => NoEffect;
    "torrent:timeout" => NoEffect;
    "torrent:use-dht" => NoEffect;
    "xfer:auto-rename" => NoEffect;
    "xfer:backup-suffix" => NoEffect;
    "xfer:buffer-size" => NoEffect;
    "xfer:clobber" => Sets("xfer:overwrite", YesNo("yes", "no"));
    "xfer:destination-directory" => Only(EMPTY, "a directory is an option of get", "`get -O DIRECTORY …`");
    "xfer:disk-full-fatal" => Always(YES, "a full disk always ends a transfer");
    "xfer:eta-period" => NoEffect;
    "xfer:eta-terse" => NoEffect;
    "xfer:keep-backup" => Always(NO, "what is replaced is not kept");
    "xfer:log" => NoEffect;
    "xfer:log-file" => NoEffect;
    "xfer:make-backup" => NoEffect;
    "xfer:max-redirections" => NoEffect;
    "xfer:parallel" => Same;
    "xfer:rate-period" => NoEffect;
    "xfer:temp-file-name" => NoEffect;
    "xfer:timeout" => NoEffect;
    "xfer:use-temp-file" => Sets("xfer:atomic", AsIs);
    "xfer:verify" => Sets("xfer:verify", YesNo("hash", "size"));
    "xfer:verify-command" => NoEffect;
}

/// The setting of lftp with exactly this name, or else the only one that it abbreviates. A name may
/// have a closure, `NAME/HOST`.
pub fn find_lftp_setting(target: &str) -> Option<&'static LftpSetting> {
    let row = |wanted: &str| LFTP_SETTINGS.iter().find(|row| row.name.eq_ignore_ascii_case(wanted));
    let name = target.split('/').next().unwrap_or_default();
    row(target).or_else(|| row(name)).or_else(|| {
        let wanted = name.to_ascii_lowercase();
        let fits = |row: &&LftpSetting| !row.name.contains('/') && abbreviates(&wanted, row.name);
        let mut found = LFTP_SETTINGS.iter().filter(fits);
        found.next().filter(|_| !wanted.is_empty() && found.next().is_none())
    })
}

/// The name of lftp with the smallest edit distance, and that distance.
pub(super) fn closest_lftp_name(wanted: &str) -> Option<(usize, &'static str)> {
    LFTP_SETTINGS.iter().map(|row| (levenshtein(wanted, row.name), row.name)).min()
}

impl LftpSetting {
    /// What setting it to this value comes to.
    pub fn effect_of(&self, value: &str) -> Effect {
        let value = value.trim();
        let word = parse_lftp_flag(value).unwrap_or(value);
        let is_among =
            |values: &[&str]| values.iter().any(|known| known.eq_ignore_ascii_case(word));
        match self.fate {
            Fate::Same => Effect::Set(self.name, value.to_owned()),
            Fate::Sets(name, values) => Effect::Set(name, values.convert(value)),
            Fate::NoEffect => Effect::NoEffect,
            Fate::Always(values, _) | Fate::Only(values, _, _) if is_among(values) => {
                Effect::Nothing
            }
            Fate::Always(_, notice) => Effect::Notice(notice),
            Fate::Only(_, why, hint) => Effect::Refused(why, hint),
        }
    }

    /// What it does here, for `help` and the man page.
    pub fn describe(&self) -> String {
        let list = |values: &[&str]| {
            let quoted: Vec<_> =
                values.iter().map(|v| if v.is_empty() { "empty" } else { *v }).collect();
            quoted.join(", ")
        };
        match self.fate {
            Fate::Same => "the same here".to_owned(),
            Fate::Sets(name, values) => format!("sets {name}{}", values.describe()),
            Fate::NoEffect => "no effect".to_owned(),
            Fate::Always(values, notice) => format!("{}: accepted; else: {notice}", list(values)),
            Fate::Only(values, why, hint) => {
                format!("{}: accepted; else refused: {why} ({hint})", list(values))
            }
        }
    }
}

impl Values {
    fn convert(self, value: &str) -> String {
        let flag = parse_lftp_flag(value);
        match self {
            Values::YesNo(yes, no) => match flag {
                Some("yes") => yes.to_owned(),
                Some(_) => no.to_owned(),
                None => value.to_owned(),
            },
            Values::Instead(from, to) if value == from => to.to_owned(),
            Values::Families => {
                let words = value.split_whitespace().map(|word| match word {
                    "inet" => "ipv4",
                    "inet6" => "ipv6",
                    other => other,
                });
                words.collect::<Vec<_>>().join(" ")
            }
            Values::AsIs | Values::Instead(..) => value.to_owned(),
        }
    }

    fn describe(self) -> String {
        match self {
            Values::AsIs => String::new(),
            Values::YesNo(yes, no) => format!(": yes is {yes}, no is {no}"),
            Values::Instead("", to) => format!(": empty is {to}"),
            Values::Instead(from, to) => format!(": {from} is {to}"),
            Values::Families => ": inet is ipv4, inet6 is ipv6".to_owned(),
        }
    }
}
