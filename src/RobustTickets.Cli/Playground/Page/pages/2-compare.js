// Compare page: all models in a table, and the same attacked examples on two of them.
const columns = [
  { name: "Model", of: (m) => m.name, show: (m) => [m.name, h("small", {}, [m.recipe ?? m.form])] },
  { name: "Parameters", number: true, of: (m) => m.parameters, show: (m) => figures.millions(m.parameters), about: "Without the embedding tables" },
  { name: "Clean", number: true, best: Math.max, of: (m) => m.clean, show: (m) => [figures.percent(m.clean), h("small", {}, m.cleanRows)], about: "Accuracy on the rows that the run reports" },
  { name: "Aua", number: true, best: Math.max, of: (m, a) => m.attacks[a]?.aua, about: "Accuracy under attack, with its 95 % interval (Wilson)",
    show: (m, a) => [figures.percent(m.attacks[a].aua), h("small", {}, `${figures.percent(m.attacks[a].auaLow, 0)} to ${figures.percent(m.attacks[a].auaHigh, 0)}, n = ${m.attacks[a].count}`)] },
  { name: "Suc", number: true, best: Math.min, of: (m, a) => m.attacks[a]?.suc, show: (m, a) => figures.percent(m.attacks[a].suc), about: "Share of attacked examples that fell" },
  { name: "Queries", number: true, of: (m, a) => m.attacks[a]?.queries, show: (m, a) => figures.count(Math.round(m.attacks[a].queries)), about: "A mean attacked example, as TextAttack counts them" },
  { name: "Texts a second", number: true, best: Math.max, of: (m) => m.speed?.textsPerSecond, about: "Measured here, when asked for, while the server goes on serving",
    show: (m) => [m.speed.textsPerSecond.toFixed(m.speed.textsPerSecond < 10 ? 1 : 0), h("small", {}, `${Math.round(m.speed.pieces)} word pieces, ${m.speed.source}`)] },
];
const kinds = [
  ["all", "All"], ["only-first", "Only the first fell"], ["only-second", "Only the second fell"],
  ["both", "Both fell"], ["neither", "Neither fell"], ["wrong-before", "Wrong before"],
];
let compared = null;
let opened = 0;

page("compare", {
  title: "Compare",
  async open(params, root) {
    if (about.models.length === 0) {
      put(root, emptyState("No model is loaded", "Name two or more runs when the program starts; their attacks fill the table.",
        "robust-tickets serve --model runs/baseline --model runs/early-robust"));
      return;
    }
    const turn = ++opened;
    if (!compared) put(root, loadingState("the table"));
    try {
      const table = await getJson("/api/compare");
      if (turn !== opened) return;
      const speeds = new Map(compared?.models.map((m) => [m.id, m.speed]));
      compared = { ...compared, ...table };
      for (const model of compared.models) model.speed = speeds.get(model.id);
      makeCompare(root, params);
    } catch (error) {
      if (turn === opened) put(root, errorState(error, () => this.open(params, root)));
    }
  },
  close() { opened++; },
});

function makeCompare(root, params) {
  const { models, attacks } = compared;
  const state = {
    attack: attacks.includes(params.get("attack")) ? params.get("attack") : attacks[0],
    first: params.get("first"), second: params.get("second"), show: params.get("show") ?? "all",
  };
  const attack = h("select", { id: "compare-attack", onchange: () => { state.attack = attack.value; draw(); } },
    attacks.map((name) => h("option", { value: name }, name)));
  attack.value = state.attack ?? "";
  const table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of models" });
  const note = h("p", { class: "muted" });
  const beside = h("div", { class: "stack" });
  put(root, h("div", { class: "stack" },
    h("section", { class: "card stack", "aria-labelledby": "compare-title" },
      h("div", { class: "row spread" }, h("h2", { id: "compare-title" }, "Models"),
        h("div", { class: "row" },
          attacks.length > 0 && h("div", { class: "row" }, h("label", { for: "compare-attack", class: "inline" }, "Attack"), attack),
          h("button", { type: "button", onclick: () => download(`/api/compare/table.csv${query({ attack: state.attack })}`, "models.csv") }, "Export CSV"))),
      table, note),
    beside));
  draw();

  function draw() {
    put(table, drawTable(models, state.attack, draw));
    put(note, attacks.length === 0
      ? ["No model has an attack yet. Aua, Suc and queries come from the runs' attacks, as made by ", h("code", {}, "robust-tickets attack --model runs/NAME --data ..."), "."]
      : ["Clean, Aua, Suc and queries are recomputed from the files of the runs. Speed is measured live on this machine.",
        compared.differs[state.attack].map((text) => h("strong", {}, ` ${text}`))]);
    const able = models.filter((m) => m.attacks[state.attack]);
    if (able.length < 2) {
      put(beside, emptyState("Two attacked models are needed", "With the same attack on the same examples in two runs, the texts appear here side by side."));
      return;
    }
    if (!able.some((m) => m.id === state.first)) state.first = able[0].id;
    if (!able.some((m) => m.id === state.second)) state.second = able.find((m) => m.id !== state.first).id;
    put(beside, drawBeside(able, state));
  }
}

const query = (fields) => {
  const text = new URLSearchParams(Object.entries(fields).filter(([, v]) => v)).toString();
  return text && `?${text}`;
};

function drawTable(models, attack, again) {
  const { sort } = compared;
  const order = sort ? [...models].sort((a, b) => {
    const [x, y] = [sort.column.of(a, attack), sort.column.of(b, attack)];
    if (x === y) return 0;
    if (x === undefined || x === null) return 1;
    if (y === undefined || y === null) return -1;
    return (x < y ? -1 : 1) * sort.direction;
  }) : models;
  const best = new Map(columns.filter((c) => c.best).map((c) => {
    const values = models.map((m) => c.of(m, attack)).filter((v) => v !== undefined && v !== null);
    return [c, values.length > 1 ? c.best(...values) : undefined];
  }));
  return h("table", {},
    h("thead", {}, h("tr", {}, columns.map((column) => {
      const by = sort?.column === column ? sort.direction : 0;
      return h("th", { scope: "col", class: column.number ? "number" : "", "aria-sort": by > 0 ? "ascending" : by < 0 ? "descending" : "none" },
        h("button", { type: "button", class: "quiet sort", title: column.about, onclick: () => {
          compared.sort = { column, direction: by === 0 ? (column.number ? -1 : 1) : -by };
          again();
        } }, column.name, h("span", { "aria-hidden": "true" }, by > 0 ? " ▲" : by < 0 ? " ▼" : "")));
    }))),
    h("tbody", {}, order.map((model) => h("tr", {}, columns.map((column, i) => {
      const value = column.of(model, attack);
      const there = value !== undefined && value !== null;
      const content = there ? column.show(model, attack)
        : column.name === "Texts a second" ? measureButton(model, again) : h("span", { class: "muted" }, "–");
      if (i === 0) return h("th", { scope: "row" }, content);
      return h("td", { class: `${column.number ? "number" : ""}${there && best.get(column) === value ? " best" : ""}` }, content);
    })))));
}

function measureButton(model, again) {
  const button = h("button", { type: "button", onclick: async () => {
    button.disabled = true;
    button.textContent = "measures";
    try {
      model.speed = await postJson("/api/speed", { model: model.id });
      say(`${model.name}: ${model.speed.textsPerSecond.toFixed(0)} texts a second`);
      again();
    } catch (error) {
      button.disabled = false;
      button.textContent = "Measure";
      button.title = error.message;
      say(error.message);
    }
  }, "aria-label": `Measure ${model.name}` }, "Measure");
  return button;
}

function drawBeside(models, state) {
  const pick = (name, text) => {
    const select = h("select", { id: `compare-${name}`, onchange: () => { state[name] = select.value; load(0); } },
      models.map((m) => h("option", { value: m.id }, m.name)));
    select.value = state[name];
    return h("div", {}, h("label", { for: `compare-${name}` }, text), select);
  };
  const filter = h("div", { class: "filter", role: "radiogroup", "aria-label": "Which examples" });
  const differs = h("p", { role: "note", hidden: true });
  const list = h("div", { class: "stack" });
  const more = h("button", { type: "button", hidden: true, onclick: () => load(list.children.length) }, "Show more");
  const section = h("section", { class: "card stack", "aria-labelledby": "beside-title" },
    h("div", { class: "row spread" }, h("h2", { id: "beside-title" }, "The same examples"),
      h("button", { type: "button", onclick: () => download(`/api/compare/examples.csv${query(state)}`, "examples.csv") }, "Export CSV")),
    h("div", { class: "row" }, pick("first", "First model"), pick("second", "Second model")), differs, filter, list, h("div", { class: "row" }, more));
  // A later request replaces an earlier one whose answer is still to come.
  let asked = 0;
  load(0);
  return section;

  async function load(from) {
    const turn = ++asked;
    keep("compare", { attack: state.attack, first: state.first, second: state.second, show: state.show === "all" ? "" : state.show });
    if (from === 0) put(list, loadingState("the examples"));
    try {
      const told = await getJson(`/api/compare/examples${query({ ...state, from: String(from) })}`);
      if (turn !== asked) return;
      if (from === 0) list.replaceChildren();
      const all = { ...told.counts, all: told.count };
      differs.hidden = !told.differs;
      put(differs, told.differs && h("strong", {}, `These attacks cannot be compared: ${told.differs}.`));
      put(filter, kinds.map(([kind, text]) => h("label", { class: state.show === kind ? "on" : "" },
        h("input", { type: "radio", name: "show", value: kind, checked: state.show === kind, onchange: () => { state.show = kind; load(0).then(() => filter.querySelector(":checked")?.focus()); } }),
        text, h("small", {}, figures.count(all[kind])))));
      list.append(...told.examples.map((e) => drawExample(e, models, state)));
      if (list.children.length === 0) put(list, emptyState("No matching examples", "Choose another filter."));
      more.hidden = list.querySelectorAll("article").length >= all[state.show];
    } catch (error) {
      if (turn === asked) put(list, errorState(error, () => load(from)));
    }
  }
}

function drawExample(example, models, state) {
  const side = (name) => {
    const { result, output, queries, before, after } = example[name];
    const fell = result === "success";
    return h("div", { class: "stack side" },
      h("div", { class: "row spread" }, h("h4", {}, models.find((m) => m.id === state[name]).name),
        h("span", { class: `chip ${fell ? "fell" : result === "failed" ? "held" : "warn"}` }, { success: "fell", failed: "held", skipped: "wrong before" }[result])),
      result === "skipped" ? h("p", { class: "muted" }, `says ${output}`) : [
        h("p", { class: "words" }, diffWords(before, "was")), h("p", { class: "words" }, diffWords(after, "now")),
        h("p", { class: "muted" }, `${fell ? `says ${output}` : `still ${output}`}, ${figures.count(queries)} queries`)]);
  };
  return h("article", { class: "example" },
    h("h3", {}, example.label, " ", h("small", { class: "muted" }, example.id)),
    h("div", { class: "sides" }, side("first"), side("second")));
}

function diffWords({ words: list, marks }, kind) {
  const set = new Set(marks);
  return list.map((word, i) => [i ? " " : "", set.has(i) ? h("mark", { class: kind }, word) : word]);
}
