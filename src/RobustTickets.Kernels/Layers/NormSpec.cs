using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Layers;

/// <summary>Parameters of a LayerNorm and of the dropout before it.</summary>
/// <param name="Gamma">[H].</param>
/// <param name="Beta">[H].</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Dropout">Dropout probability; used if <paramref name="Keys"/> is not empty.</param>
/// <param name="Keys">[T] key of each row's mask; empty in evaluation.</param>
internal readonly record struct NormSpec(
    Tensor Gamma,
    Tensor Beta,
    double Epsilon,
    double Dropout,
    ReadOnlyMemory<RandomKey> Keys
);
