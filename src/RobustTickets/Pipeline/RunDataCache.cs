// Runs that differ in seed or method only see the same examples: read and tokenised once in a
// process, whatever the number of runs.
using System.Collections.Concurrent;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline.Data;

namespace RobustTickets.Pipeline;

/// <summary>Encoded data of the runs of one process.</summary>
public sealed class RunDataCache
{
    private readonly ConcurrentDictionary<Key, Lazy<RunData>> _data = new();

    /// <summary>How many data sets were read.</summary>
    public int Count => _data.Count;

    internal RunData Get(TrainRequest request, Func<RunData> read)
    {
        var recipe = request.Recipe;
        var key = new Key(
            Path.GetFullPath(request.Model),
            Path.GetFullPath(request.Data),
            request.DataOptions,
            recipe.Task,
            recipe.MaxLength,
            recipe.DevFraction,
            recipe.Split
        );
        var entry = _data.GetOrAdd(key, _ => new Lazy<RunData>(read));
        try
        {
            return entry.Value;
        }
        catch
        {
            // A file may be put right before the next run asks again.
            _data.TryRemove(key, out _);
            throw;
        }
    }

    /// <summary>
    /// Everything that shapes the encoded examples; the model folder stands for its tokenizer.
    /// </summary>
    private sealed record Key(
        string Model,
        string Path,
        DataOptions? Options,
        string Task,
        int MaxLength,
        double DevFraction,
        SplitOptions Split
    );
}
