// Turns the request of an attack into a job: options and resources are checked, then the victim is
// loaded, and the examples are picked.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Models;
using RobustTickets.Pipeline.Attacks;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Runs requests of attacks.</summary>
internal static class AttackRun
{
    /// <inheritdoc cref="AttackRequest.Run"/>
    public static AttackReport Run(AttackRequest request, IProgress<AttackProgress>? progress, CancellationToken stop)
    {
        request.Sample?.Check();
        request.Engine?.Check();
        var model = new NamedModel(request.Model);
        var target = request.OutputFor(model);
        RequireOwnFolder(target, request.FolderName);
        AugmentedData.RequireName(request.AugmentFile);
        if (request.Shard is { } shard)
        {
            RequireParts(request);
            target = Path.Combine(target, shard.Folder);
        }
        AugmentedData.RequirePlace(request.AugmentFile, target);
        using var victim = LoadedVictim.Load(
            model,
            request.Recipe,
            request.MaxLength,
            request.Execution ?? new Execution(),
            request.Loader
        );
        foreach (var note in victim.Notes)
            progress.Note($"note: {note}");
        var classifier = victim.Classifier;
        var rows = MeasuredRows.Load(
            model,
            request.Data,
            request.Task,
            request.DataOptions,
            request.Split,
            classifier.Labels,
            stop
        );
        var split = rows.Split;
        PairRoom.Require(split.Examples.Select(e => e.Text), classifier.MaxLength);
        var picked = Pick(request, rows, progress);
        if (UnknownPieces.Of(classifier, picked.Select(e => e.Text)).Note(classifier.Name) is { } unknown)
            progress.Note($"note: {unknown}");
        var weights = NamedModel.Hash(model.Path);
        var job = new AttackJob(
            victim.Attack,
            classifier,
            model.Name,
            picked,
            target,
            Facts(request, weights, classifier, rows, picked.Count, request.Recipe.EncoderFolder(victim.Models)),
            request.Engine,
            request.CsvCells,
            Environment(request, classifier, model, weights),
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
        CalibrationRows HeldOut() => CalibrationRows.Of(model, request, split, picked, classifier.Labels, stop);
        var report = request.Temperature is { } temperature
            ? new TemperedAttack(job, temperature, HeldOut, progress).Run(stop)
            : job.Run(progress, stop);
        if (request.AugmentFile is { } file)
        {
            var made = AugmentedData.Write(
                file,
                split.Examples,
                report.Outcomes,
                split.Labels.Names,
                victim.Attack.Name
            );
            progress.Note($"{split.Examples.Count} examples and {made} adversarial ones in {file}");
        }
        return report;
    }

    private static IReadOnlyList<Example> Pick(
        AttackRequest request,
        MeasuredRows rows,
        IProgress<AttackProgress>? progress
    )
    {
        var split = rows.Split;
        progress.Note(split.Summary());
        foreach (var note in split.Notes)
            progress.Note($"note: {note}");
        progress.Note(rows.ToString());
        if (request.AugmentFile is not null && rows.Kind == RowKind.HeldOut)
            progress.Note("note: the texts to augment are held-out rows; use split train to augment training rows");
        var sample = request.Sample ?? new AttackSample();
        var picked = sample.Pick(split.Examples, rows.LeftOut);
        if (
            sample is { Rule: SampleRule.FirstN, IdFile: null }
            && picked.Count < split.Examples.Count
            && Splits.ClassGroupedWarning(split) is { } warning
        )
            progress.Note($"warning: {warning}; a stratified sample keeps the class proportions of the file");
        var classes = split.Labels.Names.Select((name, i) => $"{name} {picked.Count(e => e.Label == i)}");
        progress.Note($"attacking {picked.Count} examples: {string.Join(", ", classes)}");
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
        AttackJob.RequireNoSharedStream(request.Recipe.Options.RandomPlan);
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

    private static Dictionary<string, string> Environment(
        AttackRequest request,
        ITextClassifier classifier,
        NamedModel model,
        string weights
    )
    {
        // Other victims do not use libtorch.
        var facts = classifier is Classifier ? ComputeFacts.Of(request.Execution ?? new Execution()) : [];
        facts[EnvironmentFacts.Model] = Path.GetFullPath(model.Path);
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
        progress.Note($"measuring the accuracy on all {split.Examples.Count} examples");
        return 100 * ClassifierSource.Evaluate(classifier, split.Examples, stop).Accuracy;
    }
}
