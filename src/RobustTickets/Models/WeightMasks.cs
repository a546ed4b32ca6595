// Masks on the matrices of linear layers: a layer computes with m * W while W stays as it is
// (RobusT eq. 2). The network knows only this interface; what m is (sampled
// hard-concrete gates, a fixed binary ticket) is the business of Tickets.
using RobustTickets.Torch;

namespace RobustTickets.Models;

/// <summary>Gives the effective weights of a network's matrices.</summary>
internal interface IWeightMasks
{
    /// <summary>
    /// m * W of a matrix in a pass, recorded where gradients are wanted; <paramref name="weight"/>
    /// itself where the matrix has no mask.
    /// </summary>
    /// <param name="site">Name of the layer, without <c>.weight</c>.</param>
    /// <param name="weight">W [O, I].</param>
    /// <param name="pass">Whether it is training, and the key of its randomness.</param>
    Tensor Effective(string site, Tensor weight, PassOptions pass);
}
