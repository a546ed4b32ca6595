using System.Text;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>What a person is told of a file that is no JSON.</summary>
public sealed class JsonReasonTests
{
    [Theory]
    [InlineData("", "file:1: not JSON: the input is empty")]
    [InlineData("\n", "file:2: not JSON: the input is empty")]
    [InlineData("{\"a\": 1,\n", "file:2: not JSON: unexpected end of input")]
    [InlineData("{\"a\": \"b", "file:1: not JSON: unexpected end of input")]
    [InlineData("text,label\r\nsome text,1\r\n", "file:1: not JSON: 'text,label' is not a JSON value")]
    [InlineData("{\"a\": 1 2}", "file:1: not JSON: '2' is invalid after a value.")]
    public void A_reason_is_short_and_names_the_line(string text, string message)
    {
        var found = Assert.Throws<DataException>(() => GuardedJson.Parse("file", Encoding.UTF8.GetBytes(text))).Message;
        Assert.StartsWith(message, found, StringComparison.Ordinal);
        Assert.InRange(found.Length, 1, 120);
    }

    [Fact]
    public void Of_a_large_file_that_is_something_else_its_first_words_are_quoted()
    {
        var found = Assert
            .Throws<DataException>(() => GuardedJson.Parse("file", Encoding.UTF8.GetBytes(new string('t', 100_000))))
            .Message;
        Assert.Equal($"file:1: not JSON: '{new string('t', 40)}...' is not a JSON value", found);
    }
}
