// One naming for all BERT checkpoints. Files differ in four harmless ways, each undone here and
// recorded:
//   LayerNorm.gamma/.beta of TensorFlow origin      -> .weight/.bias
//   files saved from the bare encoder (BertModel)   -> prefix "bert."
//   integer buffers (position_ids, token_type_ids) -> left out: they are constants of the
//     architecture
//   cls.predictions.decoder.weight, the same bytes as the word embeddings, and decoder.bias, the
//     same as predictions.bias -> left out
// A decoder matrix that differs from the word embeddings is kept: whoever builds the language-model
// head must decide about it.

namespace RobustTickets.Checkpoints;

/// <summary>A tensor left out of the normalised weights, and why.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Reason">Why it is not needed.</param>
public sealed record LeftOutTensor(string Name, string Reason);

/// <summary>
/// The tensors of another source under the canonical names of transformers' BERT classes. Owns the
/// other source.
/// </summary>
public sealed class NormalizedTensors : TensorSource
{
    private const string Prefix = "bert.";
    private const string DecoderBias = "cls.predictions.decoder.bias";
    private const string PredictionBias = "cls.predictions.bias";
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
        var bare = !inner.Tensors.Any(t => t.Name.StartsWith(Prefix, StringComparison.Ordinal));
        var kept = new List<TensorInfo>();
        foreach (var info in inner.Tensors)
        {
            if (!info.Element.IsFloat() || info.Name.EndsWith("embeddings.position_ids", StringComparison.Ordinal))
            {
                leftOut.Add(
                    new LeftOutTensor(
                        info.Name,
                        $"{info.Element.SafetensorsName()} buffer {info.ShapeText}: a constant, not a weight"
                    )
                );
                continue;
            }
            var name = Canonical(info.Name, bare);
            if (!originals.TryAdd(name, info.Name))
            {
                throw new CheckpointException(
                    $"{Location}: tensors '{originals[name]}' and '{info.Name}' are both '{name}'; one of them must go"
                );
            }
            kept.Add(info with { Name = name });
        }
        Drop(kept, BertShapes.TiedOutput, BertShapes.WordEmbeddings);
        if (originals.ContainsKey(PredictionBias))
            Drop(kept, DecoderBias, PredictionBias);
        else
            Rename(kept, DecoderBias, PredictionBias);
        Tensors = kept;
    }

    /// <summary>What was left out, and why.</summary>
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

    private static string Canonical(string name, bool bare)
    {
        if (name.EndsWith(".LayerNorm.gamma", StringComparison.Ordinal))
            name = name[..^"gamma".Length] + "weight";
        else if (name.EndsWith(".LayerNorm.beta", StringComparison.Ordinal))
            name = name[..^"beta".Length] + "bias";
        var encoder =
            name.StartsWith("embeddings.", StringComparison.Ordinal)
            || name.StartsWith("encoder.", StringComparison.Ordinal)
            || name.StartsWith("pooler.", StringComparison.Ordinal);
        return bare && encoder ? Prefix + name : name;
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
