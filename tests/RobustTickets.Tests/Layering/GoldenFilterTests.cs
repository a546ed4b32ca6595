// `./test.sh golden` runs every test that reads golden values.
using System.Reflection;
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed partial class GoldenFilterTests
{
    // The projects whose tests read golden values; each has a test like the first below.
    private static readonly string[] Projects = ["RobustTickets.Attacks.Tests", "RobustTickets.Tests"];

    [Fact]
    public void Every_test_that_reads_golden_values_is_selected()
    {
        var readers = GoldenReaders.In(typeof(GoldenFilterTests).Assembly);
        Assert.Contains(readers, test => test.DeclaringType == typeof(GoldenValues.MaskGoldenTests));
        Assert.Empty(
            readers.Where(test => !GoldenReaders.IsSelected(test)).Select(t => $"{t.DeclaringType!.Name}.{t.Name}")
        );
    }

    [Fact]
    public void The_script_selects_by_the_filter_that_is_checked() =>
        Assert.Contains(
            $"golden) filter='{GoldenReaders.Filter}' ;;",
            File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "test.sh")),
            StringComparison.Ordinal
        );

    [Fact]
    public void No_other_project_reads_golden_values() =>
        Assert.Equal(
            Projects,
            SourceFile
                .ReadAll(Golden.RepositoryRoot, "tests")
                .Where(file => file.Project != "RobustTickets.Testing")
                .Where(file => Reader().IsMatch(file.Code))
                .Select(file => file.Project)
                .Distinct()
                .Order(StringComparer.Ordinal)
        );

    [Theory]
    [InlineData(nameof(Samples.Direct), true)]
    [InlineData(nameof(Samples.InAFunction), true)]
    [InlineData(nameof(Samples.InASequence), true)]
    [InlineData(nameof(Samples.InATask), true)]
    [InlineData(nameof(Samples.OfAGenericMethod), true)]
    [InlineData(nameof(Samples.Root), false)]
    public void The_search_for_readers_finds_them(string method, bool reads) =>
        Assert.Equal(reads, GoldenReaders.Reads(typeof(Samples).GetMethod(method, CompiledCode.All)!));

    [Fact]
    public void A_test_without_the_word_or_the_category_is_not_selected()
    {
        MethodInfo Method(Type type, string name) => type.GetMethod(name, CompiledCode.All)!;
        Assert.False(GoldenReaders.IsSelected(Method(typeof(PlainlyNamed), nameof(PlainlyNamed.One))));
        Assert.True(GoldenReaders.IsSelected(Method(typeof(PlainlyNamed), nameof(PlainlyNamed.Two))));
        Assert.True(GoldenReaders.IsSelected(Method(typeof(PlainlyNamed), nameof(PlainlyNamed.Golden_three))));
    }

    [GeneratedRegex(@"\bGolden\.(Folder|Required)\(")]
    private static partial Regex Reader();

    private static class Samples
    {
        internal static string? Direct() => Golden.Folder("x");

        internal static int InAFunction() => new[] { 1 }.Count(_ => Direct() is null);

        internal static int InASequence() => Sequence().Count();

        internal static async Task InATask()
        {
            await Task.Yield();
            Direct();
        }

        internal static void OfAGenericMethod() => Generic<int>();

        internal static string Root() => Golden.RepositoryRoot;

        private static IEnumerable<string?> Sequence()
        {
            yield return Direct();
        }

        private static void Generic<T>() => Direct();
    }
}

/// <summary>Methods outside any class whose name holds the word.</summary>
internal static class PlainlyNamed
{
    internal static void One() { }

    [Trait("Category", "Golden")]
    internal static void Two() { }

    internal static void Golden_three() { }
}
