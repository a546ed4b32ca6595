// Elementwise functions built from any operators: identified by their values at a few points, so
// that every formulation of GELU is recognised.
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>Builds and identifies elementwise functions.</summary>
internal static class PointwiseFunctions
{
    private static readonly double[] Points = [-6, -3, -1.7, -0.9, -0.3, 0, 0.2, 0.8, 1.5, 2.2, 3.1, 6];

    // Half the difference between GELU and its tanh approximation, with room for float16 constants.
    private const double Tolerance = 1e-3;

    private static readonly (string Name, Func<double, double> F)[] Named =
    [
        ("gelu", Gelu),
        ("gelu_new", GeluNew),
        ("relu", x => Math.Max(0, x)),
        ("tanh", Math.Tanh),
        ("sigmoid", x => 1 / (1 + Math.Exp(-x))),
        ("silu", x => x / (1 + Math.Exp(-x))),
        ("quick_gelu", QuickGelu),
        ("linear", x => x),
    ];

    public static double Gelu(double x) => 0.5 * x * (1 + Erf(x / Math.Sqrt(2)));

    public static double GeluNew(double x) =>
        0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    private static double QuickGelu(double x) => x / (1 + Math.Exp(-1.702 * x));

    /// <summary>
    /// The name of a function by its values: the nearest known one within tolerance, else null.
    /// </summary>
    public static string? NameOf(double[] values)
    {
        var (name, distance) = Named
            .Select(f => (f.Name, Distance: Points.Select((x, i) => Math.Abs(f.F(x) - values[i])).Max()))
            .MinBy(f => f.Distance);
        return distance <= Tolerance ? name : null;
    }

    /// <summary>The c of x → c x; null for another function.</summary>
    public static double? Factor(double[] values)
    {
        var factor = values[^1] / Points[^1];
        return Points.Select((x, i) => Math.Abs((factor * x) - values[i])).Max() <= 1e-6 * Math.Abs(factor)
            ? factor
            : null;
    }

    public static GraphValue Of(GraphNode n)
    {
        if (n[0] is not Rows x)
            return n.Refuse($"is applied to {Describe.Of(n[0])}");
        return n.Operator switch
        {
            "Erf" => Unary(n, x, Erf),
            "Tanh" => Unary(n, x, Math.Tanh),
            "Relu" => Unary(n, x, t => Math.Max(0, t)),
            "Sigmoid" => Unary(n, x, t => 1 / (1 + Math.Exp(-t))),
            "QuickGelu" => Unary(n, x, QuickGelu),
            _ => Unary(n, x, n.Text("approximate") == "tanh" ? GeluNew : Gelu),
        };
    }

    public static GraphValue Unary(GraphNode n, Rows x, Func<double, double> f)
    {
        if (x is Norm { Stage: not NormStage.Complete })
            return n.Refuse($"is applied to {Describe.Of(x)}");
        var (input, values) = Parts(x);
        return Finite(n, input, Array.ConvertAll(values, t => f(t)));
    }

    public static GraphValue With(GraphNode n, Rows x, double constant, Func<double, double, double> f) =>
        Unary(n, x, t => f(t, constant));

    public static GraphValue Of(GraphNode n, Rows x, Rows y, Func<double, double, double> f)
    {
        var (input, a) = Parts(x);
        var (_, b) = Parts(y);
        return Finite(n, input, [.. a.Zip(b, f)]);
    }

    private static GraphValue Finite(GraphNode n, Rows input, double[] values)
    {
        var at = Array.FindIndex(values, v => !double.IsFinite(v));
        return at < 0
            ? new Pointwise(n.Place, input, values)
            : n.Refuse(Text($"returns {values[at]} for a state of {Points[at]}"));
    }

    /// <summary>Whether two values are functions of the same states.</summary>
    public static bool SameInput(Rows x, Rows y) =>
        Parts(x).Input == Parts(y).Input && x is not Norm { Stage: not NormStage.Complete };

    private static (Rows Input, double[] Values) Parts(Rows x) => x is Pointwise p ? (p.Input, p.Values) : (x, Points);

    // Abramowitz and Stegun 7.1.26, |error| <= 1.5e-7.
    private static double Erf(double x)
    {
        var t = 1 / (1 + (0.3275911 * Math.Abs(x)));
        var series =
            t * (0.254829592 + (t * (-0.284496736 + (t * (1.421413741 + (t * (-1.453152027 + (t * 1.061405429))))))));
        return Math.Sign(x) * (1 - (series * Math.Exp(-x * x)));
    }
}
