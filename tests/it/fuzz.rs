//! A short run of every fuzz target: seeds, changed at random but the same on every run. `make
//! fuzz` runs the same checks for long.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Inputs for each target.
const INPUTS: usize = 20_000;

/// The longest that one input may take.
const LIMIT: Duration = Duration::from_millis(100);

/// What texts are broken with.
const ODD: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff\xff",
    b"\x1b[2J",
    b"\xc3",
    b"\xef\x9e\x80",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"..",
    b"-",
    b";",
    b"=",
    b"(",
    b")",
    b"[",
    b"]",
    b"*",
    b"%00",
    b"@",
    b":",
    b"0",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b"-1",
    b"4294967296",
    b"00000000",
    b"\xe2\x80\xae",
    b"~",
    b"{",
];

/// The same numbers on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        number as usize % limit.max(1)
    }
}

/// A seed with one to eight changes.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(12)).min(input.len());
        match random.below(7) {
            0 => input.truncate(at),
            1 => input.insert(at, random.below(256) as u8),
            2 => drop(input.drain(at..end)),
            3 if at < input.len() => input[at] ^= 1 << random.below(8),
            4 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => drop(input.splice(at..at, ODD[random.below(ODD.len())].iter().copied())),
        }
    }
    input.truncate(4096);
    input
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = folder().join("seeds").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|why| panic!("{folder:?}: {why}"));
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// The time that this thread has had on a processor, where the system tells.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// How long a check takes. Where it was long it is run again, and only its own time counts: the
/// machine may have been busy with something else.
fn time(check: fn(&[u8]), input: &[u8]) -> Duration {
    let begun = Instant::now();
    check(input);
    let first = begun.elapsed();
    if first < LIMIT {
        return first;
    }
    let (before, begun) = (on_processor(), Instant::now());
    check(input);
    match before.zip(on_processor()) {
        Some((before, after)) => after - before,
        None => begun.elapsed().min(first),
    }
}

/// Runs one target, and says which input broke it.
fn run(name: &str, check: fn(&[u8])) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name}: no seeds");
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for number in 0..INPUTS + seeds.len() {
        let input = match seeds.get(number) {
            Some(seed) => seed.clone(),
            None => changed(&seeds, &mut random),
        };
        let took = std::panic::catch_unwind(|| time(check, &input)).unwrap_or_else(|_| {
            panic!("{name}: input {number}: \"{}\"", input.escape_ascii());
        });
        assert!(took < LIMIT, "{name}: {took:?} for \"{}\"", input.escape_ascii());
    }
}

/// A test a target, so that they share the processors.
macro_rules! short_runs {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), targets::$name::check);
        })*

        #[test]
        fn every_target_has_a_short_run_a_long_run_and_seeds() {
            let runs = [$(stringify!($name)),*];
            let names: Vec<_> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(runs.as_slice(), names, "the targets of this file and of fuzz/src/lib.rs");
            let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
            for name in names {
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}: no [[bin]]");
                let file = format!("fuzz_targets/{name}.rs");
                let text = std::fs::read_to_string(folder().join(&file)).expect(&file);
                assert!(text.contains(&format!("ftpsh_fuzz::{name}::check")), "{file}");
                assert!(!seeds(name).is_empty(), "{name}: no seeds");
            }
        }
    };
}

short_runs!(
    replies,
    features,
    pwd,
    passive,
    values,
    mlsd,
    list,
    netrc,
    known_servers,
    urls,
    shell_syntax,
    names,
    patterns,
    completer,
    history,
    manifest,
);
