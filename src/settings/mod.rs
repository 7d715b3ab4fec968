//! Settings: names and values that a user gives with `set`, `--set` and the start-up file.
//!
//! Text comes in through [`Settings::set`], checked values go out by typed keys, for all
//! hosts or for one. The table in `table.rs` says which settings there are. A wrong name or value
//! is an error of kind usage; whoever reads the start-up file makes it one of kind config.
//! Nothing here acts on a setting, and `--insecure` is none: it cannot be stored.

mod key;
mod names;
mod parse;
mod table;
#[cfg(test)]
mod tests;
mod value;

pub use self::key::*;
pub use self::names::resolve;
pub use self::parse::{
    CHARSETS, DeleteLimit, Rate, parse_delete_limit, parse_duration, parse_rate, parse_size,
};
pub use self::table::*;
pub use self::value::{Value, ValueKind};

use self::names::HostPattern;
use crate::error::{Error, Result};

/// A setting with one of its values, as `set` shows it.
#[derive(Debug, Clone, Copy)]
pub struct SettingValue<'a> {
    /// Which setting.
    pub row: &'static Setting,
    /// The host or pattern that the value is for; `None` for all.
    pub host: Option<&'a str>,
    /// The value.
    pub value: &'a Value,
}

/// All values: the defaults, and what was set over them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// One a row, in the order of [`SETTINGS`].
    values: Vec<Value>,
    /// In the order in which they were first set; a pattern stands at most once for a row.
    hosts: Vec<HostValue>,
}

#[derive(Debug, Clone)]
struct HostValue {
    name: &'static str,
    pattern: HostPattern,
    value: Value,
}

impl Default for Settings {
    fn default() -> Self {
        Self { values: SETTINGS.iter().map(default_of).collect(), hosts: Vec::new() }
    }
}

impl Settings {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `target`, a name or its unique abbreviation, with `/HOST` or `/GLOB` after it for
    /// some hosts only, and returns the setting's row.
    ///
    /// # Errors
    ///
    /// Kind usage: no such setting, an ambiguous abbreviation, a setting that has no per-host
    /// values, or a value that does not fit. Nothing is changed then.
    pub fn set(&mut self, target: &str, value: &str) -> Result<&'static Setting> {
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

    /// Sets from one text, `NAME=VALUE`, as `--set` takes it.
    pub fn set_assignment(&mut self, assignment: &str) -> Result<&'static Setting> {
        match assignment.split_once('=') {
            Some((name, value)) => self.set(name.trim(), value),
            None => Err(Error::usage(format!("set {assignment:?}: no value"))
                .with_hint("write NAME=VALUE, as in --set net:timeout=10s")),
        }
    }

    /// Back to the default. With `/HOST`, drops that host's value; without, all hosts keep theirs.
    pub fn unset(&mut self, target: &str) -> Result<&'static Setting> {
        let (row, pattern) = target_of(target)?;
        match pattern {
            Some(pattern) => self.hosts.retain(|h| h.name != row.name || h.pattern != pattern),
            None => {
                if let Some(slot) = self.slot(row.name) {
                    *slot = default_of(row);
                }
            }
        }
        Ok(row)
    }

    /// The value of a setting for `host`: the most specific of the patterns that match it, else the
    /// one for all.
    pub fn get<T: SettingType>(&self, key: Key<T>, host: Option<&str>) -> T {
        // The table's macro compares types and rows: no value is of another form.
        self.value(key.name, host).and_then(T::read).unwrap_or_default()
    }

    /// As [`Settings::get`], of the setting with this full name, as it is shown.
    pub fn value(&self, name: &str, host: Option<&str>) -> Option<&Value> {
        let host = host.map(names::normal_host);
        let special = host.and_then(|host| {
            let matching = self.hosts.iter().filter(|h| h.name == name && h.pattern.matches(&host));
            // The last of equals wins: it was set later.
            matching.max_by_key(|h| h.pattern.specificity()).map(|h| &h.value)
        });
        special.or_else(|| self.values.get(index(name)?))
    }

    /// What differs from the defaults: the table's order, per-host values after the general one.
    pub fn changed(&self) -> impl Iterator<Item = SettingValue<'_>> {
        self.all().filter(|item| item.host.is_some() || *item.value != default_of(item.row))
    }

    /// Every setting with its value, and every per-host value, in the table's order.
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

/// Splits `NAME[/HOST]` and resolves both.
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

/// The defaults parse: a test goes through the whole table.
fn default_of(row: &Setting) -> Value {
    Value::parse(&row.kind, row.default).unwrap_or_else(|_| Value::none())
}
