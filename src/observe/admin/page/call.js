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
  fact("tenant", record.tenant);
  fact("client", [peer(record), record.peer && record.peer.container_name ? record.peer.container.slice(0, 12) : ""].filter(Boolean).join(", "));
  fact("request", `${record.method || ""} ${record.path || ""}`.trim());
  fact("forwarded", record.forwarded);
  for (const [name, value] of Object.entries(record.targets || {})) fact(name, value);
  for (const it of record.resolved || []) fact(it.kind, it.name === it.id ? it.name : `${it.name} is ${it.id}`);
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
