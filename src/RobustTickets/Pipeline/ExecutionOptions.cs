using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Models;
using RobustTickets.Recipes;
using RobustTickets.Torch;

namespace RobustTickets.Pipeline;

/// <summary>What changes speed, never meaning (DESIGN 2.5).</summary>
/// <param name="Device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
/// <param name="Precision"><c>fp32</c> (or <c>bf16</c> where the processor or the GPU has
/// it).</param>
/// <param name="Threads">Threads of the compute pool; null takes every core.</param>
/// <param name="Packed">Packed tokens with the fused kernels; otherwise the padded reference
/// path.</param>
public sealed record ExecutionOptions(
    string Device = "cpu",
    string Precision = "fp32",
    int? Threads = null,
    bool Packed = true
)
{
    /// <summary>
    /// How models run under these options. A device other than the CPU and bf16 load libtorch to
    /// find out whether they are offered.
    /// </summary>
    /// <exception cref="RecipeException">A device or precision that is not known, not offered on
    /// this machine, or not on the padded reference path.</exception>
    public ModelExecution Models()
    {
        var device = Target();
        if (Devices.WhyNot(device) is { } missing)
            throw new RecipeException($"--device {Device}: {missing}");
        if (Precision is not ("fp32" or "bf16"))
            throw new RecipeException($"--precision {Precision}: possible are fp32 and bf16");
        var precision = Precision == "bf16" ? MatrixPrecision.Bf16 : MatrixPrecision.Fp32;
        if (precision == MatrixPrecision.Bf16)
        {
            if (!Packed)
                throw new RecipeException("--precision bf16: the padded reference path computes in fp32");
            if ((device.IsHost ? HalfMatrix.WhyNot() : Devices.WhyNoBFloat16(device)) is { } reason)
                throw new RecipeException($"--precision bf16: {reason}");
        }
        if (!Packed)
            return ModelExecution.Reference with { Device = device };
        return device.IsHost ? new ModelExecution(Precision: precision) : ModelExecution.On(device, precision);
    }

    /// <summary>The device as it is named, whether or not it is there. Loads nothing.</summary>
    /// <exception cref="RecipeException">No device is named so.</exception>
    public Device Target()
    {
        try
        {
            return Torch.Device.Parse(Device);
        }
        catch (FormatException e)
        {
            throw new RecipeException($"--device: {e.Message}");
        }
    }
}
