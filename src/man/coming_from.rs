//! COMING FROM LFTP, COMING FROM SFTP AND FTP: what is the same, and what differs.

use super::page::Page;
use crate::settings::{Fate, LFTP_SETTINGS, LftpSetting};

/// Both sections.
pub(super) fn sections(page: &mut Page) {
    super::write_topic(page, "lftp");
    page.subsection("Settings");
    page.write_text(
        "All settings of lftp 4.9 are known; `help NAME` says what one does here. These set a \
         setting of ftpsh, are accepted for values that are what ftpsh does anyway, or are refused:",
    );
    for row in LFTP_SETTINGS {
        if !matches!(row.fate, Fate::Same | Fate::NoEffect) {
            page.write_item(&format!("`{}`", row.name), &format!("{}.", row.describe()));
        }
    }
    let names = |wanted: fn(&LftpSetting) -> bool| {
        let rows = LFTP_SETTINGS.iter().filter(|row| wanted(row));
        rows.map(|row| format!("`{}`", row.name)).collect::<Vec<_>>().join(", ")
    };
    let same = names(|row| matches!(row.fate, Fate::Same));
    page.write_text(&format!("Of the same name and meaning: {same}."));
    let without = names(|row| matches!(row.fate, Fate::NoEffect));
    page.write_text(&format!(
        "Without effect, which one notice tells after the script (not with `-q`): {without}."
    ));
    super::write_topic(page, "sftp");
}
