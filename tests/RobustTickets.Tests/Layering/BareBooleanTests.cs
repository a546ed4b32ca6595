// No bare true or false beside other arguments of a call: a name says what it means.
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed class BareBooleanTests
{
    private static readonly string Root = Golden.RepositoryRoot;

    // Calls in which it is an element or a value, as its place says.
    private static readonly string[] Values = ["IndexOf", "Repeat", "WriteBoolean"];

    // Words before a parenthesis that is no call's.
    private static readonly string[] NoCall = ["and", "case", "in", "is", "not", "or", "return", "when"];

    // Comments, texts and characters, of which a boolean could only be quoted.
    private static readonly Regex Quoted = new(
        "//[^\n]*|/\\*.*?\\*/|\\$*\"\"\"+.*?\"\"\"+|[$@]*\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\\n])+'",
        RegexOptions.Singleline
    );

    [Fact]
    public void A_boolean_beside_other_arguments_is_named()
    {
        var found =
            from path in RepositoryFiles.Below(Root, "src")
            where path.EndsWith(".cs", StringComparison.Ordinal)
            from call in Bare(File.ReadAllText(Path.Combine(Root, path)))
            select $"{path}: {call}";
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("F(a, true)", 1)]
    [InlineData("new(false, g(b, c), true)", 2)]
    [InlineData("Do<int>(x,\n    false\n)", 1)]
    [InlineData("F(true)", 0)]
    [InlineData("F(a, last: true)", 0)]
    [InlineData("F(a, b == true)", 0)]
    [InlineData("return (true, false);", 0)]
    [InlineData("x is (true, _)", 0)]
    [InlineData("(a, b) => (true, b)", 0)]
    [InlineData("Enumerable.Repeat(true, n)", 0)]
    [InlineData("F(\"(a, true)\") // G(a, true)", 0)]
    public void The_search_for_bare_booleans_finds_them(string code, int found) =>
        Assert.Equal(found, Bare(code).Count);

    private static List<string> Bare(string code)
    {
        code = Quoted.Replace(code, "q");
        var found = new List<string>();
        // Of each open bracket: the call's name, or null, where its argument began, and how many
        // there are.
        var open = new Stack<(string? Call, int From, List<string> Arguments)>();
        for (var i = 0; i < code.Length; i++)
        {
            switch (code[i])
            {
                case '(' or '[' or '{':
                    open.Push((code[i] == '(' ? CallBefore(code, i) : null, i + 1, []));
                    break;
                case ',' when open.TryPop(out var at):
                    at.Arguments.Add(code[at.From..i].Trim());
                    open.Push(at with { From = i + 1 });
                    break;
                case ')' or ']' or '}' when open.TryPop(out var at):
                    at.Arguments.Add(code[at.From..i].Trim());
                    if (at.Call is { } call && at.Arguments.Count > 1)
                        found.AddRange(
                            at.Arguments.Where(a => a is "true" or "false")
                                .Select(_ => $"{call}({string.Join(", ", at.Arguments)})")
                        );
                    break;
            }
        }
        return found;
    }

    private static string? CallBefore(string code, int at)
    {
        var word = Regex.Match(code[Math.Max(0, at - 200)..at], @"(?<![\w.])?(\w+)(?:<[\w<>,.?\[\] ]*>)?$");
        var name = word.Groups[1].Value;
        return word.Success && !NoCall.Contains(name) && !Values.Contains(name) ? name : null;
    }
}
