// Replaced by the page of tickets.
page("ticket", {
  title: "Ticket",
  open(params, root) {
    if (!root.firstChild) put(root, emptyState("Soon", "What a ticket keeps."));
  },
});
