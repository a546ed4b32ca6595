// The one value that says what runs where: device, precision, threads and the way to compute a
// layer. It changes speed, never results beyond rounding. Models, objectives, masks and the
// optimiser read it.
using RobustTickets.Attacks;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;

namespace RobustTickets;

/// <summary>The ways to compute a transformer layer; all state one function.</summary>
public enum LayerPath
{
    /// <summary>
    /// Packed tokens, fused operations, kernels on host memory. Off the CPU the same as
    /// <see cref="Operators"/>.
    /// </summary>
    Fused,

    /// <summary>Packed tokens, libtorch's operators alone: what every device can run.</summary>
    Operators,

    /// <summary>
    /// Every text padded to the longest, operator by operator, float32: the slow, obvious
    /// reference.
    /// </summary>
    PaddedReference,
}

/// <summary>How models run; changes speed, never meaning.</summary>
/// <param name="Device">Where parameters, batches and everything computed from them lie.</param>
/// <param name="Precision">Precision of the factors of the layers' products. Weights, sums,
/// optimiser state, coefficients and scores are float32 always.</param>
/// <param name="Threads">Threads of matrix products, those of the process: what was applied last
/// holds for every model. Null leaves them as they are, at first every core.</param>
/// <param name="Layers">The way to compute a layer.</param>
public sealed record Execution(
    Device Device = default,
    MatrixPrecision Precision = MatrixPrecision.Fp32,
    int? Threads = null,
    LayerPath Layers = LayerPath.Fused
)
{
    /// <summary>The padded reference in float32 on the CPU.</summary>
    public static Execution Reference { get; } = new(Layers: LayerPath.PaddedReference);

    /// <summary>
    /// What is fastest on a device: bf16 factors where it multiplies them itself, float32
    /// elsewhere. May load libtorch.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="threads">Threads of matrix products; null takes every core of the
    /// process.</param>
    public static Execution Fastest(Device device = default, int? threads = null)
    {
        var bf16 = new Execution(device, MatrixPrecision.Bf16, threads);
        return bf16.WhyNoBFloat16() is null ? bf16 : bf16 with { Precision = MatrixPrecision.Fp32 };
    }

    /// <summary>What of it may change a result by a rounding, as text for a hash; threads do
    /// not.</summary>
    internal string OfResults => $"{Precision} {Device.Kind} {(Layers == default ? "" : Layers.ToString())}";

    /// <summary>
    /// Computes every row of the last layer, not only the [CLS] rows that a classifier reads.
    /// </summary>
    internal bool EveryRow { get; init; }

    /// <summary>
    /// Takes the gradient of the word embedding dense, not only for the rows in the batch.
    /// </summary>
    internal bool DenseWordGradient { get; init; }

    /// <summary>
    /// Computes layers operator by operator on the fused path; attention, masks and optimiser stay
    /// kernels.
    /// </summary>
    internal bool PlainLayers { get; init; }

    /// <summary>
    /// Word pieces that the padded reference pads every text to at least, as programs do that pad
    /// to a fixed length.
    /// </summary>
    internal int PadTo { get; init; }

    /// <summary>Whether the factors of products are rounded to bf16.</summary>
    internal bool RoundsFactors => Precision == MatrixPrecision.Bf16;

    /// <summary>The path that is taken: off the CPU no layer is fused.</summary>
    internal LayerPath Path => Layers == LayerPath.Fused && !Device.IsHost ? LayerPath.Operators : Layers;

    /// <summary>Whether kernels of ours compute what stands on packed rows.</summary>
    internal bool UsesKernels => Path == LayerPath.Fused;

    /// <summary>
    /// Whether optimiser, penalties and perturbations are libtorch's operators; so they are off the
    /// CPU.
    /// </summary>
    internal bool ByOperators => Layers == LayerPath.Operators || !Device.IsHost;

    /// <summary>Whether the last layer computes the [CLS] rows alone. Exact.</summary>
    internal bool ClsOnlyLastLayer => Path != LayerPath.PaddedReference && !EveryRow;

    /// <summary>
    /// Whether the gradient of the word embedding is kept for the rows in the batch only. Exact.
    /// </summary>
    internal bool RowSparseWords => UsesKernels && !DenseWordGradient;

    /// <summary>
    /// What autocast rounds factors to where operators compute the layers; null in float32.
    /// </summary>
    internal DType? Autocast =>
        Path == LayerPath.Operators && Precision == MatrixPrecision.Bf16 ? DType.BFloat16 : null;

    /// <summary>
    /// Checks this against the machine and sets the threads of matrix products. A device other than
    /// the CPU, bf16 and a number of threads load libtorch.
    /// </summary>
    /// <exception cref="RequestException">The device is not there, bf16 is not offered on it or on
    /// the padded reference, or no machine has so many threads.</exception>
    public void Apply()
    {
        // OpenMP ends the process when it has no memory for its threads.
        var most = Math.Max(1024, 4 * Environment.ProcessorCount);
        if (Threads is { } asked && (asked < 1 || asked > most))
            throw new RequestException(nameof(Threads), $"{asked}", $"1 to {most} are possible");
        if (Devices.WhyNot(Device) is { } missing)
            throw new RequestException(nameof(Device), Device.ToString(), missing);
        if (Precision == MatrixPrecision.Bf16 && WhyNoBFloat16() is { } reason)
            throw new RequestException(nameof(Precision), "bf16", reason);
        if (Threads is { } threads)
            torch.set_num_threads(threads);
    }

    private string? WhyNoBFloat16() =>
        Layers == LayerPath.PaddedReference ? "the padded reference path computes in fp32"
        : Device.IsHost ? PackedWeightBf16.WhyNot()
        : Devices.WhyNoBFloat16(Device);
}
