// Memory of one thread that runs rows through an encoder: taken once and used again by every batch,
// so that a pass in steady state takes no page from the system.
using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Inference;

/// <summary>Widths that decide how much memory a row needs.</summary>
/// <param name="Hidden">H.</param>
/// <param name="Heads">Most columns of queries in a layer, A.</param>
/// <param name="Neurons">Most neurons of a layer, F.</param>
/// <param name="Bf16">Whether factors of products are bfloat16.</param>
internal readonly record struct EncoderWidths(int Hidden, int Heads, int Neurons, bool Bf16);

/// <summary>
/// Row buffers, each row beginning on a cache line; grows to the largest chunk seen.
/// </summary>
internal sealed unsafe class EncoderWorkspace : IDisposable
{
    private readonly EncoderWidths _widths;
    private byte* _memory;
    private long _rows;
    private long _scratch;

    internal EncoderWorkspace(EncoderWidths widths) => _widths = widths;

    /// <summary>States [R, H], the input of a layer.</summary>
    internal float* States { get; private set; }

    /// <summary>Their bfloat16 form, or null in fp32.</summary>
    internal ushort* Bf16States { get; private set; }

    /// <summary>States after attention [R, H].</summary>
    internal float* Attended { get; private set; }

    /// <summary>Their bfloat16 form, or null in fp32.</summary>
    internal ushort* Bf16Attended { get; private set; }

    /// <summary>Products that a norm follows [R, H].</summary>
    internal float* Product { get; private set; }

    /// <summary>Queries, keys and values [R, 3 A]; later activations [R, F].</summary>
    internal void* Wide { get; private set; }

    /// <summary>Context [R, A], in the precision of factors.</summary>
    internal void* Context { get; private set; }

    /// <summary>Working memory of attention.</summary>
    internal float* Scratch { get; private set; }

    /// <summary>
    /// Floats from row to row: whole cache lines, an odd number of them. Rows a power of two apart
    /// would share the few lines of one set of the first cache.
    /// </summary>
    internal static long Stride(int width) => 16L * (((width + 15) / 16) | 1);

    /// <summary>The same for bfloat16.</summary>
    internal static long Bf16Stride(int width) => 32L * (((width + 31) / 32) | 1);

    /// <summary>
    /// Makes room for some rows and for attention over sequences that need
    /// <paramref name="scratch"/> floats.
    /// </summary>
    internal void Reserve(int rows, long scratch)
    {
        if (rows <= _rows && scratch <= _scratch)
            return;
        Dispose();
        (_rows, _scratch) = (Math.Max(rows, _rows), Math.Max(scratch, _scratch));
        long hidden = _rows * Stride(_widths.Hidden) * sizeof(float),
            bf16 = _widths.Bf16 ? _rows * Bf16Stride(_widths.Hidden) * sizeof(ushort) : 0;
        var wide =
            _rows
            * Math.Max(
                Stride(3 * _widths.Heads) * sizeof(float),
                _widths.Bf16 ? Bf16Stride(_widths.Neurons) * sizeof(ushort) : Stride(_widths.Neurons) * sizeof(float)
            );
        var context =
            _rows * (_widths.Bf16 ? Bf16Stride(_widths.Heads) * sizeof(ushort) : Stride(_widths.Heads) * sizeof(float));
        // A vector more: kernels read whole vectors.
        _memory = (byte*)
            NativeMemory.AlignedAlloc(
                (nuint)((3 * hidden) + (2 * bf16) + wide + context + (_scratch * sizeof(float)) + 64),
                64
            );
        var at = _memory;
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
        if (_memory is not null)
            NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
