// Startup: theme, token from the URL, available models, then the page of the URL.
const themes = ["auto", "light", "dark"];
const about = { models: [], limits: {}, runs: false };

function paint(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  button.textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme];
  button.setAttribute("aria-label", `Colours: ${theme}`);
}

function makeTheme() {
  let theme = localStorage.getItem("theme") ?? "auto";
  if (!themes.includes(theme)) theme = "auto";
  paint(theme);
  document.getElementById("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    localStorage.setItem("theme", theme);
    paint(theme);
  });
}

async function start() {
  makeTheme();
  document.getElementById("skip").addEventListener("click", () => document.getElementById("main").focus());
  const token = location.hash.match(/^#token=([0-9a-f]+)$/);
  if (token) {
    history.replaceState(null, "", location.pathname);
    await openSession(token[1]).catch(() => undefined);
  }
  const main = document.getElementById("main");
  const loading = loadingState("the playground");
  main.append(loading);
  try {
    Object.assign(about, await getJson("/api/models"));
  } catch (error) {
    loading.replaceWith(errorState(error, () => location.reload()));
    return;
  }
  loading.remove();
  document.getElementById("about").textContent = `RobustTickets ${about.version.split("+")[0]}`;
  makeTabs();
  window.addEventListener("hashchange", show);
  show();
}

start();
