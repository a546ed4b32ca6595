using RobustTickets.Models;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>
/// A padded batch of a golden file, with what is needed to go from its cells [B, S] to packed rows
/// [T] and back.
/// </summary>
/// <param name="Examples">Its examples, without padding.</param>
/// <param name="Cells">[T] cell (b * S + i) of each packed row.</param>
/// <param name="Columns">S, columns of the padded form.</param>
internal sealed record GoldenBatch(EncodedExample[] Examples, int[] Cells, int Columns)
{
    /// <summary>The examples on packed tokens.</summary>
    public PackedBatch Packed { get; } = PackedBatch.From(Examples);

    /// <summary>Cells of the first word piece of each example.</summary>
    public IEnumerable<int> ClsCells => Packed.Offsets[..^1].Select(row => Cells[row]);

    /// <summary>
    /// Reads <c>PREFIXinput_idsSUFFIX</c> and its companions; labels may be absent. Real word
    /// pieces are those whose attention mask is 1.
    /// </summary>
    public static GoldenBatch Read(GoldenTensors file, string prefix, string suffix = "", long firstId = 0)
    {
        var shape = file.Shape($"{prefix}input_ids{suffix}");
        var (rows, columns) = (shape[0], shape[1]);
        var ids = file.Longs($"{prefix}input_ids{suffix}");
        var mask = file.Longs($"{prefix}attention_mask{suffix}");
        var types = file.Longs($"{prefix}token_type_ids{suffix}");
        var labels =
            file.Contains($"{prefix}labels{suffix}") && file.Shape($"{prefix}labels{suffix}").Length == 1
                ? file.Longs($"{prefix}labels{suffix}")
                : new long[rows];
        var examples = new EncodedExample[rows];
        var cells = new List<int>();
        for (var b = 0; b < rows; b++)
        {
            var length = mask.AsSpan(b * columns, columns).LastIndexOf(1L) + 1;
            if (length == 0 || mask.AsSpan(b * columns, length).Contains(0L))
                throw new InvalidDataException(
                    $"{file.Path}: row {b} of {prefix}attention_mask{suffix} is no prefix of ones"
                );
            var at = Enumerable.Range(b * columns, length).ToArray();
            examples[b] = new EncodedExample(
                firstId + b,
                [.. at.Select(i => (int)ids[i])],
                [.. at.Select(i => (int)types[i])],
                (int)labels[b]
            );
            cells.AddRange(at);
        }
        return new GoldenBatch(examples, [.. cells], columns);
    }

    /// <summary>Rows of a padded tensor [B, S, width] at some cells, one after another.</summary>
    public static float[] Rows(float[] padded, IEnumerable<int> cells, int width) =>
        [.. cells.SelectMany(cell => padded.AsSpan(cell * width, width).ToArray())];

    /// <summary>
    /// Largest absolute value of a padded tensor [B, S, width] where it is padding.
    /// </summary>
    public double LargestInPadding(float[] padded, int width)
    {
        var real = Cells.ToHashSet();
        return Enumerable
            .Range(0, padded.Length / width)
            .Where(cell => !real.Contains(cell))
            .SelectMany(cell => padded.AsSpan(cell * width, width).ToArray())
            .Select(x => Math.Abs((double)x))
            .DefaultIfEmpty(0)
            .Max();
    }
}
