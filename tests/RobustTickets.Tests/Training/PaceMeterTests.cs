using RobustTickets.Objectives;
using RobustTickets.Tests.Hardening;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Training;

/// <summary>Pace and time left of a stage.</summary>
public sealed class PaceMeterTests
{
    [Theory]
    [InlineData(0.0, 190.0)]
    [InlineData(1.0, 380.0)] // an attack after every epoch that takes as long as its steps
    public void What_lies_between_steps_is_time_left_too(double between, double left)
    {
        var clock = new HandClock { Seconds = 100 };
        var pace = new PaceMeter(clock);
        for (var i = 1; i <= 10; i++)
        {
            clock.Seconds += 1;
            pace.Add(Step(i));
            Assert.Equal(i < 5, pace.Remaining(Step(i), 200) is null);
            clock.Seconds += between;
        }
        Assert.Equal(30, pace.TokensPerSecond);
        Assert.Equal(left, pace.Remaining(Step(10), 200)!.Value.TotalSeconds, 1e-6);
    }

    private static StepReport Step(int step) => new(step, 0.1, 0, 0, 0, 4, 30, 1, default, 0);
}
