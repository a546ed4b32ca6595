// The defences that are compared, the most promising first, and what each costs in passes
// (docs/harden.md). Numbers are those of the presets; length, epochs and dictionaries are the
// data's and the budget's.
using System.Globalization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Recipes.Presets;
using RobustTickets.Searches;

namespace RobustTickets.Hardening;

/// <summary>Which dictionaries training may use.</summary>
/// <param name="Neighbours">The attacks' neighbour table.</param>
/// <param name="WordNet">WordNet.</param>
/// <param name="TypingErrors">Typing errors.</param>
internal sealed record HardenDictionaries(bool Neighbours, bool WordNet, bool TypingErrors);

/// <summary>A defence.</summary>
/// <param name="Name">Its name, and its run's.</param>
/// <param name="About">What it is, for people.</param>
/// <param name="Recipe">Its recipe.</param>
/// <param name="Twin">The dense network trained alike, when this is a ticket.</param>
/// <param name="GoesOn">Whether it starts from the fine-tuned network where the checkpoint is no
/// classifier yet: an adversary from the first step on holds up learning for hundreds of
/// steps.</param>
internal sealed record HardenCandidate(
    string Name,
    string About,
    Recipe Recipe,
    string? Twin = null,
    bool GoesOn = false
)
{
    /// <summary>Name of the control that trains and does nothing else.</summary>
    public const string FineTune = "fine-tune";

    private const string Seed = "-seed-";

    /// <summary>Name of a training of a further seed.</summary>
    public static string WithSeed(string name, int seed) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}{Seed}{seed}");

    /// <summary>Name of the defence that a training is of.</summary>
    public static string WithoutSeed(string run) =>
        run.LastIndexOf(Seed, StringComparison.Ordinal) is var at and >= 0 ? run[..at] : run;

    /// <summary>Training passes over the data, a plain epoch being one.</summary>
    public double Passes =>
        Recipe.Retrain.Epochs * Factor(Recipe.Retrain.Augment) * PassesOf(Recipe.Retrain.Objective)
        + (
            Recipe.Search is SlimmingSearchOptions search
                ? search.HorizonEpochs * Factor(search.Augment) * PassesOf(search.Objective)
                : 0
        );

    // Texts beside their changed forms are rows of their own; a candidate of a search is a forward
    // pass.
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

/// <summary>The list.</summary>
internal static class HardenCandidates
{
    private const double Longer = 3;

    // On small data the preset's numbers cost clean accuracy and gain nothing over these
    // (docs/results/hardening.md).
    private const double Step = 0.2,
        Start = 0.15,
        ChangedTexts = 0.75;

    /// <summary>Every defence in the order of expected value.</summary>
    /// <param name="task">Task of the recipes.</param>
    /// <param name="epochs">Epochs of each final training.</param>
    /// <param name="maxLength">Word pieces of a text.</param>
    /// <param name="rows">Rows trained on.</param>
    /// <param name="ofRows">Rows there are to train on.</param>
    /// <param name="dictionaries">What training may use.</param>
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
                // The development rows are the only others that a run sees: nothing is held out.
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
                $"adversarial training: FreeLB without bound, steps of {size}",
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
                "substitution",
                "plain training on texts whose words are replaced at random",
                Plain("substitution", new CleanOptions(), augment),
                GoesOn: true
            ),
            new(
                "hardened-strong",
                "as hardened, with longer steps and more changed texts",
                Substituted("hardened", "hardened-strong", mild: false),
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

    // What is not there, or is kept from training, is not trained on; without a neighbour table the
    // checkpoint's own embeddings give neighbours.
    private static AugmentOptions Fit(AugmentOptions augment, HardenDictionaries dictionaries) =>
        augment with
        {
            NeighbourRate = dictionaries.Neighbours ? augment.NeighbourRate : 0,
            EmbeddingRate = dictionaries.Neighbours ? augment.EmbeddingRate : augment.NeighbourRate,
            WordnetRate = dictionaries.WordNet ? augment.WordnetRate : 0,
            CharacterRate = dictionaries.TypingErrors ? augment.CharacterRate : 0,
        };
}
