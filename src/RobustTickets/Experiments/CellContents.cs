// Content hashes of cells. A run is named by the hash of its recipe, base weights, encoded data and
// the execution options that affect results; an attack by its settings and files. Names, sources
// and paths are excluded, so equal cells of several tables are the same run.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Pipeline.Data;
using RobustTickets.Pipeline.Models;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments;

/// <summary>Names runs and attacks by their content.</summary>
/// <param name="request">Model and execution of all cells.</param>
internal sealed class CellContents(ExperimentRequest request)
{
    private const int RunDigits = 20,
        AttackDigits = 10;

    private static readonly string[] OfSpeed = ["batch-size", "concurrency"];

    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<RunData, string> _data = new(ReferenceEqualityComparer.Instance);

    /// <summary>Model, precision and device, which all cells of a request share.</summary>
    public string Base => $"{OfFile(request.Model)} {request.Execution.OfResults}";

    /// <summary>Name of a run's folder.</summary>
    /// <param name="recipe">Its recipe, with a shared ticket named by its run's folder.</param>
    /// <param name="data">Its data.</param>
    /// <param name="ticket">Identity of a ticket that the recipe refers to by path, or
    /// null.</param>
    /// <param name="substitutes">Identity of its substitute tables, or null.</param>
    /// <param name="files">Files of the attack after each epoch, by name; empty without
    /// one.</param>
    public string Run(
        Recipe recipe,
        RunData data,
        string? ticket,
        string? substitutes,
        IReadOnlyDictionary<string, string> files
    ) =>
        Hash(
            new JsonObject
            {
                ["recipe"] = JsonNode.Parse(RecipeJson.Write(recipe with { Name = "", Source = "" })),
                ["base"] = Base,
                ["data"] = OfData(data),
                ["ticket"] = ticket,
                ["substitutes"] = substitutes,
                ["epoch-attack"] = Files(files),
            },
            RunDigits
        );

    /// <summary>Name of an attack's folder in its run.</summary>
    /// <param name="attack">The attack, with its final number of examples.</param>
    /// <param name="data">Data options of the table, which define the examples.</param>
    /// <param name="made">The attack request.</param>
    /// <param name="models">Locates the sentence encoder.</param>
    public string Attack(ExperimentAttack attack, ExperimentData data, AttackRequest made, IAttackModels models)
    {
        var files = ((ResourceFiles)made.Recipe.Resources).Found(made.Recipe, models);
        var options = (attack.Options ?? []).Where(o =>
            !IsOfSpeed(o) && !ResourceFiles.Names.Contains(o.Split('=')[0])
        );
        var ids = made.Sample?.IdFile;
        var content = new JsonObject
        {
            ["recipe"] = made.Recipe.Name,
            ["examples"] = attack.Examples,
            ["options"] = Texts(options.Where(o => ids is null || o != $"ids={ids}")),
            ["data"] = Texts(data.Options ?? []),
            ["length"] = made.MaxLength.ToString(),
            ["ids"] = ids is null ? null : OfFile(ids),
            ["files"] = Files(files),
        };
        return $"{made.Recipe.Name}-{Hash(content, AttackDigits)}";
    }

    /// <summary>Whether an option of an attack affects its speed, but no outcome.</summary>
    internal static bool IsOfSpeed(string option) => OfSpeed.Contains(option.Split('=')[0]);

    private static JsonArray Texts(IEnumerable<string> texts) =>
        new([.. texts.Order(StringComparer.Ordinal).Select(t => (JsonNode)t)]);

    private JsonObject Files(IReadOnlyDictionary<string, string> files) =>
        new(
            files
                .OrderBy(f => f.Key, StringComparer.Ordinal)
                .Select(f => KeyValuePair.Create(f.Key, (JsonNode?)OfFile(f.Value)))
        );

    private string OfFile(string path)
    {
        var whole = Path.GetFullPath(path);
        if (!_files.TryGetValue(whole, out var hash))
            _files[whole] = hash = File.Exists(Path.Combine(whole, "config.json"))
                ? NamedModel.Hash(whole)
                : ResourceFolder.Hash(whole);
        return hash;
    }

    // Hashes token ids, and the texts used by attacks and augmentation.
    private string OfData(RunData data)
    {
        if (_data.TryGetValue(data, out var known))
            return known;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        InputFingerprint.Add(hash, data);
        foreach (var example in data.TrainTexts.Concat(data.DevelopmentTexts).Concat(data.EvaluationTexts))
        {
            InputFingerprint.Add(hash, example.Id);
            foreach (var column in example.Columns)
                InputFingerprint.Add(hash, column.Value);
        }
        return _data[data] = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Hash(JsonObject content, int digits) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content.ToJsonString())))[..digits];
}
