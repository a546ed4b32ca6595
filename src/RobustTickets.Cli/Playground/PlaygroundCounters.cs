// Server statistics since the start, for /metrics.
using System.Collections.Concurrent;

namespace RobustTickets.Cli.Playground;

/// <summary>Thread-safe counters.</summary>
internal sealed class PlaygroundCounters
{
    /// <summary>Upper bounds of the response time buckets, in seconds.</summary>
    public static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<(string Path, int Status), long> _requests = new();
    private readonly ConcurrentDictionary<string, long> _texts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Attack, string Result), long> _attacks = new();
    private readonly long[] _buckets = new long[Bounds.Length + 1];
    private long _queries;
    private long _ticks;

    /// <summary>Requests by path and status.</summary>
    public IReadOnlyDictionary<(string Path, int Status), long> Requests => _requests;

    /// <summary>Texts classified by model.</summary>
    public IReadOnlyDictionary<string, long> Texts => _texts;

    /// <summary>Completed attacks by result.</summary>
    public IReadOnlyDictionary<(string Attack, string Result), long> Attacks => _attacks;

    /// <summary>Queries of completed attacks, as TextAttack counts them.</summary>
    public long Queries => Interlocked.Read(ref _queries);

    /// <summary>Requests in each bucket of <see cref="Bounds"/>, and above the last.</summary>
    public IReadOnlyList<long> Buckets => _buckets;

    /// <summary>Total response time.</summary>
    public TimeSpan Time => new(Interlocked.Read(ref _ticks));

    /// <summary>Counts a response; streams are in no bucket.</summary>
    public void Answered(string path, int status, TimeSpan took, bool streams)
    {
        _requests.AddOrUpdate((path, status), 1, (_, n) => n + 1);
        if (streams)
            return;
        var bucket = Array.FindIndex(Bounds, b => took.TotalSeconds <= b);
        Interlocked.Increment(ref _buckets[bucket < 0 ? Bounds.Length : bucket]);
        Interlocked.Add(ref _ticks, took.Ticks);
    }

    /// <summary>Counts texts sent to a model.</summary>
    public void Asked(string model, int texts) => _texts.AddOrUpdate(model, texts, (_, n) => n + texts);

    /// <summary>Counts a completed attack.</summary>
    public void Attacked(string attack, string result) => _attacks.AddOrUpdate((attack, result), 1, (_, n) => n + 1);

    /// <summary>Counts queries of an attack.</summary>
    public void Queried(long queries) => Interlocked.Add(ref _queries, queries);
}
