//! What a tenant gets to see of the engine's answers.

use super::{Tenant, Unshieldable, View};

/// What an answer goes through on its way to a tenant: piece by piece, as it comes.
#[derive(Debug)]
pub struct Shield {
    view: View,
}

impl Shield {
    /// A shield for one answer to `tenant`.
    pub fn new(_tenant: Tenant, view: View) -> Self {
        Self { view }
    }

    /// Takes the next piece of the answer's body, and appends what of it, and of what came before, the tenant gets.
    ///
    /// # Errors
    /// [`Unshieldable`] when the body is not what the operation answers. What was appended before may be passed on;
    /// nothing more comes out.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Unshieldable> {
        match self.view {
            View::Pass => {
                out.extend_from_slice(input);
                Ok(())
            }
            View::Error
            | View::ContainerInspect
            | View::ContainerList(_)
            | View::VolumeInspect
            | View::VolumeList(_)
            | View::NetworkInspect
            | View::NetworkList(_)
            | View::ImageList
            | View::ImageInspect
            | View::Events
            | View::DataUsage
            | View::Info(_)
            | View::Pruned => Err(Unshieldable {
                reason: "this view is not built yet".to_owned(),
            }),
        }
    }

    /// Takes the end of the answer's body, and appends what is still to come.
    ///
    /// # Errors
    /// [`Unshieldable`] when the body may not end here.
    pub fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), Unshieldable> {
        Ok(())
    }
}
