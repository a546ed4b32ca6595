// NaN and infinity in a file are found by tensor, wherever they stand.
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Models;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class FiniteTensorsTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_found_at_every_place(float bad)
    {
        foreach (var length in new[] { 1, 7, 8, 33, 100 })
        {
            var values = new float[length];
            Array.Fill(values, -float.MaxValue);
            Assert.Equal(-1, FiniteTensors.FirstNotFinite(values));
            for (var at = 0; at < length; at++)
            {
                values[at] = bad;
                Assert.Equal(at, FiniteTensors.FirstNotFinite(values));
                values[at] = float.MaxValue;
            }
        }
        Assert.Equal(-1, FiniteTensors.FirstNotFinite([]));
    }

    [Fact]
    public void The_refusal_names_file_tensor_and_place()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("model.safetensors");
        SafetensorsWriter.Write(
            path,
            [NamedTensor.FromFloats("a", [2], [1, 2]), NamedTensor.FromFloats("b", [2, 2], [1, 2, float.NaN, 4])]
        );
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1, 2], file.ReadFinite("a"));
        var refusal = Assert.Throws<NumericFailureException>(() => file.RequireFinite());
        Assert.All(
            (string[])[path, "'b'", "[2, 2]", "value 2 is NaN"],
            part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal)
        );
    }

    // Second moments of AdamW may be infinite, and only they.
    [Fact]
    public void Infinity_is_a_number_where_it_is_allowed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("optimizer.safetensors");
        SafetensorsWriter.Write(
            path,
            [
                NamedTensor.FromFloats("w.second", [2], [1, float.PositiveInfinity]),
                NamedTensor.FromFloats("v.second", [2], [1, float.NaN]),
            ]
        );
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1, float.PositiveInfinity], file.ReadNumbers("w.second"));
        Assert.Throws<NumericFailureException>(() => file.ReadFinite("w.second"));
        Assert.Throws<NumericFailureException>(() => file.ReadNumbers("v.second"));
    }

    // 1e300 is a number, but no float.
    [Fact]
    public void A_double_that_no_float_holds_is_not_finite()
    {
        using var folder = new TemporaryFolder();
        var header = """{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""";
        var path = folder.Write("model.safetensors", Fixtures.Safetensors(header, BitConverter.GetBytes(1e300)));
        using var file = SafetensorsFile.Open(path);
        Assert.Throws<NumericFailureException>(() => file.ReadFinite("x"));
    }
}
