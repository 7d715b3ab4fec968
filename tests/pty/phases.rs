//! Ctrl-C at the prompt, whatever the program waits for: the prompt is back at once, and what is typed
//! next works.

use std::time::Duration;

use crate::{PROMPT, home, lied_to};
use support::liar::{Data, Event, Liar, Script, Step};

/// What a Ctrl-C may take, with a slow machine allowed for.
const AT_ONCE: Duration = Duration::from_secs(3);

const SIZE: usize = 1 << 20;

/// What the server does, what is typed, and how the wire looks once the program waits.
struct Phase(&'static str, Script, &'static str, fn(&Liar));

fn paused(liar: &Liar) {
    let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
    liar.wire.wait_until(|events| events.iter().any(paused));
}

fn phases() -> Vec<Phase> {
    let script = || Script::new().file("big.iso", vec![b'x'; SIZE]).file("small.txt", "still here");
    // The first connection is the one that brings the prompt.
    let second = |verb: &str| script().on(verb, Step::Honest).on(verb, Step::Silence);
    let hangs = |verb: &str| script().on(verb, Step::Silence);
    vec![
        Phase("greeting", second(""), "reconnect", |liar| {
            let begun = |event: &&Event| matches!(event, Event::Connected { .. });
            liar.wire.wait_until(|events| events.iter().filter(begun).count() == 2);
        }),
        Phase("TLS", second("AUTH"), "reconnect", |liar| liar.wire.wait_for("AUTH", 2)),
        Phase("login", second("PASS"), "reconnect", |liar| liar.wire.wait_for("PASS", 2)),
        Phase("listing", script().data("MLSD", Data::Stall(10)), "ls", paused),
        Phase("facts", hangs("MLST"), "get big.iso", |liar| liar.wire.wait_for("MLST", 1)),
        Phase("opening", hangs("RETR"), "get big.iso", |liar| liar.wire.wait_for("RETR", 1)),
        Phase("data handshake", script().data("RETR", Data::NoHandshake), "get big.iso", |liar| {
            liar.wire.wait_for("RETR", 1);
        }),
        Phase("download", script().data("RETR", Data::Stall(SIZE / 2)), "get big.iso", paused),
        Phase("upload", script().data("STOR", Data::Stall(1000)), "put up", paused),
        Phase("completion", script().on("RETR", Step::Final(Vec::new())), "get big.iso", |liar| {
            let ended = |event: &Event| matches!(event, Event::DataEnded { .. });
            liar.wire.wait_until(|events| events.iter().any(ended));
        }),
    ]
}

#[test]
fn ctrl_c_in_every_phase_gives_the_prompt_back_and_the_next_command_works() {
    for Phase(name, script, command, waits) in phases() {
        let home = home();
        let up = home.path().join("up");
        std::fs::File::create(&up).unwrap().set_len(20_000_000).unwrap();
        let (liar, mut terminal) = lied_to(&home, script, &[]);
        terminal.send(&command.replace("put up", &format!("put {}", up.display())));
        terminal.send("\r");
        waits(&liar);
        terminal.send("\x03");
        terminal.expect_within("interrupted", AT_ONCE);
        // Where a reconnection was interrupted, there is no server in the prompt.
        terminal.expect_within("> ", AT_ONCE);
        if command == "reconnect" {
            terminal.send(&format!("open {}\r", liar.url()));
            terminal.expect(PROMPT);
        }
        terminal.send("get small.txt -o -\r");
        terminal.expect("still here");
        terminal.expect(PROMPT);
        terminal.send_ctrl_d();
        let (status, shown) = terminal.end();
        assert_eq!(status, 0, "{name}\n{shown}");
        assert!(!home.path().join("big.iso").exists(), "{name}");
    }
}
