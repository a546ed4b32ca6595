// Runs page: live list of runs and experiments, and one run with its curves. Read-only.
(() => {
  const words = {
    starting: "starting", searching: "searching a ticket", training: "training", control: "training the control", pretraining: "pre-training",
    evaluating: "measuring the result", attacking: "under attack", finished: "finished", stopped: "stopped", failed: "failed", broken: "cannot be read",
  };
  const kinds = { finished: "held", failed: "fell", broken: "fell", stopped: "warn" };
  const filters = {
    all: ["All", () => true], work: ["Running", (r) => r.active], finished: ["Finished", (r) => r.status === "finished"],
    other: ["Stopped or failed", (r) => ["stopped", "failed", "broken"].includes(r.status)],
  };
  let stop = null;
  let view = null;

  page("runs", {
    title: "Runs",
    open(params, root) {
      stop?.();
      stop = null;
      if (!about.runs)
        return put(root, emptyState("No folder of runs", "Name one when the program starts. Every run and experiment below it is shown as it goes; nothing is written.", "robust-tickets serve --runs runs"));
      const run = params.get("run");
      if (view?.run !== run || !root.firstChild) {
        view = run ? runView(run) : (lists ??= listView());
        put(root, view.element);
      }
      stop = follow(run ? `/api/runs/run?id=${encodeURIComponent(run)}` : "/api/runs", view.update, view.failed);
    },
    close() {
      stop?.();
      stop = null;
    },
  });

  let lists = null;

  const chip = (run) => h("span", { class: `chip ${run.active ? "live" : kinds[run.status] ?? ""}` }, words[run.status] ?? run.status);
  const link = (id, text) => h("a", { href: `#/runs?${new URLSearchParams({ run: id })}`, "data-key": `run ${id}` }, text);
  const share = (run) => (run.mostSteps ? Math.min(1, run.step / run.mostSteps) : null);
  const ago = (time) => {
    const seconds = (Date.now() - new Date(time)) / 1000;
    return seconds < 90 ? "just now" : seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
  };

  function steps(run) {
    if (!run.stage) return [];
    const part = share(run);
    const count = `${run.stage}, step ${figures.count(run.step)}${run.mostSteps ? ` of ${run.status === "searching" ? "at most " : ""}${figures.count(run.mostSteps)}` : ""}`;
    return run.active
      ? [part !== null && progressBar(`${run.id}: ${run.stage}`, part), h("small", {}, count, run.secondsLeft !== null && run.secondsLeft !== undefined ? `, ${figures.seconds(run.secondsLeft)} left` : "")]
      : !run.step ? [] : [h("small", { class: "line" }, run.status === "finished" ? (run.trainingSeconds ? `trained in ${figures.seconds(run.trainingSeconds)}` : "") : count)];
  }

  function kept(k) {
    if (!k) return "";
    return k.kind === "weights" ? `${figures.percent(k.neuronsKept / k.neurons, 0)} of the weights`
      : `${k.headsKept} of ${k.heads} heads, ${figures.percent(k.neuronsKept / k.neurons, 0)} of the neurons`;
  }

  function attacks(run) {
    return run.attacks.map((a) => h("small", { class: a.error ? "" : "line" }, a.finished && a.aua !== null ? `${a.name} ${a.aua.toFixed(1)} %`
      : a.error ? `${a.name}: ${a.error}` : `${a.name} ${a.done}${a.total ? ` of ${a.total}` : ""}`));
  }

  function listView() {
    let list = null;
    let filter = "all";
    let word = "";
    const trouble = h("div", { hidden: true, class: "banner", role: "status" });
    const body = h("div", { class: "stack" }, loadingState("runs"));
    const element = h("div", { class: "stack" }, trouble, body);
    const search = h("input", { type: "search", id: "runs-search", oninput: () => { word = search.value.trim().toLowerCase(); rows(); } });
    const picks = h("div", { class: "row", role: "group", "aria-label": "Which runs" }, Object.entries(filters).map(([name, [text]]) =>
      h("button", { type: "button", class: "quiet", "data-filter": name, "aria-pressed": String(name === filter), onclick: () => { filter = name; rows(); } }, text)));
    const heading = h("h2", {}, "Runs");
    const sum = h("p", { class: "muted" });
    const tables = h("div", { class: "cards" });
    const holder = h("div", {});
    const notes = h("div", { class: "stack" });
    const openTables = new Set();

    function update(next) {
      trouble.hidden = true;
      if (!next) return;
      const before = new Map(list?.runs.map((r) => [r.id, r.status]) ?? []);
      for (const run of next.runs)
        if (before.has(run.id) && before.get(run.id) !== run.status) say(`${run.id}: ${words[run.status]}`);
      list = next;
      if (!next.runs.length && !next.experiments.length)
        return put(body, emptyState("No runs yet", `There is no run below ${next.folder}. A training run that writes there appears here automatically.`, `robust-tickets train --recipe early-robust --model MODEL --data DATA --task sst2 --out ${next.folder}/first`), notesOf(next));
      if (!heading.isConnected)
        put(body, h("div", { class: "card stack" }, h("div", { class: "title-line" }, heading, sum), h("div", { class: "filters" }, h("div", {}, h("label", { for: "runs-search" }, "Search"), search), picks), holder), tables, notes);
      put(notes, notesOf(next));
      keepFocus(tables, () => put(tables, next.experiments.map(table)));
      rows();
    }

    const notesOf = (next) => next.notes.map((note) => h("p", { class: "banner calm" }, note));

    function rows() {
      const active = list.runs.filter((r) => r.active).length;
      sum.textContent = `${figures.count(list.runs.length)} in ${list.folder}, ${active ? `${active} running` : "none running"}`;
      for (const button of picks.children) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
      const shown = list.runs
        .filter(filters[filter][1])
        .filter((r) => !word || [r.id, r.recipe.name, r.recipe.task, r.model, r.cell].some((t) => t?.toLowerCase().includes(word)))
        .sort((a, b) => b.active - a.active || (b.changed ?? "").localeCompare(a.changed ?? "") || a.id.localeCompare(b.id));
      keepFocus(holder, () => put(holder, shown.length
        ? h("div", { class: "scroll" }, h("table", { class: "runs-table" },
          h("caption", { class: "unseen" }, "Runs"),
          h("thead", {}, h("tr", {}, ["Run", "Status", "Progress"].map((n) => h("th", { scope: "col" }, n)),
            ["Loss", "Tokens/s", "Clean"].map((n) => h("th", { scope: "col", class: "number" }, n)), ["Ticket keeps", "Under attack"].map((n) => h("th", { scope: "col" }, n)))),
          h("tbody", {}, shown.map(row))))
        : h("p", { class: "muted" }, "No matching runs.")));
    }

    function row(run) {
      const facts = [run.recipe.name, run.recipe.task, run.recipe.seed !== null && run.recipe.seed !== undefined && `seed ${run.recipe.seed}`, run.model].filter(Boolean).join(" · ");
      const number = (name, value) => h("td", { class: "number", "data-name": value ? name : null }, value);
      return h("tr", {},
        h("td", {}, link(run.id, run.cell ?? (run.id === "." ? "this folder" : run.id)), h("small", {}, facts), run.cell && h("small", {}, run.id)),
        h("td", {}, chip(run), run.reason && h("small", { class: "reason" }, run.reason), !run.active && run.changed && h("small", {}, ago(run.changed))),
        h("td", {}, steps(run)),
        number("loss", run.loss === null ? "" : short(run.loss)),
        number("tokens/s", run.tokensPerSecond ? figures.count(Math.round(run.tokensPerSecond)) : ""),
        number("clean", run.clean === null ? "" : figures.percent(run.clean)),
        h("td", { "data-name": run.kept ? "keeps" : null }, kept(run.kept)),
        h("td", { "data-name": run.attacks.length ? "under attack" : null }, attacks(run)));
    }

    function table(t) {
      const n = t.cells.length || 1;
      const waiting = t.cells.length - t.done - t.atWork - t.failed;
      const cells = h("details", { open: openTables.has(t.id), ontoggle: (e) => openTables[e.target.open ? "add" : "delete"](t.id) },
        h("summary", { "data-key": `table ${t.id}` }, "Cells"),
        h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, t.cells.map((c) => h("tr", {},
          h("td", {}, c.run ? link(c.run, c.id) : c.id, c.failure && h("small", {}, c.failure)),
          h("td", {}, c.active ? "running" : { open: "waiting", begun: "started", trained: "trained", done: "done", failed: "failed" }[c.state] ?? c.state),
          h("td", { class: "number" }, c.attacks ? `${c.attacksDone}/${c.attacks} attacks` : "")))))));
      return h("article", { class: "card stack" },
        h("div", {}, h("h3", {}, t.name), t.title && h("p", { class: "muted" }, t.title)),
        progressBar(`${t.name}: cells done`, t.done / n, [{ kind: "done", share: t.done / n }, { kind: "work", share: t.atWork / n }, { kind: "failed", share: t.failed / n }]),
        h("p", {}, `${t.done} of ${t.cells.length} cells done`, t.atWork ? `, ${t.atWork} running` : "", t.failed ? `, ${t.failed} failed` : "", waiting > 0 ? `, ${waiting} to do` : ""),
        t.problem && h("p", { class: "banner" }, t.problem),
        t.hasReport && h("p", {}, h("a", { class: "button", href: `/report?experiment=${encodeURIComponent(t.id)}`, target: "_blank", rel: "noopener", "data-key": `report ${t.id}` }, "Open the report")),
        cells);
    }

    return {
      run: null, element, update,
      failed(error) {
        if (!list) return put(body, errorState(error, () => location.reload()));
        trouble.hidden = false;
        trouble.textContent = `${error.message} The data shown may be outdated; retrying.`;
      },
    };
  }

  // Restores the keyboard focus after a rebuild.
  function keepFocus(element, change) {
    const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    change();
    if (key) [...element.querySelectorAll("[data-key]")].find((e) => e.dataset.key === key)?.focus({ preventScroll: true });
  }

  function runView(id) {
    let status = null;
    const back = h("a", { class: "button", href: "#/runs" }, "← All runs");
    const trouble = h("div", { hidden: true, class: "banner", role: "status" });
    const head = h("div", { class: "card stack" }, loadingState(`the run ${id}`));
    const loss = lineChart("Loss");
    const masks = lineChart("Mask distance");
    const epochs = lineChart("After each epoch");
    const gates = lineChart("Gates");
    const speed = lineChart("Tokens a second");
    const rate = lineChart("Learning rate");
    const ticket = h("div", { class: "card stack ticket-card", hidden: true });
    const attacked = h("div", { class: "card stack", hidden: true });
    const cards = new Map([[loss, null], [masks, null], [gates, null], [epochs, null], [rate, null], [speed, null]].map(([chart]) => [chart, h("div", { class: "card", hidden: true }, chart.element)]));
    const element = h("div", { class: "stack" }, h("div", {}, back), trouble, head, h("div", { class: "charts" }, cards.get(masks), cards.get(loss), cards.get(gates), cards.get(epochs), ticket, cards.get(rate), cards.get(speed)), attacked);

    const chart = (which, data) => {
      cards.get(which).hidden = !data;
      if (data) which.update(data);
    };

    function update(next) {
      trouble.hidden = true;
      if (!next) return;
      const { run } = next;
      if (status && status !== run.status) say(`${run.id}: ${words[run.status]}`);
      status = run.status;
      keepFocus(head, () => put(head, about(run, next)));
      const borders = next.stages.slice(1).map((s) => ({ at: s.begin, name: s.name }));
      const curve = (name, points) => ({ x: "step", series: [{ name, points }], marks: borders });
      chart(loss, next.loss.length ? { ...curve("loss", next.loss), about: `${figures.count(next.loss.at(-1)[0])} steps, the last at ${short(next.loss.at(-1)[1])}. Each point is a mean of neighbours.` } : null);
      chart(rate, next.learningRate.length > 1 ? { ...curve("learning rate", next.learningRate), low: 0 } : null);
      chart(speed, next.tokensPerSecond.length > 1 ? { ...curve("tokens/s", next.tokensPerSecond), low: 0, show: (v) => (v === null ? "–" : figures.count(Math.round(v))) } : null);
      chart(masks, next.masks.length ? distances(next) : null);
      chart(gates, next.gates.length > 1 ? {
        x: "step of the search", low: 0, high: 1, show: (v) => (v === null ? "–" : v.toFixed(3)),
        series: [{ name: "mean chance of being open", points: next.gates.map((g) => [g.step, g.open]) }, { name: "exactly 0 or 1", points: next.gates.map((g) => [g.step, g.settled]) }],
        about: "The penalty closes gates; those that are exactly 0 or 1 no longer feel the task.",
      } : null);
      chart(epochs, next.epochs.length ? accuracy(next.epochs) : null);
      kepts(next);
      tried(run);
    }

    function about(run, next) {
      const name = run.id === "." ? "This folder" : run.id;
      const fact = (term, value, small) => value !== null && value !== undefined && value !== "" && h("div", {}, h("dt", {}, term), h("dd", {}, value, small && h("small", {}, small)));
      const part = share(run);
      const stage = next.stages.at(-1);
      return [
        h("div", { class: "title-line" }, h("h2", {}, name), chip(run),
          run.hasReport && h("a", { class: "button", href: `/report?run=${encodeURIComponent(run.id)}`, target: "_blank", rel: "noopener", "data-key": "report" }, "Open the report")),
        h("p", { class: "muted" }, [run.recipe.name, run.recipe.task && `on ${run.recipe.task}`, run.recipe.seed !== null && run.recipe.seed !== undefined && `seed ${run.recipe.seed}`, run.model && `from ${run.model}`, run.cell].filter(Boolean).join(" · ")),
        run.reason && h("p", { class: `banner ${run.active ? "calm" : ""}` }, run.reason),
        run.active && part !== null && h("div", { class: "stack", "data-live": "" }, progressBar(`${run.stage}: steps`, part), h("p", {}, `${run.stage}: step ${figures.count(run.step)} of ${run.status === "searching" ? "at most " : ""}${figures.count(run.mostSteps)}`,
          run.secondsLeft !== null && `, ${figures.seconds(run.secondsLeft)} left in this stage${run.status === "searching" ? ", less when the masks settle before" : ""}`)),
        h("dl", { class: "facts-grid" },
          fact("Loss", run.loss === null ? null : short(run.loss), run.active ? "mean of the last steps" : ""),
          fact("Learning rate", run.learningRate === null ? null : short(run.learningRate)),
          fact("Tokens a second", run.tokensPerSecond === null ? null : figures.count(Math.round(run.tokensPerSecond))),
          fact("Epoch", run.epoch === null ? null : run.epoch.toFixed(2), stage && run.active ? `of ${stage.name}` : ""),
          fact("Clean accuracy", run.clean === null ? null : figures.percent(run.clean), run.split),
          fact("Parameters", run.parameters === null ? null : figures.millions(run.parameters), "without embeddings"),
          run.kept && fact("Ticket keeps", ...(run.kept.kind === "weights" ? [kept(run.kept)] : kept(run.kept).split(", "))),
          fact("Training", run.trainingSeconds === null ? null : figures.seconds(run.trainingSeconds), "of computing"),
          fact("Begun", run.started === null ? null : new Date(run.started).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }))),
      ];
    }

    function distances(next) {
      const { recipe } = next.run;
      const marks = [];
      if (recipe.threshold !== null) marks.push({ at: recipe.threshold, name: `threshold ${short(recipe.threshold)}`, level: true });
      if (next.stop) marks.push({ at: next.stop.drawnAtStep, name: "draw" }, { at: next.stop.stoppedAtStep, name: "stop" });
      const last = next.masks.at(-1);
      return {
        x: "step of the search", low: 0, marks, show: (v) => (v === null ? "–" : v.toFixed(4)),
        series: [{ name: "heads", dots: true, points: next.masks.map((m) => [m.step, m.heads]) }, { name: "neurons", dots: true, points: next.masks.map((m) => [m.step, m.neurons]) }],
        about: next.stop
          ? `The rule ${next.stop.rule} ${next.stop.converged ? "held" : "never held"}: the search ended at step ${figures.count(next.stop.stoppedAtStep)}.`
          : `${next.masks.length} snapshots; both distances have stayed below the threshold ${last.run} times in a row.`,
      };
    }

    function accuracy(all) {
      const names = [...new Set(all.map((e) => e.attack ?? "clean"))];
      return {
        x: "step", show: (v) => (v === null ? "–" : figures.percent(v)),
        series: names.map((name) => ({ name: name === "clean" ? "accuracy" : `under ${name}`, dots: true, points: all.filter((e) => (e.attack ?? "clean") === name).map((e) => [e.step, e.accuracy]) })),
        about: `On ${figures.count(all.at(-1).examples)} examples of ${all.at(-1).split}.`,
      };
    }

    function kepts(next) {
      ticket.hidden = !next.layers;
      if (!next.layers) return;
      const heads = next.layers.reduce((n, l) => n + l.heads.length, 0);
      const stay = next.layers.reduce((n, l) => n + [...l.heads].filter((c) => c === "1").length, 0);
      const text = `${stay} of ${heads} heads and ${figures.count(next.layers.reduce((n, l) => n + l.neuronsKept, 0))} of ${figures.count(next.layers.reduce((n, l) => n + l.neurons, 0))} neurons kept.`;
      const title = next.drawn ? "The ticket" : "The ticket that would be drawn now";
      put(ticket, h("h3", {}, title), ticketFigure(title, text, layerRows(next.layers), keptNames),
        h("p", { class: "muted" }, `${text} Struck cells are pruned; the input enters at the bottom.`),
        next.drawn && h("p", {}, h("a", { href: `#/ticket?${new URLSearchParams({ run: next.run.id })}` }, "Look closer, or compare it with another")));
    }

    function tried(run) {
      attacked.hidden = !run.attacks.length;
      const number = (value, digits = 1) => h("td", { class: "number" }, value === null || value === undefined ? "" : value.toFixed(digits));
      put(attacked, h("h3", {}, "Attacks"), h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Attack"), ["Examples", "Clean %", "Aua %", "Suc %", "Queries"].map((n) => h("th", { scope: "col", class: "number" }, n)))),
        h("tbody", {}, run.attacks.map((a) => h("tr", {},
          h("th", { scope: "row" }, a.name, !a.finished && h("small", {}, a.error ?? (a.active ? "running" : "not finished"))),
          h("td", { class: "number" }, `${figures.count(a.done)}${!a.finished && a.total ? ` of ${figures.count(a.total)}` : ""}`),
          number(a.clean), number(a.aua), number(a.success), number(a.queries)))))));
    }

    return {
      run: id, element, update,
      failed(error) {
        if (error.status === 404 || !status) {
          put(head, errorState(error, () => { location.hash = "#/runs"; }));
          for (const card of cards.values()) card.hidden = true;
          ticket.hidden = attacked.hidden = true;
          status = null;
          return;
        }
        trouble.hidden = false;
        trouble.textContent = `${error.message} The data shown may be outdated; retrying.`;
      },
    };
  }
})();
