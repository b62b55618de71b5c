"use strict";
(() => {
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
    if (value < 60) return `${value.toFixed(1)} s`;
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
    const targets = Object.values(record.targets || {});
    const named = (record.query || []).filter((it) => ["name", "fromImage", "t", "repo"].includes(it.name)).map((it) => it.value);
    return targets.concat(named).join(" ") || record.path || "";
  };
  const peer = (record) => {
    const who = record.peer || {};
    if (who.container_name) return who.container_name;
    if (who.container) return who.container.slice(0, 12);
    if (who.address) return who.address;
    if (who.pid !== undefined) return `uid ${who.uid} pid ${who.pid}`;
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

  /* ---- records ---- */
  const records = [];          /* newest last */
  let shown = [];              /* newest first */
  const known = new Set();
  const pending = [];
  let paused = false;
  let missed = 0;
  let show = "all";
  let needle = "";
  let onlySocket = "";
  let selected = null;         /* a record's id */

  const text = (record) => {
    if (!record.text) {
      record.text = [record.operation, record.decision, record.reason, record.path, record.socket, object(record), peer(record),
        ...(record.missing || []).map((it) => `${it.grant} ${it.place} ${it.value || ""}`)].join(" ").toLowerCase();
    }
    return record.text;
  };
  const matches = (record) =>
    (show === "all" || record.decision !== "allowed") &&
    (!onlySocket || record.socket === onlySocket) &&
    (!needle || text(record).includes(needle));

  const take = () => {
    if (!pending.length) return;
    const fresh = pending.splice(0);
    const head = [];
    for (const record of fresh) {
      if (known.has(record.id)) continue;
      known.add(record.id);
      records.push(record);
      if (matches(record)) head.push(record);
    }
    if (records.length > KEPT) {
      for (const old of records.splice(0, records.length - KEPT)) known.delete(old.id);
    }
    if (head.length) {
      shown = head.reverse().concat(shown);
      if (shown.length > KEPT) shown.length = KEPT;
      /* Whoever reads further down is not pushed away. */
      const list = $("list");
      if (list.scrollTop > 0) list.scrollTop += head.length * rowHeight();
    }
    draw();
  };
  const refilter = () => {
    shown = records.filter(matches).reverse();
    $("list").scrollTop = 0;
    draw();
  };

  /* ---- the list: only the rows that can be seen exist ---- */
  let cachedHeight = 0;
  const rowHeight = () => {
    if (!cachedHeight) cachedHeight = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 30;
    return cachedHeight;
  };
  const pool = [];
  const makeRow = () => {
    const row = element("div", { class: "row", role: "option" },
      element("time"), element("span", { class: "tag" }), element("span", { class: "socket" }), element("span", { class: "operation" }),
      element("span", { class: "object mono" }), element("span", { class: "peer" }), element("span", { class: "status" }), element("span", { class: "ms" }));
    row.addEventListener("click", () => open(row.dataset.id));
    return row;
  };
  let queued = false;
  const draw = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      const list = $("list");
      const height = rowHeight();
      $("rows").style.height = `${shown.length * height}px`;
      const first = Math.max(0, Math.floor(list.scrollTop / height) - 4);
      const count = Math.min(shown.length - first, Math.ceil(list.clientHeight / height) + 8);
      while (pool.length < count) { const row = makeRow(); pool.push(row); $("rows").append(row); }
      pool.forEach((row, index) => {
        row.hidden = index >= count;
        if (row.hidden) return;
        const record = shown[first + index];
        const [time, tag, socket, operation, target, who, status, ms] = row.children;
        row.dataset.id = record.id;
        row.id = `call-${record.id}`;
        row.style.transform = `translateY(${(first + index) * height}px)`;
        row.setAttribute("aria-selected", String(record.id === selected));
        time.textContent = clock(record.time);
        tag.className = `tag ${record.decision}`;
        tag.textContent = word(record.decision);
        socket.textContent = record.socket;
        operation.textContent = record.operation === "unknown" ? `${record.method || ""} ?` : record.operation;
        target.textContent = object(record);
        who.textContent = peer(record);
        status.textContent = record.status || "";
        ms.textContent = seconds(record.total_us / 1e6);
      });
      $("list").setAttribute("aria-activedescendant", selected ? `call-${selected}` : "");
      $("empty").hidden = shown.length > 0;
      $("list").hidden = shown.length === 0;
      $("empty").textContent = records.length ? "No call matches." : "Nothing yet: calls show up here as they happen.";
      const hidden = missed ? `, ${wide.format(missed)} more were too fast to show` : "";
      $("count").textContent = records.length ? `${wide.format(shown.length)} shown${hidden}` : "";
    });
  };

  /* ---- one call ---- */
  const copy = async (content, button) => {
    try {
      await navigator.clipboard.writeText(content);
    } catch {
      const area = element("textarea", { value: content });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const open = (id) => {
    const record = records.find((it) => it.id === id);
    if (!record) return;
    selected = id;
    const detail = $("detail");
    const facts = element("dl");
    const fact = (name, value) => {
      if (value !== undefined && value !== "") facts.append(element("dt", {}, name), element("dd", { class: "mono" }, String(value)));
    };
    fact("time", record.time);
    fact("socket", record.socket);
    fact("peer", peer(record));
    fact("request", `${record.method || ""} ${record.path || ""}`.trim());
    fact("forwarded", record.forwarded);
    for (const [name, value] of Object.entries(record.targets || {})) fact(name, value);
    if (record.query) fact("query", record.query.map((it) => `${it.name}=${it.value}`).join(" "));
    fact("reason", record.reason);
    fact("policy", record.policy);
    if (record.rule) fact("rule", `${record.rule.file}:${record.rule.line} ${record.rule.name}`);
    fact("status", record.status);
    if (record.end !== "complete") fact("ended", record.end);
    fact("gate", seconds(record.gate_us / 1e6));
    if (record.engine_us !== undefined) fact("engine", seconds(record.engine_us / 1e6));
    fact("total", seconds(record.total_us / 1e6));
    if (record.received_bytes || record.sent_bytes) fact("bytes", `${bytes(record.received_bytes)} up, ${bytes(record.sent_bytes)} down`);
    fact("trace", record.trace_id);
    fact("id", record.id);
    const close = element("button", { type: "button", title: "Close (Esc)" }, "Close");
    close.addEventListener("click", shut);
    const children = [
      element("header", {}, element("h2", {}, record.operation === "unknown" ? "Unknown operation" : record.operation,
        " ", element("span", { class: `tag ${record.decision}` }, word(record.decision))), element("span", { class: "grow" }), close),
    ];
    const lacking = record.missing && record.missing.length ? record.missing : record.demands || [];
    if (lacking.length) {
      children.push(element("h3", {}, "What is not granted"), element("ul", { class: "demands" },
        ...lacking.map((it) => element("li", {}, element("b", {}, it.grant), " ",
          element("code", {}, it.value || ""), " ", element("span", { class: "muted" }, it.place ? `at ${it.place}` : "required by the rule")))));
    }
    const way = remedy(record);
    if (way) {
      children.push(element("h3", {}, way.yaml ? "What would allow it" : "What to do"));
      if (way.yaml) {
        const button = element("button", { type: "button", title: "Copy (c)", id: "copy" }, "Copy");
        button.addEventListener("click", () => copy(way.yaml, button));
        children.push(element("div", { class: "yaml" }, element("pre", { id: "yaml" }, way.yaml), button));
      }
      children.push(element("p", { class: "muted" }, way.note));
    }
    children.push(element("h3", {}, "The call"), facts);
    detail.replaceChildren(...children);
    detail.scrollTop = 0;
    detail.hidden = false;
    detail.parentElement.classList.add("narrow");
    if (matchMedia("(max-width: 760px)").matches) detail.scrollIntoView({ block: "nearest" });
    draw();
  };
  const shut = () => { selected = null; $("detail").hidden = true; $("detail").parentElement.classList.remove("narrow"); $("list").focus(); draw(); };
  const move = (by) => {
    if (!shown.length) return;
    const at = shown.findIndex((it) => it.id === selected);
    const next = Math.min(shown.length - 1, Math.max(0, at < 0 ? 0 : at + by));
    open(shown[next].id);
    const list = $("list");
    const height = rowHeight();
    if (next * height < list.scrollTop) list.scrollTop = next * height;
    else if ((next + 1) * height > list.scrollTop + list.clientHeight) list.scrollTop = (next + 1) * height - list.clientHeight;
  };

  /* ---- numbers over time ---- */
  const history = [];
  let last = null;
  const sums = (status) => {
    const sum = { requests: 0, refused: 0, connections: 0, streams: 0, up: 0, down: 0, engine: [], gate: [] };
    const add = (into, buckets, count) => {
      buckets.forEach(([bound, number], index) => { into[index] = [bound, (into[index] ? into[index][1] : 0) + number]; });
      into.count = (into.count || 0) + count;
    };
    for (const socket of status.sockets) {
      if (onlySocket && socket.name !== onlySocket) continue;
      for (const operation of socket.operations) {
        for (const decision of DECISIONS) {
          sum.requests += operation[decision] || 0;
          if (decision !== "allowed" && decision !== "would_deny") sum.refused += operation[decision] || 0;
        }
      }
      sum.connections += socket.connections;
      sum.streams += socket.streams;
      sum.up += socket.received_bytes;
      sum.down += socket.sent_bytes;
      add(sum.engine, socket.engine_seconds.buckets, socket.engine_seconds.count);
      add(sum.gate, socket.decision_seconds.buckets, socket.decision_seconds.count);
    }
    return sum;
  };
  /* The share-th quantile of what came between two readings of a histogram, within its bucket in a straight line. */
  const quantile = (before, after, share) => {
    const count = (after.count || 0) - (before.count || 0);
    if (count <= 0) return null;
    const wanted = share * count;
    let below = 0;
    let from = 0;
    for (let index = 0; index < after.length; index += 1) {
      const upTo = after[index][1] - (before[index] ? before[index][1] : 0);
      if (upTo >= wanted) return from + (after[index][0] - from) * ((wanted - below) / Math.max(1e-9, upTo - below));
      below = upTo;
      from = after[index][0];
    }
    return from;
  };
  const note = (status) => {
    const now = Date.parse(status.now);
    const sum = sums(status);
    if (last && now > last.now) {
      const time = (now - last.now) / 1000;
      history.push({
        requests: Math.max(0, sum.requests - last.sum.requests) / time,
        refused: Math.max(0, sum.refused - last.sum.refused) / time,
        down: Math.max(0, sum.down + sum.up - last.sum.down - last.sum.up) / time,
        engine50: quantile(last.sum.engine, sum.engine, 0.5), engine99: quantile(last.sum.engine, sum.engine, 0.99),
        gate50: quantile(last.sum.gate, sum.gate, 0.5), gate99: quantile(last.sum.gate, sum.gate, 0.99),
      });
      if (history.length > HISTORY) history.shift();
    }
    last = { now, sum };
    return sum;
  };

  const plot = (title, unit, lines) => {
    const width = 300;
    const height = 72;
    const values = lines.flatMap((line) => history.map((point) => point[line.key]).filter((value) => value !== null));
    const most = Math.max(...values, 0) || 1;
    const span = Math.max(30, history.length) - 1;
    const x = (index) => width - (history.length - 1 - index) * (width / span);
    const y = (value) => height - (value / most) * (height - 4);
    const svg = (name, props) => {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(props)) made.setAttribute(key, value);
      return made;
    };
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}, at most ${unit(most)}` });
    for (const part of [0, 0.5, 1]) {
      picture.append(svg("line", { class: "grid", x1: 0, x2: width, y1: y(most * part), y2: y(most * part) }));
    }
    for (const line of lines) {
      const runs = [];
      let run = [];
      history.forEach((point, index) => {
        if (point[line.key] === null) { if (run.length) runs.push(run); run = []; } else run.push([x(index), y(point[line.key])]);
      });
      if (run.length) runs.push(run);
      for (const points of runs) {
        const path = (points.length === 1 ? [[points[0][0] - 1, points[0][1]], points[0]] : points).map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`);
        if (line.area) {
          picture.append(svg("path", { class: `area ${line.color}`, d: `M${path[0].split(",")[0]},${height}L${path.join("L")}L${path[path.length - 1].split(",")[0]},${height}Z` }));
        }
        picture.append(svg("path", { class: `stroke ${line.color}`, d: `M${path.join("L")}` }));
      }
    }
    const now = history.length ? history[history.length - 1] : null;
    return element("div", { class: "plot" }, element("div", { class: "legend" }, element("b", {}, title),
      ...lines.map((line) => element("span", { class: `key ${line.color}` }, `${line.name} ${now && now[line.key] !== null ? unit(now[line.key]) : "-"}`)),
      element("span", { class: "grow" }), element("span", {}, values.length ? `max ${unit(most)}` : "")), picture);
  };

  const tile = (name, value, extra, bad) =>
    element("div", { class: `tile${bad ? " bad" : ""}` }, element("span", { class: "muted" }, name), element("b", {}, value, extra ? element("small", {}, ` ${extra}`) : ""));

  /* ---- status ---- */
  let state = null;
  const render = (status) => {
    const sum = note(status);
    state = status;
    $("version").textContent = status.version;
    const engine = $("engine");
    engine.className = `pill ${status.engine.up ? "good" : "bad"}`;
    engine.textContent = status.engine.up
      ? `engine ${status.engine.version || "up"}, API ${status.engine.min_api || "?"} to ${status.engine.api || "?"}`
      : `engine down: ${status.engine.reason || "no answer"}`;
    const problems = [];
    if (status.audit.dropped) problems.push(`${wide.format(status.audit.dropped)} audit records lost`);
    if (status.last_reload && status.last_reload.outcome === "failure") problems.push("the last reload failed: the old configuration is in force");
    $("notice").hidden = problems.length === 0;
    $("notice").textContent = problems.join("; ");
    const now = history[history.length - 1] || {};
    const rate = (value) => (value === undefined ? "-" : value < 10 ? value.toFixed(1) : brief.format(value));
    $("tiles").replaceChildren(
      tile("Requests", rate(now.requests), "/s"),
      tile("Refused", rate(now.refused), "/s", now.refused > 0),
      tile("Engine p99", seconds(now.engine99 === undefined ? null : now.engine99)),
      tile("Gate p99", seconds(now.gate99 === undefined ? null : now.gate99)),
      tile("Connections", wide.format(sum.connections)),
      tile("Streams", wide.format(sum.streams)),
      tile("Traffic", now.down === undefined ? "-" : bytes(Math.round(now.down)), "/s"),
      tile("Memory", bytes(status.process.resident_bytes)),
      tile("Up for", seconds((Date.parse(status.now) - Date.parse(status.started)) / 1000)));
    $("plots").replaceChildren(
      plot("Requests", (value) => `${value < 10 ? value.toFixed(1) : brief.format(value)}/s`, [
        { key: "requests", name: "all", color: "c-allowed", area: true }, { key: "refused", name: "refused", color: "c-denied", area: true }]),
      plot("Engine", seconds, [{ key: "engine50", name: "p50", color: "c-accent" }, { key: "engine99", name: "p99", color: "c-failed" }]),
      plot("Gate", seconds, [{ key: "gate50", name: "p50", color: "c-accent" }, { key: "gate99", name: "p99", color: "c-failed" }]));
    const select = $("socket");
    const names = status.sockets.map((it) => it.name);
    if (select.options.length !== names.length + 1) {
      select.replaceChildren(element("option", { value: "" }, "all"), ...names.map((name) => element("option", { value: name }, name)));
      select.value = onlySocket;
    }
    matrix(status);
    streams(status);
    tenants(status);
  };
  const matrix = (status) => {
    const parts = [];
    for (const socket of status.sockets) {
      if (onlySocket && socket.name !== onlySocket) continue;
      parts.push(element("div", { class: "socket-head" }, element("b", {}, socket.name), element("span", { class: "mono muted" }, socket.listen),
        element("span", { class: "muted" }, `policy ${socket.policy.name}, ${socket.policy.digest}, since ${clock(socket.policy.loaded)}`)));
      const total = (it) => DECISIONS.reduce((sum, decision) => sum + (it[decision] || 0), 0);
      const rows = socket.operations.filter((it) => total(it) > 0).sort((a, b) => total(b) - total(a));
      if (!rows.length) { parts.push(element("p", { class: "muted empty" }, "No calls yet.")); continue; }
      const used = DECISIONS.filter((decision) => decision === "allowed" || decision === "denied" || rows.some((it) => it[decision]));
      const most = Math.max(...rows.map((it) => Math.max(...DECISIONS.map((decision) => it[decision] || 0))));
      const cell = (count) => {
        const made = element("td", { class: `n${count ? "" : " zero"}` }, count ? wide.format(count) : "0");
        if (count) made.style.backgroundColor = `rgba(var(--heat), ${(0.05 + 0.3 * (Math.log1p(count) / Math.log1p(most))).toFixed(3)})`;
        return made;
      };
      parts.push(element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, element("th", {}, "Operation"),
        ...used.map((decision) => element("th", { class: "n" }, word(decision))), element("th", { class: "n" }, "mean engine wait"))),
      element("tbody", {}, ...rows.map((it) => element("tr", {}, element("td", {}, it.operation), ...used.map((decision) => cell(it[decision] || 0)),
        element("td", { class: "n" }, it.allowed && it.engine_wait_seconds ? seconds(it.engine_wait_seconds / it.allowed) : "-")))))));
    }
    $("matrix").replaceChildren(...parts);
  };
  const streams = (status) => {
    const open = status.streams.filter((it) => !onlySocket || it.socket === onlySocket);
    $("streams-count").textContent = open.length ? wide.format(open.length) : "none";
    if (!open.length) { $("streams").replaceChildren(); return; }
    $("streams").replaceChildren(element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {},
      ...["Operation", "Object", "Socket", "Peer", "For"].map((name) => element("th", {}, name)))),
    element("tbody", {}, ...open.map((it) => element("tr", {}, element("td", {}, it.operation), element("td", { class: "mono" }, it.object || "-"),
      element("td", {}, it.socket), element("td", {}, peer(it)), element("td", {}, seconds((Date.parse(status.now) - Date.parse(it.since)) / 1000))))))));
  };
  const amount = (quota, value) => (/memory|bytes/.test(quota) ? bytes(value) : wide.format(value));
  const tenants = (status) => {
    $("tenants-panel").hidden = status.tenants.length === 0;
    $("tenants").replaceChildren(...status.tenants.map((it) => {
      const share = it.limit > 0 ? Math.min(1, it.used / it.limit) : 0;
      const bar = element("i");
      bar.style.width = `${(share * 100).toFixed(1)}%`;
      const meter = element("div", { class: `meter${share >= 1 ? " full" : share >= 0.8 ? " near" : ""}`, role: "meter", "aria-label": `${it.tenant} ${it.quota}` }, bar);
      meter.setAttribute("aria-valuenow", it.used);
      meter.setAttribute("aria-valuemax", it.limit);
      return element("div", { class: "quota" }, element("b", {}, it.tenant), element("span", {}, it.quota), meter,
        element("span", { class: "muted" }, `${amount(it.quota, it.used)} of ${amount(it.quota, it.limit)}`));
    }));
  };

  /* ---- what the gate sends ---- */
  const poll = async () => {
    try {
      const answer = await fetch("status", { cache: "no-store" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      render(await answer.json());
    } catch (error) {
      $("engine").className = "pill bad";
      $("engine").textContent = "the gate does not answer";
      last = null;
    }
    setTimeout(poll, EVERY_MS);
  };
  const listen = () => {
    const source = new EventSource("events");
    source.onmessage = (event) => {
      pending.push(JSON.parse(event.data));
      if (pending.length > KEPT) { missed += 1; pending.shift(); }
      if (!paused) requestTake();
    };
    source.addEventListener("missed", (event) => { missed += Number(event.data) || 0; });
  };
  let taking = false;
  const requestTake = () => {
    if (taking) return;
    taking = true;
    setTimeout(() => { taking = false; if (!paused) take(); }, 100);
  };

  /* ---- controls ---- */
  const setShow = (value) => {
    show = value;
    for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === value));
    refilter();
  };
  for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => setShow(button.dataset.show));
  const setPaused = (value) => {
    paused = value;
    $("pause").setAttribute("aria-pressed", String(value));
    $("pause").textContent = value ? "Resume" : "Pause";
    if (!value) take();
  };
  $("pause").addEventListener("click", () => setPaused(!paused));
  $("search").addEventListener("input", (event) => { needle = event.target.value.trim().toLowerCase(); refilter(); });
  $("socket").addEventListener("change", (event) => {
    onlySocket = event.target.value;
    history.length = 0;
    last = null;
    refilter();
    if (state) render(state);
  });
  const themes = (name) => { if (name) document.documentElement.dataset.theme = name; };
  try { themes(localStorage.getItem("theme")); } catch { /* Without storage, the system's choice holds. */ }
  const theme = () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    themes(dark ? "light" : "dark");
    try { localStorage.setItem("theme", dark ? "light" : "dark"); } catch { /* As above. */ }
  };
  $("theme").addEventListener("click", theme);
  $("help").addEventListener("click", () => $("keys").showModal());
  $("list").addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", () => { cachedHeight = 0; draw(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (event.target instanceof Element && event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") { event.target.blur(); $("list").focus(); }
      return;
    }
    const act = {
      j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), Escape: shut,
      p: () => setPaused(!paused), t: theme, r: () => setShow(show === "all" ? "refused" : "all"), "/": () => $("search").focus(),
      c: () => { if ($("copy")) $("copy").click(); }, "?": () => $("keys").showModal(),
      Enter: () => { if (document.activeElement === $("list")) move(0); },
    }[event.key];
    const arrows = event.key.startsWith("Arrow") && document.activeElement !== $("list");
    if (!act || arrows || (event.key === "Enter" && document.activeElement !== $("list"))) return;
    event.preventDefault();
    act();
  });
  listen();
  poll();
  draw();
})();
