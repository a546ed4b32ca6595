// The demo's settings: sizes, model shape, recipes, attacks. The published hyperparameters are for
// BERT-base and a hundred thousand steps; a model of under a million weights, trained in a minute,
// needs higher learning rates, which its recipes record.
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Goals;
using RobustTickets.Checkpoints;
using RobustTickets.Cli.Demo.Corpus;
using RobustTickets.Objectives;
using RobustTickets.Recipes.Presets;
using RobustTickets.Tickets;

namespace RobustTickets.Cli.Demo;

/// <summary>The settings of a demo.</summary>
/// <param name="Seed">Seed of data, vectors and pre-training, and of the first training of every
/// recipe; further trainings use the following seeds.</param>
/// <param name="Seeds">Number of trainings per recipe, each with its own seed.</param>
/// <param name="Model">A pre-trained checkpoint by name or folder; null: pre-train one.</param>
/// <param name="Sizes">Sizes of the data.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Hidden">Hidden size.</param>
/// <param name="Heads">Attention heads per layer.</param>
/// <param name="Intermediate">FFN neurons per layer.</param>
/// <param name="PretrainEpochs">Epochs of masked-language-model pre-training.</param>
/// <param name="PretrainRate">Peak learning rate of pre-training.</param>
/// <param name="Epochs">Epochs of every recipe's final training.</param>
/// <param name="Rate">Peak learning rate of every recipe, search included.</param>
/// <param name="AttackExamples">Number of test reviews to attack.</param>
/// <param name="RefusedShare">Fraction of single substitutions that the calibrated similarity
/// threshold rejects.</param>
/// <param name="MaxEdits">Characters that DeepWordBug may edit in a review. Its default of 30 is
/// for longer texts; here it would leave no class word legible.</param>
internal sealed record DemoPlan(
    int Seed = 1,
    int Seeds = 2,
    string? Model = null,
    DemoSizes? Sizes = null,
    int Layers = 4,
    int Hidden = 128,
    int Heads = 4,
    int Intermediate = 512,
    double PretrainEpochs = 3,
    double PretrainRate = 1e-3,
    double Epochs = 4,
    double Rate = 3e-4,
    int AttackExamples = 400,
    double RefusedShare = 0.25,
    int MaxEdits = 4
)
{
    public const string Task = "tsv";
    private const int MaxLength = 64;
    private const int BatchSize = 32;

    // Fraction of words held out from training, so that the attack has unseen substitutes.
    private const double HeldOutShare = 1.0 / 3;

    // Number of nearest words used as substitutes in training: nearly all are synonyms. More
    // distant words differ in meaning, and no attack's constraints would accept them.
    private const int Neighbours = 3;
    private const string Why =
        "the demo: steps and rates fit a small model trained in minutes, everything else is the published method";

    public DemoSizes Data => Sizes ?? new DemoSizes();

    /// <summary>
    /// The demo on a pre-trained checkpoint: its own learning rate, fewer epochs.
    /// </summary>
    /// <param name="model">Name or folder.</param>
    public static DemoPlan Of(string model) => new(Model: model, Epochs: 2, Rate: 1e-4);

    /// <summary>Shape of the model.</summary>
    public HuggingFaceConfig Config(int vocabulary) =>
        new()
        {
            VocabSize = vocabulary,
            HiddenSize = Hidden,
            NumHiddenLayers = Layers,
            NumAttentionHeads = Heads,
            IntermediateSize = Intermediate,
            MaxPositionEmbeddings = MaxLength,
            // BERT's 0.02 is for hidden size 768: scaled by sqrt(768 / hidden) so that
            // pre-activations keep their variance.
            InitializerRange = Math.Round(0.02 * Math.Sqrt(768.0 / Hidden), 3),
        };

    /// <summary>
    /// TextFooler's options for the demo: texts are shorter than its window, so they are compared
    /// as a whole; no tagger; scores in double precision.
    /// </summary>
    /// <param name="similarity">The calibrated threshold.</param>
    public static AttackOptions AttackOptions(double similarity) =>
        new(
            SimilarityThreshold: similarity,
            Window: SimilarityWindow.WholeText,
            PartOfSpeech: false,
            Version: TextAttackVersion.V034,
            Precision: ScorePrecision.Double
        );

    /// <summary>Every recipe with every seed, in training order.</summary>
    public IEnumerable<Recipe> Recipes =>
        Enumerable
            .Range(Seed, Seeds)
            .SelectMany(seed =>
                new[] { FineTune, Adversarial, EarlyRobust, HardenedTicket }.Select(r => r with { Seed = seed })
            );

    /// <summary>The baseline: the full network, plain cross entropy.</summary>
    [JsonIgnore]
    public Recipe FineTune => Scaled("fine-tune");

    /// <summary>Adversarial training of the full network.</summary>
    [JsonIgnore]
    public Recipe Adversarial
    {
        get
        {
            var recipe = Scaled("freelb");
            return recipe with { Retrain = recipe.Retrain with { Objective = Adversary } };
        }
    }

    /// <summary>The method: robust early-bird ticket.</summary>
    [JsonIgnore]
    public Recipe EarlyRobust => Searched("early-robust");

    /// <summary>Ours: the same search, retrained with online substitution and FreeLB.</summary>
    [JsonIgnore]
    public Recipe HardenedTicket
    {
        get
        {
            var recipe = Searched("hardened-ticket");
            var augment = recipe.Retrain.Augment!;
            return recipe with
            {
                Retrain = recipe.Retrain with
                {
                    Objective = Adversary with { Steps = 2 },
                    // WordNet does not cover the demo's vocabulary.
                    Augment = augment with
                    {
                        NeighbourRate = augment.NeighbourRate + augment.WordnetRate,
                        WordnetRate = 0,
                        Neighbours = Neighbours,
                        HeldOutShare = HeldOutShare,
                    },
                },
            };
        }
    }

    private static FreeLbOptions Adversary { get; } = new(Steps: 3, StepSize: 0.1, InitMagnitude: 0.1);

    private Recipe Searched(string name)
    {
        var recipe = Scaled(name);
        var search = (SlimmingSearchOptions)RecipePresets.Get("early-robust", "sst2").Search!;
        return recipe with
        {
            Search = search with
            {
                Objective = Adversary,
                Optimizer = search.Optimizer with { LearningRate = Rate },
                Slimming = new SlimmingOptions(HeadPenalty: 1e-4, NeuronPenalty: 3e-4),
            },
            Draw = new DrawOptions(HeadRatio: 1.0 / 6, NeuronRatio: 0.3),
        };
    }

    private Recipe Scaled(string name)
    {
        var recipe = RecipePresets.Get(name, "sst2");
        return recipe with
        {
            Task = Task,
            Source = Why,
            Seed = Seed,
            MaxLength = MaxLength,
            BatchSize = BatchSize,
            Retrain = recipe.Retrain with
            {
                Epochs = Epochs,
                Optimizer = recipe.Retrain.Optimizer with { LearningRate = Rate },
            },
        };
    }
}
