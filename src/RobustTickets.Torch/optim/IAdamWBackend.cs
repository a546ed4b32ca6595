using RobustTickets.Torch.nn;

namespace RobustTickets.Torch.optim;

/// <summary>One parameter in one update.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameter">p, updated in place.</param>
/// <param name="Gradient">g, or its rows where <paramref name="Rows"/> says which.</param>
/// <param name="Rows">Rows of the gradient, or null where it is dense.</param>
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
/// fused kernels that another assembly brings.
/// </summary>
internal interface IAdamWBackend
{
    /// <summary>Sum of squares over all gradients, in double precision.</summary>
    double SumOfSquares(IReadOnlyList<Tensor> gradients);

    /// <summary>Limits each element of a gradient to [-limit, limit] in place.</summary>
    void Clamp(Tensor gradient, double limit);

    /// <summary>Updates parameters and moments.</summary>
    void Update(IReadOnlyList<AdamWUpdate> updates);

    /// <summary>Moments were written by somebody else: what is known of them is void.</summary>
    void MomentsChanged();
}
