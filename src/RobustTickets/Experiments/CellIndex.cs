// cells.json: maps the cells of a table to runs, which several tables may share. Each entry has a
// hash of the cell's definition, so that a table never shows a run of an older definition.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>The run of a cell.</summary>
/// <param name="Run">Name of the run's folder.</param>
/// <param name="Attacks">Names of the attacks' folders, by the attack's name in the table.</param>
/// <param name="Definition">Hash of recipe, data and attacks in the table.</param>
/// <param name="Base">Base weights and execution of the run.</param>
internal sealed record CellPlace(
    string Run,
    IReadOnlyDictionary<string, string> Attacks,
    string Definition,
    string Base
)
{
    /// <summary>
    /// Names of the files with its failures: of training, then of each attack. Tables that share a
    /// run do not share failures of attacks that only one of them has.
    /// </summary>
    public IEnumerable<string> FailureFiles(bool isControl) =>
        Attacks.Values.Prepend(null).Select(attack => FailureFile(isControl, attack));

    /// <summary>Name of the file for one failure.</summary>
    /// <param name="isControl">Whether it is the dense control of its run.</param>
    /// <param name="attack">Name of an attack's folder; null for training.</param>
    public string FailureFile(bool isControl, string? attack) =>
        Run + (isControl ? "-control" : "") + (attack is null ? "" : $".{attack}") + ".json";
}

/// <summary>The runs of a table's cells.</summary>
/// <param name="SchemaVersion">Version of the format.</param>
/// <param name="Cells">Runs by the cells' names.</param>
internal sealed record CellIndex(int SchemaVersion, IReadOnlyDictionary<string, CellPlace> Cells)
{
    /// <summary>The format version written and read by this program.</summary>
    public const int CurrentSchema = 1;

    /// <summary>An index without cells.</summary>
    public static CellIndex Empty { get; } = new(CurrentSchema, new Dictionary<string, CellPlace>());

    /// <summary>Reads an index; empty if the file does not exist.</summary>
    /// <exception cref="DataException">The file is corrupt, or of another version.</exception>
    public static CellIndex Load(string file) =>
        File.Exists(file) ? RunFile.Read(file, CellIndexJson.Default.CellIndex, CurrentSchema) : Empty;

    /// <summary>The seeds of its cells.</summary>
    public IEnumerable<int> Seeds => Cells.Keys.Select(ExperimentPlan.SeedOf).OfType<int>().Distinct().Order();

    /// <summary>
    /// This index without cells that are missing in the plan or defined differently there.
    /// </summary>
    public CellIndex In(ExperimentPlan plan) =>
        this with
        {
            Cells = plan
                .Cells.Where(c => Cells.TryGetValue(c.Id, out var place) && place.Definition == Of(plan, c))
                .ToDictionary(c => c.Id, c => Cells[c.Id]),
        };

    /// <summary>Writes the index.</summary>
    public void Save(string file) =>
        WholeFile.Write(file, JsonSerializer.Serialize(this, CellIndexJson.Default.CellIndex) + "\n");

    /// <summary>
    /// This index with additional cells. Cells from another base, or with other attacks than the
    /// cells they are compared with, are removed from the table.
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

    /// <summary>Hash of a cell's definition in its table.</summary>
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
