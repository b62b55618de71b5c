//! Policies and files as the command line names them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::{Failure, print_error};
use crate::policy::{self, Address, Config, Diagnostics, PRESETS, Policy, Preset};

/// The policy that a name or a file stands for. Of a file with sockets, that of the one called `socket`, or of
/// the only one.
pub(crate) fn load_policy(named: &str, socket: Option<&str>) -> Result<Arc<Policy>, Failure> {
    if let Some(preset) = Preset::named(named) {
        return Policy::load(preset.name, preset.file, preset.text, PRESETS)
            .map(Arc::new)
            .map_err(|found| mistakes(&found));
    }
    if !named.contains(['/', '.']) {
        return Err(Failure::Unusable(format!(
            "`{named}` is not a preset (see `doodgate presets`); a file is written with a slash: `./{named}`"
        )));
    }
    let bytes = read(named)?;
    let text = policy::decode(named, &bytes).map_err(|found| mistakes(&found))?;
    if let Some(socket) = socket {
        let config = Config::load(named, text, PRESETS).map_err(|found| mistakes(&found))?;
        let found = config
            .sockets
            .into_iter()
            .find(|known| known.name == socket);
        return found
            .map(|found| found.policy)
            .ok_or_else(|| Failure::Unusable(format!("`{named}` has no socket `{socket}`")));
    }
    let name = Path::new(named)
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Policy::load(&name, named, text, PRESETS)
        .map(Arc::new)
        .map_err(|found| mistakes(&found))
}

/// The text that a policy's name or file stands for; nothing where [`load_policy`] will say what is wrong with it.
pub(crate) fn policy_text(named: &str) -> Vec<u8> {
    match Preset::named(named) {
        Some(preset) => preset.text.into(),
        None => fs::read(named).unwrap_or_default(),
    }
}

/// A file, with a warning when anybody may change it.
pub(crate) fn read(file: &str) -> Result<Vec<u8>, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::Unusable(format!("cannot read `{file}`: {error}"));
    let metadata = fs::metadata(file).map_err(unreadable)?;
    if metadata.is_file() && metadata.mode() & 0o002 != 0 {
        print_error(&format!(
            "doodgate: warning: anybody may change `{file}`: run `chmod o-w {file}`\n"
        ));
    }
    fs::read(file).map_err(unreadable)
}

/// Prints what is wrong with a file.
pub(crate) fn mistakes(diagnostics: &Diagnostics) -> Failure {
    print_error(&diagnostics.render(std::io::IsTerminal::is_terminal(&std::io::stderr())));
    Failure::Reported(ExitCode::from(2))
}

/// An address, as an option gives it.
pub(crate) fn address(text: &str) -> Result<Address, Failure> {
    text.parse()
        .map_err(|error| Failure::Unusable(format!("`{text}` is not an address: {error}")))
}

/// Where the gate listens when nothing says where: in the user's runtime folder, or in the system's.
pub(crate) fn default_listen() -> Result<Address, Failure> {
    let path = match std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join("doodgate.sock"),
        None => PathBuf::from("/run/doodgate/docker.sock"),
    };
    address(&format!("unix://{}", path.display()))
}
