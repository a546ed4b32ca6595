// An experiment as a program runs it: without a check before, told of what happens by public types.
using RobustTickets.Attacks;
using RobustTickets.Experiments;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class LibraryRunTests : IDisposable
{
    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_run_checks_by_itself_and_tells_what_happens()
    {
        var told = new List<ExperimentProgress>();
        using var run = new ExperimentRun(Request(), new Collect(told));
        Assert.Empty(run.Run());
        Assert.All(told.Select(p => p.GetType()).Distinct(), type => Assert.True(type.IsVisible, type.Name));
        ExperimentPart[] parts = [.. told.OfType<ExperimentPart>()];
        Assert.Equal(
            [(null, true), (null, false), ("swap", true), ("swap", false)],
            parts.Select(p => (p.Attack, p.Begins))
        );
        Assert.All(parts, p => Assert.Equal("plain.toy.seed-1", p.Cell));
        Assert.Contains(told, p => p is ExperimentTraining { Progress: not null });
        Assert.Contains(told, p => p is ExperimentAttacking { Progress: AttackStep { Total: 10 } });
        Assert.Contains(told, p => p is ExperimentNote { Text.Length: > 0 });
    }

    [Fact]
    public void What_cannot_be_run_is_refused_by_the_run_as_by_the_check()
    {
        var request = Request() with { Resources = new Dictionary<string, string> { ["neighbors"] = "x" } };
        using var run = new ExperimentRun(request);
        var error = Assert.Throws<RequestException>(() => run.Run());
        Assert.Equal((nameof(ExperimentRequest.Resources), "neighbors"), (error.Field, error.Value));
        Assert.Equal(error.Message, Assert.Throws<RequestException>(run.Check).Message);
    }

    private ExperimentRequest Request() =>
        new(
            ExperimentFiles.Plan([_tiny.FilePath]),
            _tiny.Task.Model,
            new Dictionary<string, string> { ["toy"] = _tiny.Task.Data },
            _tiny.Task.Below("library"),
            new Dictionary<string, string> { ["neighbours"] = _tiny.Neighbours },
            ["plain.toy.seed-1"]
        );

    private sealed class Collect(List<ExperimentProgress> into) : IProgress<ExperimentProgress>
    {
        public void Report(ExperimentProgress value) => into.Add(value);
    }
}
