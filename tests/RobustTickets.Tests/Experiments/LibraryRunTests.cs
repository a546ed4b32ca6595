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
        Assert.Empty(Request().Run(new Collect(told)));
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
        var error = Assert.Throws<RequestException>(() => request.Run());
        Assert.Equal((nameof(ExperimentRequest.Resources), "neighbors"), (error.Field, error.Value));
        Assert.Equal(error.Message, Assert.Throws<RequestException>(() => request.Check()).Message);
    }

    [Fact]
    public void A_check_tells_what_is_taken_by_nothing_and_writes_nothing()
    {
        var request = Request() with
        {
            Data = new Dictionary<string, string> { ["toy"] = _tiny.Task.Data, ["toys"] = _tiny.Task.Data },
        };
        Assert.Contains(request.Check(), note => note.Contains("no experiment here has data \"toys\""));
        Assert.False(Directory.Exists(Path.Combine(request.Output, "cells")));
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => request.Check(stop.Token));
    }

    [Fact]
    public void A_failure_is_written_down_as_the_request_says()
    {
        var request = Request() with { NoteOf = e => new FailureNote(42, $"noted: {e.GetType().Name}") };
        var told = new List<ExperimentProgress>();
        var broken = false;
        var progress = new Collect(told)
        {
            Also = p =>
            {
                if (broken || p is not ExperimentPart { Attack: null, Begins: true })
                    return;
                broken = true;
                throw new InvalidOperationException("a bad end");
            },
        };
        var failure = Assert.Single(request.Run(progress));
        Assert.IsType<InvalidOperationException>(failure.Cause);
        var folder = new ExperimentFolder(request.Output, request.Plans[0]);
        Assert.Equal("noted: InvalidOperationException", folder.Failure(folder.Plan.Cell("plain.toy.seed-1")));
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
        public Action<ExperimentProgress>? Also { get; init; }

        public void Report(ExperimentProgress value)
        {
            into.Add(value);
            Also?.Invoke(value);
        }
    }
}
