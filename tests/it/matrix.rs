//! Every kind of lie against every kind of work: success is said only of what is there, byte for
//! byte; what fails leaves the old file, none, or the whole new one, says why, and ends in time.

use std::time::{Duration, Instant};
use support::certificate::Certificate;
use support::liar::{Data, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 150_000;

/// About the length of a listing of three files.
const LISTING: usize = 150;

/// The longest that one command may take: two tries, each with its deadlines.
const LIMIT: Duration = Duration::from_secs(20);

/// What the server does otherwise than a correct one, at every occurrence.
#[derive(Clone)]
enum Lie {
    Data(Data),
    Step(Step),
}

/// Data lies after half of `size` bytes, or after all of them.
fn lies(size: usize) -> Vec<(&'static str, Lie)> {
    let half = size / 2;
    let other = Certificate::make("localhost").unwrap();
    let last = |text: &str| Lie::Step(Step::last(text));
    let reply = |text: &str| Lie::Step(Step::reply(text));
    vec![
        ("short", Lie::Data(Data::Short(half))),
        ("nothing", Lie::Data(Data::Short(0))),
        ("cut", Lie::Data(Data::Cut(half))),
        ("cut at the end", Lie::Data(Data::Cut(size))),
        ("reset", Lie::Data(Data::Reset(half))),
        ("stalled", Lie::Data(Data::Stall(half))),
        ("no TLS", Lie::Data(Data::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()))),
        ("no handshake", Lie::Data(Data::NoHandshake)),
        ("another certificate", Lie::Data(Data::Certificate(other))),
        ("426 after all", last("426 broken")),
        ("451 after all", last("451 error")),
        ("552 after all", last("552 quota")),
        ("no completion reply", Lie::Step(Step::Final(Vec::new()))),
        ("425 at once", reply("425 no data connection")),
        ("450 at once", reply("450 busy")),
        ("550 at once", reply("550 no")),
        ("421 at once", Lie::Step(Step::Close(b"421 bye\r\n".to_vec()))),
        ("cut control", Lie::Step(Step::Cut(Vec::new()))),
        ("reset control", Lie::Step(Step::Reset(Vec::new()))),
        ("silence", Lie::Step(Step::Silence)),
        ("a surplus reply", Lie::Step(Step::After(b"226 and again\r\n".to_vec()))),
        ("a reply without end", Lie::Step(Step::Endless(b"150-x\r\n".to_vec()))),
        ("no reply at all", Lie::Step(Step::Reply(b"SSH-2.0-x\r\n".to_vec()))),
    ]
}

/// One kind of work.
struct Work {
    commands: &'static str,
    /// The verbs that lie.
    verbs: &'static [&'static str],
    /// Before the server starts to lie.
    prepare: fn(&Scene),
    /// Whether all that was asked for is there.
    done: fn(&Scene, &Ran) -> bool,
}

const FILES: [&str; 3] = ["a", "b", "c"];

fn content(name: &str) -> Vec<u8> {
    [name.as_bytes(), &noise(SIZE)].concat()
}

fn server() -> Script {
    FILES.iter().fold(Script::new(), |script, name| script.file(format!("/{name}"), content(name)))
}

fn nothing(_: &Scene) {}

fn with_local_files(scene: &Scene) {
    std::fs::create_dir(scene.path("up")).unwrap();
    FILES.iter().for_each(|name| scene.write(format!("up/{name}"), content(name)));
}

fn came(scene: &Scene, names: &[&str], dir: &str) -> bool {
    names.iter().all(|name| scene.read(format!("{dir}{name}")) == Some(content(name)))
}

fn went(scene: &Scene, names: &[&str], dir: &str) -> bool {
    names.iter().all(|name| scene.liar.content(format!("{dir}{name}")) == Some(content(name)))
}

/// Runs one kind of work against every lie, several at a time: most of it is waiting.
fn run(work: &Work) {
    let listing = work.verbs.contains(&"MLSD");
    let mut all = lies(if listing { LISTING } else { SIZE });
    if listing {
        // A listing that ends properly is whole: nothing else tells how long it should be.
        all.retain(|(name, _)| !["short", "nothing"].contains(name));
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, lie)) =
                    all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    against(work, name, lie);
                }
            });
        }
    });
}

fn against(work: &Work, name: &str, lie: &Lie) {
    let script = work.verbs.iter().fold(server(), |script, verb| match lie.clone() {
        Lie::Data(data) => script.always_data(verb, data),
        Lie::Step(step) => script.always(verb, step),
    });
    let scene = Scene::new(script);
    (work.prepare)(&scene);
    let begun = Instant::now();
    let settings = ["net:timeout=400ms", "net:max-retries=1", "net:reconnect-interval=10ms"];
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let ran = scene.call().args(settings).args(["-c", work.commands]).run();
    let took = begun.elapsed();
    let case = format!("{} against {name}", work.commands);
    if ran.status == 0 {
        assert!((work.done)(&scene, &ran), "{case}: success was said\n{ran}");
    } else {
        assert!(ran.err().contains("ftpsh: "), "{case}: no word of why\n{ran}");
        assert!([3, 4, 6, 8, 10].contains(&ran.status), "{case}\n{ran}");
    }
    for path in scene.whole_files() {
        let bytes = scene.read(&path);
        let Some(bytes) = bytes.filter(|_| scene.path(&path).is_file()) else { continue };
        let own = FILES.iter().any(|name| bytes == content(name));
        assert!(own || bytes == b"old", "{case}: {path} is a mixture\n{ran}");
    }
    assert!(took < LIMIT, "{case}: {took:?}\n{ran}");
}

#[test]
fn get_against_every_fault() {
    let prepare = |scene: &Scene| scene.write("a", "old");
    let done = |scene: &Scene, _: &Ran| came(scene, &["a"], "");
    run(&Work { commands: "get --overwrite a", verbs: &["RETR"], prepare, done });
}

#[test]
fn put_against_every_fault() {
    let done = |scene: &Scene, _: &Ran| went(scene, &["a"], "/new-");
    let commands = "put up/a -o new-a";
    run(&Work { commands, verbs: &["STOR", "APPE"], prepare: with_local_files, done });
}

#[test]
fn ls_against_every_fault() {
    let done = |_: &Scene, ran: &Ran| ran.out() == "a\nb\nc\n";
    run(&Work { commands: "ls -1", verbs: &["MLSD", "LIST"], prepare: nothing, done });
}

#[test]
fn mirror_against_every_fault() {
    let done = |scene: &Scene, _: &Ran| came(scene, &FILES, "here/");
    run(&Work { commands: "mirror / here", verbs: &["RETR"], prepare: nothing, done });
    run(&Work { commands: "mirror / here", verbs: &["MLSD"], prepare: nothing, done });
}

#[test]
fn mirror_upwards_against_every_fault() {
    let done = |scene: &Scene, _: &Ran| went(scene, &FILES, "/new/");
    let verbs = &["STOR", "APPE"];
    run(&Work { commands: "mirror -R up new", verbs, prepare: with_local_files, done });
}

#[test]
fn resume_against_every_fault() {
    // Another program's beginning of the file.
    let prepare = |scene: &Scene| scene.write(".a.ftpsh-part", &content("a")[..100_000]);
    let done = |scene: &Scene, _: &Ran| came(scene, &["a"], "");
    run(&Work { commands: "get -c a", verbs: &["RETR"], prepare, done });
}

#[test]
fn parallel_transfers_against_every_fault() {
    let done = |scene: &Scene, _: &Ran| came(scene, &FILES, "");
    run(&Work { commands: "get -P 3 a b c", verbs: &["RETR"], prepare: nothing, done });
}
