//! Targets and URLs: what is read means the same when it is shown, smuggles nothing, and an error
//! never tells the password.

use ftpsh::target::parse_target;

/// A password that no input has by chance.
const PASSWORD: &str = "hunter2-hunter2";

/// The bytes are a target.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(target) = parse_target(text) {
        let site = &target.site;
        assert!(!site.host.is_empty() && site.port != 0, "{site:?}");
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:%".contains(c);
        assert!(site.host.chars().all(fits), "{site:?}");
        let smuggles = |bytes: &[u8]| bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        assert!(!site.path.as_deref().is_some_and(smuggles), "{site:?}");
        assert!(!site.user.as_deref().is_some_and(|user| smuggles(user.as_bytes())), "{site:?}");
        let shown = site.to_string();
        assert!(shown.is_ascii() && !shown.bytes().any(|b| b.is_ascii_control()), "{shown:?}");
        let again = parse_target(&shown);
        assert!(matches!(&again, Ok(again) if again.site == *site), "{shown:?} {again:?}");
        assert!(again.is_ok_and(|again| again.password.is_none()), "{shown:?}");
    }
    if text.contains("hunter2") {
        return;
    }
    for target in [format!("ftps://u:{PASSWORD}{text}"), format!("u:{PASSWORD}{text}")] {
        match parse_target(&target) {
            Ok(target) => assert!(!format!("{target:?} {}", target.site).contains(PASSWORD)),
            Err(error) => {
                let said = format!("{error:?} {error} {:?}", error.hint());
                assert!(!said.contains(PASSWORD), "{said}");
            }
        }
    }
}
