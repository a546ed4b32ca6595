// What fused kernels promise bit for bit: neither threads nor the cut into tiles show in a result.
using RobustTickets.Kernels.Activation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Norm;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Layers;

public sealed class FusedKernelBitsTests : IClassFixture<OneThread>
{
    [Fact]
    public void Threads_change_no_bit_of_norms_and_column_sums()
    {
        var one = Numbers.OnThreads(1, Run);
        var two = Numbers.OnThreads(2, Run);
        Assert.Equal(one, two);

        static unsafe float[] Run()
        {
            const int rows = 421,
                width = 203;
            var random = new Random(4);
            float[] x = Numbers.Normal(random, rows * width),
                residual = Numbers.Normal(random, rows * width),
                dy = Numbers.Normal(random, rows * width);
            float[] gamma = Numbers.Normal(random, width),
                bias = Numbers.Normal(random, width),
                y = Numbers.Zeros(rows * width),
                inverse = Numbers.Zeros(rows);
            float[] dx = Numbers.Zeros(rows * width),
                dr = Numbers.Zeros(rows * width);
            var keys = Enumerable.Range(0, rows).Select(r => RandomKey.FromSeed(r)).ToArray();
            ResidualNormKernel.Forward(
                Numbers.At(x),
                Numbers.At(bias),
                Numbers.At(residual),
                keys,
                0.1,
                Numbers.At(gamma),
                Numbers.At(bias),
                1e-12,
                Numbers.At(y),
                Numbers.At(inverse),
                rows,
                width
            );
            using var sums = ResidualNormKernel.Backward(
                Numbers.At(dy),
                Numbers.At(x),
                Numbers.At(inverse),
                keys,
                0.1,
                Numbers.At(gamma),
                Numbers.At(dx),
                Numbers.At(dr),
                rows,
                width
            );
            using var scope = torch.scope();
            return
            [
                .. x,
                .. y,
                .. dx,
                .. dr,
                .. sums.Total(0).to_array(),
                .. sums.Total(1).to_array(),
                .. sums.Total(2).to_array(),
            ];
        }
    }

    [Fact]
    public unsafe void An_activation_taken_in_parts_has_the_bits_of_the_whole()
    {
        const int rows = 100,
            width = 203;
        var whole = Run(new Tile(0, rows, 0, width));
        Assert.Equal(whole, Run(new Tile(0, rows, 96, width - 96), new Tile(0, rows, 0, 96)));
        Assert.Equal(whole, Run(new Tile(64, rows - 64, 0, width), new Tile(0, 64, 0, width)));

        static float[] Run(params Tile[] parts)
        {
            var random = new Random(5);
            float[] z = Numbers.Normal(random, rows * width),
                bias = Numbers.Normal(random, width),
                c = Numbers.Normal(random, width),
                da = Numbers.Normal(random, rows * width);
            float[] forward = Numbers.Zeros(rows * width),
                again = Numbers.Zeros(rows * width);
            using var sums = new ColumnSums(rows, 2, width);
            foreach (var part in parts)
            {
                GeluKernel.Forward(
                    Numbers.At(z),
                    Numbers.At(bias),
                    Numbers.At(c),
                    Numbers.At(forward),
                    null,
                    width,
                    part
                );
                GeluKernel.Backward(
                    Numbers.At(z),
                    Numbers.At(bias),
                    Numbers.At(c),
                    Numbers.At(da),
                    Numbers.At(again),
                    null,
                    null,
                    width,
                    sums,
                    part
                );
            }
            using var scope = torch.scope();
            return [.. forward, .. again, .. da, .. sums.Total(0).to_array(), .. sums.Total(1).to_array()];
        }
    }
}
