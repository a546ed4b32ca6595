using RobustTickets.Attacks;
using RobustTickets.Kernels.Dense;
using Xunit;

namespace RobustTickets.Tests.Models;

/// <summary>Which execution a machine offers.</summary>
public sealed class ExecutionTests
{
    [Fact]
    public void Fastest_is_bf16_exactly_where_it_is_offered()
    {
        var offered = Record.Exception(new Execution(Precision: MatrixPrecision.Bf16).Apply) is not RequestException;
        var fastest = Execution.Fastest(threads: 1);
        Assert.Equal(offered ? MatrixPrecision.Bf16 : MatrixPrecision.Fp32, fastest.Precision);
        Assert.Equal(1, fastest.Threads);
    }

    [Fact]
    public void What_a_comparison_runs_with_is_the_fastest_unless_one_is_named()
    {
        var request = new HardenRequest("model", "data", "csv", "out");
        Assert.Equal(Execution.Fastest(), request.Running);
        Assert.Equal(new Execution(), (request with { Execution = new Execution() }).Running);
    }
}
