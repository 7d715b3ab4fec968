//! A server as the words after `trust` name it: a bookmark, a URL, `host` or `host:port`.

use crate::bookmarks;
use crate::commands::Context;
use crate::error::Result;
use crate::ftp::connect::steps::probe_server;
use crate::target::{self, Site, TlsMode};
use crate::tls::Negotiated;
use crate::trust::certificate::Certificate;
use crate::trust::entry::normal_host;
use crate::trust::identity::Identity;

/// A server, and whether it was named with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// Where it is.
    pub(super) site: Site,
    /// Whether the port was typed, or follows from a URL or a bookmark.
    pub(super) port_given: bool,
}

impl Server {
    /// What `text` names. Port 990 means implicit TLS, as `implicit` does.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`](crate::error::Kind::Usage); bookmarks that cannot be read.
    pub(super) fn find_server(ctx: &Context, text: &str, implicit: bool) -> Result<Self> {
        if text.contains("://") {
            return Self::from_target(text, true, implicit);
        }
        match bookmarks::find_bookmark(&ctx.client.app_dirs, text)? {
            Some(url) => Self::from_target(&url, true, implicit),
            None => Self::from_target(text, has_port(text), implicit),
        }
    }

    fn from_target(target: &str, port_given: bool, implicit: bool) -> Result<Self> {
        let mut site = target::parse_target(target)?.site;
        site.host = normal_host(&site.host)?;
        if implicit && !port_given {
            site.port = TlsMode::Implicit.default_port();
        }
        let bare = !target.contains("://");
        if implicit || (bare && site.port == TlsMode::Implicit.default_port()) {
            site.mode = TlsMode::Implicit;
        }
        Ok(Self { site, port_given })
    }

    /// The shortest target that means this server again.
    pub(super) fn probe_target(&self) -> String {
        let implied = self.site.port == TlsMode::Implicit.default_port();
        match self.site.mode {
            TlsMode::Implicit if !implied => format!("ftps://{}", self.site.trust_key()),
            _ => self.site.trust_key(),
        }
    }
}

/// Whether a target that is no URL names its port; the colons of a bare IPv6 address do not.
fn has_port(target: &str) -> bool {
    let place = target.rsplit_once('@').map_or(target, |(_, place)| place);
    match place.rsplit_once(':') {
        Some((host, _)) => host.ends_with(']') || !host.contains(':'),
        None => false,
    }
}

/// What a server showed.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) identity: Identity,
    pub(super) certificate: Certificate,
    pub(super) agreed: Option<Negotiated>,
}

/// Asks a server for its certificate.
pub(super) fn probe_certificate(options: &crate::ftp::session::SessionConfig) -> Result<Shown> {
    let (identity, agreed) = probe_server(options)?;
    let certificate = Certificate::from_der(&identity.der)?;
    Ok(Shown { identity, certificate, agreed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_modes_are_what_was_typed() {
        let explicit = TlsMode::Explicit;
        for (text, implicit, host, port, mode, given) in [
            ("Host", false, "host", 21, explicit, false),
            ("host", true, "host", 990, TlsMode::Implicit, false),
            ("host:990", false, "host", 990, TlsMode::Implicit, true),
            ("host:2121", false, "host", 2121, explicit, true),
            ("host:2121", true, "host", 2121, TlsMode::Implicit, true),
            ("u:p@host", false, "host", 21, explicit, false),
            ("u@host:21", false, "host", 21, explicit, true),
            ("::1", false, "::1", 21, explicit, false),
            ("[::1]", false, "::1", 21, explicit, false),
            ("[::1]:990", false, "::1", 990, TlsMode::Implicit, true),
            ("ftps://host", false, "host", 990, TlsMode::Implicit, true),
            ("ftpes://host:990/x", false, "host", 990, explicit, true),
        ] {
            let given = given || text.contains("://");
            let server =
                Server::from_target(text, text.contains("://") || has_port(text), implicit)
                    .unwrap();
            let site = &server.site;
            let got = (site.host.as_str(), site.port, site.mode, server.port_given);
            assert_eq!(got, (host, port, mode, given), "{text} {implicit}");
        }
    }
}
