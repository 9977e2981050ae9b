"use strict";
(() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const byId = (id) => document.getElementById(id);

  // the verdicts' filter and the tables' order
  const filters = all("[data-filter]");
  const filter = () => {
    let shown = 0;
    for (const row of all("#verdict-rows > tr")) {
      row.hidden = filters.some(({ dataset, value }) => value && (dataset.filter === "text"
        ? !row.textContent.toLowerCase().includes(value.toLowerCase())
        : row.dataset[dataset.filter] !== value));
      shown += !row.hidden;
    }
    byId("n-shown").textContent = `${shown} shown`;
  };
  filters.forEach((each) => each.addEventListener("input", filter));
  for (const button of all("th button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th"), body = button.closest("table").tBodies[0];
      const up = head.getAttribute("aria-sort") !== "ascending";
      all("th", head.parentNode).forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].textContent;
      const order = (a, b) => (key(a) - key(b)) || key(a).localeCompare(key(b));
      body.append(...[...body.rows].sort((a, b) => (up ? 1 : -1) * order(a, b)));
    });
  }

  // errors configuration by configuration
  const data = JSON.parse(byId("points").textContent), canvas = byId("parity");
  if (!canvas) return;
  const choice = byId("parity-of"), quantity = byId("parity-quantity"), told = byId("told");
  const axes = {
    energy: ["reference energy, eV/atom", "energy error, meV/atom", 1, 2],
    force: ["root mean square of the reference forces, eV/Å", "force RMSE, meV/Å", 3, 4],
  };
  let places = [], chosen = -1;
  const say = (index) => {
    chosen = index;
    draw();
    const { point, x, y } = places[index];
    const [xName, yName] = axes[quantity.value];
    told.textContent = `row ${point[0]}, ${point[5]}: ${yName} ${y}; ${xName} ${x}`;
    canvas.dataset.row = point[0];
  };
  const draw = () => {
    const [xName, yName, i, j] = axes[quantity.value], panel = data[choice.value];
    const good = panel.points.filter((point) => point[j] !== null);
    const context = canvas.getContext("2d"), { width, height } = canvas, edge = 54;
    const ends = (k) => good.reduce(([a, b], p) => [Math.min(a, p[k]), Math.max(b, p[k])], [Infinity, -Infinity]);
    const [x0, x1] = ends(i), [y0, y1] = ends(j);
    const at = (v, a, b, from, to) => b > a ? from + (v - a) / (b - a) * (to - from) : (from + to) / 2;
    const color = getComputedStyle(document.body).color;
    context.clearRect(0, 0, width, height);
    context.font = "13px sans-serif"; context.fillStyle = context.strokeStyle = color;
    context.strokeRect(edge, 12, width - edge - 12, height - edge - 12);
    context.fillText(xName, edge, height - 8); context.fillText(yName, edge + 8, 28);
    for (const part of [0, .5, 1]) {
      context.fillText((x0 + part * (x1 - x0)).toPrecision(4), edge + part * (width - edge - 60), height - edge + 18);
      context.fillText((y0 + part * (y1 - y0)).toPrecision(3), 2, height - edge - part * (height - edge - 24));
    }
    context.fillStyle = "#3f78b5a0";
    places = good.map((point) => ({ point, x: point[i], y: point[j],
      left: at(point[i], x0, x1, edge + 6, width - 18), top: at(point[j], y0, y1, height - edge - 6, 18) }));
    for (const { left, top } of places) { context.beginPath(); context.arc(left, top, 3, 0, 7); context.fill(); }
    if (chosen >= 0) { const { left, top } = places[chosen]; context.strokeStyle = "#c62828"; context.lineWidth = 2; context.beginPath(); context.arc(left, top, 7, 0, 7); context.stroke(); context.lineWidth = 1; }
    byId("n-points").textContent = `${panel.points.length} of ${panel.n} configurations` +
      (panel.points.length < panel.n ? " (thinned; every failed one and the worst are kept)" : "") +
      `, ${panel.points.length - good.length} failed` + (good.length < panel.points.length ? `: rows ${panel.points.filter((p) => p[j] === null).slice(0, 20).map((p) => p[0]).join(", ")}` : "");
    canvas.dataset.points = panel.points.length;
  };
  const restart = () => { chosen = -1; told.textContent = ""; draw(); };
  choice.addEventListener("input", restart); quantity.addEventListener("input", restart);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect(), f = canvas.width / box.width;
    const x = (event.clientX - box.left) * f, y = (event.clientY - box.top) * f;
    const far = ({ left, top }) => (left - x) ** 2 + (top - y) ** 2;
    if (places.length) say(places.reduce((best, place, k) => far(place) < far(places[best]) ? k : best, 0));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !places.length) return;
    event.preventDefault();
    const order = places.map((_, k) => k).sort((a, b) => Math.abs(places[b].y) - Math.abs(places[a].y));
    const now = order.indexOf(chosen);
    say(order[(now + step + order.length) % order.length]);
  });
  draw();
})();
