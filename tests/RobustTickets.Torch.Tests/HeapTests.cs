using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>
/// The range in which big tensors live: no two share memory, freed neighbours join, and steps of
/// different sizes do not make it grow.
/// </summary>
public sealed class HeapTests
{
    private const int Small = 1 << 10,
        Big = 1 << 17; // elements; tensors of 256 KiB and more live in the range

    [SkippableFact]
    public void Tensors_keep_what_was_written_into_them_whatever_is_made_and_freed_around_them()
    {
        ShimLibrary.EnsureLoaded();
        Skip.IfNot(CpuSetup.Enabled, "the CPU set-up is switched off");
        var random = new Random(3);
        var before = NativeFacts.Heap();
        var living = new List<(Tensor Tensor, int Mark)>();
        for (var i = 0; i < 400; i++)
        {
            if (living.Count > 0 && random.Next(5) < 2)
            {
                var at = random.Next(living.Count);
                Check(living[at]);
                living[at].Tensor.Dispose();
                living.RemoveAt(at);
                continue;
            }
            var tensor = torch
                .empty([random.Next(4) == 0 ? random.Next(1, Small) : random.Next(Big / 2, 3 * Big)])
                .keep();
            Assert.Equal(0, tensor.data_ptr % 64);
            // Both ends are marked: an overlap of two tensors shows at an end of one of them.
            var span = tensor.span<float>();
            (span[0], span[^1]) = (i, i);
            living.Add((tensor, i));
        }
        var used = living.Where(l => l.Tensor.numel * 4 >= 256 << 10).Sum(l => l.Tensor.numel * 4);
        Assert.True(used > 0 && NativeFacts.Heap().Used - before.Used >= used);
        foreach (var l in living)
        {
            Check(l);
            l.Tensor.Dispose();
        }
        var after = NativeFacts.Heap();
        Assert.Equal((before.Used, before.Holes), (after.Used, after.Holes));

        static void Check((Tensor Tensor, int Mark) living)
        {
            var span = living.Tensor.span<float>();
            Assert.Equal(((float)living.Mark, (float)living.Mark), (span[0], span[^1]));
        }
    }

    [SkippableFact]
    public void Steps_of_changing_sizes_do_not_make_the_range_grow()
    {
        ShimLibrary.EnsureLoaded();
        Skip.IfNot(CpuSetup.Enabled, "the CPU set-up is switched off");
        var random = new Random(4);
        Step(4 * Big); // the largest comes first
        var reached = NativeFacts.Heap().Reached;
        for (var i = 0; i < 200; i++)
            Step(random.Next(Big, 4 * Big));
        Assert.Equal(reached, NativeFacts.Heap().Reached);

        static void Step(long size)
        {
            // As a pass through layers: what is kept of each, temporaries between, all freed at the
            // end.
            using var scope = torch.scope();
            for (var layer = 0; layer < 12; layer++)
            {
                _ = torch.empty([size]);
                using var temporary = torch.empty([4 * size]);
                using var small = torch.empty([16]);
            }
        }
    }

    [Fact]
    public void A_tensor_larger_than_the_machine_is_refused_by_name()
    {
        var error = Assert.ThrowsAny<Exception>(() => torch.empty([1L << 50]));
        Assert.Contains("1125899906842624", error.Message);
    }
}
