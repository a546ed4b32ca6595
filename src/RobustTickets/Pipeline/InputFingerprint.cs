// The identity of everything a run computes on, so that a resumed run cannot go on with something
// else: not the files' bytes but what was made of them. A limit, another column, another label map,
// another vocabulary: each changes the encoded examples.
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RobustTickets.Checkpoints;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>SHA-256 of what a run computes on.</summary>
internal static class InputFingerprint
{
    /// <summary>
    /// SHA-256 over the examples that are trained and evaluated on, the class names, the weights of
    /// checkpoint-0, and what the recipe names beyond them (a ticket, an attack's files, tables).
    /// </summary>
    internal static string Of(RunData data, ITensorSource weights, params IEnumerable<string?> named)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var label in data.Labels)
            Text(label);
        Examples(data.Train);
        Examples(data.Development);
        Examples(data.Evaluation);
        foreach (var tensor in weights.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            Text($"{tensor.Name} {tensor.Element} {tensor.ShapeText}");
            hash.AppendData(weights.Bytes(tensor.Name).Span);
        }
        foreach (var text in named.OfType<string>())
            Text(text);
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Examples(EncodedSplit split)
        {
            Integers([split.Examples.Count]);
            foreach (var example in split.Examples)
            {
                Integers([example.Ids.Length, example.Label]);
                Integers(example.Ids);
                Integers(example.Segments);
            }
        }

        void Integers(ReadOnlySpan<int> values) => hash.AppendData(MemoryMarshal.AsBytes(values));

        void Text(string text)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(text);
            Integers([bytes.Length]);
            hash.AppendData(bytes);
        }
    }
}
