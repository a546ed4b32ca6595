// Half and bfloat16 against the formulas of the formats, over every one of their 65,536 patterns,
// and rounding against exact arithmetic.
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class TensorBytesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(TensorElement.F16, 5, 10)]
    [InlineData(TensorElement.BF16, 8, 7)]
    public void Every_pattern_widens_to_its_value(object boxedElement, int exponentBits, int fractionBits)
    {
        var element = (TensorElement)boxedElement;
        var bytes = new byte[65536 * 2];
        for (var i = 0; i < 65536; i++)
            BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (ushort)i);
        // Through a file, in blocks of 64 KiB: 128 KiB shows a block that is taken twice or left
        // out.
        SafetensorsWriter.Write(folder.At("a"), [new NamedTensor("x", element, [65536], bytes)]);
        using var file = SafetensorsFile.Open(folder.At("a"));
        var values = file.ReadFloats("x");
        for (var i = 0; i < 65536; i++)
        {
            var expected = Value(i, exponentBits, fractionBits);
            if (double.IsNaN(expected))
                Assert.True(float.IsNaN(values[i]), $"pattern {i:x4} is NaN, not {values[i]}");
            else
                Assert.True(
                    expected == values[i] && double.IsNegative(expected) == float.IsNegative(values[i]),
                    $"pattern {i:x4}: {values[i]}, expected {expected}"
                );
        }
    }

    [Theory]
    [InlineData(TensorElement.F16, 5, 10)]
    [InlineData(TensorElement.BF16, 8, 7)]
    public void Every_value_narrows_back_to_its_pattern(object boxedElement, int exponentBits, int fractionBits)
    {
        var element = (TensorElement)boxedElement;
        var patterns = Enumerable
            .Range(0, 65536)
            .Where(i => !double.IsNaN(Value(i, exponentBits, fractionBits)))
            .ToArray();
        var bytes = TensorBytes.FromFloats(
            element,
            patterns.Select(i => (float)Value(i, exponentBits, fractionBits)).ToArray()
        );
        for (var k = 0; k < patterns.Length; k++)
            Assert.Equal((ushort)patterns[k], BitConverter.ToUInt16(bytes, 2 * k));
        var nan = new float[1];
        TensorBytes.ToFloats(
            element,
            TensorBytes.FromFloats(element, [BitConverter.UInt32BitsToSingle(0x7F800001)]),
            nan
        );
        Assert.True(float.IsNaN(nan[0]), "a NaN with a small payload became a number");
    }

    [Theory]
    [InlineData(TensorElement.F16, 5, 10)]
    [InlineData(TensorElement.BF16, 8, 7)]
    public void Narrowing_rounds_to_nearest_even(object boxedElement, int exponentBits, int fractionBits)
    {
        var element = (TensorElement)boxedElement;
        var random = new Random(8);
        var bias = (1 << (exponentBits - 1)) - 1;
        var smallestExponent = 1 - bias;
        var values = new List<float>();
        for (var i = 0; i < 20000; i++)
        {
            var exponent = random.Next(Math.Max(-140, smallestExponent - fractionBits - 2), bias + 1);
            var value = (float)((1 + random.NextDouble()) * Math.Pow(2, exponent));
            values.Add(i % 2 == 0 ? value : -value);
            // A tie: half of the last place above a representable value.
            var quantum = Quantum(value, smallestExponent, fractionBits);
            values.Add((float)((Math.Floor(value / quantum) + 0.5) * quantum));
        }
        var bytes = TensorBytes.FromFloats(element, values.ToArray());
        var largest = (2 - Math.Pow(2, -fractionBits)) * Math.Pow(2, bias);
        for (var i = 0; i < values.Count; i++)
        {
            var quantum = Quantum(values[i], smallestExponent, fractionBits);
            var expected = Math.Round(values[i] / quantum, MidpointRounding.ToEven) * quantum;
            if (Math.Abs(expected) > largest)
                expected = double.CopySign(double.PositiveInfinity, expected);
            Assert.Equal(expected, Value(BitConverter.ToUInt16(bytes, 2 * i), exponentBits, fractionBits));
        }
    }

    [Fact]
    public void Doubles_narrow_and_integers_widen()
    {
        var doubles = new[] { 1 / 3.0, double.MaxValue, -0.0, double.NaN, 1e-46 };
        var floats = new float[5];
        TensorBytes.ToFloats(TensorElement.F64, doubles.SelectMany(BitConverter.GetBytes).ToArray(), floats);
        Assert.Equal([1 / 3f, float.PositiveInfinity, -0f, float.NaN, 0f], floats);

        Check(TensorElement.I8, [0x80, 0x7f], [-128, 127]);
        Check(TensorElement.U8, [0x80, 0x7f], [128, 127]);
        Check(TensorElement.Bool, [1, 0, 2], [1, 0, 1]);
        Check(TensorElement.I16, [0xfe, 0xff, 0, 1], [-2, 256]);
        Check(TensorElement.I32, [0xfe, 0xff, 0xff, 0xff], [-2]);
        Check(TensorElement.I64, [0, 0, 0, 0, 0, 0, 0, 0x80], [long.MinValue]);

        static void Check(TensorElement element, byte[] bytes, long[] expected)
        {
            var values = new long[expected.Length];
            TensorBytes.ToLongs(element, bytes, values);
            Assert.Equal(expected, values);
        }
    }

    [Fact]
    public void Lengths_and_kinds_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TensorBytes.ToFloats(TensorElement.F16, new byte[3], new float[2]));
        Assert.Throws<ArgumentException>(() => TensorBytes.ToFloats(TensorElement.I16, new byte[4], new float[2]));
        Assert.Throws<ArgumentException>(() => TensorBytes.ToLongs(TensorElement.F16, new byte[4], new long[2]));
        Assert.Throws<ArgumentException>(() => TensorBytes.FromFloats(TensorElement.I32, [1f]));
    }

    // Sign, exponent and fraction of a pattern as the standard reads them, in double, where all of
    // them are exact.
    private static double Value(int pattern, int exponentBits, int fractionBits)
    {
        var bias = (1 << (exponentBits - 1)) - 1;
        var sign = (pattern >> 15) == 0 ? 1.0 : -1.0;
        var exponent = (pattern >> fractionBits) & ((1 << exponentBits) - 1);
        var fraction = (pattern & ((1 << fractionBits) - 1)) / (double)(1 << fractionBits);
        if (exponent == (1 << exponentBits) - 1)
            return fraction == 0 ? sign * double.PositiveInfinity : double.NaN;
        return exponent == 0
            ? sign * fraction * Math.Pow(2, 1 - bias)
            : sign * (1 + fraction) * Math.Pow(2, exponent - bias);
    }

    // Distance of neighbouring representable values at a magnitude.
    private static double Quantum(double value, int smallestExponent, int fractionBits) =>
        Math.Pow(2, Math.Max(smallestExponent, Math.ILogB(value)) - fractionBits);
}
