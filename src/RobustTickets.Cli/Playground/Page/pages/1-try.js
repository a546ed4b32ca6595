// Try page: a text, each model's prediction, and word importance.
const samples = [
  "A warm, funny and quietly moving film.",
  "The plot is thin, the jokes are flat, and it never seems to end.",
  "Not the disaster I expected, but hardly worth the ticket either.",
];
const typing = { predict: 350, words: 500 };
const asked = { controller: null, timer: 0, text: "" };
let tried = null;

page("try", {
  title: "Try",
  open(params, root) {
    tried ??= makeTry(root);
    const { text, pair } = tried;
    const [given, second] = [params.get("text") ?? "", params.get("pair") ?? ""];
    if (given !== text.value || second !== pair.value) {
      [text.value, pair.value] = [given, second];
      tried.showPair(second !== "");
      tried.attack.pick(params.get("model"), params.get("attack"));
      changed();
    }
  },
  close() {},
});

function makeTry(root) {
  if (about.models.length === 0) {
    put(root, emptyState("No model is loaded", "Name one or several when the program starts; a run, a folder, or an ONNX file.",
      "robust-tickets serve --model runs/sst2 --model model.onnx"));
    return { text: { value: "" }, pair: { value: "" }, showPair() {}, attack: { pick() {} } };
  }
  const text = h("textarea", { id: "text", spellcheck: "false", placeholder: "Type a text; the models answer as you type.", "aria-describedby": "text-count", oninput: changed });
  const pair = h("textarea", { id: "pair", spellcheck: "false", oninput: changed });
  const pairBox = h("div", { hidden: true }, h("label", { for: "pair" }, "Second text"), pair);
  const pairButton = h("button", { type: "button", class: "quiet", "aria-expanded": "false", onclick: () => showPair(pairBox.hidden) }, "+ Second text");
  const count = h("span", { class: "count", id: "text-count" });
  const share = h("button", { type: "button", class: "quiet", onclick: copyLink }, "Copy link");
  const ask = h("form", { class: "card stack ask", onsubmit: (event) => { event.preventDefault(); askModels(0); } },
    h("div", {}, h("label", { for: "text" }, "Text"), text), pairBox,
    h("div", { class: "row spread" }, h("div", { class: "row" },
      h("button", { class: "primary" }, "Classify"), pairButton, share), count),
    h("div", {}, h("p", { class: "label" }, "Or one of these"), h("div", { class: "samples" },
      samples.map((sample) => h("button", { type: "button", onclick: () => { text.value = sample; changed(); text.focus(); } }, sample)))),
    h("p", { class: "keys" }, h("kbd", {}, "Ctrl"), " ", h("kbd", {}, "Enter"), " classifies, ", h("kbd", {}, "Alt"), " ", h("kbd", {}, "Enter"),
      " attacks, ", h("kbd", {}, "Esc"), " stops an attack, arrow keys on the tabs change the page. The link holds the text behind its #, which is never sent."));
  const answers = h("div", { class: "cards", id: "answers", "aria-label": "Answers", role: "region" });
  const cards = new Map(about.models.map((model) => [model.id, makeAnswer(model)]));
  const attack = makeAttack(() => ({ text: text.value, pair: pair.value }), remember);
  const empty = emptyState("Nothing typed yet", "The predictions of the models appear here, side by side, with the words that each one depends on.");
  put(answers, empty);
  put(root, h("div", { class: "try" }, ask, h("div", { class: "stack" }, answers, attack.root)));
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) askModels(0);
    else if (event.key === "Enter" && event.altKey) attack.start();
    else if (event.key === "Escape") attack.stop();
    else return;
    event.preventDefault();
  });

  function showPair(visible) {
    pairBox.hidden = !visible;
    pairButton.textContent = visible ? "− Second text" : "+ Second text";
    pairButton.setAttribute("aria-expanded", String(visible));
    if (!visible && pair.value) {
      pair.value = "";
      changed();
    }
  }

  async function copyLink() {
    remember();
    await navigator.clipboard?.writeText(location.href).catch(() => undefined);
    share.textContent = "Copied";
    say("The link is copied");
    setTimeout(() => { share.textContent = "Copy link"; }, 1600);
  }

  function remember() {
    keep("try", { text: text.value, pair: pair.value, ...attack.picked() });
  }

  return { text, pair, showPair, answers, cards, attack, empty, count, remember };
}

function makeAnswer(model) {
  const body = h("div", { class: "stack" });
  const root = h("article", { class: "card answer", "aria-labelledby": `answer-${model.id}` },
    h("div", { class: "row spread" }, h("h2", { id: `answer-${model.id}`, class: "name" }, model.name),
      h("small", { class: "muted" }, model.form)), body);
  return { root, body, model };
}

// Debounces typing before querying the models.
function changed() {
  const { text, pair, count } = tried;
  const limit = about.limits.textLength;
  const over = Math.max(text.value.length, pair.value.length) > limit;
  count.textContent = text.value ? `${figures.count(text.value.length)} of ${figures.count(limit)}` : "";
  count.classList.toggle("over", over);
  tried.remember();
  askModels(typing.predict);
}

function askModels(wait) {
  const { text, pair, answers, cards, empty } = tried;
  asked.controller?.abort();
  clearTimeout(asked.timer);
  if (!text.value.trim()) {
    put(answers, empty);
    return;
  }
  const controller = asked.controller = new AbortController();
  for (const card of cards.values()) card.root.classList.add("stale");
  asked.timer = setTimeout(async () => {
    const body = { text: text.value, pair: pair.value || undefined };
    try {
      const told = await postJson("/api/predict", body, { signal: controller.signal });
      showAnswers(told.answers);
      asked.timer = setTimeout(() => askWords(body, controller), wait ? typing.words : 0);
    } catch (error) {
      if (error.name !== "AbortError") put(answers, errorState(error, () => askModels(0)));
    }
  }, wait);
}

function showAnswers(told) {
  const { answers, cards } = tried;
  put(answers, told.length > 1 && disagreement(told), told.map((answer) => {
    const card = cards.get(answer.model);
    card.root.classList.remove("stale");
    put(card.body, answer.error ? h("p", { class: "chip warn" }, answer.error) : showAnswer(card.model, answer));
    return card.root;
  }));
  say(told.map((a) => `${cards.get(a.model).model.name}: ${a.label ?? a.error}`).join("; "));
}

function disagreement(told) {
  const labels = new Set(told.map((a) => a.label));
  return labels.size > 1 && h("p", { class: "chip warn whole" }, "The models disagree");
}

function showAnswer(model, answer) {
  const order = answer.scores.map((score, i) => [score, model.labels[i]]).sort((a, b) => b[0] - a[0]);
  return [
    h("p", { class: "label" }, answer.label),
    h("dl", { class: "bars" }, order.slice(0, 6).map(([score, label], i) =>
      h("div", { class: i === 0 ? "top" : "" }, h("dt", { title: label }, label),
        h("dd", { class: "bar-line" }, h("i", { vars: { "--p": score } })), h("dd", {}, figures.percent(score))))),
    order.length > 6 && h("small", { class: "muted" }, `and ${order.length - 6} more classes`),
    answer.cut && h("p", { class: "chip warn" }, `Cut at ${figures.count(model.maxLength)} word pieces`),
    h("div", { class: "hangs" }, loadingState("the words that matter")),
  ];
}

async function askWords(body, controller) {
  const { cards } = tried;
  try {
    const told = await postJson("/api/words", body, { signal: controller.signal });
    for (const answer of told.models) {
      const place = cards.get(answer.model).body.querySelector(".hangs");
      if (place) put(place, showWords(told, answer));
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    for (const card of cards.values()) {
      const place = card.body.querySelector(".hangs");
      if (place) put(place, h("p", { class: "muted" }, error.message));
    }
  }
}

function showWords(told, answer) {
  const list = wordList(told.text);
  const strongest = answer.importance.map((value, i) => [value, list[i]]).sort((a, b) => Math.abs(b[0]) - Math.abs(a[0])).slice(0, 3);
  return h("div", { class: "stack" }, shadedWords(told.text, answer.importance),
    h("p", { class: "strongest" }, `“${answer.label}” without each word: `,
      strongest.map(([value, word], i) => [i ? ", " : "", h("b", {}, word), ` ${signed(-value)}`])),
    told.ranked < told.words && h("p", { class: "muted" }, `The first ${told.ranked} of ${told.words} words were removed in turn.`));
}
