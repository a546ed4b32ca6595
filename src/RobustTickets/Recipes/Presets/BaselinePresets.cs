// PGD, FreeLB and InfoBERT on the full network as recipes. EarlyRobust gives numbers only for its
// own search: the adversary's are those of its Table 6, the optimiser's those of its released
// search loop (FreeLB's), for 10 epochs (4.4).
using RobustTickets.Objectives;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Presets;

/// <summary>The adversarial baselines.</summary>
internal static class BaselinePresets
{
    private const string Loop =
        "learning rate Table 6, 10 epochs section 4.4, length A.2.2; batch size, weight decay 0.01, warm-up "
        + "0.1 and clipping at 1 from the released search loop";

    internal static IReadOnlyList<PresetMethod> Methods { get; } =
    [
        new(
            "pgd",
            "adversarial training by PGD: K ascents on word embeddings, then one pass that trains (baseline; "
                + "ascents without weight gradients)",
            row => Pgd("pgd", row, lean: true)
        ),
        new(
            "pgd-usual",
            "pgd as it is usually coded: the same trajectory, every ascent also computes the weight gradients "
                + "and throws them away",
            row => Pgd("pgd-usual", row, lean: false)
        ),
        new("freelb", "adversarial training by FreeLB: K passes whose gradients add up (baseline)", FreeLb),
        new(
            "infobert",
            "FreeLB with information-bottleneck and anchored-feature terms and a trained critic (baseline)",
            InfoBert
        ),
        new(
            "infobert-released",
            "infobert as TextDefender's code runs it: the critic stays random, every pass draws its own dropout",
            InfoBertAuthorsCode
        ),
    ];

    /// <summary>The optimiser of the released search loop.</summary>
    internal static OptimizerOptions Optimizer(TaskNumbers row) =>
        new(row.LearningRate, WeightDecay: 0.01, WarmupFraction: 0.1);

    /// <summary>FreeLB with a task's numbers.</summary>
    internal static FreeLbOptions FreeLbOf(TaskNumbers row) => new(row.AscentSteps, row.StepSize, row.InitMagnitude);

    private static Recipe Pgd(string name, TaskNumbers row, bool lean) =>
        Adversarial(
            name,
            row,
            new PgdOptions(row.AscentSteps, row.StepSize, row.InitMagnitude, DeltaGradOnly: lean),
            $"EarlyRobust (EMNLP 2022): K, step and start Table 6 (the paper gives none for PGD), {Loop}; "
                + (
                    lean
                        ? "ascents for the perturbation alone as in FreeLB's code"
                        : "ascents backward through every parameter as in TextDefender's code"
                )
        );

    private static Recipe FreeLb(TaskNumbers row) =>
        Adversarial("freelb", row, FreeLbOf(row), $"EarlyRobust (EMNLP 2022): adversary Table 6, {Loop}");

    private static Recipe InfoBert(TaskNumbers row) =>
        Adversarial(
            "infobert",
            row,
            Anli,
            "InfoBERT (ICLR 2021): every number of the objective from its ANLI command (neither EarlyRobust "
                + "nor RobusT gives theirs), weight decay 1e-5 likewise; EarlyRobust (EMNLP 2022): learning rate "
                + "Table 6, 10 epochs section 4.4, length A.2.2; batch size from the released code; warm-up 0.1 (the "
                + "command's is 1000 steps)"
        ) with
        {
            Retrain = new RetrainStage(Anli, AnliOptimizer(row.LearningRate), Epochs: 10),
        };

    private static Recipe InfoBertAuthorsCode(TaskNumbers row)
    {
        var recipe = InfoBert(row);
        return recipe with
        {
            Name = "infobert-released",
            Source =
                "TextDefender's released trainer: InfoBERT's ANLI numbers, weight decay 1e-6, critic not given "
                + "to the optimiser, fresh dropout in every pass; the rest as infobert",
            Retrain = recipe.Retrain with
            {
                Objective = Anli with { TrainCritic = false, SyncDropout = false },
                Optimizer = recipe.Retrain.Optimizer with { WeightDecay = 1e-6 },
            },
        };
    }

    /// <summary>The numbers of InfoBERT's ANLI command.</summary>
    internal static InfoBertOptions Anli { get; } =
        new(Steps: 3, StepSize: 0.04, InitMagnitude: 0.08, Alpha: 5e-3, Beta: 5e-3, LowShare: 0.5, HighShare: 0.9);

    /// <summary>ANLI's weight decay with another learning rate and warm-up.</summary>
    internal static OptimizerOptions AnliOptimizer(double rate) => new(rate, WeightDecay: 1e-5, WarmupFraction: 0.1);

    private static Recipe Adversarial(string name, TaskNumbers row, ObjectiveOptions objective, string source)
    {
        var recipe = RecipePresets.Plain(name, row, objective, source);
        return recipe with { Retrain = recipe.Retrain with { Optimizer = Optimizer(row) } };
    }
}
