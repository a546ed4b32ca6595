using RobustTickets.Kernels.Optim;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Kernels.Tests.Optim;

/// <summary>
/// The fused AdamW: vectors equal scalars bit for bit, both are near the plain statement in double
/// precision, rows equal the whole.
/// </summary>
public sealed unsafe class AdamWKernelTests : IClassFixture<OneThread>
{
    public static TheoryData<object> Flavours() =>
        new()
        {
            new AdamWStep(false, 1e-2, 0.01, 0.9, 0.999, 1e-8, 1, 1f),
            new AdamWStep(false, 1e-2, 0, 0.9, 0.999, 1e-8, 7, 0.37f),
            new AdamWStep(true, 1e-2, 0.01, 0.9, 0.999, 1e-8, 3, 0.5f),
            new AdamWStep(false, 1e-2, 0.1, 0.8, 0.95, 1e-6, 2, 1f, BiasCorrection: false),
        };

    [Theory]
    [MemberData(nameof(Flavours))]
    public void Every_length_equals_one_element_at_a_time(object boxedStep)
    {
        var step = (AdamWStep)boxedStep;
        for (var count = 0; count <= 63; count++)
        {
            var (together, apart) = (new State(new Random(count), count), new State(new Random(count), count));
            for (var update = 0; update < 2; update++)
            {
                var s = step with { Step = step.Step + update };
                AdamWKernel.Update(
                    Numbers.At(together.P),
                    Numbers.At(together.G),
                    Numbers.At(together.M),
                    Numbers.At(together.V),
                    count,
                    s
                );
                for (var i = 0; i < count; i++)
                    AdamWKernel.Update(
                        Numbers.At(apart.P, i),
                        Numbers.At(apart.G, i),
                        Numbers.At(apart.M, i),
                        Numbers.At(apart.V, i),
                        1,
                        s
                    );
            }
            together.AssertSame(apart);
        }
    }

    [Theory]
    [MemberData(nameof(Flavours))]
    public void Ten_updates_stay_near_the_plain_statement(object boxedStep)
    {
        var step = (AdamWStep)boxedStep;
        var state = new State(new Random(1), 37);
        var plain = Enumerable
            .Range(0, 37)
            .Select(i => (Parameter: (double)state.P[i], First: (double)state.M[i], Second: (double)state.V[i]))
            .ToArray();
        for (var t = 1; t <= 10; t++)
        {
            var s = step with { Step = t };
            for (var i = 0; i < 37; i++)
                plain[i] = AdamWReference.Update(plain[i].Parameter, state.G[i], plain[i].First, plain[i].Second, s);
            AdamWKernel.Update(
                Numbers.At(state.P),
                Numbers.At(state.G),
                Numbers.At(state.M),
                Numbers.At(state.V),
                37,
                s
            );
        }
        for (var i = 0; i < 37; i++)
            Assert.Equal(plain[i].Parameter, state.P[i], 2e-6 * Math.Max(1, Math.Abs(plain[i].Parameter)));
    }

    [Theory]
    [MemberData(nameof(Flavours))]
    public void A_missing_gradient_is_a_gradient_of_zero(object boxedStep)
    {
        var step = (AdamWStep)boxedStep;
        var (absent, zero) = (new State(new Random(2), 45), new State(new Random(2), 45));
        Array.Clear(zero.G);
        absent.G = zero.G;
        AdamWKernel.Update(Numbers.At(absent.P), null, Numbers.At(absent.M), Numbers.At(absent.V), 45, step);
        AdamWKernel.Update(Numbers.At(zero.P), Numbers.At(zero.G), Numbers.At(zero.M), Numbers.At(zero.V), 45, step);
        absent.AssertSame(zero);
    }

    [Theory]
    [MemberData(nameof(Flavours))]
    public void Rows_equal_the_whole_matrix_with_zeros_elsewhere(object boxedStep)
    {
        var step = (AdamWStep)boxedStep;
        const int rows = 600,
            columns = 13;
        var random = new Random(3);
        var (whole, parts) = (new State(new Random(4), rows * columns), new State(new Random(4), rows * columns));
        Array.Clear(whole.M);
        Array.Clear(whole.V);
        Array.Clear(parts.M);
        Array.Clear(parts.V);
        var touched = new bool[rows];
        for (var update = 0; update < 4; update++)
        {
            var chosen = Enumerable.Range(0, rows).Where(_ => random.Next(4) == 0).ToArray();
            var given = Numbers.Normal(random, chosen.Length * columns);
            var dense = Numbers.Zeros(rows * columns);
            var rowOf = Enumerable.Repeat(-1, rows).ToArray();
            for (var i = 0; i < chosen.Length; i++)
            {
                given.AsSpan(i * columns, columns).CopyTo(dense.AsSpan(chosen[i] * columns));
                (rowOf[chosen[i]], touched[chosen[i]]) = (i, true);
            }
            var s = step with { Step = update + 1 };
            AdamWKernel.Update(
                Numbers.At(whole.P),
                Numbers.At(dense),
                Numbers.At(whole.M),
                Numbers.At(whole.V),
                rows * columns,
                s
            );
            var updates = new AdamWUpdates();
            updates.AddRows(
                Numbers.At(parts.P),
                Numbers.At(given),
                Numbers.At(parts.M),
                Numbers.At(parts.V),
                rows,
                columns,
                rowOf,
                touched,
                s
            );
            updates.Run();
        }
        Assert.Contains(false, touched);
        parts.AssertSame(whole);
    }

    [Fact]
    public void Threads_change_nothing()
    {
        const int count = 100_003;
        float[] Run()
        {
            var state = new State(new Random(5), count);
            AdamWKernel.Update(
                Numbers.At(state.P),
                Numbers.At(state.G),
                Numbers.At(state.M),
                Numbers.At(state.V),
                count,
                new AdamWStep(false, 1e-2, 0.01, 0.9, 0.999, 1e-8, 1, 1f)
            );
            return [.. state.P, (float)AdamWKernel.SumOfSquares(Numbers.At(state.G), count)];
        }

        Assert.Equal(Numbers.OnThreads(1, Run), Numbers.OnThreads(2, Run));
    }

    [Fact]
    public void Sums_of_squares_are_exact_to_double_precision_whatever_the_length_and_the_threads()
    {
        foreach (var count in Enumerable.Range(0, 70).Concat([32767, 32768, 32769, 140_001]))
        {
            var values = Numbers.Normal(new Random(count), count);
            var expected = values.Sum(x => (double)x * x);
            Assert.Equal(expected, AdamWKernel.SumOfSquares(Numbers.At(values), count), 1e-12 * Math.Max(1, expected));
            if (count < 1000)
                continue; // too short to be shared
            Assert.Equal(
                Numbers.OnThreads(1, () => AdamWKernel.SumOfSquares(Numbers.At(values), count)),
                Numbers.OnThreads(2, () => AdamWKernel.SumOfSquares(Numbers.At(values), count))
            );
        }
    }

    [Fact]
    public void Values_are_limited_to_both_sides()
    {
        var values = Numbers.Copy([-3, -0.5f, 0, 0.5f, 3]);
        AdamWKernel.ClampValues(Numbers.At(values), values.Length, 1);
        Assert.Equal([-1, -0.5f, 0, 0.5f, 1], values);
    }

    private sealed class State(Random random, int count)
    {
        public float[] P { get; } = Numbers.Normal(random, count);

        public float[] M { get; } = Numbers.Normal(random, count, 0.1);

        public float[] V { get; } = Squares(Numbers.Normal(random, count, 0.1));

        // Gradients from ordinary to tiny: the placement of epsilon shows in the tiny ones.
        public float[] G { get; set; } = Scaled(Numbers.Normal(random, count));

        public void AssertSame(State other)
        {
            Assert.Equal(other.P, P);
            Assert.Equal(other.M, M);
            Assert.Equal(other.V, V);
        }

        private static float[] Squares(float[] values)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] *= values[i];
            return values;
        }

        private static float[] Scaled(float[] values)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] *= MathF.Pow(10, -(i % 10));
            return values;
        }
    }
}
