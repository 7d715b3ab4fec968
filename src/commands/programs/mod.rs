//! Programs of the user's that commands run at the terminal: the pager and the editor.

pub mod editor;
pub mod pager;
