// Products run together against the same products one by one, on one thread, on two that take
// turns, and on three that leave the division to the library.
using RobustTickets.Kernels.Dense;
using Xunit;

namespace RobustTickets.Kernels.Tests.Dense;

public sealed unsafe class GemmGroupTests : IClassFixture<OneThread>
{
    private const int T = 259,
        H = 300,
        F = 407;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Together_they_make_what_each_makes_alone(int threads) =>
        Numbers.OnThreads(
            threads,
            () =>
            {
                var random = new Random(1);
                float[] x = Numbers.Normal(random, T * H),
                    w = Numbers.Normal(random, F * H),
                    v = Numbers.Normal(random, F * H),
                    dy = Numbers.Normal(random, T * F),
                    dz = Numbers.Normal(random, T * F);
                Made alone = new(),
                    together = new();
                foreach (var product in Products(alone).SelectMany(chain => chain))
                    Gemm.Run(product);
                Double(alone.Y, new Tile(0, T, 0, F));

                var batch = new GemmGroup();
                foreach (var chain in Products(together))
                {
                    var first = chain[0].C == (nint)Numbers.At(together.Y);
                    batch.Add(chain[0], first ? (in Tile part) => Double(together.Y, part) : null);
                    foreach (var product in chain[1..])
                        batch.Then(product);
                }
                batch.Run();
                Assert.Equal(alone.Y, together.Y);
                Assert.Equal(alone.Dx, together.Dx);
                Assert.Equal(alone.Dw, together.Dw);
                Assert.Equal(alone.Small, together.Small);
                return true;

                // y = x w^T; dx = dy w + dz v; dw = dy^T x; one too small to be cut.
                Product[][] Products(Made to) =>
                    [
                        [new(false, false, true, T, F, H, At(x), At(w), 0, At(to.Y))],
                        [
                            new(false, false, false, T, H, F, At(dy), At(w), 0, At(to.Dx)),
                            new(false, false, false, T, H, F, At(dz), At(v), 1, At(to.Dx)),
                        ],
                        [new(false, true, false, F, H, T, At(dy), At(x), 0, At(to.Dw))],
                        [new(false, false, true, 5, 7, 9, At(x), At(w), 0, At(to.Small))],
                    ];
            }
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_follows_a_product_sees_every_element_once_and_begins_where_a_block_of_rows_does(int threads) =>
        Numbers.OnThreads(
            threads,
            () =>
            {
                foreach (var (m, n) in new[] { (T, F), (F, T), (1, 1), (40, 40), (4099, 96) })
                {
                    var random = new Random(m);
                    float[] a = Numbers.Normal(random, m * H),
                        b = Numbers.Normal(random, n * H),
                        c = Numbers.Zeros(m * n);
                    var seen = new int[m * n];
                    var batch = new GemmGroup();
                    batch.Add(
                        new Product(false, false, true, m, n, H, At(a), At(b), 0, At(c)),
                        (in Tile part) =>
                        {
                            if (part.Row % ColumnSums.Rows != 0)
                                throw new InvalidOperationException($"a part begins in row {part.Row}");
                            for (var r = part.Row; r < part.Row + part.Rows; r++)
                            {
                                for (var j = part.Column; j < part.Column + part.Columns; j++)
                                    Interlocked.Increment(ref seen[(r * n) + j]);
                            }
                        }
                    );
                    batch.Run();
                    Assert.All(seen, count => Assert.Equal(1, count));
                }
                return true;
            }
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_beside_the_products_is_done_once_with_or_without_them(int threads) =>
        Numbers.OnThreads(
            threads,
            () =>
            {
                float[] a = Numbers.Normal(new Random(1), T * H),
                    b = Numbers.Normal(new Random(2), F * H),
                    c = Numbers.Zeros(T * F);
                foreach (var products in new[] { 0, 1, 3 })
                {
                    var done = new int[5];
                    var batch = new GemmGroup();
                    for (var p = 0; p < products; p++)
                        batch.Add(
                            new Product(false, false, true, T, F, H, At(a), At(b), 0, At(c)),
                            (in Tile _) => Thread.Yield()
                        );
                    for (var i = 0; i < done.Length; i++)
                    {
                        var work = i;
                        batch.AddIndependent(() => Interlocked.Increment(ref done[work]));
                    }
                    batch.Run();
                    Assert.All(done, count => Assert.Equal(1, count));
                }
                return true;
            }
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_done_while_waiting_ends_with_the_products(int threads) =>
        Numbers.OnThreads(
            threads,
            () =>
            {
                float[] a = Numbers.Normal(new Random(1), T * H),
                    b = Numbers.Normal(new Random(2), F * H),
                    alone = Numbers.Zeros(T * F),
                    c = Numbers.Zeros(T * F);
                var product = new Product(false, false, true, T, F, H, At(a), At(b), 0, At(alone));
                Gemm.Run(product);
                foreach (var left in new[] { 0, 1, int.MaxValue })
                {
                    int waiting = left,
                        done = 0;
                    var batch = new GemmGroup();
                    batch.Add(product with { C = At(c) });
                    batch.OnIdle(() =>
                    {
                        if (Interlocked.Decrement(ref waiting) < 0)
                            return false;
                        Interlocked.Increment(ref done);
                        return true;
                    });
                    batch.Run();
                    Assert.Equal(alone, c);
                    Assert.True(done <= left);
                }
                return true;
            }
        );

    [Fact]
    public void Column_sums_are_those_of_blocks_added_in_order()
    {
        foreach (var (rows, columns) in new[] { (0, 5), (1, 1), (31, 9), (64, 16), (450, 203) })
        {
            float[] matrix = Numbers.Normal(new Random(rows), rows * columns),
                total = Numbers.Zeros(columns + 1);
            Array.Fill(total, 7f);
            ColumnSums.Of(Numbers.At(matrix), rows, columns, Numbers.At(total));
            for (var j = 0; j < columns; j++)
            {
                var sum = 0f;
                for (var first = 0; first < rows; first += ColumnSums.Rows)
                {
                    var block = 0f;
                    for (var r = first; r < Math.Min(rows, first + ColumnSums.Rows); r++)
                        block += matrix[(r * columns) + j];
                    sum += block;
                }
                Assert.Equal(sum, total[j]);
            }
            Assert.Equal(7f, total[columns]);
        }
    }

    [Fact]
    public void What_a_body_throws_is_thrown_when_all_have_ended() =>
        Numbers.OnThreads(
            2,
            () =>
            {
                float[] a = Numbers.Zeros(T * H),
                    b = Numbers.Zeros(F * H),
                    c = Numbers.Zeros(T * F);
                var batch = new GemmGroup();
                batch.Add(
                    new Product(false, false, true, T, F, H, At(a), At(b), 0, At(c)),
                    (in Tile _) => throw new InvalidOperationException("here")
                );
                Assert.Equal("here", Assert.Throws<InvalidOperationException>(batch.Run).Message);
                return true;
            }
        );

    [Fact]
    public void An_empty_batch_an_empty_result_and_an_empty_sum()
    {
        var c = Numbers.Zeros(6);
        Array.Fill(c, 2f);
        var batch = new GemmGroup();
        batch.Run();
        batch.Add(
            new Product(false, false, false, 0, 3, 4, 0, 0, 0, 0),
            (in Tile _) => throw new InvalidOperationException("nothing was made")
        );
        batch.Add(new Product(false, false, false, 2, 3, 0, 0, 0, 1, At(c)));
        batch.Run();
        Assert.All(c, value => Assert.Equal(2f, value));
        Gemm.Run(new Product(false, false, false, 2, 3, 0, 0, 0, 0, At(c)));
        Assert.All(c, value => Assert.Equal(0f, value));
    }

    private static nint At(float[] pinned) => (nint)Numbers.At(pinned);

    private static void Double(float[] y, in Tile part)
    {
        for (var r = part.Row; r < part.Row + part.Rows; r++)
        {
            for (var j = part.Column; j < part.Column + part.Columns; j++)
                y[(r * F) + j] *= 2;
        }
    }

    private sealed class Made
    {
        internal float[] Y { get; } = Numbers.Zeros(T * F);

        internal float[] Dx { get; } = Numbers.Zeros(T * H);

        internal float[] Dw { get; } = Numbers.Zeros(F * H);

        internal float[] Small { get; } = Numbers.Zeros(35);
    }
}
