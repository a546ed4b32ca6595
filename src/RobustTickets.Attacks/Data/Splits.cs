namespace RobustTickets.Attacks.Data;

/// <summary>A training split divided in two, both parts in file order.</summary>
/// <param name="Train">The remaining training examples.</param>
/// <param name="Dev">The held-out examples.</param>
/// <param name="DevIds">Ids of the held-out examples, for the record.</param>
public sealed record HeldOutSplit(
    IReadOnlyList<Example> Train,
    IReadOnlyList<Example> Dev,
    IReadOnlyList<string> DevIds
);

/// <summary>
/// Holds out a dev split, and warns about files with grouped classes. The methods we follow tune on
/// the official evaluation split (docs/methods/data.md); here part of train is held out instead,
/// selected by a counter-based generator: the same seed gives the same examples on every machine
/// and runtime.
/// </summary>
public static class Splits
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>
    /// Holds out <paramref name="fraction"/> of the examples (rounded, at least one in each part).
    /// Examples of the same origin stay together.
    /// </summary>
    /// <param name="examples">The training split.</param>
    /// <param name="fraction">Between 0 and 1, exclusive.</param>
    /// <param name="seed">Seed of the selection.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is not between 0 and
    /// 1.</exception>
    /// <exception cref="DataException">There are fewer than two examples.</exception>
    public static HeldOutSplit HoldOutDev(IReadOnlyList<Example> examples, double fraction = 0.1, ulong seed = 42)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (!(fraction > 0 && fraction < 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "dev fraction must be between 0 and 1");
        if (examples.Count < 2)
            throw new DataException($"{examples.Count} examples: at least 2 are needed to hold out a dev split");
        var count = Math.Clamp(
            (int)Math.Round(examples.Count * fraction, MidpointRounding.AwayFromZero),
            1,
            examples.Count - 1
        );
        var held = Held(examples, count, seed);
        var dev = examples.Where((_, i) => held[i]).ToArray();
        return new HeldOutSplit(
            examples.Where((_, i) => !held[i]).ToArray(),
            dev,
            [.. dev.Select(example => example.Id)]
        );
    }

    // An adversarial text stays with its original, so a group may exceed the requested count.
    private static bool[] Held(IReadOnlyList<Example> examples, int count, ulong seed)
    {
        var groups = Enumerable
            .Range(0, examples.Count)
            .Where(i => examples[i].Origin is not null)
            .GroupBy(i => examples[i].Origin!)
            .ToDictionary(g => g.Key, g => g.ToArray());
        var held = new bool[examples.Count];
        var left = count;
        foreach (var i in Order(examples.Count, seed))
        {
            if (left <= 0)
                break;
            int[] group = examples[i].Origin is { } origin ? groups[origin] : [i];
            if (held[i] || count - left + group.Length == examples.Count)
                continue;
            foreach (var member in group)
                held[member] = true;
            left -= group.Length;
        }
        return left < count
            ? held
            : throw new DataException(
                $"all {examples.Count} examples come from the same row; no dev split can be held out"
            );
    }

    /// <summary>
    /// A stratified sample (largest remainders, ties to the lower class), in file order; all
    /// examples if there are no more than <paramref name="count"/>.
    /// </summary>
    /// <param name="examples">The examples to sample from.</param>
    /// <param name="count">Sample size.</param>
    /// <param name="seed">Seed of the selection.</param>
    public static IReadOnlyList<Example> Stratified(IReadOnlyList<Example> examples, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count >= examples.Count)
            return examples;
        var shares = examples
            .GroupBy(e => e.Label)
            .OrderBy(g => g.Key)
            .Select(g => (Class: g.Key, Exact: (double)count * g.Count() / examples.Count))
            .ToList();
        // Each class gets its share rounded down; the rest goes to the largest fractions.
        var quota = shares.ToDictionary(s => s.Class, s => (int)Math.Floor(s.Exact));
        foreach (
            var s in shares
                .OrderByDescending(s => s.Exact - Math.Floor(s.Exact))
                .ThenBy(s => s.Class)
                .Take(count - quota.Values.Sum())
        )
            quota[s.Class]++;
        return
        [
            .. Order(examples.Count, seed).Where(i => quota[examples[i].Label]-- > 0).Order().Select(i => examples[i]),
        ];
    }

    /// <summary>
    /// A permutation of 0..count-1: positions sorted by a hash of (seed, position).
    /// </summary>
    internal static int[] Order(int count, ulong seed)
    {
        var keys = new ulong[count];
        var positions = new int[count];
        // The mixer is a bijection, so keys are distinct and the sort needs no tie-break.
        for (var i = 0; i < count; i++)
            (keys[i], positions[i]) = (Mix(Mix(seed) + (ulong)i * Golden), i);
        Array.Sort(keys, positions);
        return positions;
    }

    /// <summary>
    /// Whether examples are grouped by class (as in IMDB), so that the first examples all have one
    /// class: true when the number of runs of equal labels is below a fifth of that of a shuffled
    /// file, n (1 - sum of squared class shares).
    /// </summary>
    public static bool IsClassGrouped(IReadOnlyList<Example> examples) =>
        Runs(examples) is { } found && found.Runs < found.Expected / 5;

    /// <summary>
    /// A warning for the user when examples are grouped by class, otherwise null.
    /// </summary>
    public static string? ClassGroupedWarning(Split split)
    {
        ArgumentNullException.ThrowIfNull(split);
        if (!IsClassGrouped(split.Examples) || Runs(split.Examples) is not { } found)
            return null;
        var first = split.Examples[0].Label;
        var run = split.Examples.TakeWhile(example => example.Label == first).Count();
        return $"{split.Task.Name} {split.Name}: the examples are grouped by class ({found.Runs} runs of equal labels; "
            + $"a shuffled file has about {found.Expected:0}); "
            + $"the first {run} examples are all '{split.Labels.Names[first]}'. Without shuffling, the first "
            + "examples contain a single class";
    }

    private static (int Runs, double Expected)? Runs(IReadOnlyList<Example> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count < 20 || examples.Any(example => example.Label == Example.Unlabelled))
            return null;
        var shares = examples
            .GroupBy(example => example.Label)
            .Select(group => (double)group.Count() / examples.Count)
            .ToArray();
        if (shares.Length < 2)
            return null;
        var runs = 1;
        for (var i = 1; i < examples.Count; i++)
        {
            if (examples[i].Label != examples[i - 1].Label)
                runs++;
        }
        return (runs, 1 + (examples.Count - 1) * (1 - shares.Sum(share => share * share)));
    }

    /// <summary>The finaliser of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
