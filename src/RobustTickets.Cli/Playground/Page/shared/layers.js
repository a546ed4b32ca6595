// Converts ticket layers to rows of a figure.
const keptNames = { kept: "kept", pruned: "pruned" };

function layerRows(layers) {
  return layers.map((layer, i) => ({
    layer: i,
    heads: [...layer.heads].map((c) => (c === "1" ? "kept" : "pruned")),
    bars: [{ kind: "kept", share: layer.neurons ? layer.neuronsKept / layer.neurons : 0 }],
    text: layer.neurons ? figures.percent(layer.neuronsKept / layer.neurons, 0) : "",
  }));
}
