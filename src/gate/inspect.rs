//! Archives that are looked at while they stream.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::current::InForce;
use super::engine::Engine;
use super::respond::Refusal;
use super::server::Socket;
use super::tenancy::{Clients, Resident};
use crate::api::{Call, OperationId};
use crate::demand::tar::{self, Gunzip, TarGuard};
use crate::demand::{Demand, Kind, Value};
use crate::policy::{Basis, Denial};
use crate::tenant;

/// Looks at an upload piece by piece.
#[derive(Debug)]
pub(crate) enum Inspector<'c> {
    /// An archive that is unpacked into a container.
    Files(Box<Files<'c>>),
    /// The context of a tenant's build.
    Context(Box<Context<'c>>),
}

impl<'c> Inspector<'c> {
    /// The inspector of a call that the policy allows with these demands; `None` where nothing is to be seen in what
    /// is uploaded. `tolerated` gets what the policy refuses and the socket lets pass.
    pub(crate) fn of(
        socket: &'c Socket,
        in_force: &'c InForce,
        call: &'c Call<'c>,
        demands: Vec<Demand<'c>>,
        tolerated: &'c OnceLock<Denial>,
    ) -> Option<Self> {
        match (call.operation()?.id, &socket.clients) {
            (OperationId::PutContainerArchive, _) => Some(Self::Files(Box::new(Files {
                guard: TarGuard::new(),
                in_force,
                call,
                demands,
                tolerated,
            }))),
            (OperationId::ImageBuild, Clients::Tenant(resident)) => {
                let files = Resident::dockerfiles(call);
                Some(Self::Context(Box::new(Context {
                    packing: Packing::Unknown(Vec::new()),
                    guard: TarGuard::watching(&files),
                    resident,
                    engine: &socket.engine,
                    call,
                })))
            }
            (_, Clients::Host | Clients::Tenant(_)) => None,
        }
    }

    /// Looks at the next piece, before it is passed on.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Files(files) => files.push(piece),
            Self::Context(context) => context.push(piece),
        }
    }

    /// Asks what has to be known before the pieces that were looked at are passed on.
    pub(crate) async fn verify(&mut self) -> Result<(), Refusal> {
        match self {
            Self::Files(_) => Ok(()),
            Self::Context(context) => context.verify().await,
        }
    }

    /// Whether the archive may end here.
    pub(crate) fn finish(&self) -> Result<(), tar::Refusal> {
        match self {
            Self::Files(files) => files.guard.finish(),
            Self::Context(context) => {
                if let Packing::Gzip(gunzip) = &context.packing {
                    gunzip.finish()?;
                }
                context.guard.finish()
            }
        }
    }
}

/// What an archive turns out to hold is a demand like any other, and the policy decides on it as it did on the call.
#[derive(Debug)]
pub(crate) struct Files<'c> {
    guard: TarGuard,
    in_force: &'c InForce,
    call: &'c Call<'c>,
    demands: Vec<Demand<'c>>,
    tolerated: &'c OnceLock<Denial>,
}

impl Files<'_> {
    fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Self {
            guard,
            in_force,
            call,
            demands,
            tolerated,
        } = self;
        let decide = |kind: Kind, value: &str| {
            let mut demands = demands.clone();
            demands.push(Demand {
                kind,
                value: Value::Text(Cow::Owned(value.to_owned())),
                place: Cow::Borrowed("body"),
                safe: false,
            });
            in_force.decide(call, None, &demands).map(|permit| {
                if let Basis::Tolerated(denial) = permit.basis() {
                    tolerated.get_or_init(|| denial.clone());
                }
            })
        };
        let pushed = guard.push(piece, &|kind, value| decide(kind, value).is_ok());
        pushed.map_err(
            |refusal| match refusal.missing().map(|(kind, value)| decide(kind, value)) {
                Some(Err(denial)) => Refusal::denied(denial),
                Some(Ok(())) | None => Refusal::Archive(refusal),
            },
        )
    }
}

/// How a context is packed.
#[derive(Debug)]
enum Packing {
    /// Its first byte, if it has come.
    Unknown(Vec<u8>),
    /// As a plain archive.
    Plain,
    /// Compressed with gzip.
    Gzip(Gunzip),
}

/// Whatever the Dockerfile takes something from must be for the tenant to use.
#[derive(Debug)]
pub(crate) struct Context<'c> {
    packing: Packing,
    guard: TarGuard,
    resident: &'c Resident,
    engine: &'c Engine,
    call: &'c Call<'c>,
}

impl Context<'_> {
    fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        // What is unpacked in a folder of the engine's own may be of any kind, as long as it stays there and can be
        // followed.
        let granted = |kind: Kind, what: &str| {
            kind == Kind::TarEntry && !matches!(what, "path-outside" | "link-outside")
        };
        let Self { packing, guard, .. } = self;
        let mut look = |bytes: &[u8]| guard.push(bytes, &granted);
        let begun;
        let mut piece = piece;
        if let Packing::Unknown(first) = packing {
            first.extend_from_slice(piece);
            if first.len() < 2 {
                return Ok(());
            }
            begun = std::mem::take(first);
            piece = &begun;
            *packing = if piece.starts_with(&[0x1F, 0x8B]) {
                Packing::Gzip(Gunzip::default())
            } else {
                Packing::Plain
            };
        }
        let looked = match packing {
            Packing::Unknown(_) => Ok(()),
            Packing::Plain => look(piece),
            Packing::Gzip(gunzip) => gunzip.push(piece, &mut look),
        };
        looked.map_err(Refusal::Archive)
    }

    async fn verify(&mut self) -> Result<(), Refusal> {
        for file in self.guard.take_seen() {
            let bases = tenant::bases(self.call, &file).map_err(Refusal::Tenant)?;
            self.resident.check_bases(self.engine, &bases).await?;
        }
        Ok(())
    }
}
