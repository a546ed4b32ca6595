// Attacks that can run on this server, with resources found in the same places as by the command
// line. An attack without its dictionary cannot run; without a constraint it runs and reports that.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.OnnxRuntime;

namespace RobustTickets.Cli.Playground.Attacks;

/// <summary>A missing resource.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Purpose">Its purpose.</param>
internal sealed record LackingResource(string Kind, string Purpose);

/// <summary>An attack and its missing resources.</summary>
/// <param name="Name">The recipe.</param>
/// <param name="Summary">Its description.</param>
/// <param name="Lacks">Missing resources that prevent it from running; empty if it can run.</param>
/// <param name="Without">Constraints that are omitted.</param>
internal sealed record AttackChoice(
    string Name,
    string Summary,
    IReadOnlyList<LackingResource> Lacks,
    IReadOnlyList<LackingResource> Without
);

/// <summary>Builds attacks, each once.</summary>
/// <param name="resources">Named files; others come from the resource folder.</param>
/// <param name="time">Time limit of an attack.</param>
internal sealed class AttackCatalog(ResourceFiles resources, TimeSpan time) : IDisposable
{
    private readonly SemaphoreSlim _building = new(1);
    private readonly Dictionary<(string Recipe, string? Base), Attack> _built = [];
    private readonly Dictionary<string, AttackModels> _models = new(StringComparer.Ordinal);

    /// <summary>All attacks on a model, in the order of the registry.</summary>
    public IReadOnlyList<AttackChoice> Choices(PlaygroundModel model) =>
        [.. AttackRecipe.All.Select(recipe => Choice(recipe, model))];

    /// <summary>Builds an attack on a model by name; reading its files may take a while.</summary>
    /// <exception cref="RefusedException">The attack is unknown, or a required resource is
    /// missing.</exception>
    /// <exception cref="DataException">A file is malformed.</exception>
    public async Task<Attack> BuildAsync(PlaygroundModel model, string name, CancellationToken stop)
    {
        var choice = Require(model, name);
        await _building.WaitAsync(stop);
        try
        {
            if (_built.TryGetValue((name, model.BaseModel), out var known))
                return known;
            var attack = await Task.Run(() => Recipe(choice).Build(Models(model)), CancellationToken.None);
            return _built[(name, model.BaseModel)] = attack;
        }
        finally
        {
            _building.Release();
        }
    }

    /// <summary>Returns an attack by name if it can run.</summary>
    /// <exception cref="RefusedException">The attack is unknown, or a required resource is
    /// missing.</exception>
    public AttackChoice Require(PlaygroundModel model, string name)
    {
        var recipe =
            AttackRecipe.TryFind(name)
            ?? throw RefusedException.NotFound(
                $"no such attack; possible: {string.Join(", ", AttackRecipe.All.Select(r => r.Name))}"
            );
        var choice = Choice(recipe, model);
        return choice.Lacks.Count == 0
            ? choice
            : throw RefusedException.Malformed(
                $"{name} cannot run here; missing: {string.Join(", ", choice.Lacks.Select(l => l.Kind))}"
            );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var models in _models.Values)
            models.Dispose();
        _building.Dispose();
    }

    private AttackChoice Choice(AttackRecipe recipe, PlaygroundModel model)
    {
        var lacks = new List<string>();
        if (recipe.HasSubstitutes && !resources.Has("word-vectors") && !resources.Has("neighbours"))
            lacks.Add("word-vectors");
        if (recipe.WordSource is { } kind && !resources.Has(kind))
            lacks.Add(kind);
        var without = new List<string>();
        if (recipe.HasSimilarity && !resources.Has("sentence-encoder") && model.BaseModel is null)
            without.Add("sentence-encoder");
        if (recipe.HasPartOfSpeech && !resources.Has("tagger"))
            without.Add("tagger");
        return new AttackChoice(recipe.Name, recipe.Summary, Describe(lacks), Describe(without));
    }

    private static LackingResource[] Describe(IEnumerable<string> kinds) =>
        [.. kinds.Select(k => new LackingResource(k, ResourceKinds.TryFind(k)!.Purpose))];

    private AttackRecipe Recipe(AttackChoice choice)
    {
        var recipe = AttackRecipe.Find(choice.Name) with
        {
            Options = new AttackOptions(
                Similarity: Has("sentence-encoder"),
                PartOfSpeech: Has("tagger"),
                TimeLimit: time
            ),
        };
        return recipe with { Resources = resources.Only(recipe.FileNames) };

        bool Has(string kind) => choice.Without.All(w => w.Kind != kind);
    }

    private AttackModels Models(PlaygroundModel model)
    {
        var key = model.BaseModel ?? "";
        if (!_models.TryGetValue(key, out var models))
            _models[key] = models = new AttackModels(model.BaseModel, new OnnxModels());
        return models;
    }
}
