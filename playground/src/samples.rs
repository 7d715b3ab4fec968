//! The files of the playground.

use std::path::Path;

/// Writes a few files: one to read, a table, one large enough for a progress bar, a small tree.
///
/// # Errors
/// Whatever the file system says.
pub fn write_samples(root: &Path) -> std::io::Result<()> {
    for directory in ["data", "docs/guide"] {
        std::fs::create_dir_all(root.join(directory))?;
    }
    let numbers: String = (1..=1000).map(|n| format!("{n},{},{}\n", n * n, n * n * n)).collect();
    std::fs::write(root.join("welcome.txt"), "Welcome to the playground.\n")?;
    std::fs::write(root.join("data/numbers.csv"), format!("n,square,cube\n{numbers}"))?;
    std::fs::write(root.join("data/big.bin"), vec![0x5a; 64 << 20])?;
    for chapter in 1..=5 {
        let text = format!("Chapter {chapter}\n\nThere is not much in it.\n");
        std::fs::write(root.join(format!("docs/guide/chapter-{chapter}.md")), text)?;
    }
    std::fs::write(root.join("docs/index.md"), "The guide has five chapters.\n")
}
