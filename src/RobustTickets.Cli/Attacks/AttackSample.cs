// Which examples are attacked. The papers' scripts take the first N in file order; where a file is sorted by class these are all of one class, so a
// seeded sample with the file's class shares is offered beside it (attacks specification 9.3).
using RobustTickets.Text.Attacks;
using RobustTickets.Text.Data;

namespace RobustTickets.Cli.Attacks;

/// <summary>Picks examples and hands them to an attack under the column names TextAttack uses.</summary>
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
        if (count is not { } n || n >= examples.Count) return examples;
        if (way == "first-n") return [.. examples.Take(n)];
        var order = Splits.Order(examples.Count, (ulong)seed);
        var classes = examples.Select(e => e.Label).Distinct().Order().ToList();
        // Largest remainders: each class gets its share rounded down, the rest goes to the largest fractions, ties to the lower class.
        var shares = classes.Select(c => (Class: c, Exact: (double)n * examples.Count(e => e.Label == c) / examples.Count)).ToList();
        var quota = shares.ToDictionary(s => s.Class, s => (int)Math.Floor(s.Exact));
        foreach (var s in shares.OrderByDescending(s => s.Exact - Math.Floor(s.Exact)).ThenBy(s => s.Class).Take(n - quota.Values.Sum())) quota[s.Class]++;
        var picked = new List<int>(n);
        foreach (var i in order)
        {
            if (quota[examples[i].Label]-- > 0) picked.Add(i);
        }
        picked.Sort();
        return [.. picked.Select(i => examples[i])];
    }

    /// <summary>An example as attacks see it. Column names matter: recipes freeze the premise of [premise, hypothesis].</summary>
    public static AttackInput Input(Example example, TextTask task) => example.TextPair is not { } pair
        ? AttackInput.Of(example.Id, example.Text, example.Label)
        : task.Name == "mnli"
            ? AttackInput.OfPair(example.Id, "premise", example.Text, "hypothesis", pair, example.Label)
            : AttackInput.OfPair(example.Id, task.TextColumn, example.Text, task.PairColumn ?? "text_pair", pair, example.Label);
}
