using RobustTickets.Text;
using RobustTickets.Text.Data;
using RobustTickets.Text.Tokens;
using RobustTickets.Training;

namespace RobustTickets.Recipes;

/// <summary>The data of a run, tokenised once.</summary>
/// <param name="Train">Training examples.</param>
/// <param name="Evaluation">Examples whose accuracy is reported.</param>
/// <param name="EvaluationName">Which split they are: test, dev, or a part carved out of train.</param>
/// <param name="Labels">Class names in order.</param>
/// <param name="Hash">Identity of the data for resuming.</param>
/// <param name="Notes">What a person should know: splits used, label map, class-grouped files.</param>
public sealed record RunData(EncodedSplit Train, EncodedSplit Evaluation, string EvaluationName, IReadOnlyList<string> Labels, string Hash, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// Reads the training split and the split that is evaluated: the labelled test split if there is one, else the development split, else
    /// <see cref="Recipe.DevFraction"/> of the training set. No choice is ever made on it: the last epoch is what is reported.
    /// </summary>
    /// <exception cref="DataException">A file is missing or malformed, or labels do not fit.</exception>
    public static RunData Load(TrainRequest request, WordPieceTokenizer tokenizer)
    {
        var recipe = request.Recipe;
        var notes = new List<string>();
        var train = DataSet.Load(request.DataPath, recipe.Task, "train", request.Data);
        notes.Add(train.Summary());
        notes.AddRange(train.Notes);
        if (Splits.ClassGroupedWarning(train) is { } warning) notes.Add(warning);
        var options = (request.Data ?? new DataOptions()) with { Labels = train.Labels };
        var examples = train.Examples;
        foreach (var split in (string[])["test", "dev"])
        {
            if (!DataSet.Holds(request.DataPath, recipe.Task, split)) continue;
            var evaluation = DataSet.Load(request.DataPath, recipe.Task, split, options);
            notes.Add(evaluation.Summary());
            return Encode(evaluation.Examples, evaluation.Name);
        }
        if (recipe.DevFraction == 0) throw new RecipeException($"dev-fraction: is 0, but {request.DataPath} has no labelled test or dev split; give a share of the training examples to evaluate on");
        var carved = Splits.CarveDev(train.Examples, recipe.DevFraction, (ulong)recipe.Seed);
        examples = carved.Train;
        return Encode(carved.Dev, $"dev (carved: {carved.Dev.Count} of {train.Examples.Count} training examples, seed {recipe.Seed})");

        RunData Encode(IReadOnlyList<Example> evaluated, string name) => new(
            EncodedSplit.From(examples, tokenizer, recipe.MaxLength), EncodedSplit.From(evaluated, tokenizer, recipe.MaxLength), name, train.Labels.Names, train.Sha256, notes);
    }
}
