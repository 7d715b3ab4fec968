//! What a server's administrator can do, in the words of the server program's own manual.
//!
//! A topic and a brand come in, a sentence goes out; where the brand is not known, or has no
//! setting for the topic, the sentence says it in general.

use crate::ftp::session::server_software::ServerSoftware;

/// What an advice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    Families,
    NoTls,
    Versions,
    OldVersions,
    Chain,
    Expiry,
    Names,
    Login,
    Prot,
    Epsv,
    Address,
    Ports,
    Resumption,
    Reuse,
    CloseNotify,
    Mlsd,
    Utf8,
    Restart,
    Times,
    Connections,
    Write,
    Clock,
}

/// The advice on a topic, with the name of the program where it is known. Examples of a range of
/// passive ports contain `port`, which the server has named.
pub(super) fn advice(topic: Topic, brand: ServerSoftware, port: Option<u16>) -> String {
    let text = match (brand.name(), server_setting(topic, brand)) {
        (Some(name), Some(setting)) => format!("{name}: {setting}"),
        _ => general_advice(topic).to_owned(),
    };
    let first = port.map_or(49152, |port| port - port % 100);
    let last = first.saturating_add(99);
    text.replace("FIRST", &first.to_string()).replace("LAST", &last.to_string())
}

/// For a server that does not tell what it is, or has no setting of its own for this.
fn general_advice(topic: Topic) -> &'static str {
    match topic {
        Topic::Families => {
            "listen on every address that the name has in DNS, or take those that are dead out of it"
        }
        Topic::NoTls => "turn TLS on, with a certificate and its key",
        Topic::Versions => "turn on TLS 1.2 and TLS 1.3, and nothing older",
        Topic::OldVersions => "allow TLS 1.2 and TLS 1.3 only",
        Topic::Chain => "send the intermediate certificates after the server's own",
        Topic::Expiry => "renew the certificate, with the same key if clients have it pinned",
        Topic::Names => "a certificate with the name that clients use in its subjectAltName",
        Topic::Login => "the server's log says why the login was refused",
        Topic::Prot => "allow PBSZ 0 and PROT P: data connections need them",
        Topic::Epsv => {
            "answer EPSV (RFC 2428): it is the one way that works behind NAT and on IPv6"
        }
        Topic::Address => "name the server's public address for passive mode",
        Topic::Ports => {
            "set a range of passive ports, such as FIRST to LAST, and let it through the firewall and \
             the router"
        }
        Topic::Resumption => "keep a cache of TLS sessions, or tickets, for data connections",
        Topic::Reuse => "do without session reuse, if clients come that cannot resume sessions",
        Topic::CloseNotify => "end data connections with TLS's close_notify: a newer release may",
        Topic::Mlsd => "offer MLSD (RFC 3659): its listings are exact; a newer release may",
        Topic::Utf8 => "offer UTF8 (RFC 2640), with file names in UTF-8",
        Topic::Restart => "allow REST: without it nothing can be resumed",
        Topic::Times => "allow MFMT or MDTM with a time: without it uploads get a new time",
        Topic::Connections => "allow more connections of one user and address",
        Topic::Write => "allow this user to write into this directory",
        Topic::Clock => "set the clock by NTP, and send the times of MDTM and MLSD in UTC",
    }
}

/// Where this is set in this program; `None` where it has no setting for it.
fn server_setting(topic: Topic, brand: ServerSoftware) -> Option<&'static str> {
    use ServerSoftware::{FileZilla, ProFtpd, PureFtpd, Pyftpdlib, Vsftpd};
    Some(match (topic, brand) {
        (Topic::NoTls, Vsftpd) => {
            "`ssl_enable=YES` with `rsa_cert_file` and `rsa_private_key_file`"
        }
        (Topic::NoTls, ProFtpd) => {
            "load mod_tls; `TLSEngine on` with `TLSRSACertificateFile` and \
             `TLSRSACertificateKeyFile`"
        }
        (Topic::NoTls, PureFtpd) => "`TLS 1` (or 2, to demand it) with `CertFile`",
        (Topic::NoTls, FileZilla) => "Server listeners: protocol `Require explicit FTP over TLS`",
        (Topic::NoTls, Pyftpdlib) => "use `TLS_FTPHandler` with `certfile` and `keyfile`",
        (Topic::Versions, Vsftpd) => "`ssl_tlsv1_2=YES` and `ssl_tlsv1_3=YES` (3.0.4 and later)",
        (Topic::Versions, ProFtpd) => "`TLSProtocol TLSv1.2 TLSv1.3`",
        (Topic::Versions, PureFtpd) => {
            "the versions are those of its OpenSSL; see `TLSCipherSuite`, or update it"
        }
        (Topic::Versions, FileZilla) => "FTP and FTP over TLS: minimum allowed TLS version 1.2",
        (Topic::Versions, Pyftpdlib) => "see the `ssl_context` of `TLS_FTPHandler`",
        (Topic::OldVersions, Vsftpd) => {
            "`ssl_ciphers=TLSv1.2+HIGH:!aNULL` (`ssl_tlsv1=NO` alone leaves TLS 1.1)"
        }
        (Topic::OldVersions, ProFtpd) => "`TLSProtocol TLSv1.2 TLSv1.3`",
        (Topic::OldVersions, PureFtpd) => "update it: 1.0.50 offers neither, whatever is set",
        (Topic::OldVersions, FileZilla) => "FTP and FTP over TLS: minimum allowed TLS version 1.2",
        (Topic::OldVersions, Pyftpdlib) => {
            "an `ssl_context` of `TLS_FTPHandler` with `set_min_proto_version(SSL.TLS1_2_VERSION)`"
        }
        (Topic::Chain, Vsftpd) => {
            "`rsa_cert_file` must hold the server's certificate and after it the intermediate ones"
        }
        (Topic::Chain, ProFtpd) => "`TLSCertificateChainFile` with the intermediate certificates",
        (Topic::Chain, PureFtpd) => "`CertFile` must hold the intermediate certificates as well",
        (Topic::Chain, FileZilla) => "choose a certificate file that holds the whole chain",
        (Topic::Expiry, Vsftpd) => "renew `rsa_cert_file`, then restart it",
        (Topic::Expiry, ProFtpd) => "renew `TLSRSACertificateFile`, then reload it",
        (Topic::Expiry, PureFtpd) => "renew `CertFile`, then restart it",
        (Topic::Expiry, FileZilla) => "FTP and FTP over TLS: generate or choose a new certificate",
        (Topic::Login, Vsftpd) => {
            "see `local_enable`, `userlist_enable`, `/etc/pam.d/vsftpd`; for \"writable root\" \
             `allow_writeable_chroot=YES`"
        }
        (Topic::Login, ProFtpd) => "see `AuthUserFile`, `RequireValidShell` and `<Limit LOGIN>`",
        (Topic::Login, PureFtpd) => "see `pure-pw list`, `MinUID` and `PureDB`",
        (Topic::Login, FileZilla) => "see Users: the name must be enabled and have a password",
        (Topic::Prot, Vsftpd) => "`ssl_enable=YES`, and leave `force_local_data_ssl=YES`",
        (Topic::Prot, ProFtpd) => "`TLSRequired on`, and no `<Limit PROT>`",
        (Topic::Epsv, Vsftpd) => "`pasv_enable=YES`, and no EPSV in `cmds_denied`",
        (Topic::Epsv, ProFtpd) => "no `<Limit EPSV>`",
        (Topic::Address, Vsftpd) => {
            "`pasv_address=PUBLIC-ADDRESS`, or a name with `pasv_addr_resolve=YES`"
        }
        (Topic::Address, ProFtpd) => "`MasqueradeAddress PUBLIC-ADDRESS`",
        (Topic::Address, PureFtpd) => "`ForcePassiveIP PUBLIC-ADDRESS`",
        (Topic::Address, FileZilla) => "Passive mode: use the public IP address for PASV",
        (Topic::Address, Pyftpdlib) => "`masquerade_address` of the handler",
        (Topic::Ports, Vsftpd) => {
            "`pasv_min_port=FIRST` and `pasv_max_port=LAST`, and the same range open in the firewall"
        }
        (Topic::Ports, ProFtpd) => {
            "`PassivePorts FIRST LAST`, and the same range open in the firewall"
        }
        (Topic::Ports, PureFtpd) => {
            "`PassivePortRange FIRST LAST`, and the same range open in the firewall"
        }
        (Topic::Ports, FileZilla) => {
            "Passive mode: a custom port range such as FIRST-LAST, and the same range open in the firewall"
        }
        (Topic::Ports, Pyftpdlib) => {
            "`passive_ports = range(FIRST, LAST)` of the handler, and the same range open in the firewall"
        }
        (Topic::Resumption, ProFtpd) => {
            "`TLSSessionCache` (with mod_tls_shmcache) and `TLSSessionTickets on`"
        }
        (Topic::Reuse, Vsftpd) => "`require_ssl_reuse=NO` lets in clients that cannot do it",
        (Topic::Reuse, ProFtpd) => {
            "`TLSOptions NoSessionReuseRequired` lets in clients that cannot do it"
        }
        (Topic::Reuse, FileZilla) => "it demands this always; clients have to be able to",
        (Topic::Mlsd, Vsftpd) => "has no MLSD; ProFTPD, Pure-FTPd and FileZilla Server do",
        (Topic::Mlsd, ProFtpd) => "load mod_facts, and `FactsAdvertise on`",
        (Topic::Utf8, Vsftpd) => "`utf8_filesystem=YES`",
        (Topic::Utf8, ProFtpd) => "load mod_lang, and `UseEncoding on`",
        (Topic::Restart, ProFtpd) => "`AllowRetrieveRestart on` and `AllowStoreRestart on`",
        (Topic::Times, Vsftpd) => "`mdtm_write=YES` and `write_enable=YES`: MDTM then sets times",
        (Topic::Times, ProFtpd) => "load mod_facts for MFMT",
        (Topic::Connections, Vsftpd) => "`max_per_ip` and `max_clients`",
        (Topic::Connections, ProFtpd) => {
            "`MaxClientsPerHost`, `MaxClientsPerUser`, `MaxClients` and `MaxInstances`"
        }
        (Topic::Connections, PureFtpd) => "`MaxClientsPerIP` and `MaxClientsNumber`",
        (Topic::Connections, FileZilla) => "the connection limits of the user and its groups",
        (Topic::Connections, Pyftpdlib) => "`max_cons_per_ip` and `max_cons` of the server",
        (Topic::Write, Vsftpd) => "`write_enable=YES`, and the directory writable for the user",
        (Topic::Write, ProFtpd) => "see `<Limit WRITE>`, `AllowOverwrite` and `Umask`",
        (Topic::Write, FileZilla) => "the user's mount point: access mode `Read + Write`",
        (Topic::Write, Pyftpdlib) => "the user's `perm` must hold `w` and `d`",
        (Topic::Clock, Vsftpd) => "leave `use_localtime=NO`, and set the clock by NTP",
        (Topic::Clock, ProFtpd) => "`TimesGMT on`, and set the clock by NTP",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_that_of_the_program_and_general_where_it_is_unknown() {
        for (brand, wanted) in [
            (ServerSoftware::Vsftpd, "vsftpd: `pasv_address="),
            (ServerSoftware::ProFtpd, "ProFTPD: `MasqueradeAddress"),
            (ServerSoftware::PureFtpd, "Pure-FTPd: `ForcePassiveIP"),
            (ServerSoftware::FileZilla, "FileZilla Server: Passive mode"),
            (ServerSoftware::Unknown, "name the server's public address"),
        ] {
            let advice = advice(Topic::Address, brand, None);
            assert!(advice.starts_with(wanted), "{advice}");
        }
        let advice = advice(Topic::CloseNotify, ServerSoftware::Vsftpd, None);
        assert!(advice.starts_with("end data connections"), "{advice}");
    }

    #[test]
    fn a_range_of_ports_contains_the_port_that_was_seen() {
        for (port, range) in
            [(None, "49152 49251"), (Some(50_017), "50000 50099"), (Some(65_535), "65500 65535")]
        {
            let advice = advice(Topic::Ports, ServerSoftware::ProFtpd, port);
            assert!(advice.contains(&format!("`PassivePorts {range}`")), "{advice}");
        }
    }
}
