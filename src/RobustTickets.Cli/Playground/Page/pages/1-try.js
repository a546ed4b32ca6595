page("try", {
  title: "Try",
  open(params, root) {
    if (!root.firstChild) put(root, emptyState("Soon", "Texts on models."));
  },
});
