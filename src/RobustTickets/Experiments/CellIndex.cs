// cells.json: where the cells of a table lie among the runs that several tables share. Each entry
// carries what the cell was then, so that a table never shows a run under a changed definition.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>Where a cell lies.</summary>
/// <param name="Run">Name of its run's folder.</param>
/// <param name="Attacks">Names of its attacks' folders, by the attack's name in the table.</param>
/// <param name="Definition">Hash of recipe, data and attacks as the table gives them.</param>
/// <param name="Base">Base weights and execution of the run.</param>
internal sealed record CellPlace(
    string Run,
    IReadOnlyDictionary<string, string> Attacks,
    string Definition,
    string Base
)
{
    /// <summary>
    /// Names of the files that say why it failed: of its training, then of each attack. Tables
    /// that share a run do not share what fails under an attack of one of them.
    /// </summary>
    public IEnumerable<string> FailureFiles(bool isControl) =>
        Attacks.Values.Prepend(null).Select(attack => FailureFile(isControl, attack));

    /// <summary>Name of the file for one part.</summary>
    /// <param name="isControl">Whether it is the dense control of its run.</param>
    /// <param name="attack">Name of an attack's folder; null for training.</param>
    public string FailureFile(bool isControl, string? attack) =>
        Run + (isControl ? "-control" : "") + (attack is null ? "" : $".{attack}") + ".json";
}

/// <summary>The places of a table's cells.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Cells">Places by the cells' names.</param>
internal sealed record CellIndex(int SchemaVersion, IReadOnlyDictionary<string, CellPlace> Cells)
{
    /// <summary>The layout that this program writes and reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>No cell is known.</summary>
    public static CellIndex Empty { get; } = new(CurrentSchema, new Dictionary<string, CellPlace>());

    /// <summary>Reads an index; what the plan gives otherwise now is left out.</summary>
    /// <exception cref="DataException">The file is broken, or of another version.</exception>
    public static CellIndex Load(string file, ExperimentPlan plan)
    {
        if (!File.Exists(file))
            return Empty;
        var index = RunFile.Read(file, CellIndexJson.Default.CellIndex, CurrentSchema);
        return new CellIndex(
            CurrentSchema,
            plan.Cells.Where(c => index.Cells.TryGetValue(c.Id, out var place) && place.Definition == Of(plan, c))
                .ToDictionary(c => c.Id, c => index.Cells[c.Id])
        );
    }

    /// <summary>Writes the index.</summary>
    public void Save(string file) =>
        WholeFile.Write(file, JsonSerializer.Serialize(this, CellIndexJson.Default.CellIndex) + "\n");

    /// <summary>
    /// This index with other places. What was made from another base, or attacked otherwise than
    /// cells that are now compared with it, is no part of the table any more.
    /// </summary>
    public CellIndex With(ExperimentPlan plan, IReadOnlyDictionary<string, CellPlace> places)
    {
        var now = places.Select(p => (Cell: plan.Cell(p.Key), Place: p.Value)).ToArray();
        bool Fits(ExperimentCell cell, CellPlace place) =>
            now.All(n =>
                n.Place.Base == place.Base
                && (
                    n.Cell.Data != cell.Data
                    || n.Cell.Recipe.MaxLength != cell.Recipe.MaxLength
                    || n.Place.Attacks.All(a => place.Attacks.GetValueOrDefault(a.Key, a.Value) == a.Value)
                )
            );
        return this with
        {
            Cells = plan
                .Cells.Select(c => (c.Id, Place: places.GetValueOrDefault(c.Id) ?? Old(c)))
                .Where(p => p.Place is not null)
                .ToDictionary(p => p.Id, p => p.Place!),
        };

        CellPlace? Old(ExperimentCell cell) =>
            Cells.TryGetValue(cell.Id, out var place) && Fits(cell, place) ? place : null;
    }

    /// <summary>What a cell is, as its table gives it.</summary>
    public static string Of(ExperimentPlan plan, ExperimentCell cell)
    {
        var text = new StringBuilder(RecipeJson.Write(cell.Recipe));
        if (cell.TicketFrom is { } from)
            text.Append(RecipeJson.Write(plan.Cell(from).Recipe));
        text.AppendJoin('\n', cell.Data.Options ?? []).Append('\n');
        foreach (var attack in cell.Attacks)
            text.Append(ExperimentJson.Write(attack));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    NewLine = "\n"
)]
[JsonSerializable(typeof(CellIndex))]
internal sealed partial class CellIndexJson : JsonSerializerContext;
