//! Keys: which setting, and the type of its value.
//!
//! A key is a constant made by the table's macro, which compares its type with the kind of its row
//! when the program is compiled. So [`Settings::get`](super::Settings::get) cannot be asked for a
//! setting as what it is not. Words are enums, declared here beside the words that a user types.

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

/// A type that values of settings have.
pub trait SettingType: Default {
    /// What such values are kept as.
    const FORM: Form;

    /// The value; `None` for one of another form.
    fn read(value: &Value) -> Option<Self>;
}

/// Declares types whose values are kept as they are.
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
    // Unlike the display of a value, a proxy's URL comes with its password.
    String = Text;
}

/// A local path, `~/` replaced by the home directory; `None` where it is empty.
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

/// Declares enums with the words that stand for their variants. The first one is the default.
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
    /// A family of addresses (`net:order`).
    IpVersion {
        /// IPv6.
        V6 = "ipv6",
        /// IPv4.
        V4 = "ipv4",
    }

    /// Who opens data connections, and how (`ftp:mode`).
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
        /// The platform's.
        NativeTls = "native-tls",
    }

    /// A version of TLS (`tls:min-version`, `tls:max-version`).
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

    /// Whether a transfer replaces a file (`xfer:overwrite`, `xfer:overwrite-remote`).
    OverwritePolicy {
        /// The user is asked; in a script it does not.
        Ask = "ask",
        /// It does.
        Yes = "yes",
        /// It does not.
        No = "no",
        /// It does if the new one is newer.
        Newer = "newer",
    }

    /// What is compared after a transfer (`xfer:verify`).
    VerifyMode {
        /// The sizes.
        Size = "size",
        /// Checksums as well, where the server makes one.
        Hash = "hash",
        /// Nothing.
        None = "none",
    }

    /// Whether a failed command ends a script (`cmd:fail-exit`).
    FailExit {
        /// Without a terminal it does.
        Auto = "auto",
        /// It does.
        Yes = "yes",
        /// It does not.
        No = "no",
    }

    /// What a pattern that matches nothing means (`glob:nomatch`).
    NoMatch {
        /// An error.
        Error = "error",
        /// Itself.
        Literal = "literal",
        /// No names.
        Empty = "empty",
    }
}
