// Opens and checks a run's inputs before any compute, for dry runs and runs.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Augmentation;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline.Data;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Pipeline.Checks;

/// <summary>Model, tokenizer and data of a request, compatible with its recipe.</summary>
/// <param name="Files">The model folder.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Data">The tokenised data.</param>
/// <param name="Ticket">Identity of the ticket that the recipe names, or null.</param>
/// <param name="Substitutes">Tables of substitute words, or null.</param>
/// <param name="Teacher">The teacher of distillation, or null.</param>
internal sealed record RunInputs(
    HuggingFaceFolder Files,
    WordPieceTokenizer Tokenizer,
    RunData Data,
    string? Ticket,
    SubstituteSources? Substitutes,
    TeacherFolder? Teacher
) : IDisposable
{
    /// <summary>
    /// Opens the inputs of a request and checks the recipe against them. Nothing is written.
    /// </summary>
    /// <param name="request">Recipe, model and data.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="RecipeException">The recipe cannot run on this model and data: all problems
    /// with the model, otherwise all with the data.</exception>
    /// <exception cref="CheckpointException">Model or named ticket is missing, corrupt or
    /// incompatible.</exception>
    /// <exception cref="RobustTickets.Attacks.DataException">Data are missing or
    /// malformed.</exception>
    public static RunInputs Open(TrainRequest request, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = request.Located();
        var recipe = request.Recipe;
        RecipeCheck.Require(recipe, Origin);
        var tokenizer = WordPieceTokenizer.Load(ModelStore.OfUser().Resolve(request.Model));
        var files = BertFiles.OpenBase(request.Model);
        try
        {
            var ticket = RequireModel(recipe, files, request.Output);
            var substitutes = AugmentTables.Load(recipe, request.Resources, request.Model);
            var data = RunData.Load(request, tokenizer, stop);
            RecipeFit.Require(Origin, RecipeFit.Data(recipe, data));
            if (recipe.Evaluate.EpochAttack is { } attack)
                _ = EpochAttacks.Sample(attack, data);
            TokenTypes.Require(files.Config, data, files.Path);
            MachineNeeds.Of(recipe, files.Config, data).Require(request.Model, request.Output, request.Execution);
            var teacher = TeacherFolder.Of(recipe, request.Output, tokenizer, data);
            return new RunInputs(files, tokenizer, data, ticket, substitutes, teacher);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Memory and disk space the run needs.</summary>
    public MachineNeeds Needs(Recipe recipe) => MachineNeeds.Of(recipe, Files.Config, Data);

    /// <summary>Notes for the user on data, recipe and base model.</summary>
    public IEnumerable<string> Notes(Recipe recipe)
    {
        foreach (var note in Data.Notes.Concat(RecipeFit.Notes(recipe, Data)))
            yield return note;
        var (classes, wanted) = (Classes, Data.Labels.Count);
        if (classes is { } others && others != wanted)
            yield return $"the model's classifier has {others} classes, the task {wanted}: "
                + "training starts from a fresh classifier";
        if (Order.Note is { } order)
            yield return order;
        if (Teacher?.Classes.Note is { } taught)
            yield return $"retrain.distill.teacher: {taught}";
        if (classes != wanted && RecipeFit.SlowStart(recipe, Data) is { } slow)
            yield return slow;
        if (Needs(recipe).Doubt(TrainingMemory.Free) is { } doubt)
            yield return doubt;
    }

    /// <summary>The classes of the model's classifier in the data's order.</summary>
    public ClassOrder Order => ClassOrder.Of(Files, Data.Labels);

    // Number of classes of the classifier in the model folder, or null.
    private long? Classes =>
        BertParameters.Weight(BertParameters.Classifier) is var name && Files.Weights.Contains(name)
            ? Files.Weights.Info(name).Shape[0]
            : null;

    /// <inheritdoc/>
    public void Dispose() => Files.Dispose();

    private const string Origin = "recipe";

    private static string? RequireModel(Recipe recipe, HuggingFaceFolder files, string output)
    {
        if (recipe.Search is not null && files.Config.Ticket is not null)
        {
            throw new CheckpointException(
                $"{files.Path}: is already a ticket; a search needs a dense checkpoint (a recipe "
                    + "without search continues training a ticket)"
            );
        }
        RecipeFit.Require(Origin, RecipeFit.Model(recipe, files.Config));
        return TicketReference.Require(recipe, files.Config, output);
    }
}
