// Which examples are attacked. The papers' scripts take the first N in file order; where a file is
// sorted by class these are all of one class, so a seeded sample with the file's class shares is
// the default (docs/methods/attacks.md).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets;

/// <summary>How a sample is drawn.</summary>
public enum SampleRule
{
    /// <summary>With the file's class shares, by a seed.</summary>
    Stratified,

    /// <summary>The first of the file.</summary>
    FirstN,
}

/// <summary>Which examples of a split are attacked; they stay in file order.</summary>
/// <param name="Count">How many, at least 1; null takes all.</param>
/// <param name="Rule">How they are drawn.</param>
/// <param name="Seed">Seed of a stratified sample.</param>
/// <param name="IdFile">File of ids, one a line, in place of a drawn sample; null for none.</param>
public sealed record AttackSample(
    int? Count = null,
    SampleRule Rule = SampleRule.Stratified,
    int Seed = 42,
    string? IdFile = null
)
{
    /// <summary>Picks examples; those of a file of ids come in the file's order.</summary>
    /// <param name="examples">The split.</param>
    /// <exception cref="RequestException">The number is below 1.</exception>
    /// <exception cref="DataException">The file of ids is not there, names an unknown id, or one
    /// twice; file and line named.</exception>
    public IReadOnlyList<Example> Pick(IReadOnlyList<Example> examples) => Pick(examples, new HashSet<string>());

    /// <summary>Picks examples; ids that were trained on are refused as such.</summary>
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

    /// <summary>Refuses a number that no sample has.</summary>
    /// <exception cref="RequestException">It is below 1.</exception>
    internal void Check()
    {
        if (Count is < 1)
            throw new RequestException(nameof(Count), $"{Count}", "must be 1 or more");
    }

    /// <summary>What was picked, for settings.</summary>
    internal string Describe(int picked, int all) =>
        IdFile is not null ? $"{picked}, named by ids"
        : picked == all ? "all"
        : Rule == SampleRule.FirstN ? $"first {picked}"
        : $"{picked}, stratified, seed {Seed}";

    private static List<Example> Named(IReadOnlyList<Example> examples, string file, IReadOnlySet<string> trainedOn)
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
                    seen ? new Remedy("attack such rows", nameof(AttackRequest.Split), "train") : null
                );
            }
            picked.Add(example);
        }
        return picked.Count > 0 ? picked : throw new DataException($"{file}: names no example");
    }
}
