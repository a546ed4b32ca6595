// Packed matrices and working memory have an owner: what nobody disposes is freed by the finalizer,
// and memory that could not be had leaves a workspace that still grows.
using System.Runtime.CompilerServices;
using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Inference;

public sealed class AlignedMemoryTests : IClassFixture<OneThread>
{
    private static readonly EncoderWidths Widths = new(Hidden: 24, Heads: 16, Neurons: 40, Bf16: false);

    [Fact]
    public void What_nobody_disposes_is_freed()
    {
        var before = Settled();
        Forget();
        Assert.Equal(before, Settled());

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget()
        {
            using var scope = torch.scope();
            var (weight, bias) = (torch.ones([33, 20]), torch.ones([33]));
            _ = new PackedWeightFp32(weight, bias);
            var blocks = 2;
            if (PackedWeightBf16.WhyNot() is null)
            {
                _ = new PackedWeightBf16(weight, bias);
                blocks++;
            }
            new EncoderWorkspace(Widths).Reserve(3, 100);
            Assert.Equal(before + blocks, AlignedMemory.LiveCount);
        }
    }

    [Fact]
    public void A_disposal_frees_once()
    {
        var before = Settled();
        using var scope = torch.scope();
        var matrix = new PackedWeightFp32(torch.ones([33, 20]), torch.ones([33]));
        var workspace = new EncoderWorkspace(Widths);
        workspace.Reserve(3, 100);
        workspace.Reserve(9, 100);
        Assert.Equal(before + 2, AlignedMemory.LiveCount);
        for (var i = 0; i < 2; i++)
        {
            matrix.Dispose();
            workspace.Dispose();
        }
        Assert.Equal(before, AlignedMemory.LiveCount);
    }

    [Fact]
    public unsafe void A_workspace_that_could_not_grow_is_whole_again_at_the_next_size()
    {
        using var workspace = new EncoderWorkspace(Widths);
        workspace.Reserve(5, 100);
        // More than an address space.
        Assert.Throws<OutOfMemoryException>(() => workspace.Reserve(5, 1L << 50));
        var before = AlignedMemory.LiveCount;
        workspace.Reserve(2, 10);
        Assert.Equal(before + 1, AlignedMemory.LiveCount);
        new Span<float>(workspace.States, 2 * (int)EncoderWorkspace.Stride(Widths.Hidden)).Fill(1);
        new Span<float>(workspace.Scratch, 10).Fill(1);
    }

    private static long Settled()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return AlignedMemory.LiveCount;
    }
}
