// Mini-epochs of a slimming search: snapshots are taken at steps floor(S g / 20), S = floor(N / B)
// (docs/methods/early-robust.md). With few steps some of these coincide.
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>The steps after which snapshots are taken.</summary>
internal sealed class MiniEpochs
{
    private readonly Dictionary<long, int> _numbers = [];

    internal MiniEpochs(SlimmingSearchOptions search, int batchSize, int examples)
    {
        var perEpoch = StepCounts.FullBatches(batchSize, examples);
        LastStep = SearchSteps.AtMost(search, batchSize, examples);
        for (var g = 1L; g <= Math.Ceiling(search.SnapshotsPerEpoch * search.HorizonEpochs); g++)
        {
            var step = perEpoch * g / search.SnapshotsPerEpoch;
            if (step > LastStep)
                break;
            if (step > 0)
                _numbers.TryAdd(step, checked((int)g));
        }
    }

    internal long LastStep { get; }

    /// <summary>Steps that end a mini-epoch.</summary>
    internal IEnumerable<long> Steps => _numbers.Keys;

    internal int? EndingAt(long step) => _numbers.TryGetValue(step, out var g) ? g : null;
}
