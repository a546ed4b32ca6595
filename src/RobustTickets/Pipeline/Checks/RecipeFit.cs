// Checks a recipe's numbers against the model and the data, before any compute; shared by dry runs,
// runs, experiments and the library. Checks of the recipe alone are in Recipes/Validation.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Pipeline.Data;
using RobustTickets.Recipes;
using RobustTickets.Recipes.Validation;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Pipeline.Checks;

/// <summary>A number of a recipe that is incompatible with its model or data.</summary>
/// <param name="Text">The problem, starting with the path of the field.</param>
/// <param name="Settings">Settings <c>path=value</c>, each of which would fix it.</param>
internal sealed record Misfit(string Text, params IReadOnlyList<string> Settings);

/// <summary>Checks a recipe against its model and data.</summary>
internal static class RecipeFit
{
    // Fresh classifiers trained for 272 to 544 steps lost three points of clean accuracy or more,
    // one trained for 1,130 none (docs/results/hardening.md).
    private const long LeastHardened = 1000;

    /// <summary>Throws when a recipe has misfits.</summary>
    /// <param name="origin">Name of the recipe in the error.</param>
    /// <param name="misfits">All misfits.</param>
    /// <exception cref="RecipeException">There is at least one.</exception>
    internal static void Require(string origin, IEnumerable<Misfit> misfits)
    {
        var found = misfits.ToList();
        if (found.Count > 0)
            throw new RecipeException(origin, [.. found.Select(m => m.Text)])
            {
                Settings = [.. found.SelectMany(m => m.Settings)],
            };
    }

    /// <summary>Misfits with the model.</summary>
    internal static IEnumerable<Misfit> Model(Recipe recipe, HuggingFaceConfig config)
    {
        if (recipe.MaxLength > config.MaxPositionEmbeddings)
        {
            var most = config.MaxPositionEmbeddings;
            yield return new Misfit(
                Text(
                    $"max-length: {recipe.MaxLength} is not possible: the model has {most} positions ",
                    $"(max_position_embeddings); must be at most {most}"
                ),
                Text($"max-length={most}")
            );
        }
        if (recipe.Draw is DrawOptions draw)
        {
            foreach (var misfit in Structured(draw, config))
                yield return misfit;
        }
        var masks = (recipe.Search as MaskSearchOptions)?.Masks;
        if (masks is not null && HardConcreteMasks.GroupProblem(BertFiles.ConfigOf(config, 2), masks) is { } problem)
        {
            yield return new Misfit($"search.masks.{problem}");
            yield break;
        }
        if (recipe is { Search: not SavedTicketSearchOptions, Draw: WeightDrawOptions { Sparsity: var sparsity } })
        {
            var shape = BertFiles.ConfigOf(config, 2);
            var all = BertShapes.OfMaskable(shape).Sum(m => m.Shape[0] * m.Shape[1]);
            // Weights that share a score are pruned together.
            var weights = masks is null ? all : HardConcreteMasks.ScoreCount(shape, masks);
            var units = weights == all ? "weights" : "groups of weights";
            var rounds = recipe.Search is MagnitudeSearchOptions magnitude ? magnitude.Rounds : 1;
            var pruned = WeightDraw.PrunedCount(weights, sparsity / rounds);
            if (pruned == 0 || WeightDraw.PrunedCount(weights, sparsity) == weights)
                yield return new Misfit(
                    Text($"draw.sparsity: {sparsity} prunes {(pruned == 0 ? "none" : "all")} of the model's {weights} ")
                        + (rounds > 1 ? Text($"{units} in a round of {rounds}") : units)
                );
        }
    }

    /// <summary>Misfits with the training examples.</summary>
    internal static IEnumerable<Misfit> Data(Recipe recipe, RunData data)
    {
        var (examples, batch) = (data.Train.Examples.Count, recipe.BatchSize);
        if (recipe.MaxLength < PairRoom.Least && data.TrainTexts.Any(e => e.Text.Second is not null))
            yield return new Misfit(
                Text($"max-length: {recipe.MaxLength} {PairRoom.Reason}"),
                Text($"max-length={PairRoom.Least}")
            );
        if (SearchLength.TooShort(recipe.Search, batch, examples) is { } search)
            yield return new Misfit(search.Problem, search.Settings);
        if (recipe.Search is MaskSearchOptions { AllowShort: false, FineTune: { } first })
        {
            if (Idle("search.fine-tune", first.Optimizer, first.Epochs, batch, examples) is { } idle)
                yield return idle;
        }
        if (Idle("retrain", recipe.Retrain.Optimizer, recipe.Retrain.Epochs, batch, examples) is { } untrained)
            yield return untrained;
        if (
            recipe.Evaluate.EpochAttack is { } attack
            && data.DevelopmentTexts.Count is var there and > 0
            && attack.Examples > there
        )
            yield return new Misfit(
                Text(
                    $"evaluate.epoch-attack.examples: {attack.Examples} is more than the {there} development examples ",
                    $"({data.DevelopmentName}); possible: at most {there}"
                ),
                Text($"evaluate.epoch-attack.examples={there}")
            );
    }

    /// <summary>Notes for the user on a recipe that can run.</summary>
    internal static IEnumerable<string> Notes(Recipe recipe, RunData data)
    {
        var examples = data.Train.Examples.Count;
        if (recipe.BatchSize > examples)
            yield return Text(
                $"batch-size {recipe.BatchSize} is more than the {examples} training examples: every step uses ",
                $"all of them"
            );
        foreach (var note in Texts(recipe, data))
            yield return note;
        var held = data.Ids.Development is null ? 0 : data.Development.Examples.Count;
        if (recipe.Split.TrainExamples is { } wanted && wanted > examples + held)
            yield return Text(
                $"split.train-examples {wanted} is more than the {examples + held} available: all are used"
            );
        if (recipe.Split.EvaluationExamples is { } most && most > data.Evaluation.Examples.Count)
            yield return Text(
                $"split.evaluation-examples {most} is more than the {data.Evaluation.Examples.Count} available: ",
                $"all are used"
            );
        if (
            recipe.Search is { MayBeShort: true }
            && SearchLength.Of(recipe.Search, recipe.BatchSize, examples) is { Suffices: false } length
        )
            yield return Text(
                $"search: {length.Learning} steps at a learning rate above 0 (at least {SearchLength.LeastSteps} are ",
                $"needed), "
            ) + "but a ticket is drawn anyway (search.allow-short)";
    }

    /// <summary>
    /// A warning when a fresh classifier is retrained for few steps with both an adversary and
    /// changed texts only: together they delay learning by hundreds of steps.
    /// </summary>
    internal static string? SlowStart(Recipe recipe, RunData data)
    {
        if (recipe.Retrain is not { Augment.KeepOriginal: false, Objective: not CleanOptions })
            return null;
        var examples = data.Train.Examples.Count;
        var steps = StepCounts.Of(recipe.BatchSize, recipe.Retrain.Epochs, examples);
        if (steps >= LeastHardened)
            return null;
        var epochs = Math.Ceiling((double)LeastHardened / StepCounts.PerEpoch(recipe.BatchSize, examples));
        return Text(
            $"retrain: {steps} steps from a fresh classifier, adversarial and on augmented texts only: fewer than ",
            $"{LeastHardened} may cost clean accuracy without improving robustness; use harden, which starts from a ",
            $"fine-tuned network and measures what helps, or train longer (retrain.epochs={epochs})"
        );
    }

    private static IEnumerable<string> Texts(Recipe recipe, RunData data)
    {
        (string Name, EncodedSplit Split)[] splits =
        [
            ("train", data.Train),
            ("evaluation", data.Evaluation),
            ("development", data.Development),
        ];
        foreach (var (name, split) in splits.DistinctBy(s => s.Split, ReferenceEqualityComparer.Instance))
        {
            if (split.Unknown.Note("the model", $"{name} texts") is { } unknown)
                yield return unknown;
            var one = split.Truncated == 1;
            if (split.Truncated > 0)
                yield return Text(
                    $"{split.Truncated:N0} of {split.Examples.Count:N0} {name} texts {(one ? "is" : "are")} longer ",
                    $"than {recipe.MaxLength} word pieces (max-length); the rest of {(one ? "it" : "them")} is not read"
                );
        }
    }

    private static Misfit? Idle(string stage, OptimizerOptions optimizer, double epochs, int batch, int examples)
    {
        var steps = StepCounts.Of(batch, epochs, examples);
        return StepCounts.AboveZero(optimizer, steps, StepCounts.Horizon(optimizer, batch, epochs, examples)) > 0
            ? null
            : new Misfit(
                Text(
                    $"{stage}.epochs: {epochs} of {examples} training examples in batches of {batch} is {steps} ",
                    $"step{(steps == 1 ? "" : "s")}, "
                ) + $"at a learning rate of 0 ({stage}.optimizer.warmup-fraction): nothing would be trained",
                $"{stage}.optimizer.warmup-fraction=0"
            );
    }

    private static IEnumerable<Misfit> Structured(DrawOptions draw, HuggingFaceConfig config)
    {
        long layers = config.NumHiddenLayers,
            heads = config.NumAttentionHeads,
            neurons = config.IntermediateSize;
        if (
            Ratio(
                "draw.head-ratio",
                draw.HeadRatio,
                "heads",
                layers,
                heads,
                1,
                draw.HeadScope == HeadScope.Layerwise
            ) is
            { } one
        )
            yield return one;
        if (draw.Ties != TieRule.Rank)
            yield break;
        if (draw.MinNeuronsPerLayer > neurons)
            yield return new Misfit(
                Text(
                    $"draw.min-neurons-per-layer: {draw.MinNeuronsPerLayer} is not possible: a layer of the model has ",
                    $"{neurons} neurons"
                )
            );
        else if (
            Ratio(
                "draw.neuron-ratio",
                draw.NeuronRatio,
                "neurons",
                layers,
                neurons,
                draw.MinNeuronsPerLayer,
                draw.NeuronScope == NeuronScope.Layerwise
            ) is
            { } other
        )
            yield return other;
    }

    private static Misfit? Ratio(
        string path,
        double ratio,
        string units,
        long layers,
        long perLayer,
        long guard,
        bool layerwise
    )
    {
        var (total, kept) = layerwise ? (perLayer, guard) : (layers * perLayer, layers * guard);
        var pruned = DrawRule.PrunedCount(checked((int)total), ratio);
        if (pruned <= total - kept)
            return null;
        // floor(r (n - 1)) + 1 <= n - kept.
        var largest = total - kept <= 0 ? 0 : Math.Floor(1000.0 * (total - kept) / Math.Max(1, total - 1)) / 1000;
        var where = layerwise ? $"of each layer's {perLayer}" : $"of the model's {total}";
        return new Misfit(
            $"{path}: {RecipeProblems.Show(ratio)} would prune {pruned} {where} {units}, but each of the "
                + $"{layers} layers keeps at least {guard}; possible: "
                + $"{(largest > 0 ? $"below {RecipeProblems.Show(largest)}" : "0")}"
        );
    }
}
