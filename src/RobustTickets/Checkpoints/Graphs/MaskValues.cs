// Evaluates what a graph computes from its attention mask for the mask's two values: 1 for a real
// token, 0 for padding. A valid mask adds 0 to the scores of real tokens and a large negative
// number to the others.
namespace RobustTickets.Checkpoints.Graphs;

/// <summary>Values computed from a mask.</summary>
/// <param name="Real">For a mask value of 1.</param>
/// <param name="Padding">For a mask value of 0.</param>
internal readonly record struct MaskValues(double Real, double Padding)
{
    // exp(-100) is negligible in the softmax.
    private const double Hidden = -100;
    private const double Tiny = 1e-6;

    /// <summary>The unchanged mask.</summary>
    public static MaskValues Input { get; } = new(1, 0);

    /// <summary>Whether adding it to attention scores masks padding.</summary>
    public bool Masks => Math.Abs(Real) <= Tiny && Hides(Padding);

    /// <summary>Whether it is true for real tokens only.</summary>
    public bool OfReal => Real != 0 && Padding == 0;

    /// <summary>Whether it is true for padding only.</summary>
    public bool OfPadding => Real == 0 && Padding != 0;

    /// <summary>Whether a score is low enough to hide a token.</summary>
    public static bool Hides(double score) => score <= Hidden;

    /// <summary>
    /// Evaluates a node; null if an input or the operator is not supported.
    /// </summary>
    public static MaskValues? Of(GraphNode n)
    {
        var inputs = n.Inputs.Select(Of).ToArray();
        if (inputs.Length == 0 || inputs.Any(v => v is null))
            return null;
        return (n.Operator, inputs) switch
        {
            ("Neg", [{ } x]) => x.Map(v => -v),
            ("Not", [{ } x]) => x.Map(v => v == 0 ? 1 : 0),
            ("Add", [{ } x, { } y]) => x.With(y, (a, b) => a + b),
            ("Sub", [{ } x, { } y]) => x.With(y, (a, b) => a - b),
            ("Mul", [{ } x, { } y]) => x.With(y, (a, b) => a * b),
            ("Div", [{ } x, { } y]) => x.With(y, (a, b) => a / b),
            ("Equal", [{ } x, { } y]) => x.With(y, (a, b) => a == b ? 1 : 0),
            ("Less", [{ } x, { } y]) => x.With(y, (a, b) => a < b ? 1 : 0),
            ("Greater", [{ } x, { } y]) => x.With(y, (a, b) => a > b ? 1 : 0),
            ("And", [{ } x, { } y]) => x.With(y, (a, b) => a != 0 && b != 0 ? 1 : 0),
            ("Or", [{ } x, { } y]) => x.With(y, (a, b) => a != 0 || b != 0 ? 1 : 0),
            ("Where", [{ } c, { } x, { } y]) => new(
                c.Real != 0 ? x.Real : y.Real,
                c.Padding != 0 ? x.Padding : y.Padding
            ),
            _ => null,
        };
    }

    private static MaskValues? Of(GraphValue? value) =>
        value switch
        {
            Auxiliary a => a.Mask,
            Constant { Tensor.Count: 1 } c when c.Tensor.ToDoubles() is [var x] => new(x, x),
            _ => null,
        };

    private MaskValues Map(Func<double, double> f) => new(f(Real), f(Padding));

    private MaskValues With(MaskValues other, Func<double, double, double> f) =>
        new(f(Real, other.Real), f(Padding, other.Padding));
}
