// Everything the stages of one run share: request, tokenised data, run folder. Opening a session
// performs all checks that are possible before training.
using System.Security.Cryptography;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Augmentation;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Pipeline.Data;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>What the stages of one run share: request, data, run folder.</summary>
internal sealed class RunSession : IDisposable
{
    private readonly IReadOnlyList<int>? _classifierRows;

    private RunSession(TrainRequest request, RunInputs inputs, RunStore store)
    {
        _classifierRows = inputs.Order.Rows;
        (Request, Store) = (request, store);
        var (data, tokenizer, substitutes) = (inputs.Data, inputs.Tokenizer, inputs.Substitutes);
        (Data, Tokenizer, Substitutes, Teacher) = (data, tokenizer, substitutes, inputs.Teacher);
        Stages = new StageContext(store, data.Train.Examples, Recipe.BatchSize, RandomKey.FromSeed(Recipe.Seed))
        {
            EvaluateEpoch = Recipe.Evaluate.EveryEpoch ? EvaluateEpoch : null,
            AttackEpoch = Recipe.Evaluate.EpochAttack is null ? null : stage => EpochAttacks.Run(this, stage),
            Augmentation = substitutes is null
                ? null
                : options => new TextAugmentation(options, data.TrainTexts, substitutes, tokenizer, Recipe.MaxLength),
            Hulls = substitutes is null
                ? null
                : options =>
                    HullTables.Build(
                        options,
                        data.TrainTexts,
                        substitutes.Neighbours!,
                        substitutes.StopWords,
                        tokenizer
                    ),
            Teacher = inputs.Teacher is { } teacher ? options => teacher.Load(options, this) : null,
        };
    }

    internal TrainRequest Request { get; }

    internal Recipe Recipe => Request.Recipe;

    internal RunData Data { get; }

    internal WordPieceTokenizer Tokenizer { get; }

    /// <summary>Tables of substitute words for augmentation, or null.</summary>
    internal SubstituteSources? Substitutes { get; }

    /// <summary>The teacher of distillation, or null.</summary>
    internal TeacherFolder? Teacher { get; }

    /// <summary>Log, checkpoints and finished stages.</summary>
    internal RunStore Store { get; }

    /// <summary>The ranks of a distributed run.</summary>
    internal Ranks Ranks => Store.Ranks;

    /// <summary>Services shared by the stages.</summary>
    internal StageContext Stages { get; }

    internal RunFolder Folder => Store.Folder;

    /// <summary>
    /// Identity of the search, by which other runs find it (<see cref="KnownSearches"/>), or null.
    /// </summary>
    internal string? SearchIdentity { get; private init; }

    internal CancellationToken Stop => Store.Stop;

    /// <summary>Heads per layer before pruning.</summary>
    internal int HeadsPerLayer { get; private init; }

    internal Execution Execution => Request.Execution;

    /// <summary>
    /// Random key of the fresh classifier. It is part of checkpoint-0, hence the same for search,
    /// ticket and control.
    /// </summary>
    internal RandomKey HeadKey => RandomKey.FromSeed(Recipe.Seed).Derive(RandomStreams.Run.Head);

    internal static RunSession Open(
        TrainRequest request,
        IProgress<RunEvent>? progress,
        CancellationToken stop,
        Ranks ranks
    )
    {
        // Lock before anything is touched: the run may be running. A new run's folder does not
        // exist yet.
        var hold = request.Resume && ranks.IsFirst ? RunFolder.Open(request.Output).Hold(request.Claim) : null;
        try
        {
            return Open(request, progress, stop, ranks, ref hold);
        }
        catch
        {
            hold?.Dispose();
            throw;
        }
    }

    private static RunSession Open(
        TrainRequest request,
        IProgress<RunEvent>? progress,
        CancellationToken stop,
        Ranks ranks,
        ref WriterLock? hold
    )
    {
        using var inputs = RunInputs.Open(request, stop);
        var (files, data) = (inputs.Files, inputs.Data);
        EpochAttacks.Require(request, data);
        var recipeText = RecipeJson.Write(request.Recipe);
        var folder = ranks.IsFirst ? Begin(request, recipeText, Parts(data), ref hold) : RunFolder.At(request.Output);
        var identity = new RunIdentity(
            Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(recipeText))),
            data.Hash,
            InputFingerprint.Of(
                data,
                files.Weights,
                inputs.Order.Rows,
                out var dataAndWeights,
                inputs.Ticket,
                request.EpochAttack?.Identity,
                inputs.Substitutes?.Identity,
                inputs.Teacher?.Hash
            )
        );
        ranks.RequireSame("recipe, data and model", $"{identity.RecipeHash} {identity.InputFingerprint}");
        var store = new RunStore(
            folder,
            hold,
            identity,
            request.CheckpointEverySteps,
            request.Metrics,
            progress,
            stop,
            ranks
        );
        foreach (var note in files.Notes)
            store.Report(new Note("model", 0, note));
        foreach (var note in inputs.Notes(request.Recipe))
            store.Report(new Note("data", 0, note));
        if (ranks.AreSeveral)
            foreach (var note in RankRequest.Notes(request.Recipe, ranks.Size))
                store.Report(new Note("run", 0, note));
        return new RunSession(request, inputs, store)
        {
            HeadsPerLayer = files.Config.NumAttentionHeads,
            SearchIdentity = KnownSearches.Identity(request, inputs, dataAndWeights),
        };
    }

    /// <summary>Locks the run folder and writes recipe and splits.</summary>
    private static RunFolder Begin(TrainRequest request, string recipeText, RunSplits parts, ref WriterLock? hold)
    {
        var folder = request.Resume ? RunFolder.Open(request.Output) : RunFolder.Create(request.Output);
        if (hold is null)
        {
            hold = folder.Hold(request.Claim);
            // Another process may have written here between the first check and the lock.
            folder = RunFolder.Create(request.Output);
        }
        if (request.Resume)
        {
            if (File.Exists(folder.RecipeFile) && File.ReadAllText(folder.RecipeFile) != recipeText)
                throw OtherRecipe(folder);
            AtomicFolder.Recover(folder.Path);
            WholeFile.RemoveLeftovers(folder.Path);
        }
        // A resumed run may have been killed before it wrote these; files that exist are kept.
        if (!File.Exists(folder.RecipeFile))
            AtomicFile.WriteAllText(folder.RecipeFile, recipeText);
        if (!File.Exists(folder.SplitsFile))
            parts.Save(folder.SplitsFile);
        return folder;
    }

    private static RunSplits Parts(RunData data) =>
        new(
            new SplitPart("train", data.Train.Examples.Count, data.Ids.Train, data.Rows.Train.Sha256),
            new SplitPart(
                data.DevelopmentName,
                data.Development.Examples.Count,
                data.Ids.Development,
                data.Rows.Development.Sha256
            ),
            new SplitPart(
                data.EvaluationName,
                data.Evaluation.Examples.Count,
                data.Ids.Evaluation,
                data.Rows.Evaluation.Sha256
            )
        );

    internal static RecipeException OtherRecipe(RunFolder folder) =>
        new(
            $"{folder.Path} was started with another recipe (see recipe.json there); resume with that one or "
                + "choose another output folder"
        );

    /// <summary>
    /// A model at checkpoint-0: the pre-trained encoder and the seeded classifier.
    /// </summary>
    internal BertForSequenceClassification Checkpoint0() => Checkpoint0(Execution);

    /// <summary>Inputs of the recipe's search and the folder of its ticket.</summary>
    internal SearchContext Search() =>
        new(
            Stages,
            Execution,
            Checkpoint0,
            Folder.TicketFolder,
            new TicketProvenance(
                Path.GetFileName(Path.TrimEndingDirectorySeparator(Request.Model)),
                Recipe.Seed,
                Store.Identity.RecipeHash,
                Store.Identity.InputFingerprint
            ),
            HeadsPerLayer
        );

    public void Dispose() => Store.Dispose();

    private BertForSequenceClassification Checkpoint0(Execution execution) =>
        BertFiles.LoadClassifier(Request.Model, Data.Labels.Count, HeadKey, execution, _classifierRows);

    private double EvaluateEpoch(StageRun stage)
    {
        EvaluationResult result;
        try
        {
            result = Evaluator.Evaluate(stage.Model, Data.Development.Examples);
        }
        catch (NumericFailureException e)
        {
            RunStore.RequireFinite(stage);
            throw new NumericFailureException($"{stage.Name}, step {stage.Tally.Steps}: {e.Message}");
        }
        var (step, epoch) = (stage.Tally.Steps, stage.Tally.Epochs);
        var (split, count) = (Data.DevelopmentName, result.Examples);
        Store.Append(new EvaluationEntry(stage.Name, step, epoch, split, result.Accuracy, result.Loss, count));
        Store.Report(new EpochEvaluated(stage.Name, step, epoch, split, count, result.Accuracy, result.Loss));
        return result.Accuracy;
    }
}
