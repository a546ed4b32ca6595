// Memory needed to train a BERT, computed by formula before training starts (docs/memory.md, What a
// training step keeps).
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Models;

/// <summary>Memory needed for training.</summary>
/// <param name="StateBytes">Weights, gradients and optimiser moments, and the weights of the best
/// epoch when one is selected; a lower bound.</param>
/// <param name="ActivationBytes">Activations saved for the backward pass of the longest batch; an
/// estimate.</param>
internal sealed record TrainingMemory(long StateBytes, long ActivationBytes)
{
    // The runtime, libtorch and its kernels, without any model.
    private const long Program = 250L << 20;

    /// <summary>The estimated total.</summary>
    public long Bytes => StateBytes + ActivationBytes + Program;

    /// <summary>Memory available to this process; null if unknown.</summary>
    public static long? Here => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes is var bytes and > 0 ? bytes : null;

    /// <summary>Free memory; null if the system does not report it.</summary>
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
    /// Estimates the memory of a training run. P parameters in float32 need 16 P bytes: weights,
    /// gradients, two moments. A layer saves 9 H + 2 n numbers per token for backward (inputs of
    /// products and norms, before and after GELU); libraries and temporaries come on top.
    /// </summary>
    /// <param name="config">The network.</param>
    /// <param name="parameters">Number of parameters, all of which are trained.</param>
    /// <param name="tokens">Tokens in the longest batch.</param>
    public static TrainingMemory Of(BertConfig config, long parameters, long tokens)
    {
        ArgumentNullException.ThrowIfNull(config);
        const int Number = sizeof(float);
        long kept = 0;
        for (var layer = 0; layer < config.Layers; layer++)
            kept += 9L * config.Hidden + 2L * config.NeuronsPerLayer[layer];
        return new TrainingMemory(4 * Number * parameters, Number * tokens * kept);
    }

    /// <summary>Number of tokens in the longest batch that can be drawn.</summary>
    /// <param name="lengths">Tokens of each example.</param>
    /// <param name="batch">Examples per batch.</param>
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

    /// <summary>Throws if the run cannot fit in memory.</summary>
    /// <param name="field">Field of the request that names the model.</param>
    /// <param name="value">Its value.</param>
    /// <param name="here">Memory of the machine; null if unknown.</param>
    /// <exception cref="RequestException">Weights, gradients and moments alone exceed the
    /// memory.</exception>
    public void Require(string field, string value, long? here)
    {
        if (here is { } bytes && StateBytes > bytes)
            throw new RequestException(
                field,
                value,
                $"not enough memory: weights, gradients and moments need {Text(StateBytes)}, the machine (or the limit "
                    + $"of this process) has {Text(bytes)}; use a smaller model or a larger machine"
            );
    }

    /// <summary>Formats bytes in MiB.</summary>
    public static string Text(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / 1048576.0):N0} MiB");
}
