// Texts split by the server: for each column [[text, word], ...], where word is its number across the
// columns, or -1 for text between words.

// look(word) returns the element that wraps a word, or nothing.
function words(text, look) {
  const columns = text.map((parts) => h("p", { class: "words" }, parts.map(([part, word]) => {
    const element = word >= 0 ? look(word) : null;
    if (!element) return part;
    element.append(part);
    return element;
  })));
  return h("div", { class: "columns" }, columns);
}

function plainWords(text) {
  return words(text, () => null);
}

// Marks differing words: kind is "was" or "now".
function markedWords(text, marks, kind) {
  const set = new Set(marks);
  return words(text, (word) => (set.has(word) ? h("mark", { class: kind }) : null));
}

// Shades words by importance: the strongest has the full colour; opposing words another colour and a dotted line.
function shadedWords(text, importance) {
  const most = Math.max(1e-9, ...importance.map(Math.abs));
  return words(text, (word) => {
    const value = importance[word];
    if (value === undefined) return null;
    const share = Math.abs(value) / most;
    if (share < 0.18) return null;
    return h("span", {
      class: value > 0 ? "for" : "against", vars: { "--share": share.toFixed(3) },
      title: `without this word: ${signed(-value)}`,
    });
  });
}

const signed = (x) => `${x < 0 ? "−" : "+"}${Math.abs(100 * x).toFixed(1)} points`;

// The words of a text by index.
function wordList(text) {
  const list = [];
  for (const [part, word] of text.flat()) if (word >= 0) list[word] = part;
  return list;
}
