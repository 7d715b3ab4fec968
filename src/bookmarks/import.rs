//! Imports sites of other programs: FileZilla's `sitemanager.xml` and lftp's bookmarks.
//!
//! Passwords are never imported; the result says which sites had one.

use super::filezilla_xml;
use crate::bookmarks;
use crate::error::{Error, Kind, Result};
use crate::target::{self, Site};

/// One site of a file.
#[derive(Debug)]
pub struct ImportedSite {
    /// The line in which it begins.
    pub line: usize,
    /// The result.
    pub what: Result<ImportOutcome>,
}

/// The result of importing a site.
#[derive(Debug, PartialEq)]
pub enum ImportOutcome {
    /// It can become a bookmark.
    Bookmark {
        /// A valid bookmark name.
        name: String,
        /// The name in the file, if it contained characters special to a shell.
        renamed: Option<String>,
        /// Server, user and directory.
        site: Site,
        /// It used plain FTP, or TLS only if available.
        plain: bool,
        /// Whether the file has a password for it.
        password: bool,
    },
    /// An unsupported protocol (SFTP, S3): its name, and the protocol as text.
    Foreign(String, String),
}

/// Reads the sites of a FileZilla or lftp file.
///
/// # Errors
/// [`Kind::Local`] if it is neither.
pub fn read_sites(bytes: &[u8]) -> Result<Vec<ImportedSite>> {
    if filezilla_xml::looks_like_xml(bytes) {
        return filezilla_sites(bytes);
    }
    let text = str::from_utf8(bytes)
        .map_err(|_| Error::new(Kind::Local, "neither FileZilla's sites nor lftp's bookmarks"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    Ok(lines
        .map(|(index, line)| ImportedSite { line: index + 1, what: lftp_sites(line) })
        .collect())
}

fn filezilla_sites(bytes: &[u8]) -> Result<Vec<ImportedSite>> {
    let document = filezilla_xml::parse_document(bytes, "Servers", "a file of FileZilla's sites")?;
    let servers = document.descendants().filter(|node| node.has_tag_name("Server"));
    Ok(servers
        .map(|node| ImportedSite {
            line: filezilla_xml::line_number(node),
            what: parse_server(node),
        })
        .collect())
}

fn parse_server(node: roxmltree::Node<'_, '_>) -> Result<ImportOutcome> {
    let part = |name| filezilla_xml::child_text(node, name).filter(|text| !text.is_empty());
    let wrong = |what: &str| Error::new(Kind::Local, format!("no usable {what}"));
    let host = part("Host").ok_or_else(|| wrong("host"))?;
    let title = part("Name")
        .or_else(|| Some(filezilla_xml::own_text(node)).filter(|text| !text.is_empty()));
    let title = title.unwrap_or_else(|| host.clone());
    // From the outermost folder to the site.
    let folders =
        node.ancestors().filter(|above| above.has_tag_name("Folder")).map(filezilla_xml::own_text);
    let mut names: Vec<String> = folders.collect();
    names.reverse();
    names.push(title.clone());
    let protocol = part("Protocol").unwrap_or_else(|| "0".to_owned());
    let (scheme, plain) = match protocol.as_str() {
        "3" => ("ftps", false),
        "4" => ("ftpes", false),
        // FTP with TLS if available, and plain FTP.
        "0" | "6" => ("ftpes", true),
        "1" => return Ok(ImportOutcome::Foreign(title, "SFTP".to_owned())),
        other => return Ok(ImportOutcome::Foreign(title, format!("FileZilla's protocol {other}"))),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let host = if bare.contains(':') { format!("[{bare}]") } else { bare.to_owned() };
    let port = match part("Port").as_deref() {
        None | Some("0") => String::new(),
        Some(port) => format!(":{port}"),
    };
    // An @ would make what follows it the host.
    if host.contains(['@', '/']) {
        return Err(wrong("host"));
    }
    let mut site = target::parse_target(&format!("{scheme}://{host}{port}"))
        .map_err(|error| Error::new(Kind::Local, error.message()))?
        .site;
    let anonymous = part("Logontype").as_deref() == Some("0");
    site.user = part("User").or_else(|| anonymous.then(|| "anonymous".to_owned()));
    if site.user.as_ref().is_some_and(|user| user.contains(['\r', '\n', '\0'])) {
        return Err(wrong("user"));
    }
    site.path = part("RemoteDir").and_then(|text| remote_dir(&text)).map(String::into_bytes);
    let password = part("Pass").is_some();
    let (name, renamed) = (bookmark_name(&names), original_name(&names));
    Ok(ImportOutcome::Bookmark { name, renamed, site, plain, password })
}

/// Decodes FileZilla's notation of a path: its type (1 is Unix), a prefix's length and the prefix,
/// then each component preceded by its length in characters. `None` for other types of path.
fn remote_dir(text: &str) -> Option<String> {
    let rest = text.strip_prefix("1 0").or_else(|| text.strip_prefix("0 0"))?;
    let mut path = String::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        let (length, after) = rest.split_once(' ')?;
        let length: usize = length.parse().ok().filter(|length| *length > 0)?;
        let end = after.char_indices().nth(length).map_or(after.len(), |(at, _)| at);
        let (component, next) = after.split_at(end);
        if component.chars().count() != length || component.contains(['/', '\r', '\n', '\0']) {
            return None;
        }
        path.push('/');
        path.push_str(component);
        rest = next.strip_prefix(' ').unwrap_or(next);
    }
    (!path.is_empty()).then_some(path)
}

fn lftp_sites(line: &str) -> Result<ImportOutcome> {
    let wrong = |why: &str| Error::new(Kind::Local, why);
    let (name, url) = line.trim().split_once(char::is_whitespace).ok_or_else(|| {
        wrong("not a name and a URL").with_hint("lftp's file is ~/.local/share/lftp/bookmarks")
    })?;
    let url = url.trim();
    let scheme = url.split_once("://").map_or("ftp", |(scheme, _)| scheme).to_ascii_lowercase();
    if !matches!(scheme.as_str(), "ftp" | "ftps" | "ftpes") {
        // Quoted only if it looks like a scheme.
        let known = scheme.chars().all(|c| c.is_ascii_alphanumeric());
        let kind = if known { scheme } else { "another scheme".to_owned() };
        return Ok(ImportOutcome::Foreign(name.to_owned(), kind));
    }
    // lftp writes hosts without a scheme, followed by a path.
    let full = if url.contains("://") { url.to_owned() } else { format!("ftp://{url}") };
    let target = target::parse_target(&full).map_err(|error| wrong(error.message()))?;
    let names = [name.to_owned()];
    Ok(ImportOutcome::Bookmark {
        name: bookmark_name(&names),
        renamed: original_name(&names),
        site: target.site,
        plain: scheme == "ftp",
        password: target.password.is_some(),
    })
}

/// A bookmark name for a site in folders: `Work/My site` becomes `Work.My-site`.
fn bookmark_name(names: &[String]) -> String {
    let plain = |name: &String| {
        let words = name.split(bookmarks::is_unusual).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-").trim_start_matches('-').to_owned()
    };
    let parts: Vec<_> = names.iter().map(plain).filter(|part| !part.is_empty()).collect();
    let name = parts.join(".");
    if bookmarks::check_name(&name).is_ok() { name } else { "site".to_owned() }
}

/// The original name, if it contained characters special to a shell.
fn original_name(names: &[String]) -> Option<String> {
    let name = names.join("/");
    let acts = name.contains(bookmarks::is_for_shells) || names.iter().any(|n| n.starts_with('-'));
    acts.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(file: &str) -> Vec<String> {
        let show = |found: ImportedSite| match found.what {
            Err(error) => format!("{}: {error}", found.line),
            Ok(ImportOutcome::Foreign(name, kind)) => format!("{name} is {kind}"),
            Ok(ImportOutcome::Bookmark { name, site, plain, password, .. }) => {
                format!("{name} {site} {}{}", u8::from(plain), u8::from(password))
            }
        };
        read_sites(file.as_bytes()).unwrap().into_iter().map(show).collect()
    }

    const FILEZILLA: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<FileZilla3 version="3.66" platform="*nix">
<Servers>
  <Server><Host>ftp.example.org</Host><Port>21</Port><Protocol>4</Protocol><User>bob</User>
    <Pass encoding="base64">aHVudGVyMg==</Pass><Logontype>1</Logontype><Name>My site</Name>
    <RemoteDir>1 0 3 var 7 a b c/d</RemoteDir></Server>
  <Folder expanded="1">Work
    <Folder>Ünder @ home
      <Server><Host>::1</Host><Port>9990</Port><Protocol>3</Protocol><Name>x</Name>
        <RemoteDir>1 0 4 über 5 a b c</RemoteDir></Server>
    </Folder>
    <Server><Host>h</Host><Port>0</Port><Protocol>0</Protocol><Logontype>0</Logontype>Old style</Server>
  </Folder>
  <Server><Host>s</Host><Protocol>1</Protocol><Name>shell</Name></Server>
  <Server><Host>u:hunter2@evil</Host><Protocol>6</Protocol><Name>e</Name></Server>
  <Server><Port>21</Port></Server>
</Servers>
</FileZilla3>"#;

    #[test]
    fn filezillas_sites_become_bookmarks() {
        assert_eq!(
            shown(FILEZILLA),
            [
                "My-site ftpes://bob@ftp.example.org 01",
                "Work.Ünder-home.x ftps://[::1]:9990/%2F%C3%BCber/a%20b%20c 00",
                "Work.Old-style ftpes://anonymous@h 10",
                "shell is SFTP",
                "15: no usable host",
                "16: no usable host",
            ]
        );
    }

    #[test]
    fn lftps_bookmarks_lose_their_passwords() {
        let file = "# mine\nwork\tftp://bob:hunter2@ftp.example.org:2121/pub/\n\
                    tls  ftps://h/%2Fetc\nbare ftp.example.org/pub/\nshell sftp://u:hunter2@h\n\
                    lonely\nbad ftp://bob:hunter2@\n";
        let shown = shown(file);
        assert_eq!(shown[0], "work ftpes://bob@ftp.example.org:2121/pub/ 11");
        assert_eq!(shown[1], "tls ftps://h/%2Fetc 00");
        assert_eq!(shown[2], "bare ftpes://ftp.example.org/pub/ 10");
        assert_eq!(shown[3], "shell is sftp");
        assert!(shown[4].starts_with("6: ") && shown[5].starts_with("7: "), "{shown:?}");
        assert!(!shown.concat().contains("hunter2"), "{shown:?}");
    }

    #[test]
    fn paths_of_filezilla_are_read_by_their_lengths() {
        for (text, path) in [
            ("1 0 3 var 3 www", Some("/var/www")),
            ("1 0 5 a b c", Some("/a b c")),
            ("1 0 5 1 2 3 1 x", Some("/1 2 3/x")),
            ("1 0", None),
            ("1 0 9 var", None),
            ("1 0 99999999999999999999 var", None),
            ("1 0 0 ", None),
            ("1 0 3 a/b", None),
            ("2 0 3 var", None),
            ("", None),
        ] {
            assert_eq!(remote_dir(text).as_deref(), path, "{text}");
        }
    }

    #[test]
    fn names_become_names_that_bookmarks_can_have() {
        for (given, name, told) in [
            ("a b:c", "a-b-c", false),
            ("-x", "x", true),
            ("@#/", "site", false),
            ("ok", "ok", false),
            ("!rm -rf ~", "rm--rf", true),
            ("$(x)", "x", true),
            ("a;b|c>d`e`", "a-b-c-d-e", true),
        ] {
            let names = [given.to_owned()];
            assert_eq!(
                (&*bookmark_name(&names), original_name(&names).is_some()),
                (name, told),
                "{given}"
            );
        }
    }
}
