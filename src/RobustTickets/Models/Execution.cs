// Execution options: device, precision, threads and layer implementation. They affect speed, and
// results only by rounding. Used by models, objectives, masks and the optimiser.
using RobustTickets.Attacks;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;

namespace RobustTickets;

/// <summary>Implementations of a transformer layer; all compute the same function.</summary>
public enum LayerPath
{
    /// <summary>
    /// Packed tokens, fused operations, CPU kernels. On other devices the same as
    /// <see cref="Operators"/>.
    /// </summary>
    Fused,

    /// <summary>Packed tokens with libtorch's operators only; runs on every device.</summary>
    Operators,

    /// <summary>
    /// Every text padded to the longest, plain operators, float32: the slow reference.
    /// </summary>
    PaddedReference,
}

/// <summary>Execution options; they change speed, not results.</summary>
/// <param name="Device">Device of parameters, batches and all computed tensors.</param>
/// <param name="Precision">Precision of the operands of the layers' matrix products. Weights, sums,
/// optimiser state, coefficients and scores are always float32.</param>
/// <param name="Threads">Threads of matrix products, for every model: the value applied last in the
/// process holds on the thread that applied it, in calls from thread-pool threads, and on threads
/// that compute for the first time later. A thread of your own that has computed before keeps its
/// number. Null leaves them unchanged (initially all cores).</param>
/// <param name="Layers">Implementation of the layers.</param>
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
    /// The fastest execution on a device: bf16 operands if it multiplies them natively, otherwise
    /// float32. May load libtorch.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="threads">Threads of matrix products; null uses all cores of the
    /// process.</param>
    public static Execution Fastest(Device device = default, int? threads = null)
    {
        var bf16 = new Execution(device, MatrixPrecision.Bf16, threads);
        return bf16.WhyNoBFloat16() is null ? bf16 : bf16 with { Precision = MatrixPrecision.Fp32 };
    }

    /// <summary>
    /// The options that may change results by rounding, as text for a hash; not the threads.
    /// </summary>
    internal string OfResults => $"{Precision} {Device.Kind} {(Layers == default ? "" : Layers.ToString())}";

    /// <summary>
    /// Computes every row of the last layer, not only the [CLS] rows that a classifier uses.
    /// </summary>
    internal bool EveryRow { get; init; }

    /// <summary>
    /// Computes the word-embedding gradient dense, not only for the rows in the batch.
    /// </summary>
    internal bool DenseWordGradient { get; init; }

    /// <summary>
    /// Computes layers with plain operators on the fused path; attention, masks and optimiser still
    /// use kernels.
    /// </summary>
    internal bool PlainLayers { get; init; }

    /// <summary>
    /// Minimum padded length of the padded reference, to match programs that pad to a fixed length.
    /// </summary>
    internal int PadTo { get; init; }

    /// <summary>Whether the operands of matrix products are rounded to bf16.</summary>
    internal bool RoundsFactors => Precision == MatrixPrecision.Bf16;

    /// <summary>The effective layer path: no layer is fused except on the CPU.</summary>
    internal LayerPath Path => Layers == LayerPath.Fused && !Device.IsHost ? LayerPath.Operators : Layers;

    /// <summary>Whether our kernels compute the operations on packed rows.</summary>
    internal bool UsesKernels => Path == LayerPath.Fused;

    /// <summary>
    /// Whether optimiser, penalties and perturbations use libtorch's operators, as they always do
    /// except on the CPU.
    /// </summary>
    internal bool ByOperators => Layers == LayerPath.Operators || !Device.IsHost;

    /// <summary>Whether the last layer computes only the [CLS] rows. Exact.</summary>
    internal bool ClsOnlyLastLayer => Path != LayerPath.PaddedReference && !EveryRow;

    /// <summary>
    /// Whether the word-embedding gradient is stored only for rows in the batch. Exact.
    /// </summary>
    internal bool RowSparseWords => UsesKernels && !DenseWordGradient;

    /// <summary>
    /// Autocast type of operands when operators compute the layers; null in float32.
    /// </summary>
    internal DType? Autocast =>
        Path == LayerPath.Operators && Precision == MatrixPrecision.Bf16 ? DType.BFloat16 : null;

    /// <summary>
    /// Validates the options on this machine and sets the threads of matrix products, as described
    /// at <see cref="Threads"/>. A device
    /// other than the CPU, bf16 or a number of threads loads libtorch.
    /// </summary>
    /// <exception cref="RequestException">The device does not exist, bf16 is not supported on it or
    /// on the padded reference, or the number of threads is too large.</exception>
    public void Apply()
    {
        // OpenMP terminates the process if it cannot allocate its threads.
        var most = Math.Max(1024, 4 * Environment.ProcessorCount);
        if (Threads is { } asked && (asked < 1 || asked > most))
            throw new RequestException(nameof(Threads), $"{asked}", $"must be 1 to {most}");
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
