// Requests to this server only.
class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const getJson = (path, options) => ask(path, { ...options }).then((r) => r.json());

const postJson = (path, body, options) => send(path, body, options).then((r) => r.json());

function send(path, body, options) {
  return ask(path, { ...options, method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(0, "The server does not answer. Is the program still running?");
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  if (response.status === 401) askToken();
  throw new ServerError(response.status, told.error ?? `The server answered ${response.status}.`);
}

// Server-sent events: on(name, data) for each. Sends a POST body, which EventSource cannot. Ends with the
// stream, or by options.signal.
async function listen(path, body, on, options) {
  const response = body === null ? await ask(path, options) : await send(path, body, options);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const fields = Object.fromEntries(event.split("\n").map((line) => {
        const cut = line.indexOf(": ");
        return [line.slice(0, cut), line.slice(cut + 2)];
      }));
      if (fields.event) on(fields.event, JSON.parse(fields.data));
    }
  }
}

// Downloads a response as a file.
async function download(path, name) {
  const link = URL.createObjectURL(await ask(path).then((r) => r.blob()));
  h("a", { href: link, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(link), 10_000);
}

let asking = false;
function askToken() {
  if (asking) return;
  asking = true;
  const input = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
  const problem = h("p", { class: "muted", role: "alert" });
  const dialog = h("dialog", { "aria-labelledby": "token-title" },
    h("form", { class: "stack", onsubmit: open },
      h("h2", { id: "token-title" }, "Token"),
      h("p", { class: "muted" }, "This playground can be reached from other machines. It asks once for the token that the program printed when it started."),
      h("div", {}, h("label", { for: "token" }, "Token"), input), problem,
      h("div", { class: "row" }, h("button", { class: "primary" }, "Open"))));
  document.body.append(dialog);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  async function open(event) {
    event.preventDefault();
    try {
      await openSession(input.value.trim());
      location.reload();
    } catch (error) {
      problem.textContent = error.message;
    }
  }
}

async function openSession(token) {
  const response = await fetch("/api/session", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }),
  });
  if (!response.ok) throw new ServerError(response.status, (await response.json()).error);
}
