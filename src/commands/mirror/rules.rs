//! What the options and settings of a mirror come to: its rules, and how it runs.

use super::Mirror;
use super::patterns::default_exclusion;
use crate::commands::Context;
use crate::error::{Error, Result};
use crate::settings as set;
use crate::transfer::mirror::executor::{MirrorSettings, RemoveSource};
use crate::transfer::mirror::filter::{Filter, FilterRule};
use crate::transfer::mirror::plan::{CompareBy, MirrorRules, Recursion};
use crate::transfer::{Direction, Resume, TransferType};

/// What decides about a file that the target has.
fn compare_by(mirror: &Mirror) -> CompareBy {
    let without_time = mirror.ignore_time || mirror.only_missing;
    mirror.compare.unwrap_or(if without_time { CompareBy::Size } else { CompareBy::Time })
}

/// Fails if something else would decide about the files that the target has.
pub(super) fn check_comparison(mirror: &Mirror) -> Result<()> {
    let Some(compare) = mirror.compare else { return Ok(()) };
    let by_content = compare == CompareBy::Content;
    for (given, option) in [
        (mirror.ignore_time && compare != CompareBy::Size, "--ignore-time"),
        (mirror.only_missing, "--only-missing"),
        (mirror.transfer_all, "--transfer-all"),
        (mirror.ignore_size && compare != CompareBy::Time, "--ignore-size"),
        (mirror.only_newer && compare != CompareBy::Time, "--only-newer"),
        (mirror.upload_older && compare != CompareBy::Time, "--upload-older"),
        (mirror.ascii && by_content, "--ascii"),
    ] {
        if given {
            let what = compare.word();
            let text = format!("mirror: --compare {what} and {option} contradict each other");
            return Err(Error::usage(text).with_hint("give one of them"));
        }
    }
    Ok(())
}

/// The permission bits that are not copied: set-id bits, and what the umask takes away; on a
/// server 022, as with lftp.
fn mode_mask(mirror: &Mirror, direction: Direction) -> u16 {
    let set_id = if mirror.allow_suid || mirror.all_permissions { 0 } else { 0o6000 };
    let umask = match direction {
        _ if mirror.no_umask || mirror.all_permissions => 0,
        Direction::Download => crate::fs::umask(),
        Direction::Upload | Direction::Copy => 0o022,
    };
    set_id | umask
}

/// Whether links of the source are followed.
pub(super) fn follows_links(mirror: &Mirror, ctx: &Context) -> bool {
    let host = ctx.client.connection.host();
    let is_set = || ctx.client.settings.get(set::MIRROR_DEREFERENCE, host);
    mirror.dereference || !mirror.no_dereference && is_set()
}

/// How the mirror runs; `limit` is the number of sessions that it may use.
pub(super) fn mirror_settings(
    mirror: &Mirror,
    ctx: &Context,
    direction: Direction,
    limit: usize,
) -> Result<MirrorSettings> {
    let host = ctx.client.connection.host();
    let mut how = ctx.client.transfer_options(direction);
    how.resume = Resume::if_asked(mirror.resume);
    if mirror.ascii {
        how.transfer_type = TransferType::Ascii;
    }
    let workers = mirror.operands.parallel;
    let workers = workers.unwrap_or(ctx.client.settings.get(set::MIRROR_PARALLEL, host));
    Ok(MirrorSettings {
        options: how,
        rules: rules(mirror, ctx, direction)?,
        workers: usize::try_from(workers).unwrap_or(1).min(limit),
        retries: ctx.client.retries(),
        dry_run: mirror.is_dry_run(),
        max_errors: mirror.max_errors.filter(|most| *most > 0),
        remove_source: match (mirror.remove_source_files, mirror.remove_source_dirs) {
            (_, true) => RemoveSource::FilesAndDirectories,
            (true, false) => RemoveSource::Files,
            (false, false) => RemoveSource::Nothing,
        },
    })
}

/// Which files are transferred, and which deleted.
fn rules(mirror: &Mirror, ctx: &Context, direction: Direction) -> Result<MirrorRules> {
    let host = ctx.client.connection.host();
    let files = mirror.file.iter().map(|glob| glob.trim_end_matches('/').to_owned());
    let directories = mirror.directory.iter().map(|glob| glob.trim_end_matches('/').to_owned());
    let top = files.chain(directories.map(|glob| glob + "/"));
    let top = top.map(|glob| {
        let name = glob.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let slash = if glob.ends_with('/') { "/" } else { "" };
        FilterRule::glob(true, &format!("{name}{slash}"))
    });
    let only_files = !mirror.file.is_empty() && mirror.directory.is_empty();
    let never = mirror.no_recursion || only_files;
    let is_set = |key| ctx.client.settings.get(key, host);
    let filter = Filter {
        rules: mirror.patterns.rules(ctx)?,
        exclude: default_exclusion(&ctx.client.settings, host)?,
        top: top.collect(),
        ..Filter::default()
    };
    if filter.exclude.is_some()
        && !filter.uses_exclusion()
        && ctx.client.settings.is_changed(set::MIRROR_EXCLUDE_REGEX, host)
    {
        ctx.out.notice(
            "mirror:exclude-regex excludes nothing here: as with lftp it counts only beside -x or -X",
        );
    }
    Ok(MirrorRules {
        filter,
        newer: mirror.only_newer,
        older: mirror.upload_older,
        compare: compare_by(mirror),
        ignore_size: mirror.ignore_size || mirror.only_missing || mirror.ascii,
        transfer_all: mirror.transfer_all,
        only_existing: mirror.only_existing,
        recursion: match mirror.recursion {
            Some(mode) => mode,
            None if never => Recursion::Never,
            None => Recursion::Always,
        },
        no_empty_directories: mirror.no_empty_dirs || is_set(set::MIRROR_NO_EMPTY_DIRS),
        remove_source_files: mirror.remove_source_files || mirror.remove_source_dirs,
        delete: mirror.deletes(),
        delete_excluded: mirror.delete_excluded,
        delete_hidden: mirror.delete_hidden || ctx.client.lists_hidden(),
        report_not_deleted: mirror.verbosity.level() > 1,
        report_newer: direction == Direction::Download
            && !mirror.only_newer
            && compare_by(mirror) == CompareBy::Time,
        report_kept: mirror.watch.is_on(),
        dereference: follows_links(mirror, ctx),
        skip_unreadable: mirror.skip_noaccess || is_set(set::MIRROR_SKIP_NOACCESS),
        mode_mask: (mirror.perms || !mirror.no_perms && is_set(set::MIRROR_SET_PERMISSIONS))
            .then(|| mode_mask(mirror, direction)),
        corrects_modes: direction == Direction::Download,
        sizes: mirror.size_range.clone(),
        newer_than: mirror.newer_than,
        older_than: mirror.older_than,
        max_depth: usize::try_from(ctx.client.settings.get(set::MIRROR_MAX_DEPTH, host))
            .unwrap_or(usize::MAX),
        max_directories: ctx.client.settings.get(set::MIRROR_MAX_DIRECTORIES, host),
    })
}
