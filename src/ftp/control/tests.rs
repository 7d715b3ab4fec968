//! The control connection against a scripted peer.

use super::expect::Command;
use super::testing::{Peer, TIMEOUT, with_control, with_control_timeout};
use super::*;
use crate::cancel::Reason;

fn command(line: &str) -> Command {
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    Command::new(verb, argument).unwrap()
}

impl Control {
    fn code(&mut self, line: &str) -> Result<u16> {
        self.call(&command(line)).map(|reply| reply.code)
    }

    fn after(&mut self, line: &str) {
        self.queue(Position::After, command(line)).unwrap();
    }
}

/// Waits until input has arrived.
fn wait_for_input(control: &Control) {
    while !control.has_unread_input() {
        std::thread::yield_now();
    }
}

#[test]
fn queued_commands_go_out_together_and_their_replies_are_there_in_their_turn() {
    let serve = |peer: &mut Peer| {
        peer.takes(&["USER u", "PASS p", "PWD"]);
        peer.sends("331 go on\r\n230 in\r\n257 \"/\"\r\n");
        peer.answers("NOOP", "200 ok");
    };
    with_control(serve, |mut control| {
        control.after("PASS p");
        control.after("PWD");
        for (line, code) in [("USER u", 331), ("PASS p", 230), ("PWD", 257), ("NOOP", 200)] {
            assert_eq!(control.code(line).unwrap(), code, "{line}");
        }
    });
}

#[test]
fn a_command_that_is_pending_is_not_queued_twice() {
    let serve = |peer: &mut Peer| {
        peer.takes(&["SIZE a", "EPSV"]);
        peer.sends("213 1\r\n");
        peer.takes_nothing_yet();
        peer.sends("229 (|||9|)\r\n");
    };
    with_control(serve, |mut control| {
        control.after("EPSV");
        assert_eq!(control.code("SIZE a").unwrap(), 213);
        assert!(control.has_port());
        control.after("EPSV");
        assert_eq!(control.code("EPSV").unwrap(), 229);
        assert!(!control.has_port());
    });
}

#[test]
fn replies_that_nobody_calls_for_are_discarded_but_a_port_is_kept() {
    let serve = |peer: &mut Peer| {
        peer.takes(&["SIZE a", "MDTM a", "EPSV"]);
        peer.sends("213 1\r\n213 20200101000000\r\n229 (|||9|)\r\n");
        peer.answers("NOOP", "200 ok");
        peer.answers("RETR a", "150 ok");
    };
    with_control(serve, |mut control| {
        control.after("MDTM a");
        control.after("EPSV");
        for (line, code) in [("SIZE a", 213), ("NOOP", 200), ("EPSV", 229), ("RETR a", 150)] {
            assert_eq!(control.code(line).unwrap(), code, "{line}");
        }
    });
}

#[test]
fn a_port_that_is_too_old_or_of_the_other_kind_is_asked_for_again() {
    for (line, reply, old) in [("EPSV", "229 (|||8|)", true), ("PASV", "227 (1,2,3,4,5,6)", false)]
    {
        let serve = |peer: &mut Peer| {
            peer.takes(&["NOOP", "EPSV"]);
            peer.sends("200 ok\r\n229 (|||9|)\r\n");
            peer.answers(line, reply);
        };
        with_control(serve, |mut control| {
            control.after("EPSV");
            control.code("NOOP").unwrap();
            control.drain().unwrap();
            if old {
                let (pending, _) = control.port.as_mut().unwrap();
                pending.sent = pending.sent.checked_sub(Duration::from_secs(11)).unwrap();
            }
            let reply = control.call(&command(line)).unwrap();
            assert!(!reply.last_text().contains('9'), "{reply:?}");
        });
    }
}

#[test]
fn a_command_before_goes_along_only_with_what_has_replies_like_no_other() {
    let together = |peer: &mut Peer| {
        peer.takes(&["OPTS UTF8 ON", "EPSV"]);
        peer.sends("200 ok\r\n229 (|||9|)\r\n");
    };
    let apart = |peer: &mut Peer| {
        peer.takes(&["OPTS UTF8 ON"]);
        peer.takes_nothing_yet();
        peer.sends("200 ok\r\n");
        peer.answers("DELE a", "250 gone");
    };
    let call = |line: &'static str| {
        move |mut control: Control| {
            control.queue(Position::Before, command("OPTS UTF8 ON")).unwrap();
            control.code(line)
        }
    };
    assert_eq!(with_control(together, call("EPSV")).unwrap(), 229);
    assert_eq!(with_control(apart, call("DELE a")).unwrap(), 250);
    // A duplicate reply: nothing is deleted.
    let twice = |peer: &mut Peer| {
        peer.takes(&["OPTS UTF8 ON"]);
        peer.sends("200 ok\r\n250 gone\r\n");
        peer.takes_no_more();
    };
    with_control(twice, |control| call("DELE a")(control).unwrap_err());
}

#[test]
fn a_question_about_a_file_goes_out_with_its_data_command() {
    let serve = |peer: &mut Peer| {
        peer.answers("EPSV", "229 (|||9|)");
        peer.takes(&["MDTM a", "RETR a"]);
        peer.sends("213 20200101000000\r\n150 ok\r\n226 done\r\n");
    };
    with_control(serve, |mut control| {
        control.queue(Position::BeforeTransfer, command("MDTM a")).unwrap();
        assert_eq!(control.code("EPSV").unwrap(), 229);
        assert_eq!(control.code("RETR a").unwrap(), 150);
        assert_eq!(control.take_prefetched(&command("MDTM a")).unwrap().code, 213);
        assert!(control.take_prefetched(&command("MDTM a")).is_none());
        assert_eq!(control.receive().unwrap().code, 226);
    });
}

#[test]
fn the_next_port_is_prefetched_at_the_end_of_the_data() {
    let serve = |peer: &mut Peer| {
        peer.answers("RETR a", "150 ok");
        peer.takes(&["EPSV"]);
        peer.sends("226 done\r\n229 (|||9|)\r\n");
    };
    with_control(serve, |mut control| {
        assert_eq!(control.code("RETR a").unwrap(), 150);
        control.prefetch_at_end(Some(command("EPSV")));
        assert!(control.is_prefetching_at_end());
        assert_eq!(control.receive().unwrap().code, 226);
        assert_eq!(control.code("EPSV").unwrap(), 229);
    });
    let revoked = |peer: &mut Peer| {
        peer.answers("RETR a", "150 ok\r\n426 cut");
        peer.takes_no_more();
    };
    with_control(revoked, |mut control| {
        control.code("RETR a").unwrap();
        control.prefetch_at_end(Some(command("EPSV")));
        control.prefetch_at_end(None);
        assert_eq!(control.receive().unwrap().code, 426);
    });
}

#[test]
fn nothing_is_sent_before_the_completion_reply_of_a_transfer() {
    let serve = |peer: &mut Peer| {
        peer.answers("RETR a", "150 here it comes");
        peer.sends("250 done\r\n");
        peer.takes_no_more();
    };
    with_control(serve, |mut control| {
        assert_eq!(control.code("RETR a").unwrap(), 150);
        assert!(control.code("DELE a").is_err());
        assert!(control.failure().is_some());
    });
}

#[test]
fn a_serial_server_gets_one_command_at_a_time() {
    let serve = |peer: &mut Peer| {
        for (line, reply) in [
            ("OPTS UTF8 ON", "200 ok"),
            ("MDTM a", "213 20200101000000"),
            ("SIZE a", "213 1"),
            ("RETR a", "150 ok"),
        ] {
            peer.takes(&[line]);
            peer.takes_nothing_yet();
            peer.sends(&format!("{reply}\r\n"));
        }
    };
    with_control(serve, |mut control| {
        control.quirks.disable_pipelining();
        control.queue(Position::Before, command("OPTS UTF8 ON")).unwrap();
        control.queue(Position::BeforeTransfer, command("MDTM a")).unwrap();
        control.after("EPSV");
        assert_eq!(control.code("SIZE a").unwrap(), 213);
        assert_eq!(control.code("RETR a").unwrap(), 150);
        assert_eq!(control.take_prefetched(&command("MDTM a")).unwrap().code, 213);
    });
}

/// The results of SIZE with EPSV pipelined behind it, if the server sends `replies` for both.
fn pipelined(replies: &'static str) -> (Result<u16>, Result<u16>, bool) {
    let serve = |peer: &mut Peer| {
        peer.takes(&["SIZE a", "EPSV"]);
        peer.sends(replies);
        peer.takes_no_more();
    };
    with_control_timeout(Duration::from_millis(500), serve, |mut control, _| {
        control.after("EPSV");
        let size = control.code("SIZE a");
        let port = control.code("EPSV");
        (size, port, control.quirks.is_serial())
    })
}

#[test]
fn replies_out_of_order_doubled_or_missing_end_the_connection_and_the_pipelining() {
    for (case, replies, size_comes) in [
        ("swapped", "229 (|||9|)\r\n213 1\r\n", false),
        ("doubled", "213 1\r\n213 1\r\n229 (|||9|)\r\n", true),
        ("another's", "250 fine\r\n229 (|||9|)\r\n", false),
        ("one too early", "226 done\r\n213 1\r\n229 (|||9|)\r\n", false),
        ("only the first", "213 1\r\n", true),
        ("only the second", "229 (|||9|)\r\n", false),
        ("none", "", false),
    ] {
        let (size, port, serial) = pipelined(replies);
        assert_eq!(size.is_ok(), size_comes, "{case}: {size:?}");
        assert_eq!(port.unwrap_err().kind(), Kind::Connect, "{case}");
        assert!(serial, "{case}");
    }
}

#[test]
fn replies_may_come_merged_and_split() {
    let (size, port, serial) = pipelined("213 1\r\n229 (|||9|)\r\n");
    assert_eq!((size.unwrap(), port.unwrap(), serial), (213, 229, false));
    let serve = |peer: &mut Peer| {
        peer.takes(&["SIZE a", "EPSV"]);
        for byte in "213-a\r\n220 b\r\n213 1\r\n229 (|||9|)\r\n".chars() {
            peer.sends(&byte.to_string());
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    with_control(serve, |mut control| {
        control.after("EPSV");
        assert_eq!(control.code("SIZE a").unwrap(), 213);
        assert_eq!(control.code("EPSV").unwrap(), 229);
    });
}

#[test]
fn a_farewell_in_the_middle_is_the_reason_for_all_that_follows() {
    let (size, port, _) = pipelined("213 1\r\n421 it is late\r\n");
    assert_eq!(size.unwrap(), 213);
    let error = port.unwrap_err();
    assert!(error.message().contains("it is late") && error.reply().is_some(), "{error:?}");
    // In place of a reply that is never called for.
    let serve = |peer: &mut Peer| {
        peer.takes(&["NOOP", "SIZE a"]);
        peer.sends("200 ok\r\n421 it is late\r\n");
        peer.takes_no_more();
    };
    with_control(serve, |mut control| {
        control.after("SIZE a");
        control.code("NOOP").unwrap();
        for line in ["DELE a", "PWD"] {
            let error = control.code(line).unwrap_err();
            assert!(error.message().contains("it is late"), "{error:?}");
        }
        control.poison(Error::new(Kind::Other, "later"));
        assert!(control.failure().unwrap().message().contains("it is late"));
    });
    // In place of a completion reply it is returned as one.
    let serve = |peer: &mut Peer| peer.answers("RETR a", "150 ok\r\n421 it is late");
    with_control(serve, |mut control| {
        control.code("RETR a").unwrap();
        assert_eq!(control.receive().unwrap().code, 421);
        assert!(control.failure().is_some());
    });
}

#[test]
fn what_comes_unasked_keeps_the_next_command_from_being_sent() {
    for (surplus, told) in [
        ("200 again\r\n", "no command asked for"),
        ("2", "no command asked for"),
        ("421 it is late\r\n", "it is late"),
    ] {
        let serve = |peer: &mut Peer| {
            peer.answers("NOOP", "200 ok");
            // Its own reply, later.
            peer.takes_nothing_yet();
            peer.sends(surplus);
            if surplus == "2" {
                peer.0.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
            }
            peer.takes_no_more();
        };
        with_control(serve, |mut control| {
            control.code("NOOP").unwrap();
            assert!(!control.has_unread_input());
            wait_for_input(&control);
            let error = control.code("DELE a").unwrap_err();
            assert!(error.message().contains(told), "{surplus}: {error:?}");
        });
    }
    let merged = |peer: &mut Peer| {
        peer.answers("NOOP", "200 ok\r\n250 again");
        peer.takes_no_more();
    };
    with_control(merged, |mut control| {
        control.code("NOOP").unwrap();
        control.code("DELE a").unwrap_err();
    });
    let hung_up = |peer: &mut Peer| {
        peer.answers("NOOP", "200 ok");
        peer.0.get_ref().shutdown(std::net::Shutdown::Both).unwrap();
    };
    with_control(hung_up, |mut control| {
        control.code("NOOP").unwrap();
        wait_for_input(&control);
        let error = control.code("DELE a").unwrap_err();
        assert!(error.message().contains("closed the control connection"), "{error:?}");
    });
}

#[test]
fn an_unusual_success_of_a_change_is_confirmed_by_the_next_reply() {
    let serve = |peer: &mut Peer| {
        peer.answers("DELE a", "200 gone");
        peer.answers("PWD", "257 \"/\"");
    };
    assert_eq!(with_control(serve, |mut control| control.code("DELE a")).unwrap(), 200);
    // The success was an extra reply, and the refusal is read as the reply to PWD.
    let serve = |peer: &mut Peer| {
        peer.answers("DELE a", "200 again");
        peer.answers("PWD", "550 no such file");
    };
    let error = with_control(serve, |mut control| control.code("DELE a")).unwrap_err();
    assert!(error.message().contains("is no reply to DELE"), "{error:?}");
    // A success code of another command is not a success.
    let serve = |peer: &mut Peer| {
        peer.answers("DELE a", "257 \"/\"");
        peer.takes_no_more();
    };
    with_control(serve, |mut control| control.code("DELE a")).unwrap_err();
}

#[test]
fn preliminary_replies_are_skipped_but_not_without_end() {
    let serve = |count: usize| {
        move |peer: &mut Peer| {
            peer.takes(&["NOOP"]);
            peer.sends(&format!("{}200 ok\r\n", "150 wait\r\n".repeat(count)));
            peer.takes_no_more();
        }
    };
    assert_eq!(with_control(serve(64), |mut control| control.code("NOOP")).unwrap(), 200);
    let error = with_control(serve(65), |mut control| control.code("NOOP")).unwrap_err();
    assert!(error.message().contains("in a row"), "{error:?}");
    // A second preliminary reply of a data command is skipped as well.
    let serve = |peer: &mut Peer| peer.answers("RETR a", "150 a\r\n150 b\r\n226 done");
    with_control(serve, |mut control| {
        assert_eq!(control.code("RETR a").unwrap(), 150);
        assert_eq!(control.receive().unwrap().code, 226);
    });
}

#[test]
fn pipelined_login_commands_have_less_time() {
    let serve = |peer: &mut Peer| {
        peer.takes(&["USER u", "PASS p", "PWD"]);
        peer.sends("331 go on\r\n230 in\r\n257 \"/\"\r\n");
    };
    with_control_timeout(Duration::from_secs(60), serve, |mut control, _| {
        control.after("PASS p");
        control.after("PWD");
        for (line, seconds) in [("USER u", 60), ("PASS p", 15), ("PWD", 5)] {
            control.code(line).unwrap();
            assert_eq!(control.reply_timeout(), Duration::from_secs(seconds), "{line}");
        }
        control.login_deadlines = false;
        assert_eq!(control.reply_timeout(), Duration::from_secs(60));
    });
}

#[test]
fn waits_end_with_a_cancel_and_a_bounded_one_with_its_bound() {
    let serve = |peer: &mut Peer| {
        peer.takes(&["NOOP"]);
        peer.takes_no_more();
    };
    with_control_timeout(TIMEOUT, serve, |mut control, cancel| {
        cancel.request(Reason::Interrupted);
        assert_eq!(control.code("NOOP").unwrap_err().kind(), Kind::Interrupted);
    });
    let serve = |peer: &mut Peer| {
        peer.answers("NOOP", "200 ok");
        peer.takes(&["QUIT"]);
        peer.takes_no_more();
    };
    with_control_timeout(TIMEOUT, serve, |mut control, cancel| {
        control.code("NOOP").unwrap();
        cancel.request(Reason::Interrupted);
        let begun = Instant::now();
        // A write is cancelled only if it has to wait.
        let error = control.call_within(&command("QUIT"), Duration::from_millis(200)).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(2), "{error:?}");
    });
}

#[test]
fn nothing_that_would_end_a_line_is_a_command() {
    for argument in ["a\r\nDELE b", "a\nb", "a\0"] {
        assert_eq!(Command::new("STAT", argument).unwrap_err().kind(), Kind::Usage);
    }
    assert!(Command::new("NOOP\r\nDELE", "b").is_err());
    assert_eq!(command("retr a b").verb(), "RETR");
}

#[test]
fn the_greeting_may_be_announced() {
    let serve = |peer: &mut Peer| peer.sends("120 wait\r\n220 ready\r\n");
    assert_eq!(with_control(serve, |mut control| control.read_greeting()).unwrap().code, 220);
}

#[test]
fn replies_that_arrive_during_a_handshake_are_heard_and_kept_in_order() {
    for (replies, heard) in [
        ("150 go on\r\n", Heard::Begun),
        ("150 go on\r\n226 done\r\n", Heard::Completed),
        ("150 go on\r\n451 no\r\n", Heard::Failed),
        ("550 no\r\n", Heard::Failed),
    ] {
        let serve = |peer: &mut Peer| {
            peer.takes(&["RETR a"]);
            peer.sends(replies);
            // A connection that is closed is heard as lost.
            peer.takes_no_more();
        };
        with_control(serve, |mut control| {
            control.begin(&command("RETR a")).unwrap();
            while control.hear() != heard {
                assert!(control.failure().is_none(), "{replies:?}");
                std::thread::yield_now();
            }
            for reply in replies.lines() {
                assert_eq!(control.receive().unwrap().to_string(), reply);
            }
        });
    }
    let serve = |peer: &mut Peer| {
        peer.takes(&["RETR a"]);
        peer.sends(&"150 again\r\n".repeat(100));
    };
    with_control(serve, |mut control| {
        control.begin(&command("RETR a")).unwrap();
        while control.hear() != Heard::Lost {
            std::thread::yield_now();
        }
        assert_eq!(control.receive().unwrap_err().kind(), Kind::Connect);
    });
}

#[test]
fn the_rate_of_a_download_that_was_ended_early_is_its_completion_reply() {
    let rate = "150 0.036 seconds (measured here), 531.62 Mbytes per second\r\n";
    let serve = |peer: &mut Peer| {
        peer.takes(&["RETR a"]);
        peer.sends(&format!("150 go on\r\n{rate}"));
        peer.answers("NOOP", "200 ok");
    };
    with_control(serve, |mut control| {
        assert_eq!(control.code("RETR a").unwrap(), 150);
        control.abort_transfer();
        assert_eq!(control.receive().unwrap().code, 150);
        assert_eq!(control.code("NOOP").unwrap(), 200);
    });
    // Before the end of the data it is one more preliminary reply.
    let serve = |peer: &mut Peer| {
        peer.takes(&["RETR a"]);
        peer.sends(&format!("150 go on\r\n{rate}226 done\r\n"));
    };
    with_control(serve, |mut control| {
        assert_eq!(control.code("RETR a").unwrap(), 150);
        assert_eq!(control.receive().unwrap().code, 226);
    });
}
