// Checks weights for NaN and infinity on loading, where the file and the tensor can be named.
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using RobustTickets.Models;

namespace RobustTickets.Checkpoints.Tensors;

/// <summary>Reads and checks tensors whose values must be finite.</summary>
internal static class FiniteTensors
{
    /// <summary>
    /// As <see cref="ITensorSource.ReadFloats(string)"/>; throws unless every value is finite.
    /// </summary>
    /// <exception cref="NumericFailureException">A value is NaN, infinite, or out of float range;
    /// file, tensor and index named.</exception>
    /// <exception cref="CheckpointException">There is no such tensor, or its element type is not
    /// floating point.</exception>
    public static float[] ReadFinite(this ITensorSource source, string name) =>
        Read(source, name, values => FirstNotFinite(values));

    /// <summary>As <see cref="ReadFinite"/>, with infinity allowed.</summary>
    /// <exception cref="NumericFailureException">A value is NaN.</exception>
    public static float[] ReadNumbers(this ITensorSource source, string name) =>
        Read(source, name, values => Array.FindIndex(values, float.IsNaN));

    private static float[] Read(ITensorSource source, string name, Func<float[], int> firstBad)
    {
        var values = source.ReadFloats(name);
        var at = firstBad(values);
        if (at < 0)
            return values;
        var count = values.Count(v => !float.IsFinite(v));
        throw new NumericFailureException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{source.Location}: tensor '{name}' of shape {source.Info(name).ShapeText} is not finite: value {at} "
                    + $"is {values[at]} ({count} of {values.Length} are NaN or infinite); the training that wrote it "
                    + $"diverged, or the file is damaged"
            )
        );
    }

    /// <summary>
    /// Throws if a floating-point tensor of a checkpoint has a value that is not finite.
    /// </summary>
    /// <exception cref="NumericFailureException">As <see cref="ReadFinite"/>.</exception>
    public static void RequireFinite(this ITensorSource source)
    {
        foreach (var info in source.Tensors.Where(t => t.Element.IsFloat()))
            source.ReadFinite(info.Name);
    }

    /// <summary>Index of the first value that is NaN or infinite, or -1.</summary>
    internal static int FirstNotFinite(ReadOnlySpan<float> values)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(values);
        var most = new Vector<float>(float.MaxValue);
        var start = 0;
        // A comparison with NaN is false, so one test covers NaN and infinity.
        while (start < wide.Length && Vector.LessThanOrEqualAll(Vector.Abs(wide[start]), most))
            start++;
        for (var i = start * Vector<float>.Count; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return i;
        }
        return -1;
    }
}
