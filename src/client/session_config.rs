//! The configuration of sessions, from the settings: address, proxy (`net:proxy`), TLS, modes.
//!
//! The login for a proxy comes from the setting's URL, the netrc file or the user, and only if the
//! proxy requires one. It is kept in memory for the run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use percent_encoding::percent_decode_str;

use super::Client;
use crate::cancel::Cancel;
use crate::credentials::{Prompt, Secret, Sources, password_for};
use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;
use crate::ftp::connect::dial::{AddressFamily, Dialer};
use crate::ftp::connect::proxy::{Protocol, Proxy, ProxyCredentials};
use crate::ftp::control::trace::{Direction, ProtocolTrace};
use crate::ftp::session::quirks::ServerQuirks;
use crate::ftp::session::{DataMode, ListMode, SessionConfig};
use crate::output::Output;
use crate::output::TraceDirection as Shown;
use crate::settings as set;
use crate::settings::{
    DataProtection, FTP_MODE, FtpMode, IpVersion, ListCommand, NET_BIND_ADDRESS, NET_ORDER,
    NET_PROXY, NET_USE_ENV_PROXY, TlsBackend, TlsVersion,
};
use crate::target::{Site, TlsMode};
use crate::tls::{Backend, Config, Version};

/// The logins for proxies, by the value of the setting.
#[derive(Debug, Clone, Default)]
pub(super) struct ProxyLoginStore(Arc<Mutex<BTreeMap<String, Arc<ProxyLogin>>>>);

/// The login for one proxy.
#[derive(Debug)]
struct ProxyLogin {
    host: String,
    port: u16,
    user: Option<String>,
    /// The URL's login, if it is complete.
    given: Option<Login>,
    /// The login found in the netrc file or entered by the user.
    found: Mutex<Option<Login>>,
    sources: Sources,
    out: Output,
    cancel: Cancel,
}

#[derive(Debug, Clone)]
struct Login {
    user: String,
    secret: Secret,
}

impl ProxyLogin {
    fn found_login(&self) -> MutexGuard<'_, Option<Login>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProxyCredentials for ProxyLogin {
    fn send_known(&self, send: &mut dyn FnMut(&str, &str)) -> bool {
        let found = self.found_login();
        let Some(login) = self.given.as_ref().or(found.as_ref()) else { return false };
        send(&login.user, login.secret.expose());
        true
    }

    fn find_credentials(&self) -> Result<bool> {
        // Other threads wait for the answer that the first one gets.
        let mut found = self.found_login();
        if found.is_some() {
            return Ok(true);
        }
        let mut ask = |question: Prompt, _: &mut Vec<String>| -> Result<Option<Secret>> {
            let answer = match question {
                Prompt::User(text) => self.out.ask(&format!("Proxy: {text}"), &self.cancel)?,
                Prompt::Password(text) => {
                    self.out.ask_hidden(&format!("Proxy: {text}"), &self.cancel)?
                }
            };
            answer.map(Secret::new).transpose()
        };
        let user = self.user.as_deref();
        match password_for(&self.host, self.port, user, false, &self.sources, &mut ask) {
            Ok(login) => {
                *found = Some(Login { user: login.user, secret: login.secret });
                Ok(true)
            }
            Err(error) if error.kind() == Kind::Login => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn mark_refused(&self) {
        *self.found_login() = None;
    }
}

/// The configuration of sessions to `site`.
///
/// # Errors
///
/// [`Kind::Usage`] for contradictory settings.
pub fn session_config(client: &Client, site: &Site) -> Result<SessionConfig> {
    let host = Some(site.host.as_str());
    let settings = &client.settings;
    let version = |key| match settings.get(key, host) {
        TlsVersion::Tls13 => Version::Tls13,
        TlsVersion::Tls12 => Version::Tls12,
    };
    let (min, max) = (version(set::TLS_MIN_VERSION), version(set::TLS_MAX_VERSION));
    if min > max {
        return Err(Error::usage("tls:min-version is above tls:max-version"));
    }
    let tickets = settings.get(set::TLS_SESSION_TICKETS, host);
    let native = settings.get(set::TLS_BACKEND, host) == TlsBackend::NativeTls;
    if !tickets && (min == Version::Tls13 || native) {
        return Err(Error::usage("tls:session-tickets no: needs TLS 1.2 and tls:backend openssl"));
    }
    let timeout = settings.get(set::NET_TIMEOUT, host);
    let out = client.console.clone();
    let (cert, key) =
        (settings.get(set::TLS_CERT_FILE, host), settings.get(set::TLS_KEY_FILE, host));
    let encrypted = key.clone().or_else(|| cert.clone()).unwrap_or_default();
    let passphrases = &client.connection.passphrases;
    let passphrase =
        passphrases.passphrase_source(encrypted, client.console.clone(), client.cancel.clone());
    Ok(SessionConfig {
        host: site.host.clone(),
        port: site.port,
        implicit: site.mode == TlsMode::Implicit,
        tls: Config {
            backend: if native { Backend::Native } else { Backend::OpenSsl },
            min,
            max,
            tickets,
            ca_file: settings.get(set::TLS_CA_FILE, host),
            cert_file: cert,
            key_file: key,
            passphrase: Some(passphrase),
            known_group: None,
        },
        dialer: make_dialer(client, site, timeout)?,
        timeout,
        mode: match settings.get(set::FTP_MODE, host) {
            FtpMode::Epsv => DataMode::ExtendedPassive,
            FtpMode::Pasv => DataMode::Passive,
            FtpMode::Active => DataMode::Active,
            FtpMode::Auto => DataMode::Auto,
        },
        list: match settings.get(set::FTP_LIST, host) {
            ListCommand::Mlsd => ListMode::Mlsd,
            ListCommand::List => ListMode::List,
            ListCommand::Auto => ListMode::Auto,
        },
        prefetch_first_port: !client.at_prompt && site.path.is_none(),
        max_listing: settings.get(set::FTP_MAX_LISTING, host) << 20,
        clear_data: {
            let clear = settings.get(set::TLS_DATA, host) == DataProtection::Clear;
            if clear {
                client.console.warn("data connections are not protected: tls:data is clear");
            }
            clear
        },
        quirks: if settings.get(set::FTP_SYNC_MODE, host) {
            ServerQuirks::serial()
        } else {
            client.connection.ways.clone()
        },
        timezone: client.configured_timezone(host),
        clock: client.clocks.of_site(site, client.app_dirs.server_clocks()),
        charset: Charset::named(&settings.get(set::NET_CHARSET, host)).unwrap_or_default(),
        trace: ProtocolTrace::watched_by(Arc::new(move |direction, line| {
            let shown = match direction {
                Direction::Sent => Shown::Sent,
                Direction::Received => Shown::Received,
            };
            out.protocol_line(shown, line);
        })),
    })
}

fn make_dialer(client: &Client, site: &Site, timeout: Duration) -> Result<Dialer> {
    let host = Some(site.host.as_str());
    let order = client.settings.get(NET_ORDER, host).into_iter().map(|version| match version {
        IpVersion::V4 => AddressFamily::V4,
        IpVersion::V6 => AddressFamily::V6,
    });
    Ok(Dialer {
        order: order.collect(),
        bind: client.settings.get(NET_BIND_ADDRESS, host),
        timeout,
        cancel: client.cancel.clone(),
        proxy: proxy_for(client, site)?,
    })
}

/// The proxy to `site`: that of the setting, else that of the environment; `None` for a direct
/// connection.
///
/// # Errors
///
/// [`Kind::Usage`] for a proxy of the environment that cannot be used, and with active mode: a proxy
/// accepts no connections from servers.
fn proxy_for(client: &Client, site: &Site) -> Result<Option<Proxy>> {
    let host = Some(site.host.as_str());
    let set = client.settings.get(NET_PROXY, host);
    let (source, url, without) = if !set.is_empty() {
        ("net:proxy", set, "set -u net:proxy")
    } else if !client.settings.get(NET_USE_ENV_PROXY, host) {
        return Ok(None);
    } else if let Some((variable, url)) = client.proxies.url_for(site)? {
        (variable, url, "set net:use-env-proxy no")
    } else {
        return Ok(None);
    };
    if client.settings.get(FTP_MODE, host) == FtpMode::Active {
        let text = format!("ftp:mode active does not work through a proxy ({source})");
        let hint = format!("`set ftp:mode auto`, or `{without}` to connect without this proxy");
        return Err(Error::usage(text).with_hint(hint));
    }
    let wrong = || Error::usage(format!("{source}: not a proxy's URL"));
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let (name, port) = place.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
    let mut logins =
        client.connection.proxy_logins.0.lock().unwrap_or_else(PoisonError::into_inner);
    let credentials = match logins.get(&url) {
        Some(known) => Arc::clone(known),
        None => {
            let new = proxy_login(client, &name, port, login);
            let new = Arc::new(new.map_err(|error| error.with_context(source))?);
            logins.insert(url.to_owned(), Arc::clone(&new));
            new
        }
    };
    let protocol = if scheme == "http" { Protocol::Http } else { Protocol::Socks5 };
    Ok(Some(Proxy { protocol, host: name, port, credentials }))
}

fn proxy_login(client: &Client, host: &str, port: u16, login: Option<&str>) -> Result<ProxyLogin> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| Error::usage("its escapes are not UTF-8"))
    };
    let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
        None => (None, None),
        Some(Err(user)) => (Some(decoded(user)?), None),
        Some(Ok((user, password))) => (Some(decoded(user)?), Some(decoded(password)?)),
    };
    let secret = password.map(Secret::new).transpose()?;
    let given = user.clone().zip(secret).map(|(user, secret)| Login { user, secret });
    let netrc = client.connection.sources.netrc.clone();
    Ok(ProxyLogin {
        host: host.to_owned(),
        port,
        user,
        given,
        found: Mutex::default(),
        // The sources of the server's login do not apply to the proxy.
        sources: Sources { netrc, ..Sources::default() },
        out: client.console.clone(),
        cancel: client.cancel.clone(),
    })
}

/// What a setting such as `UTC` or `+02:00` says; `None` for one that must be found out.
pub(super) fn fixed_offset(text: &str) -> Option<TimeDelta> {
    if text == "UTC" {
        return Some(TimeDelta::zero());
    }
    let (sign, time) = text.split_at_checked(1)?;
    let time = NaiveTime::parse_from_str(time, "%H:%M").ok()?;
    let ahead = time.signed_duration_since(NaiveTime::MIN);
    match sign {
        "+" => Some(ahead),
        "-" => Some(-ahead),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::context::testing::Fixture;
    use crate::output::OutputOptions;

    fn site() -> Site {
        crate::target::parse_target("ftp://h.example").unwrap().site
    }

    fn known(proxy: &Proxy) -> Option<String> {
        let mut login = None;
        proxy.credentials.send_known(&mut |user, secret| login = Some(format!("{user} {secret}")));
        login
    }

    #[test]
    fn a_login_is_asked_for_once_and_again_after_a_refusal() {
        let answers = ["bob", "first", "second"];
        let out = Output::memory_answering(OutputOptions::default(), &answers);
        let mut fixture = Fixture::with(out, |_, _, _| Ok(()));
        let (ctx, site) = (&mut fixture.ctx, site());
        ctx.client.settings.set("net:proxy", "http://proxy.example:8080").unwrap();
        let first = proxy_for(&ctx.client, &site).unwrap().unwrap();
        assert_eq!(known(&first), None, "nothing is asked before it is needed");
        assert!(
            first.credentials.find_credentials().unwrap()
                && first.credentials.find_credentials().unwrap()
        );
        assert_eq!(known(&first).as_deref(), Some("bob first"));
        // Another URL needs its own login.
        ctx.client.settings.set("net:proxy", "http://bob@proxy.example:8080").unwrap();
        let other = proxy_for(&ctx.client, &site).unwrap().unwrap();
        assert_eq!(known(&other), None, "another login is another question");
        assert!(other.credentials.find_credentials().unwrap());
        assert_eq!(
            known(&proxy_for(&ctx.client, &site).unwrap().unwrap()).as_deref(),
            Some("bob second")
        );
        other.credentials.mark_refused();
        assert_eq!(known(&other), None);
        assert!(!other.credentials.find_credentials().unwrap(), "nobody answers any more");
        let asked = ctx.out.stderr_text();
        assert_eq!(asked.matches("Proxy: Password for bob@proxy.example").count(), 3, "{asked}");
    }

    #[test]
    fn a_proxy_that_does_not_fit_is_named_by_where_it_comes_from() {
        let mut fixture = Fixture::new(|_, _, _| Ok(()));
        let client = &mut fixture.ctx.client;
        client.settings.set("ftp:mode", "active").unwrap();
        let environment = |name: &str| (name == "ftp_proxy").then(|| "http://p:1".into());
        client.proxies = Arc::new(crate::client::ProxyEnvironment::read(environment));
        for (set, source, remedy) in [
            ("", "ftp_proxy", "`set net:use-env-proxy no`"),
            ("http://q:1", "net:proxy", "`set -u net:proxy`"),
        ] {
            client.settings.set("net:proxy", set).unwrap();
            let error = proxy_for(client, &site()).unwrap_err();
            assert!(error.message().contains(source), "{error}");
            assert!(error.hint().unwrap().contains(remedy), "{error:?}");
        }
        client.settings.set("ftp:mode", "auto").unwrap();
        client.settings.set("net:proxy", "").unwrap();
        let environment = |name: &str| (name == "ftp_proxy").then(|| "http://%FF:x@p:1".into());
        client.proxies = Arc::new(crate::client::ProxyEnvironment::read(environment));
        let error = proxy_for(client, &site()).unwrap_err();
        assert!(error.message().starts_with("ftp_proxy: its escapes"), "{error}");
    }

    #[test]
    fn a_fixed_zone_is_read_and_others_are_found_out() {
        let minutes = |text| fixed_offset(text).map(|offset| offset.num_minutes());
        assert_eq!(minutes("UTC"), Some(0));
        assert_eq!(minutes("+05:30"), Some(330));
        assert_eq!(minutes("-08:00"), Some(-480));
        assert_eq!(minutes("auto"), None);
        assert_eq!(minutes("Europe/Berlin"), None);
    }

    #[test]
    fn parts_of_the_url_are_read() {
        let mut fixture = Fixture::new(|_, _, _| Ok(()));
        let settings = &mut fixture.ctx.client.settings;
        settings.set("net:proxy", "socks5://a%40b:c:d@e@[::1]:1080").unwrap();
        let proxy = proxy_for(&fixture.ctx.client, &site()).unwrap().unwrap();
        assert_eq!((proxy.protocol, proxy.port), (Protocol::Socks5, 1080));
        assert_eq!(proxy.to_string(), "proxy socks5://[::1]:1080");
        assert_eq!(known(&proxy).as_deref(), Some("a@b c:d@e"));
        assert!(!format!("{proxy:?}").contains("c:d@e"));
    }
}
