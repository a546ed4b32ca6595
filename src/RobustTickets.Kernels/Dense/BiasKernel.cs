// Adds a bias to some rows.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RobustTickets.Kernels.Dense;

/// <summary>Adds a bias to rows.</summary>
internal static unsafe class BiasKernel
{
    /// <summary>
    /// Adds <paramref name="bias"/> [width] to part of <paramref name="rows"/> [_, width].
    /// </summary>
    internal static void Add(float* rows, float* bias, int width, in Tile part)
    {
        for (var r = part.Row; r < part.Row + part.Rows; r++)
            AddRow(rows + (r * width) + part.Column, bias + part.Column, (int)part.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRow(float* row, float* bias, int columns)
    {
        var j = 0;
        for (; j + 8 <= columns; j += 8)
            (Vector256.Load(row + j) + Vector256.Load(bias + j)).Store(row + j);
        for (; j < columns; j++)
            row[j] += bias[j];
    }
}
