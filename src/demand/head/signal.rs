//! Signals by one name each (signal(7), Linux; the engine accepts names in any case, with and without `SIG`, and numbers).

use std::borrow::Cow;

use crate::demand::normal;

const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// The signal's one name: `SIGKILL` of `9`, `kill` and `SigKill`. The engine compares in upper case, as Go has it.
pub(super) fn normal(signal: &str) -> Cow<'static, str> {
    let named = signal
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1))
        .and_then(|index| NAMES.get(index));
    if let Some(name) = named {
        return Cow::Borrowed(name);
    }
    let upper = normal::upper(signal);
    let full = if upper.starts_with("SIG") {
        upper
    } else {
        format!("SIG{upper}")
    };
    match full.as_str() {
        "SIGCLD" => Cow::Borrowed("SIGCHLD"),
        "SIGIOT" => Cow::Borrowed("SIGABRT"),
        "SIGPOLL" => Cow::Borrowed("SIGIO"),
        _ => Cow::Owned(full),
    }
}
