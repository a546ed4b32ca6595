page("compare", {
  title: "Compare",
  open(params, root) {
    if (!root.firstChild) put(root, emptyState("Soon", "Models side by side."));
  },
});
