// The length of a search, known in advance: steps, steps at a nonzero learning rate, snapshots
// available to its stop rule. Below a minimum the ticket would only reflect tie order, the same for
// every data set (docs/methods/early-robust.md, The shortest search).
using RobustTickets.Tickets;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Searches;

/// <summary>Upper limits of a search's length.</summary>
/// <param name="Steps">Maximum steps; for magnitude pruning, those of a round.</param>
/// <param name="Learning">How many of them have a nonzero learning rate.</param>
/// <param name="Snapshots">Snapshots after the first of those; null if none are taken.</param>
/// <param name="SnapshotsNeeded">Snapshots the stop rule needs before it can stop.</param>
internal sealed record SearchLength(long Steps, long Learning, int? Snapshots = null, long SnapshotsNeeded = 0)
{
    /// <summary>Minimum number of steps at a nonzero learning rate.</summary>
    public const int LeastSteps = 10;

    private const int MostTenths = 1000;

    /// <summary>Whether the search is long enough for a ticket.</summary>
    public bool Suffices => Learning >= LeastSteps && (Snapshots ?? SnapshotsNeeded) >= SnapshotsNeeded;

    /// <summary>The length of a search; null for a search that learns nothing by design.</summary>
    /// <param name="search">The search.</param>
    /// <param name="batchSize">Examples per step.</param>
    /// <param name="examples">Training examples.</param>
    public static SearchLength? Of(SearchOptions? search, int batchSize, int examples)
    {
        var steps = SearchSteps.AtMost(search, batchSize, examples);
        switch (search)
        {
            case SlimmingSearchOptions s:
                var horizon = SearchSteps.Horizon(s, batchSize, examples);
                var first = StepCounts.AtZero(s.Optimizer);
                var snapshots = new MiniEpochs(s, batchSize, examples).Steps.Count(step => step > first);
                // A fixed stop takes one more snapshot at its end, unless a mini-epoch ends there.
                return new SearchLength(
                    steps,
                    StepCounts.AboveZero(s.Optimizer, steps, horizon),
                    s.Stop is FixedStop && steps > first ? Math.Max(1, snapshots) : snapshots,
                    StopRule.Needs(s.Stop)
                );
            case MaskSearchOptions s:
                var total = StepCounts.Horizon(s.Optimizer, batchSize, s.Epochs, examples);
                return new SearchLength(steps, StepCounts.AboveZero(s.Optimizer, steps, total));
            case MagnitudeSearchOptions s:
                var round = StepCounts.Of(batchSize, s.EpochsPerRound, examples);
                return new SearchLength(
                    round,
                    StepCounts.AboveZero(s.Optimizer, round, SearchSteps.RoundHorizon(s, batchSize, examples))
                );
            default:
                return null;
        }
    }

    /// <summary>
    /// Why a search is too short, starting with its path, with settings <c>path=value</c> each of
    /// which would make it long enough; null when it is, or may be, long enough.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static (string Problem, IReadOnlyList<string> Settings)? TooShort(
        SearchOptions? search,
        int batchSize,
        int examples
    )
    {
        if (search is null || search.MayBeShort || Of(search, batchSize, examples) is not { Suffices: false } length)
            return null;
        var settings = Remedies(search, batchSize, examples).ToArray();
        var enough = Examples(search, batchSize, examples);
        string[] possible =
        [
            .. settings.Select(s => s.Replace("=", ": ", StringComparison.Ordinal)),
            .. enough is { } n ? [Text($"at least {n} training examples")] : Array.Empty<string>(),
            "search.allow-short: true for a meaningless ticket",
        ];
        return (
            $"search: is too short for a ticket: {length.Describe(search, batchSize, examples)}; "
                + $"possible: {string.Join(", or ", possible)}",
            settings
        );
    }

    /// <summary>
    /// The search with its schedule extended to the number of epochs that a ticket needs.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static SlimmingSearchOptions LongEnough(SlimmingSearchOptions search, int batchSize, int examples)
    {
        if (Suffice(search, batchSize, examples))
            return search;
        // Epochs in tenths.
        var from = (int)Math.Floor(10 * search.HorizonEpochs) + 1;
        SlimmingSearchOptions Longer(int tenths) => search with { HorizonEpochs = tenths / 10.0 };
        return Least(from, from + MostTenths, e => Suffice(Longer(e), batchSize, examples)) is { } enough
            ? Longer(enough)
            : search;
    }

    private string Describe(SearchOptions search, int batchSize, int examples)
    {
        var unit = search is MagnitudeSearchOptions ? "a round has" : "it has";
        var steps = Text(
            $"{unit} at most {Steps} step{(Steps == 1 ? "" : "s")} ({examples} training examples, batch-size ",
            $"{batchSize}), {Learning} of them at a learning rate above 0, and needs {LeastSteps} of these"
        );
        return Snapshots is { } taken && taken < SnapshotsNeeded
            ? steps
                + Text(
                    $"; its stop rule {StopOptions.KindOf(((SlimmingSearchOptions)search).Stop)} needs ",
                    $"{SnapshotsNeeded} snapshots of coefficients that can have changed, but would see {taken}"
                )
            : steps;
    }

    // Each setting changes one field, by the minimum that suffices.
    private static IEnumerable<string> Remedies(SearchOptions search, int batchSize, int examples)
    {
        if (Least(1, batchSize - 1, b => Suffice(search, batchSize - b, examples)) is { } smaller)
            yield return Text($"batch-size={batchSize - smaller}");
        var (path, now, longer) = search switch
        {
            SlimmingSearchOptions { Stop: not FixedStop } s => (
                "search.horizon-epochs",
                s.HorizonEpochs,
                e => s with { HorizonEpochs = e }
            ),
            MaskSearchOptions { DrawEpoch: null } s => ("search.epochs", s.Epochs, e => s with { Epochs = e }),
            MagnitudeSearchOptions { HorizonEpochs: null } s => (
                "search.epochs-per-round",
                s.EpochsPerRound,
                e => s with { EpochsPerRound = e }
            ),
            _ => ("", 0.0, (Func<int, SearchOptions>?)null),
        };
        if (longer is null)
            yield break;
        var from = (int)Math.Floor(now) + 1;
        if (Least(from, from + 200, e => Suffice(longer(e), batchSize, examples)) is { } epochs)
            yield return Text($"{path}={epochs}");
    }

    private static int? Examples(SearchOptions search, int batchSize, int examples)
    {
        var (low, high) = ((long)examples, (long)examples);
        do high *= 2;
        while (high < 10_000_000 && !Suffice(search, batchSize, (int)high));
        if (high >= 10_000_000)
            return null;
        while (low + 1 < high)
        {
            var middle = (low + high) / 2;
            if (Suffice(search, batchSize, (int)middle))
                high = middle;
            else
                low = middle;
        }
        return (int)high;
    }

    private static bool Suffice(SearchOptions search, int batchSize, int examples) =>
        Of(search, batchSize, examples) is not { Suffices: false };

    private static int? Least(int from, int to, Func<int, bool> holds)
    {
        for (var i = from; i <= to; i++)
            if (holds(i))
                return i;
        return null;
    }
}
