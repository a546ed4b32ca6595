// Attacks on the text of the Try page: select, observe, cancel.
function makeAttack(read, remember) {
  const model = h("select", { id: "attack-model", onchange: () => { load(); remember(); } },
    about.models.map((m) => h("option", { value: m.id }, m.name)),
    about.models.length > 1 && h("option", { value: "*" }, "every model"));
  const attack = h("select", { id: "attack-name", onchange: () => { wanted = null; explain(); remember(); } });
  const what = h("p", { class: "muted", id: "attack-about" });
  const startButton = h("button", { type: "button", class: "primary", onclick: start }, "Attack");
  const stopButton = h("button", { type: "button", class: "stop", hidden: true, onclick: stop }, "Stop");
  const lacking = h("details", { hidden: true });
  const fights = h("div", { class: "cards", "aria-live": "off" });
  const root = h("section", { class: "card stack attack", "aria-labelledby": "attack-title" },
    h("div", { class: "row spread" }, h("h2", { id: "attack-title" }, "Attack this text"),
      h("div", { class: "row" }, startButton, stopButton)),
    h("div", { class: "row" },
      h("div", {}, h("label", { for: "attack-name" }, "Attack"), attack),
      h("div", {}, h("label", { for: "attack-model" }, "Model"), model)),
    what, lacking, fights);
  const running = new Set();
  let choices = [];
  // The attack of a link, until it is selected.
  let wanted = null;
  let loads = 0;
  load();

  async function load() {
    const turn = ++loads;
    const id = model.value === "*" ? about.models[0].id : model.value;
    try {
      const told = await getJson(`/api/attacks?model=${encodeURIComponent(id)}`);
      if (turn !== loads) return;
      choices = told.attacks;
    } catch (error) {
      if (turn === loads) put(fights, errorState(error, load));
      return;
    }
    const before = wanted ?? attack.value;
    wanted = null;
    const able = choices.filter((c) => c.lacks.length === 0);
    put(attack, able.map((c) => h("option", { value: c.name }, c.name)));
    attack.value = able.some((c) => c.name === before) ? before : able[0]?.name;
    const unable = choices.filter((c) => c.lacks.length > 0);
    lacking.hidden = unable.length === 0;
    put(lacking, h("summary", {}, `${unable.length} more cannot run here`),
      h("ul", {}, unable.map((c) => h("li", {}, h("b", {}, c.name), " lacks ",
        c.lacks.map((l, i) => [i ? "; " : "", h("code", {}, l.kind), `, ${l.purpose}`]))),
      h("li", { class: "muted" }, h("code", {}, "robust-tickets resources list"), " says where each comes from.")));
    explain();
  }

  function explain() {
    const choice = choices.find((c) => c.name === attack.value);
    put(what, choice && choice.summary[0].toUpperCase() + choice.summary.slice(1), choice?.without.length > 0 &&
      [". Without its ", choice.without.map((w) => (w.kind === "tagger" ? "part-of-speech" : "sentence-similarity")).join(" and "),
        " constraint: the resource is not there."]);
  }

  function start() {
    const { text, pair } = read();
    if (!text.trim() || running.size > 0 || !attack.value) return;
    remember();
    fights.replaceChildren();
    const models = model.value === "*" ? about.models : about.models.filter((m) => m.id === model.value);
    const waiting = models.map((m) => ({ model: m, view: makeFight(m, fights) }));
    // As many in parallel as the server allows.
    for (let i = 0; i < Math.min(about.limits.attacks, models.length); i++) next();
    toggle();

    function next() {
      const one = waiting.shift();
      if (!one) return;
      const controller = new AbortController();
      running.add(controller);
      one.view.begins();
      const body = { model: one.model.id, attack: attack.value, text, pair: pair || undefined };
      listen("/api/attack", body, one.view.on, { signal: controller.signal })
        .then(() => one.view.over(), (error) => one.view.over(error))
        .finally(() => {
          running.delete(controller);
          if (!controller.signal.aborted) next();
          toggle();
        });
    }
  }

  function stop() {
    for (const controller of running) controller.abort();
  }

  function toggle() {
    startButton.disabled = running.size > 0;
    stopButton.hidden = running.size === 0;
  }

  return {
    root, start, stop,
    picked: () => ({ model: model.value, attack: attack.value || wanted }),
    pick(id, name) {
      if ([...model.options].some((o) => o.value === id)) model.value = id;
      wanted = name;
      load();
    },
  };
}

// One model under attack, updated by server-sent events.
function makeFight(model, parent) {
  const most = 40;
  const chip = h("span", { class: "chip" }, "waits");
  const facts = { queries: h("dd", {}, "0"), probability: h("dd", {}, "–") };
  const name = h("dt", {}, "p");
  const text = h("div", {});
  const curve = h("div", {});
  const steps = h("ol", { class: "steps", tabindex: 0, "aria-label": "Words tried" });
  const root = h("article", { class: "card fight", "aria-label": `Attack on ${model.name}` },
    h("div", { class: "row spread" }, h("h3", {}, model.name), chip),
    h("dl", { class: "facts" }, h("div", {}, h("dt", {}, "queries"), facts.queries), h("div", {}, name, facts.probability)),
    curve, text, steps);
  parent.append(root);
  const points = [];
  let queries = 0;
  let original = [];
  let ended = false;
  let newest = null;

  const handlers = {
    building: ({ attack }) => { chip.textContent = `loading the resources of ${attack}`; },
    begin(told) {
      chip.textContent = "searches";
      name.textContent = `p(${told.label})`;
      original = told.text;
      put(text, plainWords(original));
      point(1, told.probability);
    },
    ranking(told) {
      const importance = wordList(original).map(() => 0);
      for (const [position, value] of told.words) importance[position] = value;
      put(text, shadedWords(original, importance));
    },
    candidates(told) {
      newest = h("li", {}, h("b", {}, told.word || "…"), h("div", { class: "tries" },
        told.best.map((c) => h("span", { class: c.falls ? "falls" : "", "data-word": c.word },
          c.word, " ", h("small", {}, c.probability.toFixed(2)))),
        told.count > told.best.length && h("small", { class: "muted" }, `and ${told.count - told.best.length} more`)));
      steps.prepend(newest);
      while (steps.children.length > most) steps.lastChild.remove();
    },
    took(told) {
      put(text, markedWords(told.text, told.marks, "now"));
      const now = wordList(told.text);
      const taken = [...(newest?.querySelectorAll(".tries span") ?? [])].find((s) => told.marks.some((m) => now[m] === s.dataset.word));
      taken?.classList.add("taken");
      point(queries, told.probability);
    },
    queries(told) {
      queries = told.queries;
      facts.queries.textContent = figures.count(queries);
    },
    failed: (told) => over(new Error(told.error)),
    end,
  };

  function point(at, probability) {
    facts.probability.textContent = probability.toFixed(3);
    points.push([at, probability]);
    put(curve, drawCurve(points, name.textContent));
  }

  function end(told) {
    ended = true;
    if (told.error) return over(new Error(told.error));
    queries = told.queries;
    facts.queries.textContent = figures.count(told.queries);
    const fell = told.result === "success";
    root.classList.remove("running");
    root.classList.add(fell ? "fell" : "held");
    chip.className = `chip ${fell ? "fell" : told.result === "skipped" ? "warn" : "held"}`;
    chip.textContent = { success: "fell", failed: "held", skipped: "skipped" }[told.result];
    facts.probability.textContent = told.after.probability.toFixed(3);
    const sentence = told.result === "skipped"
      ? `The model says ${told.before.output} without any change.`
      : fell
        ? `${told.before.output} became ${told.after.output}: ${told.wordsChanged} of ${told.words} words changed, ${figures.count(told.queries)} queries, ${figures.seconds(told.seconds)}.`
        : `Still ${told.label} after ${figures.count(told.queries)} queries, ${figures.seconds(told.seconds)}${told.stoppedByTime ? "; the time limit was reached" : ""}.`;
    put(text, h("p", { class: "sentence" }, sentence), told.result !== "skipped" && h("dl", { class: "pairline" },
      h("dt", {}, "before"), h("dd", {}, markedWords(told.before.text, told.before.marks, "was")),
      h("dt", {}, fell ? "after" : "best found"), h("dd", {}, markedWords(told.after.text, told.after.marks, "now"))));
    say(`${model.name}: ${sentence}`);
  }

  function over(error) {
    root.classList.remove("running");
    if (ended) return;
    ended = true;
    chip.className = "chip warn";
    chip.textContent = !error || error.name === "AbortError" ? "stopped" : "failed";
    if (error && error.name !== "AbortError") put(text, h("p", { role: "alert" }, error.message));
    say(`${model.name}: ${chip.textContent}`);
  }

  return {
    begins() {
      root.classList.add("running");
      chip.textContent = "starts";
    },
    on: (event, told) => handlers[event]?.(told),
    over,
  };
}

// Probability of the attacked class over queries; the line in the middle is 0.5.
function drawCurve(points, label) {
  const last = Math.max(2, points.at(-1)[0]);
  const at = ([x, p]) => `${((100 * x) / last).toFixed(2)},${(40 - 38 * p).toFixed(2)}`;
  const steps = points.flatMap((p, i) => (i ? [[p[0], points[i - 1][1]], p] : [p])).map(at).join(" ");
  return svg("svg", { class: "curve", viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img",
    "aria-label": `${label} fell from ${points[0][1].toFixed(2)} to ${points.at(-1)[1].toFixed(2)}` },
  svg("polygon", { class: "area", points: `${at([points[0][0], 0])} ${steps} ${at([last, 0])}` }),
  svg("line", { class: "half", x1: 0, x2: 100, y1: 21, y2: 21 }),
  svg("polyline", { class: "line", points: steps }));
}
