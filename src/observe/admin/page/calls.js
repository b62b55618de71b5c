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
const SHOWS = {
  all: () => true,
  refused: (record) => record.decision !== "allowed" && record.decision !== "would_deny",
  would: (record) => record.decision === "would_deny",
};
const matches = (record) =>
  SHOWS[show](record) &&
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
    element("span", { class: "object mono" }), element("span", { class: "why" }), element("span", { class: "peer" }), element("span", { class: "status" }), element("span", { class: "ms" }));
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
      const [time, tag, socket, operation, target, reason, who, status, ms] = row.children;
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
      reason.textContent = why(record);
      reason.className = `why ${record.decision}`;
      row.classList.toggle("reasoned", reason.textContent !== "");
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
