//! The options of a command, from the command line and from the environment.

use std::ffi::OsString;

use super::Failure;

/// An option: its name on the command line, and whether it takes a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    /// Without the dashes. Its variable is `DOODGATE_` and the name in capitals, with `_` for `-`.
    pub(crate) name: &'static str,
    /// Whether a value follows.
    pub(crate) takes_value: bool,
}

/// What was given. The command line goes before the environment.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    given: Vec<(&'static str, String)>,
    /// Whether `--help` was among the arguments.
    pub(crate) help: bool,
}

impl Settings {
    /// Reads the arguments behind a command's name, and the variables of the flags that are not among them.
    pub(crate) fn read(
        mut parser: lexopt::Parser,
        flags: &'static [Flag],
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Failure> {
        let mut settings = Self::default();
        while let Some(argument) = parser.next()? {
            let name = match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => {
                    settings.help = true;
                    continue;
                }
                lexopt::Arg::Long(name) => name,
                lexopt::Arg::Short(_) | lexopt::Arg::Value(_) => {
                    return Err(argument.unexpected().into());
                }
            };
            let Some(flag) = flags.iter().find(|flag| flag.name == name) else {
                return Err(argument.unexpected().into());
            };
            let value = if flag.takes_value {
                text(flag.name, parser.value()?)?
            } else {
                "true".to_owned()
            };
            settings.given.push((flag.name, value));
        }
        for flag in flags {
            if settings.get(flag.name).is_some() {
                continue;
            }
            let name = format!(
                "DOODGATE_{}",
                flag.name.replace('-', "_").to_ascii_uppercase()
            );
            if let Some(value) = variable(&name).filter(|value| !value.is_empty()) {
                settings.given.push((flag.name, text(&name, value)?));
            }
        }
        Ok(settings)
    }

    /// The last value of a flag.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    /// All values of a flag, in their order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given
            .iter()
            .filter(move |(given, _)| *given == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a flag without a value is on.
    ///
    /// # Errors
    /// When its variable holds something that is neither yes nor no.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, Failure> {
        match self.get(name) {
            None | Some("0" | "false" | "no") => Ok(false),
            Some("1" | "true" | "yes") => Ok(true),
            Some(other) => Err(Failure::Unusable(format!(
                "`{other}` is not a value for `{name}`: use true or false"
            ))),
        }
    }
}

fn text(name: &str, value: OsString) -> Result<String, Failure> {
    value
        .into_string()
        .map_err(|_| Failure::Unusable(format!("the value of `{name}` is not valid UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag {
            name: "listen",
            takes_value: true,
        },
        Flag {
            name: "log-level",
            takes_value: true,
        },
        Flag {
            name: "insecure",
            takes_value: false,
        },
    ];

    fn read(arguments: &[&str]) -> Result<Settings, Failure> {
        let variable = |name: &str| match name {
            "DOODGATE_LISTEN" => Some("from-variable".into()),
            "DOODGATE_LOG_LEVEL" => Some("debug".into()),
            _ => None,
        };
        Settings::read(lexopt::Parser::from_args(arguments), FLAGS, variable)
    }

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let settings = read(&["--listen=a", "--listen", "b", "--insecure"]).unwrap();
        assert_eq!(settings.all("listen").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(settings.get("log-level"), Some("debug"));
        assert!(settings.switch("insecure").unwrap());
        assert_eq!(read(&[]).unwrap().get("listen"), Some("from-variable"));
    }

    #[test]
    fn what_is_not_an_option_is_refused() {
        for arguments in [
            &["--lisen", "x"][..],
            &["x"],
            &["--listen"],
            &["-l"],
            &["--insecure=maybe"],
        ] {
            let refused = read(arguments).and_then(|settings| settings.switch("insecure"));
            assert!(
                matches!(refused, Err(Failure::Unusable(_))),
                "{arguments:?}"
            );
        }
    }
}
