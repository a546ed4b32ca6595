// Line charts in the report's style: round ticks, a light grid, marks as labelled lines. Lines differ by
// colour and by dash. A chart keeps its element and is drawn again when its data or its width change; the figures
// are in a table next to it.
const dashes = ["", "7 3", "2 3", "9 3 2 3"];

function short(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)} M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)} k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace("e-", "e−");
  return `${+value.toPrecision(4)}`;
}

function ticks(low, high, wanted) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((m) => m * power >= raw * 0.999) * power;
  const all = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) all.push(i * step);
  return all;
}

// data: { x, y, series: [{ name, points: [[x, y|null]], dots }], marks: [{ at, name, level }], low, high, about, show }
function lineChart(title) {
  const canvas = h("div", { class: "canvas" });
  const legend = h("ul", { class: "legend" });
  const note = h("figcaption", {});
  const table = h("div", { class: "scroll" });
  const more = h("details", {}, h("summary", {}, "The figures"), table);
  const element = h("figure", { class: "chart" }, h("h3", {}, title), legend, canvas, note, more);
  let data = null;
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (now === width) return;
    width = now;
    draw();
  }).observe(canvas);
  more.addEventListener("toggle", () => { if (more.open) list(); });

  function draw() {
    if (!data || width < 40) return;
    const all = data.series.flatMap((s) => s.points).filter((p) => p[1] !== null);
    const levels = data.marks?.filter((m) => m.level).map((m) => m.at) ?? [];
    const ups = data.marks?.filter((m) => !m.level) ?? [];
    const span = (values, low, high) => {
      const from = low ?? Math.min(...values);
      const to = high ?? Math.max(...values);
      return from === to ? [from - (Math.abs(from) * 0.1 || 0.5), to + (Math.abs(to) * 0.1 || 0.5)] : [from, to];
    };
    const height = width < 480 ? 210 : 260;
    const [left, right, top, bottom] = [54, 14, ups.length ? 34 : 10, 40];
    const [x0, x1] = span([...all.map((p) => p[0]), ...ups.map((m) => m.at)], data.from);
    let [y0, y1] = span([...all.map((p) => p[1]), ...levels], data.low, data.high);
    if (data.high === undefined) y1 += (y1 - y0) * 0.05;
    if (data.low === undefined) y0 -= (y1 - y0) * 0.05;
    const X = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right);
    const Y = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - bottom - top);
    const at = (n) => n.toFixed(1);
    const parts = [];
    for (const v of ticks(y0, y1, 5)) {
      parts.push(svg("line", { class: "grid", x1: left, x2: width - right, y1: at(Y(v)), y2: at(Y(v)) }));
      parts.push(svg("text", { x: left - 7, y: at(Y(v) + 4), "text-anchor": "end" }, short(v)));
    }
    for (const v of ticks(x0, x1, Math.max(3, Math.min(8, width / 110)))) {
      parts.push(svg("line", { class: "axis", x1: at(X(v)), x2: at(X(v)), y1: height - bottom, y2: height - bottom + 4 }));
      parts.push(svg("text", { x: at(X(v)), y: height - bottom + 17, "text-anchor": "middle" }, short(v)));
    }
    parts.push(svg("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
    parts.push(svg("text", { x: (left + width - right) / 2, y: height - 5, "text-anchor": "middle" }, data.x));
    data.series.forEach((series, i) => {
      let pen = false;
      let path = "";
      for (const [x, y] of series.points) {
        if (y === null) { pen = false; continue; }
        path += `${pen ? "L" : "M"}${at(X(x))} ${at(Y(y))}`;
        pen = true;
      }
      parts.push(svg("path", { class: `line s${(i % 6) + 1}`, d: path, "stroke-dasharray": dashes[i % 4] || null }));
      if (series.dots || series.points.length === 1)
        for (const [x, y] of series.points)
          if (y !== null) parts.push(svg("circle", { class: `dot s${(i % 6) + 1}`, cx: at(X(x)), cy: at(Y(y)), r: 3 }));
    });
    ups.sort((a, b) => a.at - b.at).forEach((mark, i) => {
      const x = X(mark.at);
      const end = x > width * 0.6;
      parts.push(svg("line", { class: "mark", x1: at(x), x2: at(x), y1: 4 + (i % 2) * 14, y2: height - bottom }));
      parts.push(svg("text", { class: "mark-name", x: at(end ? x - 5 : x + 5), y: 13 + (i % 2) * 14, "text-anchor": end ? "end" : "start" }, mark.name));
    });
    for (const mark of data.marks?.filter((m) => m.level) ?? []) {
      parts.push(svg("line", { class: "mark", x1: left, x2: width - right, y1: at(Y(mark.at)), y2: at(Y(mark.at)) }));
      // Avoids vertical marks at the right end.
      const free = Math.min(width - right, ...ups.map((m) => X(m.at) - 8).filter((x) => x > width - 150));
      parts.push(svg("text", { class: "mark-name", x: at(free), y: at(Y(mark.at) - 6), "text-anchor": "end" }, mark.name));
    }
    const hair = svg("line", { class: "hair", y1: top, y2: height - bottom, visibility: "hidden" });
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${title}. ${data.about ?? ""}` }, parts, hair);
    picture.addEventListener("pointermove", (event) => {
      const x = x0 + ((event.offsetX - left) / (width - left - right)) * (x1 - x0);
      const near = all.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best));
      hair.setAttribute("x1", X(near[0]));
      hair.setAttribute("x2", X(near[0]));
      hair.setAttribute("visibility", "visible");
      note.textContent = `${data.x} ${figures.count(near[0])}: ${data.series
        .map((s) => [s.name, s.points.find((p) => p[0] === near[0])?.[1] ?? null]).filter((v) => v[1] !== null)
        .map(([name, value]) => `${name} ${(data.show ?? short)(value)}`).join(", ")}`;
    });
    picture.addEventListener("pointerleave", () => {
      hair.setAttribute("visibility", "hidden");
      note.textContent = data.about ?? "";
    });
    put(canvas, all.length ? picture : h("p", { class: "muted" }, "Nothing to draw yet."));
  }

  // At most about sixty rows, for readability; the run's log has every step.
  function list() {
    const xs = [...new Set(data.series.flatMap((s) => s.points.map((p) => p[0])))].sort((a, b) => a - b);
    const every = Math.ceil(xs.length / 60);
    const rows = xs.filter((_, i) => i % every === 0 || i === xs.length - 1);
    put(table, h("table", {},
      h("caption", { class: "unseen" }, title),
      h("thead", {}, h("tr", {}, h("th", { class: "number", scope: "col" }, data.x), data.series.map((s) => h("th", { class: "number", scope: "col" }, s.name)))),
      h("tbody", {}, rows.map((x) => h("tr", {},
        h("th", { class: "number", scope: "row" }, figures.count(x)),
        data.series.map((s) => h("td", { class: "number" }, (data.show ?? short)(s.points.find((p) => p[0] === x)?.[1] ?? null))))))));
  }

  return {
    element,
    update(next) {
      const changed = JSON.stringify(next, (key, value) => (typeof value === "function" ? undefined : value));
      if (changed === element.dataset.seen) return;
      element.dataset.seen = changed.length < 4000 ? changed : "";
      data = next;
      put(legend, data.series.length > 1
        ? data.series.map((s, i) => h("li", {}, svg("svg", { width: 26, height: 8, "aria-hidden": "true" },
          svg("line", { class: `line s${(i % 6) + 1}`, x1: 0, x2: 26, y1: 4, y2: 4, "stroke-dasharray": dashes[i % 4] || null })), s.name))
        : []);
      note.textContent = data.about ?? "";
      draw();
      if (more.open) list();
    },
  };
}

// A ticket layer by layer, the first layer at the bottom, where the input enters. rows: [{ layer, heads: [kind],
// bars: [{ kind, share }], text }]; kinds are CSS classes, names their labels.
function ticketFigure(title, about, rows, names) {
  return h("figure", { class: "ticket", role: "img", "aria-label": `${title}. ${about}` },
    h("div", { class: "ticket-row head", "aria-hidden": "true" }, h("span", {}), h("span", {}, "attention heads"), h("span", {}, "FFN neurons kept"), h("span", {})),
    [...rows].reverse().map((row) => h("div", { class: "ticket-row", "aria-hidden": "true" },
      h("span", { class: "layer" }, `${row.layer}`),
      h("span", { class: "heads" }, row.heads.map((kind, head) => h("i", { class: kind, title: `layer ${row.layer}, head ${head}: ${names[kind]}` }))),
      h("span", { class: "neuron-bar" }, row.bars.map((bar) => h("i", { class: bar.kind, vars: { "--share": `${100 * bar.share}%` }, title: `layer ${row.layer}: ${names[bar.kind]}` }))),
      h("span", { class: "number" }, row.text))));
}

function progressBar(name, share, parts) {
  return h("div", { class: "progress", role: "progressbar", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share) },
    (parts ?? [{ kind: "done", share }]).map((p) => h("i", { class: p.kind, vars: { "--share": `${100 * p.share}%` } })));
}

// Polls while a page is shown: on(answer) for new data, failed(error) on errors. The answer's version
// is sent back, so that unchanged data are not sent again. Paused while the window is hidden.
function follow(path, on, failed, pause = 1500) {
  let version = "";
  let ended = false;
  let timer = 0;
  const control = new AbortController();
  async function turn() {
    clearTimeout(timer);
    if (ended) return;
    if (!document.hidden) {
      try {
        const answer = await getJson(`${path}${path.includes("?") ? "&" : "?"}since=${version}`, { signal: control.signal });
        if (ended) return;
        if (!answer.unchanged) version = answer.version;
        on(answer.unchanged ? null : answer);
      } catch (error) {
        if (ended || error.name === "AbortError") return;
        failed(error);
      }
    }
    timer = setTimeout(turn, pause);
  }
  const wake = () => { if (!document.hidden) turn(); };
  document.addEventListener("visibilitychange", wake);
  turn();
  return () => {
    ended = true;
    clearTimeout(timer);
    control.abort();
    document.removeEventListener("visibilitychange", wake);
  };
}
