// Converts between stored bytes and numbers. Both files and supported machines are little-endian,
// so reading is a cast.

using System.Runtime.InteropServices;

namespace RobustTickets.Checkpoints.Tensors;

/// <summary>Converts numbers to and from the raw bytes of a tensor.</summary>
internal static class TensorBytes
{
    /// <summary>
    /// Converts raw bytes of a floating-point element type to float. F16 and BF16 widen exactly,
    /// including subnormals, infinities and NaN; F64 rounds to nearest even.
    /// </summary>
    /// <param name="element">F32, F16, BF16 or F64.</param>
    /// <param name="bytes">Little-endian bytes, <c>destination.Length * element.Size()</c> of
    /// them.</param>
    /// <param name="destination">Receives the values.</param>
    /// <exception cref="ArgumentException">The element is not a floating-point type, or the lengths
    /// do not fit.</exception>
    public static void ToFloats(TensorElement element, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        RequireLength(element, bytes, destination.Length);
        switch (element)
        {
            case TensorElement.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case TensorElement.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < halves.Length; i++)
                    destination[i] = (float)halves[i];
                break;
            case TensorElement.BF16:
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < upper.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                break;
            case TensorElement.F64:
                var doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (var i = 0; i < doubles.Length; i++)
                    destination[i] = (float)doubles[i];
                break;
            default:
                throw new ArgumentException($"{element} is not a floating-point type", nameof(element));
        }
    }

    /// <summary>
    /// Converts raw bytes of an integer or Boolean element type to 64-bit integers.
    /// </summary>
    /// <param name="element">I64, I32, I16, I8, U8 or Bool.</param>
    /// <param name="bytes">Little-endian bytes, <c>destination.Length * element.Size()</c> of
    /// them.</param>
    /// <param name="destination">Receives the values; a Boolean gives 0 or 1.</param>
    /// <exception cref="ArgumentException">The element is a floating-point type, or the lengths do
    /// not fit.</exception>
    public static void ToLongs(TensorElement element, ReadOnlySpan<byte> bytes, Span<long> destination)
    {
        RequireLength(element, bytes, destination.Length);
        switch (element)
        {
            case TensorElement.I64:
                MemoryMarshal.Cast<byte, long>(bytes).CopyTo(destination);
                break;
            case TensorElement.I32:
                var ints = MemoryMarshal.Cast<byte, int>(bytes);
                for (var i = 0; i < ints.Length; i++)
                    destination[i] = ints[i];
                break;
            case TensorElement.I16:
                var shorts = MemoryMarshal.Cast<byte, short>(bytes);
                for (var i = 0; i < shorts.Length; i++)
                    destination[i] = shorts[i];
                break;
            case TensorElement.I8:
                for (var i = 0; i < bytes.Length; i++)
                    destination[i] = (sbyte)bytes[i];
                break;
            case TensorElement.U8:
                for (var i = 0; i < bytes.Length; i++)
                    destination[i] = bytes[i];
                break;
            case TensorElement.Bool:
                for (var i = 0; i < bytes.Length; i++)
                    destination[i] = bytes[i] == 0 ? 0 : 1;
                break;
            default:
                throw new ArgumentException($"{element} is not an integer type", nameof(element));
        }
    }

    /// <summary>
    /// The raw bytes of float values in a floating-point element type, rounded to nearest even
    /// where it is narrower, as PyTorch does.
    /// </summary>
    /// <param name="element">F32, F16, BF16 or F64.</param>
    /// <param name="values">The values.</param>
    /// <exception cref="ArgumentException">The element is not a floating-point type.</exception>
    public static byte[] FromFloats(TensorElement element, ReadOnlySpan<float> values)
    {
        var bytes = new byte[checked(values.Length * element.Size())];
        switch (element)
        {
            case TensorElement.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case TensorElement.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
                for (var i = 0; i < halves.Length; i++)
                    halves[i] = (Half)values[i];
                break;
            case TensorElement.BF16:
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
                for (var i = 0; i < upper.Length; i++)
                    upper[i] = ToBfloat16(values[i]);
                break;
            case TensorElement.F64:
                var doubles = MemoryMarshal.Cast<byte, double>(bytes.AsSpan());
                for (var i = 0; i < doubles.Length; i++)
                    doubles[i] = values[i];
                break;
            default:
                throw new ArgumentException($"{element} is not a floating-point type", nameof(element));
        }
        return bytes;
    }

    private static ushort ToBfloat16(float value)
    {
        // Rounding a NaN's payload could carry into infinity: NaN becomes a quiet NaN.
        if (float.IsNaN(value))
            return 0x7FC0;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void RequireLength(TensorElement element, ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length != (long)count * element.Size())
        {
            throw new ArgumentException(
                $"{bytes.Length} bytes do not hold {count} values of {element.SafetensorsName()}",
                nameof(bytes)
            );
        }
    }
}
