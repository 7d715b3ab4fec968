//! The proxy that the environment names, read as curl and lftp read it.
//!
//! `ftp_proxy` is for explicit TLS and `ftps_proxy` for implicit TLS, `all_proxy` for both; each in
//! lower or upper case, the lower first. Hosts in `no_proxy` are reached directly. A proxy that
//! cannot be used is an error, never a direct connection: that could be what it is to prevent.

use std::ffi::OsString;
use std::net::IpAddr;

use crate::error::{Error, Result};
use crate::settings::{mask_password, parse_proxy};
use crate::target::{Site, TlsMode};

/// The port of a proxy without one, as in curl.
const DEFAULT_PORT: u16 = 1080;

/// The variables, as they were when the program started.
#[derive(Clone, Default)]
pub struct ProxyEnvironment {
    ftp: Option<Variable>,
    ftps: Option<Variable>,
    all: Option<Variable>,
    no_proxy: Option<Variable>,
}

#[derive(Clone)]
struct Variable {
    name: String,
    value: String,
}

/// Values may contain passwords.
impl std::fmt::Debug for ProxyEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyEnvironment").finish_non_exhaustive()
    }
}

impl ProxyEnvironment {
    /// Reads the variables; an empty one counts as unset.
    pub fn read(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let get = |lower: &str| {
            [lower.to_owned(), lower.to_ascii_uppercase()].into_iter().find_map(|name| {
                let value = var(&name)?.to_string_lossy().trim().to_owned();
                (!value.is_empty()).then_some(Variable { name, value })
            })
        };
        Self {
            ftp: get("ftp_proxy"),
            ftps: get("ftps_proxy"),
            all: get("all_proxy"),
            no_proxy: get("no_proxy"),
        }
    }

    /// The variable that names the proxy to `site`, and the proxy's URL in the form of the setting
    /// `net:proxy`; `None` for a direct connection.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a proxy that cannot be used.
    pub(super) fn url_for(&self, site: &Site) -> Result<Option<(&str, String)>> {
        let own = if site.mode == TlsMode::Implicit { &self.ftps } else { &self.ftp };
        let Some(variable) = own.as_ref().or(self.all.as_ref()) else { return Ok(None) };
        if self.no_proxy.as_ref().is_some_and(|list| is_excluded(&site.host, &list.value)) {
            return Ok(None);
        }
        let value = &variable.value;
        let with_scheme =
            if value.contains("://") { value.clone() } else { format!("http://{value}") };
        let url = parse_proxy(&with_port(&with_scheme));
        let url = url.ok_or_else(|| unusable(&variable.name, &with_scheme))?;
        Ok(Some((&variable.name, url)))
    }
}

/// A URL without a path, and with a port.
fn with_port(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let start = rest.rfind('@').map_or(0, |at| at + 1);
    let end = rest[start..].find('/').map_or(rest.len(), |slash| start + slash);
    let authority = &rest[..end];
    let has_port =
        authority[start..].rsplit_once(']').map_or(&authority[start..], |(_, port)| port);
    match has_port.contains(':') {
        true => format!("{scheme}://{authority}"),
        false => format!("{scheme}://{authority}:{DEFAULT_PORT}"),
    }
}

fn unusable(name: &str, url: &str) -> Error {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    let shown = mask_password(url);
    let why = match &*scheme {
        "http" | "socks5" | "socks5h" => format!("{name}: {shown} is not a proxy's URL"),
        "ftp" | "ftps" => format!("{name}: {shown} is an FTP proxy, through which TLS cannot pass"),
        _ => format!("{name}: {shown}: proxies of this kind are not supported"),
    };
    Error::usage(why).with_hint(
        "name an HTTP or SOCKS5 proxy with `set net:proxy URL`, or connect directly with \
         `set net:use-env-proxy no`",
    )
}

/// Whether a list such as `.example.org,10.0.0.0/8` contains the host; `*` alone is every host.
fn is_excluded(host: &str, list: &str) -> bool {
    if list == "*" {
        return true;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let address = host.parse::<IpAddr>().ok();
    let mut items = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|i| !i.is_empty());
    items.any(|item| match address {
        Some(address) => contains_address(item, address),
        None => {
            let domain = item.trim_end_matches('.');
            is_in_domain(host, domain.strip_prefix('.').unwrap_or(domain))
        }
    })
}

fn is_in_domain(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    let tail = host.as_bytes().get(start..).unwrap_or_default();
    !domain.is_empty()
        && tail.eq_ignore_ascii_case(domain.as_bytes())
        && (start == 0 || host.as_bytes().get(start - 1) == Some(&b'.'))
}

/// Whether an address or a network in CIDR notation contains the address.
fn contains_address(item: &str, address: IpAddr) -> bool {
    let (network, bits) = match item.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (item, Some(128)),
    };
    let network = network.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let (network, address, width) = match (network, address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) => {
            (u128::from(network.to_bits()) << 96, u128::from(address.to_bits()) << 96, 32)
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) => {
            (network.to_bits(), address.to_bits(), 128)
        }
        _ => return false,
    };
    let bits = if item.contains('/') { bits.filter(|bits| *bits <= width) } else { Some(width) };
    // A shift by the whole width means that no bit is compared.
    bits.is_some_and(|bits| (network ^ address).checked_shr(128 - bits).unwrap_or(0) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::parse_target;

    fn url(variables: &[(&str, &str)], target: &str) -> Result<Option<String>> {
        let environment = ProxyEnvironment::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        });
        let found = environment.url_for(&parse_target(target).unwrap().site);
        found.map(|found| found.map(|(_, url)| url))
    }

    #[test]
    fn the_variables_are_read_as_curl_reads_them() {
        let (explicit, implicit) = ("ftp://h.example", "ftps://h.example");
        for (variables, target, proxy) in [
            (&[][..], explicit, None),
            (&[("ftp_proxy", "http://p:3128")], explicit, Some("http://p:3128")),
            (&[("ftp_proxy", "http://p:3128")], implicit, None),
            (&[("FTPS_PROXY", "socks5://p:1")], implicit, Some("socks5://p:1")),
            (&[("ALL_PROXY", "socks5h://p:1")], implicit, Some("socks5h://p:1")),
            (
                &[("all_proxy", "http://l:1"), ("ALL_PROXY", "http://u:1")],
                explicit,
                Some("http://l:1"),
            ),
            (
                &[("FTP_PROXY", "http://f:1"), ("all_proxy", "http://a:1")],
                explicit,
                Some("http://f:1"),
            ),
            (&[("ftp_proxy", ""), ("FTP_PROXY", "http://f:1")], explicit, Some("http://f:1")),
            // Others are for other protocols.
            (&[("http_proxy", "http://p:1"), ("https_proxy", "http://p:1")], explicit, None),
            // Without a scheme or a port, and with a path.
            (&[("all_proxy", "p.example")], explicit, Some("http://p.example:1080")),
            (&[("all_proxy", "p.example:8080")], explicit, Some("http://p.example:8080")),
            (&[("all_proxy", "http://[::1]/")], explicit, Some("http://[::1]:1080")),
            (&[("all_proxy", "HTTP://a:b%40c@p:8080/x")], explicit, Some("http://a:b%40c@p:8080")),
        ] {
            assert_eq!(url(variables, target).unwrap().as_deref(), proxy, "{variables:?} {target}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
        for (value, why) in [
            ("ftp://me:s3cret@p:21", "ftp_proxy: ftp://me:***@p:21 is an FTP proxy"),
            ("socks4://me:s3cret@p:1", "ftp_proxy: socks4://me:***@p:1: proxies of this kind"),
            ("https://me:s3cret@p", "proxies of this kind are not supported"),
            ("http://me:s3cret@p:99999", "ftp_proxy: http://me:***@p:99999 is not a proxy's URL"),
            ("http://me:s3cret@", "is not a proxy's URL"),
        ] {
            let error = url(&[("ftp_proxy", value)], "ftp://h.example").unwrap_err();
            assert!(error.message().contains(why), "{value}: {error}");
            assert!(!format!("{error} {:?}", error.hint()).contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn hosts_in_no_proxy_are_reached_directly() {
        for (host, list, excluded) in [
            ("www.example.org", "example.org", true),
            ("WWW.Example.org", ".example.ORG", true),
            ("example.org", ".example.org", true),
            ("example.org.", "other, example.org.", true),
            ("nonexample.org", "example.org", false),
            ("example.org", "www.example.org", false),
            ("example.org", "*", true),
            ("example.org", "*.org", false),
            ("example.org", "a.b example.org", true),
            ("example.org", ". ,,", false),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "0.0.0.0/0", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.2/31,", true),
            ("10.1.2.3", "10.1.2.3/33", false),
            ("10.1.2.3", "2.3", false),
            ("10.1.2.3", "::/0", false),
            ("[2001:db8::1]", "2001:db8::/32", true),
            ("2001:db8::1", "[2001:db8::1]", true),
            ("2001:db9::1", "2001:db8::/32", false),
        ] {
            assert_eq!(is_excluded(host, list), excluded, "{host} in {list}");
        }
    }
}
