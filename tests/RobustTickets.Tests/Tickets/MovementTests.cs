using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Tickets;

/// <summary>A ticket is drawn from numbers that tell its parts apart, or not at all.</summary>
public sealed class MovementTests
{
    private static readonly DrawOptions Draw = new(HeadRatio: 0.25, NeuronRatio: 0.4);

    private static float[][] Layers(Func<int, float> value) =>
        [.. Enumerable.Range(0, 2).Select(l => Enumerable.Range(0, 20).Select(i => value((l * 20) + i)).ToArray())];

    private static string? Problem(float[][] heads, float[][] neurons, DrawOptions? draw = null) =>
        Movement.Problem(new CoefficientSnapshot(heads, neurons), draw ?? Draw);

    [Fact]
    public void Coefficients_that_differ_give_a_ticket() =>
        Assert.Null(Problem(Layers(i => 1 + (i * 1e-4f)), Layers(i => 1 - (i * 1e-4f))));

    [Fact]
    public void Equal_ones_do_not()
    {
        Assert.Contains("40 head coefficients lie within 0", Problem(Layers(_ => 1f), Layers(i => 1 + (i * 1e-4f))));
        Assert.Contains("40 neuron coefficients", Problem(Layers(i => 1 + (i * 1e-4f)), Layers(_ => 0.99f)));
        Assert.Contains("head", Problem(Layers(i => 1 + (i * 1e-9f)), Layers(i => 1 + (i * 1e-4f))));
        Assert.Contains("head", Problem(Layers(_ => float.NaN), Layers(i => 1 + (i * 1e-4f))));
    }

    [Fact]
    public void One_step_of_Adam_moves_all_by_the_same_and_leaves_ties_at_the_line()
    {
        // The first update is the rate times the sign of the gradient.
        var signs = Layers(i => i % 2 == 0 ? 1.001f : 0.999f);
        Assert.Contains("equal at the threshold", Problem(signs, Layers(i => 1 + (i * 1e-4f))));
        Assert.Contains(
            "equal at the threshold",
            Problem(signs, Layers(i => 1 + (i * 1e-4f)), Draw with { HeadScope = HeadScope.Layerwise })
        );
        // Ties away from the line, and a pair at it, decide nothing.
        Assert.Null(Problem(Layers(i => i < 20 ? 1 + (i * 1e-3f) : 2f), Layers(i => 1 + (i / 2 * 1e-4f))));
    }

    [Fact]
    public void What_is_not_drawn_need_not_differ() =>
        Assert.Null(Problem(Layers(_ => 1f), Layers(i => 1 + (i * 1e-4f)), Draw with { HeadRatio = 0 }));

    [Fact]
    public void Mask_scores_must_have_left_their_start()
    {
        const float start = 1.609438f;
        Assert.Contains("lie within 0", Movement.Problem([new[] { start, start, start }], start));
        Assert.Contains("2 of 3", Movement.Problem([new[] { start, start, 2f }], start));
        Assert.Null(Movement.Problem([new[] { start, 1.7f, 2f }], start));
    }
}
