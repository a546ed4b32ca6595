// The forward-only kernels against plain statements in double precision, element by element, at
// every width that leaves a tail; and their promise that a row is a function of that row alone, bit
// for bit.
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Activation;
using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Inference;

public sealed class InferenceKernelTests : IDisposable
{
    private readonly int _threads = torch.get_num_threads();

    public void Dispose() => torch.set_num_threads(_threads);

    [Fact]
    public void Exp_is_within_2e_7_of_the_exact_value()
    {
        var inputs = new List<float>();
        var random = new Random(1);
        for (var i = 0; i < 200_000; i++)
            inputs.Add((float)((random.NextDouble() * 175) - 87));
        for (var i = 0; i < 20_000; i++)
            inputs.Add((float)((random.NextDouble() - 0.5) * 1e-3));
        // Where the whole part of x / ln 2 changes, on both sides.
        for (var n = -125; n <= 126; n++)
        {
            var border = (float)((n + 0.5) * Math.Log(2));
            inputs.AddRange([border, MathF.BitIncrement(border), MathF.BitDecrement(border)]);
        }
        inputs.AddRange([
            -87f,
            MathF.BitIncrement(-87f),
            88f,
            0f,
            -0f,
            float.Epsilon,
            -float.Epsilon,
            1e-40f,
            -1e-40f,
            1.17549435e-38f,
            -1.17549435e-38f,
            1e-20f,
            -1e-20f,
        ]);
        var (worst, at) = (0.0, 0f);
        var found = Exp([.. inputs]);
        for (var i = 0; i < found.Length; i++)
        {
            var exact = Math.Exp(inputs[i]);
            var error = Math.Abs(found[i] - exact) / exact;
            Assert.False(double.IsNaN(error), $"exp({inputs[i]:R}) = {found[i]}");
            if (error > worst)
                (worst, at) = (error, inputs[i]);
        }
        Assert.True(worst < 2e-7, $"relative error {worst:0.0e+0} at {at:R}");
        Assert.True(worst > 1e-9, "an error this small means that nothing was compared");
    }

    [Fact]
    public void Exp_of_what_is_too_small_is_zero_and_of_no_number_no_number()
    {
        foreach (
            var x in new[]
            {
                MathF.BitDecrement(-87f),
                -88f,
                -103.9f,
                -104f,
                -126f,
                -1000f,
                -1e10f,
                -3.4e38f,
                float.NegativeInfinity,
            }
        )
            Assert.All(Exp([x, x, x]), y => Assert.Equal(0f, y));
        Assert.All(Exp([float.NaN, -float.NaN]), y => Assert.True(float.IsNaN(y)));
        // Lanes do not touch each other.
        var mixed = Exp([float.NaN, 0f, float.NegativeInfinity, 1f, -87.5f, -1f, float.NaN, 0f]);
        Assert.Equal([float.NaN, 1f, 0f, mixed[3], 0f, mixed[5], float.NaN, 1f], mixed);
        Assert.Equal(Math.E, mixed[3], 1e-6);
    }

    [Fact]
    public void Gelu_is_within_1e_6_of_the_erf_formula()
    {
        var random = new Random(2);
        var inputs = Enumerable
            .Range(0, 100_000)
            .Select(_ => (float)((random.NextDouble() * 16) - 8))
            .Concat([
                0f,
                -0f,
                float.Epsilon,
                -float.Epsilon,
                1e-30f,
                -1e-30f,
                20f,
                -20f,
                100f,
                -100f,
                1e19f,
                -1e19f,
                1e30f,
                -1e30f,
            ])
            .ToArray();
        var found = Gelu(inputs);
        var worst = 0.0;
        for (var i = 0; i < inputs.Length; i++)
        {
            var exact = inputs[i] * 0.5 * (1 + Erf(inputs[i] / Math.Sqrt(2)));
            var error = Math.Abs(found[i] - exact) / Math.Max(1, Math.Abs(exact) / 8);
            Assert.True(error < 1e-6, $"gelu({inputs[i]:R}) is {exact:R}, found {found[i]:R}");
            worst = Math.Max(worst, error);
        }
        Assert.True(worst > 1e-9, "an error this small means that nothing was compared");
        Assert.True(float.IsNaN(Gelu([float.NaN])[0]));
        Assert.Equal(float.PositiveInfinity, Gelu([float.PositiveInfinity])[0]);
        // The tanh form differs by up to 5e-4: the tolerance tells them apart.
        Assert.Contains(inputs.Zip(found).Take(1000), p => Math.Abs(p.Second - TanhForm(p.First)) > 1e-4);

        static double TanhForm(double x) =>
            0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));
    }

    [Fact]
    public void Linear_is_the_sum_in_order_at_every_width_and_number_of_rows()
    {
        for (var n = 1; n <= 70; n++)
            LinearIsTheSumInOrder(n, 1 + (n * 37 % 71));
        foreach (var (n, k) in new[] { (64, 0), (16, 64), (48, 7), (1, 1) })
            LinearIsTheSumInOrder(n, k);
    }

    private static void LinearIsTheSumInOrder(int n, int k)
    {
        var random = new Random((n * 100) + k);
        using var weight = Normal(random, n, k);
        using var bias = Normal(random, n);
        using var packed = new PackedWeightFp32(weight, bias);
        Assert.Equal((n, k), (packed.Outputs, packed.Inputs));
        foreach (var rows in new[] { 1, 2, 3, 4, 5, 7, 64, 67, 130 })
        {
            using var x = Normal(random, rows, k);
            // The result lies between untouched rows: a tail that writes too far is seen.
            using var around = torch.full([rows + 2, n], 777);
            using var y = around.narrow(0, 1, rows);
            InferenceKernels.Linear(x, packed, y);
            var (found, a, w, b) = (around.to_array(), x.to_array(), weight.to_array(), bias.to_array());
            Assert.All(found[..n].Concat(found[^n..]), v => Assert.Equal(777f, v));
            for (var i = 0; i < rows; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    var (sum, exact) = (b[j], (double)b[j]);
                    for (var q = 0; q < k; q++)
                    {
                        sum = MathF.FusedMultiplyAdd(a[(i * k) + q], w[(j * k) + q], sum);
                        exact += (double)a[(i * k) + q] * w[(j * k) + q];
                    }
                    var value = found[((i + 1) * n) + j];
                    if (sum != value || Math.Abs(exact - value) > 1e-4)
                        Assert.Fail(
                            $"[{n}, {k}], row {i} of {rows}, output {j}: {value:R}, in order {sum:R}, exactly {exact:R}"
                        );
                }
            }
        }
    }

    [Theory]
    [InlineData(5, 9)]
    [InlineData(33, 31)]
    [InlineData(16, 64)]
    public void Linear_with_gelu_is_gelu_of_linear(int n, int k)
    {
        var random = new Random(n);
        using var weight = Normal(random, n, k);
        using var bias = Normal(random, n);
        using var packed = new PackedWeightFp32(weight, bias);
        using var x = Normal(random, 11, k);
        using var plain = torch.empty([11, n]);
        using var fused = torch.empty([11, n]);
        InferenceKernels.Linear(x, packed, plain);
        InferenceKernels.Linear(x, packed, fused, gelu: true);
        Assert.Equal(Gelu(plain.to_array()), fused.to_array());
    }

    [Fact]
    public void A_row_of_linear_and_norm_does_not_depend_on_rows_or_threads()
    {
        var random = new Random(4);
        using var weight = Normal(random, 200, 90);
        using var bias = Normal(random, 200);
        using var gamma = Normal(random, 200);
        using var beta = Normal(random, 200);
        using var packed = new PackedWeightFp32(weight, bias);
        using var x = Normal(random, 300, 90);
        var expected = Run(x);
        torch.set_num_threads(2);
        Assert.Equal(expected, Run(x));
        for (var first = 0; first < 300; )
        {
            var rows = Math.Min(1 + random.Next(40), 300 - first);
            using var part = x.narrow(0, first, rows);
            torch.set_num_threads(1 + random.Next(2));
            Assert.Equal(expected[(first * 200)..((first + rows) * 200)], Run(part));
            first += rows;
        }

        float[] Run(Tensor rows)
        {
            using var y = torch.empty([rows.shape[0], 200]);
            using var z = torch.empty([rows.shape[0], 200]);
            InferenceKernels.Linear(rows, packed, y, gelu: true);
            InferenceKernels.AddNorm(y, y, gamma, beta, 1e-12, z);
            return z.to_array();
        }
    }

    [Fact]
    public void Norm_is_that_of_the_formula_at_every_width()
    {
        for (var width = 1; width <= 70; width++)
        {
            var random = new Random(width);
            using var x = Normal(random, 5, width);
            using var residual = Normal(random, 5, width);
            using var gamma = Normal(random, width);
            using var beta = Normal(random, width);
            foreach (var added in new[] { null, residual })
            {
                using var around = torch.full([7, width], 777);
                using var y = around.narrow(0, 1, 5);
                InferenceKernels.AddNorm(x, added, gamma, beta, 1e-5, y);
                var found = around.to_array();
                Assert.All(found[..width].Concat(found[^width..]), v => Assert.Equal(777f, v));
                var (a, r, g, b) = (x.to_array(), added?.to_array(), gamma.to_array(), beta.to_array());
                for (var i = 0; i < 5; i++)
                {
                    var row = Enumerable
                        .Range(0, width)
                        .Select(j => (double)a[(i * width) + j] + (r?[(i * width) + j] ?? 0))
                        .ToArray();
                    var mean = row.Average();
                    var deviation = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + 1e-5);
                    for (var j = 0; j < width; j++)
                        Assert.Equal(((row[j] - mean) / deviation * g[j]) + b[j], found[((i + 1) * width) + j], 2e-5);
                }
            }
        }
    }

    private static float[] Exp(float[] inputs) => Map(inputs, VectorMath.Exp);

    private static float[] Gelu(float[] inputs) => Map(inputs, GeluMath.Gelu);

    private static float[] Map(float[] inputs, Func<Vector256<float>, Vector256<float>> function)
    {
        var result = new float[inputs.Length];
        for (var first = 0; first < inputs.Length; first += 8)
        {
            var lanes = new float[8];
            var count = Math.Min(8, inputs.Length - first);
            Array.Copy(inputs, first, lanes, 0, count);
            function(Vector256.Create(lanes)).CopyTo(lanes);
            Array.Copy(lanes, 0, result, first, count);
        }
        return result;
    }

    /// <summary>
    /// 2/sqrt(pi) exp(-z^2) sum 2^n z^(2n+1) / (2n+1)!!: all terms of one sign, so nothing cancels.
    /// </summary>
    private static double Erf(double z)
    {
        if (Math.Abs(z) > 6)
            return Math.Sign(z);
        var (term, sum) = (z, z);
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
            sum += term *= 2 * z * z / ((2 * n) + 1);
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum;
    }

    private static Tensor Normal(Random random, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(
                Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())
            );
        return torch.tensor<float>(values, shape);
    }
}
