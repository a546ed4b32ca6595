// Reads claims.json and published.json by the rules of recipes: kebab-case, "kind" as
// discriminator, every unknown, missing or wrong field rejected by its path.
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments.Evidence;

/// <summary>A file of claims.</summary>
/// <param name="Title">Title of the claims.</param>
/// <param name="Claims">The claims.</param>
internal sealed record ClaimFile(string Title, IReadOnlyList<Claim> Claims);

/// <summary>A row of numbers printed in a paper, in its own units: %, queries, times.</summary>
/// <param name="Table">The table, as named by <see cref="Experiment.Reproduces"/>.</param>
/// <param name="Row">The method, as named in our rows.</param>
/// <param name="Data">The data set.</param>
/// <param name="Clean">Accuracy, %.</param>
/// <param name="Speedup">Training speed relative to PGD.</param>
/// <param name="Parameters">Parameters without embeddings, in millions.</param>
/// <param name="Attacks">Numbers under attacks.</param>
internal sealed record PublishedRow(
    string Table,
    string Row,
    string Data,
    double? Clean = null,
    double? Speedup = null,
    double? Parameters = null,
    IReadOnlyList<PublishedAttack>? Attacks = null
);

/// <summary>Numbers printed for one attack.</summary>
/// <param name="Attack">Its name.</param>
/// <param name="Aua">Accuracy under attack, %.</param>
/// <param name="Queries">Mean queries.</param>
internal sealed record PublishedAttack(string Attack, double Aua, double? Queries = null);

/// <summary>A table of a paper.</summary>
/// <param name="Id">Name of the table, as in <see cref="Experiment.Reproduces"/>.</param>
/// <param name="Title">Title in our words.</param>
/// <param name="Citation">The paper.</param>
internal sealed record PublishedTable(string Id, string Title, string Citation);

/// <summary>A file of published numbers.</summary>
/// <param name="Note">Source of the numbers.</param>
/// <param name="Tables">The tables and figures.</param>
/// <param name="Rows">The numbers.</param>
internal sealed record PublishedFile(
    string Note,
    IReadOnlyList<PublishedTable> Tables,
    IReadOnlyList<PublishedRow> Rows
);

/// <summary>Reads and writes both files.</summary>
internal static class EvidenceJson
{
    private static readonly JsonSerializerOptions Options = new(EvidenceJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        TypeInfoResolver = EvidenceJsonContext.Default,
    };

    /// <summary>Reads claims.</summary>
    /// <exception cref="RecipeException">The message names every wrong field by path, duplicate
    /// ids, and claims that cannot be tested.</exception>
    public static ClaimFile ReadClaims(string text, string origin)
    {
        var file = StrictJson.Read(text, origin, Info<ClaimFile>());
        var problems = new List<string>();
        for (var i = 0; i < file.Claims.Count; i++)
        {
            var claim = file.Claims[i];
            if (file.Claims.Take(i).Any(c => c.Id == claim.Id))
                problems.Add($"claims[{i}].id: \"{claim.Id}\" occurs twice");
            if (Problem(claim) is { } problem)
                problems.Add($"claims[{i}].{problem}");
        }
        return problems.Count == 0 ? file : throw new RecipeException(origin, problems);
    }

    /// <summary>Reads published numbers.</summary>
    /// <exception cref="RecipeException">The message names every wrong field by path.</exception>
    public static PublishedFile ReadPublished(string text, string origin) =>
        StrictJson.Read(text, origin, Info<PublishedFile>());

    /// <summary>Writes claims.</summary>
    public static string Write(ClaimFile file) => JsonSerializer.Serialize(file, Info<ClaimFile>()) + "\n";

    /// <summary>Serialises one claim, table or row, for comparisons.</summary>
    public static string Write<T>(T item) => JsonSerializer.Serialize(item, Info<T>());

    private static JsonTypeInfo<T> Info<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static string? Problem(Claim claim) => Unattacked(claim) ?? Impossible(claim);

    // Measures under attack require cells with an attack.
    private static string? Unattacked(Claim claim)
    {
        (Measure? measure, (string Path, TableCell Cell)[] cells) = claim switch
        {
            DifferenceClaim c => (c.Measure, [("more", c.More), ("than", c.Than)]),
            WithinClaim c => (c.Measure, [("first", c.First), ("second", c.Second)]),
            RatioClaim c => (c.Measure, [("more", c.More), ("than", c.Than)]),
            OrderClaim c => (c.Measure, Numbered(c.Cells)),
            TrendClaim c => (c.Measure, Numbered(c.Cells)),
            _ => ((Measure?)null, Array.Empty<(string, TableCell)>()),
        };
        return
            measure is Measure.Aua or Measure.Queries
            && cells.Where(c => c.Cell.Attack is null).ToArray() is [var one, ..]
            ? $"{one.Path}: {(measure == Measure.Aua ? "accuracy under attack" : "a number of queries")} needs an "
                + "attack"
            : null;

        static (string, TableCell)[] Numbered(IReadOnlyList<TableCell> cells) =>
            [.. cells.Select((cell, i) => (string.Create(CultureInfo.InvariantCulture, $"cells[{i}]"), cell))];
    }

    private static string? Impossible(Claim claim) =>
        claim switch
        {
            WithinClaim { Margin: <= 0 } => "margin: must be above 0",
            OrderClaim { Cells.Count: < 2 } => "cells: an order needs two or more",
            TrendClaim { Cells.Count: < 5 } => "cells: fewer than five cannot tell a trend from chance",
            RatioClaim { AtLeast: <= 0 } => "at-least: must be above 0",
            RatioClaim { Measure: Measure.Aua or Measure.Clean } => "measure: shares are compared by difference",
            GatesClaim { AfterEpochs: <= 0 } => "after-epochs: must be above 0",
            SettledClaim { Times: < 1 } => "times: must be at least 1",
            _ => null,
        };
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [
        typeof(KebabEnum<Measure>),
        typeof(KebabEnum<TicketPart>),
        typeof(KebabEnum<Direction>),
        typeof(KebabEnum<LayerHalf>),
    ]
)]
[JsonSerializable(typeof(ClaimFile))]
[JsonSerializable(typeof(PublishedFile))]
internal sealed partial class EvidenceJsonContext : JsonSerializerContext;
