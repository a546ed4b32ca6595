// Creates training and attack requests from an experiment and the paths of its request; both use
// the same paths.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline;

namespace RobustTickets.Experiments;

/// <summary>Creates the requests of one experiment.</summary>
/// <param name="request">The experiments with their paths.</param>
/// <param name="folder">The folder of the experiment.</param>
internal sealed class ExperimentInputs(ExperimentRequest request, ExperimentFolder folder)
{
    private readonly IReadOnlyDictionary<string, string> _resources =
        request.Resources ?? new Dictionary<string, string>();

    /// <summary>Names of the cells' data sets without a path.</summary>
    public IEnumerable<string> Missing(IReadOnlyList<ExperimentCell> cells) =>
        cells.Select(c => c.Data.Name).Distinct().Where(name => !request.Data.ContainsKey(name));

    /// <summary>Names of the resources used by the experiment's attacks and recipes.</summary>
    public IEnumerable<string> Resources =>
        folder
            .Plan.Experiment.Attacks.SelectMany(a => a.Resources ?? [])
            .Concat(
                folder
                    .Plan.Cells.Select(c => c.Recipe.Evaluate.EpochAttack)
                    .OfType<EpochAttackOptions>()
                    .Distinct()
                    .SelectMany(EpochAttackSource.FileNames)
            )
            .Concat(folder.Plan.Cells.SelectMany(c => AugmentTables.FileNames(c.Recipe)))
            .Distinct();

    /// <summary>Files used by an attack after each epoch, by name.</summary>
    public IReadOnlyDictionary<string, string> EpochAttackFiles(EpochAttackOptions? options) =>
        options is null
            ? new Dictionary<string, string>()
            : EpochAttackPlaces()
                .Where(p => EpochAttackSource.FileNames(options).Contains(p.Key))
                .ToDictionary(p => p.Key, p => p.Value);

    /// <summary>The training request of a cell.</summary>
    public TrainRequest Train(ExperimentCell cell, RunDataCache cache) =>
        new(
            folder.RecipeOf(cell),
            request.Model,
            request.Data[cell.Data.Name],
            folder.Knows(cell) ? folder.Run(cell) : folder.Path,
            cell.Data.Options is null ? null : DataOptionsOf(cell.Data),
            Execution: request.Execution,
            CheckpointEverySteps: request.CheckpointEverySteps,
            Cache: cache,
            Resources: AugmentTables.Named(cell.Recipe, _resources),
            Metrics: request.Metrics
        )
        {
            Searches = folder.Runs,
        };

    /// <summary>The request of an attack on a cell.</summary>
    /// <exception cref="RecipeException">An option of the attack is invalid.</exception>
    public AttackRequest Attack(ExperimentCell cell, ExperimentAttack attack)
    {
        var place = $"attack {attack.Name}";
        try
        {
            var options = ExperimentAttackOptions.Read(attack, DataOptionsOf(cell.Data), cell.Recipe.MaxLength, place);
            var made = new AttackRequest(
                AttackRecipe.Find(attack.Recipe) with
                {
                    Options = options.Attack,
                    Resources = ResourceFiles.Named(Places(attack, options.Resources)),
                },
                folder.Knows(cell) ? folder.Model(cell) : request.Model,
                request.Data[cell.Data.Name],
                cell.Data.Task,
                folder.Knows(cell) ? folder.Attack(cell, attack) : folder.Path,
                options.Data,
                options.Split,
                options.Sample,
                options.Length,
                options.WholeSet,
                options.Augment,
                options.Engine,
                request.Execution,
                Temperature: options.Temperature
            );
            made.Recipe.Refuse();
            return made;
        }
        catch (RequestException e)
        {
            throw new RecipeException($"{place}: {e.Message}");
        }
    }

    /// <summary>
    /// The attack after each epoch of a recipe. Its default encoder is the checkpoint, too.
    /// </summary>
    public EpochAttackSource EpochAttack(EpochAttackOptions options) =>
        EpochAttackSource.Named(options, EpochAttackPlaces(), request.Model);

    private Dictionary<string, string> EpochAttackPlaces() =>
        new(_resources) { ["encoder"] = _resources.GetValueOrDefault("encoder", request.Model) };

    private Dictionary<string, string> Places(ExperimentAttack attack, IReadOnlyDictionary<string, string> named)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in attack.Resources ?? [])
        {
            // The default encoder is the checkpoint that all runs start from.
            if (_resources.TryGetValue(name, out var path))
                places[name] = path;
            else if (name == "encoder")
                places[name] = request.Model;
        }
        foreach (var (name, path) in named)
            places[name] = path;
        return places;
    }

    private static DataOptions DataOptionsOf(ExperimentData data) =>
        ExperimentOptions.OfData(data.Options, $"data {data.Name}");
}
