//! Settings: names and values from `set`, `--set` and the start-up file.
//!
//! [`Settings::set`] parses text; typed keys read the values, for all hosts or for one. The table
//! in `table.rs` defines the settings. A wrong name or value is an error of kind usage; for the
//! start-up file, the caller changes it to kind config. Settings are only stored here. `--insecure`
//! is not a setting, so that it cannot be stored.

mod key;
mod lftp;
mod names;
mod parse;
mod table;
#[cfg(test)]
mod tests;
mod value;

pub use self::key::*;
pub use self::lftp::{Effect, Fate, LFTP_SETTINGS, LftpSetting, find_lftp_setting};
pub use self::names::resolve;
pub use self::parse::{
    CHARSETS, DeleteLimit, Rate, mask_password, parse_delete_limit, parse_duration, parse_proxy,
    parse_rate, parse_size,
};
pub use self::table::*;
pub use self::value::{Value, ValueKind};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use self::names::HostPattern;
use crate::error::{Error, Result};

/// A setting with one of its values, as shown by `set`.
#[derive(Debug, Clone, Copy)]
pub struct SettingValue<'a> {
    /// The setting.
    pub row: &'static Setting,
    /// The host or pattern that the value is for; `None` for all.
    pub host: Option<&'a str>,
    /// The value.
    pub value: &'a Value,
}

/// All values: the defaults, and what was set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// One per row, in the order of [`SETTINGS`].
    values: Vec<Value>,
    /// In the order in which they were first set; at most one per row and pattern.
    hosts: Vec<HostValue>,
    /// What is to be said of settings of lftp; copies for jobs share it.
    notes: Arc<Mutex<LftpNotes>>,
}

/// Settings of lftp that were set without effect, to be mentioned after the script.
#[derive(Debug, Default)]
struct LftpNotes {
    without_effect: BTreeSet<&'static str>,
    /// Name and notice.
    notices: BTreeSet<(&'static str, &'static str)>,
}

#[derive(Debug, Clone)]
struct HostValue {
    name: &'static str,
    pattern: HostPattern,
    value: Value,
}

impl Default for Settings {
    fn default() -> Self {
        let values = SETTINGS.iter().map(default_of).collect();
        Self { values, hosts: Vec::new(), notes: Arc::default() }
    }
}

impl Settings {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `target`, a name or its unique abbreviation, optionally followed by `/HOST` or `/GLOB`
    /// for some hosts only, and returns the setting's row. The names of lftp are known, too: `None`
    /// if nothing is changed.
    ///
    /// # Errors
    /// Kind usage: unknown setting, ambiguous abbreviation, a setting without per-host values, or
    /// an invalid value. Nothing is changed then.
    pub fn set(&mut self, target: &str, value: &str) -> Result<Option<&'static Setting>> {
        let Some(lftp) = lftp_setting(target) else {
            return self.set_own(target, value).map(Some);
        };
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        match lftp.effect_of(value) {
            Effect::Set(name, value) => {
                drop(notes);
                return self.set_own(&format!("{name}{}", host_part(target)), &value).map(Some);
            }
            Effect::Nothing => {}
            Effect::NoEffect => {
                notes.without_effect.insert(lftp.name);
            }
            Effect::Notice(notice) => {
                notes.notices.insert((lftp.name, notice));
            }
            Effect::Refused(why, hint) => {
                return Err(Error::usage(format!("{}: {why}", lftp.name)).with_hint(hint));
            }
        }
        Ok(None)
    }

    /// A copy of which nothing is to be said: a script that is only looked at.
    #[must_use]
    pub fn with_own_notes(&self) -> Self {
        Self { notes: Arc::default(), ..self.clone() }
    }

    /// What is to be said of the settings of lftp that were set since the last call: one notice.
    pub fn take_notes(&self) -> Option<String> {
        let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
        let names: Vec<_> = notes.without_effect.into_iter().collect();
        let without = (!names.is_empty()).then(|| {
            format!("settings of lftp without effect here: {} (`help NAME`)", names.join(", "))
        });
        // One line for all settings with the same notice.
        let mut notices: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, notice) in notes.notices {
            notices.entry(notice).or_default().push(name);
        }
        let notices =
            notices.into_iter().map(|(text, names)| format!("{}: {text}", names.join(", ")));
        let lines: Vec<_> = notices.chain(without).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn set_own(&mut self, target: &str, value: &str) -> Result<&'static Setting> {
        let (row, pattern) = target_of(target)?;
        let value = Value::parse(&row.kind, value)
            .map_err(|why| Error::usage(format!("{}: {why}", row.name)))?;
        let Some(pattern) = pattern else {
            if let Some(slot) = self.slot(row.name) {
                *slot = value;
            }
            return Ok(row);
        };
        let same = |h: &&mut HostValue| h.name == row.name && h.pattern == pattern;
        match self.hosts.iter_mut().find(same) {
            Some(known) => known.value = value,
            None => self.hosts.push(HostValue { name: row.name, pattern, value }),
        }
        Ok(row)
    }

    /// Sets from `NAME=VALUE`, the argument of `--set`.
    pub fn set_assignment(&mut self, assignment: &str) -> Result<Option<&'static Setting>> {
        match assignment.split_once('=') {
            Some((name, value)) => self.set(name.trim(), value),
            None => Err(Error::usage(format!("set {assignment:?}: no value"))
                .with_hint("write NAME=VALUE, as in --set net:timeout=10s")),
        }
    }

    /// Resets to the default. With `/HOST`, removes that host's value; without, keeps those of
    /// hosts.
    pub fn unset(&mut self, target: &str) -> Result<Option<&'static Setting>> {
        let target = match lftp_setting(target) {
            None => target.to_owned(),
            Some(lftp) => match lftp.fate {
                Fate::Sets(name, _) => format!("{name}{}", host_part(target)),
                _ => return Ok(None),
            },
        };
        let (row, pattern) = target_of(&target)?;
        match pattern {
            Some(pattern) => self.hosts.retain(|h| h.name != row.name || h.pattern != pattern),
            None => {
                if let Some(slot) = self.slot(row.name) {
                    *slot = default_of(row);
                }
            }
        }
        Ok(Some(row))
    }

    /// The value of a setting for `host`: that of the most specific pattern, else the general one.
    pub fn get<T: SettingType>(&self, key: Key<T>, host: Option<&str>) -> T {
        // The table's macro checks types against rows, so the form always matches.
        self.value(key.name, host).and_then(T::read).unwrap_or_default()
    }

    /// Whether a setting has another value than its default for `host`.
    pub fn is_changed<T>(&self, key: Key<T>, host: Option<&str>) -> bool {
        let row = SETTINGS.iter().find(|row| row.name == key.name);
        row.is_some_and(|row| self.value(key.name, host) != Some(&default_of(row)))
    }

    /// Like [`Settings::get`], by full name and untyped.
    pub fn value(&self, name: &str, host: Option<&str>) -> Option<&Value> {
        let host = host.map(names::normal_host);
        let special = host.and_then(|host| {
            let matching = self.hosts.iter().filter(|h| h.name == name && h.pattern.matches(&host));
            // Among equals the last one wins: it was set later.
            matching.max_by_key(|h| h.pattern.specificity()).map(|h| &h.value)
        });
        special.or_else(|| self.values.get(index(name)?))
    }

    /// Values that differ from the defaults: in table order, per-host values after the general one.
    pub fn changed(&self) -> impl Iterator<Item = SettingValue<'_>> {
        self.all().filter(|item| item.host.is_some() || *item.value != default_of(item.row))
    }

    /// Every setting with its value, and every per-host value, in table order.
    pub fn all(&self) -> impl Iterator<Item = SettingValue<'_>> {
        SETTINGS.iter().zip(&self.values).flat_map(|(row, value)| {
            let of_hosts = self.hosts.iter().filter(|h| h.name == row.name);
            let of_hosts = of_hosts.map(|h| SettingValue {
                row,
                host: Some(h.pattern.as_str()),
                value: &h.value,
            });
            std::iter::once(SettingValue { row, host: None, value }).chain(of_hosts)
        })
    }

    fn slot(&mut self, name: &str) -> Option<&mut Value> {
        self.values.get_mut(index(name)?)
    }
}

/// The setting of lftp that a word means, where it does not mean one of ours, or where its values
/// differ from those of ours.
fn lftp_setting(target: &str) -> Option<&'static LftpSetting> {
    let name = target.split('/').next().unwrap_or_default();
    let lftp = find_lftp_setting(target)?;
    let is_exact = [target, name].iter().any(|word| lftp.name.eq_ignore_ascii_case(word));
    let differs = !matches!(lftp.fate, Fate::Same);
    (differs && (is_exact || !names::names_any(name))).then_some(lftp)
}

/// `/HOST` of `NAME/HOST`, or nothing.
fn host_part(target: &str) -> &str {
    target.find('/').map_or("", |at| &target[at..])
}

/// Splits `NAME[/HOST]` and resolves both parts.
fn target_of(target: &str) -> Result<(&'static Setting, Option<HostPattern>)> {
    let Some((name, host)) = target.split_once('/') else {
        return Ok((resolve(target)?, None));
    };
    let row = resolve(name)?;
    if !row.per_host {
        return Err(Error::usage(format!("{}: is for all hosts, not for one", row.name))
            .with_hint(format!("set {} VALUE", row.name)));
    }
    Ok((row, Some(HostPattern::parse(host)?)))
}

fn index(name: &str) -> Option<usize> {
    SETTINGS.iter().position(|row| row.name == name)
}

/// The defaults parse: a test checks the whole table.
fn default_of(row: &Setting) -> Value {
    Value::parse(&row.kind, row.default).unwrap_or_else(|_| Value::none())
}
