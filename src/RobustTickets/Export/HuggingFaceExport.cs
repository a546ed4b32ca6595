// A ticket for other programs. hf-compact keeps the true shapes (docs/compact-format.md). hf-dense
// fills removed places with zeros, which plain BERT computes the same logits from: a removed head
// gives 0 through zero columns of the output projection, a removed neuron gelu(0) = 0.
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets.Export;

/// <summary>Layout of an exported Hugging Face folder.</summary>
public enum HuggingFaceLayout
{
    /// <summary>Original shapes, zeros where something was pruned.</summary>
    Dense,

    /// <summary>
    /// True shapes, per-layer lists in config.json, with README.md and <c>load_compact.py</c> for
    /// Python programs.
    /// </summary>
    Compact,
}

/// <summary>Writes models as Hugging Face folders.</summary>
public static class HuggingFaceExport
{
    /// <summary>
    /// Writes <paramref name="source"/> in another layout. Values of kept weights are the same
    /// bits.
    /// </summary>
    /// <param name="source">Hugging Face folder, dense or compact.</param>
    /// <param name="target">Folder to write; refused if it exists and is not empty.</param>
    /// <param name="layout">The layout.</param>
    /// <exception cref="CheckpointException">The source is broken or no classifier, or the target
    /// cannot be written.</exception>
    /// <exception cref="NumericFailureException">A weight is not finite.</exception>
    public static void Write(string source, string target, HuggingFaceLayout layout)
    {
        using var folder = BertFiles.OpenClassifier(source);
        folder.Weights.RequireFinite();
        var config = folder.Config;
        var ticket = layout == HuggingFaceLayout.Dense ? config.Ticket : null;
        var written = ticket is null ? config : config with { Ticket = null };
        var places = ticket is null ? [] : Places(config, ticket);
        var tensors = folder.Weights.Tensors.Select(info =>
        {
            var tensor = NamedTensor.From(folder.Weights, info.Name);
            return places.TryGetValue(info.Name, out var place) ? Scatter(tensor, place) : tensor.Streamed();
        });
        HuggingFaceFolderWriter.WriteStreamed(
            target,
            written,
            tensors,
            source,
            beside: layout == HuggingFaceLayout.Compact ? [.. CompactFiles, .. Training(source)] : Training(source)
        );
    }

    // What the weights were trained on stays true of them wherever they go.
    private static IReadOnlyList<ExtraFile> Training(string source)
    {
        var file = Path.Combine(source, TrainingRows.FileName);
        return File.Exists(file) ? [new ExtraFile(TrainingRows.FileName, File.ReadAllText(file))] : [];
    }

    /// <summary>What a compact folder holds for people and Python programs.</summary>
    private static IReadOnlyList<ExtraFile> CompactFiles { get; } =
    [Resource("README.md", "compact-readme.md"), Resource("load_compact.py", "load_compact.py")];

    private static ExtraFile Resource(string name, string resource)
    {
        using var stream = typeof(HuggingFaceExport).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return new ExtraFile(name, reader.ReadToEnd());
    }

    /// <summary>Where the rows or columns of a cut tensor belong in the dense one.</summary>
    /// <param name="Axis">0: rows, 1: columns.</param>
    /// <param name="Size">Size of that axis in the dense tensor.</param>
    /// <param name="Index">Dense index of each row or column.</param>
    private sealed record Place(int Axis, int Size, int[] Index);

    private static Dictionary<string, Place> Places(HuggingFaceConfig config, TicketConfig ticket)
    {
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            // Heads and neurons of a layer are interchangeable: where the list was not recorded,
            // the first places do as well.
            var kept = ticket.KeptHeads?[layer] ?? [.. Enumerable.Range(0, config.HeadsOf(layer))];
            var heads = kept.SelectMany(h => Enumerable.Range(h * config.HeadSize, config.HeadSize)).ToArray();
            int[] neurons = [.. ticket.KeptNeurons?[layer] ?? [.. Enumerable.Range(0, config.IntermediateOf(layer))]];
            foreach (var name in BertParameters.HeadRows(layer))
            {
                places[BertParameters.Weight(name)] = new Place(0, config.HiddenSize, heads);
                places[BertParameters.Bias(name)] = new Place(0, config.HiddenSize, heads);
            }
            places[BertParameters.HeadColumns(layer)] = new Place(1, config.HiddenSize, heads);
            places[BertParameters.Weight(BertParameters.NeuronRows(layer))] = new Place(
                0,
                config.IntermediateSize,
                neurons
            );
            places[BertParameters.Bias(BertParameters.NeuronRows(layer))] = new Place(
                0,
                config.IntermediateSize,
                neurons
            );
            places[BertParameters.NeuronColumns(layer)] = new Place(1, config.IntermediateSize, neurons);
        }
        return places;
    }

    /// <summary>
    /// Copies raw bytes, whatever the element type: zero is all zero bits in every one of them.
    /// </summary>
    private static StreamedTensor Scatter(NamedTensor tensor, Place place)
    {
        var shape = (long[])tensor.Shape.Clone();
        shape[place.Axis] = place.Size;
        var count = shape.Aggregate(1L, (a, b) => a * b);
        var element = tensor.Element.Size();
        var dense = new byte[count * element];
        var data = tensor.Data.Span;
        if (place.Axis == 0)
        {
            var row = (int)(shape.Length == 1 ? 1 : shape[1]) * element;
            for (var i = 0; i < place.Index.Length; i++)
                data.Slice(i * row, row).CopyTo(dense.AsSpan(place.Index[i] * row));
        }
        else
        {
            int rows = (int)shape[0],
                from = place.Index.Length * element,
                to = place.Size * element;
            for (var r = 0; r < rows; r++)
            {
                for (var i = 0; i < place.Index.Length; i++)
                {
                    data.Slice((r * from) + (i * element), element)
                        .CopyTo(dense.AsSpan((r * to) + (place.Index[i] * element)));
                }
            }
        }
        return new StreamedTensor(tensor.Name, tensor.Element, shape, stream => stream.Write(dense));
    }
}
