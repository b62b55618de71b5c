//! `doodgate explain`: what the gate would say to a call, and why.

use std::fmt::Write;
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::load::load_policy;
use super::{Failure, print};
use crate::api::json::Document;
use crate::api::{ApiVersion, BodyKind, Call, OperationId, UnknownParameters};
use crate::demand::{self, Demand, Value};
use crate::policy::{self, Denial, Effect, Outcome, Permit, Policy, RuleTrace};
use crate::wire::Upgrade;

const HELP: &str = "\
Tells what the gate would say to a call, and why: the call as it is understood, what it demands, what each rule says of it,
the decision, what would be sent, and the rule that would allow it. The decision is made by the gate's own code. Exit code
0 if the call is allowed, 1 if it is refused.

Usage: doodgate explain [OPTIONS] 'METHOD TARGET'

Options:
  --policy NAME|FILE  A preset's name, or a file of rules [read-only]
  --socket NAME       With a file that has sockets: which one [the only one]
  --body FILE         The request's body, or for ImageBuild the Dockerfile in it; - for standard input
  --upgrade PROTOCOL  The protocol that the client wants to switch to: tcp, h2c or websocket
  --registry-auth     The client sends credentials for a registry
  --json              Print JSON
  -h, --help          Print this text

Examples:
  doodgate explain 'GET /v1.47/containers/json'
  doodgate explain --policy compose --body create.json 'POST /v1.47/containers/create?name=web'
";

/// What is asked.
struct Question {
    policy: Arc<Policy>,
    request: String,
    body: Option<Vec<u8>>,
    upgrade: Option<Upgrade>,
    registry_auth: bool,
    json: bool,
}

/// Reads the question, decides, and prints.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(question) = read(parser)? else {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    };
    let unusable = |error: &dyn std::fmt::Display| Failure::Unusable(error.to_string());
    let (method, target) = question.request.split_once(' ').ok_or_else(|| {
        unusable(&format!(
            "`{}` is not a method and a target: write 'GET /v1.47/info'",
            question.request
        ))
    })?;
    let call = match Call::from_parts(method, target.trim(), question.upgrade) {
        Ok(call) => call,
        Err(bad) => return malformed(&question, bad.code(), &bad),
    };
    // What is refused by its head alone has no body that is read.
    let admitted = question.policy.admit(&call);
    let takes = call.operation().map(|known| known.body);
    let body = question
        .body
        .as_deref()
        .filter(|_| takes == Some(BodyKind::Json));
    let document = match body.map(Document::parse_body) {
        None => None,
        Some(Ok(mut document)) => {
            demand::canonicalise(&call, &mut document);
            Some(document)
        }
        Some(Err(_)) if admitted.is_err() => None,
        Some(Err(bad)) => return malformed(&question, bad.reason.code(), &bad),
    };
    let mut demands = match demand::of(&call, document.as_ref()) {
        Ok(demands) => demands,
        Err(_) if admitted.is_err() => Vec::new(),
        Err(bad) => return malformed(&question, bad.code(), &bad),
    };
    if takes.is_none() && question.body.is_some() {
        demands.push(demand::of_unread_body());
    }
    if let (Some(known), Some(file)) = (call.operation(), &question.body)
        && known.id == OperationId::ImageBuild
    {
        demands.extend(demand::dockerfile::demands(&call, file));
    }
    if question.registry_auth {
        demands.extend(demand::of_header("x-registry-auth"));
    }
    let policy = &question.policy;
    let decision = admitted.and_then(|()| policy.decide(&call, document.as_ref(), &demands));
    let rules = policy.trace(&call, document.as_ref(), &demands).rules;
    let explanation = Explanation {
        call: &call,
        demands: &demands,
        rules: &rules,
        decision: &decision,
    };
    print(&if question.json {
        explanation.json()
    } else {
        explanation.text()
    })?;
    Ok(ExitCode::from(u8::from(decision.is_err())))
}

fn read(mut parser: lexopt::Parser) -> Result<Option<Question>, Failure> {
    let (mut policy, mut socket, mut body, mut upgrade) = (None, None, None, None);
    let (mut registry_auth, mut json, mut request) = (false, false, None);
    let text = |value: std::ffi::OsString| {
        value
            .into_string()
            .map_err(|_| Failure::Unusable("an argument is not valid UTF-8".to_owned()))
    };
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(None),
            lexopt::Arg::Long("policy") => policy = Some(text(parser.value()?)?),
            lexopt::Arg::Long("socket") => socket = Some(text(parser.value()?)?),
            lexopt::Arg::Long("body") => body = Some(text(parser.value()?)?),
            lexopt::Arg::Long("registry-auth") => registry_auth = true,
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("upgrade") => {
                let protocol = text(parser.value()?)?;
                upgrade = Some(match protocol.as_str() {
                    "tcp" => Upgrade::Tcp,
                    "h2c" => Upgrade::H2c,
                    "websocket" => Upgrade::WebSocket,
                    _ => Upgrade::Other,
                });
            }
            lexopt::Arg::Value(value) if request.is_none() => request = Some(text(value)?),
            lexopt::Arg::Short(_) | lexopt::Arg::Long(_) | lexopt::Arg::Value(_) => {
                return Err(argument.unexpected().into());
            }
        }
    }
    let request = request.ok_or_else(|| {
        Failure::Unusable("there is no call to explain: write 'GET /v1.47/info'".to_owned())
    })?;
    let body = match body.as_deref() {
        None => None,
        Some("-") => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            Some(bytes)
        }
        Some(file) => Some(
            std::fs::read(file)
                .map_err(|error| Failure::Unusable(format!("cannot read `{file}`: {error}")))?,
        ),
    };
    let policy = load_policy(policy.as_deref().unwrap_or("read-only"), socket.as_deref())?;
    Ok(Some(Question {
        policy,
        request,
        body,
        upgrade,
        registry_auth,
        json,
    }))
}

/// A request without an unambiguous reading: no policy is asked.
fn malformed(
    question: &Question,
    code: &str,
    why: &dyn std::fmt::Display,
) -> Result<ExitCode, Failure> {
    print(&if question.json {
        let value = json!({"decision": "malformed", "reason": code, "message": why.to_string()});
        format!("{value:#}\n")
    } else {
        format!("decision   malformed ({code}): {why}\n")
    })?;
    Ok(ExitCode::FAILURE)
}

struct Explanation<'e> {
    call: &'e Call<'e>,
    demands: &'e [Demand<'e>],
    rules: &'e [RuleTrace],
    decision: &'e Result<Permit<'e>, Denial>,
}

impl Explanation<'_> {
    fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _infallible = self.write_text(&mut out);
        out
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        match self.call.operation() {
            Some(known) => writeln!(
                out,
                "operation  {} ({}.{}): {}",
                known.name, known.group, known.part, known.summary
            )?,
            None => writeln!(out, "operation  none that is known")?,
        }
        match self.call.version {
            Some(version) => writeln!(out, "version    {version}")?,
            None => writeln!(out, "version    the engine's newest")?,
        }
        writeln!(
            out,
            "demands    {}",
            if self.demands.is_empty() { "none" } else { "" }
        )?;
        let width = self
            .demands
            .iter()
            .map(|demand| demand.place.text().len())
            .max()
            .unwrap_or_default();
        for demand in self.demands {
            let safe = if demand.safe {
                "  (granted unless a rule says otherwise)"
            } else {
                ""
            };
            writeln!(
                out,
                "  {:width$}  {}{}{safe}",
                demand.place,
                demand.kind.name(),
                shown(&demand.value)
            )?;
        }
        writeln!(
            out,
            "rules      {}",
            if self.rules.is_empty() {
                "none is about this call"
            } else {
                ""
            }
        )?;
        for rule in self.rules {
            writeln!(
                out,
                "  {} {} `{}`: {}",
                rule.rule,
                effect(rule.effect),
                rule.rule.text,
                outcome(&rule.outcome)
            )?;
        }
        match self.decision {
            Ok(permit) => {
                if let Some(rule) = permit.rule() {
                    writeln!(out, "decision   allowed by {rule} `{}`", rule.text)?;
                }
                for rewrite in permit.rewrites() {
                    writeln!(
                        out,
                        "rewritten  {} = {} by {}",
                        rewrite.place, rewrite.value, rewrite.rule
                    )?;
                }
                writeln!(out, "sent       {}", self.sent())
            }
            Err(denial) => {
                writeln!(
                    out,
                    "decision   refused ({}): {denial}",
                    denial.reason().code()
                )?;
                writeln!(out, "to allow   add below `allow:`")?;
                for line in policy::remedy(self.call, self.demands).lines() {
                    writeln!(out, "  {line}")?;
                }
                Ok(())
            }
        }
    }

    fn json(&self) -> String {
        let demands: Vec<Json> = self
            .demands
            .iter()
            .map(|demand| {
                json!({
                    "place": demand.place.text(),
                    "kind": demand.kind.name(),
                    "value": shown(&demand.value).trim(),
                    "safe": demand.safe,
                })
            })
            .collect();
        let rules: Vec<Json> = self
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "at": rule.rule.to_string(),
                    "rule": &*rule.rule.text,
                    "effect": effect(rule.effect),
                    "says": outcome(&rule.outcome),
                })
            })
            .collect();
        let mut value = json!({
            "operation": self.call.operation().map(|known| known.name),
            "version": self.call.version.map(|version| version.to_string()),
            "demands": demands,
            "rules": rules,
        });
        let more = match self.decision {
            Ok(permit) => json!({
                "decision": "allowed",
                "rule": permit.rule().map(ToString::to_string),
                "rewritten": permit.rewrites().iter().map(|rewrite| json!({
                    "place": rewrite.place, "value": rewrite.value, "rule": rewrite.rule.to_string(),
                })).collect::<Vec<_>>(),
                "sent": self.sent(),
            }),
            Err(denial) => json!({
                "decision": "refused",
                "reason": denial.reason().code(),
                "message": denial.to_string(),
                "closest": denial.rule().map(ToString::to_string),
                "missing": denial.missing().iter().map(|missing| json!({
                    "place": missing.place, "kind": missing.kind.name(), "problem": missing.problem,
                })).collect::<Vec<_>>(),
                "remedy": policy::remedy(self.call, self.demands),
            }),
        };
        if let (Some(all), Json::Object(more)) = (value.as_object_mut(), more) {
            all.extend(more);
        }
        format!("{value:#}\n")
    }

    /// The request line and the body as the engine would get them; a call without a version stands for the
    /// engine's newest, which only a running gate knows.
    fn sent(&self) -> String {
        let mut target = Vec::new();
        let newest = Some(ApiVersion::new(1, 0));
        self.call
            .write_target(newest, UnknownParameters::Forward, &mut target);
        let mut target = String::from_utf8_lossy(&target).into_owned();
        if self.call.version.is_none() {
            target = target.replacen("/v1.0/", "/v<newest>/", 1);
        }
        let method = match &self.call.route {
            crate::api::Route::Known(operation, _) => operation.method.as_str(),
            crate::api::Route::Unknown { method, .. } => method,
        };
        let mut body = Vec::new();
        if let Ok(permit) = self.decision
            && let Some(document) = permit.document()
        {
            document.write(&mut body);
        }
        format!("{method} {target} {}", String::from_utf8_lossy(&body))
            .trim_end()
            .to_owned()
    }
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Flag => String::new(),
        Value::Text(text) => format!(" `{}`", text.escape_debug()),
        Value::Number(amount) => format!(" {amount}"),
        Value::Unlimited => " unlimited".to_owned(),
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

fn outcome(outcome: &Outcome) -> String {
    let listed = |missing: &[policy::Missing]| {
        missing
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    };
    match outcome {
        Outcome::Allows => "allows it".to_owned(),
        Outcome::ConditionNotMet(keys) => format!("does not apply: {}", keys.join(", ")),
        Outcome::Denies(because) if because.is_empty() => "denies it".to_owned(),
        Outcome::Denies(because) => format!("denies it: {}", listed(because)),
        Outcome::Missing(missing) => format!("lacks: {}", listed(missing)),
        Outcome::NotDemanded => "denies other values than these".to_owned(),
    }
}
