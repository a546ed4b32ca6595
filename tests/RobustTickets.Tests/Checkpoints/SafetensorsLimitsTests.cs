using RobustTickets.Checkpoints.Safetensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class SafetensorsLimitsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Headers_of_too_many_values_dimensions_or_letters_are_refused_in_a_few_words()
    {
        Refused(
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[" + Many("0,", 5_000_000) + "0]}}",
            "more than 4194304 JSON values"
        );
        Refused(Shape("1,1,1,1,1,1,1,1,1"), "'x'", "shape", "has 9 numbers; at most 8");
        Refused(Shape("1,\"" + Many("a", 5000) + "\""), "'x'", "shape", "...");
        Refused("{\"x\":{\"dtype\":\"F32\",\"" + Many("f", 5000) + "\":\"" + Many("v", 5000) + "\"}}", "'x'", "...");
        Refused("{\"" + Many("n", 5000) + "\":1}", "has 5000 characters; at most 1000");
        Refused("{\"__metadata__\":{\"" + Many("n", 5000) + "\":1}}", "nnn...");
    }

    [Fact]
    public void Eight_dimensions_are_read()
    {
        folder.Write("a", Fixtures.Safetensors(Shape("1,1,1,1,1,1,1,1"), 4));
        using var file = SafetensorsFile.Open(folder.At("a"));
        Assert.Equal(8, file.Info("x").Shape.Length);
    }

    private static string Shape(string shape) =>
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[" + shape + "],\"data_offsets\":[0,4]}}";

    private static string Many(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private void Refused(string header, params string[] said)
    {
        folder.Write("a", Fixtures.Safetensors(header, 4));
        var refusal = Fixtures.Refused(() => SafetensorsFile.Open(folder.At("a")).Dispose(), said);
        Assert.InRange(refusal.Message.Length, 1, 600);
    }
}
