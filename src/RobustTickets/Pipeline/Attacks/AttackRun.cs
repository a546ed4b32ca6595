// Runs an attack into a folder; the same request resumes a killed attack. Options, resources and
// data are validated before the victim is loaded.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline.Attacks;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Runs attacks into folders.</summary>
internal static class AttackRun
{
    /// <inheritdoc cref="AttackRequest.Run"/>
    public static AttackReport Run(AttackRequest request, IProgress<AttackProgress>? progress, CancellationToken stop)
    {
        request.Sample?.Check();
        request.Engine?.Check();
        var victim = new NamedModel(request.Model);
        var target = request.OutputFor(victim);
        RequireOwnFolder(target, request.FolderName);
        AugmentedData.RequireName(request.AugmentFile);
        if (request.Shard is { } shard)
        {
            RequireParts(request);
            target = Path.Combine(target, shard.Folder);
        }
        var length = request.MaxLength.For(victim);
        using var models = new AttackModels(victim.BaseModel, request.Loader);
        var attack = request.Recipe.Build(models);
        using var classifier = ClassifierSource.Load(
            victim.Path,
            request.Execution ?? new Execution(),
            length,
            request.Loader
        );
        foreach (var note in classifier.Notes)
            Note(progress, $"note: {note}");
        if (ClassifierSource.LengthNote(length, classifier) is { } cut)
            Note(progress, $"note: {cut}");
        var rows = MeasuredRows.Load(
            victim,
            request.Data,
            request.Task,
            request.DataOptions,
            request.Split,
            classifier.Labels,
            stop
        );
        var split = rows.Split;
        var picked = Pick(request, rows, progress);
        var weights = NamedModel.Hash(victim.Path);
        var job = new AttackJob(
            attack,
            classifier,
            victim.Name,
            picked,
            target,
            Facts(request, weights, classifier, rows, picked.Count, request.Recipe.EncoderFolder(models)),
            request.Engine,
            request.CsvCells,
            Environment(request, classifier, victim, weights),
            request.Shard
        )
        {
            Claim = request.Claim,
            // With shards, only the first measures it.
            WholeSplitClean =
                request.FullSplitAccuracy && request.Shard is null or { Index: 1 }
                    ? () => WholeSplit(classifier, split, progress, stop)
                    : null,
        };
        CalibrationRows HeldOut() => CalibrationRows.Of(victim, request, split, picked, classifier.Labels, stop);
        var report = request.Temperature is { } temperature
            ? new TemperedAttack(job, temperature, HeldOut, progress).Run(stop)
            : Run(job, progress, stop);
        if (request.AugmentFile is { } file)
        {
            var made = AugmentedData.Write(file, split.Examples, report.Outcomes, split.Labels.Names, attack.Name);
            Note(progress, $"{split.Examples.Count} examples and {made} adversarial ones in {file}");
        }
        return report;
    }

    /// <inheritdoc cref="AttackJob.Run"/>
    public static AttackReport Run(AttackJob job, IProgress<AttackProgress>? progress, CancellationToken stop)
    {
        job.Engine?.Check();
        if (job.Shard is not null)
            RequireNoSharedStream(job.Attack.Randomness);
        using var log = AttackLog.Open(
            job.Folder,
            AttackSettings.Of(job.Attack, job.VictimName, job.RunSettings),
            job.Inputs,
            job.CsvCells,
            job.Shard,
            job.Claim,
            ordered: job.Attack.Randomness.SharesStream
        );
        job = job with { Inputs = job.Shard?.Of(job.Inputs) ?? job.Inputs };
        if (job.Shard is not null)
            Note(progress, $"{job.Shard}: {job.Inputs.Count} examples");
        if (log.Done > 0)
            Note(progress, $"continuing in {job.Folder}: {log.Done} of {job.Inputs.Count} examples are done");
        // If nothing is left to do, the existing stamp is kept.
        var stamp =
            log.Remaining.Count > 0 || !File.Exists(Path.Combine(job.Folder, AttackStamp.File))
                ? AttackStamp.Begin(job.Folder, job.Facts, resumes: log.Done > 0)
                : null;
        // The log orders outcomes; the engine delivers them unordered so that a slow example does
        // not delay saving others.
        var options = job.Engine ?? new AttackEngineOptions();
        var engine = new AttackEngine(job.Attack, job.Victim, options with { InOrder = false });
        try
        {
            Drain(job, engine, log, stamp, progress, stop).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            stamp?.Save();
            Note(
                progress,
                $"{log.Done} of {job.Inputs.Count} examples are done; rerun the same attack to continue in {job.Folder}"
            );
            throw;
        }
        progress?.Report(new AttackCost(engine.Statistics));
        var summary = log.Complete(job.WholeSplitClean?.Invoke());
        stamp?.Save();
        return new AttackReport(summary, log.Outcomes, job.Folder);
    }

    /// <summary>Runs an attack on a background thread.</summary>
    internal static Task<AttackReport> Beside(Func<AttackReport> run, CancellationToken stop) =>
        Task.Factory.StartNew(run, stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task Drain(
        AttackJob job,
        AttackEngine engine,
        AttackLog log,
        AttackStamp? stamp,
        IProgress<AttackProgress>? progress,
        CancellationToken stop
    )
    {
        var watch = Stopwatch.StartNew();
        var counts = log.All.GroupBy(o => o.Result).ToDictionary(g => g.Key, g => g.Count());
        int Count(AttackResult result) => counts.GetValueOrDefault(result);
        // With one random stream through all examples, each depends on the ones before: finished
        // examples are repeated to reach the same point in the stream.
        var remaining = log.Remaining;
        var todo = job.Attack.Randomness.SharesStream && remaining.Count > 0 ? job.Inputs : remaining;
        var wanted = remaining.Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
        var ended = 0;
        await foreach (var outcome in engine.RunAsync(todo, stop).ConfigureAwait(false))
        {
            ended++;
            if (!wanted.Contains(outcome.Id))
                continue;
            log.Write(outcome);
            stamp?.Tick();
            counts[outcome.Result] = Count(outcome.Result) + 1;
            var (done, total) = (log.Done, job.Inputs.Count);
            var seconds = watch.Elapsed.TotalSeconds;
            progress?.Report(
                new AttackStep(
                    done,
                    total,
                    Count(AttackResult.Success),
                    Count(AttackResult.Failed),
                    Count(AttackResult.Skipped),
                    Count(AttackResult.Error),
                    engine.Statistics.Queries / Math.Max(seconds, 1e-3),
                    seconds > 5 ? TimeSpan.FromSeconds(seconds / ended * (todo.Count - ended)) : null
                )
            );
        }
    }

    private static IReadOnlyList<Example> Pick(
        AttackRequest request,
        MeasuredRows rows,
        IProgress<AttackProgress>? progress
    )
    {
        var split = rows.Split;
        Note(progress, split.Summary());
        foreach (var note in split.Notes)
            Note(progress, $"note: {note}");
        Note(progress, rows.ToString());
        if (request.AugmentFile is not null && rows.Kind == RowKind.HeldOut)
            Note(progress, "note: the texts to augment are held-out rows; use split train to augment training rows");
        var sample = request.Sample ?? new AttackSample();
        var picked = sample.Pick(split.Examples, rows.LeftOut);
        if (
            sample is { Rule: SampleRule.FirstN, IdFile: null }
            && picked.Count < split.Examples.Count
            && Splits.ClassGroupedWarning(split) is { } warning
        )
            Note(progress, $"warning: {warning}; a stratified sample keeps the class proportions of the file");
        var classes = split.Labels.Names.Select((name, i) => $"{name} {picked.Count(e => e.Label == i)}");
        Note(progress, $"attacking {picked.Count} examples: {string.Join(", ", classes)}");
        return picked;
    }

    /// <summary>Throws if the folder is a run.</summary>
    /// <exception cref="RequestException">The folder is a run.</exception>
    internal static void RequireOwnFolder(string target, string name)
    {
        if (RunFolder.IsRun(target))
            throw new RequestException(
                nameof(AttackRequest.Output),
                target,
                "is a run folder, whose files the attack would overwrite; name a separate folder, such as "
                    + RunFolder.At(target).AttackFolder(name)
            );
    }

    // Options that need all examples are not available for a shard.
    private static void RequireParts(AttackRequest request)
    {
        RequireNoSharedStream(request.Recipe.Options.RandomPlan);
        if (request.Temperature is { IsSeveral: true })
            throw new RequestException(
                nameof(AttackRequest.Temperature),
                null,
                "only one is possible for a shard: the lowest Aua of several is known only after all examples"
            );
        if (request.AugmentFile is not null)
            throw new RequestException(
                nameof(AttackRequest.AugmentFile),
                request.AugmentFile,
                "needs the outcomes of all examples; leave the shard out"
            );
    }

    private static void RequireNoSharedStream(RandomPlan plan)
    {
        if (plan.SharesStream)
            throw new RequestException(
                nameof(AttackRequest.Shard),
                null,
                "cannot be combined with one random stream over all examples: each outcome depends on the "
                    + "previous ones"
            );
    }

    private static Dictionary<string, string> Environment(
        AttackRequest request,
        ITextClassifier classifier,
        NamedModel victim,
        string weights
    )
    {
        // Other victims do not use libtorch.
        var facts = classifier is Classifier ? ComputeFacts.Of(request.Execution ?? new Execution()) : [];
        facts[EnvironmentFacts.Model] = Path.GetFullPath(victim.Path);
        facts[EnvironmentFacts.ModelHash] = weights;
        return facts;
    }

    private static List<RecipeLine> Facts(
        AttackRequest request,
        string weights,
        ITextClassifier classifier,
        MeasuredRows rows,
        int picked,
        string? encoder
    )
    {
        var (task, split) = (TaskCatalog.Find(request.Task).Name, rows.Split);
        var rule = (request.Sample ?? new AttackSample()).Describe(picked, split.Examples.Count);
        List<RecipeLine> facts =
        [
            new("data", $"{task} {split.Name}, sha256 {split.Sha256}", Path.GetFileName(split.Source)),
            new(
                "rows",
                $"{MeasuredRows.NameOf(rows.Kind)}: {split.Examples.Count} of {rows.OfRows}, {rows.Name}",
                rows.Description
            ),
            new("sample", rule, $"of {split.Examples.Count}; ids in ids.txt"),
            new(
                "victim length",
                $"{classifier.MaxLength} word pieces, special tokens included",
                request.MaxLength.Source
            ),
            new("victim mode", "evaluation (no dropout)", "always"),
            new("victim weights", $"sha256 {weights}", "configuration, tokenizer and weight files"),
        ];
        if (encoder is not null)
        {
            var name = Path.GetFileName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(encoder)));
            facts.Add(new("sentence encoder", $"sha256 {NamedModel.Hash(encoder)}", name));
        }
        return facts;
    }

    private static double WholeSplit(
        ITextClassifier classifier,
        Split split,
        IProgress<AttackProgress>? progress,
        CancellationToken stop
    )
    {
        Note(progress, $"measuring the accuracy on all {split.Examples.Count} examples");
        return 100 * ClassifierSource.Evaluate(classifier, split.Examples, stop).Accuracy;
    }

    private static void Note(IProgress<AttackProgress>? progress, string text) =>
        progress?.Report(new AttackNote(text));
}
