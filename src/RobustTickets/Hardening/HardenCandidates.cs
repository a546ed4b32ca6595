// The defences to compare, most promising first, with the cost of each in passes over the data
// (docs/harden.md). Hyperparameters are those of the presets; length, epochs and dictionaries
// depend on the data and the budget.
using System.Globalization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Recipes.Presets;
using RobustTickets.Searches;

namespace RobustTickets.Hardening;

/// <summary>Dictionaries that training may use.</summary>
/// <param name="Neighbours">The attacks' neighbour table.</param>
/// <param name="WordNet">WordNet.</param>
/// <param name="TypingErrors">Typing errors.</param>
internal sealed record HardenDictionaries(bool Neighbours, bool WordNet, bool TypingErrors);

/// <summary>A defence.</summary>
/// <param name="Name">Its name, and that of its run.</param>
/// <param name="About">Description for the user.</param>
/// <param name="Recipe">Its recipe.</param>
/// <param name="Twin">For a ticket, the dense network trained in the same way.</param>
/// <param name="GoesOn">Whether training starts from the fine-tuned network if the checkpoint is
/// not yet a classifier: adversarial training from the first step delays learning by hundreds of
/// steps.</param>
internal sealed record HardenCandidate(
    string Name,
    string About,
    Recipe Recipe,
    string? Twin = null,
    bool GoesOn = false
)
{
    /// <summary>Name of the control: plain fine-tuning.</summary>
    public const string FineTune = "fine-tune";

    private const string Seed = "-seed-";

    /// <summary>Name of a training run with another seed.</summary>
    public static string WithSeed(string name, int seed) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}{Seed}{seed}");

    /// <summary>Name of the defence that a training run belongs to.</summary>
    public static string WithoutSeed(string run) =>
        run.LastIndexOf(Seed, StringComparison.Ordinal) is var at and >= 0 ? run[..at] : run;

    /// <summary>Cost in training passes over the data; a plain epoch is one.</summary>
    public double Passes =>
        SearchPasses + Recipe.Retrain.Epochs * Factor(Recipe.Retrain.Augment) * PassesOf(Recipe.Retrain.Objective);

    /// <summary>The part of <see cref="Passes"/> that the search takes.</summary>
    public double SearchPasses =>
        Recipe.Search is SlimmingSearchOptions search
            ? search.HorizonEpochs * Factor(search.Augment) * PassesOf(search.Objective)
            : 0;

    /// <summary>
    /// Whether both draw their tickets by one search, which the second need not repeat.
    /// </summary>
    public bool SharesSearch(HardenCandidate other) =>
        KnownSearches.Settings(Recipe) is { } search
        && (GoesOn, search) == (other.GoesOn, KnownSearches.Settings(other.Recipe));

    // Augmented copies are additional rows; each candidate of a search is one forward pass.
    private static double Factor(AugmentOptions? augment) =>
        augment is null
            ? 1
            : (augment.KeepOriginal ? 2 : 1)
                + (augment.Search is { } s ? s.Candidates / (RecipeCost.CleanStep * s.Every) : 0);

    private static double PassesOf(ObjectiveOptions objective) =>
        objective switch
        {
            FreeLbOptions f => f.Count == FreeLbCount.K ? f.Steps : f.Steps + 1,
            PgdOptions p => p.Steps + 1,
            InfoBertOptions i => i.Steps,
            HullOptions h => h.Steps + 1,
            _ => 1,
        };
}

/// <summary>The list of defences.</summary>
internal static class HardenCandidates
{
    private const double Longer = 3;

    // On small data, the preset's values cost clean accuracy and gain nothing over these
    // (docs/results/hardening.md).
    private const double Step = 0.2,
        Start = 0.15,
        ChangedTexts = 0.75;

    /// <summary>All defences in order of expected value.</summary>
    /// <param name="task">Task of the recipes.</param>
    /// <param name="epochs">Epochs of each final training.</param>
    /// <param name="maxLength">Maximum sequence length.</param>
    /// <param name="rows">Number of training rows.</param>
    /// <param name="ofRows">Number of rows available for training.</param>
    /// <param name="dictionaries">Dictionaries that training may use.</param>
    public static IReadOnlyList<HardenCandidate> All(
        string task,
        double epochs,
        int maxLength,
        int rows,
        int ofRows,
        HardenDictionaries dictionaries
    )
    {
        var hardened = RecipePresets.Get("hardened", task);
        var adversary = (FreeLbOptions)RecipePresets.Get("freelb-plus-plus", task).Retrain.Objective;
        var augment = Fit(hardened.Retrain.Augment!, dictionaries);
        Recipe Of(string preset, string name)
        {
            var recipe = RecipePresets.Get(preset, task);
            return recipe with
            {
                Name = name,
                MaxLength = maxLength,
                BatchSize = hardened.BatchSize,
                Retrain = recipe.Retrain with { Epochs = epochs, Optimizer = hardened.Retrain.Optimizer },
                // A run sees no rows besides these and the development rows, so none are held out
                // again.
                Split = new SplitOptions(DevelopmentRule.AuthorsCode, rows < ofRows ? rows : null),
            };
        }
        Recipe Plain(string name, ObjectiveOptions objective, AugmentOptions? augment = null)
        {
            var recipe = Of(HardenCandidate.FineTune, name);
            return recipe with { Retrain = recipe.Retrain with { Objective = objective, Augment = augment } };
        }
        Recipe Substituted(string preset, string name, bool mild)
        {
            var recipe = Of(preset, name);
            var retrain = recipe.Retrain with { Augment = augment };
            return recipe with
            {
                Source = mild ? recipe.Source + "; milder, as docs/harden.md says" : recipe.Source,
                Retrain = mild
                    ? retrain with
                    {
                        Objective = (FreeLbOptions)retrain.Objective with { StepSize = Step, InitMagnitude = Start },
                        Augment = augment with { TextRate = ChangedTexts },
                    }
                    : retrain,
                Search = recipe.Search is SlimmingSearchOptions search
                    ? SearchLength.LongEnough(
                        search with
                        {
                            Augment = search.Augment is { } changed ? Fit(changed, dictionaries) : null,
                        },
                        recipe.BatchSize,
                        rows
                    )
                    : recipe.Search,
            };
        }
        HardenCandidate FreeLb(double step)
        {
            var size = step.ToString(CultureInfo.InvariantCulture);
            var name = $"freelb-{size}";
            return new(
                name,
                $"adversarial training: FreeLB without a norm bound, step size {size}",
                Plain(
                    name,
                    adversary with
                    {
                        StepSize = step,
                        InitMagnitude = step * adversary.InitMagnitude / adversary.StepSize,
                    }
                ),
                GoesOn: true
            );
        }
        var ticket = Substituted("hardened-ticket", "hardened-ticket", mild: true);
        var longer = Plain("fine-tune-longer", new CleanOptions());
        return
        [
            new(HardenCandidate.FineTune, "plain training", Plain(HardenCandidate.FineTune, new CleanOptions())),
            new("hardened", "substitution under FreeLB", Substituted("hardened", "hardened", mild: true), GoesOn: true),
            new("hardened-ticket", "the same on an early-robust ticket", ticket, "hardened", GoesOn: true),
            new(
                "hardened-strong",
                "as hardened, with longer steps and more changed texts",
                Substituted("hardened", "hardened-strong", mild: false),
                GoesOn: true
            ),
            new(
                "hardened-ticket-strong",
                "the same on an early-robust ticket",
                Substituted("hardened-ticket", "hardened-ticket-strong", mild: false),
                "hardened-strong",
                GoesOn: true
            ),
            new(
                "substitution",
                "plain training on texts whose words are replaced at random",
                Plain("substitution", new CleanOptions(), augment),
                GoesOn: true
            ),
            FreeLb(0.3),
            .. dictionaries.Neighbours
                ?
                [
                    new HardenCandidate(
                        "hull",
                        "embeddings mixed with those of neighbours",
                        Plain("hull", new HullOptions()),
                        GoesOn: true
                    ),
                ]
                : Array.Empty<HardenCandidate>(),
            new(
                "fine-tune-longer",
                "plain training as long as adversarial training takes",
                longer with
                {
                    Retrain = longer.Retrain with { Epochs = Longer * epochs },
                }
            ),
            new(
                "early-robust",
                "an early-robust ticket, plain training",
                ticket with
                {
                    Name = "early-robust",
                    Retrain = ticket.Retrain with { Objective = new CleanOptions(), Augment = null },
                },
                HardenCandidate.FineTune
            ),
            FreeLb(0.1),
            FreeLb(1),
        ];
    }

    // Drops augmentations whose dictionary is missing or excluded from training; without a
    // neighbour table, the checkpoint's own embeddings provide neighbours.
    private static AugmentOptions Fit(AugmentOptions augment, HardenDictionaries dictionaries) =>
        augment with
        {
            NeighbourRate = dictionaries.Neighbours ? augment.NeighbourRate : 0,
            EmbeddingRate = dictionaries.Neighbours ? augment.EmbeddingRate : augment.NeighbourRate,
            WordnetRate = dictionaries.WordNet ? augment.WordnetRate : 0,
            CharacterRate = dictionaries.TypingErrors ? augment.CharacterRate : 0,
        };
}
