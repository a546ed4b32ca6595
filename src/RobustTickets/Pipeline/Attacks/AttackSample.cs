// Selects the examples to attack. The papers' scripts take the first N in file order; in a file
// sorted by class these are all of one class, so the default is a seeded stratified sample
// (docs/methods/attacks.md).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets;

/// <summary>Sampling method.</summary>
public enum SampleRule
{
    /// <summary>Seeded stratified sample.</summary>
    Stratified,

    /// <summary>The first examples of the file.</summary>
    FirstN,
}

/// <summary>Selects the examples of a split to attack, in file order.</summary>
/// <param name="Count">Number of examples, at least 1; null takes all.</param>
/// <param name="Rule">Sampling method.</param>
/// <param name="Seed">Seed of a stratified sample.</param>
/// <param name="IdFile">File of ids, one per line, used in place of a sample; null for
/// none.</param>
public sealed record AttackSample(
    int? Count = null,
    SampleRule Rule = SampleRule.Stratified,
    int Seed = 42,
    string? IdFile = null
)
{
    /// <summary>Selects examples; those of an id file are in the order of that file.</summary>
    /// <param name="examples">The split.</param>
    /// <exception cref="RequestException">The number is below 1.</exception>
    /// <exception cref="DataException">The id file is missing, or contains an unknown or duplicate
    /// id; the message names file and line.</exception>
    public IReadOnlyList<Example> Pick(IReadOnlyList<Example> examples) => Pick(examples, new HashSet<string>());

    /// <summary>Selects examples; ids that were trained on have their own error.</summary>
    internal IReadOnlyList<Example> Pick(IReadOnlyList<Example> examples, IReadOnlySet<string> trainedOn)
    {
        ArgumentNullException.ThrowIfNull(examples);
        Check();
        if (IdFile is not null)
            return Named(examples, IdFile, trainedOn);
        if (Count is not { } n || n >= examples.Count)
            return examples;
        return Rule == SampleRule.FirstN ? [.. examples.Take(n)] : Splits.Stratified(examples, n, (ulong)Seed);
    }

    /// <summary>Throws if the number is out of range.</summary>
    /// <exception cref="RequestException">The number is below 1.</exception>
    internal void Check()
    {
        if (Count is < 1)
            throw new RequestException(nameof(Count), $"{Count}", "must be 1 or more");
    }

    /// <summary>Describes the selection, for settings.</summary>
    internal string Describe(int picked, int all) =>
        IdFile is not null ? $"{picked}, named by ids"
        : picked == all ? "all"
        : Rule == SampleRule.FirstN ? $"first {picked}"
        : $"{picked}, stratified, seed {Seed}";

    private static List<Example> Named(IReadOnlyList<Example> examples, string file, IReadOnlySet<string> trainedOn)
    {
        if (!File.Exists(file))
            throw new DataException(
                $"{file}: no such file; expected example ids, one per line, as in the ids.txt of an attack"
            );
        var known = examples.ToDictionary(e => e.Id, StringComparer.Ordinal);
        var picked = new List<Example>();
        var line = 0;
        foreach (var text in File.ReadLines(file))
        {
            line++;
            var id = text.Trim();
            if (id.Length == 0)
                continue;
            if (!known.Remove(id, out var example))
            {
                var twice = picked.Any(e => e.Id == id);
                var seen = !twice && trainedOn.Contains(id);
                var what =
                    twice ? $"id '{id}' occurs twice"
                    : seen ? $"the model was trained on example '{id}'"
                    : $"no example '{id}' in the split; its ids run from '{examples[0].Id}' to '{examples[^1].Id}'";
                throw new DataException(
                    $"{file}:{line}: {what}",
                    seen ? new Remedy("attack training rows", nameof(AttackRequest.Split), "train") : null
                );
            }
            picked.Add(example);
        }
        return picked.Count > 0 ? picked : throw new DataException($"{file}: contains no example ids");
    }
}
