// What a graph makes of its attention mask, followed by its two values: 1 where a token is real, 0
// where there is padding. A mask adds nothing to the scores of real tokens and hides the others.
namespace RobustTickets.Checkpoints.Graphs;

/// <summary>What becomes of an input's 1 and 0.</summary>
/// <param name="Real">Of 1.</param>
/// <param name="Padding">Of 0.</param>
internal readonly record struct MaskValues(double Real, double Padding)
{
    // exp(-100) is nothing beside the share of any real token.
    private const double Hidden = -100;
    private const double Tiny = 1e-6;

    /// <summary>An input as it is.</summary>
    public static MaskValues Input { get; } = new(1, 0);

    /// <summary>Whether scores that this is added to are masked scores.</summary>
    public bool Masks => Math.Abs(Real) <= Tiny && Hides(Padding);

    /// <summary>Whether it is true of real tokens alone.</summary>
    public bool OfReal => Real != 0 && Padding == 0;

    /// <summary>Whether it is true of padding alone.</summary>
    public bool OfPadding => Real == 0 && Padding != 0;

    /// <summary>Whether a score of this hides a token.</summary>
    public static bool Hides(double score) => score <= Hidden;

    /// <summary>
    /// What a node without states computes; null where the inputs' values, or the operator, are not
    /// followed.
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
