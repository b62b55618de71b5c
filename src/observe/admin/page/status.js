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
  const observing = status.sockets.filter((it) => it.observe_only).map((it) => it.name);
  const problems = [];
  if (status.audit.dropped) problems.push(`${wide.format(status.audit.dropped)} audit records lost`);
  if (status.last_reload && status.last_reload.outcome === "failure") problems.push("the last reload failed: the old configuration is in force");
  $("notice").hidden = problems.length === 0;
  $("notice").textContent = problems.join("; ");
  document.title = problems.length || !status.engine.up ? "! doodgate" : "doodgate";
  $("observing").hidden = observing.length === 0;
  $("observing").textContent = `not enforced: ${observing.join(", ")}`;
  $("show-would").hidden = observing.length === 0;
  const now = history[history.length - 1] || {};
  const rate = (value) => (value === undefined ? "-" : value < 10 ? value.toFixed(1) : brief.format(value));
  $("tiles").replaceChildren(...[
    tile("Requests", rate(now.requests), "/s"),
    tile("Refused", rate(now.refused), "/s", now.refused > 0 ? "bad" : ""),
    observing.length ? tile("Would refuse", rate(now.would), "/s", now.would > 0 ? "warn" : "") : "",
    tile("Engine p99", seconds(now.engine99 === undefined ? null : now.engine99)),
    tile("Gate p99", seconds(now.gate99 === undefined ? null : now.gate99)),
    tile("Connections", wide.format(sum.connections)),
    tile("Streams", wide.format(sum.streams)),
    tile("Traffic", now.down === undefined ? "-" : bytes(Math.round(now.down)), "/s"),
    tile("Memory", bytes(status.process.resident_bytes)),
    tile("Up for", seconds((Date.parse(status.now) - Date.parse(status.started)) / 1000))].filter(Boolean));
  $("plots").replaceChildren(
    plot("Requests", (value) => `${value < 10 ? value.toFixed(1) : brief.format(value)}/s`, [
      { key: "requests", name: "all", color: "c-allowed", area: true },
      ...(observing.length ? [{ key: "would", name: "would deny", color: "c-would", area: true }] : []),
      { key: "refused", name: "refused", color: "c-denied", area: true }], false),
    plot("Engine", seconds, [{ key: "engine50", name: "p50", color: "c-accent" }, { key: "engine99", name: "p99", color: "c-failed" }], true),
    plot("Gate", seconds, [{ key: "gate50", name: "p50", color: "c-accent" }, { key: "gate99", name: "p99", color: "c-failed" }], true));
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
/* How many operations of a socket show at first, and the sockets of which all do. */
const BUSIEST = 10;
const unfolded = new Set();
const matrix = (status) => {
  const total = (it) => DECISIONS.reduce((sum, decision) => sum + (it[decision] || 0), 0);
  const served = status.sockets.filter((it) => !onlySocket || it.name === onlySocket);
  const all = served.flatMap((it) => it.operations);
  const used = DECISIONS.filter((decision) => decision === "allowed" || decision === "denied" || all.some((it) => it[decision]));
  const most = Math.max(1, ...all.flatMap((it) => DECISIONS.map((decision) => it[decision] || 0)));
  const cell = (decision, count) => {
    const made = element("td", { class: `n${count ? "" : " zero"}` }, count ? wide.format(count) : "\u00b7");
    const share = 10 + 40 * (Math.log1p(count) / Math.log1p(most));
    if (count) made.style.backgroundColor = `color-mix(in srgb, var(--${decision}) ${share.toFixed(0)}%, transparent)`;
    return made;
  };
  const wait = (it) => {
    const calls = (it.allowed || 0) + (it.would_deny || 0);
    return calls && it.engine_wait_seconds ? seconds(it.engine_wait_seconds / calls) : "-";
  };
  $("matrix").replaceChildren(...served.map((socket) => {
    const rows = socket.operations.filter((it) => total(it) > 0).sort((a, b) => total(b) - total(a));
    const folded = rows.length > BUSIEST + 1 && !unfolded.has(socket.name);
    const head = element("div", { class: "socket-head" }, element("b", {}, socket.name),
      element("span", { class: "badge", title: `digest ${socket.policy.digest}, in force since ${socket.policy.loaded}` }, `policy ${socket.policy.name}`),
      socket.tenant ? element("span", { class: "badge" }, `tenant ${socket.tenant}`) : "",
      socket.observe_only ? element("span", { class: "badge warn" }, "not enforced") : "",
      element("span", { class: "grow" }), element("span", { class: "mono muted" }, socket.listen));
    if (!rows.length) return element("section", { class: "socket-card" }, head, element("p", { class: "muted empty" }, "No calls yet."));
    const body = rows.slice(0, folded ? BUSIEST : rows.length).map((it) => element("tr", {}, element("td", {}, it.operation),
      ...used.map((decision) => cell(decision, it[decision] || 0)), element("td", { class: "n" }, wait(it))));
    const table = element("table", {}, element("thead", {}, element("tr", {}, element("th", {}, "Operation"),
      ...used.map((decision) => element("th", { class: "n" }, word(decision))), element("th", { class: "n", title: "mean wait for the engine" }, "engine"))), element("tbody", {}, ...body));
    const more = folded ? element("button", { type: "button", class: "more" }, `${rows.length - BUSIEST} more`) : "";
    if (more) more.addEventListener("click", () => { unfolded.add(socket.name); matrix(state); });
    return element("section", { class: "socket-card" }, head, element("div", { class: "scroll" }, table), more);
  }));
};
const streams = (status) => {
  const open = status.streams.filter((it) => !onlySocket || it.socket === onlySocket);
  $("streams-count").textContent = open.length ? wide.format(open.length) : "none";
  if (!open.length) { $("streams").replaceChildren(); return; }
  const head = [["Operation"], ["Object"], ["Socket"], ["Client"], ["up", "n"], ["down", "n"], ["for", "n"]];
  $("streams").replaceChildren(element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...head.map(([name, kind]) => element("th", { class: kind || "" }, name)))),
    element("tbody", {}, ...open.map((it) => element("tr", {}, element("td", {}, it.operation),
      element("td", { class: "mono", title: it.object }, short(it.object) || "-"), element("td", {}, it.socket), element("td", {}, peer(it)),
      element("td", { class: "n" }, bytes(it.received_bytes)), element("td", { class: "n" }, bytes(it.sent_bytes)),
      element("td", { class: "n" }, seconds((Date.parse(status.now) - Date.parse(it.since)) / 1000))))))));
};
const amount = (quota, value) => (/memory|bytes/.test(quota) ? bytes(value) : wide.format(value));
const tenants = (status) => {
  $("tenants-panel").hidden = status.tenants.length === 0;
  $("tenants").replaceChildren(...status.tenants.map((it, index, all) => {
    const share = it.limit > 0 ? Math.min(1, it.used / it.limit) : 0;
    const bar = element("i");
    bar.style.width = `${(share * 100).toFixed(1)}%`;
    const meter = element("div", { class: `meter${share >= 1 ? " full" : share >= 0.8 ? " near" : ""}`, role: "meter", "aria-label": `${it.tenant} ${it.quota}` }, bar);
    meter.setAttribute("aria-valuenow", it.used);
    meter.setAttribute("aria-valuemax", it.limit);
    return element("div", { class: "quota" }, element("b", {}, index && all[index - 1].tenant === it.tenant ? "" : it.tenant), element("span", {}, it.quota), meter,
      element("span", { class: "muted" }, `${amount(it.quota, it.used)} of ${amount(it.quota, it.limit)}`));
  }));
};
