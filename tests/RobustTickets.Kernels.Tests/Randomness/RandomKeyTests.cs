using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Randomness;

/// <summary>
/// Keyed randomness: vectors equal scalars, numbers follow from keys alone, and their statistics
/// are those of chance (four standard deviations).
/// </summary>
public sealed unsafe class RandomKeyTests : IClassFixture<OneThread>
{
    private static readonly RandomKey Key = RandomKey.FromSeed(42);

    [Fact]
    public void Eight_lanes_equal_one()
    {
        foreach (var first in new uint[] { 0, 8, 1000, uint.MaxValue - 3 })
        {
            var lanes = Key.Bits8(first);
            for (var l = 0; l < 8; l++)
                Assert.Equal(Key.Bits(unchecked(first + (uint)l)), lanes[l]);
        }
    }

    [Fact]
    public void Dropout_rows_of_every_length_are_those_of_single_features()
    {
        const double probability = 0.3;
        for (var features = 0; features <= 70; features++)
        {
            var row = Numbers.Zeros(features + 1);
            row[features] = 7f;
            KeyedFill.DropoutRow(Numbers.At(row), Key, features, probability);
            for (var j = 0; j < features; j++)
                Assert.Equal(Key.Uniform((uint)j) < (float)probability ? 0f : (float)(1 / (1 - probability)), row[j]);
            Assert.Equal(7f, row[features]);
        }
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.25)]
    [InlineData(0.5)]
    public void As_many_are_dropped_as_asked_and_the_mean_stays_one(double probability)
    {
        const int rows = 1000,
            features = 300;
        var mask = Numbers.Zeros(rows * features);
        KeyedFill.Dropout(
            Numbers.At(mask),
            [.. Enumerable.Range(0, rows).Select(r => Key.Derive(r))],
            features,
            probability
        );
        var deviation = Math.Sqrt(probability * (1 - probability) / mask.Length);
        Assert.Equal(probability, mask.Count(x => x == 0) / (double)mask.Length, 4 * deviation);
        Assert.Equal(1.0, mask.Average(x => (double)x), 4 * deviation / (1 - probability));
        Assert.Equal(2, mask.Distinct().Count());
        // Neighbouring rows and neighbouring features drop independently of each other.
        Assert.Equal(probability * probability, Both(mask, features), 4 * probability / Math.Sqrt(mask.Length));
        Assert.Equal(probability * probability, Both(mask, 1), 4 * probability / Math.Sqrt(mask.Length));

        static double Both(float[] mask, int apart) =>
            Enumerable.Range(0, mask.Length - apart).Count(i => mask[i] == 0 && mask[i + apart] == 0)
            / (double)(mask.Length - apart);
    }

    [Fact]
    public void A_row_depends_on_its_key_alone()
    {
        RandomKey[] keys = [.. Enumerable.Range(0, 200).Select(r => Key.Derive(r))];
        var all = Numbers.Zeros(200 * 120);
        KeyedFill.Dropout(Numbers.At(all), keys, 120, 0.2);
        var reversed = Numbers.Zeros(200 * 120);
        KeyedFill.Dropout(Numbers.At(reversed), [.. keys.Reverse()], 120, 0.2);
        for (var r = 0; r < 200; r++)
            Assert.True(all.AsSpan(r * 120, 120).SequenceEqual(reversed.AsSpan((199 - r) * 120, 120)));
    }

    [Fact]
    public void Threads_change_nothing()
    {
        float[] Fill()
        {
            var mask = Numbers.Zeros(500 * 100);
            KeyedFill.Dropout(Numbers.At(mask), [.. Enumerable.Range(0, 500).Select(r => Key.Derive(r))], 100, 0.2);
            return mask;
        }

        Assert.Equal(Numbers.OnThreads(1, Fill), Numbers.OnThreads(2, Fill));
    }

    [Fact]
    public void Uniform_numbers_fill_their_range_evenly()
    {
        const int rows = 500,
            features = 200,
            count = rows * features;
        using var scope = torch.scope();
        var target = torch.empty([rows, features]);
        KeyedTensors.UniformSigned(target, [.. Enumerable.Range(0, rows).Select(r => Key.Derive(r))]);
        var values = target.to_array();
        Assert.All(values, u => Assert.InRange(u, -1f, 0.9999999f));
        Assert.Equal(0, values.Average(u => (double)u), 4 / Math.Sqrt(3.0 * count));
        Assert.Equal(1.0 / 3, values.Average(u => (double)u * u), 4 * Math.Sqrt(4.0 / 45 / count));
        foreach (var tenth in values.CountBy(u => (int)((u + 1) * 5)))
            Assert.Equal(count / 10.0, tenth.Value, 4 * Math.Sqrt(count * 0.09));
    }

    [Fact]
    public void Normal_numbers_have_the_mean_and_spread_of_normal_numbers()
    {
        const int count = 100_000;
        using var scope = torch.scope();
        var target = torch.empty([count]);
        KeyedTensors.Normal(target, Key, 0.02);
        var values = target.to_array();
        Assert.Equal(0, values.Average(x => (double)x), 4 * 0.02 / Math.Sqrt(count));
        Assert.Equal(0.0004, values.Average(x => (double)x * x), 4 * 0.0004 * Math.Sqrt(2.0 / count));
        Assert.Equal(0.6827, values.Count(x => Math.Abs(x) < 0.02) / (double)count, 4 * Math.Sqrt(0.2166 / count));
    }

    [Fact]
    public void Keys_differ_by_seed_by_coordinate_and_by_order()
    {
        var keys = Enumerable
            .Range(0, 1000)
            .Select(seed => RandomKey.FromSeed(seed))
            .SelectMany(k => Enumerable.Range(0, 20).Select(c => k.Derive(c)))
            .ToArray();
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.NotEqual(Key.Derive(1L).Derive(2L), Key.Derive(2L).Derive(1L));
        Assert.Equal(Key.Derive(5L), Key.Derive(5UL));
    }

    [Fact]
    public void Integers_below_a_bound_are_evenly_spread()
    {
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[Key.Derive(i).Below(3, 7)]++;
        Assert.All(counts, c => Assert.Equal(10_000.0, c, 4 * Math.Sqrt(70_000 * 6 / 49.0)));
    }

    [Fact]
    public void Rows_that_do_not_divide_the_tensor_are_refused()
    {
        using var scope = torch.scope();
        var tensor = torch.zeros([7]);
        Assert.Throws<ArgumentException>(() => KeyedTensors.Dropout(tensor, [Key, Key], 0.1));
        Assert.Throws<ArgumentException>(() => KeyedTensors.UniformSigned(tensor, []));
    }
}
