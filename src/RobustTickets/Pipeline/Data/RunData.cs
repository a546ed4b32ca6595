// The examples of a run (docs/methods/data.md, Which splits a run uses) for training, development
// and test. The reported split is not used before the end, unless the recipe requests the released
// scripts' rule.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Runs;
using RobustTickets.Training;

namespace RobustTickets.Pipeline.Data;

/// <summary>The data of a run, tokenised once.</summary>
/// <param name="Train">Training examples.</param>
/// <param name="Development">Examples evaluated during training; the same object as
/// <paramref name="Evaluation"/> if there is no other split.</param>
/// <param name="DevelopmentName">Source of the development examples.</param>
/// <param name="Evaluation">Examples of the reported accuracy.</param>
/// <param name="EvaluationName">Name of the reported split: test, dev, or a part held out of
/// train.</param>
/// <param name="Labels">Class names in order.</param>
/// <param name="Hash">Hash of the data, checked on resumption.</param>
/// <param name="Notes">Notes for the user: splits used, label map, class-grouped files.</param>
/// <param name="Ids">Ids of the examples of each part that is not a whole file.</param>
/// <param name="DevelopmentTexts">The development examples as texts, in the order of
/// <paramref name="Development"/>; empty if they are the reported ones, which must not be attacked
/// during training.</param>
/// <param name="EvaluationTexts">The reported examples as texts, in the order of
/// <paramref name="Evaluation"/>.</param>
internal sealed record RunData(
    EncodedSplit Train,
    EncodedSplit Development,
    string DevelopmentName,
    EncodedSplit Evaluation,
    string EvaluationName,
    IReadOnlyList<string> Labels,
    string Hash,
    IReadOnlyList<string> Notes,
    SplitIds Ids,
    IReadOnlyList<Example> DevelopmentTexts,
    IReadOnlyList<Example> EvaluationTexts
)
{
    /// <summary>The parts as rows of files, for later evaluation of the model.</summary>
    public required TrainingRows Rows { get; init; }

    /// <summary>
    /// The training examples as texts, in the order of <see cref="Train"/>.
    /// </summary>
    public required IReadOnlyList<Example> TrainTexts { get; init; }

    /// <summary>
    /// Reads the training split and the reported split (the labelled test split if there is one,
    /// otherwise the development split, otherwise the held-out part), and holds out a development
    /// part by <see cref="Recipe.Split"/>. Data in the request's cache are not read again.
    /// </summary>
    /// <param name="request">A request with a validated recipe.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">A file is missing or malformed, or labels do not
    /// match.</exception>
    public static RunData Load(TrainRequest request, WordPieceTokenizer tokenizer, CancellationToken stop = default) =>
        request.Cache is { } cache
            ? cache.Get(request, () => Read(request, tokenizer, stop))
            : Read(request, tokenizer, stop);

    private static RunData Read(TrainRequest request, WordPieceTokenizer tokenizer, CancellationToken stop)
    {
        var (recipe, split) = (request.Recipe, request.Recipe.Split);
        var notes = new List<string>();
        var train = DataSet.Load(request.Data, recipe.Task, "train", request.DataOptions, stop);
        notes.Add(train.Summary());
        notes.AddRange(train.Notes);
        if (Splits.ClassGroupedWarning(train) is { } warning)
            notes.Add(
                $"{warning}. Training shuffles here; the released scripts read such a file in order during the "
                    + "search and attack its first examples"
            );
        var seed = (ulong)split.Seed;
        var examples = split.TrainExamples is { } wanted
            ? Splits.Stratified(train.Examples, wanted, seed)
            : train.Examples;
        var sampled = examples.Count < train.Examples.Count;
        if (sampled)
            notes.Add(
                $"a sample of {examples.Count} of the {train.Examples.Count} training examples is used, seed "
                    + $"{split.Seed}"
            );

        var options = (request.DataOptions ?? new DataOptions()) with { Labels = train.Labels };
        var reported = Published(request, options, notes, stop);
        var own =
            reported is { Name: "test" }
            && split.Dev == DevelopmentRule.HeldOut
            && HoldsLabelled(request, "dev", options, notes, stop)
                ? DataSet.Load(request.Data, recipe.Task, "dev", options, stop)
                : null;
        if (own is not null)
            notes.Add(own.Summary());
        HeldOutSplit? carved = null;
        if (reported is null || (own is null && split.Dev == DevelopmentRule.HeldOut))
        {
            carved = Splits.HoldOutDev(examples, recipe.DevFraction, seed);
            notes.Add(
                $"{carved.Dev.Count} of {examples.Count} training examples are held out for development, seed "
                    + $"{split.Seed}"
            );
        }

        if (reported is not null)
            reported = Unseen(reported, carved?.Train ?? examples, notes);
        if (own is not null)
            own = Unseen(own, examples, notes);
        var evaluated = reported?.Examples;
        if (evaluated is not null && split.EvaluationExamples is { } most)
            evaluated = Splits.Stratified(evaluated, most, seed);
        var part = evaluated is not null && evaluated.Count < reported!.Examples.Count;
        var heldOut = carved is null ? null : PartName.Carved(carved.Dev.Count, examples.Count, split.Seed);
        var kept = carved?.Train ?? examples;
        var development = own?.Examples ?? carved?.Dev;
        var encodedDevelopment = development is null ? null : Encode(development);
        var evaluation = evaluated is null ? encodedDevelopment! : Encode(evaluated);
        var name =
            reported is null ? heldOut!
            : part ? PartName.Sample(reported.Name, evaluated!.Count, reported.Examples.Count, split.Seed)
            : reported.Name;
        var parts = new RunRows(request, train, kept, carved, heldOut, own, reported, evaluated, name);
        var rows = parts.Make();
        notes.AddRange(parts.Notes(rows));
        return new RunData(
            Encode(kept),
            encodedDevelopment ?? evaluation,
            own?.Name ?? heldOut ?? name,
            evaluation,
            name,
            train.Labels.Names,
            train.Sha256,
            notes,
            new SplitIds(
                sampled ? [.. kept.Select(e => e.Id)] : null,
                carved is null ? null : carved.DevIds,
                part ? [.. evaluated!.Select(e => e.Id)]
                    : reported is null ? carved!.DevIds
                    : null
            ),
            evaluated is null ? [] : development ?? [],
            evaluated ?? development!
        )
        {
            Rows = rows,
            TrainTexts = kept,
        };

        EncodedSplit Encode(IReadOnlyList<Example> part) => EncodedSplit.From(part, tokenizer, recipe.MaxLength);
    }

    // A test file without labels (of a competition) cannot be reported on.
    private static bool HoldsLabelled(
        TrainRequest request,
        string split,
        DataOptions options,
        List<string> notes,
        CancellationToken stop
    )
    {
        if (!DataSet.Holds(request.Data, request.Recipe.Task, split))
            return false;
        if (DataSet.IsLabelled(request.Data, request.Recipe.Task, split, options, stop))
            return true;
        notes.Add($"{request.Data}: the {split} split has no labels and is left out");
        return false;
    }

    // Rows whose adversarial texts are in the training data count as seen.
    private static Split Unseen(Split split, IReadOnlyList<Example> trained, List<string> notes)
    {
        var origins = trained.Select(e => e.Origin).OfType<RowKey>().ToHashSet();
        if (origins.Count == 0)
            return split;
        var unseen = split.Examples.Where(e => !origins.Contains(e.Origin ?? e.Row!)).ToArray();
        if (unseen.Length == split.Examples.Count)
            return split;
        if (unseen.Length == 0)
            throw new DataException(
                $"{split.Source}: the training data contain adversarial texts of all its {split.Examples.Count} rows, "
                    + $"so none is unseen; augment the training split, not {split.Name}"
            );
        notes.Add(
            $"{split.Examples.Count - unseen.Length} of {split.Examples.Count} {split.Name} rows are left out: the "
                + "training data contain adversarial texts of them"
        );
        return split.Only(unseen);
    }

    private static Split? Published(
        TrainRequest request,
        DataOptions options,
        List<string> notes,
        CancellationToken stop
    )
    {
        foreach (var name in (string[])["test", "dev"])
        {
            if (!HoldsLabelled(request, name, options, notes, stop))
                continue;
            var split = DataSet.Load(request.Data, request.Recipe.Task, name, options, stop);
            notes.Add(split.Summary());
            return split;
        }
        return null;
    }
}

/// <summary>
/// Ids of the examples of each part that is not a whole file; null for a whole file, or (training)
/// for the file without the development part.
/// </summary>
/// <param name="Train">Ids of training examples.</param>
/// <param name="Development">Ids of held-out examples.</param>
/// <param name="Evaluation">Ids of reported examples.</param>
internal sealed record SplitIds(
    IReadOnlyList<string>? Train,
    IReadOnlyList<string>? Development,
    IReadOnlyList<string>? Evaluation
);
