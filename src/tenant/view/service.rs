//! What a service and its tasks tell besides names: their images, and the networks that they are on.

use super::cursor::{Cursor, Read};
use super::facts::{Owner, needed, owner, pick, string};
use super::item;
use super::rewrite::{Field, Given, Rewriter, Rule};

impl Rewriter<'_> {
    /// Writes what a container is made from; its labels tell what the tenant calls the image.
    pub(super) fn template(&mut self, fields: &[Field], cursor: &mut Cursor<'_>) -> Read<()> {
        let text = cursor.value()?;
        let [labels] = pick(text, ["Labels"])?;
        let given = Given {
            made_of: item::made_of(labels.unwrap_or("null"))?,
            ..Given::default()
        };
        let mut cursor = Cursor::new(text);
        Rewriter {
            tenant: self.tenant,
            given: &given,
            out: self.out,
        }
        .object(fields, &mut cursor, |_| Rule::Keep)?;
        cursor.end()
    }

    /// Writes the addresses of a service. How far those in the engine's own network have been given away depends on
    /// everybody.
    pub(super) fn addresses(&mut self, cursor: &mut Cursor<'_>) -> Read<()> {
        let given = self.given;
        self.array(cursor, |writer, element| {
            let [network] = pick(element, ["NetworkID"])?;
            let network = string(needed(network, "NetworkID")?)?;
            if given.networks.iter().any(|own| *own == network) {
                writer.comma();
                writer.raw(element);
            }
            Ok(())
        })
    }

    /// Writes the networks that a task is on.
    pub(super) fn attachments(&mut self, rule: Rule, cursor: &mut Cursor<'_>) -> Read<()> {
        let tenant = self.tenant;
        self.array(cursor, |writer, element| {
            let [network] = pick(element, ["Network"])?;
            let [spec] = pick(network.unwrap_or("null"), ["Spec"])?;
            let [labels] = pick(spec.unwrap_or("null"), ["Labels"])?;
            if owner(tenant, labels.unwrap_or("null"))? == Owner::Tenant {
                writer.comma();
                writer.whole(rule, element)?;
            }
            Ok(())
        })
    }
}
