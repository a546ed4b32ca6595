// A parameter's name is spelled in one file: whoever needs it asks BertParameters.
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed partial class ParameterNameTests
{
    private const string Table = "src/RobustTickets/Models/BertParameters.cs";

    // The optimiser's rule of what decays reads the endings of names, in a project that knows no
    // model.
    private const string DecayRule = "src/RobustTickets.Torch/optim/AdamW.cs";

    [Fact]
    public void No_file_but_the_table_spells_a_parameter_name()
    {
        var found = RepositoryFiles
            .Below(Golden.RepositoryRoot, "src")
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) && path != Table && path != DecayRule)
            .SelectMany(path => Spelled(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, path)), path))
            .ToList();
        Assert.True(found.Count == 0, $"names that {Table} should give:\n" + string.Join('\n', found));
    }

    [Fact]
    public void The_scan_finds_the_names_in_the_table() =>
        Assert.True(Spelled(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, Table)), Table).Count() > 20);

    [Theory]
    [InlineData("x = store[\"bert.encoder.layer.0.output.dense.weight\"];", true)]
    [InlineData("x = store[$\"{layer}.attention.self.query\"];", true)]
    [InlineData("x = root / \"attention\" / \"self\" / \"query\";", true)]
    [InlineData("x = store[$\"{name}.weight\"];", true)]
    [InlineData("/// <c>bert.encoder.layer.0.output.dense.weight</c>", false)]
    [InlineData("error = \"the pooler and the classifier are missing\";", false)]
    [InlineData("json[\"num_attention_heads\"] = 12;", false)]
    public void A_name_is_told_from_a_sentence(string line, bool spelled) =>
        Assert.Equal(spelled, Spelled(line, "a.cs").Any());

    private static IEnumerable<string> Spelled(string text, string path) =>
        text.Split('\n')
            .Select((line, i) => (Line: line.Trim(), Number: i + 1))
            .Where(l => !l.Line.StartsWith("//", StringComparison.Ordinal))
            .Where(l => Literal().Matches(l.Line).Any(literal => Name().IsMatch(literal.Value)))
            .Select(l => $"{path}:{l.Number}: {l.Line}");

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Literal();

    // A parameter's name, or a part of one.
    [GeneratedRegex(
        @"^""bert\.|encoder\.layer|attention\.(self|output)|(intermediate|output|pooler|transform)\.dense"
            + @"|embeddings\.|LayerNorm\.|\.LayerNorm|slimming_coef|mask_scores|cls\.(predictions|seq)"
            + @"|^""(attention|dense|LayerNorm)""|\}\.(weight|bias)""|classifier\.(weight|bias)"
    )]
    private static partial Regex Name();
}
