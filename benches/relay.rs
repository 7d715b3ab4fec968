//! A path with a long round trip: relays ports from one loopback address to another, with delay.
//!
//! ```text
//! relay MILLISECONDS FROM-ADDRESS TO-ADDRESS FIRST-PORT LAST-PORT
//! ```
//!
//! Each direction is delayed by half of the round trip, to a tenth of a millisecond. The kernel
//! answers a connect on loopback at once, so the connect's own round trip is added to what follows
//! it: the other side sees the connection half a round trip after it was made, what is sent at once
//! arrives as if it had been sent a round trip later, and nothing comes back before a whole round
//! trip is over. Prints "ready" when it listens on all ports.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [trip, near, far, first, last] = words.as_slice() else {
        anyhow::bail!("usage: relay MILLISECONDS FROM-ADDRESS TO-ADDRESS FIRST-PORT LAST-PORT");
    };
    let trip = Duration::from_secs_f64(trip.parse::<f64>()? / 1000.0);
    let (near, far): (IpAddr, IpAddr) = (near.parse()?, far.parse()?);
    let ports = first.parse::<u16>()?..=last.parse()?;
    let listeners = ports
        .map(|port| Ok((TcpListener::bind((near, port))?, port)))
        .collect::<std::io::Result<Vec<_>>>()?;
    writeln!(std::io::stdout(), "ready")?;
    let mut fds: Vec<_> =
        listeners.iter().map(|(listener, _)| PollFd::new(listener, PollFlags::IN)).collect();
    loop {
        poll(&mut fds, None)?;
        let begun = Instant::now();
        let called = fds.iter().zip(&listeners).filter(|(fd, _)| !fd.revents().is_empty());
        for (listener, port) in called.map(|(_, listener)| listener) {
            let (client, _) = listener.accept()?;
            let port = *port;
            thread::spawn(move || connect(client, far, port, begun, trip));
        }
    }
}

/// The other half of a connection, half a round trip after it was made.
fn connect(client: TcpStream, far: IpAddr, port: u16, begun: Instant, trip: Duration) {
    let half = trip / 2;
    sleep_until(begun + half);
    let Ok(server) = TcpStream::connect((far, port)) else { return };
    let ends = client.try_clone().and_then(|c| Ok((c, server.try_clone()?)));
    let Ok((client_end, server_end)) = ends else { return };
    thread::spawn(move || pipe(server_end, client_end, half, begun + half));
    pipe(client, server, half, begun + trip);
}

/// Copies with a delay; what is read before `earliest` counts as sent then.
fn pipe(from: TcpStream, to: TcpStream, delay: Duration, earliest: Instant) {
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(4096);
    let delivery = thread::spawn(move || {
        let mut to = to;
        for (due, bytes) in receiver {
            sleep_until(due);
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut buffer) = (from, vec![0; 1 << 16]);
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let due = Instant::now().max(earliest) + delay;
        if sender.send((due, buffer[..read].to_vec())).is_err() || read == 0 {
            break;
        }
    }
    drop(sender);
    let _ = delivery.join();
}

fn sleep_until(due: Instant) {
    thread::sleep(due.saturating_duration_since(Instant::now()));
}
