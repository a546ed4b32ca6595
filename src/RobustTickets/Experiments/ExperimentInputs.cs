// From an experiment and the places of a request to the values that training and attacks are
// requested by; both are given the same places.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline;

namespace RobustTickets.Experiments;

/// <summary>The requests of one experiment.</summary>
/// <param name="request">The experiment with its places.</param>
/// <param name="folder">The folder of the experiment.</param>
internal sealed class ExperimentInputs(ExperimentRequest request, ExperimentFolder folder)
{
    private readonly IReadOnlyDictionary<string, string> _resources =
        request.Resources ?? new Dictionary<string, string>();

    /// <summary>
    /// Refuses names that the experiment does not have, and data sets without a path.
    /// </summary>
    /// <exception cref="RequestException">By name, with what is possible.</exception>
    public void Require(IReadOnlyList<ExperimentCell> cells)
    {
        var experiment = request.Plan.Experiment;
        var data = experiment.Data.Select(d => d.Name).ToArray();
        var afterEpochs = request
            .Plan.Cells.Select(c => c.Recipe.Evaluate.EpochAttack)
            .OfType<EpochAttackOptions>()
            .Distinct()
            .SelectMany(EpochAttackSource.FileNames);
        var resources = experiment
            .Attacks.SelectMany(a => a.Resources ?? [])
            .Concat(afterEpochs)
            .Concat(request.Plan.Cells.SelectMany(c => AugmentTables.FileNames(c.Recipe)))
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToArray();
        foreach (var name in request.Data.Keys.Except(data))
            throw new RequestException(
                nameof(request.Data),
                name,
                $"the experiment has no such data; possible: {string.Join(", ", data)}"
            );
        foreach (var name in _resources.Keys.Except(resources))
            throw new RequestException(
                nameof(request.Resources),
                name,
                "no attack and no recipe of the experiment takes it; possible: "
                    + (resources.Length == 0 ? "none" : string.Join(", ", resources))
            );
        var missing = cells
            .Select(c => c.Data.Name)
            .Distinct()
            .Where(name => !request.Data.ContainsKey(name))
            .ToArray();
        if (missing.Length > 0)
            throw new RequestException(
                nameof(request.Data),
                null,
                $"no path is given for {string.Join(", ", missing)}"
            );
    }

    /// <summary>The training request of a cell.</summary>
    public TrainRequest Train(ExperimentCell cell, RunDataCache cache) =>
        new(
            cell.Recipe,
            request.Model,
            request.Data[cell.Data.Name],
            folder.Run(cell),
            cell.Data.Options is null ? null : DataOptionsOf(cell.Data),
            Execution: request.Execution,
            CheckpointEverySteps: request.CheckpointEverySteps,
            Cache: cache,
            Resources: AugmentTables.Named(cell.Recipe, _resources)
        );

    /// <summary>The request of an attack on a cell.</summary>
    /// <exception cref="RecipeException">An option of the attack is impossible.</exception>
    public AttackRequest Attack(ExperimentCell cell, ExperimentAttack attack)
    {
        var place = $"attack {attack.Name}";
        var options = new ExperimentOptions(attack.Options, place);
        try
        {
            var seed = options.Integer("seed") ?? 42;
            var made = new AttackRequest(
                AttackRecipe.Find(attack.Recipe) with
                {
                    Options = options.Attack(seed),
                    Resources = ResourceFiles.Named(Places(attack, options)),
                },
                folder.Model(cell),
                request.Data[cell.Data.Name],
                cell.Data.Task,
                folder.Attack(cell, attack),
                options.Data(DataOptionsOf(cell.Data)),
                options.Take("split"),
                options.Sample(attack.Examples, seed),
                options.Length(cell.Recipe.MaxLength),
                options.Flag("whole-set") | options.Flag("full-split-accuracy"),
                options.Take("augment"),
                options.Engine(),
                request.Execution
            );
            options.Rest();
            made.Recipe.Refuse();
            return made;
        }
        catch (RequestException e)
        {
            throw new RecipeException($"{place}: {e.Message}");
        }
    }

    /// <summary>
    /// The attack after each epoch that a recipe names. Its encoder, too, is the checkpoint when
    /// nobody names one.
    /// </summary>
    public EpochAttackSource EpochAttack(EpochAttackOptions options) =>
        EpochAttackSource.Named(
            options,
            new Dictionary<string, string>(_resources)
            {
                ["encoder"] = _resources.GetValueOrDefault("encoder", request.Model),
            },
            request.Model
        );

    private Dictionary<string, string> Places(ExperimentAttack attack, ExperimentOptions options)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in attack.Resources ?? [])
        {
            // The encoder that nobody names is the checkpoint that everything is trained from.
            if (_resources.TryGetValue(name, out var path))
                places[name] = path;
            else if (name == "encoder")
                places[name] = request.Model;
        }
        foreach (var name in ResourceFiles.Names)
            if (options.Take(name) is { } path)
                places[name] = path;
        return places;
    }

    private static DataOptions DataOptionsOf(ExperimentData data)
    {
        var options = new ExperimentOptions(data.Options, $"data {data.Name}");
        var made = options.Data(new DataOptions());
        options.Rest();
        return made;
    }
}
