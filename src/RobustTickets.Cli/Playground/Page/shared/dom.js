// Creates elements without HTML strings: texts become text nodes, so they cannot inject scripts.

// h("button", { class: "quiet", onclick: f, vars: { "--p": 0.3 } }, "text", child, [children])
function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

function svg(tag, props, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return element;
}

function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return element;
}

// Announces a text to screen readers.
function say(text) {
  document.getElementById("say").textContent = text;
}

const numbers = new Intl.NumberFormat("en-US");
const figures = {
  count: (n) => numbers.format(n),
  percent: (share, digits = 1) => `${(100 * share).toFixed(digits)} %`,
  seconds: (s) =>
    s < 1 ? `${Math.round(1000 * s)} ms` : s < 60 ? `${s.toFixed(s < 10 ? 1 : 0)} s`
      : s < 3600 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`
        : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`,
  millions: (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} M` : n >= 1e3 ? `${(n / 1e3).toFixed(0)} k` : `${n}`),
};

// States common to all pages.
function emptyState(title, text, command) {
  return h("div", { class: "state" }, h("h2", { class: "title" }, title), h("p", {}, text), command && h("pre", {}, command));
}

function loadingState(what) {
  return h("div", { class: "loading", role: "status" }, h("i", {}), h("i", {}), h("i", {}),
    h("span", { class: "unseen" }, `Loading ${what}`));
}

function errorState(error, again) {
  return h("div", { class: "state error", role: "alert" },
    h("h2", { class: "title" }, "Something went wrong"), h("p", {}, error.message),
    again && h("button", { type: "button", onclick: again }, "Try again"));
}
