//! Programs of the user's that commands run at the terminal: the pager and the editor.

pub(crate) mod editor;
pub(crate) mod pager;
