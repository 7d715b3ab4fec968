//! Typed keys of settings.
//!
//! A key is a constant made by the table's macro, which compares its type with the kind of its row
//! at compile time. So [`Settings::get`](super::Settings::get) cannot read a setting as the wrong
//! type. Enumerated values are enums, declared here together with the words a user types.

use std::marker::PhantomData;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::parse::{DeleteLimit, Rate};
use super::value::{Data, Form, Value};

/// A setting whose value is a `T`.
#[derive(Debug)]
pub struct Key<T> {
    pub(super) name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T: SettingType> Key<T> {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// The setting's full name.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// A type of setting values.
pub trait SettingType: Default {
    /// The form in which such values are stored.
    const FORM: Form;

    /// Converts a value; `None` for another form.
    fn read(value: &Value) -> Option<Self>;
}

/// Implements the trait for types that are stored as they are.
macro_rules! plain_types {
    ($($type:ty = $form:ident;)*) => {
        $(impl SettingType for $type {
            const FORM: Form = Form::$form;

            fn read(value: &Value) -> Option<Self> {
                match &value.data {
                    Data::$form(value) => Some(value.clone()),
                    _ => None,
                }
            }
        })*
    };
}

plain_types! {
    bool = Flag;
    u64 = Count;
    Duration = Duration;
    Rate = Rate;
    Option<DeleteLimit> = Limit;
    Option<IpAddr> = Address;
    // Unlike `Display` of a value, a proxy's URL includes its password.
    String = Text;
}

/// A local path with `~/` expanded; `None` if empty.
impl SettingType for Option<PathBuf> {
    const FORM: Form = Form::Text;

    fn read(value: &Value) -> Option<Self> {
        let text = String::read(value)?;
        let home = text.strip_prefix("~/").and_then(|rest| Some(dirs::home_dir()?.join(rest)));
        Some(home.or_else(|| (!text.is_empty()).then(|| PathBuf::from(text))))
    }
}

/// Words, in the user's order.
impl<T: FromStr> SettingType for Vec<T> {
    const FORM: Form = Form::Text;

    fn read(value: &Value) -> Option<Self> {
        String::read(value)?.split_whitespace().map(|word| word.parse().ok()).collect()
    }
}

/// Declares enums with the words of their variants. The first variant is the default.
macro_rules! word_enums {
    ($($(#[$doc:meta])* $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_word:literal,
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
            pub enum $name {
                $(#[$first_doc])* #[default] $first,
                $($(#[$variant_doc])* $variant,)*
            }

            impl $name {
                /// The words, in the order of the variants.
                pub const WORDS: &'static [&'static str] = &[$first_word, $($word),*];
            }

            impl FromStr for $name {
                type Err = ();

                fn from_str(word: &str) -> Result<Self, ()> {
                    match word {
                        $first_word => Ok(Self::$first),
                        $($word => Ok(Self::$variant),)*
                        _ => Err(()),
                    }
                }
            }

            impl SettingType for $name {
                const FORM: Form = Form::Text;

                fn read(value: &Value) -> Option<Self> {
                    String::read(value)?.parse().ok()
                }
            }
        )*
    };
}

word_enums! {
    /// An address family (`net:order`).
    IpVersion {
        /// IPv6.
        V6 = "ipv6",
        /// IPv4.
        V4 = "ipv4",
    }

    /// The mode of data connections (`ftp:mode`).
    FtpMode {
        /// EPSV, then PASV.
        Auto = "auto",
        /// EPSV.
        Epsv = "epsv",
        /// PASV.
        Pasv = "pasv",
        /// EPRT and PORT.
        Active = "active",
    }

    /// The command that lists a directory (`ftp:list`).
    ListCommand {
        /// MLSD, then LIST.
        Auto = "auto",
        /// MLSD.
        Mlsd = "mlsd",
        /// LIST.
        List = "list",
    }

    /// A TLS implementation (`tls:backend`).
    TlsBackend {
        /// OpenSSL.
        OpenSsl = "openssl",
        /// The platform's implementation.
        NativeTls = "native-tls",
    }

    /// A TLS version (`tls:min-version`, `tls:max-version`).
    TlsVersion {
        /// TLS 1.2.
        Tls12 = "1.2",
        /// TLS 1.3.
        Tls13 = "1.3",
    }

    /// Protection of data connections (`tls:data`).
    DataProtection {
        /// PROT P.
        Private = "private",
        /// PROT C.
        Clear = "clear",
    }

    /// Whether an upload overwrites a file (`xfer:overwrite-remote`).
    OverwriteRemote {
        /// Ask the user; in a script, overwrite.
        Auto = "auto",
        /// Ask the user; in a script, do not overwrite.
        Ask = "ask",
        /// Overwrite.
        Yes = "yes",
        /// Do not overwrite.
        No = "no",
        /// Overwrite if the source is newer.
        Newer = "newer",
    }

    /// Whether an upload goes to a temporary name first (`xfer:atomic`).
    AtomicUpload {
        /// Only where a file is replaced at the prompt.
        Auto = "auto",
        /// Always.
        Yes = "yes",
        /// Never.
        No = "no",
    }

    /// Whether a download overwrites a file (`xfer:overwrite`).
    OverwritePolicy {
        /// Ask the user; in a script, do not overwrite.
        Ask = "ask",
        /// Overwrite.
        Yes = "yes",
        /// Do not overwrite.
        No = "no",
        /// Overwrite if the source is newer.
        Newer = "newer",
    }

    /// What is compared after a transfer (`xfer:verify`).
    VerifyMode {
        /// The sizes.
        Size = "size",
        /// Checksums as well, if the server supports them.
        Hash = "hash",
        /// The sizes, and whether the file on the server changed meanwhile.
        Stable = "stable",
        /// Nothing.
        None = "none",
    }

    /// Which downloaded files are synced before they get their names (`xfer:sync`).
    SyncMode {
        /// Those on disks that report errors late.
        Auto = "auto",
        /// All, and their directories.
        Always = "always",
        /// None.
        Never = "never",
    }

    /// Whether a failed command ends a script (`cmd:fail-exit`).
    FailExit {
        /// Only without a terminal.
        Auto = "auto",
        /// Always.
        Yes = "yes",
        /// Never.
        No = "no",
    }

    /// What a pattern that matches nothing means (`glob:nomatch`).
    NoMatch {
        /// An error.
        Error = "error",
        /// The pattern itself.
        Literal = "literal",
        /// No names.
        Empty = "empty",
    }
}
