using RobustTickets.Kernels.Randomness;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Training;

public sealed class BatchSamplerTests
{
    private static readonly RandomKey Key = RandomKey.FromSeed(42);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(32, 8)]
    [InlineData(100, 128)]
    public void Every_epoch_shows_every_example_once(int count, int size)
    {
        var sampler = new BatchSampler(count, size, shuffle: true, Key);
        Assert.Equal((count + size - 1) / size, sampler.StepsPerEpoch);
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var seen = new List<int>();
            for (var i = 0; i < sampler.StepsPerEpoch; i++)
                seen.AddRange(sampler.Batch((epoch * sampler.StepsPerEpoch) + i));
            Assert.Equal(Enumerable.Range(0, count), seen.Order());
        }
    }

    [Fact]
    public void A_batch_is_a_function_of_the_step_alone()
    {
        var forward = new BatchSampler(50, 8, shuffle: true, Key);
        var batches = Enumerable.Range(0, 30).Select(step => forward.Batch(step).ToArray()).ToArray();
        var jumping = new BatchSampler(50, 8, shuffle: true, Key);
        var steps = Enumerable.Range(0, 30).ToArray();
        new Random(1).Shuffle(steps);
        foreach (var step in steps)
            Assert.Equal(batches[step], jumping.Batch(step).ToArray());
    }

    [Fact]
    public void Epochs_and_keys_differ_and_every_place_gets_every_example()
    {
        int[] Order(long epoch, RandomKey key) => new BatchSampler(20, 20, shuffle: true, key).Batch(epoch).ToArray();

        Assert.NotEqual(Order(0, Key), Order(1, Key));
        Assert.NotEqual(Order(0, Key), Order(0, RandomKey.FromSeed(43)));
        var counts = new int[20, 20];
        for (var epoch = 0; epoch < 4000; epoch++)
        {
            var order = Order(epoch, Key);
            for (var place = 0; place < 20; place++)
                counts[place, order[place]]++;
        }
        // Expected 200 of 4000, standard deviation 13.8; five deviations over 400 cells.
        foreach (var count in counts)
            Assert.InRange(count, 131, 269);
    }

    [Fact]
    public void Without_shuffling_the_order_is_that_of_the_file()
    {
        var sampler = new BatchSampler(10, 4, shuffle: false, Key);
        Assert.Equal([0, 1, 2, 3], sampler.Batch(0).ToArray());
        Assert.Equal([8, 9], sampler.Batch(2).ToArray());
        Assert.Equal([0, 1, 2, 3], sampler.Batch(3).ToArray());
    }

    [Fact]
    public void Impossible_sizes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchSampler(0, 4, true, Key));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchSampler(4, 0, true, Key));
    }
}
