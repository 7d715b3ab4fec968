//! `doctor`: examines a server, step by step, and says what is wrong and what to do about it.
//!
//! It asks nothing, stores nothing and changes nothing on the server without `--write` (which also
//! remembers the server's clock), and sends no user name and no password to a server whose certificate
//! is not trusted.

mod address_families;
mod advice;
mod certificate;
mod data;
mod features;
mod login;
mod network;
mod report;
mod tls_versions;
mod write;

use std::sync::Arc;

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::bookmarks;
use crate::credentials::Sources;
use crate::error::{Error, Result};
use crate::ftp::connect::steps::Secured;
use crate::ftp::list_formats::Entry;
use crate::ftp::session::SessionConfig;
use crate::ftp::session::features::Features;
use crate::ftp::session::protection::LoginState;
use crate::ftp::session::quirks::ServerQuirks;
use crate::ftp::session::server_software::ServerSoftware;
use crate::target::{self, Site};
use crate::tls::Backend;

use self::report::{Finding, Report};
use crate::client::{Credentials, session_config};

/// Test a server and explain problems
///
/// Tests DNS, addresses, TLS, the certificate, the login, data connections and server features.
/// Each result says what it means and what you or the server's administrator can do. Asks nothing,
/// stores nothing (without --write), and sends no password to a server that is not trusted. The exit status is 0 only
/// if a transfer would work; without credentials, as far as can be tested.
#[derive(Debug, Parser)]
pub struct Doctor {
    /// Also upload a small file, download it, compare it and remove it; its time shows the server's
    /// clock, which is remembered
    #[arg(short, long)]
    write: bool,
    /// A bookmark, HOST, HOST:PORT or a URL [default: the current server]
    #[arg(value_name = "TARGET", value_hint = clap::ValueHint::Hostname)]
    target: Option<String>,
}

impl Builtin for Doctor {
    const NAME: &'static str = "doctor";
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "doctor ftp.example.org", about: "test a server" },
        Example { line: "doctor --write", about: "test the current server, uploads included" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        Ok(examine(ctx, self.target.as_deref(), self.write)?)
    }
}

/// Examines a server, the one connected to without `target`, and shows what it finds.
pub fn examine(ctx: &Context, target: Option<&str>, write: bool) -> Result<()> {
    let mut exam = Examination::new(ctx, target)?;
    exam.examine_server(write)?;
    let name = exam.site.trust_key();
    match exam.report.into_cause() {
        Some(cause) => Err(cause.with_context(format!("{name}: a transfer would not work"))),
        None => Ok(()),
    }
}

/// The server under examination, and what is known of it so far.
struct Examination<'a> {
    ctx: &'a Context,
    site: Site,
    sources: Sources,
    /// How the shell would connect.
    options: SessionConfig,
    /// The same with OpenSSL, which gives more details and resumes sessions.
    probe: SessionConfig,
    report: Report,
    /// What the server said so far, for its brand.
    words: String,
    /// How many minutes the time in the greeting is off, but for whole quarters of an hour.
    minutes: Option<i64>,
    /// The certificate that was judged and accepted, DER.
    accepted: Option<Vec<u8>>,
    /// Whether it was verified, not just let through.
    verified: bool,
    login: Option<Arc<Credentials>>,
    features: Features,
    /// Whether a passive port could not be reached.
    blocked: bool,
    /// The server does not protect data connections, and `tls:data clear` allows that.
    data_is_clear: bool,
    /// A file of the login directory.
    sample: Option<Entry>,
}

impl<'a> Examination<'a> {
    fn new(ctx: &'a Context, target: Option<&str>) -> Result<Self> {
        let mut sources = ctx.client.connection.sources.clone();
        let site =
            match target {
                Some(text) => {
                    let target = target::resolve_target(text, &|name| {
                        bookmarks::find_bookmark(&ctx.client.app_dirs, name)
                    })?;
                    let mut site = target.site;
                    let place = (&*site.host, site.port);
                    sources.given.bind_to_site(place, None, site.user.as_deref());
                    let given = sources.given.user_for(&site.host, site.port);
                    let user = given.or_else(|| site.user.clone());
                    // A password in a URL is that of the user and the server in the same URL: not
                    // of this one what was connected to.
                    sources.url = target.password.filter(|_| user == site.user);
                    site.user = user;
                    site
                }
                None => ctx.client.connection.site.clone().ok_or_else(|| {
                    Error::usage("doctor: which server?").with_hint("`doctor HOST`")
                })?,
            };
        let options = session_config(&ctx.client, &site)?;
        let mut probe =
            SessionConfig { clear_data: false, quirks: ServerQuirks::default(), ..options.clone() };
        probe.tls.backend = Backend::OpenSsl;
        let mut report = Report::new(ctx.out.clone(), ctx.client.cancel.clone());
        if options.tls.backend == Backend::OpenSsl {
            report.tried.push("tls:backend openssl");
        }
        Ok(Self {
            ctx,
            site,
            sources,
            options,
            probe,
            report,
            words: String::new(),
            minutes: None,
            accepted: None,
            verified: false,
            login: None,
            features: Features::default(),
            blocked: false,
            data_is_clear: false,
            sample: None,
        })
    }

    /// Everything, in order; what cannot be tested after a failure is left out.
    fn examine_server(&mut self, write: bool) -> Result<()> {
        let Some(tcp) = network::reach_server(self)? else { return Ok(()) };
        let Some(mut control) = network::secure_connection(self, tcp)? else { return Ok(()) };
        let agreed = control.negotiated().cloned();
        let versions = tls_versions::check_versions(self, &mut control)?;
        let trusted = certificate::check_certificate(self, &control)?;
        if !trusted {
            self.report
                .add_finding(Finding::skip("login", "nothing is sent to a server not trusted"))?;
            control.quit();
            return Ok(());
        }
        let usable = login::check_protection(self, &mut control, LoginState::Before)?
            && login::check_login(self, &mut control)?
            && (!self.probe.quirks.protects_after_login()
                || login::check_protection(self, &mut control, LoginState::After)?);
        if !usable {
            control.quit();
            return Ok(());
        }
        features::ask_features(self, &mut control)?;
        let listed =
            if self.data_is_clear { None } else { data::check_passive(self, &mut control)? };
        features::try_features(self, &mut control)?;
        tls_versions::check_connections(self)?;
        control.quit();
        data::list_as_ftpsh(self, listed, write)?;
        if self.data_is_clear {
            return Ok(());
        }
        tls_versions::check_resumption(self, listed, agreed.as_ref(), &versions)
    }

    /// Something that the server said.
    fn detect_software(&mut self, words: &str) {
        self.words.push_str(words);
        self.words.push('\n');
        self.report.brand = ServerSoftware::of(&self.words);
    }

    /// A further connection with this TLS, logged in, to the server that was accepted.
    fn further_session(&self, options: &SessionConfig) -> Result<Secured> {
        let mut control = Secured::connect_plainly(options)?;
        certificate::admit_certificate(self, control.identity())?;
        let login = self.login.as_ref().ok_or_else(|| Error::usage("no credentials"))?;
        let protect = |control: &mut Secured| {
            let commands = [("PBSZ", "0"), ("PROT", "P")];
            commands.iter().try_for_each(|(verb, level)| control.command(verb, level).map(drop))
        };
        if self.probe.quirks.protects_after_login() {
            control.log_in(&login.login_request())?;
            protect(&mut control)?;
        } else {
            protect(&mut control)?;
            control.log_in(&login.login_request())?;
        }
        Ok(control)
    }
}
