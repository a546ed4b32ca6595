// Matrices with many zeros in the sparse-bitmask layout of compressed-tensors
// (docs/sparse-format.md), read as dense matrices.

using System.Numerics;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Safetensors;

/// <summary>Names of the parts of a sparse matrix.</summary>
internal static class BitmaskParts
{
    /// <summary>
    /// Name of the file of sparse weights; other programs do not mistake it for dense weights.
    /// </summary>
    public const string FileName = "model.sparse.safetensors";

    /// <summary>Name suffix of tensors that may be stored by bitmask.</summary>
    public const string Weight = ".weight";

    /// <summary>Suffix of the shape, I64 [2].</summary>
    public const string Shape = ".shape";

    /// <summary>Suffix of the nonzero values, row by row.</summary>
    public const string Compressed = ".compressed";

    /// <summary>Suffix of the bitmask, one bit per element, U8 [r, ceil(c / 8)].</summary>
    public const string Bitmask = ".bitmask";

    /// <summary>Suffix of the row offsets: values before each row, I64 [r].</summary>
    public const string RowOffsets = ".row_offsets";

    /// <summary>Suffixes of all parts.</summary>
    public static IReadOnlyList<string> All { get; } = [Shape, Compressed, Bitmask, RowOffsets];
}

/// <summary>The tensors of a file, with sparse ones as dense matrices. Owns the file.</summary>
internal sealed class BitmaskTensors : TensorSource
{
    private readonly TensorSource _file;
    private readonly Dictionary<string, Matrix> _matrices = new(StringComparer.Ordinal);

    private BitmaskTensors(TensorSource file)
        : base(file.Location)
    {
        _file = file;
        var modules = file
            .Tensors.Where(t => t.Name.EndsWith(BitmaskParts.Bitmask, StringComparison.Ordinal))
            .Select(t => t.Name[..^BitmaskParts.Bitmask.Length])
            .ToArray();
        foreach (var module in modules)
            _matrices.Add(module + BitmaskParts.Weight, Open(module));
        var parts = modules.SelectMany(m => BitmaskParts.All.Select(p => m + p)).ToHashSet(StringComparer.Ordinal);
        Tensors = [.. file.Tensors.Where(t => !parts.Contains(t.Name)), .. _matrices.Values.Select(m => m.Info)];
    }

    /// <summary>
    /// Wraps a file so that its matrices are dense; the file itself if it has no sparse ones.
    /// </summary>
    /// <param name="file">The file, disposed with the result.</param>
    /// <exception cref="CheckpointException">A part is missing, or parts are
    /// inconsistent.</exception>
    public static TensorSource Over(TensorSource file)
    {
        if (!file.Tensors.Any(t => t.Name.EndsWith(BitmaskParts.Bitmask, StringComparison.Ordinal)))
            return file;
        try
        {
            return new BitmaskTensors(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private protected override void ReadRange(TensorInfo info, long offset, Span<byte> destination)
    {
        if (!_matrices.TryGetValue(info.Name, out var matrix))
        {
            _file.ReadRangeOf(info.Name, offset, destination);
            return;
        }
        var size = info.Element.Size();
        var width = info.Shape[1] * size;
        var row = new byte[width];
        while (destination.Length > 0)
        {
            Expand(matrix, offset / width, size, row);
            var from = (int)(offset % width);
            var count = Math.Min(row.Length - from, destination.Length);
            row.AsSpan(from, count).CopyTo(destination);
            destination = destination[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
    }

    private void Expand(Matrix matrix, long row, int size, Span<byte> whole)
    {
        whole.Clear();
        var bits = matrix.Bits.AsSpan((int)row * matrix.BitBytes, matrix.BitBytes);
        var values = new byte[(matrix.Offsets[row + 1] - matrix.Offsets[row]) * size];
        _file.ReadRangeOf(matrix.Module + BitmaskParts.Compressed, matrix.Offsets[row] * size, values);
        var from = 0;
        for (var b = 0; b < bits.Length; b++)
        for (uint left = bits[b]; left != 0; left &= left - 1)
        {
            var column = (8 * b) + BitOperations.TrailingZeroCount(left);
            values.AsSpan(from, size).CopyTo(whole[(column * size)..]);
            from += size;
        }
    }

    private Matrix Open(string module)
    {
        foreach (var part in BitmaskParts.All)
            if (!_file.Contains(module + part))
                throw Refuse(module, $"'{part[1..]}' is missing, but its other parts are present");
        if (_file.Contains(module + BitmaskParts.Weight))
            throw Refuse(module, "is also stored as a full matrix; remove one of the two");
        var shape = Of(module, BitmaskParts.Shape, "I64 [2]", t => t.Element == TensorElement.I64 && Is(t, 2));
        var sizes = _file.ReadLongs(shape.Name);
        var (rows, columns) = (sizes[0], sizes[1]);
        if (rows < 0 || columns < 0 || columns > int.MaxValue / sizeof(double))
            throw Refuse(module, $"'shape' is {TensorInfo.Format(sizes)}, which is not the size of a matrix");
        var bytes = (columns + 7) / 8;
        var bitmask = Of(
            module,
            BitmaskParts.Bitmask,
            $"U8 [{rows}, {bytes}]",
            t => t.Element == TensorElement.U8 && Is(t, rows, bytes)
        );
        var values = Of(
            module,
            BitmaskParts.Compressed,
            "floats of one dimension",
            t => t.Element.IsFloat() && t.Shape.Length == 1
        );
        var starts = Of(
            module,
            BitmaskParts.RowOffsets,
            $"I64 [{rows}]",
            t => t.Element == TensorElement.I64 && Is(t, rows)
        );
        var matrix = new Matrix(
            module,
            new TensorInfo(module + BitmaskParts.Weight, values.Element, [rows, columns]),
            _file.Bytes(bitmask.Name).ToArray(),
            (int)bytes,
            new long[rows + 1]
        );
        Count(matrix, values.Count, _file.ReadLongs(starts.Name));
        return matrix;
    }

    // The bitmask determines the positions of values; offsets and number of values must match it.
    private void Count(Matrix matrix, long values, long[] starts)
    {
        var beyond = (byte)(matrix.Info.Shape[1] % 8 == 0 ? 0 : 0xFF << (int)(matrix.Info.Shape[1] % 8));
        for (var row = 0; row < starts.Length; row++)
        {
            var bits = matrix.Bits.AsSpan(row * matrix.BitBytes, matrix.BitBytes);
            if (bits.Length > 0 && (bits[^1] & beyond) != 0)
                throw Refuse(matrix.Module, $"'bitmask' has bits beyond the {matrix.Info.Shape[1]} columns, row {row}");
            if (starts[row] != matrix.Offsets[row])
                throw Refuse(
                    matrix.Module,
                    $"'row_offsets' of row {row} is {starts[row]}; the bits before it add up to {matrix.Offsets[row]}"
                );
            var count = 0;
            foreach (var b in bits)
                count += BitOperations.PopCount(b);
            matrix.Offsets[row + 1] = matrix.Offsets[row] + count;
        }
        if (values != matrix.Offsets[^1])
            throw Refuse(matrix.Module, $"'compressed' has {values} values; the bits add up to {matrix.Offsets[^1]}");
    }

    private TensorInfo Of(string module, string part, string wanted, Predicate<TensorInfo> fits)
    {
        var info = _file.Info(module + part);
        return fits(info)
            ? info
            : throw Refuse(
                module,
                $"'{part[1..]}' is {info.Element.SafetensorsName()} {info.ShapeText}; expected {wanted}"
            );
    }

    private static bool Is(TensorInfo info, params ReadOnlySpan<long> shape) =>
        info.Shape.AsSpan().SequenceEqual(shape);

    private CheckpointException Refuse(string module, string what) =>
        new($"{Location}: bitmask matrix '{module}': {what}");

    /// <summary>A sparse matrix.</summary>
    /// <param name="Module">Name of its parts, without suffix.</param>
    /// <param name="Info">The dense matrix.</param>
    /// <param name="Bits">One bit per element.</param>
    /// <param name="BitBytes">Bytes of a row of the bitmask.</param>
    /// <param name="Offsets">Number of values before each row, then the total.</param>
    private sealed record Matrix(string Module, TensorInfo Info, byte[] Bits, int BitBytes, long[] Offsets);
}
