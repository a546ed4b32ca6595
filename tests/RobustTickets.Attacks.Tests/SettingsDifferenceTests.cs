using RobustTickets.Attacks.Metrics;
using Xunit;

namespace RobustTickets.Attacks.Tests;

public sealed class SettingsDifferenceTests
{
    private const string There = """
        {"recipe":"textfooler","query_budget":5,"run":[{"item":"split","value":"dev"},{"item":"seed","value":"42"}]}
        """;

    [Theory]
    [InlineData("\"query_budget\":5", "\"query_budget\":7", "query_budget: there 5, here 7")]
    [InlineData("\"value\":\"42\"", "\"value\":\"43\"", "run[seed].value: there 42, here 43")]
    [InlineData(",{\"item\":\"seed\",\"value\":\"42\"}", "", "run[seed].item: there seed, here nothing")]
    [InlineData("\"recipe\"", "\"recipe\" ", null)]
    public void The_setting_that_differs_is_named_with_both_values(string old, string now, string? said) =>
        Assert.Equal(said, SettingsDifference.First(There, There.Replace(old, now, StringComparison.Ordinal)));

    [Theory]
    [InlineData("\"seed\",\"value\"", "\"seed\",\"source\":\"option\",\"value\"", true)]
    [InlineData("\"value\":\"42\"", "\"value\":\"43\"", false)]
    [InlineData("\"query_budget\":5,", "", false)]
    public void Where_a_value_comes_from_is_no_setting(string old, string now, bool same) =>
        Assert.Equal(same, SettingsDifference.Same(There, There.Replace(old, now, StringComparison.Ordinal)));
}
