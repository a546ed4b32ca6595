// What the server has done since it started, for /metrics.
using System.Collections.Concurrent;

namespace RobustTickets.Cli.Playground;

/// <summary>Counts, from any thread.</summary>
internal sealed class PlaygroundCounters
{
    /// <summary>Upper bounds of the buckets of answering times, in seconds.</summary>
    public static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<(string Path, int Status), long> _requests = new();
    private readonly ConcurrentDictionary<string, long> _texts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Attack, string Result), long> _attacks = new();
    private readonly long[] _buckets = new long[Bounds.Length + 1];
    private long _queries;
    private long _ticks;

    /// <summary>Requests by path and status.</summary>
    public IReadOnlyDictionary<(string Path, int Status), long> Requests => _requests;

    /// <summary>Texts that each model was asked about.</summary>
    public IReadOnlyDictionary<string, long> Texts => _texts;

    /// <summary>Attacks that ended, by result.</summary>
    public IReadOnlyDictionary<(string Attack, string Result), long> Attacks => _attacks;

    /// <summary>Queries of attacks that ended, as TextAttack counts them.</summary>
    public long Queries => Interlocked.Read(ref _queries);

    /// <summary>Requests in each bucket of <see cref="Bounds"/>, and above the last.</summary>
    public IReadOnlyList<long> Buckets => _buckets;

    /// <summary>Time of all answers together.</summary>
    public TimeSpan Time => new(Interlocked.Read(ref _ticks));

    /// <summary>A request was answered; one that streams is in no bucket.</summary>
    public void Answered(string path, int status, TimeSpan took, bool streams)
    {
        _requests.AddOrUpdate((path, status), 1, (_, n) => n + 1);
        if (streams)
            return;
        var bucket = Array.FindIndex(Bounds, b => took.TotalSeconds <= b);
        Interlocked.Increment(ref _buckets[bucket < 0 ? Bounds.Length : bucket]);
        Interlocked.Add(ref _ticks, took.Ticks);
    }

    /// <summary>A model was asked about texts.</summary>
    public void Asked(string model, int texts) => _texts.AddOrUpdate(model, texts, (_, n) => n + texts);

    /// <summary>An attack ended.</summary>
    public void Attacked(string attack, string result) => _attacks.AddOrUpdate((attack, result), 1, (_, n) => n + 1);

    /// <summary>An attack made queries.</summary>
    public void Queried(long queries) => Interlocked.Add(ref _queries, queries);
}
