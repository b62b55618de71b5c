//! The presets: policies that come with the program, one file a client in `policies/`.
//!
//! A preset's name stands for it in `--policy` and in `include`. Its first line of comment says whom it is
//! for; the further ones what it gives and what it keeps back.

use super::Preset;

macro_rules! presets {
    ($($name:literal)*) => {
        /// Every preset, in the order in which they are listed: the general ones first.
        pub static PRESETS: &[Preset] = &[$(Preset {
            name: $name,
            file: concat!("policies/", $name, ".yaml"),
            text: include_str!(concat!("../../policies/", $name, ".yaml")),
        }),*];
    };
}

presets! {
    "read-only"
    "read-only-logs"
    "agent"
    "autoheal"
    "cadvisor"
    "compose"
    "diun"
    "docker-cli"
    "docker-cli-swarm"
    "docker-py"
    "dozzle"
    "dozzle-actions"
    "gitlab-runner"
    "homepage"
    "jenkins"
    "nginx-proxy"
    "portainer"
    "portainer-read-only"
    "prometheus"
    "testcontainers"
    "traefik"
    "watchtower"
    "watchtower-monitor"
    "everything"
}

impl Preset {
    /// The preset that `name` names.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Whom it is for, in one line: the first line of its file.
    pub fn summary(&self) -> &'static str {
        self.text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .unwrap_or("")
    }
}
