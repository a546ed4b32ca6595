// Canonical names for all BERT checkpoints: renames TensorFlow's names and files of the bare
// encoder, drops constant buffers and tied copies, and records it. A decoder matrix that differs
// from the word embeddings is kept; the code that builds the language-model head handles it.
using RobustTickets.Models;

namespace RobustTickets.Checkpoints.Tensors;

/// <summary>A tensor that was dropped, and why.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Reason">Why it is not needed.</param>
internal sealed record LeftOutTensor(string Name, string Reason);

/// <summary>
/// The tensors of another source under the canonical names of transformers' BERT classes. Owns the
/// other source.
/// </summary>
internal sealed class NormalizedTensors : TensorSource
{
    // Name prefixes added by DataParallel, torch.compile and training modules.
    private static readonly string[] Wrappers = ["module.", "_orig_mod.", "model."];

    private readonly ITensorSource inner;
    private readonly Dictionary<string, string> originals = new(StringComparer.Ordinal);
    private readonly List<LeftOutTensor> leftOut = [];

    /// <summary>Wraps a source, which is disposed with this one.</summary>
    /// <exception cref="CheckpointException">Two tensors of the file get the same canonical
    /// name.</exception>
    public NormalizedTensors(ITensorSource inner)
        : base(inner.Location)
    {
        this.inner = inner;
        Wrapper = WrapperOf(inner.Tensors);
        var bare = !inner.Tensors.Any(t => BertParameters.HasEncoderPrefix(t.Name[Wrapper.Length..]));
        var kept = new List<TensorInfo>();
        foreach (var info in inner.Tensors)
        {
            if (!info.Element.IsFloat() || BertParameters.IsPositionBuffer(info.Name))
            {
                leftOut.Add(
                    new LeftOutTensor(
                        info.Name,
                        $"{info.Element.SafetensorsName()} buffer {info.ShapeText}: a constant, not a weight"
                    )
                );
                continue;
            }
            var name = BertParameters.Canonical(info.Name[Wrapper.Length..], bare);
            if (!originals.TryAdd(name, info.Name))
            {
                throw new CheckpointException(
                    $"{Location}: tensors '{originals[name]}' and '{info.Name}' both map to '{name}'; remove one"
                );
            }
            kept.Add(info with { Name = name });
        }
        Drop(kept, BertParameters.TiedDecoder, BertParameters.WordEmbeddings);
        if (originals.ContainsKey(BertParameters.PredictionBias))
            Drop(kept, BertParameters.TiedDecoderBias, BertParameters.PredictionBias);
        else
            Rename(kept, BertParameters.TiedDecoderBias, BertParameters.PredictionBias);
        Tensors = kept;
    }

    /// <summary>
    /// The prefix removed from every name of the file (<c>module.</c>), or empty.
    /// </summary>
    public string Wrapper { get; }

    /// <summary>The dropped tensors, and why.</summary>
    public IReadOnlyList<LeftOutTensor> LeftOut => leftOut;

    /// <summary>The name in the file of a canonical name.</summary>
    public string OriginalName(string name) => originals[Info(name).Name];

    private protected override void ReadRange(TensorInfo info, long offset, Span<byte> destination)
    {
        var original = originals[info.Name];
        if (inner is TensorSource ranged)
            ranged.ReadRangeOf(original, offset, destination);
        else
            inner.Bytes(original).Span.Slice((int)offset, destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
    }

    private static string WrapperOf(IReadOnlyList<TensorInfo> tensors)
    {
        var length = 0;
        while (Array.Find(Wrappers, All) is { } wrapper)
            length += wrapper.Length;
        return length == 0 ? "" : tensors[0].Name[..length];

        bool All(string wrapper) =>
            tensors.Count > 0 && tensors.All(t => t.Name.AsSpan(length).StartsWith(wrapper, StringComparison.Ordinal));
    }

    private void Drop(List<TensorInfo> kept, string name, string twin)
    {
        if (!originals.TryGetValue(name, out var copy) || !originals.TryGetValue(twin, out var original))
            return;
        var (a, b) = (inner.Info(copy), inner.Info(original));
        if (a.Element != b.Element || !a.Shape.AsSpan().SequenceEqual(b.Shape))
            return;
        if (!inner.Bytes(copy).Span.SequenceEqual(inner.Bytes(original).Span))
            return;
        kept.RemoveAll(t => t.Name == name);
        originals.Remove(name);
        leftOut.Add(new LeftOutTensor(copy, $"the same values as '{original}' (tied)"));
    }

    private void Rename(List<TensorInfo> kept, string name, string newName)
    {
        if (!originals.Remove(name, out var original))
            return;
        var at = kept.FindIndex(t => t.Name == name);
        kept[at] = kept[at] with { Name = newName };
        originals.Add(newName, original);
    }
}
