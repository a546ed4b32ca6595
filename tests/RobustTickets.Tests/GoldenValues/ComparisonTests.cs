using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Testing;
using Xunit;
using Xunit.Sdk;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>
/// The judge can judge: it notices differences, numbers that are none, missing values and
/// comparisons of nothing.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class ComparisonTests
{
    [SkippableFact]
    public void What_is_near_agrees_and_what_is_not_is_rejected()
    {
        var near = new Comparison("near");
        near.Near("x", [1f, 2f], [1.05f, 2f], 0.1);
        near.Near("y", 1.0, 1.05, 0.1);
        near.Agrees();
        Assert.ThrowsAny<XunitException>(() => near.Rejects("none"));

        var far = new Comparison("far");
        far.Near("x", [1f, 2f], [1f, 2.2f], 0.1);
        far.Rejects("an error");
        Assert.Contains("x[1] is 2", Assert.ThrowsAny<XunitException>(far.Agrees).Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_reference_that_is_no_number_fails_at_once_and_a_result_that_is_none_is_far_off(double bad)
    {
        var comparison = new Comparison("numbers");
        Assert.ThrowsAny<XunitException>(() => comparison.Near("x", 1, bad, 1e9));
        Assert.ThrowsAny<XunitException>(() => comparison.Near("x", [1f], [(float)bad], 1e9));
        comparison.Near("x", [(float)bad], [1f], 1e9);
        Assert.ThrowsAny<XunitException>(comparison.Agrees);
        var single = new Comparison("single");
        single.Near("x", bad, 1, 1e9);
        Assert.ThrowsAny<XunitException>(single.Agrees);
    }

    [SkippableFact]
    public void Missing_values_differ_and_comparing_nothing_fails()
    {
        var missing = new Comparison("missing");
        missing.Near("x", [1f], [1f, 2f], 1);
        missing.Same("y", 1, 1);
        Assert.ThrowsAny<XunitException>(missing.Agrees);
        Assert.ThrowsAny<XunitException>(new Comparison("nothing").Agrees);
        Assert.ThrowsAny<XunitException>(() => new Comparison("nothing").Rejects("anything"));
    }

    [SkippableFact]
    public void The_program_loads_the_weights_that_the_tests_read()
    {
        var names = Golden.Folder("models") is { } models
            ? Directory.GetDirectories(models).Select(d => Path.GetFileName(d)).ToArray()
            : [];
        if (names.Length == 0)
            throw Golden.Skip("models loaded by the program");
        foreach (var name in names.Where(n => Golden.Folder("models", n, "model.safetensors") is not null))
        {
            var folder = Golden.Required("models", name);
            var reference = name.EndsWith("_mlm", StringComparison.Ordinal)
                ? GoldenModel.MaskedLm(name[..^"_mlm".Length])
                : GoldenModel.Classifier(name);
            using var store = name.EndsWith("_mlm", StringComparison.Ordinal)
                ? BertFiles.LoadMaskedLM(folder, RandomKey.FromSeed(0), new Execution()).Store
                : BertFiles
                    .LoadClassifier(folder, reference.Config.Labels, RandomKey.FromSeed(0), new Execution())
                    .Store;
            Assert.All(
                store.Names,
                parameter => Assert.Equal(reference.Weights[0].Floats(parameter), store[parameter].to_array())
            );
        }
    }
}
