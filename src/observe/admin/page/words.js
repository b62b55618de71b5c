const KEPT = 10000;
const HISTORY = 150;
const EVERY_MS = 2000;
const SVG = "http://www.w3.org/2000/svg";
const DECISIONS = ["allowed", "denied", "malformed", "failed", "would_deny", "undecided"];
const WORDS = { would_deny: "would deny" };
const $ = (id) => document.getElementById(id);

/* Text always goes in as text: nothing that a client sent is ever read as markup. */
const element = (name, props, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props || {})) {
    if (key === "class") made.className = value;
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
};
const word = (decision) => WORDS[decision] || decision;
const wide = new Intl.NumberFormat("en");
const brief = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const seconds = (value) => {
  if (value === null || !Number.isFinite(value)) return "-";
  if (value < 0.001) return `${Math.round(value * 1e6)} \u00b5s`;
  if (value < 1) return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
  if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min`;
  return value < 172800 ? `${(value / 3600).toFixed(1)} h` : `${Math.floor(value / 86400)} days`;
};
const bytes = (value) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
};
const clock = (iso) => {
  const date = new Date(iso);
  return date.toLocaleTimeString("en-GB");
};
const object = (record) => {
  const targets = Object.values(record.targets || {}).map(short);
  const named = (record.query || []).filter((it) => ["name", "fromImage", "t", "repo"].includes(it.name)).map((it) => it.value);
  return targets.concat(named).join(" ") || (record.operation === "unknown" ? record.path || "" : "");
};
/* What the engine calls it, where the gate had to look; a full id is as well told by its first twelve digits. */
const HEX = /^[0-9a-f]{64}$/;
const short = (name) => (HEX.test(name) ? name.slice(0, 12) : name);
const wants = (demand) => `${demand.grant}${demand.value === undefined ? "" : ` ${demand.value}`}`;
/* Why a call was not simply allowed, in a few words. */
const why = (record) => {
  if (record.missing && record.missing.length) return `needs ${record.missing.map(wants).join(", ")}`;
  if (record.decision === "allowed") return record.end === "complete" ? "" : record.end;
  return (record.reason || "").replaceAll("_", " ");
};
const peer = (record) => {
  const who = record.peer || {};
  if (who.container_name) return who.container_name;
  if (who.container) return who.container.slice(0, 12);
  if (who.address) return who.address;
  if (who.pid !== undefined) return `${who.uid === 0 ? "root" : `uid ${who.uid}`}, pid ${who.pid}`;
  return who.uid === undefined ? "" : `uid ${who.uid}`;
};

/* ---- the rule that would allow a call ---- */
const quoted = (text) => JSON.stringify(text);
const pattern = (demand) => {
  if (demand.value === undefined) return "true";
  if (demand.grant === "cpus") return String(Number(demand.value) / 1e9);
  if (/^[0-9]+$/.test(demand.value)) return demand.value;
  const text = demand.value.replace(/[*?\\]/g, "\\$&");
  /* What is not recorded may be anything. */
  return quoted(text.endsWith("...") ? `${text.slice(0, -3)}**` : text);
};
const remedy = (record) => {
  if (!["denied", "would_deny"].includes(record.decision)) return null;
  if (record.reason === "denied_by_rule") {
    const at = record.rule ? ` (${record.rule.file}:${record.rule.line})` : "";
    return { note: `A deny rule${at} refuses it, and a deny beats every allow: narrow that rule.`, yaml: null };
  }
  if (record.reason === "version_too_old") {
    return { note: "The client asks for an API version below the policy's minimum: use a newer client, or lower min-api.", yaml: null };
  }
  if (record.reason === "rewrite_conflict") {
    return { note: "Two rules would write different values into the same field: see doodgate check.", yaml: null };
  }
  const name = record.operation === "unknown"
    ? quoted(`${record.method} ${(record.path || "").replace(/^\/v[0-9.]+(?=\/)/, "")}`)
    : record.operation;
  const demands = record.demands || [];
  if (demands.some((it) => it.grant === "body" || it.value === "unlimited")) {
    return { note: "Below allow: of the socket's policy. It grants everything that the call may ask for.", yaml: `- ${name}: {body: any}\n` };
  }
  const grants = new Map();
  for (const demand of demands) {
    const list = grants.get(demand.grant) || [];
    const written = pattern(demand);
    if (!list.includes(written)) list.push(written);
    grants.set(demand.grant, list);
  }
  let yaml = `- ${name}${grants.size ? ":" : ""}\n`;
  for (const [grant, list] of [...grants].sort()) {
    yaml += `    ${grant}: ${list.length === 1 ? list[0] : `[${list.join(", ")}]`}\n`;
  }
  const unread = record.reason === "operation_not_allowed" || record.reason === "condition_not_met";
  return {
    note: unread
      ? "Below allow: of the socket's policy. The body was not read, so the call may demand more than this."
      : "Below allow: of the socket's policy. Read it before you grant it.",
    yaml,
  };
};
