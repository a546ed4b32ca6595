// Numbers of random streams: on each level they differ, and none is one that is counted.
using System.Reflection;
using RobustTickets.Models;
using Xunit;

namespace RobustTickets.Tests.Models;

public sealed class RandomStreamsTests
{
    // More layers and more passes than any run has.
    private const int Many = 100_000;

    [Fact]
    public void Streams_of_one_level_have_numbers_of_their_own()
    {
        var levels = typeof(RandomStreams).GetNestedTypes(BindingFlags.NonPublic);
        Assert.Equal(6, levels.Length);
        foreach (var level in levels)
        {
            var numbers = level
                .GetFields(BindingFlags.NonPublic | BindingFlags.Static)
                .Select(f => (long)f.GetRawConstantValue()!)
                .ToArray();
            Assert.NotEmpty(numbers);
            Assert.Equal(numbers.Length, numbers.Distinct().Count());
        }
    }

    [Fact]
    public void Streams_beside_what_is_counted_lie_beyond_it()
    {
        Assert.True(RandomStreams.Step.Perturbation > Many);
        Assert.True(RandomStreams.Pass.Gates > DropoutSite.FeedForwardOutput(Many));
        Assert.True(RandomStreams.Run.Round0 > RandomStreams.Run.FineTune);
    }

    // What a seed draws: these numbers never change.
    [Fact]
    public void Numbers_are_those_of_every_earlier_run()
    {
        Assert.Equal(
            [0L, 1, 2, 3, 4, 1000],
            [
                RandomStreams.Run.Head,
                RandomStreams.Run.Search,
                RandomStreams.Run.Retrain,
                RandomStreams.Run.Control,
                RandomStreams.Run.FineTune,
                RandomStreams.Run.Round0,
            ]
        );
        Assert.Equal(
            [0L, 1, 2, 3, 4, 2],
            [
                RandomStreams.Stage.Order,
                RandomStreams.Stage.Steps,
                RandomStreams.Stage.Redrawn,
                RandomStreams.Stage.Outside,
                RandomStreams.Stage.Objective,
                RandomStreams.SlimmingStage.Objective,
            ]
        );
        Assert.Equal(
            [1_000_003L, 1_000_033, 1_000_037, 1_000_039, 1_000_081, 2_000_003],
            [
                RandomStreams.Step.Perturbation,
                RandomStreams.Step.InfoBertPartners,
                RandomStreams.Step.InfoBertOrder,
                RandomStreams.Step.Texts,
                RandomStreams.Step.Hull,
                RandomStreams.Pass.Gates,
            ]
        );
    }
}
