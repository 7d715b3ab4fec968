//! The limit for many small files: a bare loop of RETR over the program's own sessions, one per
//! thread, each file written under its final name. No listing, no check, no progress.
//!
//! `limit HOST PORT USER THREADS REMOTE-DIRECTORY LOCAL-DIRECTORY`, the password in
//! `BENCH_PASSWORD`, the names on standard input, one a line. The local directories exist.

use std::io::{Read as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use ftpsh::cancel::Cancel;
use ftpsh::ftp::charset::Charset;
use ftpsh::ftp::connect::dial::{AddressFamily, Dialer};
use ftpsh::ftp::connect::steps::Secured;
use ftpsh::ftp::control::trace::ProtocolTrace;
use ftpsh::ftp::data::open::open_data;
use ftpsh::ftp::session::login::log_in;
use ftpsh::ftp::session::quirks::ServerQuirks;
use ftpsh::ftp::session::server_clock::ServerClock;
use ftpsh::ftp::session::{DataMode, ListMode, LoginRequest, Session, SessionConfig};
use ftpsh::tls::Config;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, threads, remote, local] = &arguments[..] else {
        anyhow::bail!("limit HOST PORT USER THREADS REMOTE-DIRECTORY LOCAL-DIRECTORY");
    };
    let password = std::env::var("BENCH_PASSWORD")?;
    let options = SessionConfig {
        host: host.clone(),
        port: port.parse()?,
        implicit: false,
        tls: Config::default(),
        dialer: Dialer {
            order: vec![AddressFamily::V4],
            bind: None,
            timeout: Duration::from_secs(30),
            cancel: Cancel::new(),
            proxy: None,
        },
        timeout: Duration::from_secs(30),
        mode: DataMode::Auto,
        list: ListMode::Auto,
        prefetch_first_port: false,
        max_listing: u64::MAX,
        clear_data: false,
        quirks: ServerQuirks::serial(),
        timezone: None,
        clock: ServerClock::default(),
        charset: Charset::default(),
        trace: ProtocolTrace::default(),
    };
    let names = Mutex::new(
        std::io::read_to_string(std::io::stdin())?.lines().map(str::to_owned).collect::<Vec<_>>(),
    );
    let next = || names.lock().ok()?.pop();
    let work = || -> anyhow::Result<()> {
        let mut session = Session::new(Secured::connect(&options)?)?;
        log_in(&mut session, &LoginRequest { user, password: &password, account: None })?;
        let mut buffer = vec![0; 256 * 1024];
        while let Some(name) = next() {
            let mut data = open_data(&mut session, "get", "RETR", &format!("{remote}/{name}"), 0)?;
            let mut file = std::fs::File::create(format!("{local}/{name}"))?;
            loop {
                match data.read(&mut buffer)? {
                    0 => break,
                    n => file.write_all(&buffer[..n])?,
                }
            }
            data.finish()?;
        }
        session.close_gracefully();
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads = threads.parse()?;
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??;
        }
        Ok(())
    })
}
