// Pending questions of many examples to one model: deduplicated, served oldest first, in batches of
// a given size.

namespace RobustTickets.Attacks.Engine;

internal sealed class AnswerQueue<TKey>
    where TKey : notnull
{
    private readonly Queue<TKey> _order = new();
    private readonly Dictionary<TKey, List<ExampleRun>> _waiting = [];

    public int Count => _order.Count;

    public void Ask(ExampleRun run, TKey key)
    {
        if (!_waiting.TryGetValue(key, out var runs))
        {
            _waiting.Add(key, runs = []);
            _order.Enqueue(key);
        }
        runs.Add(run);
    }

    /// <summary>
    /// The oldest questions, at most <paramref name="size"/>, with the runs that wait for each.
    /// </summary>
    public List<(TKey Key, List<ExampleRun> Runs)> Take(int size)
    {
        var batch = new List<(TKey, List<ExampleRun>)>(Math.Min(size, _order.Count));
        while (batch.Count < size && _order.TryDequeue(out var key))
        {
            _waiting.Remove(key, out var runs);
            // Runs that failed in the meantime need no answer.
            if (runs!.Exists(r => !r.IsFinished))
                batch.Add((key, runs));
        }
        return batch;
    }
}
