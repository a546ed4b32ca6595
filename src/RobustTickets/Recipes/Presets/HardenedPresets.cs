// Recipes for hardening beyond the two papers: FreeLB++ (Li et al., EMNLP 2021), and ours: online
// substitution with FreeLB on an early-robust ticket (docs/methods/hardened-ticket.md) and on the
// full network. All their numbers are in Numbers.
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Recipes.Presets;

/// <summary>The hardened recipes.</summary>
internal static class HardenedPresets
{
    private static readonly IReadOnlyList<string> Tasks = ["sst2", "ag-news", "imdb"];

    internal static IReadOnlyList<PresetMethod> Methods { get; } =
    [
        new(
            "freelb-plus-plus",
            "FreeLB with large steps and no bound, fewer steps than FreeLB++: embeddings are perturbed as far as "
                + "substitutions move them",
            FreeLbPlusPlus,
            Tasks
        ),
        new(
            "hardened",
            "ours: online substitution (neighbours, WordNet, typing errors) under FreeLB, whole network",
            row => Dense("hardened", row),
            Tasks
        ),
        new(
            "hardened-ticket",
            "ours: an early-robust ticket of at most 75 % of the encoder, retrained by online substitution "
                + "under FreeLB",
            Ticket,
            Tasks
        ),
    ];

    /// <summary>
    /// Settings that give another recipe the same epochs and learning rate as ours.
    /// </summary>
    internal static IReadOnlyList<string> SettingsOfControl { get; } =
    [
        Text($"retrain.epochs={Numbers.Epochs}"),
        Text($"retrain.optimizer.learning-rate={Numbers.Optimizer.LearningRate}"),
        Text($"retrain.optimizer.weight-decay={Numbers.Optimizer.WeightDecay}"),
        Text($"retrain.optimizer.warmup-fraction={Numbers.Optimizer.WarmupFraction}"),
        Text($"batch-size={Numbers.BatchSize}"),
    ];

    /// <summary>
    /// The numbers of our recipes; docs/methods/hardened-ticket.md explains each.
    /// </summary>
    private static class Numbers
    {
        public const double Epochs = 3;
        public const int BatchSize = 32;

        /// <summary>
        /// Maximum length of the search in epochs: total cost then stays within three times
        /// fine-tuning's passes.
        /// </summary>
        public const double LongestSearch = 0.6;

        public static OptimizerOptions Optimizer { get; } = new(1e-4, WeightDecay: 0.01, WarmupFraction: 0.1);

        /// <summary>
        /// The search's weights are discarded; its masks settle at this learning rate.
        /// </summary>
        public static OptimizerOptions Searching { get; } = Optimizer with { LearningRate = 5e-5 };

        public static FreeLbOptions Adversary { get; } = new(Steps: 2, StepSize: 0.3, InitMagnitude: 0.2);

        /// <summary>
        /// Passes of a step of freelb-plus-plus: fewer than the paper's 10 to 30, each of which
        /// costs as much as a step of fine-tuning.
        /// </summary>
        public const int UnboundedSteps = 3;

        public static AugmentOptions Augment { get; } =
            new(NeighbourRate: 0.3, WordnetRate: 0.2, CharacterRate: 0.25, TextRate: 0.85);

        public static DrawOptions Draw { get; } = new(HeadRatio: 1.0 / 6, NeuronRatio: 0.3);
    }

    private static Recipe FreeLbPlusPlus(TaskNumbers row)
    {
        var recipe = RecipePresets.Plain(
            "freelb-plus-plus",
            row,
            Numbers.Adversary with
            {
                Steps = Numbers.UnboundedSteps,
            },
            "FreeLB++ (Li et al., EMNLP 2021): no bound on the perturbation as in the paper, but "
                + Text($"{Numbers.UnboundedSteps} steps instead of its 10 (30 in some tasks), for their cost ")
                + "(--set retrain.objective.steps=10 makes as many); step size and start of ours, on the scale on "
                + "which substitutions move embeddings; the rest as hardened"
        );
        return Ours(recipe, null);
    }

    private static Recipe Dense(string name, TaskNumbers row) =>
        Ours(
            RecipePresets.Plain(
                name,
                row,
                Numbers.Adversary,
                "ours (docs/methods/hardened-ticket.md), of parts from papers: online substitution, Ivgi and "
                    + "Berant (EMNLP 2021), "
                    + "FreeLB without bound, Li et al. (EMNLP 2021); lengths as EarlyRobust A.2.2"
            ),
            Numbers.Augment
        );

    private static Recipe Ticket(TaskNumbers row)
    {
        var dense = Dense("hardened-ticket", row);
        return dense with
        {
            Source =
                $"{dense.Source}; search of EarlyRobust (EMNLP 2022) with its numbers, at most "
                + FormattableString.Invariant($"{Numbers.LongestSearch} epoch long"),
            Search = new SlimmingSearchOptions(
                BaselinePresets.FreeLbOf(row),
                new SlimmingOptions(row.HeadPenalty, row.NeuronPenalty),
                Numbers.Searching,
                new ConsecutiveStop(Gamma: 0.1, Times: 5),
                HorizonEpochs: Numbers.LongestSearch
            ),
            Draw = Numbers.Draw,
        };
    }

    private static Recipe Ours(Recipe recipe, AugmentOptions? augment) =>
        recipe with
        {
            BatchSize = Numbers.BatchSize,
            Retrain = recipe.Retrain with { Optimizer = Numbers.Optimizer, Epochs = Numbers.Epochs, Augment = augment },
        };
}
