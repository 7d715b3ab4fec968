//! The table of settings: one row each, the source of `set`, the start-up file, `--set`, completion
//! and the man page.
//!
//! To add a setting, add a row here. Nothing in this file reads or stores a value.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time;

use super::key::{
    AtomicUpload, DataProtection, FailExit, FtpMode, IpVersion, Key, ListCommand, NoMatch,
    OverwritePolicy, OverwriteRemote, SettingType, SyncMode, TlsBackend, TlsVersion, VerifyMode,
};
use super::parse::{self, DeleteLimit};
use super::value::ValueKind::{self, *};

/// The definition of a setting.
#[derive(Debug)]
pub struct Setting {
    /// The full name, `group:name`.
    pub name: &'static str,
    /// The values it accepts.
    pub kind: ValueKind,
    /// The default, as a user would write it.
    pub default: &'static str,
    /// Whether `NAME/HOST` can set it for some hosts only.
    pub per_host: bool,
    /// One line for the man page and `set`'s help.
    pub help: &'static str,
}

/// Declares constants and table from the same lines, so that they always agree.
macro_rules! rows {
    ($($key:ident: $type:ty = $name:literal, $kind:expr, $default:literal, $scope:ident, $help:literal;)*) => {
        $(#[doc = concat!("`", $name, "`: ", $help)] pub const $key: Key<$type> = Key::new($name);)*

        // Compile-time check: the key's type matches the form of its row.
        $(const _: () =
            assert!($kind.form() as u8 == <$type as SettingType>::FORM as u8, $name);)*

        /// Every setting, in the order of `set -a`.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: $name,
            kind: $kind,
            default: $default,
            per_host: matches!(Scope::$scope, Scope::Host),
            help: $help,
        }),*];

        /// The constants' identifiers, the names, and whether the key can read a value.
        #[cfg(test)]
        pub(super) const CONSTANTS: &[(&str, &str, fn(&super::Value) -> bool)] =
            &[$((stringify!($key), $name, |value| <$type as SettingType>::read(value).is_some())),*];
    };
}

/// The scope of a setting; used only in the table below.
enum Scope {
    /// All hosts, or some.
    Host,
    /// The whole program.
    Global,
}

const OVERWRITE: ValueKind = Choice(OverwritePolicy::WORDS);
const TLS_VERSION: ValueKind = Choice(TlsVersion::WORDS);

rows! {
    NET_TIMEOUT: time::Duration = "net:timeout", Duration { zero: false }, "30s", Host,
        "deadline for connecting, for each whole reply, and for a stalled transfer";
    NET_MAX_RETRIES: u64 = "net:max-retries", Count { min: 0, max: 1000 }, "3", Host,
        "how often a lost connection or a transient failure is tried again";
    NET_RECONNECT_INTERVAL: time::Duration = "net:reconnect-interval", Duration { zero: true }, "1s", Host,
        "pause before the first retry; doubled each time, with some jitter";
    NET_IDLE: time::Duration = "net:idle", Duration { zero: false }, "3m", Host,
        "an idle control connection is closed after this time; the next command reconnects";
    NET_CONNECTION_LIMIT: u64 = "net:connection-limit", Count { min: 1, max: 256 }, "8", Host,
        "control connections to one site at the same time";
    NET_LIMIT_RATE: parse::Rate = "net:limit-rate", Rate, "0", Host,
        "bytes a second for each transfer, `down:up` or one number for both; 0 is no limit";
    NET_LIMIT_TOTAL_RATE: parse::Rate = "net:limit-total-rate", Rate, "0", Global,
        "bytes a second for all transfers together, `down:up` or one number for both; 0 is no limit";
    NET_LIMIT_MAX: u64 = "net:limit-max", Size, "0", Host,
        "bytes sent at once after a pause under net:limit-rate (burst); 0 is what the rate allows in a tenth of a second";
    NET_CHARSET: String = "net:charset", Charset, "utf-8", Host,
        "character set of names on servers without UTF8, such as iso-8859-1 or cp850; bytes always survive a round trip";
    NET_ORDER: Vec<IpVersion> = "net:order", Words(IpVersion::WORDS), "ipv6 ipv4", Host,
        "address families to try, in this order; one that is not named is not used";
    NET_BIND_ADDRESS: Option<IpAddr> = "net:bind-address", Address, "", Host,
        "local address to connect from";
    NET_PROXY: String = "net:proxy", Proxy, "", Host,
        "proxy to connect through: http://HOST:PORT (CONNECT) or socks5://HOST:PORT";
    NET_USE_ENV_PROXY: bool = "net:use-env-proxy", Flag, "yes", Host,
        "without net:proxy: use the proxy of ftp_proxy (ftps_proxy for ftps://) or all_proxy, but not for the hosts in no_proxy";

    FTP_MODE: FtpMode = "ftp:mode", Choice(FtpMode::WORDS), "auto", Host,
        "who opens data connections, and how; auto is EPSV, then PASV";
    FTP_TIMEZONE: String = "ftp:timezone", Zone, "auto", Host,
        "zone of the times in LIST, and in MDTM where the server has it there too: auto (found out), UTC, or an offset such as +02:00";
    FTP_LIST: ListCommand = "ftp:list", Choice(ListCommand::WORDS), "auto", Host,
        "command that lists a directory; auto is MLSD, then LIST";
    FTP_MAX_LISTING: u64 = "ftp:max-listing", Count { min: 1, max: 65_536 }, "30", Host,
        "MiB of memory that one listing may use; a larger one is an error";

    FTP_LIST_OPTIONS: String = "ftp:list-options", Text, "", Host,
        "-a, as in lftp: ls shows names that begin with a dot, and mirror --delete deletes them, too";
    FTP_SYNC_MODE: bool = "ftp:sync-mode", Flag, "no", Host,
        "wait for each reply before the next command is sent; for servers that lose pipelined commands";

    TLS_BACKEND: TlsBackend = "tls:backend", Choice(TlsBackend::WORDS), "openssl", Host,
        "TLS implementation; native-tls cannot resume sessions on data connections";
    TLS_MIN_VERSION: TlsVersion = "tls:min-version", TLS_VERSION, "1.2", Host,
        "lowest TLS version to accept";
    TLS_MAX_VERSION: TlsVersion = "tls:max-version", TLS_VERSION, "1.3", Host,
        "highest TLS version to offer";
    TLS_SESSION_TICKETS: bool = "tls:session-tickets", Flag, "yes", Host,
        "no: TLS 1.2 with session IDs, which most servers accept only from their own control connection, so that nobody can exchange two data connections on the way";
    TLS_CA_FILE: Option<PathBuf> = "tls:ca-file", Path, "", Host,
        "PEM file of own root certificates, added to the system's";
    TLS_CERT_FILE: Option<PathBuf> = "tls:cert-file", Path, "", Host,
        "client certificate, PEM or PKCS#12";
    TLS_KEY_FILE: Option<PathBuf> = "tls:key-file", Path, "", Host,
        "private key of the client certificate, where it is a file of its own";
    TLS_DATA: DataProtection = "tls:data", Choice(DataProtection::WORDS), "private", Host,
        "protection of data connections; clear is PROT C, with a warning";

    TRUST_POLICY: String = "trust:policy", Choice(&["ask", "accept-new", "strict"]), "ask", Host,
        "what to do with an unknown certificate";
    TRUST_ALIAS: String = "trust:alias", Text, "", Host,
        "name by which a host's certificate is remembered; one for all hosts of a cluster";

    XFER_OVERWRITE: OverwritePolicy = "xfer:overwrite", OVERWRITE, "ask", Host,
        "whether a download replaces a local file; ask means no in a script";
    XFER_OVERWRITE_REMOTE: OverwriteRemote = "xfer:overwrite-remote", Choice(OverwriteRemote::WORDS), "auto", Host,
        "whether an upload replaces a remote file; auto asks at the prompt and means yes in a script, ask means no there";
    XFER_PARALLEL: u64 = "xfer:parallel", Count { min: 1, max: 256 }, "1", Host,
        "files that get and put transfer at the same time";
    XFER_SEGMENTS: u64 = "xfer:segments", Count { min: 1, max: 64 }, "1", Host,
        "parts of one file that are downloaded at the same time";
    XFER_VERIFY: VerifyMode = "xfer:verify", Choice(VerifyMode::WORDS), "size", Host,
        "what is compared after a transfer: size; hash: also a checksum, where the server computes one; stable: also size and time of the remote file before and after, and it is fetched again if they differ";
    XFER_PRESERVE_TIMES: bool = "xfer:preserve-times", Flag, "yes", Host,
        "whether files keep their modification time";
    XFER_ATOMIC: AtomicUpload = "xfer:atomic", Choice(AtomicUpload::WORDS), "auto", Host,
        "upload to a temporary name, then rename; auto does so with what is replaced at the prompt";
    XFER_SYNC: SyncMode = "xfer:sync", Choice(SyncMode::WORDS), "auto", Host,
        "whether downloaded files are synced before they get their names: always (also their directories), never, or auto: on network and FUSE file systems, which report errors late";

    MIRROR_PARALLEL: u64 = "mirror:parallel", Count { min: 1, max: 256 }, "4", Host,
        "files that mirror transfers at the same time";
    MIRROR_MAX_DELETE: Option<DeleteLimit> = "mirror:max-delete", Limit, "", Host,
        "mirror deletes nothing if it would delete more than this many files, or this percentage";
    MIRROR_EXCLUDE_REGEX: String = "mirror:exclude-regex", Text, r"(^|/)(\.in\.|\.nfs)", Host,
        "regular expression of paths that mirror excludes where none of its patterns matches; as in lftp only if the first pattern is -x or -X";
    MIRROR_SET_PERMISSIONS: bool = "mirror:set-permissions", Flag, "yes", Host,
        "whether mirror copies permissions; --perms and --no-perms take precedence";
    MIRROR_DEREFERENCE: bool = "mirror:dereference", Flag, "no", Host,
        "whether mirror follows symbolic links; -L and --no-dereference take precedence";
    MIRROR_NO_EMPTY_DIRS: bool = "mirror:no-empty-dirs", Flag, "no", Host,
        "whether mirror creates no directory that would be empty, as with --no-empty-dirs";
    MIRROR_SKIP_NOACCESS: bool = "mirror:skip-noaccess", Flag, "no", Host,
        "whether mirror leaves out what nobody may read, as with --skip-noaccess";
    MIRROR_CONFIRM_DELETE: bool = "mirror:confirm-delete", Flag, "yes", Host,
        "whether mirror --delete asks, and needs --yes in a script";
    MIRROR_MAX_DEPTH: u64 = "mirror:max-depth", Count { min: 1, max: 10_000 }, "64", Host,
        "levels of directories below the first that mirror, find and other recursive commands enter";
    MIRROR_MAX_DIRECTORIES: u64 = "mirror:max-directories", Count { min: 1, max: 1_000_000_000 }, "1000000", Host,
        "directories after which mirror, find and other recursive commands give up";

    CMD_FAIL_EXIT: FailExit = "cmd:fail-exit", Choice(FailExit::WORDS), "auto", Global,
        "whether a failed command ends a script; auto is yes without a terminal";
    CMD_PROMPT: String = "cmd:prompt", Text, r"\?ftpsh \u@\h:\w> ", Global,
        r"the prompt; \u is the user, \h the host (and an unusual port), \w the remote directory, \W its last part, \l the local directory, \? the exit status of a command that failed";
    CMD_HISTORY_SIZE: u64 = "cmd:history-size", Count { min: 0, max: 1_000_000 }, "1000", Global,
        "lines of history that are kept";
    CMD_COMPLETION_TIMEOUT: time::Duration = "cmd:completion-timeout", Duration { zero: true }, "300ms", Global,
        "how long Tab waits for a listing; 0 completes from the cache alone";

    GLOB_NOMATCH: NoMatch = "glob:nomatch", Choice(NoMatch::WORDS), "error", Global,
        "what a pattern that matches nothing means: an error, itself, or no names";

    CACHE_EXPIRE: time::Duration = "cache:expire", Duration { zero: true }, "60s", Host,
        "how long listings are cached; 0 turns the cache off. Changes made here remove what they touch";

    LOG_FILE: Option<PathBuf> = "log:file", Path, "", Global,
        "append an audit log to this file, one JSON object per line";
}
