// The attack of a recipe's evaluate.epoch-attack, built by the options of the attack command: the
// same names, the same resource folder, the same refusals. The recipe says which attack and how
// strict; where its files lie is said beside it (--resource NAME=PATH), so that the recipe means
// the same everywhere.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;

namespace RobustTickets.Cli.Attacks;

/// <summary>Checks and builds the attack after each epoch.</summary>
internal sealed class EpochAttackSource : IDisposable
{
    private const string At = "evaluate.epoch-attack";

    private readonly EpochAttackOptions _recipe;
    private readonly string _model;
    private readonly AttackOptionSet _options;
    private readonly ParseResult _parsed;
    private BertSentenceEncoder? _encoder;
    private EpochAttack? _attack;

    /// <param name="recipe">What the recipe asks for.</param>
    /// <param name="places">Where resources lie, by their option of <c>attack</c>; those that the
    /// attack does not take are left alone.</param>
    /// <param name="model">The checkpoint that the run starts from: the sentence encoder when none
    /// is named or in the resource folder.</param>
    /// <exception cref="UsageException">There is no such attack recipe, or an option does not go
    /// with it.</exception>
    public EpochAttackSource(EpochAttackOptions recipe, IReadOnlyDictionary<string, string> places, string model)
    {
        (_recipe, _model) = (recipe, model);
        if (UnknownName(recipe) is { } problem)
            throw new UsageException(problem);
        var command = new Command("attack");
        _options = new AttackOptionSet(command);
        _parsed = command.Parse([.. Arguments(places)]);
        if (_parsed.Errors.Count > 0)
            throw new UsageException($"{At}: {string.Join("; ", _parsed.Errors.Select(e => e.Message).Distinct())}");
    }

    /// <summary>
    /// What is wrong with the name of the attack, or null where there is one of this name.
    /// </summary>
    public static string? UnknownName(EpochAttackOptions recipe) =>
        AttackRecipes.All.Any(r => r.Name == recipe.Recipe)
            ? null
            : $"{At}.recipe: unknown \"{recipe.Recipe}\"; possible: "
                + $"{string.Join(", ", AttackRecipes.All.Select(r => r.Name))}";

    /// <summary>Names of the resources that an attack takes.</summary>
    public static IReadOnlyList<string> ResourceNames(EpochAttackOptions recipe)
    {
        if (AttackRecipes.All.FirstOrDefault(r => r.Name == recipe.Recipe) is not { } entry)
            return [];
        return
        [
            .. entry.Substitutes ? ["vectors", "neighbours"] : Array.Empty<string>(),
            "stop-words",
            .. entry.Tagger && recipe.PartOfSpeech ? ["tagger", "tag-map"] : Array.Empty<string>(),
            .. entry.Similarity && recipe.Similarity ? ["encoder"] : Array.Empty<string>(),
            .. entry.Further is { } further ? [further] : Array.Empty<string>(),
        ];
    }

    /// <summary>
    /// The source that a training command line asks for, or null when its recipe has no such
    /// attack.
    /// </summary>
    /// <exception cref="UsageException">A resource is named that nothing takes.</exception>
    public static EpochAttackSource? Of(Recipe recipe, IReadOnlyDictionary<string, string> places, string model)
    {
        var possible = recipe.Evaluate.EpochAttack is { } attack ? ResourceNames(attack) : [];
        var source = recipe.Evaluate.EpochAttack is { } named ? new EpochAttackSource(named, places, model) : null;
        foreach (var name in places.Keys.Except(possible))
        {
            throw new UsageException(
                source is null
                    ? $"--resource {name}: the recipe attacks after no epoch, so nothing takes it; see --epoch-attack"
                    : $"--resource {name}: the attack {recipe.Evaluate.EpochAttack!.Recipe} does not take it; "
                        + $"possible: {string.Join(", ", possible)}"
            );
        }
        return source;
    }

    /// <summary>Looks at every file without loading a model.</summary>
    /// <exception cref="DataException">A resource is missing or malformed.</exception>
    /// <exception cref="CheckpointException">The sentence encoder is missing or
    /// malformed.</exception>
    public void Check()
    {
        Named(() => _options.Resources(_parsed));
        if (EncoderFolder is not { } folder)
            return;
        using var files = BertFiles.Open(folder);
    }

    /// <summary>The attack, built once. Loads libtorch where a model belongs to it.</summary>
    public EpochAttack Build() =>
        _attack ??= Named(() =>
        {
            var resources = _options.Resources(_parsed);
            var folder = EncoderFolder;
            _encoder ??= folder is null ? null : BertSentenceEncoder.Load(folder);
            RecipeLine[] facts = folder is null
                ? []
                :
                [
                    new(
                        "sentence encoder",
                        $"sha256 {VictimFolder.Hash(folder)}",
                        "configuration, tokenizer and weight files"
                    ),
                ];
            return new EpochAttack(
                _options.Attack(_parsed, resources, _encoder, _recipe.Seed),
                facts,
                _options.Engine(_parsed) with
                {
                    InOrder = false,
                }
            );
        });

    public void Dispose()
    {
        _encoder?.Dispose();
        _options.Dispose();
    }

    private string? EncoderFolder => _options.WantsSimilarity(_parsed) ? _options.Encoder(_parsed) ?? _model : null;

    private IEnumerable<string> Arguments(IReadOnlyDictionary<string, string> places)
    {
        yield return $"--recipe={_recipe.Recipe}";
        foreach (var name in ResourceNames(_recipe))
            if (places.TryGetValue(name, out var path))
                yield return $"--{name}={path}";
        if (_recipe.SimilarityThreshold is { } least)
            yield return $"--similarity-threshold={least.ToString("R", CultureInfo.InvariantCulture)}";
        if (_recipe.QueryBudget is { } budget)
            yield return $"--query-budget={budget.ToString(CultureInfo.InvariantCulture)}";
        if (!_recipe.Similarity)
            yield return "--no-similarity";
        if (!_recipe.PartOfSpeech)
            yield return "--no-part-of-speech";
    }

    private static T Named<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (DataException e)
        {
            throw new DataException($"{At}: {e.Message}", e);
        }
        catch (UsageException e)
        {
            throw new UsageException($"{At}: {e.Message}");
        }
    }
}
