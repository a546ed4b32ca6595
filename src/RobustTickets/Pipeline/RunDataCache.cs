// Runs that differ only in seed or method use the same examples: they are read and tokenised once
// per process.
using System.Collections.Concurrent;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline.Data;

namespace RobustTickets.Pipeline;

/// <summary>Tokenised data shared by the runs of a process.</summary>
public sealed class RunDataCache
{
    private readonly ConcurrentDictionary<Key, Lazy<RunData>> _data = new();

    /// <summary>Number of data sets read.</summary>
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
            // The file may be fixed before the next run.
            _data.TryRemove(key, out _);
            throw;
        }
    }

    /// <summary>
    /// Everything that affects the encoded examples; the model folder stands for its tokenizer.
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
