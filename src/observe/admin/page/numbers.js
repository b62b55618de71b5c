/* ---- numbers over time ---- */
const history = [];
let last = null;
const sums = (status) => {
  const sum = { requests: 0, refused: 0, would: 0, connections: 0, streams: 0, up: 0, down: 0, engine: [], gate: [] };
  const add = (into, buckets, count) => {
    buckets.forEach(([bound, number], index) => { into[index] = [bound, (into[index] ? into[index][1] : 0) + number]; });
    into.count = (into.count || 0) + count;
  };
  for (const socket of status.sockets) {
    if (onlySocket && socket.name !== onlySocket) continue;
    for (const operation of socket.operations) {
      for (const decision of DECISIONS) {
        sum.requests += operation[decision] || 0;
        if (decision === "would_deny") sum.would += operation[decision] || 0;
        else if (decision !== "allowed") sum.refused += operation[decision] || 0;
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
      would: Math.max(0, sum.would - last.sum.would) / time,
      down: Math.max(0, sum.down + sum.up - last.sum.down - last.sum.up) / time,
      engine50: quantile(last.sum.engine, sum.engine, 0.5), engine99: quantile(last.sum.engine, sum.engine, 0.99),
      gate50: quantile(last.sum.gate, sum.gate, 0.5), gate99: quantile(last.sum.gate, sum.gate, 0.99),
    });
    if (history.length > HISTORY) history.shift();
  }
  last = { now, sum };
  return sum;
};

/* Latencies differ by powers of ten: on a straight scale only the largest would be seen. */
const scale = (values, logarithmic, height) => {
  const most = Math.max(...values, 0) || 1;
  if (!logarithmic) return { most, lines: [0, 0.5, 1].map((part) => most * part), y: (value) => height - (value / most) * (height - 4) };
  const least = Math.min(...values.filter((value) => value > 0), most);
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const lines = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  return { most, lines, y: (value) => height - ((Math.max(from, Math.log10(Math.max(value, 1e-9))) - from) / (to - from)) * (height - 4) };
};
const svg = (name, props) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(props)) made.setAttribute(key, value);
  return made;
};
const plot = (title, unit, lines, logarithmic) => {
  const width = 300;
  const height = 72;
  const values = lines.flatMap((line) => history.map((point) => point[line.key]).filter((value) => value !== null));
  const { most, lines: grid, y } = scale(values, logarithmic, height);
  const span = Math.max(30, history.length) - 1;
  const x = (index) => width - (history.length - 1 - index) * (width / span);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}, at most ${unit(most)}` });
  const labels = [];
  for (const value of grid) {
    picture.append(svg("line", { class: "grid", x1: 0, x2: width, y1: y(value), y2: y(value) }));
    if (!values.length || (value === 0)) continue;
    const label = element("span", { class: "label" }, unit(value));
    label.style.top = `${(100 * y(value)) / height}%`;
    labels.push(label);
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
    ...lines.map((line) => element("span", { class: `key ${line.color}` }, `${line.name} ${now && now[line.key] !== null ? unit(now[line.key]) : "-"}`))),
  element("div", { class: "canvas" }, picture, ...labels));
};

const tile = (name, value, extra, kind) =>
  element("div", { class: `tile ${kind || ""}` }, element("span", { class: "muted" }, name), element("b", {}, value, extra ? element("small", {}, ` ${extra}`) : ""));
