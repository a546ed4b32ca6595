using RobustTickets.Torch.nn;

namespace RobustTickets.Torch.optim;

/// <summary>One parameter in an update.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameter">p, updated in place.</param>
/// <param name="Gradient">g, or only the rows in <paramref name="Rows"/>.</param>
/// <param name="Rows">Rows of a row-sparse gradient, or null for a dense one.</param>
/// <param name="First">m, updated in place.</param>
/// <param name="Second">v, updated in place.</param>
/// <param name="Step">Constants of the update.</param>
internal sealed record AdamWUpdate(
    string Name,
    Tensor Parameter,
    Tensor Gradient,
    RowGradient? Rows,
    Tensor First,
    Tensor Second,
    AdamWStep Step
);

/// <summary>
/// The arithmetic of <see cref="AdamW"/>: libtorch's operators (<see cref="OperatorAdamW"/>), or
/// fused kernels of another assembly.
/// </summary>
internal interface IAdamWBackend
{
    /// <summary>Sum of squares over all gradients, in double precision.</summary>
    double SumOfSquares(IReadOnlyList<Tensor> gradients);

    /// <summary>Clamps each element of a gradient to [-limit, limit] in place.</summary>
    void Clamp(Tensor gradient, double limit);

    /// <summary>Updates parameters and moments.</summary>
    void Update(IReadOnlyList<AdamWUpdate> updates);

    /// <summary>
    /// The moments were modified externally: cached information on them is invalid.
    /// </summary>
    void MomentsChanged();
}
