//! Containers that a rule names, and a client calls by an id, by the beginning of one, or by an exec in them.

use super::current::InForce;
use super::lookup::{Known, ask};
use super::respond::Refusal;
use super::server::Socket;
use super::tenancy::Clients;
use crate::api::json::{Document, Value as Json};
use crate::api::{Call, OperationId};
use crate::demand::facts::{self, Target};
use crate::demand::{Demand, Kind, Value};
use crate::observe::Exchange;
use crate::policy::Permit;

/// Calls the containers of a call by their names, where a rule says which may be meant. Gives the id of the one that was
/// found: it is what the call is about from then on, whoever gets its name meanwhile.
///
/// # Errors
/// [`Refusal`], when one cannot be looked up.
pub(crate) async fn call_by_name<'c>(
    socket: &Socket,
    in_force: &InForce,
    (call, document): (&'c Call<'c>, Option<&'c Document<'c>>),
    demands: &mut [Demand<'c>],
    exchange: &mut Exchange,
) -> Result<Option<String>, Refusal> {
    let policy = &in_force.policy;
    // A tenant's containers are looked up with all else that it refers to.
    if !matches!(socket.clients, Clients::Host) || !policy.names(call, Kind::Container) {
        return Ok(None);
    }
    let is_other = |demand: &&Demand<'_>| demand.kind != Kind::Container;
    let others: Vec<Demand<'_>> = demands.iter().filter(is_other).cloned().collect();
    // No name could allow a call that is denied without it.
    if policy.decide(call, document, &others).is_err() {
        return Ok(None);
    }
    let asked = (socket.engine.as_ref(), &Known::new());
    let mut id = None;
    for demand in demands.iter_mut().filter(|demand| !is_other(&&**demand)) {
        let Value::Text(written) = &demand.value else {
            continue;
        };
        let term = match facts::exec_of(call) {
            Some(exec) => {
                let found = ask(
                    asked,
                    (Target::Exec, exec),
                    exchange,
                    facts::container_of_exec,
                );
                match found.await?.flatten() {
                    Some(container) => container,
                    None => continue,
                }
            }
            None => written.clone().into_owned(),
        };
        let found = ask(
            asked,
            (Target::Container, &term),
            exchange,
            facts::id_and_name,
        );
        let Some((own, name)) = found.await?.flatten() else {
            continue;
        };
        if *written != name {
            demand.place = format!("{} ({written})", demand.place).into();
            demand.value = Value::Text(name.into());
        }
        id = Some(own);
    }
    Ok(id)
}

/// Calls the containers and networks that a container joins or takes something from by their names, where the policy does not allow the call
/// with what the client has written: often ids, which no pattern for names matches.
///
/// # Errors
/// [`Refusal`], when one cannot be looked up.
pub(crate) async fn call_joined_by_name<'c>(
    socket: &Socket,
    in_force: &InForce,
    (call, document): (&'c Call<'c>, Option<&'c Document<'c>>),
    demands: &mut [Demand<'c>],
    exchange: &mut Exchange,
) -> Result<(), Refusal> {
    let policy = &in_force.policy;
    let names = |demand: &Demand<'_>| {
        policy.names(call, demand.kind) && facts::joined_name(demand).is_some()
    };
    if !matches!(socket.clients, Clients::Host) || !demands.iter().any(names) {
        return Ok(());
    }
    let others: Vec<Demand<'_>> = demands.iter().filter(|it| !names(it)).cloned().collect();
    let decide = |demands: &[Demand<'_>]| policy.decide(call, document, demands);
    if decide(demands).is_ok() || decide(&others).is_err() {
        return Ok(());
    }
    let asked = (socket.engine.as_ref(), &Known::new());
    for demand in demands.iter_mut().filter(|demand| names(demand)) {
        let Some((target, term, whole)) = facts::joined_name(demand) else {
            continue;
        };
        let found = ask(asked, (target, &term), exchange, facts::id_and_name);
        if let Some((_, name)) = found.await?.flatten()
            && name != term
        {
            demand.place = format!("{} ({term})", demand.place).into();
            demand.value = Value::Text(whole.of(&name).into());
        }
    }
    Ok(())
}

/// The permit with the container's id in place of what the client wrote, where the engine takes one.
pub(crate) fn pinned<'c>(permit: Permit<'c>, id: Option<&str>) -> Permit<'c> {
    let (Some(id), Some(operation)) = (id, permit.call().operation()) else {
        return permit;
    };
    let mut call = permit.call().clone();
    let mut document = permit.document().cloned();
    // An alias is no container: what is deleted by one is the link.
    let is_alias = call.object().is_some_and(|name| name.contains('/'));
    let is_connection =
        [OperationId::NetworkConnect, OperationId::NetworkDisconnect].contains(&operation.id);
    if is_connection {
        if let Some(document) = &mut document {
            let id = Json::text(id.to_owned());
            document.root_mut().set_field("Container", id);
        }
    } else if operation.id == OperationId::ImageCommit {
        call.set_parameter("container", id.to_owned());
    } else if is_alias || facts::exec_of(&call).is_some() {
        return permit;
    } else {
        call.set_object(id.to_owned());
    }
    permit.rewritten(call, document)
}
