// Exports a ticket for other programs. Compact keeps the true shapes (docs/compact-format.md).
// Dense pads removed units with zeros, so plain BERT computes the same logits: a removed head adds
// 0 through zero columns of the output projection, a removed neuron gelu(0) = 0.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Models;

namespace RobustTickets.Export;

/// <summary>Layout of an exported Hugging Face folder.</summary>
public enum HuggingFaceLayout
{
    /// <summary>Original shapes, zeros where weights were pruned.</summary>
    Dense,

    /// <summary>
    /// True shapes, per-layer lists in config.json, with README.md and <c>load_compact.py</c> for
    /// Python programs.
    /// </summary>
    Compact,

    /// <summary>
    /// Removed heads listed in <c>pruned_heads</c> of config.json, which transformers before
    /// version 5 loads. It allows one feed-forward width for all layers: the widest one left,
    /// zero-padded in layers with fewer neurons.
    /// </summary>
    PrunedHeads,

    /// <summary>
    /// A ticket of unstructured pruning without its zeros: matrices as bitmasks and values, with
    /// <c>unpack_sparse.py</c>, which restores dense matrices for any BERT program.
    /// </summary>
    Sparse,
}

/// <summary>Writes models as Hugging Face folders.</summary>
public static class HuggingFaceExport
{
    /// <summary>
    /// Test hook: called with the folder before its logits are compared, so that tests can damage
    /// it.
    /// </summary>
    internal static Action<string>? Written { get; set; }

    /// <summary>
    /// Writes <paramref name="source"/> in another layout, with a model card. Kept weights are
    /// copied bit for bit. The folder appears only after its logits match the source's.
    /// </summary>
    /// <param name="source">Hugging Face folder, dense or compact, or the name of a model
    /// (<see cref="ModelStore"/>).</param>
    /// <param name="target">Folder to write; must be missing or empty.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="stop">Cancels; then nothing is written.</param>
    /// <returns>The largest absolute difference of a logit on random texts.</returns>
    /// <exception cref="CheckpointException">The source is corrupt or not a classifier, or the
    /// target cannot be written.</exception>
    /// <exception cref="RequestException">The layout is <see cref="HuggingFaceLayout.Sparse"/>, which
    /// does not make this model smaller.</exception>
    /// <exception cref="ExportVerificationException">The export computes other logits.</exception>
    /// <exception cref="NumericFailureException">A weight is not finite.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    /// <exception cref="OutputException">The folder of the target cannot be written.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the target.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static double Write(string source, string target, HuggingFaceLayout layout, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        source = ModelStore.OfUser().Locate(source);
        using var hold = WriterLock.TakePlace(target);
        var difference = 0.0;
        AtomicFolder.Create(
            target,
            folder =>
            {
                var labels = WriteFolder(source, folder, layout, stop);
                Written?.Invoke(folder);
                difference = ExportCheck.Verify(source, folder, labels, stop);
            }
        );
        return difference;
    }

    private static int WriteFolder(string source, string target, HuggingFaceLayout layout, CancellationToken stop)
    {
        using var folder = BertFiles.OpenClassifier(source);
        folder.Weights.RequireFinite();
        var config = folder.Config;
        var sparse = layout == HuggingFaceLayout.Sparse;
        var ticket = sparse || layout == HuggingFaceLayout.Compact ? null : config.Ticket;
        var (written, places) =
            ticket is null ? (config, [])
            : layout == HuggingFaceLayout.Dense
                ? (config with { Ticket = null, PrunedHeads = NoHeads }, Places(config, ticket))
            : PrunedHeadsLayout.Of(config, ticket);
        var tensors = sparse
            ? SparseLayout.Of(source, folder)
            : folder.Weights.Tensors.Select(info =>
            {
                var tensor = NamedTensor.From(folder.Weights, info.Name);
                return places.TryGetValue(info.Name, out var place) ? place.Scatter(tensor) : tensor.Streamed();
            });
        HuggingFaceFolderWriter.WriteStreamed(
            target,
            written,
            tensors.Until(stop),
            source,
            beside:
            [
                new ExtraFile(ModelCard.FileName, ModelCard.Of(source, config).HuggingFace(Form(layout))),
                .. layout switch
                {
                    HuggingFaceLayout.Compact => [Resource("load_compact.py")],
                    HuggingFaceLayout.Sparse => [Resource("unpack_sparse.py")],
                    _ => Array.Empty<ExtraFile>(),
                },
                .. TokenizerConfig.Missing(source),
                .. HuggingFaceFolderWriter.TrainingRecords(source),
            ],
            weightsFile: sparse ? BitmaskParts.FileName : HuggingFaceFolderWriter.WeightsFile
        );
        return config.NumLabels;
    }

    private static IReadOnlyDictionary<int, IReadOnlyList<int>> NoHeads { get; } =
        new Dictionary<int, IReadOnlyList<int>>();

    private static string Form(HuggingFaceLayout layout) =>
        Resource(
            layout switch
            {
                HuggingFaceLayout.Compact => "compact-readme.md",
                HuggingFaceLayout.PrunedHeads => "pruned-heads-readme.md",
                HuggingFaceLayout.Sparse => "sparse-readme.md",
                _ => "dense-readme.md",
            }
        ).Text;

    private static ExtraFile Resource(string name)
    {
        using var stream = typeof(HuggingFaceExport).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return new ExtraFile(name, reader.ReadToEnd());
    }

    private static Dictionary<string, TensorPlace> Places(HuggingFaceConfig config, TicketConfig ticket)
    {
        var places = new Dictionary<string, TensorPlace>(StringComparer.Ordinal);
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            // Heads and neurons of a layer are interchangeable: if the indices were not recorded,
            // the first positions are used.
            var kept = ticket.KeptHeads?[layer] ?? [.. Enumerable.Range(0, config.HeadsOf(layer))];
            var heads = kept.SelectMany(h => Enumerable.Range(h * config.HeadSize, config.HeadSize)).ToArray();
            int[] neurons = [.. ticket.KeptNeurons?[layer] ?? [.. Enumerable.Range(0, config.IntermediateOf(layer))]];
            foreach (var name in BertParameters.HeadRows(layer))
            {
                places[BertParameters.Weight(name)] = new TensorPlace(0, config.HiddenSize, heads);
                places[BertParameters.Bias(name)] = new TensorPlace(0, config.HiddenSize, heads);
            }
            places[BertParameters.HeadColumns(layer)] = new TensorPlace(1, config.HiddenSize, heads);
            places[BertParameters.Weight(BertParameters.NeuronRows(layer))] = new TensorPlace(
                0,
                config.IntermediateSize,
                neurons
            );
            places[BertParameters.Bias(BertParameters.NeuronRows(layer))] = new TensorPlace(
                0,
                config.IntermediateSize,
                neurons
            );
            places[BertParameters.NeuronColumns(layer)] = new TensorPlace(1, config.IntermediateSize, neurons);
        }
        return places;
    }
}
