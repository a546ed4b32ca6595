// Recipes for tickets of single weights: RobusT with its ablations, magnitude-pruning lottery
// tickets, random tickets; all trained by RobusT's Table 5. Numbers per task: MaskNumbers.cs.
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Presets;

/// <summary>Methods whose tickets are single weights.</summary>
internal static class MaskPresets
{
    private const string Paper =
        "RobusT (ACL 2022): adversary, rate of the scores and lambda Table 6, sparsity Tables 1 and 2, "
        + "fine-tuning and retraining Table 5, 20 epochs of search, length and batch size from the released "
        + "scripts";
    private const string Training =
        "RobusT (ACL 2022): training Table 5, length and batch size from the released scripts";
    private const string Lottery =
        "Chen et al. (2020), The Lottery Ticket Hypothesis for Pre-trained BERT Networks: a tenth of all "
        + "weights a round, 3 epochs a round, no weight decay, no warm-up, classifier not rewound; sparsity and "
        + "retraining of RobusT (ACL 2022) Tables 1, 2 and 5";

    /// <summary>The methods in the order of docs/methods/README.md.</summary>
    internal static IReadOnlyList<PresetMethod> Methods { get; } =
    [
        Of(
            "robust-ticket",
            "robust ticket of single weights: hard-concrete masks learned by FreeLB on a fine-tuned network, "
                + "drawn globally, retrained plainly",
            Robust
        ),
        Of(
            "robust-ticket-released",
            "robust-ticket as the released code does it: leaking gradients, early ramp, token types dropped, "
                + "no clipping in fine-tuning and retraining, schedules that count examples",
            AuthorsCode
        ),
        Of(
            "robust-ticket-without-mask-learning",
            "ablation: magnitude pruning in rounds of FreeLB instead of learned masks",
            n =>
                Robust(n) with
                {
                    Source =
                        $"{Paper}; ablation of Table 3 (w/o Mask Learning): rounds of "
                        + $"{Lottery[..Lottery.IndexOf(':', StringComparison.Ordinal)]}, which RobusT does not "
                        + "detail",
                    Search = Rounds(n, FreeLb(n)),
                }
        ),
        Of(
            "robust-ticket-without-adversary",
            "ablation: masks learned by plain cross entropy",
            n =>
                Robust(n) with
                {
                    Source = $"{Paper}; ablation of Table 3 (w/o Adv)",
                    Search = Masks(n) with { Objective = new CleanOptions() },
                }
        ),
        Of(
            "robust-ticket-without-initialization",
            "ablation: the ticket's structure on re-drawn weights",
            n =>
                Realised(
                    n,
                    r => r with { Weights = StartWeights.RedrawnMatrices },
                    "w/o Initialization; embeddings and LayerNorm kept, on which the paper is silent"
                )
        ),
        Of(
            "robust-ticket-without-structure",
            "ablation: the whole network, weights outside the ticket re-drawn",
            n => Realised(n, r => r with { Realisation = Realisation.DenseRedrawn }, "w/o Structure")
        ),
        Of(
            "robust-ticket-without-structure-longer",
            "ablation: the same, retrained for 10 epochs",
            n =>
                Realised(
                    n,
                    r => r with { Realisation = Realisation.DenseRedrawn, Epochs = 10 },
                    "w/o Structure, longer"
                )
        ),
        Of(
            "robust-ticket-rows",
            "robust-ticket with one mask an output row of a matrix instead of one a weight",
            n =>
                Robust(n) with
                {
                    Source = $"{Paper}; row masks are an option of the released code, the paper uses weights",
                    Search = Masks(n) with { Masks = new HardConcreteOptions(n.Penalty, InPerMask: 0) },
                }
        ),
        Of(
            "robust-ticket-adversarial",
            "robust-ticket whose ticket is retrained with FreeLB",
            n =>
                Robust(n) with
                {
                    Source = $"{Paper}; retraining with the adversary of the search, which is not in the paper",
                    Retrain = new RetrainStage(FreeLb(n), Table5(), Epochs: 3),
                }
        ),
        Of(
            "lth",
            "lottery ticket: magnitude pruning in rounds of plain training, rewound, retrained (IMP)",
            n => Robust(n) with { Source = Lottery, Search = Rounds(n, new CleanOptions()) }
        ),
        Of(
            "one-shot-magnitude",
            "ticket of the largest pre-trained weights, without search (OMP)",
            n =>
                Robust(n) with
                {
                    Source =
                        "Chen et al. (2020), one-shot magnitude pruning; sparsity and retraining of RobusT "
                        + "(ACL 2022) Tables 1, 2 and 5",
                    Search = new OneShotSearchOptions(),
                }
        ),
        Of(
            "random-weights",
            "random ticket of weights; set search.ticket to match another ticket's counts in every matrix",
            n =>
                Robust(n) with
                {
                    Source =
                        "RobusT (ACL 2022) 4.2, random tickets: same sparsity in every matrix as the ticket "
                        + "named by search.ticket, the same everywhere while none is named; sparsity and "
                        + "retraining Tables 1, 2 and 5",
                    Search = new RandomWeightSearchOptions(),
                }
        ),
    ];

    /// <summary>
    /// Baselines of RobusT's tables, trained by its Table 5 like its tickets, so that only the
    /// method differs. They are also the dense controls of its tickets.
    /// </summary>
    internal static IReadOnlyList<PresetMethod> Baselines { get; } =
    [
        Of(
            "fine-tune-as-robust-ticket",
            "fine-tune by RobusT's numbers: 3 epochs, weight decay 0.01, warm-up 0.1, batches of 32 (baseline)",
            n => Dense(n, new CleanOptions(), Table5(), Training)
        ),
        Of(
            "freelb-as-robust-ticket",
            "freelb by RobusT's numbers: adversary of its Table 6, trained by its Table 5 (baseline)",
            n => Dense(n, FreeLb(n), Table5(), $"{Training}; adversary Table 6")
        ),
        Of(
            "infobert-as-robust-ticket",
            "infobert for RobusT's 3 epochs in batches of 32 (baseline)",
            n =>
                Dense(
                    n,
                    BaselinePresets.Anli,
                    BaselinePresets.AnliOptimizer(2e-5),
                    $"{Training}; every number of the objective and weight decay 1e-5 from InfoBERT's (ICLR 2021) ANLI "
                        + "command, as RobusT gives none"
                )
        ),
    ];

    private static PresetMethod Of(string name, string summary, Func<MaskNumbers, Recipe> build) =>
        new(
            name,
            summary,
            row => build(MaskNumbers.Of(row.Task)) with { Name = name },
            [.. MaskNumbers.All.Select(n => n.Task)]
        );

    private static Recipe Robust(MaskNumbers n) =>
        Dense(n, new CleanOptions(), Table5(), Paper) with
        {
            Search = Masks(n),
            Draw = new WeightDrawOptions(n.Sparsity),
        };

    private static Recipe Dense(MaskNumbers n, ObjectiveOptions objective, OptimizerOptions optimizer, string source) =>
        new(
            "robust-ticket",
            n.Task,
            source,
            n.MaxLength,
            MaskNumbers.BatchSize,
            Seed: 42,
            // The paper holds out an unspecified part of the training set for development; the
            // released code does so for IMDB and AG News (a tenth).
            DevFraction: 0.1,
            Search: null,
            Draw: null,
            new RetrainStage(objective, optimizer, Epochs: 3),
            new EvaluateStage()
        );

    private static Recipe AuthorsCode(MaskNumbers n)
    {
        var unclipped = Table5() with { Clip = ClipMode.None, Horizon = ScheduleHorizon.Examples };
        var searched = Masks(n);
        return Robust(n) with
        {
            Source =
                $"{Paper}; as released: the network is not frozen and its gradients pile up, the ramp of lambda "
                + "counts tensors instead of batches, perturbed passes see no token types, fine-tuning and "
                + "retraining do not clip, schedules end after floor(examples * epochs / batch) steps, the ticket is "
                + "drawn from the epoch that is best on development examples. The script's epochs of "
                + "retraining (19, 17, 15, 13) are not followed",
            Search = searched with
            {
                FineTune = new DenseTraining(new CleanOptions(), unclipped, Epochs: 3),
                Optimizer = searched.Optimizer with { Horizon = ScheduleHorizon.Examples },
                Objective = FreeLb(n) with { PassTokenTypeIds = false },
                Masks = new HardConcreteOptions(n.Penalty, Ramp: RampClock.AuthorsCode),
                FreezeBase = false,
                DrawFrom = DrawEpochRule.BestDev,
            },
            Retrain = new RetrainStage(new CleanOptions(), unclipped, Epochs: 3),
            Split = SplitOf(n),
        };
    }

    // The released scripts hold out a tenth of IMDB and AG News, but nothing of GLUE tasks: there
    // the reported split is also used for selection.
    private static SplitOptions SplitOf(MaskNumbers n) =>
        new(n.Task is "imdb" or "ag-news" ? DevelopmentRule.HeldOut : DevelopmentRule.AuthorsCode);

    private static Recipe Realised(MaskNumbers n, Func<RetrainStage, RetrainStage> change, string ablation)
    {
        var recipe = Robust(n);
        return recipe with { Source = $"{Paper}; ablation of Table 4 ({ablation})", Retrain = change(recipe.Retrain) };
    }

    private static MaskSearchOptions Masks(MaskNumbers n) =>
        new(
            new DenseTraining(new CleanOptions(), Table5(), Epochs: 3),
            FreeLb(n),
            new HardConcreteOptions(n.Penalty),
            new OptimizerOptions(n.ScoreRate, WeightDecay: 1e-6, WarmupFraction: 0.1),
            Epochs: 20
        );

    private static MagnitudeSearchOptions Rounds(MaskNumbers n, ObjectiveOptions objective) =>
        new(objective, new OptimizerOptions(2e-5), Rounds: (int)Math.Round(n.Sparsity / 0.1));

    // Clipped at norm 1, which the released code of these stages omits.
    private static OptimizerOptions Table5() => new(2e-5, WeightDecay: 0.01, WarmupFraction: 0.1);

    private static FreeLbOptions FreeLb(MaskNumbers n) => new(n.Steps, n.StepSize, n.InitMagnitude);
}
