// What training a BERT needs of the machine's memory, by formula, before it begins (docs/memory.md,
// What a training step keeps).
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Models;

/// <summary>Memory that a training needs.</summary>
/// <param name="StateBytes">Weights, gradients and moments; surely needed.</param>
/// <param name="ActivationBytes">What the longest batch keeps for its backward pass; an
/// estimate.</param>
internal sealed record TrainingMemory(long StateBytes, long ActivationBytes)
{
    // The runtime, libtorch and its kernels before anything is loaded.
    private const long Program = 250L << 20;

    /// <summary>All of it, about.</summary>
    public long Bytes => StateBytes + ActivationBytes + Program;

    /// <summary>
    /// Memory of the machine, or what this process may use of it; null where it is not known.
    /// </summary>
    public static long? Here => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes is var bytes and > 0 ? bytes : null;

    /// <summary>Memory that is free now; null where the system does not say.</summary>
    public static long? Free
    {
        get
        {
            try
            {
                var line = File.ReadLines("/proc/meminfo")
                    .FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
                var number = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1);
                return long.TryParse(number, CultureInfo.InvariantCulture, out var kibibytes)
                    ? Math.Min(kibibytes << 10, Here ?? long.MaxValue)
                    : Here;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Here;
            }
        }
    }

    /// <summary>
    /// What a training needs. P parameters in float32 are 16 P bytes for certain: weights,
    /// gradients, two moments. A layer keeps 9 H + 2 n numbers a token for backward (inputs of
    /// products and norms, before and behind GELU); libraries and temporaries come on top.
    /// </summary>
    /// <param name="config">The network.</param>
    /// <param name="parameters">Its parameters, all of which are trained.</param>
    /// <param name="tokens">Word pieces of the longest batch.</param>
    public static TrainingMemory Of(BertConfig config, long parameters, long tokens)
    {
        ArgumentNullException.ThrowIfNull(config);
        const int Number = sizeof(float);
        long kept = 0;
        for (var layer = 0; layer < config.Layers; layer++)
            kept += 9L * config.Hidden + 2L * config.NeuronsPerLayer[layer];
        return new TrainingMemory(4 * Number * parameters, Number * tokens * kept);
    }

    /// <summary>Word pieces of the longest batch that can be drawn.</summary>
    /// <param name="lengths">Word pieces of each example.</param>
    /// <param name="batch">Examples of a batch.</param>
    public static long LongestBatch(IEnumerable<int> lengths, int batch)
    {
        var longest = new PriorityQueue<int, int>();
        foreach (var length in lengths)
        {
            longest.Enqueue(length, length);
            if (longest.Count > batch)
                longest.Dequeue();
        }
        return longest.UnorderedItems.Sum(item => (long)item.Element);
    }

    /// <summary>Refuses what surely does not fit.</summary>
    /// <param name="field">Field of the request that names the model.</param>
    /// <param name="value">Its value.</param>
    /// <param name="here">Memory of the machine; null is not known.</param>
    /// <exception cref="RequestException">Weights, gradients and moments alone are more than
    /// that.</exception>
    public void Require(string field, string value, long? here)
    {
        if (here is { } bytes && StateBytes > bytes)
            throw new RequestException(
                field,
                value,
                $"too little memory: weights, gradients and moments need {Text(StateBytes)}, the machine (or the limit "
                    + $"of this process) has {Text(bytes)}; take a smaller model or a larger machine"
            );
    }

    /// <summary>Bytes in MiB.</summary>
    public static string Text(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / 1048576.0):N0} MiB");
}
