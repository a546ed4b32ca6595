// A task that trains in a second: a two-layer BERT over sixty words, two hundred sentences in the
// layout of SST-2, and recipes with a high learning rate.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Tests.Resume;

/// <summary>Model, data and recipes in a temporary folder.</summary>
internal sealed class TinyTask : IDisposable
{
    public const int Hidden = 32,
        Layers = 2,
        Heads = 4,
        Neurons = 64,
        Positions = 48;

    /// <summary>
    /// Examples of the training file, and steps of an epoch with <see cref="BatchSize"/>.
    /// </summary>
    public const int TrainExamples = 200,
        BatchSize = 32,
        StepsPerEpoch = 7;

    public static readonly string[] Good = ["good", "warm", "moving", "bright", "clever", "funny", "tender", "rich"];
    public static readonly string[] Bad = ["bad", "cold", "dull", "grey", "stupid", "sad", "harsh", "poor"];

    private static readonly string[] Others =
    [
        "a",
        "the",
        "film",
        "story",
        "plot",
        "cast",
        "scene",
        "end",
        "and",
        "but",
        "very",
        "so",
        "is",
        "was",
        "feels",
        "seems",
        "with",
        "of",
        "this",
        "that",
        "it",
        "at",
        "first",
        "last",
        "one",
        "two",
        "old",
        "new",
        "big",
        "small",
        "long",
        "short",
        "here",
        "there",
        "##ly",
        "##s",
        ".",
        ",",
    ];

    private readonly List<string> _made = [];

    /// <param name="onDisk">Whether the folder must lie on a disk. In memory, the dozens of
    /// checkpoints of a test need not wait for it.</param>
    public TinyTask(bool onDisk = false)
    {
        var memory = Path.Combine("/dev/shm", $"tiny-task-{Guid.NewGuid():N}");
        Root =
            onDisk || !Directory.Exists("/dev/shm")
                ? Directory.CreateTempSubdirectory("tiny task").FullName
                : Directory.CreateDirectory(memory).FullName;
        Model = Below("tiny-bert");
        Data = Directory.CreateDirectory(Below("SST-2")).FullName;
        WriteModel(Model);
        File.WriteAllText(TrainFile, Sentences(TrainExamples, 1));
        File.WriteAllText(DevFile, Sentences(40, 2));
    }

    /// <summary>
    /// A published recipe with batches and lengths that fit the task, evaluated at its end alone.
    /// </summary>
    public static Recipe Fitted(string name) =>
        RecipePresets.Get(name, "sst2") with
        {
            MaxLength = 24,
            BatchSize = BatchSize,
            Seed = 7,
            Evaluate = new EvaluateStage(),
        };

    /// <summary>FreeLB with two passes; other objectives as they are.</summary>
    public static ObjectiveOptions Shorter(ObjectiveOptions objective) =>
        objective is FreeLbOptions freeLb ? freeLb with { Steps = 2 } : objective;

    public static IReadOnlyList<string> Words { get; } =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Good, .. Bad, .. Others];

    public string Root { get; }

    public string Model { get; }

    public string Data { get; }

    public string TrainFile => Path.Combine(Data, "train.tsv");

    public string DevFile => Path.Combine(Data, "dev.tsv");

    /// <summary>The configuration of the model.</summary>
    public static HuggingFaceConfig Config { get; } =
        new()
        {
            VocabSize = Words.Count,
            HiddenSize = Hidden,
            NumHiddenLayers = Layers,
            NumAttentionHeads = Heads,
            IntermediateSize = Neurons,
            MaxPositionEmbeddings = Positions,
            Architectures = ["BertModel"],
        };

    public static WordPieceTokenizer Tokenizer { get; } =
        new(new Vocabulary(Words), new TokenizerOptions(ModelMaxLength: Positions));

    /// <summary>Search by FreeLB until the masks settle, retraining on the ticket.</summary>
    public static Recipe SearchRecipe { get; } =
        new(
            "tiny-ticket",
            "sst2",
            "a test",
            MaxLength: 24,
            BatchSize,
            Seed: 7,
            DevFraction: 0.1,
            new SlimmingSearchOptions(
                new FreeLbOptions(Steps: 2, StepSize: 0.05, InitMagnitude: 0.05),
                new SlimmingOptions(1e-4, 1e-4),
                new OptimizerOptions(3e-3, WeightDecay: 0.01, WarmupFraction: 0.1),
                new ConsecutiveStop(Gamma: 0.02, Times: 3),
                HorizonEpochs: 2,
                AllowShort: true
            ),
            new DrawOptions(0.25, 0.4),
            new RetrainStage(new CleanOptions(), new OptimizerOptions(3e-3), Epochs: 1.4),
            new EvaluateStage(),
            new SplitOptions(DevelopmentRule.AuthorsCode)
        );

    /// <summary>Fine-tuning alone.</summary>
    public static Recipe FineTuneRecipe { get; } =
        SearchRecipe with
        {
            Name = "tiny-fine-tune",
            Search = null,
            Draw = null,
        };

    /// <summary>Fine-tuning long enough to learn the task.</summary>
    public static Recipe LearningRecipe { get; } =
        FineTuneRecipe with
        {
            Name = "tiny-learning",
            BatchSize = 16,
            Retrain = new RetrainStage(new CleanOptions(), new OptimizerOptions(3e-3), Epochs: 7),
        };

    public string Below(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A path for a run that does not exist yet.</summary>
    public string NewRun(string name = "run")
    {
        _made.Add(name);
        return Below("runs", $"{name}-{_made.Count.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>
    /// A request of one thread that keeps its checkpoints for comparison: on a busy machine two
    /// threads of so small a model wait for each
    /// other.
    /// </summary>
    public TrainRequest Request(Recipe recipe, string run, bool resume = false, int every = 4, int threads = 1) =>
        new(
            recipe,
            Model,
            Data,
            run,
            Resume: resume,
            Execution: new Execution(Threads: threads),
            CheckpointEverySteps: every,
            KeepCheckpoints: true
        );

    /// <summary>Writes a recipe and gives the arguments of <c>train</c>.</summary>
    public string[] Arguments(Recipe recipe, string run, int every = 4, params string[] more)
    {
        var file = Below($"{recipe.Name}.json");
        File.WriteAllText(file, RecipeJson.Write(recipe));
        return
        [
            "train",
            "--recipe",
            file,
            "--model",
            Model,
            "--data",
            Data,
            "--task",
            "sst2",
            "--out",
            run,
            "--threads",
            "1",
            "--checkpoint-every",
            every.ToString(CultureInfo.InvariantCulture),
            "--keep-checkpoints",
            .. more,
        ];
    }

    /// <summary>
    /// A GLUE SST-2 file whose labels follow from the words, with a few rows that say the opposite.
    /// </summary>
    public static string Sentences(int rows, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder("sentence\tlabel\n");
        for (var i = 0; i < rows; i++)
        {
            var label = random.Next(2);
            text.Append(
                CultureInfo.InvariantCulture,
                $"{Sentence(random, label)}\t{(random.Next(20) == 0 ? 1 - label : label)}\n"
            );
        }
        return text.ToString();
    }

    /// <summary>3 to 18 words, one to three of them telling.</summary>
    public static string Sentence(Random random, int label)
    {
        var words = Enumerable
            .Range(0, random.Next(2, 16))
            .Select(_ => Others[random.Next(Others.Length - 4)])
            .ToList();
        for (var k = random.Next(1, 4); k > 0; k--)
            words.Insert(random.Next(words.Count + 1), (label == 1 ? Good : Bad)[random.Next(8)]);
        return string.Join(' ', words) + " .";
    }

    /// <summary>
    /// A pre-trained folder: random weights, far enough from zero that a few steps learn something.
    /// </summary>
    /// <param name="folder">Where to; replaced.</param>
    /// <param name="shape">Another shape; null for <see cref="Config"/>.</param>
    public static void WriteModel(string folder, HuggingFaceConfig? shape = null)
    {
        shape ??= Config;
        var config = BertFiles.ConfigOf(shape, 2) with { InitializerRange = 0.15 };
        using (
            var store = BertFiles.Fresh(
                BertShapes.OfEncoder(config).Concat(BertShapes.OfPooler(config)),
                config,
                RandomKey.FromSeed(3)
            )
        )
        {
            HuggingFaceFolderWriter.WriteStreamed(
                folder,
                shape,
                store.Names.Select(n => BertFiles.Stream(n, store[n])),
                replace: true
            );
        }
        Tokenizer.SaveTo(folder);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
