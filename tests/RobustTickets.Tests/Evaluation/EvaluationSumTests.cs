using RobustTickets.Evaluation;
using RobustTickets.Models;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

public sealed class EvaluationSumTests
{
    [Fact]
    public void Ties_go_to_the_lower_class_and_the_loss_is_a_mean()
    {
        var sum = new EvaluationSum();
        sum.Add([1, 1], 0, $"example 1");
        sum.Add([1, 1], 1, $"example 2");
        var (accuracy, loss, examples) = sum.Result;
        Assert.Equal((0.5, 2), (accuracy, examples));
        Assert.Equal(Math.Log(2), loss, 1e-12);
    }

    [Fact]
    public void A_logit_that_is_not_finite_is_refused_by_its_place_and_not_counted()
    {
        var sum = new EvaluationSum();
        sum.Add([0, 2], 1, $"example 1");
        var e = Assert.Throws<NumericFailureException>(() => sum.Add([0, float.NaN], 1, $"example 2 of 2"));
        Assert.StartsWith("example 2 of 2: the logit of class 1 is NaN", e.Message, StringComparison.Ordinal);
        Assert.Equal((1.0, 1), (sum.Result.Accuracy, sum.Result.Examples));
    }
}
