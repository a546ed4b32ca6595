namespace RobustTickets.Tickets;

/// <summary>
/// The parts of a network that a ticket keeps: heads and neurons (<see cref="StructuredMask"/>) or
/// single weights.
/// </summary>
public interface ITicketMask;

/// <summary>The heads and neurons that a ticket keeps, layer by layer.</summary>
/// <param name="Heads">Per layer [heads]: true = kept.</param>
/// <param name="Neurons">Per layer [neurons]: true = kept.</param>
public sealed record StructuredMask(bool[][] Heads, bool[][] Neurons) : ITicketMask
{
    /// <summary>Number of kept heads over all layers.</summary>
    public int HeadsKept => Heads.Sum(l => l.Count(kept => kept));

    /// <summary>Number of kept neurons over all layers.</summary>
    public int NeuronsKept => Neurons.Sum(l => l.Count(kept => kept));

    /// <summary>Indices of the kept units of a layer.</summary>
    public static int[] Kept(bool[] layer) => Enumerable.Range(0, layer.Length).Where(i => layer[i]).ToArray();
}

/// <summary>Values of the slimming coefficients.</summary>
/// <param name="Heads">Per layer [heads].</param>
/// <param name="Neurons">Per layer [neurons].</param>
internal sealed record CoefficientSnapshot(float[][] Heads, float[][] Neurons);

/// <summary>Normalised Hamming distances between two masks, pooled over layers.</summary>
/// <param name="Heads">Fraction of heads that differ.</param>
/// <param name="Neurons">Fraction of neurons that differ.</param>
public readonly record struct MaskDistance(double Heads, double Neurons)
{
    /// <summary>Distance between two masks of the same shape.</summary>
    public static MaskDistance Between(StructuredMask a, StructuredMask b) =>
        new(Differing(a.Heads, b.Heads), Differing(a.Neurons, b.Neurons));

    /// <summary>Whether both distances are strictly below a threshold.</summary>
    public bool Below(double threshold) => Heads < threshold && Neurons < threshold;

    private static double Differing(bool[][] a, bool[][] b)
    {
        long differing = 0,
            entries = 0;
        for (var l = 0; l < a.Length; l++)
        {
            if (a[l].Length != b[l].Length)
                throw new ArgumentException(
                    $"layer {l} has {a[l].Length} units in one mask and {b[l].Length} in the other"
                );
            for (var i = 0; i < a[l].Length; i++)
                differing += a[l][i] == b[l][i] ? 0 : 1;
            entries += a[l].Length;
        }
        return entries == 0 ? 0 : (double)differing / entries;
    }
}
