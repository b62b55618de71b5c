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
