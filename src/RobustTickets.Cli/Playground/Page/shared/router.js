// Routing by URL fragment: #/try?text=... . Fragments are not sent to the server, so texts in links stay private.
//
// A page registers itself: page("try", { title, open(params, root), close() }).
//   open   is called whenever the page is shown: params are those of the link, root is the page's own element, which
//          keeps its content while other pages are shown.
//   close  is called when another page is shown.
const pages = new Map();
let shown = null;

function page(name, definition) {
  pages.set(name, { ...definition, name, last: "" });
}

// Stores a page's state in its link, and while it is shown in the URL, without a history entry.
function keep(name, params) {
  const query = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== undefined && v !== null && v !== "")).toString();
  const kept = pages.get(name);
  kept.last = query ? `?${query}` : "";
  if (kept === shown) history.replaceState(null, "", `#/${name}${kept.last}`);
}

function go(name, params = {}) {
  const query = new URLSearchParams(params).toString();
  location.hash = `#/${name}${query ? `?${query}` : ""}`;
}

function place() {
  const [name, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { page: pages.get(name) ?? pages.values().next().value, query };
}

function show() {
  const { page: next, query } = place();
  if (shown && shown !== next) {
    shown.close?.();
    shown.panel.hidden = true;
    shown.tab.setAttribute("aria-selected", "false");
    shown.tab.tabIndex = -1;
  }
  shown = next;
  next.last = query ? `?${query}` : "";
  next.panel.hidden = false;
  next.tab.setAttribute("aria-selected", "true");
  next.tab.tabIndex = 0;
  document.title = `${next.title} · RobustTickets playground`;
  next.open(new URLSearchParams(query), next.panel);
}

// The tabs: arrow keys, Home and End go from one to the next, as the ARIA practices for tabs say.
function makeTabs() {
  const bar = document.getElementById("tabs");
  const main = document.getElementById("main");
  for (const p of pages.values()) {
    p.tab = h("button", {
      type: "button", role: "tab", id: `tab-${p.name}`, "aria-controls": `panel-${p.name}`, "aria-selected": "false", tabindex: -1,
      onclick: () => { location.hash = `#/${p.name}${p.last}`; },
    }, p.title);
    p.panel = h("section", { role: "tabpanel", id: `panel-${p.name}`, "aria-labelledby": `tab-${p.name}`, hidden: true });
    bar.append(p.tab);
    main.append(p.panel);
  }
  bar.addEventListener("keydown", (event) => {
    const all = [...pages.values()];
    const at = all.indexOf(shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    location.hash = `#/${next.name}${next.last}`;
    next.tab.focus();
  });
}
