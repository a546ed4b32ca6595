// Masks on the matrices of linear layers: a layer computes with m * W while W is unchanged (RobusT
// eq. 2). The network uses only this interface; Tickets defines m (sampled hard-concrete gates, or
// a fixed binary ticket).
using RobustTickets.Torch;

namespace RobustTickets.Models;

/// <summary>Provides the effective weights of a network's matrices.</summary>
internal interface IWeightMasks
{
    /// <summary>
    /// m * W of a matrix in a pass, recorded by autograd if gradients are needed;
    /// <paramref name="weight"/> itself if the matrix has no mask.
    /// </summary>
    /// <param name="site">Name of the layer, without <c>.weight</c>.</param>
    /// <param name="weight">W [O, I].</param>
    /// <param name="pass">Training mode and random key.</param>
    Tensor Effective(string site, Tensor weight, PassOptions pass);
}
