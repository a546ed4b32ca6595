// Which examples are attacked. The papers' scripts take the first N in file order; where a file is
// sorted by class these are all of one class, so a seeded sample with the file's class shares is
// offered beside it (attacks specification 9.3).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Cli.Attacks;

/// <summary>Picks examples.</summary>
internal static class AttackSample
{
    /// <summary>The names of the ways to pick.</summary>
    public static readonly string[] Ways = ["stratified", "first-n"];

    /// <summary>Picks examples; they stay in file order.</summary>
    /// <param name="examples">The split.</param>
    /// <param name="way">One of <see cref="Ways"/>.</param>
    /// <param name="count">How many; null takes all.</param>
    /// <param name="seed">Seed of a stratified sample.</param>
    public static IReadOnlyList<Example> Pick(IReadOnlyList<Example> examples, string way, int? count, int seed)
    {
        if (count is not { } n || n >= examples.Count)
            return examples;
        if (way == "first-n")
            return [.. examples.Take(n)];
        return Splits.Stratified(examples, n, (ulong)seed);
    }

    /// <summary>The examples that a file names, one id a line, in the file's order.</summary>
    /// <exception cref="DataException">No such file, an unknown id, or one that occurs twice; file
    /// and line named.</exception>
    public static IReadOnlyList<Example> Named(IReadOnlyList<Example> examples, string file)
    {
        if (!File.Exists(file))
            throw new DataException(
                $"{file}: no such file; expected ids of examples, one a line, as in the ids.txt of an attack"
            );
        var known = examples.ToDictionary(e => e.Id, StringComparer.Ordinal);
        var picked = new List<Example>();
        var line = 0;
        foreach (var text in File.ReadLines(file))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            if (!known.Remove(text.Trim(), out var example))
            {
                var twice = picked.Any(e => e.Id == text.Trim());
                throw new DataException(
                    $"{file}:{line}: "
                        + $"{(twice ? $"id '{text.Trim()}' occurs twice" : $"no example '{text.Trim()}' in the split; its ids run from '{examples[0].Id}' to '{examples[^1].Id}'")}"
                );
            }
            picked.Add(example);
        }
        return picked.Count > 0 ? picked : throw new DataException($"{file}: names no example");
    }
}
