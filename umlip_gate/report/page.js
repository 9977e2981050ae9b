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

  // on paper what did not pass is open; the reasons of every verdict would be a hundred pages
  addEventListener("beforeprint", () => all("header details, #figures details").forEach((each) => { each.open = true; }));

  // configuration by configuration
  const { plots, elements } = JSON.parse(byId("points").textContent), canvas = byId("parity");
  const colors = { fill: "#3f78b5", reference: "#3f78b5", predicted: "#d95f02", chosen: "#c62828" };
  const textColor = () => getComputedStyle(document.body).color;
  if (canvas) parity();
  if (byId("structure")) structures();

  function parity() {
    const choice = byId("parity-of"), quantity = byId("parity-quantity"), told = byId("told");
    const predicted = (p) => p[1] === null ? null : p[1] + p[2] / 1000;
    const kinds = {
      "energy parity": ["reference energy, eV/atom", "predicted energy, eV/atom", (p) => p[1], predicted],
      "energy error": ["reference energy, eV/atom", "energy error, meV/atom", (p) => p[1], (p) => p[2]],
      "force error": ["root mean square of the reference forces, eV/Å", "force RMSE, meV/Å", (p) => p[3], (p) => p[4]],
      "force parity": ["reference force component, eV/Å", "predicted force component, eV/Å"],
    };
    const context = canvas.getContext("2d"), { width, height } = canvas, edge = 58;
    let places = [], chosen = -1;
    const at = (v, [a, b], from, to) => b > a ? from + (v - a) / (b - a) * (to - from) : (from + to) / 2;
    const across = (v, ends) => at(v, ends, edge + 6, width - 18), up = (v, ends) => at(v, ends, height - edge - 6, 18);
    const say = (index) => {
      chosen = index;
      draw();
      const { point, x, y } = places[index], [xName, yName] = kinds[quantity.value];
      const errors = `energy error ${point[2]} meV/atom; force RMSE ${point[4] ?? "-"} meV/Å`;
      told.textContent = `row ${point[0]}, ${point[5]}: ${yName} ${+y.toPrecision(7)}; ${xName} ${x}; ${errors}`;
      canvas.dataset.row = point[0];
    };
    const ticks = ([low, high]) => {
      if (!(high > low)) return [low];
      const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
      const step = power * [1, 2, 5, 10].find((f) => power * f >= rough * (1 - 1e-9));
      const found = [];
      for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
      return found;
    };
    const text = (v) => `${+v.toPrecision(4)}`;
    const frame = (x, y) => {
      const [xName, yName] = kinds[quantity.value];
      context.clearRect(0, 0, width, height);
      context.font = "13px sans-serif"; context.fillStyle = context.strokeStyle = textColor();
      context.strokeRect(edge, 12, width - edge - 12, height - edge - 12);
      context.fillText(xName, edge, height - 8); context.fillText(yName, edge + 8, 28);
      context.textAlign = "center";
      for (const v of ticks(x)) { const left = across(v, x); context.fillText(text(v), left, height - edge + 18); context.fillRect(left, height - edge, 1, 4); }
      context.textAlign = "right";
      for (const v of ticks(y)) { const top = up(v, y); context.fillText(text(v), edge - 8, top + 4); context.fillRect(edge - 4, top, 4, 1); }
      context.textAlign = "left";
    };
    const diagonal = (x, y) => {
      const low = Math.max(x[0], y[0]), high = Math.min(x[1], y[1]);
      context.beginPath(); context.moveTo(across(low, x), up(low, y)); context.lineTo(across(high, x), up(high, y)); context.stroke();
    };
    const drawForces = (forces) => {
      places = [];
      if (!forces) { context.clearRect(0, 0, width, height); byId("n-points").textContent = "no forces: neither the reference nor the file of configurations has them"; return; }
      const edges = forces.edges_ev_per_ang, ends = [edges[0], edges.at(-1)];
      const most = Math.log1p(Math.max(...forces.counts.map(([, , n]) => n)));
      frame(ends, ends);
      for (const [i, j, n] of forces.counts) {
        context.globalAlpha = .15 + .85 * Math.log1p(n) / most; context.fillStyle = colors.fill;
        const left = across(edges[i], ends), top = up(edges[j + 1], ends);
        context.fillRect(left, top, across(edges[i + 1], ends) - left, up(edges[j], ends) - top);
      }
      context.globalAlpha = 1; diagonal(ends, ends);
      byId("n-points").textContent = `${forces.n_components} force components, thinned by density: each tile is a number of them, darker for more; ${forces.n_failed} failed`;
      canvas.dataset.points = forces.n_components;
    };
    const draw = () => {
      const panel = plots[choice.value], [, , xOf, yOf] = kinds[quantity.value];
      if (quantity.value === "force parity") return drawForces(panel.forces);
      const good = panel.points.filter((point) => yOf(point) !== null);
      const ends = (of) => good.reduce(([a, b], p) => [Math.min(a, of(p)), Math.max(b, of(p))], [Infinity, -Infinity]);
      const x = ends(xOf), y = ends(yOf);
      frame(x, y);
      if (quantity.value === "energy parity" && good.length) diagonal(x, y);
      context.fillStyle = `${colors.fill}a0`;
      places = good.map((point) => ({ point, x: xOf(point), y: yOf(point), left: across(xOf(point), x), top: up(yOf(point), y) }));
      for (const { left, top } of places) { context.beginPath(); context.arc(left, top, 3, 0, 7); context.fill(); }
      if (chosen >= 0) { const { left, top } = places[chosen]; context.strokeStyle = colors.chosen; context.lineWidth = 2; context.beginPath(); context.arc(left, top, 7, 0, 7); context.stroke(); context.lineWidth = 1; }
      const bad = panel.points.filter((p) => yOf(p) === null);
      byId("n-points").textContent = `${panel.points.length} of ${panel.n} configurations` +
        (panel.points.length < panel.n ? " (thinned; every failed one and the worst are kept)" : "") +
        `, ${bad.length} failed` + (bad.length ? `: rows ${bad.slice(0, 20).map((p) => p[0]).join(", ")}` : "");
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
      const size = ({ point }) => Math.abs(point[quantity.value.startsWith("force") ? 4 : 2]);
      const order = places.map((_, k) => k).sort((a, b) => size(places[b]) - size(places[a]));
      say(order[(order.indexOf(chosen) + step + order.length) % order.length]);
    });
    draw();
  }

  // the worst configurations as structures
  function structures() {
    const canvas = byId("structure"), context = canvas.getContext("2d"), { width, height } = canvas;
    const choice = byId("structure-of"), rows = byId("structure-row"), scale = byId("arrow-scale");
    let turn = [-1.2, 0.4], shape;
    const rotated = ([x, y, z]) => {
      const [c, s, d, t] = [Math.cos(turn[1]), Math.sin(turn[1]), Math.cos(turn[0]), Math.sin(turn[0])];
      const [a, b] = [c * x - s * y, s * x + c * y];
      return [a, d * b - t * z, t * b + d * z];
    };
    const minus = (a, b) => a.map((v, k) => v - b[k]), plus = (a, b, f = 1) => a.map((v, k) => v + f * b[k]);
    const corners = (cell) => [0, 1, 2, 3, 4, 5, 6, 7].map((n) => cell.reduce((sum, axis, k) => plus(sum, axis, n >> k & 1), [0, 0, 0]));
    const draw = () => {
      const { numbers, positions_ang: positions, cell_ang: cell, forces_ev_per_ang: known, predicted_forces_ev_per_ang: predicted } = shape;
      const ends = cell ? corners(cell) : [], all3 = [...positions, ...ends];
      const middle = [0, 1, 2].map((k) => (Math.min(...all3.map((p) => p[k])) + Math.max(...all3.map((p) => p[k]))) / 2);
      const reach = Math.max(2, ...all3.map((p) => Math.hypot(...minus(p, middle))));
      const f = Math.min(width, height) / 2.2 / reach;
      const on = (p) => { const [x, y, z] = rotated(minus(p, middle)); return [width / 2 + f * x, height / 2 - f * y, z]; };
      const line = (a, b) => { context.beginPath(); context.moveTo(a[0], a[1]); context.lineTo(b[0], b[1]); context.stroke(); };
      context.clearRect(0, 0, width, height);
      context.strokeStyle = textColor(); context.globalAlpha = .4;
      ends.forEach((corner, n) => [1, 2, 4].forEach((bit) => { if (!(n & bit)) line(on(corner), on(ends[n | bit])); }));
      context.globalAlpha = 1;
      const order = positions.map((p, k) => [on(p), k]).sort(([a], [b]) => a[2] - b[2]);
      for (const [[x, y], k] of order) {
        const [, color, radius] = elements[numbers[k]];
        context.fillStyle = color; context.beginPath(); context.arc(x, y, Math.max(3, .45 * f * radius), 0, 7); context.fill(); context.stroke();
      }
      const norms = [known, predicted].flatMap((forces) => (forces ?? []).map((v) => Math.hypot(...v)));
      const longest = Math.max(1e-9, ...norms), length = .5 * reach / longest * 2 ** +scale.value;
      const arrows = (forces, color, dash) => {
        context.strokeStyle = color; context.lineWidth = 2; context.setLineDash(dash);
        (forces ?? []).forEach((v, k) => {
          const a = on(positions[k]), b = on(plus(positions[k], v, length)), angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
          if (Math.hypot(b[0] - a[0], b[1] - a[1]) < 2) return;
          line(a, b);
          for (const side of [2.6, -2.6]) line(b, [b[0] + 7 * Math.cos(angle + side), b[1] + 7 * Math.sin(angle + side)]);
        });
        context.setLineDash([]); context.lineWidth = 1;
      };
      arrows(known, colors.reference, []); arrows(predicted, colors.predicted, [5, 3]);
      const kinds = [...new Set(numbers)].map((n) => `${elements[n][0]} ${numbers.filter((m) => m === n).length}`).join(", ");
      byId("structure-told").textContent = `row ${shape.row}: ${numbers.length} atoms (${kinds}); ` +
        (predicted ? `longest force ${longest.toPrecision(3)} eV/Å` : "no predicted forces: the configuration failed") +
        (known ? "" : "; the reference has no forces");
      canvas.dataset.atoms = numbers.length;
    };
    const pick = () => { shape = plots[choice.value].structures.find(({ row }) => row === +rows.value); draw(); };
    const fill = () => { rows.replaceChildren(...plots[choice.value].structures.map(({ row }) => new Option(row))); pick(); };
    choice.addEventListener("input", fill); rows.addEventListener("input", pick); scale.addEventListener("input", draw);
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      turn = [turn[0] + event.movementY / 100, turn[1] + event.movementX / 100]; draw();
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault(); turn = turn.map((v, k) => v + .15 * step[k]); draw();
    });
    fill();
  }
})();
