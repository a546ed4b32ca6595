// Working memory of one thread of an encoder: allocated once and reused by every batch, so that a
// pass in steady state allocates no pages.

namespace RobustTickets.Kernels.Inference;

/// <summary>Widths that determine the memory per row.</summary>
/// <param name="Hidden">H.</param>
/// <param name="Heads">Largest number of query columns of a layer, A.</param>
/// <param name="Neurons">Largest number of neurons of a layer, F.</param>
/// <param name="Bf16">Whether operands of products are bfloat16.</param>
internal readonly record struct EncoderWidths(int Hidden, int Heads, int Neurons, bool Bf16);

/// <summary>
/// Row buffers, each row aligned to a cache line; grow to the largest chunk so far. Whoever uses
/// their pointers disposes or reuses the workspace afterwards, which keeps the memory alive.
/// </summary>
internal sealed unsafe class EncoderWorkspace : IDisposable
{
    private readonly EncoderWidths _widths;
    private AlignedMemory? _memory;
    private long _rows;
    private long _scratch;

    internal EncoderWorkspace(EncoderWidths widths) => _widths = widths;

    /// <summary>States [R, H], the input of a layer.</summary>
    internal float* States { get; private set; }

    /// <summary><see cref="States"/> in bfloat16, or null in fp32.</summary>
    internal ushort* Bf16States { get; private set; }

    /// <summary>States after attention [R, H].</summary>
    internal float* Attended { get; private set; }

    /// <summary><see cref="Attended"/> in bfloat16, or null in fp32.</summary>
    internal ushort* Bf16Attended { get; private set; }

    /// <summary>Products before a LayerNorm [R, H].</summary>
    internal float* Product { get; private set; }

    /// <summary>Queries, keys and values [R, 3 A]; later activations [R, F].</summary>
    internal void* Wide { get; private set; }

    /// <summary>Context [R, A], in the precision of operands.</summary>
    internal void* Context { get; private set; }

    /// <summary>Scratch memory of attention.</summary>
    internal float* Scratch { get; private set; }

    /// <summary>
    /// Row stride in floats: an odd number of whole cache lines. Rows a power of two apart would
    /// compete for the same L1 cache set.
    /// </summary>
    internal static long Stride(int width) => 16L * (((width + 15) / 16) | 1);

    /// <summary>Row stride in bfloat16 elements, see <see cref="Stride"/>.</summary>
    internal static long Bf16Stride(int width) => 32L * (((width + 31) / 32) | 1);

    /// <summary>
    /// Reserves memory for some rows and for attention over sequences that need
    /// <paramref name="scratch"/> floats.
    /// </summary>
    internal void Reserve(int rows, long scratch)
    {
        if (rows <= _rows && scratch <= _scratch)
            return;
        long mostRows = Math.Max(rows, _rows),
            mostScratch = Math.Max(scratch, _scratch);
        Dispose();
        long hidden = mostRows * Stride(_widths.Hidden) * sizeof(float),
            bf16 = _widths.Bf16 ? mostRows * Bf16Stride(_widths.Hidden) * sizeof(ushort) : 0;
        var wide =
            mostRows
            * Math.Max(
                Stride(3 * _widths.Heads) * sizeof(float),
                _widths.Bf16 ? Bf16Stride(_widths.Neurons) * sizeof(ushort) : Stride(_widths.Neurons) * sizeof(float)
            );
        var context =
            mostRows
            * (_widths.Bf16 ? Bf16Stride(_widths.Heads) * sizeof(ushort) : Stride(_widths.Heads) * sizeof(float));
        // One extra vector: kernels read whole vectors.
        _memory = new AlignedMemory((3 * hidden) + (2 * bf16) + wide + context + (mostScratch * sizeof(float)) + 64);
        (_rows, _scratch) = (mostRows, mostScratch);
        var at = (byte*)_memory.Pointer;
        States = (float*)Take(hidden);
        Attended = (float*)Take(hidden);
        Product = (float*)Take(hidden);
        Bf16States = _widths.Bf16 ? (ushort*)Take(bf16) : null;
        Bf16Attended = _widths.Bf16 ? (ushort*)Take(bf16) : null;
        Wide = Take(wide);
        Context = Take(context);
        Scratch = (float*)at;

        byte* Take(long bytes)
        {
            var taken = at;
            at += bytes;
            return taken;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory?.Dispose();
        _memory = null;
        (_rows, _scratch) = (0, 0);
    }
}
