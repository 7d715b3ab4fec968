//! TCP by each address family that a host has: what answers, and what it means when one does not.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::advice::Topic;
use super::report::milliseconds;
use super::report::{Finding, Mark};
use crate::error::io_reason;
use crate::ftp::connect::dial::AddressFamily;

/// The checks, and what `net:order` calls the other family.
const FAMILIES: [(AddressFamily, &str, &str, &str); 2] = [
    (AddressFamily::V6, "tcp ipv6", "IPv6", "ipv4"),
    (AddressFamily::V4, "tcp ipv4", "IPv4", "ipv6"),
];

/// Connects to one address within a time.
type Connect<'a> = dyn Fn(SocketAddr, Duration) -> io::Result<TcpStream> + 'a;

/// The results: a line for each family, and the connection to use.
pub(super) struct Reached {
    /// In the order of the table.
    pub(super) findings: Vec<Finding>,
    /// By the family that is preferred, if that answers; none if no family does.
    pub(super) tcp: Option<TcpStream>,
}

/// Tries each family. `addresses` are in the order in which they would be tried; of a host that
/// `is_name` a family without an address gets a line as well, which says whether `order` has it.
pub(super) fn reach_families(
    addresses: &[SocketAddr],
    is_name: bool,
    order: &[AddressFamily],
    timeout: Duration,
    connect: &Connect<'_>,
) -> Reached {
    let mut tried = Vec::new();
    for (family, check, ..) in FAMILIES {
        let own = |address: &&SocketAddr| address.is_ipv4() == (family == AddressFamily::V4);
        let of_it: Vec<_> = addresses.iter().filter(own).copied().collect();
        let result = (!of_it.is_empty()).then(|| reach_one_of(&of_it, timeout, connect));
        tried.push((family, check, result));
    }
    let any = tried.iter().any(|(_, _, result)| matches!(result, Some(Ok(_))));
    let mut reached = Reached { findings: Vec::new(), tcp: None };
    for ((family, check, result), (_, _, name, other)) in tried.into_iter().zip(FAMILIES) {
        reached.findings.push(match result {
            Some(Ok((tcp, seen))) => {
                let v4 = family == AddressFamily::V4;
                let preferred = addresses.first().is_some_and(|a| a.is_ipv4() == v4);
                if preferred || reached.tcp.is_none() {
                    reached.tcp = Some(tcp);
                }
                Finding::ok(check, seen)
            }
            Some(Err((address, error))) => {
                failure_text(check, name, other, any, &error, &format!("{address}: "))
            }
            None if !is_name => continue,
            None if order.contains(&family) => {
                Finding::skip(check, format!("the name has no {name} address"))
            }
            None => Finding::skip(check, "`net:order` leaves it out"),
        });
    }
    reached
}

fn reach_one_of(
    family: &[SocketAddr],
    timeout: Duration,
    connect: &Connect<'_>,
) -> Result<(TcpStream, String), (SocketAddr, io::Error)> {
    let count = u32::try_from(family.len()).unwrap_or(u32::MAX);
    let mut failure = (family[0], io::Error::from(ErrorKind::NotFound));
    for address in family {
        let begun = Instant::now();
        match connect(*address, timeout / count) {
            Ok(tcp) => {
                let took = milliseconds(begun.elapsed());
                return Ok((tcp, format!("{address} answers in {took}")));
            }
            Err(error) => failure = (*address, error),
        }
    }
    Err(failure)
}

/// A family that does not answer, with what that means where the other one does.
fn failure_text(
    check: &'static str,
    name: &str,
    other: &str,
    other_answers: bool,
    error: &io::Error,
    address: &str,
) -> Finding {
    let seen = format!("{address}{}", io_reason(error));
    // Said by this machine, without a packet on the wire.
    let no_route = matches!(error.kind(), ErrorKind::NetworkUnreachable)
        || error.kind() == ErrorKind::AddrNotAvailable;
    if no_route {
        let meaning = format!("this machine has no way to {name}: it says nothing of the server");
        let mark = if other_answers { Mark::Note } else { Mark::Bad };
        let finding = Finding::new(mark, check, seen).means(meaning);
        return finding.advise(format!("`set net:order {other}` leaves it out"));
    }
    if !other_answers {
        let meaning = "nothing answers there: the server is down, or a firewall is between";
        let advice = "check host and port; 21 is usual for ftp://, 990 for ftps://";
        return Finding::new(Mark::Bad, check, seen).means(meaning).advise(advice);
    }
    let meaning = if error.kind() == ErrorKind::ConnectionRefused {
        format!(
            "the server does not listen on {name}, though its name leads there: clients that \
                 try it first fail or come late"
        )
    } else {
        format!(
            "a firewall or a route drops {name}: clients that try it first wait until it times \
                 out"
        )
    };
    let finding = Finding::new(Mark::Bad, check, seen).means(meaning);
    finding.advise(format!("`set net:order {other}` leaves it out")).server(Topic::Families)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const V6: &str = "[2001:db8::1]:21";
    const V4: &str = "192.0.2.1:21";

    /// The lines, with the port of the connection that was chosen.
    fn lines(
        addresses: &[&str],
        order: &[AddressFamily],
        dead: &[(&str, ErrorKind)],
    ) -> (Vec<(Mark, String)>, Option<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses: Vec<SocketAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        let asked = std::cell::RefCell::new(Vec::new());
        let connect = |address: SocketAddr, _| match dead
            .iter()
            .find(|(dead, _)| *dead == address.to_string())
        {
            Some((_, kind)) => Err(io::Error::from(*kind)),
            None => {
                let tcp = TcpStream::connect(listener.local_addr().unwrap())?;
                asked.borrow_mut().push((tcp.local_addr().unwrap(), address.is_ipv6()));
                Ok(tcp)
            }
        };
        let reached = reach_families(&addresses, true, order, Duration::from_secs(1), &connect);
        let chosen = reached.tcp.map(|tcp| {
            let own = tcp.local_addr().unwrap();
            asked.borrow().iter().find(|(local, _)| *local == own).unwrap().1
        });
        (reached.findings.iter().map(Finding::mark_and_text).collect(), chosen)
    }

    #[test]
    fn each_family_has_its_own_line_and_a_dead_one_its_meaning() {
        let both = [AddressFamily::V6, AddressFamily::V4];
        let refused = ErrorKind::ConnectionRefused;
        let (found, v6) = lines(&[V6, V4], &both, &[]);
        assert_eq!((found[0].0, found[1].0, v6), (Mark::Ok, Mark::Ok, Some(true)));
        let (_, v6) = lines(&[V4, V6], &both, &[]);
        assert_eq!(v6, Some(false), "the preferred one is gone on with");

        for (dead, kind, mark, words, from_v6) in [
            (V6, refused, Mark::Bad, "does not listen on IPv6", false),
            (V6, ErrorKind::TimedOut, Mark::Bad, "drops IPv6", false),
            (V6, ErrorKind::NetworkUnreachable, Mark::Note, "no way to IPv6", false),
            (V6, ErrorKind::AddrNotAvailable, Mark::Note, "no way to IPv6", false),
            (V4, refused, Mark::Bad, "does not listen on IPv4", true),
        ] {
            let (found, v6) = lines(&[V6, V4], &both, &[(dead, kind)]);
            assert_eq!(v6, Some(from_v6), "{dead} {kind:?}");
            let bad = &found[usize::from(from_v6)];
            assert_eq!(bad.0, mark, "{dead} {kind:?}: {bad:?}");
            let order = if from_v6 { "net:order ipv6" } else { "net:order ipv4" };
            assert!(bad.1.contains(words) && bad.1.contains(order), "{bad:?}");
            assert_eq!(found[usize::from(!from_v6)].0, Mark::Ok);
        }

        let (found, none) = lines(&[V6, V4], &both, &[(V6, refused), (V4, refused)]);
        assert!(none.is_none() && found.iter().all(|(mark, _)| *mark == Mark::Bad), "{found:?}");
        assert!(found[0].1.contains("the server is down"), "{found:?}");
    }

    #[test]
    fn a_family_without_an_address_is_told_of() {
        let (found, _) = lines(&[V4], &[AddressFamily::V6, AddressFamily::V4], &[]);
        assert_eq!(found[0], (Mark::Skip, "the name has no IPv6 address".to_owned()));
        let (found, _) = lines(&[V4], &[AddressFamily::V4], &[]);
        assert_eq!(found[0].1, "`net:order` leaves it out");
    }

    #[test]
    fn an_address_that_answers_makes_up_for_those_of_its_family_that_do_not() {
        let other = "192.0.2.2:21";
        let (found, v6) =
            lines(&[V4, other], &[AddressFamily::V4], &[(V4, ErrorKind::ConnectionRefused)]);
        assert_eq!((found[1].0, v6), (Mark::Ok, Some(false)));
        assert!(found[1].1.starts_with(other), "{found:?}");
    }
}
