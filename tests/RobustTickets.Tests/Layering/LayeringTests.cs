// Holds the borders between folders (docs/decisions/003-folders.md, the table in Layers.cs) and
// between projects.
using System.Xml.Linq;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed class LayeringTests
{
    private static readonly IReadOnlyList<SourceFile> Sources = SourceFile.ReadAll(Golden.RepositoryRoot, "src");

    [Fact]
    public void No_folder_names_one_it_must_not_see()
    {
        var violations = new LayerCheck(Layers.Table, Sources).Violations();
        Assert.True(violations.Count == 0, "not allowed by the table in Layers.cs:\n" + string.Join('\n', violations));
    }

    [Fact]
    public void Every_folder_has_a_row_in_the_table()
    {
        var uncovered = new LayerCheck(Layers.Table, Sources).Uncovered();
        Assert.True(uncovered.Count == 0, "no row in Layers.cs:\n" + string.Join('\n', uncovered));
    }

    [Fact]
    public void A_file_is_in_the_namespace_of_its_folder_or_of_its_project()
    {
        var misplaced = new LayerCheck(Layers.Table, Sources).Misplaced();
        Assert.True(misplaced.Count == 0, string.Join('\n', misplaced));
    }

    [Fact]
    public void The_rows_of_the_library_stand_in_the_order_of_their_dependencies()
    {
        var names = Layers.Library.Select(layer => layer.Name).ToList();
        foreach (var layer in Layers.Library)
        {
            Assert.DoesNotContain("RobustTickets.*", layer.Sees);
            Assert.All(
                layer.Sees.Intersect(names),
                seen => Assert.True(names.IndexOf(seen) < names.IndexOf(layer.Name), $"{layer.Name} sees {seen}")
            );
        }
    }

    [Fact]
    public void The_scan_reads_the_real_tree()
    {
        // A scan that finds nothing would pass everything: the recipe is known to name its options.
        var edges = new LayerCheck(Layers.Table, Sources).Edges();
        Assert.Contains(edges, edge => edge is { From: "RobustTickets.Recipes", To: "RobustTickets.Tickets" });
        Assert.All(
            Sources.Where(file => file.Namespace.Length > 0),
            file => Assert.StartsWith("RobustTickets", file.Namespace)
        );
    }

    [Theory]
    [InlineData("using RobustTickets.Training;\nnamespace RobustTickets.Tickets;\n", 1)]
    [InlineData("global using RobustTickets.Training;\nnamespace RobustTickets.Tickets;\n", 1)]
    [InlineData("using static RobustTickets.Training.Trainer;\nnamespace RobustTickets.Tickets;\n", 1)]
    [InlineData("using T = RobustTickets.Training.Trainer;\nnamespace RobustTickets.Tickets;\n", 1)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { RobustTickets.Training.Trainer? t; }", 2)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { global::RobustTickets.Training.Trainer? t; }", 2)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n Training.Trainer? t; }", 3)]
    [InlineData("namespace RobustTickets;\nclass A {\n Training.Trainer? t; }", 3)]
    public void A_planted_violation_is_found(string text, int line)
    {
        var violations = Plant("src/RobustTickets/Tickets/A.cs", text);
        var edge = Assert.Single(violations);
        Assert.Equal(
            ("src/RobustTickets/Tickets/A.cs", line, "RobustTickets.Training"),
            (edge.File, edge.Line, edge.To)
        );
    }

    [Fact]
    public void A_type_of_a_surrounding_namespace_is_found_without_a_using()
    {
        var table = new Layer[] { new("RobustTickets.Attacks"), new("RobustTickets.Attacks.Data") };
        var check = new LayerCheck(
            table,
            [
                SourceFile.Parse(
                    "src/RobustTickets.Attacks/a.cs",
                    "namespace RobustTickets.Attacks;\npublic class DataException;"
                ),
                SourceFile.Parse(
                    "src/RobustTickets.Attacks/Data/b.cs",
                    "namespace RobustTickets.Attacks.Data;\nclass B { DataException? e; }"
                ),
            ]
        );
        Assert.Equal("RobustTickets.Attacks", Assert.Single(check.Violations()).To);
    }

    [Theory]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n Recipe? r; }", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n List<Recipe> r; }", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n void F(Recipe r) { } }", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n object r = new Recipe(); }", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n object r = Recipe.Preset(); }", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n Recipe Recipe => null!; }", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nrecord A(\n Recipe Recipe);", 3)]
    [InlineData("namespace RobustTickets.Tickets;\nclass A {\n RobustTickets.Recipe? r; }", 3)]
    [InlineData("using RobustTickets;\nnamespace RobustTickets.Tickets;\nclass A : Recipe;", 3)]
    [InlineData("namespace RobustTickets;\nclass A {\n Recipe? r; }", 3)]
    public void A_front_door_type_belongs_to_the_folder_it_lies_in(string text, int line)
    {
        var violations = Plant("src/RobustTickets/Tickets/A.cs", text);
        Assert.NotEmpty(violations);
        Assert.All(violations, edge => Assert.Equal((line, "RobustTickets.Recipes"), (edge.Line, edge.To)));
    }

    [Theory]
    [InlineData("namespace RobustTickets.Tickets;\nrecord A(string Recipe);")]
    [InlineData("namespace RobustTickets.Tickets;\nrecord A(string Recipe) { string B => Recipe.Trim(); }")]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { B b = new B(Recipe: 1) { Recipe = 2 }; }")]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { int x = b.Recipe; }")]
    [InlineData("using RobustTickets;\nnamespace RobustTickets.Tickets;\nclass A;")]
    public void A_member_called_like_a_front_door_type_is_no_use_of_it(string text) =>
        Assert.Empty(Plant("src/RobustTickets/Tickets/A.cs", text));

    [Theory]
    [InlineData("src/RobustTickets/Tickets/A.cs", "RobustTickets.Training", 1)]
    [InlineData("src/RobustTickets/Tickets/Files/A.cs", "RobustTickets.Tickets", 1)]
    [InlineData("src/RobustTickets.Attacks/Data/A.cs", "RobustTickets", 1)]
    [InlineData("src/RobustTickets/Tickets/A.cs", "RobustTickets.Tickets", 0)]
    [InlineData("src/RobustTickets/Tickets/A.cs", "RobustTickets", 0)]
    [InlineData("src/RobustTickets.Attacks/Data/A.cs", "RobustTickets.Attacks", 0)]
    public void A_namespace_that_is_not_the_folders_is_named(string path, string space, int found) =>
        Assert.Equal(
            found,
            new LayerCheck(Layers.Table, [SourceFile.Parse(path, $"namespace {space};\nclass A;")]).Misplaced().Count
        );

    [Theory]
    [InlineData("namespace RobustTickets.Tickets;\n// Training.Trainer calls this\nclass A;")]
    [InlineData("namespace RobustTickets.Tickets;\n/* using RobustTickets.Training; */ class A;")]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { string s = \"RobustTickets.Training.Trainer\"; }")]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { string s = $@\"\"\"RobustTickets.Training.Trainer\"; }")]
    [InlineData("namespace RobustTickets.Tickets;\nclass A { char c = '\"'; string s = \"\\\" Training.Trainer\"; }")]
    [InlineData("namespace RobustTickets.Tickets;\nclass A(B options) { int x = options.Training.Trainer; }")]
    [InlineData("using RobustTickets.Models;\nnamespace RobustTickets.Tickets;\nclass A;")]
    public void What_is_no_dependency_or_is_allowed_is_left_alone(string text) =>
        Assert.Empty(Plant("src/RobustTickets/Tickets/A.cs", text));

    [Fact]
    public void A_folder_without_a_row_is_named()
    {
        var check = new LayerCheck(
            Layers.Table,
            [SourceFile.Parse("src/RobustTickets/Elsewhere/A.cs", "namespace RobustTickets;\nclass A;")]
        );
        Assert.Contains("RobustTickets.Elsewhere", Assert.Single(check.Uncovered()));
    }

    [Theory]
    [InlineData("RobustTickets.Torch")]
    [InlineData("RobustTickets.Attacks")]
    [InlineData("RobustTickets.Kernels", "RobustTickets.Torch")]
    [InlineData("RobustTickets", "RobustTickets.Torch", "RobustTickets.Kernels", "RobustTickets.Attacks")]
    [InlineData("RobustTickets.OnnxRuntime", "RobustTickets.Attacks")]
    [InlineData(
        "RobustTickets.Cli",
        "RobustTickets",
        "RobustTickets.Torch",
        "RobustTickets.Kernels",
        "RobustTickets.OnnxRuntime"
    )]
    public void Projects_reference_only_what_lies_below(string project, params string[] below) =>
        Assert.Equal(
            below.Order(),
            Items(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).Order()
        );

    [Fact]
    public void Unsafe_code_and_native_imports_live_in_Torch_and_Kernels_only()
    {
        foreach (
            var project in new[]
            {
                "RobustTickets.Attacks",
                "RobustTickets.OnnxRuntime",
                "RobustTickets",
                "RobustTickets.Cli",
            }
        )
        {
            Assert.DoesNotContain("AllowUnsafeBlocks", File.ReadAllText(ProjectFile(project)));
        }
        Assert.DoesNotContain(
            "AllowUnsafeBlocks",
            File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "Directory.Build.props"))
        );
        AssertWordOnlyIn("LibraryImport", "src/RobustTickets.Torch/", "src/RobustTickets.Kernels/");
        AssertWordOnlyIn("DllImport", "src/RobustTickets.Torch/");
    }

    [Fact]
    public void Rendering_lives_in_the_command_line_only()
    {
        foreach (
            var project in new[]
            {
                "RobustTickets.Torch",
                "RobustTickets.Kernels",
                "RobustTickets.Attacks",
                "RobustTickets",
            }
        )
        {
            Assert.DoesNotContain(
                Items(project, "PackageReference"),
                name => name is "Spectre.Console" or "System.CommandLine"
            );
        }
        AssertWordOnlyIn("Spectre", "src/RobustTickets.Cli/");
        AssertWordOnlyIn("Console", "src/RobustTickets.Cli/"); // libraries report through IProgress and exceptions
    }

    private static IReadOnlyList<Edge> Plant(string path, string text) =>
        new LayerCheck(
            Layers.Table,
            [
                SourceFile.Parse(
                    "src/RobustTickets/Training/Trainer.cs",
                    "namespace RobustTickets.Training;\npublic sealed class Trainer;"
                ),
                SourceFile.Parse(
                    "src/RobustTickets/Recipes/Recipe.cs",
                    "namespace RobustTickets;\npublic sealed record Recipe;"
                ),
                SourceFile.Parse(path, text),
            ]
        ).Violations();

    private static void AssertWordOnlyIn(string word, params string[] folders)
    {
        var pattern = new System.Text.RegularExpressions.Regex($@"\b{word}\b");
        var found = Sources
            .Where(file => !folders.Any(folder => file.Path.StartsWith(folder, StringComparison.Ordinal)))
            .SelectMany(file => pattern.Matches(file.Code).Select(match => $"{file.Path}:{file.LineOf(match.Index)}"))
            .ToList();
        Assert.True(
            found.Count == 0,
            $"'{word}' belongs to {string.Join(" and ", folders)} only:\n" + string.Join('\n', found)
        );
    }

    private static string ProjectFile(string project) =>
        Path.Combine(Golden.RepositoryRoot, "src", project, project + ".csproj");

    private static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(ProjectFile(project)).Descendants(kind).Select(item => item.Attribute("Include")!.Value);
}
