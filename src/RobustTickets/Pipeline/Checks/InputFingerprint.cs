// Fingerprint of a run's inputs, so that a resumed run cannot continue with others. It hashes the
// encoded examples instead of file bytes, because limit, columns, label map and vocabulary also
// change them.
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Pipeline.Data;
using RobustTickets.Training;

namespace RobustTickets.Pipeline.Checks;

/// <summary>SHA-256 of a run's inputs.</summary>
internal static class InputFingerprint
{
    /// <summary>
    /// SHA-256 over training and evaluation examples, class names, the weights of checkpoint-0, and
    /// files that the recipe names (a ticket, an attack's files, tables).
    /// </summary>
    /// <param name="data">The examples.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="order">The classifier's rows in the data's order of classes; null = as
    /// stored.</param>
    /// <param name="unnamed">SHA-256 without the files that the recipe names, from the same
    /// pass.</param>
    /// <param name="named">Identities of the files that the recipe names.</param>
    internal static string Of(
        RunData data,
        ITensorSource weights,
        IReadOnlyList<int>? order,
        out string unnamed,
        params IEnumerable<string?> named
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, data);
        foreach (var tensor in weights.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            Add(hash, $"{tensor.Name} {tensor.Element} {tensor.ShapeText}");
            hash.AppendData(weights.Bytes(tensor.Name).Span);
        }
        if (order is not null)
            Add(hash, [.. order]);
        unnamed = Convert.ToHexStringLower(hash.GetCurrentHash());
        foreach (var text in named.OfType<string>())
            Add(hash, text);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>SHA-256 over texts and their lengths.</summary>
    internal static string Of(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
            Add(hash, text);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Adds class names and encoded examples.</summary>
    internal static void Add(IncrementalHash hash, RunData data)
    {
        foreach (var label in data.Labels)
            Add(hash, label);
        foreach (var split in (EncodedSplit[])[data.Train, data.Development, data.Evaluation])
        {
            Add(hash, [split.Examples.Count]);
            foreach (var example in split.Examples)
            {
                Add(hash, [example.Ids.Length, example.Label]);
                Add(hash, example.Ids);
                Add(hash, example.Segments);
            }
        }
    }

    /// <summary>Adds a text, preceded by its length.</summary>
    internal static void Add(IncrementalHash hash, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        Add(hash, [bytes.Length]);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<int> values) =>
        hash.AppendData(MemoryMarshal.AsBytes(values));
}
