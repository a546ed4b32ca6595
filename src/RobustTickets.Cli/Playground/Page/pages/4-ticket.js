// Ticket page: kept units of a ticket, and its difference from another ticket.
(() => {
  const bothNames = { both: "kept in both", first: "kept only in the first", second: "kept only in the second", pruned: "pruned in both" };
  let asked = 0;

  page("ticket", {
    title: "Ticket",
    async open(params, root) {
      const turn = ++asked;
      if (!about.runs)
        return put(root, emptyState("No folder of runs", "Tickets lie in run folders. Name a folder of runs when the program starts.", "robust-tickets serve --runs runs"));
      if (!root.firstChild) put(root, loadingState("tickets"));
      try {
        const list = await getJson("/api/runs");
        if (turn !== asked) return;
        const runs = list.runs.filter((r) => r.hasTicket);
        if (!runs.length)
          return put(root, emptyState("No ticket yet", `No run in ${list.folder} has drawn a ticket so far. A search draws one when its masks have settled.`, `robust-tickets train --recipe early-robust --model MODEL --data DATA --task sst2 --out ${list.folder}/first`));
        const run = runs.find((r) => r.id === params.get("run")) ?? runs[0];
        const other = runs.find((r) => r.id === params.get("other") && r.id !== run.id) ?? null;
        const [first, second, difference] = await Promise.all([
          getJson(`/api/ticket?run=${encodeURIComponent(run.id)}`),
          other && getJson(`/api/ticket?run=${encodeURIComponent(other.id)}`),
          other && getJson(`/api/ticket/compare?run=${encodeURIComponent(run.id)}&other=${encodeURIComponent(other.id)}`).catch((error) => ({ error })),
        ]);
        if (turn !== asked) return;
        put(root, h("div", { class: "stack" }, pickers(runs, run, other), other && !difference.error ? compared(run, other, first, second, difference) : shown(run, first),
          difference?.error && h("p", { class: "banner" }, difference.error.message)));
      } catch (error) {
        if (turn === asked) put(root, errorState(error, show));
      }
    },
    close() { asked++; },
  });

  function pickers(runs, run, other) {
    const option = (r, chosen) => h("option", { value: r.id, selected: r === chosen }, r.id === "." ? "this folder" : r.id);
    const first = h("select", { id: "ticket-first", onchange: changed }, runs.map((r) => option(r, run)));
    const second = h("select", { id: "ticket-second", onchange: changed }, h("option", { value: "" }, "none"), runs.filter((r) => r !== run).map((r) => option(r, other)));
    function changed() {
      go("ticket", { run: first.value, ...(second.value && second.value !== first.value ? { other: second.value } : {}) });
    }
    return h("div", { class: "card filters ticket-picks" },
      h("div", {}, h("label", { for: "ticket-first" }, "Ticket of"), first),
      h("div", {}, h("label", { for: "ticket-second" }, "Compared with"), second));
  }

  const facts = (ticket) => h("dl", { class: "facts-grid" }, ticket.facts.filter(([name]) => !name.includes("sha256") && name !== "schema_version" && name !== "kind")
    .map(([name, value]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, /^\d+\.\d{5,}$/.test(value) ? Number(value).toFixed(4) : value))));

  function shown(run, ticket) {
    const total = (kind) => ticket.parts.filter((p) => p.kind === kind).reduce((s, p) => [s[0] + p.kept, s[1] + p.count], [0, 0]);
    const [heads, allHeads] = total("heads");
    const [neurons, allNeurons] = total("neurons");
    const text = ticket.layers
      ? `${heads} of ${allHeads} heads and ${figures.count(neurons)} of ${figures.count(allNeurons)} neurons kept.`
      : `${figures.percent(ticket.parts.reduce((n, p) => n + p.kept, 0) / ticket.parts.reduce((n, p) => n + p.count, 0))} of the weights kept.`;
    return [
      h("div", { class: "card stack ticket-card" }, h("h2", {}, run.id === "." ? "The ticket" : `The ticket of ${run.id}`), facts(ticket),
        ticket.layers && legend([["kept", "head kept"], ["pruned", "head pruned"], ["kept neurons", "neurons kept"]]),
        ticket.layers && ticketFigure("Heads and neurons kept", text, layerRows(ticket.layers), keptNames),
        h("p", { class: "muted" }, text, " The input enters at the bottom.")),
      h("details", { class: "card", open: !ticket.layers }, h("summary", {}, "Part by part"), h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Layer"), h("th", { scope: "col" }, "Part"), ["Kept", "Of", "Pruned"].map((n) => h("th", { scope: "col", class: "number" }, n)))),
        h("tbody", {}, ticket.parts.map((p) => h("tr", {}, h("td", {}, p.layer ?? ""), h("td", {}, p.kind),
          h("td", { class: "number" }, figures.count(p.kept)), h("td", { class: "number" }, figures.count(p.count)),
          h("td", { class: "number" }, p.count ? figures.percent(1 - p.kept / p.count) : ""))))))),
    ];
  }

  const legend = (items) => h("ul", { class: "legend" }, items.map(([kind, text]) => h("li", {}, h("i", { class: kind }), text)));

  function compared(run, other, first, second, difference) {
    const all = difference.totals.at(-1);
    const of = (kind) => difference.totals.find((t) => t.kind === kind) ?? all;
    const words = (t) => `${figures.count(t.shared)} kept in both, of ${figures.count(t.keptFirst)} and ${figures.count(t.keptSecond)}`;
    const rows = first.layers && second.layers && first.layers.map((layer, i) => {
      const there = second.layers[i];
      const p = difference.parts.find((x) => x.layer === i && x.kind === "neurons");
      return {
        layer: i,
        heads: [...layer.heads].map((c, k) => (c === "1" ? (there.heads[k] === "1" ? "both" : "first") : there.heads[k] === "1" ? "second" : "pruned")),
        bars: [["both", p.shared], ["first", p.keptFirst - p.shared], ["second", p.keptSecond - p.shared]].map(([kind, n]) => ({ kind, share: p.count ? n / p.count : 0 })),
        text: p.distance.toFixed(3),
      };
    });
    const text = `Distance ${of("heads").distance.toFixed(4)} over heads, ${of("neurons").distance.toFixed(4)} over neurons.`;
    return [
      h("div", { class: "card stack ticket-card" }, h("h2", {}, `${run.id} and ${other.id}`),
        h("dl", { class: "facts-grid" }, difference.totals.map((t) => h("div", {}, h("dt", {}, t.kind === "all" ? "Distance over all" : `Distance over ${t.kind}`),
          h("dd", {}, t.distance.toFixed(4), h("small", {}, `${words(t)}; overlap ${t.overlap.toFixed(3)}`))))),
        rows && legend([["both", bothNames.both], ["first", `in ${run.id} alone`], ["second", `in ${other.id} alone`], ["pruned", "in neither"]]),
        rows && ticketFigure("Both tickets, layer by layer", text, rows, bothNames),
        h("p", { class: "muted" }, "Distance is the share of entries that one keeps and the other does not; it is shown next to each layer's neurons. Overlap is what both keep over what either keeps.")),
      h("details", { class: "card", open: !rows }, h("summary", {}, "Part by part"), h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Layer"), h("th", { scope: "col" }, "Part"), ["First", "Second", "Both", "Of", "Distance", "Overlap"].map((n) => h("th", { scope: "col", class: "number" }, n)))),
        h("tbody", {}, difference.parts.map((p) => h("tr", {}, h("td", {}, p.layer ?? ""), h("td", {}, p.kind),
          [p.keptFirst, p.keptSecond, p.shared, p.count].map((n) => h("td", { class: "number" }, figures.count(n))),
          [p.distance, p.overlap].map((n) => h("td", { class: "number" }, n.toFixed(4))))))))),
    ];
  }
})();
