// Replaced by the page of runs.
page("runs", {
  title: "Runs",
  open(params, root) {
    if (!root.firstChild) put(root, emptyState("Soon", "Runs as they go."));
  },
});
