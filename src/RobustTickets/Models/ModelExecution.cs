// The one value that says what runs where: device, precision, and which of the ways to compute a
// layer is taken. Models, objectives, masks and the optimiser read it, nobody decides for himself.
// Kernels of ours and fused layers read and write host memory; on any other device everything is an
// operator of libtorch (`OperatorsOnly`). That way can be asked for on the CPU as well, which is
// how tests hold it to the reference without a GPU.
using RobustTickets.Checkpoints;
using RobustTickets.Torch;
using RobustTickets.Torch.Kernels;

namespace RobustTickets.Models;

/// <summary>How the model runs; changes speed, never meaning (DESIGN 2.5).</summary>
/// <param name="Packed">Packed tokens; otherwise the padded reference path.</param>
/// <param name="ClsOnlyLastLayer">The last layer computes only the [CLS] rows that the classifier
/// reads. Exact.</param>
/// <param name="RowSparseWords">The gradient of the word embedding is kept for the rows in the
/// batch only. Exact.</param>
/// <param name="Fused">Layers of fused operations; otherwise op by op.</param>
/// <param name="Precision">
/// Precision of the factors of the layers' products. Weights, sums, optimiser state, coefficients
/// and scores are fp32 always; bf16 needs <paramref name="Fused"/> or a device.
/// </param>
public sealed record ModelExecution(
    bool Packed = true,
    bool ClsOnlyLastLayer = true,
    bool RowSparseWords = true,
    bool Fused = true,
    MatrixPrecision Precision = MatrixPrecision.Fp32
)
{
    private readonly bool _operatorsOnly;

    /// <summary>The plain reference: padded, every row, dense gradients, op by op, fp32.</summary>
    public static ModelExecution Reference { get; } = new(false, false, false, false);

    /// <summary>
    /// Word pieces that the padded path pads every example to at least, as programs do that pad to
    /// a fixed length. It is there to be measured against.
    /// </summary>
    public int PadTo { get; init; }

    /// <summary>Where parameters, batches and everything computed from them lie.</summary>
    public Device Device { get; init; }

    /// <summary>
    /// Whether everything is computed by libtorch's operators; so it is on every device but the
    /// CPU.
    /// </summary>
    public bool OperatorsOnly
    {
        get => _operatorsOnly || !Device.IsHost;
        init => _operatorsOnly = value;
    }

    /// <summary>
    /// Whether kernels of ours may compute what stands on packed rows; elsewhere it is stated in
    /// operators, padded or on a device.
    /// </summary>
    internal bool OwnKernels => Packed && !OperatorsOnly;

    /// <summary>
    /// What autocast rounds factors to where operators compute the layers; null in fp32.
    /// </summary>
    internal DType? Autocast => OperatorsOnly && Precision == MatrixPrecision.Bf16 ? DType.BFloat16 : null;

    /// <summary>
    /// Packed tokens by operators on a device: dense word gradients, one padded attention a layer,
    /// [CLS] rows alone at the end.
    /// </summary>
    public static ModelExecution On(Device device, MatrixPrecision precision = MatrixPrecision.Fp32) =>
        new(RowSparseWords: false, Fused: false, Precision: precision) { Device = device, OperatorsOnly = true };

    /// <summary>This execution, checked and with what its device rules out left out.</summary>
    /// <exception cref="CheckpointException">bf16 where layers would ignore it.</exception>
    internal ModelExecution For(BertConfig config)
    {
        if (Precision == MatrixPrecision.Bf16 && !(OperatorsOnly ? Packed : FusedBertLayer.Covers(config, this)))
        {
            throw new CheckpointException(
                $"bf16: layers with the activation {config.Activation}, padded, or not fused compute in fp32; "
                    + "bf16 needs packed, fused layers with the erf GELU (hidden_act 'gelu')"
            );
        }
        return OperatorsOnly ? this with { RowSparseWords = false, Fused = false } : this;
    }
}
