// Structured early-bird tickets as recipes: EarlyBERT, EarlyRobust, its ablations and analyses.
// Each equals EarlyRobust except for what its line states; sweeps over gamma and sparsity use the
// settings search.stop.gamma, draw.head-ratio and draw.neuron-ratio.
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Presets;

/// <summary>The structured tickets.</summary>
internal static class StructuredPresets
{
    private const string EarlyRobustSource =
        "EarlyRobust (EMNLP 2022): adversary, learning rate and penalties Table 6, pruning ratios and 10 "
        + "epochs section 4.4, stop rule section 3.3.2, length A.2.2; batch size, weight decay 0.01 and warm-up "
        + "0.1 in the search, none in fine-tuning, from the released code; data shuffled in the search, unlike "
        + "the released code";

    internal static IReadOnlyList<PresetMethod> Methods { get; } =
    [
        new(
            "early-bert",
            "early-bird ticket without adversary (baseline): clean search with slimming coefficients, drawn at "
                + "0.2 epoch, slice, plain fine-tuning",
            EarlyBert
        ),
        new(
            "early-bert-released",
            "early-bert with the numbers and the coefficients of its own released scripts",
            EarlyBertAuthorsCode
        ),
        new(
            "early-robust",
            "robust early-bird ticket: FreeLB search with slimming coefficients, early stop, slice, plain fine-tuning",
            EarlyRobust
        ),
        new(
            "early-robust-released",
            "early-robust as its released scripts run it: data in file order, drawn at 0.2 epoch, token types "
                + "dropped, strict quantile, coefficients kept",
            AuthorsCode
        ),
        new(
            "early-robust-without-adversary",
            "ablation w/o Adv: the search minimises plain cross entropy",
            row =>
                Ablation(
                    row,
                    "without-adversary",
                    "ablation w/o Adv of Table 3 (one pass, no start: plain cross entropy)",
                    r => Search(r, s => s with { Objective = new CleanOptions() })
                )
        ),
        new(
            "early-robust-without-regularizer",
            "ablation w/o Regularizer: the search has no L1 penalty on the coefficients",
            row =>
                Ablation(
                    row,
                    "without-regularizer",
                    "ablation w/o Regularizer of Table 3 (both lambdas 0)",
                    r => Search(r, s => s with { Slimming = new SlimmingOptions(0, 0) })
                )
        ),
        new(
            "random-structured",
            "ablation Random: a random ticket of the same sparsity, no search (vary search.trial or the seed)",
            Random
        ),
        new(
            "early-robust-without-initialization",
            "ablation w/o Initialization: the ticket's matrices and the pooler are drawn anew before fine-tuning",
            row =>
                Ablation(
                    row,
                    "without-initialization",
                    "ablation w/o Initialization of Table 4 (what is drawn anew: released code)",
                    r => Retrain(r, t => t with { Weights = StartWeights.RedrawnMatrices })
                )
        ),
        new(
            "early-robust-without-structure",
            "ablation w/o Structure: the dense network, in which everything outside the ticket is drawn anew",
            row =>
                Ablation(
                    row,
                    "without-structure",
                    "ablation w/o Structure of Table 4 as the paper describes it; the released script's is "
                        + "retrain.realisation=released",
                    r => Retrain(r, t => t with { Realisation = Realisation.DenseRedrawn })
                )
        ),
        new(
            "early-robust-layerwise",
            "analysis: heads and neurons are pruned layer by layer",
            row => Layerwise(row, "layerwise", heads: true, neurons: true)
        ),
        new(
            "early-robust-layerwise-heads",
            "analysis: heads are pruned layer by layer, neurons globally",
            row => Layerwise(row, "layerwise-heads", heads: true, neurons: false)
        ),
        new(
            "early-robust-layerwise-neurons",
            "analysis: neurons are pruned layer by layer, heads globally",
            row => Layerwise(row, "layerwise-neurons", heads: false, neurons: true)
        ),
    ];

    private static Recipe EarlyRobust(TaskNumbers row) =>
        RecipePresets.Plain("early-robust", row, new CleanOptions(), EarlyRobustSource) with
        {
            Search = new SlimmingSearchOptions(
                BaselinePresets.FreeLbOf(row),
                new SlimmingOptions(row.HeadPenalty, row.NeuronPenalty),
                BaselinePresets.Optimizer(row),
                new ConsecutiveStop(Gamma: 0.1, Times: 5)
            ),
            Draw = new DrawOptions(row.HeadRatio, row.NeuronRatio),
        };

    /// <summary>
    /// EarlyBERT's search uses a schedule built for three epochs, without warm-up and decay, and
    /// draws after a fifth of an epoch.
    /// </summary>
    private static Recipe EarlyBert(TaskNumbers row) =>
        EarlyRobust(row) with
        {
            Name = "early-bert",
            Source =
                "EarlyBERT (ACL 2021): schedule over 3 epochs without warm-up and weight decay, drawn at 0.2 "
                + "epoch, from its released scripts; EarlyRobust (EMNLP 2022), where it is a baseline: pruning "
                + "ratios and 10 epochs section 4.4, penalties and learning rate Table 6 (none are given for the "
                + "baseline), length A.2.2; batch size from the released code",
            Search = new SlimmingSearchOptions(
                new CleanOptions(),
                new SlimmingOptions(row.HeadPenalty, row.NeuronPenalty),
                new OptimizerOptions(row.LearningRate),
                new FixedStop(0.2),
                HorizonEpochs: 3
            ),
        };

    private static Recipe EarlyBertAuthorsCode(TaskNumbers row)
    {
        var recipe = EarlyBert(row);
        return recipe with
        {
            Name = "early-bert-released",
            Source =
                "EarlyBERT (ACL 2021), released scripts (QNLI): learning rate 2e-5 and both penalties 1e-4 in "
                + "the search, schedule over 3 epochs, drawn at 0.2 epoch, heads layer by layer 1/3, neurons "
                + "globally 0.4, 2 epochs at 4e-5, coefficients stay and are trained, nothing held out of the training "
                + "set; batch size and length as early-robust",
            Search = ((SlimmingSearchOptions)recipe.Search!) with
            {
                Slimming = new SlimmingOptions(1e-4, 1e-4),
                Optimizer = new OptimizerOptions(2e-5),
            },
            Draw = new DrawOptions(1.0 / 3, 0.4, HeadScope.Layerwise, Ties: TieRule.StrictQuantile),
            Retrain = recipe.Retrain with
            {
                Optimizer = new OptimizerOptions(4e-5),
                Epochs = 2,
                Coefficients = TicketCoefficients.Trainable,
            },
            Split = new SplitOptions(DevelopmentRule.AuthorsCode),
        };
    }

    private static Recipe AuthorsCode(TaskNumbers row)
    {
        var recipe = EarlyRobust(row);
        return recipe with
        {
            Name = "early-robust-released",
            Source =
                "EarlyRobust (EMNLP 2022), released scripts: nothing held out of the training set, data in file order, "
                + "drawn at 0.2 epoch (step 625 of IMDB; their distance rule is search.stop.kind=anchor-next5 "
                + "with search.stop.epsilon below its default 1), token types dropped in perturbed passes, "
                + "strict quantile, coefficients of 1 that stay trainable where nothing was pruned; numbers per "
                + "task as early-robust",
            Search = ((SlimmingSearchOptions)recipe.Search!) with
            {
                Objective = BaselinePresets.FreeLbOf(row) with { PassTokenTypeIds = false },
                Stop = new FixedStop(0.2),
                Shuffle = false,
            },
            Draw = ((DrawOptions)recipe.Draw!) with { Ties = TieRule.StrictQuantile },
            Retrain = recipe.Retrain with { Coefficients = TicketCoefficients.AuthorsCode },
            Split = new SplitOptions(DevelopmentRule.AuthorsCode),
        };
    }

    private static Recipe Random(TaskNumbers row) =>
        EarlyRobust(row) with
        {
            Name = "random-structured",
            Source =
                "EarlyRobust (EMNLP 2022): random tickets of Table 3 (uniform coefficients, the same global "
                + "draw and one-head rule, 5 trials); pruning ratios, learning rate, 10 epochs, length and batch "
                + "size as early-robust",
            Search = new RandomStructuredSearchOptions(),
        };

    private static Recipe Layerwise(TaskNumbers row, string name, bool heads, bool neurons) =>
        Ablation(
            row,
            name,
            "a cell of Tables 5, 7 and 8",
            r =>
                r with
                {
                    Draw = ((DrawOptions)r.Draw!) with
                    {
                        HeadScope = heads ? HeadScope.Layerwise : HeadScope.ModifiedGlobal,
                        NeuronScope = neurons ? NeuronScope.Layerwise : NeuronScope.Global,
                    },
                }
        );

    private static Recipe Ablation(TaskNumbers row, string name, string what, Func<Recipe, Recipe> change) =>
        change(EarlyRobust(row)) with
        {
            Name = $"early-robust-{name}",
            Source = $"{EarlyRobustSource}; {what}",
        };

    private static Recipe Search(Recipe recipe, Func<SlimmingSearchOptions, SlimmingSearchOptions> change) =>
        recipe with
        {
            Search = change((SlimmingSearchOptions)recipe.Search!),
        };

    private static Recipe Retrain(Recipe recipe, Func<RetrainStage, RetrainStage> change) =>
        recipe with
        {
            Retrain = change(recipe.Retrain),
        };
}
