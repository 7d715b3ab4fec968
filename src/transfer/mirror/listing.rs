//! A compact directory listing: one string for all names and one short row per item.
//!
//! A directory may contain hundreds of thousands of files, and a mirror compares two at a time.
//! Items are added one by one and sorted by name once; then they are returned as views. Nothing
//! here accesses a tree.

use std::collections::HashMap;

use super::tree::{Item, ItemKind, Timestamp};

/// A directory's content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactListing {
    /// All names, concatenated; a directory's name is followed by its `unique` fact.
    names: String,
    rows: Vec<PackedItem>,
    /// Refused names and lines that were not understood, with the reason. Such a listing must not
    /// be the basis of a deletion.
    pub complaints: Vec<String>,
}

/// An unknown size.
const UNKNOWN: u64 = u64::MAX;

/// An item whose strings are stored elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PackedItem {
    start: usize,
    size: u64,
    modified: Option<Timestamp>,
    name: u16,
    unique: u16,
    mode: Option<u16>,
    kind: ItemKind,
}

impl CompactListing {
    /// Adds an item. The `unique` fact is kept for directories only.
    pub fn push(&mut self, item: Item<'_>) {
        // A component of a path has at most 255 bytes.
        let length = |text: &str| u16::try_from(text.len()).ok();
        let Some(name) = length(item.name) else { return };
        let unique = item.unique.filter(|_| item.kind == ItemKind::Directory).unwrap_or_default();
        let start = self.names.len();
        self.names.push_str(item.name);
        if length(unique).is_some() {
            self.names.push_str(unique);
        }
        self.rows.push(PackedItem {
            start,
            size: item.size.unwrap_or(UNKNOWN),
            modified: item.modified,
            name,
            unique: length(unique).unwrap_or(0),
            mode: item.mode,
            kind: item.kind,
        });
    }

    /// Sorts the items by name. Drops all items with duplicate names, and returns these names.
    pub fn sort(&mut self) -> Vec<String> {
        let Self { names, rows, .. } = self;
        let name = |row: &PackedItem| &names[row.start..row.start + usize::from(row.name)];
        rows.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        let mut twice: Vec<String> = Vec::new();
        for pair in rows.windows(2) {
            if name(&pair[0]) == name(&pair[1]) && twice.last().is_none_or(|n| n != name(&pair[0]))
            {
                twice.push(name(&pair[0]).to_owned());
            }
        }
        if !twice.is_empty() {
            rows.retain(|row| twice.binary_search_by(|twice| (**twice).cmp(name(row))).is_err());
        }
        twice
    }

    /// The memory that it uses, in bytes.
    pub fn memory_size(&self) -> u64 {
        (self.names.len() + self.rows.len() * size_of::<PackedItem>()) as u64
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The item at an index below [`CompactListing::len`].
    pub fn get(&self, at: usize) -> Option<Item<'_>> {
        self.rows.get(at).map(|row| self.unpack_item(row))
    }

    /// All items, in order.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        self.rows.iter().map(|row| self.unpack_item(row))
    }

    /// Changes the time of the item at an index, if it has one.
    pub fn change_time(&mut self, at: u32, change: impl FnOnce(Timestamp) -> Timestamp) {
        let row = usize::try_from(at).ok().and_then(|at| self.rows.get_mut(at));
        if let Some(row) = row {
            row.modified = row.modified.map(change);
        }
    }

    /// The index of a name; the items must be sorted.
    pub fn position_of(&self, name: &str) -> Option<usize> {
        let row_name = |row: &PackedItem| &self.names[row.start..row.start + usize::from(row.name)];
        self.rows.binary_search_by(|row| row_name(row).cmp(name)).ok()
    }

    /// The listing with some of its items renamed.
    #[must_use]
    pub fn renamed(&self, others: &HashMap<&str, &str>) -> Self {
        let mut renamed = Self { complaints: self.complaints.clone(), ..Self::default() };
        for item in self.iter() {
            let name = others.get(item.name).copied().unwrap_or(item.name);
            renamed.push(Item { name, ..item });
        }
        renamed.sort();
        renamed
    }

    /// Only the items at these indices, in the same order; `places` is ascending.
    #[must_use]
    pub fn retain_places(mut self, places: &[u32]) -> Self {
        let places = places.iter().filter_map(|place| usize::try_from(*place).ok());
        let few = places.clone().count() < self.rows.len() / 2;
        if few {
            let mut kept = Self::default();
            places.filter_map(|place| self.get(place)).for_each(|item| kept.push(item));
            return kept;
        }
        for (to, from) in places.clone().enumerate() {
            self.rows.copy_within(from..=from, to);
        }
        self.rows.truncate(places.count());
        self.complaints = Vec::new();
        self
    }

    fn unpack_item(&self, row: &PackedItem) -> Item<'_> {
        let name = row.start..row.start + usize::from(row.name);
        let unique = name.end..name.end + usize::from(row.unique);
        Item {
            name: &self.names[name],
            kind: row.kind,
            size: (row.size != UNKNOWN).then_some(row.size),
            modified: row.modified,
            unique: (row.unique > 0).then(|| &self.names[unique]),
            mode: row.mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item<'_> {
        Item { name, kind: ItemKind::File, size: Some(1), modified: None, unique: None, mode: None }
    }

    fn listing(names: &[&str]) -> CompactListing {
        let mut listing = CompactListing::default();
        names.iter().for_each(|name| listing.push(item(name)));
        listing
    }

    fn names(listing: &CompactListing) -> Vec<&str> {
        listing.iter().map(|item| item.name).collect()
    }

    #[test]
    fn items_come_back_as_they_were_in_the_order_of_their_names() {
        let mut listing = listing(&["b", "ä"]);
        let time = chrono::DateTime::from_timestamp(7, 0).unwrap().naive_utc();
        let directory = Item {
            name: "a",
            kind: ItemKind::Directory,
            size: None,
            modified: Some(Timestamp { time, precision: 60, uncertainty: 3600 }),
            unique: Some("u1"),
            mode: Some(0o755),
        };
        listing.push(directory);
        assert!(listing.sort().is_empty());
        assert_eq!(names(&listing), ["a", "b", "ä"]);
        assert_eq!(listing.get(0), Some(directory));
        assert_eq!(
            ["a", "ä", "au"].map(|name| listing.position_of(name)),
            [Some(0), Some(2), None]
        );
        assert_eq!(listing.get(1), Some(item("b")));
        assert_eq!(listing.get(3), None);
    }

    #[test]
    fn of_a_name_that_came_twice_nothing_is_kept() {
        let mut listing = listing(&["b", "a", "c", "a", "c", "a"]);
        assert_eq!(listing.sort(), ["a", "c"]);
        assert_eq!(names(&listing), ["b"]);
    }

    #[test]
    fn a_choice_of_few_or_many_items_is_that_choice() {
        let all = listing(&["a", "b", "c", "d", "e"]);
        for (places, chosen) in [
            (&[][..], &[][..]),
            (&[3], &["d"]),
            (&[1, 2, 4], &["b", "c", "e"]),
            (&[0, 1, 2, 3, 4], &["a", "b", "c", "d", "e"]),
        ] {
            assert_eq!(names(&all.clone().retain_places(places)), chosen);
        }
    }

    #[test]
    fn a_row_takes_little() {
        assert!(size_of::<PackedItem>() <= 48, "{}", size_of::<PackedItem>());
    }
}
